/* SPDX-License-Identifier: GPL-2.0-only */
/* A sequence that is being generated. */
#ifndef COMPAT_DIFF_DRAFT_H
#define COMPAT_DIFF_DRAFT_H

#include <stdbool.h>

#include "call.h"
#include "rng.h"

/** struct draft - a sequence that is being generated */
struct draft {
	/** @rng: source of the random choices */
	struct rng rng;
	/** @calls: the calls that were added */
	struct call *calls;
	/** @nr: number of @calls */
	unsigned int nr;
	/** @end: limit of @nr; calls that are added beyond it are dropped */
	unsigned int end;
};

/* Converts a variable argument of draft_add() */
#define N(value) ((__u64)(value))

struct call *draft_add(struct draft *draft, const char *name, unsigned int nr,
		       ...);
unsigned int draft_below(struct draft *draft, unsigned int n);
bool draft_often(struct draft *draft, unsigned int percent);
__u64 draft_pointer(struct draft *draft);
__u64 draft_argsz(struct draft *draft, __u64 right);

#endif
