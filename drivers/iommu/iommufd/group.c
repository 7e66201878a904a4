// SPDX-License-Identifier: GPL-2.0-only
/*
 * IOMMU groups of a context: claiming and releasing their DMA.
 */
#include <linux/bug.h>
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/iommu.h>
#include <linux/lockdep.h>
#include <linux/slab.h>

#include "ctx.h"
#include "domain/iommu_core.h"
#include "group.h"
#include "observe/stats.h"

static struct iommufd_group *group_find(struct iommufd_ctx *ictx,
					struct iommu_group *group)
{
	struct iommufd_group *igroup;

	list_for_each_entry(igroup, &ictx->groups, entry)
		if (igroup->group == group)
			return igroup;
	return NULL;
}

static struct iommufd_group *group_new(struct iommufd_ctx *ictx,
				       struct iommu_group *group)
{
	struct iommufd_group *igroup;

	igroup = kzalloc_obj(*igroup, GFP_KERNEL_ACCOUNT);
	if (!igroup)
		return NULL;
	igroup->ictx = ictx;
	igroup->group = iommu_group_ref_get(group);
	mutex_init(&igroup->lock);
	INIT_LIST_HEAD(&igroup->attached);
	xa_init_flags(&igroup->pasids, XA_FLAGS_ACCOUNT);
	return igroup;
}

static void group_free(struct iommufd_group *igroup)
{
	WARN_ON(!list_empty(&igroup->attached));
	WARN_ON(!xa_empty(&igroup->pasids));
	xa_destroy(&igroup->pasids);
	iommu_group_put(igroup->group);
	mutex_destroy(&igroup->lock);
	kfree(igroup);
}

/* A group is on the list of its context only once its DMA has been claimed. */
static int group_claim_dma(struct iommufd_group *igroup, struct device *dev)
{
	int ret;

	if (igroup->noiommu)
		return 0;
	ret = iommu_core_check_msi(igroup->group);
	if (ret) {
		iommufd_refuse(&igroup->ictx->stats->refusals,
			       REFUSAL_UNSAFE_INTERRUPTS,
			       iommu_group_id(igroup->group));
		return ret;
	}
	ret = iommu_device_claim_dma_owner(dev, igroup->ictx);
	if (ret == -EBUSY || ret == -EPERM)
		iommu_core_refuse_claim(&igroup->ictx->stats->refusals,
					igroup->group);
	return ret;
}

static struct iommufd_group *group_claim_locked(struct iommufd_ctx *ictx,
						struct iommu_group *group,
						struct device *dev,
						bool noiommu)
{
	struct iommufd_group *igroup;
	int ret;

	lockdep_assert_held(&ictx->groups_lock);

	igroup = group_find(ictx, group) ?: group_new(ictx, group);
	if (!igroup)
		return ERR_PTR(-ENOMEM);
	igroup->noiommu = noiommu;
	ret = group_claim_dma(igroup, dev);
	if (!ret && !igroup->devices++)
		list_add(&igroup->entry, &ictx->groups);
	if (!igroup->devices)
		group_free(igroup);
	return ret ? ERR_PTR(ret) : igroup;
}

/**
 * group_claim() - claim the DMA of a device's group for a context
 * @ictx: the context
 * @dev: the device
 * @noiommu: @dev is behind no IOMMU, so there is no DMA to claim
 *
 * Context: May sleep.
 * Return: the group, to be released by group_release(); -ENODEV if @dev has no
 * group, -EPERM if its interrupts are not isolated, -EBUSY if the group has
 * another owner, another ERR_PTR.
 */
struct iommufd_group *group_claim(struct iommufd_ctx *ictx, struct device *dev,
				  bool noiommu)
{
	struct iommu_group *group = iommu_group_get(dev);
	struct iommufd_group *igroup;

	if (!group) {
		iommufd_refuse_name(&ictx->stats->refusals, REFUSAL_NO_GROUP,
				    dev_name(dev), NULL);
		return ERR_PTR(-ENODEV);
	}
	scoped_guard(mutex, &ictx->groups_lock)
		igroup = group_claim_locked(ictx, group, dev, noiommu);
	iommu_group_put(group);
	return igroup;
}

/**
 * group_release() - undo group_claim()
 * @igroup: the group, freed with its last device
 * @dev: the device
 *
 * Context: May sleep.
 */
void group_release(struct iommufd_group *igroup, struct device *dev)
{
	scoped_guard(mutex, &igroup->ictx->groups_lock) {
		if (!igroup->noiommu)
			iommu_device_release_dma_owner(dev);
		if (--igroup->devices)
			return;
		list_del(&igroup->entry);
	}
	group_free(igroup);
}
