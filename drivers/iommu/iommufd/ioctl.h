/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Dispatch of ioctls to their handlers.
 */
#ifndef IOMMUFD_IOCTL_H
#define IOMMUFD_IOCTL_H

struct iommufd_ctx;

long iommufd_ioctl(struct iommufd_ctx *ictx, unsigned int cmd,
		   unsigned long arg);

#endif /* IOMMUFD_IOCTL_H */
