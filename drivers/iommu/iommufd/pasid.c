// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attaching PASIDs: DMA of a device with a PASID uses an HWPT of its own.
 *
 * The IOVA ranges that a device reserves are reserved only in the IOAS of its
 * DMA without a PASID, because they do not apply to requests with a PASID.
 */
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/lockdep.h>

#include "ctx.h"
#include "device.h"
#include "domain/iommu_core.h"
#include "group.h"
#include "hwpt.h"
#include "ioas.h"
#include "iopt/iopt_domain.h"
#include "pasid.h"

/**
 * typedef change_fn - attach a PASID to an HWPT, or move it there
 * @idev: the device, its group locked
 * @pasid: the PASID
 * @hwpt: the HWPT
 *
 * Return: 0 or a negative errno.
 */
typedef int (*change_fn)(struct iommufd_device *idev, u32 pasid,
			 struct iommufd_hwpt *hwpt);

/**
 * pasid_allows() - check an HWPT for a device against its attached PASIDs
 * @idev: the device
 * @hwpt: the HWPT, for DMA without a PASID
 *
 * An IOMMU may use one format of page tables for devices with PASIDs and
 * another for devices without.
 *
 * Context: Any. The caller holds the lock of the group.
 * Return: true if @hwpt can be used together with the attached PASIDs.
 */
bool pasid_allows(struct iommufd_device *idev, const struct iommufd_hwpt *hwpt)
{
	lockdep_assert_held(&idev->igroup->lock);

	return hwpt->pasid || xa_empty(&idev->pasids);
}

static int pasid_attach_check(const struct iommufd_device *idev,
			      const struct iommufd_hwpt *hwpt)
{
	const struct iommufd_group *igroup = idev->igroup;

	if (!hwpt->pasid)
		return -EINVAL;
	if (!list_empty(&igroup->attached) && !igroup->hwpt->pasid)
		return -EINVAL;
	return 0;
}

/* @send: iommu_core_attach_pasid() or iommu_core_replace_pasid() */
static int pasid_set_domain(struct iommufd_device *idev, u32 pasid,
			    struct iommufd_hwpt *hwpt,
			    int (*send)(struct iommu_domain *domain, u32 pasid,
					const struct fault_target *target))
{
	const struct fault_target target =
		hwpt_fault_target(hwpt, &idev->faults);
	int ret;

	ret = iopt_stop_mapping(&hwpt->ioas->iopt);
	if (ret)
		return ret;
	ret = send(hwpt->domain, pasid, &target);
	iopt_resume_mapping(&hwpt->ioas->iopt);
	return ret;
}

/* A &change_fn. */
static int pasid_attach_locked(struct iommufd_device *idev, u32 pasid,
			       struct iommufd_hwpt *hwpt)
{
	int ret;

	lockdep_assert_held(&idev->igroup->lock);

	if (idev->noiommu)
		return -EINVAL;
	if (xa_load(&idev->pasids, pasid))
		return -EBUSY;
	ret = pasid_attach_check(idev, hwpt);
	if (ret)
		return ret;
	ret = xa_err(xa_store(&idev->pasids, pasid, hwpt, GFP_KERNEL_ACCOUNT));
	if (ret)
		return ret;
	ret = pasid_set_domain(idev, pasid, hwpt, iommu_core_attach_pasid);
	if (ret)
		xa_erase(&idev->pasids, pasid);
	else
		object_get_user(&hwpt->obj);
	return ret;
}

/* A &change_fn. */
static int pasid_replace_locked(struct iommufd_device *idev, u32 pasid,
				struct iommufd_hwpt *hwpt)
{
	struct iommufd_hwpt *from = xa_load(&idev->pasids, pasid);
	int ret;

	lockdep_assert_held(&idev->igroup->lock);

	if (!from)
		return -EINVAL;
	if (from == hwpt)
		return 0;
	ret = pasid_attach_check(idev, hwpt);
	if (ret)
		return ret;
	ret = pasid_set_domain(idev, pasid, hwpt, iommu_core_replace_pasid);
	if (ret && !iommu_core_has_pasid(idev->dev, pasid)) {
		xa_erase(&idev->pasids, pasid);
		object_put_user(&from->obj);
	}
	if (ret)
		return ret;
	/* cannot fail, because the entry exists */
	xa_store(&idev->pasids, pasid, hwpt, 0);
	object_get_user(&hwpt->obj);
	object_put_user(&from->obj);
	return 0;
}

static int pasid_attach_id(struct iommufd_device *idev, u32 pasid, u32 hwpt_id,
			   change_fn fn)
{
	struct iommufd_object *obj;
	int ret = -EINVAL;

	obj = object_get(&idev->ictx->objects, hwpt_id, NULL);
	if (IS_ERR(obj))
		return PTR_ERR(obj);
	if (obj->ops == &hwpt_ops) {
		guard(mutex)(&idev->igroup->lock);
		ret = fn(idev, pasid, hwpt_of(obj));
	}
	object_put(obj);
	return ret;
}

/**
 * pasid_attach() - attach a PASID to an HWPT
 * @idev: the device
 * @pasid: the PASID, not attached
 * @hwpt_id: ID of an HWPT that was allocated for PASIDs
 *
 * Context: May sleep.
 * Return: 0; -ENOENT for an unknown ID, -EBUSY if @pasid is attached, -EINVAL
 * if the HWPT or the one of the device's DMA without a PASID was not allocated
 * for PASIDs or the device has no PASIDs, another negative errno.
 */
int pasid_attach(struct iommufd_device *idev, u32 pasid, u32 hwpt_id)
{
	return pasid_attach_id(idev, pasid, hwpt_id, pasid_attach_locked);
}

/**
 * pasid_replace() - move a PASID to another HWPT
 * @idev: the device
 * @pasid: the PASID, attached
 * @hwpt_id: ID of an HWPT that was allocated for PASIDs
 *
 * On failure nothing has changed, with one exception: an older kernel detaches
 * the PASID temporarily, and if it can be attached neither to the new HWPT nor
 * to the old one again, it stays detached.
 *
 * Context: May sleep.
 * Return: as pasid_attach(), but -EINVAL also if @pasid is not attached.
 */
int pasid_replace(struct iommufd_device *idev, u32 pasid, u32 hwpt_id)
{
	return pasid_attach_id(idev, pasid, hwpt_id, pasid_replace_locked);
}

/**
 * pasid_detach() - detach a PASID
 * @idev: the device
 * @pasid: the PASID; nothing is done if it is not attached
 *
 * Context: May sleep.
 */
void pasid_detach(struct iommufd_device *idev, u32 pasid)
{
	struct iommufd_hwpt *hwpt;

	scoped_guard(mutex, &idev->igroup->lock) {
		hwpt = xa_erase(&idev->pasids, pasid);
		if (!hwpt)
			return;
		iommu_core_detach_pasid(hwpt->domain, idev->dev, pasid);
	}
	hwpt_put_user(hwpt);
}
