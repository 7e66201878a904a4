/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ioctls of HWPTs.
 */
#ifndef IOMMUFD_HWPT_IOCTL_H
#define IOMMUFD_HWPT_IOCTL_H

struct iommufd_ucmd;

int hwpt_alloc_ioctl(struct iommufd_ucmd *ucmd);
int hwpt_invalidate_ioctl(struct iommufd_ucmd *ucmd);
int hwpt_set_dirty_ioctl(struct iommufd_ucmd *ucmd);
int hwpt_get_dirty_ioctl(struct iommufd_ucmd *ucmd);

#endif /* IOMMUFD_HWPT_IOCTL_H */
