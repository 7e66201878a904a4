/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The structure written to /dev/claimer. Each open file claims one range until
 * it is closed. A write fails with EBUSY if part of the range is claimed
 * already, or if the file has claimed a range.
 */
#ifndef CLAIMER_ABI_H
#define CLAIMER_ABI_H

#include <linux/types.h>

/**
 * struct claimer_range - range of physical addresses
 */
struct claimer_range {
	/** @start: first address */
	__u64 start;
	/** @size: bytes */
	__u64 size;
};

#endif /* CLAIMER_ABI_H */
