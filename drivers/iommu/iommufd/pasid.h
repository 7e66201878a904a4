/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Attaching PASIDs: DMA of a device with a PASID uses an HWPT of its own.
 */
#ifndef IOMMUFD_PASID_H
#define IOMMUFD_PASID_H

#include <linux/types.h>

struct iommufd_device;
struct iommufd_hwpt;

bool pasid_allows(struct iommufd_device *idev, const struct iommufd_hwpt *hwpt);
int pasid_attach(struct iommufd_device *idev, u32 pasid, u32 hwpt_id);
int pasid_replace(struct iommufd_device *idev, u32 pasid, u32 hwpt_id);
void pasid_detach(struct iommufd_device *idev, u32 pasid);

#endif /* IOMMUFD_PASID_H */
