/* SPDX-License-Identifier: GPL-2.0-only */
/* What a program did: results and coverage, in memory shared with its parent. */
#ifndef FUZZ_KERNEL_TRACE_H
#define FUZZ_KERNEL_TRACE_H

#include "program.h"

#define NR_COUNTERS (1 << 16)

/** struct call_trace - results of a call */
struct call_trace {
	/** @times: how often it was made */
	unsigned int times;
	/** @good: how often without an error */
	unsigned int good;
	/** @result: the last result, or -errno */
	long result;
};

/** struct trace - results of a program */
struct trace {
	/** @call: results of its calls */
	struct call_trace call[MAX_CALLS];
	/** @counters: what was covered how often, by the hash of it */
	unsigned char counters[NR_COUNTERS];
};

extern struct trace *trace;

void trace_create(void);
void trace_clear(void);
void trace_result(const struct call *call, unsigned int nr, long result);
void trace_count(__u64 what);
void trace_print(const struct program *program, FILE *file);

#endif
