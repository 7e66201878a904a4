/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A bitmap in user memory, of any size, to which bits are added through a window
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
	/** @data: user's bitmap, of little-endian words, at any address */
	u8 __user *data;
	/** @range: IOVA that it is about; bit 0 is for the first page */
	struct iova_range range;
	/** @shift: log2 of the bytes that a bit stands for */
	unsigned int shift;
	/** @window: a page, the bits to be added from @first on */
	unsigned long *window;
	/** @first: bit, a multiple of 8 */
	unsigned long first;
	/** @nr: bits in the window, 0 while it is nowhere */
	unsigned long nr;
	/** @changed: there are bits in the window to be added */
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
