/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A device as a guest sees it, behind a vIOMMU.
 *
 * It goes when user space destroys it or when its device is unbound, whichever
 * comes first; in the latter case its ID stays taken.
 */
#ifndef IOMMUFD_VDEVICE_H
#define IOMMUFD_VDEVICE_H

struct iommufd_ucmd;

int vdevice_alloc_ioctl(struct iommufd_ucmd *ucmd);

#endif /* IOMMUFD_VDEVICE_H */
