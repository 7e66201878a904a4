/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ready-made ops for a driver whose device does DMA through the IOMMU: bind and
 * attach it to an iommufd. Their prototypes are in linux/vfio.h.
 */
#ifndef __VFIO_IOMMU_H
#define __VFIO_IOMMU_H

#include <linux/vfio.h>

#endif /* __VFIO_IOMMU_H */
