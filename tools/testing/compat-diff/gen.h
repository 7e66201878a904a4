/* SPDX-License-Identifier: GPL-2.0-only */
/* Sequences by the number: the same number, the same calls. */
#ifndef COMPAT_DIFF_GEN_H
#define COMPAT_DIFF_GEN_H

#include <linux/types.h>

#include "call.h"

/* Calls of a sequence. */
#define GEN_CALLS 30

unsigned int gen_sequence(__u64 seed, __u64 nr, struct call *calls);

#endif
