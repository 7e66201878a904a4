// SPDX-License-Identifier: GPL-2.0-only
#include <linux/bitmap.h>
#include <linux/gfp.h>
#include <linux/log2.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/pagemap.h>
#include <linux/uaccess.h>

#include "user_bitmap.h"

#define WINDOW_BITS (PAGE_SIZE * BITS_PER_BYTE)

/**
 * user_bitmap_init() - begin with a bitmap
 * @bitmap: to be initialized
 * @data: user's bitmap; bits are added to what is set there
 * @range: IOVA that it is about, both ends aligned to @page_size
 * @page_size: bytes that a bit stands for, a power of two
 *
 * Context: May sleep.
 * Return: 0 or -ENOMEM.
 */
int user_bitmap_init(struct user_bitmap *bitmap, u8 __user *data,
		     const struct iova_range *range, unsigned long page_size)
{
	*bitmap = (struct user_bitmap){
		.data = data,
		.range = *range,
		.shift = ilog2(page_size),
		.window = (unsigned long *)get_zeroed_page(GFP_KERNEL_ACCOUNT),
	};
	return bitmap->window ? 0 : -ENOMEM;
}

/**
 * user_bitmap_init_kernel() - begin with a bitmap that is not a user's
 * @bitmap: to be initialized; needs neither be flushed nor destroyed
 * @bits: memory for one bit for each page; bits are added to what is set there
 * @range: IOVA that it is about, both ends aligned to @page_size
 * @page_size: bytes that a bit stands for, a power of two
 *
 * All of it is in the window, so that moving and setting bits cannot fail.
 */
void user_bitmap_init_kernel(struct user_bitmap *bitmap, unsigned long *bits,
			     const struct iova_range *range,
			     unsigned long page_size)
{
	*bitmap = (struct user_bitmap){
		.range = *range,
		.shift = ilog2(page_size),
		.window = bits,
		.nr = iova_range_length(range) >> ilog2(page_size),
	};
}

/**
 * user_bitmap_destroy() - be done with a bitmap
 * @bitmap: the bitmap; what was not flushed is lost
 *
 * Context: May sleep.
 */
void user_bitmap_destroy(struct user_bitmap *bitmap)
{
	free_page((unsigned long)bitmap->window);
}

static u8 __user *window_data(const struct user_bitmap *bitmap)
{
	return bitmap->data + bitmap->first / BITS_PER_BYTE;
}

static size_t window_size(const struct user_bitmap *bitmap)
{
	return DIV_ROUND_UP(bitmap->nr, BITS_PER_BYTE);
}

/*
 * Others may set bits of the bitmap as well, and even of this word: it is held
 * for no longer than it takes to add to it.
 */
static int add_bits(u8 __user *to, unsigned long bits, size_t size)
{
	unsigned long word = 0;

	if (copy_from_user(&word, to, size))
		return -EFAULT;
	if (!(bits & ~word))
		return 0;
	word |= bits;
	return copy_to_user(to, &word, size) ? -EFAULT : 0;
}

/**
 * user_bitmap_flush() - write back what was set
 * @bitmap: the bitmap
 *
 * Words in which nothing was set are not written.
 *
 * Context: May sleep.
 * Return: 0 or -EFAULT.
 */
int user_bitmap_flush(struct user_bitmap *bitmap)
{
	size_t size = window_size(bitmap), done, length;
	unsigned long *word = bitmap->window;
	int ret;

	if (!bitmap->changed)
		return 0;
	bitmap->changed = false;
	for (done = 0; done < size; done += length, word++) {
		length = min(size - done, sizeof(*word));
		if (!*word)
			continue;
		ret = add_bits(window_data(bitmap) + done, *word, length);
		if (ret)
			return ret;
		*word = 0;
	}
	return 0;
}

/*
 * Memory that cannot be written is to be noticed before the bits that belong
 * there exist only here.
 */
static int open_window(struct user_bitmap *bitmap, unsigned long first)
{
	unsigned long last = (bitmap->range.last - bitmap->range.first) >>
			     bitmap->shift;

	bitmap->first = first;
	bitmap->nr = min(last - first, WINDOW_BITS - 1) + 1;
	if (fault_in_safe_writeable((char __user *)window_data(bitmap),
				    window_size(bitmap))) {
		bitmap->nr = 0;
		return -EFAULT;
	}
	return 0;
}

static unsigned long bit_of(const struct user_bitmap *bitmap,
			    unsigned long iova)
{
	return (iova - bitmap->range.first) >> bitmap->shift;
}

/**
 * user_bitmap_move() - have a window at an IOVA
 * @bitmap: the bitmap
 * @iova: in its range; in order is faster
 * @last: set to the last IOVA of the window
 *
 * When it succeeds, setting bits in the window does not touch user memory.
 *
 * Context: May sleep.
 * Return: 0 or -EFAULT.
 */
int user_bitmap_move(struct user_bitmap *bitmap, unsigned long iova,
		     unsigned long *last)
{
	unsigned long bit = bit_of(bitmap, iova);
	int ret;

	if (!bitmap->nr || bit - bitmap->first >= bitmap->nr) {
		ret = user_bitmap_flush(bitmap);
		if (!ret)
			ret = open_window(bitmap, rounddown(bit, WINDOW_BITS));
		if (ret)
			return ret;
	}
	*last = bitmap->range.first +
		((bitmap->first + bitmap->nr - 1) << bitmap->shift) +
		((1UL << bitmap->shift) - 1);
	return 0;
}

/**
 * user_bitmap_set() - set the bits of a range
 * @bitmap: the bitmap, its window at the beginning of @range
 * @range: in its range
 *
 * Context: May sleep.
 * Return: 0 or -EFAULT.
 */
int user_bitmap_set(struct user_bitmap *bitmap, struct iova_range range)
{
	unsigned long last, bit;
	int ret;

	for (;;) {
		ret = user_bitmap_move(bitmap, range.first, &last);
		if (ret)
			return ret;
		last = min(last, range.last);
		bit = bit_of(bitmap, range.first);
		bitmap_set(bitmap->window, bit - bitmap->first,
			   bit_of(bitmap, last) - bit + 1);
		bitmap->changed = true;
		if (last == range.last)
			return 0;
		range.first = last + 1;
	}
}
