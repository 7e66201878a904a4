/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VFIO_IOMMU_GET_INFO of a container and of an IOAS.
 */
#ifndef IOMMUFD_VFIO_COMPAT_INFO_H
#define IOMMUFD_VFIO_COMPAT_INFO_H

struct container;
struct iopt;

long type1_get_info(struct container *container, void __user *arg);
long type1_get_ioas_info(struct iopt *iopt, void __user *arg);

#endif /* IOMMUFD_VFIO_COMPAT_INFO_H */
