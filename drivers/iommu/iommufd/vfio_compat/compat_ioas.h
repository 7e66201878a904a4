/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ioctls of a container, served by an IOAS that user space selects with
 * IOMMU_VFIO_IOAS.
 *
 * There is no state machine: the ioctls work at any time and without groups.
 * Return values are those of iommufd rather than of the type1 driver, and
 * VFIO_TYPE1_IOMMU cuts mappings at any page.
 */
#ifndef IOMMUFD_VFIO_COMPAT_COMPAT_IOAS_H
#define IOMMUFD_VFIO_COMPAT_COMPAT_IOAS_H

struct iommufd_ctx;

long compat_ioas_ioctl(struct iommufd_ctx *ictx, unsigned int cmd,
		       unsigned long arg);

#endif /* IOMMUFD_VFIO_COMPAT_COMPAT_IOAS_H */
