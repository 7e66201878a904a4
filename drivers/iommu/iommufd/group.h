/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a context knows of an IOMMU group: devices of a group share one domain.
 */
#ifndef IOMMUFD_GROUP_H
#define IOMMUFD_GROUP_H

#include <linux/list.h>
#include <linux/mutex.h>

struct device;
struct iommu_group;
struct iommufd_ctx;
struct iommufd_hwpt;

/**
 * struct iommufd_group - an IOMMU group of which devices are bound to a context
 */
struct iommufd_group {
	/** @ictx: the context; holds no reference, the devices do */
	struct iommufd_ctx *ictx;
	/** @group: the group, with a reference */
	struct iommu_group *group;
	/** @entry: links into &iommufd_ctx.groups */
	struct list_head entry;
	/** @noiommu: there is no IOMMU, and nobody's DMA to be claimed */
	bool noiommu;
	/** @devices: devices claimed, under &iommufd_ctx.groups_lock */
	unsigned int devices;

	/** @lock: protects the members below; held while they change over */
	struct mutex lock;
	/** @attached: list of struct iommufd_device, those that are attached */
	struct list_head attached;
	/** @hwpt: what they are attached to; nothing while @attached is empty */
	struct iommufd_hwpt *hwpt;
};

struct iommufd_group *group_claim(struct iommufd_ctx *ictx, struct device *dev,
				  bool noiommu);
void group_release(struct iommufd_group *igroup, struct device *dev);

#endif /* IOMMUFD_GROUP_H */
