/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * IOMMU groups of a context. All attached devices of a group share one domain.
 */
#ifndef IOMMUFD_GROUP_H
#define IOMMUFD_GROUP_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/xarray.h>

struct device;
struct iommu_group;
struct iommufd_ctx;
struct iommufd_hwpt;

/**
 * struct iommufd_group - an IOMMU group with devices bound to a context
 */
struct iommufd_group {
	/** @ictx: the context, to which the devices hold references */
	struct iommufd_ctx *ictx;
	/** @group: the IOMMU group, with a reference */
	struct iommu_group *group;
	/** @entry: links into &iommufd_ctx.groups */
	struct list_head entry;
	/** @noiommu: there is no IOMMU and no DMA to claim */
	bool noiommu;
	/** @devices: number of bound devices, under &iommufd_ctx.groups_lock */
	unsigned int devices;

	/**
	 * @lock: protects the members below; held while devices are attached,
	 * moved or detached
	 */
	struct mutex lock;
	/** @attached: list of struct iommufd_device, the attached devices */
	struct list_head attached;
	/** @hwpt: HWPT of the attached devices; valid if there are any */
	struct iommufd_hwpt *hwpt;
	/** @pasids: maps an attached PASID to its struct pasid_attachment */
	struct xarray pasids;
};

struct iommufd_group *group_claim(struct iommufd_ctx *ictx, struct device *dev,
				  bool noiommu);
void group_release(struct iommufd_group *igroup, struct device *dev);

#endif /* IOMMUFD_GROUP_H */
