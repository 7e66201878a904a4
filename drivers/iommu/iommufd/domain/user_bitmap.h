/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A bitmap of any size in user memory, to which bits are added through a window
 * of one page.
 */
#ifndef IOMMUFD_USER_BITMAP_H
#define IOMMUFD_USER_BITMAP_H

#include <linux/types.h>

#include "lib/range.h"

/**
 * struct user_bitmap - a bitmap of pages of IOVA
 */
struct user_bitmap {
	/**
	 * @data: the user's bitmap of little-endian words, need not be aligned
	 */
	u8 __user *data;
	/** @range: IOVA that the bitmap covers; bit 0 is the first page */
	struct iova_range range;
	/** @shift: log2 of the bytes that a bit covers */
	unsigned int shift;
	/** @window: a page, the bits to add from bit @first on */
	unsigned long *window;
	/** @first: first bit of the window, a multiple of 8 */
	unsigned long first;
	/** @nr: number of bits in the window, 0 if it has no position yet */
	unsigned long nr;
	/** @changed: bits were set in the window since the last flush */
	bool changed;
};

int user_bitmap_init(struct user_bitmap *bitmap, u8 __user *data,
		     const struct iova_range *range, unsigned long page_size);
void user_bitmap_init_kernel(struct user_bitmap *bitmap, unsigned long *bits,
			     const struct iova_range *range,
			     unsigned long page_size);
void user_bitmap_destroy(struct user_bitmap *bitmap);

int user_bitmap_move(struct user_bitmap *bitmap, unsigned long iova,
		     unsigned long *last);
int user_bitmap_set(struct user_bitmap *bitmap, struct iova_range range);
int user_bitmap_flush(struct user_bitmap *bitmap);

#endif /* IOMMUFD_USER_BITMAP_H */
