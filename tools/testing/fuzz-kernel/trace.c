// SPDX-License-Identifier: GPL-2.0-only
/* Results and coverage of a program. */
#include "trace.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "harness.h"

struct trace *trace;

void trace_create(void)
{
	trace = mmap(NULL, sizeof(*trace), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT(trace != MAP_FAILED);
}

void trace_clear(void)
{
	memset(trace, 0, sizeof(*trace));
}

/**
 * trace_count() - count that something was covered
 * @what: any number
 */
void trace_count(__u64 what)
{
	unsigned char *counter;

	what *= 0x9e3779b97f4a7c15ULL;
	counter = &trace->counters[what >> 48];
	if (*counter < 255)
		++*counter;
}

/**
 * trace_result() - record the result of a call
 * @call: the call
 * @nr: its number
 * @result: its result, or -errno
 *
 * That an operation has had a result counts as coverage, which is all there is
 * without KCOV.
 */
void trace_result(const struct call *call, unsigned int nr, long result)
{
	long kind = result < 0 ? -result : 0;

	trace->call[nr].times++;
	trace->call[nr].good += result >= 0;
	trace->call[nr].result = result;
	if (trace->call[nr].times == 1)
		trace_count(1ULL << 40 | (__u64)op_index(call->op) << 16 |
			    (__u64)kind << 4 | !!call->twist);
}

void trace_print(const struct program *program, FILE *file)
{
	for (unsigned int i = 0; i < program->nr; i++) {
		const struct call_trace *call = &trace->call[i];
		const char *name = call->result < 0 ?
					   strerrorname_np((int)-call->result) :
					   NULL;

		fprintf(file, "#   %u: %s: %u times, %u good, last %#lx %s\n",
			i, program->call[i].op->name, call->times, call->good,
			call->result, name ? name : "");
	}
}
