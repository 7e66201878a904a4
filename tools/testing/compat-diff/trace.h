/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Results of a sequence, as text. The text is in memory that child processes
 * share, so that each can add the results of its calls.
 */
#ifndef COMPAT_DIFF_TRACE_H
#define COMPAT_DIFF_TRACE_H

#include <linux/types.h>
#include <stddef.h>

#define TRACE_SIZE (512U * 1024)

/** struct trace - results of one sequence */
struct trace {
	/** @len: bytes used in @text */
	size_t len;
	/** @nr_calls: number of calls with a result */
	__u32 nr_calls;
	/** @nr_good: number of calls without an error */
	__u32 nr_good;
	/** @text: lines, without a terminator */
	char text[TRACE_SIZE];
};

/* Trace that this thread adds to */
extern __thread struct trace *trace;

struct trace *trace_new(void);
int trace_file(void);
struct trace *trace_open(int fd);
void trace_clear(void);
__attribute__((format(printf, 1, 2))) void trace_add(const char *fmt, ...);
void trace_bytes(const void *bytes, size_t size);
void trace_ret(long rc);
__u64 trace_hash(void);

#endif
