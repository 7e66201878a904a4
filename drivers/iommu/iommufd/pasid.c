// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device's DMA with a PASID, which goes its own way.
 *
 * IOVA that the device reserves is reserved where its DMA without a PASID goes;
 * nothing else looks at a request with one.
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
 * pasid_allows() - may a device's DMA without PASID go through an HWPT?
 * @idev: the device, its group locked
 * @hwpt: the HWPT
 *
 * An IOMMU may have one format of tables for devices with PASIDs and another
 * for devices without.
 *
 * Return: whether it may, in view of the PASIDs that are attached.
 */
bool pasid_allows(struct iommufd_device *idev, const struct iommufd_hwpt *hwpt)
{
	lockdep_assert_held(&idev->igroup->lock);
	return hwpt->pasid || xa_empty(&idev->pasids);
}

static int check(const struct iommufd_device *idev,
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
static int send_pasid(struct iommufd_device *idev, u32 pasid,
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
static int attach_locked(struct iommufd_device *idev, u32 pasid,
			 struct iommufd_hwpt *hwpt)
{
	int ret;

	lockdep_assert_held(&idev->igroup->lock);

	if (idev->noiommu)
		return -EINVAL;
	if (xa_load(&idev->pasids, pasid))
		return -EBUSY;
	ret = check(idev, hwpt);
	if (ret)
		return ret;
	ret = xa_err(xa_store(&idev->pasids, pasid, hwpt, GFP_KERNEL_ACCOUNT));
	if (ret)
		return ret;
	ret = send_pasid(idev, pasid, hwpt, iommu_core_attach_pasid);
	if (ret)
		xa_erase(&idev->pasids, pasid);
	else
		object_get_user(&hwpt->obj);
	return ret;
}

/* A &change_fn. */
static int replace_locked(struct iommufd_device *idev, u32 pasid,
			  struct iommufd_hwpt *hwpt)
{
	struct iommufd_hwpt *from = xa_load(&idev->pasids, pasid);
	int ret;

	lockdep_assert_held(&idev->igroup->lock);

	if (!from)
		return -EINVAL;
	if (from == hwpt)
		return 0;
	ret = check(idev, hwpt);
	if (ret)
		return ret;
	ret = send_pasid(idev, pasid, hwpt, iommu_core_replace_pasid);
	if (ret && !iommu_core_has_pasid(idev->dev, pasid)) {
		xa_erase(&idev->pasids, pasid);
		object_put_user(&from->obj);
	}
	if (ret)
		return ret;
	/* in place of another entry it takes no memory */
	xa_store(&idev->pasids, pasid, hwpt, 0);
	object_get_user(&hwpt->obj);
	object_put_user(&from->obj);
	return 0;
}

static int change(struct iommufd_device *idev, u32 pasid, u32 hwpt_id,
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
 * pasid_attach() - let DMA with a PASID reach what an HWPT translates to
 * @idev: the device
 * @pasid: the PASID, not attached
 * @hwpt_id: ID of an HWPT that was made for PASIDs
 *
 * Context: May sleep.
 * Return: 0; -ENOENT for an unknown ID, -EBUSY where @pasid is attached, -EINVAL
 * where the HWPT or the one for DMA without PASID was not made for PASIDs, or
 * the device has no PASIDs; another negative errno.
 */
int pasid_attach(struct iommufd_device *idev, u32 pasid, u32 hwpt_id)
{
	return change(idev, pasid, hwpt_id, attach_locked);
}

/**
 * pasid_replace() - move a PASID to another HWPT
 * @idev: the device
 * @pasid: the PASID, attached
 * @hwpt_id: ID of an HWPT that was made for PASIDs
 *
 * On failure nothing has changed; but an older kernel detaches the PASID for a
 * moment, and where it can neither be attached to the new HWPT nor go back to the
 * old one it stays detached.
 *
 * Context: May sleep.
 * Return: as pasid_attach(), but -EINVAL also where @pasid is not attached.
 */
int pasid_replace(struct iommufd_device *idev, u32 pasid, u32 hwpt_id)
{
	return change(idev, pasid, hwpt_id, replace_locked);
}

/**
 * pasid_detach() - take the memory away from DMA with a PASID
 * @idev: the device
 * @pasid: the PASID; one that is not attached is left alone
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
