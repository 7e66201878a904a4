// SPDX-License-Identifier: GPL-2.0-only
#include <linux/err.h>
#include <linux/export.h>
#include <linux/log2.h>
#include <linux/slab.h>

#include "iova_bitmap.h"
#include "lib/range.h"
#include "user_bitmap.h"

/**
 * struct iova_bitmap - a user's bitmap, as drivers of devices see it
 */
struct iova_bitmap {
	/** @bits: the bitmap */
	struct user_bitmap bits;
	/** @ret: first error: a driver is not told of it when it sets a bit */
	int ret;
};

/**
 * iova_bitmap_alloc() - begin with a user's bitmap
 * @iova: first IOVA, bit 0 is for it
 * @length: bytes
 * @page_size: bytes that a bit stands for
 * @data: the bitmap, of little-endian words, to which bits will be added
 *
 * Context: May sleep.
 * Return: The bitmap; ERR_PTR: -EINVAL where @page_size is no power of two, or
 * @iova or @length no multiple of it or nothing, -EOVERFLOW where the range
 * does not fit into the address space, -ENOMEM.
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
 * iova_bitmap_free() - be done with a bitmap
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
 * iova_bitmap_for_each() - let a driver set the bits
 * @bitmap: the bitmap
 * @opaque: handed to @fn
 * @fn: is called once, with the whole of the range
 *
 * Context: May sleep; by the process whose bitmap it is.
 * Return: 0; what @fn returns; -EFAULT where the bitmap cannot be read or
 * written, which is found out for certain where a bit was to be set.
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
 * @iova: first IOVA; in order is faster
 * @length: bytes; what is outside of the bitmap's range is left out
 *
 * Context: May sleep; inside of iova_bitmap_for_each().
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
