/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Dirty tracking of an HWPT: the ioctls that control it and read its result.
 */
#ifndef IOMMUFD_HWPT_DIRTY_H
#define IOMMUFD_HWPT_DIRTY_H

struct iommufd_ucmd;

int hwpt_set_dirty_ioctl(struct iommufd_ucmd *ucmd);
int hwpt_get_dirty_ioctl(struct iommufd_ucmd *ucmd);

#endif /* IOMMUFD_HWPT_DIRTY_H */
