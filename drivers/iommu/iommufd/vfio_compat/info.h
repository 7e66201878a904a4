/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a container tells of itself.
 */
#ifndef IOMMUFD_VFIO_COMPAT_INFO_H
#define IOMMUFD_VFIO_COMPAT_INFO_H

struct container;

long type1_get_info(struct container *container, void __user *arg);

#endif /* IOMMUFD_VFIO_COMPAT_INFO_H */
