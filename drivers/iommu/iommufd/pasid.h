/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Attaching PASIDs: DMA of a device with a PASID uses an HWPT of its own.
 */
#ifndef IOMMUFD_PASID_H
#define IOMMUFD_PASID_H

#include <linux/types.h>

struct iommufd_device;
struct iommufd_group;
struct iommufd_hwpt;

/**
 * struct attach_req - a request to attach a device or a PASID, or to move it
 */
struct attach_req {
	/** @idev: the device */
	struct iommufd_device *idev;
	/** @pasid: the PASID, or IOMMU_NO_PASID for the device itself */
	u32 pasid;
	/** @replace: move what is attached, rather than attach it */
	bool replace;
	/** @pt_id: ID of an HWPT or IOAS; set to the ID of the HWPT */
	u32 pt_id;
	/** @old: set to the former HWPT, of which the caller is a user */
	struct iommufd_hwpt *old;
	/**
	 * @cold: set to the I/O address space, with a reference, if -EAGAIN is
	 * returned because its memory has to be faulted in
	 */
	struct iopt *cold;
};

bool pasid_allows(const struct iommufd_group *igroup,
		  const struct iommufd_hwpt *hwpt);
struct iommufd_hwpt *pasid_hwpt(struct iommufd_device *idev, u32 pasid);
int pasid_attach(const struct attach_req *req);
void pasid_detach(struct iommufd_device *idev, u32 pasid);

#endif /* IOMMUFD_PASID_H */
