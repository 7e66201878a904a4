/* SPDX-License-Identifier: GPL-2.0-only */
/* The calls that drivers of devices use are in linux/iova_bitmap.h. */
#ifndef IOMMUFD_IOVA_BITMAP_H
#define IOMMUFD_IOVA_BITMAP_H

#include <linux/iova_bitmap.h>

#endif /* IOMMUFD_IOVA_BITMAP_H */
