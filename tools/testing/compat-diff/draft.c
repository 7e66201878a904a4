// SPDX-License-Identifier: GPL-2.0-only
/* A sequence that is being generated: random choices, and adding calls. */
#include "draft.h"

#include <stdarg.h>
#include <string.h>

#include "harness.h"
#include "memory.h"
#include "ops.h"

unsigned int draft_below(struct draft *draft, unsigned int n)
{
	return rng_below(&draft->rng, n);
}

bool draft_often(struct draft *draft, unsigned int percent)
{
	return rng_often(&draft->rng, percent);
}

/*
 * Add a call by its name, with its first @nr arguments. Returns NULL if the
 * draft is full.
 */
struct call *draft_add(struct draft *draft, const char *name, unsigned int nr,
		       ...)
{
	struct call *call;
	va_list args;

	if (draft->nr == draft->end)
		return NULL;
	call = &draft->calls[draft->nr++];
	call->op = op_find(name, strlen(name));
	memcpy(call->arg, call->op->defaults, sizeof(call->arg));
	va_start(args, nr);
	for (unsigned int i = 0; i < nr; i++)
		call->arg[i] = va_arg(args, __u64);
	va_end(args);
	return call;
}

/* The placement of an argument, which is valid most of the time. */
__u64 draft_pointer(struct draft *draft)
{
	return draft_often(draft, 96) ? PTR_OK : draft_below(draft, NR_PTRS);
}

/* The size of a struct, or sometimes a wrong one. */
__u64 draft_argsz(struct draft *draft, __u64 right)
{
	const __u64 wrong[] = { 0,	   1,	      right - 1, right + 1,
				right / 2, right * 2, 4096,	 0xffffffff };

	return draft_often(draft, 94) ?
		       right :
		       wrong[draft_below(draft, ARRAY_SIZE(wrong))];
}
