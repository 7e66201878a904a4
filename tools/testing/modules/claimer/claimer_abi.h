/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is written to /dev/claimer. Each open file claims one range, until it is
 * closed: a write gives EBUSY where somebody has some of it, or the file has one.
 */
#ifndef CLAIMER_ABI_H
#define CLAIMER_ABI_H

#include <linux/types.h>

/**
 * struct claimer_range - physical addresses
 */
struct claimer_range {
	/** @start: the first */
	__u64 start;
	/** @size: how many */
	__u64 size;
};

#endif /* CLAIMER_ABI_H */
