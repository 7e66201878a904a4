/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vDEVICEs: a vDEVICE is a device as the guest sees it, behind a vIOMMU.
 *
 * A vDEVICE is destroyed by user space or when its device is unbound. In the
 * latter case its ID is not reused.
 */
#ifndef IOMMUFD_VDEVICE_H
#define IOMMUFD_VDEVICE_H

struct iommufd_ucmd;

int vdevice_alloc_ioctl(struct iommufd_ucmd *ucmd);

#endif /* IOMMUFD_VDEVICE_H */
