/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a sequence has shown, as text. It is memory that children share, so that
 * whoever makes a call can say what came of it.
 */
#ifndef COMPAT_DIFF_TRACE_H
#define COMPAT_DIFF_TRACE_H

#include <linux/types.h>
#include <stddef.h>

#define TRACE_SIZE (512U * 1024)

/** struct trace - the text of one sequence */
struct trace {
	/** @len: bytes in @text */
	size_t len;
	/** @nr_calls: calls that were made */
	__u32 nr_calls;
	/** @nr_good: those that gave no error */
	__u32 nr_good;
	/** @text: lines, without a terminator */
	char text[TRACE_SIZE];
};

/* Where this thread writes to */
extern __thread struct trace *trace;

struct trace *trace_new(void);
int trace_file(void);
struct trace *trace_open(int fd);
void trace_clear(void);
__attribute__((format(printf, 1, 2))) void trace_add(const char *fmt, ...);
void trace_bytes(const void *bytes, size_t size);
void trace_rc(long rc);
__u64 trace_hash(void);

#endif
