/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The interrupts of devices that move between domains.
 */
#ifndef IOMMUFD_MSI_H
#define IOMMUFD_MSI_H

struct iommufd_device;
struct iommufd_hwpt;

int msi_setup_internal(struct iommufd_device *idev, struct iommufd_hwpt *hwpt);
int msi_follow(struct iommufd_device *idev, struct iommufd_hwpt *hwpt);

#endif /* IOMMUFD_MSI_H */
