// SPDX-License-Identifier: GPL-2.0-only
/* The interface of linux/iova_bitmap.h, by which drivers report dirty pages. */
#include <linux/err.h>
#include <linux/export.h>
#include <linux/iova_bitmap.h>
#include <linux/log2.h>
#include <linux/slab.h>

#include "lib/range.h"
#include "user_bitmap.h"

/**
 * struct iova_bitmap - a user's bitmap, as device drivers see it
 */
struct iova_bitmap {
	/** @bits: the bitmap */
	struct user_bitmap bits;
	/** @ret: first error of iova_bitmap_set(), which cannot return it */
	int ret;
};

/**
 * iova_bitmap_alloc() - allocate the state to report into a user's bitmap
 * @iova: first IOVA, the address of bit 0
 * @length: bytes of the range
 * @page_size: bytes that a bit covers
 * @data: the user's bitmap of little-endian words; bits are added to it
 *
 * Context: May sleep.
 * Return: the bitmap, or ERR_PTR: -EINVAL if @page_size is not a power of two,
 * @iova or @length are not multiples of it, or @length is 0; -EOVERFLOW if the
 * range does not fit into the address space; -ENOMEM.
 */
struct iova_bitmap *iova_bitmap_alloc(unsigned long iova, size_t length,
				      unsigned long page_size, u64 __user *data)
{
	struct iova_bitmap *bitmap;
	struct iova_range range;
	int ret;

	ret = iova_range_from_user(iova, length, &range);
	if (ret)
		return ERR_PTR(ret);
	if (!is_power_of_2(page_size) || !iova_range_aligned(&range, page_size))
		return ERR_PTR(-EINVAL);

	bitmap = kzalloc_obj(*bitmap, GFP_KERNEL_ACCOUNT);
	if (!bitmap)
		return ERR_PTR(-ENOMEM);
	ret = user_bitmap_init(&bitmap->bits, (u8 __user *)data, &range,
			       page_size);
	if (ret) {
		kfree(bitmap);
		return ERR_PTR(ret);
	}
	return bitmap;
}
EXPORT_SYMBOL_NS_GPL(iova_bitmap_alloc, "IOMMUFD_NG");

/**
 * iova_bitmap_free() - free the state of a bitmap
 * @bitmap: the bitmap
 *
 * Context: May sleep.
 */
void iova_bitmap_free(struct iova_bitmap *bitmap)
{
	user_bitmap_destroy(&bitmap->bits);
	kfree(bitmap);
}
EXPORT_SYMBOL_NS_GPL(iova_bitmap_free, "IOMMUFD_NG");

/**
 * iova_bitmap_for_each() - call a driver to set the bits
 * @bitmap: the bitmap
 * @opaque: argument for @fn
 * @fn: called once, with the whole range
 *
 * Context: May sleep. Called by the process that owns the bitmap.
 * Return: 0, an errno returned by @fn, or -EFAULT if the bitmap cannot be read
 * or written. A bitmap in which no bit is set may not be accessed at all.
 */
int iova_bitmap_for_each(struct iova_bitmap *bitmap, void *opaque,
			 iova_bitmap_fn_t fn)
{
	const struct iova_range *range = &bitmap->bits.range;
	int ret;

	ret = fn(bitmap, range->first, iova_range_length(range), opaque);
	if (!ret)
		ret = bitmap->ret;
	if (!ret)
		ret = user_bitmap_flush(&bitmap->bits);
	return ret;
}
EXPORT_SYMBOL_NS_GPL(iova_bitmap_for_each, "IOMMUFD_NG");

/**
 * iova_bitmap_set() - set the bits of a range
 * @bitmap: the bitmap
 * @iova: first IOVA; ascending order is faster
 * @length: bytes; the part outside of the bitmap's range is ignored
 *
 * Errors are returned by iova_bitmap_for_each().
 *
 * Context: May sleep. Called from the function that iova_bitmap_for_each()
 * calls.
 */
void iova_bitmap_set(struct iova_bitmap *bitmap, unsigned long iova,
		     size_t length)
{
	struct iova_range range;

	if (bitmap->ret || iova_range_from_user(iova, length, &range) ||
	    !iova_range_intersect(&range, &bitmap->bits.range, &range))
		return;
	bitmap->ret = user_bitmap_set(&bitmap->bits, range);
}
EXPORT_SYMBOL_NS_GPL(iova_bitmap_set, "IOMMUFD_NG");
