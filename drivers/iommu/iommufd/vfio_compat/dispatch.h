/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ioctls of a VFIO container.
 */
#ifndef IOMMUFD_VFIO_COMPAT_DISPATCH_H
#define IOMMUFD_VFIO_COMPAT_DISPATCH_H

struct iommufd_ctx;

long container_ioctl(struct iommufd_ctx *ictx, unsigned int cmd,
		     unsigned long arg);

#endif /* IOMMUFD_VFIO_COMPAT_DISPATCH_H */
