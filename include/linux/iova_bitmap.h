/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The bitmap by which a driver reports to a user what a device wrote to.
 *
 * Names and signatures are those of the kernel's own header, whose functions
 * are stubs if the kernel was built without CONFIG_IOMMUFD. The functions here
 * are exported in the namespace IOMMUFD_NG.
 */
#ifndef _IOVA_BITMAP_H_
#define _IOVA_BITMAP_H_

#include <linux/types.h>

struct iova_bitmap;

/*
 * Called by iova_bitmap_for_each() with a part of the bitmap's range. Sets bits
 * by iova_bitmap_set() and returns 0 or a negative errno.
 */
typedef int (*iova_bitmap_fn_t)(struct iova_bitmap *bitmap, unsigned long iova,
				size_t length, void *opaque);

struct iova_bitmap *iova_bitmap_alloc(unsigned long iova, size_t length,
				      unsigned long page_size,
				      u64 __user *data);
void iova_bitmap_free(struct iova_bitmap *bitmap);
int iova_bitmap_for_each(struct iova_bitmap *bitmap, void *opaque,
			 iova_bitmap_fn_t fn);
void iova_bitmap_set(struct iova_bitmap *bitmap, unsigned long iova,
		     size_t length);

#endif /* _IOVA_BITMAP_H_ */
