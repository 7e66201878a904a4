// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bitmaps of dirty pages in user memory, to which bits are added through a
 * window in kernel memory.
 */
#include <linux/bitmap.h>
#include <linux/gfp.h>
#include <linux/log2.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/pagemap.h>
#include <linux/uaccess.h>

#include "user_bitmap.h"

#define USER_BITMAP_WINDOW (PAGE_SIZE * BITS_PER_BYTE)

/**
 * user_bitmap_init() - initialize a bitmap in user memory
 * @bitmap: bitmap to initialize
 * @data: the user's bitmap; bits are added to those set there
 * @range: IOVA that the bitmap covers, both ends aligned to @page_size
 * @page_size: bytes that a bit covers, a power of two
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
 * user_bitmap_init_kernel() - initialize a bitmap in kernel memory
 * @bitmap: bitmap to initialize; needs no flush and no user_bitmap_destroy()
 * @bits: memory with one bit for each page; bits are added to those set there
 * @range: IOVA that the bitmap covers, both ends aligned to @page_size
 * @page_size: bytes that a bit covers, a power of two
 *
 * The window covers the whole bitmap, so that moving it and setting bits cannot
 * fail.
 *
 * Context: Any.
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
 * user_bitmap_destroy() - free the window of a bitmap
 * @bitmap: the bitmap; bits that were not flushed are lost
 *
 * Context: May sleep.
 */
void user_bitmap_destroy(struct user_bitmap *bitmap)
{
	free_page((unsigned long)bitmap->window);
}

static u8 __user *user_bitmap_window_data(const struct user_bitmap *bitmap)
{
	return bitmap->data + bitmap->first / BITS_PER_BYTE;
}

static size_t user_bitmap_window_size(const struct user_bitmap *bitmap)
{
	return DIV_ROUND_UP(bitmap->nr, BITS_PER_BYTE);
}

/*
 * Other threads may set bits of the same word, so the time between reading and
 * writing it is kept short.
 */
static int user_bitmap_add_bits(u8 __user *to, unsigned long bits, size_t size)
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
 * user_bitmap_flush() - add the bits of the window to the user's bitmap
 * @bitmap: the bitmap
 *
 * Does not write words in which no bit is new.
 *
 * Context: May sleep.
 * Return: 0 or -EFAULT.
 */
int user_bitmap_flush(struct user_bitmap *bitmap)
{
	size_t size = user_bitmap_window_size(bitmap), done, length;
	unsigned long *word = bitmap->window;
	int ret;

	if (!bitmap->changed)
		return 0;
	bitmap->changed = false;
	for (done = 0; done < size; done += length, word++) {
		length = min(size - done, sizeof(*word));
		if (!*word)
			continue;
		ret = user_bitmap_add_bits(
			user_bitmap_window_data(bitmap) + done, *word, length);
		if (ret)
			return ret;
		*word = 0;
	}
	return 0;
}

/*
 * Faults the memory in, so that memory that cannot be written is detected
 * before the only copy of its bits is in the window.
 */
static int user_bitmap_open_window(struct user_bitmap *bitmap,
				   unsigned long first)
{
	unsigned long last = (bitmap->range.last - bitmap->range.first) >>
			     bitmap->shift;

	bitmap->first = first;
	bitmap->nr = min(last - first, USER_BITMAP_WINDOW - 1) + 1;
	if (fault_in_safe_writeable(
		    (char __user *)user_bitmap_window_data(bitmap),
		    user_bitmap_window_size(bitmap))) {
		bitmap->nr = 0;
		return -EFAULT;
	}
	return 0;
}

static unsigned long user_bitmap_bit(const struct user_bitmap *bitmap,
				     unsigned long iova)
{
	return (iova - bitmap->range.first) >> bitmap->shift;
}

/**
 * user_bitmap_move() - move the window to an IOVA
 * @bitmap: the bitmap
 * @iova: address in its range; ascending order is faster
 * @last: set to the last IOVA of the window
 *
 * On success, setting bits in the window does not access user memory.
 *
 * Context: May sleep.
 * Return: 0 or -EFAULT.
 */
int user_bitmap_move(struct user_bitmap *bitmap, unsigned long iova,
		     unsigned long *last)
{
	unsigned long bit = user_bitmap_bit(bitmap, iova);
	int ret;

	if (!bitmap->nr || bit - bitmap->first >= bitmap->nr) {
		ret = user_bitmap_flush(bitmap);
		if (!ret)
			ret = user_bitmap_open_window(
				bitmap, rounddown(bit, USER_BITMAP_WINDOW));
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
 * @bitmap: the bitmap
 * @range: part of the bitmap's range
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
		bit = user_bitmap_bit(bitmap, range.first);
		bitmap_set(bitmap->window, bit - bitmap->first,
			   user_bitmap_bit(bitmap, last) - bit + 1);
		bitmap->changed = true;
		if (last == range.last)
			return 0;
		range.first = last + 1;
	}
}
