/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * IOMMU_GET_HW_INFO: properties of the IOMMU in front of a device.
 */
#ifndef IOMMUFD_HWINFO_H
#define IOMMUFD_HWINFO_H

struct iommufd_ucmd;

int hw_info_ioctl(struct iommufd_ucmd *ucmd);

#endif /* IOMMUFD_HWINFO_H */
