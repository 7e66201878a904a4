/* SPDX-License-Identifier: GPL-2.0-only */
/* A sequence in the making: what has been decided at random, and the calls. */
#ifndef COMPAT_DIFF_DRAFT_H
#define COMPAT_DIFF_DRAFT_H

#include <stdbool.h>

#include "call.h"
#include "rng.h"

/** struct draft - the calls so far */
struct draft {
	/** @rng: what decides */
	struct rng rng;
	/** @calls: so far */
	struct call *calls;
	/** @nr: how many */
	unsigned int nr;
	/** @end: how many there may be; what is added beyond is left out */
	unsigned int end;
};

#define N(value) ((__u64)(value))

struct call *draft_add(struct draft *draft, const char *name, unsigned int nr,
		       ...);
unsigned int draft_below(struct draft *draft, unsigned int n);
bool draft_often(struct draft *draft, unsigned int percent);
__u64 draft_pointer(struct draft *draft);
__u64 draft_argsz(struct draft *draft, __u64 right);

#endif
