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
 * pasid_allows() - check an HWPT for a device against its attached PASIDs
 * @idev: the device
 * @hwpt: the HWPT, for DMA without a PASID
 *
 * An IOMMU may use one format of page tables for devices with PASIDs and
 * another for devices without.
 *
 * Context: The caller holds the lock of the group.
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

static int pasid_set_domain(const struct attach_req *req,
			    struct iommufd_hwpt *hwpt)
{
	const struct fault_target target =
		hwpt_fault_target(hwpt, &req->idev->faults);
	int ret;

	ret = iopt_stop_mapping(&hwpt->ioas->iopt);
	if (ret)
		return ret;
	if (req->replace)
		ret = iommu_core_replace_pasid(hwpt->domain, req->pasid,
					       &target);
	else
		ret = iommu_core_attach_pasid(hwpt->domain, req->pasid,
					      &target);
	iopt_resume_mapping(&hwpt->ioas->iopt);
	return ret;
}

static int pasid_attach_locked(const struct attach_req *req,
			       struct iommufd_hwpt *hwpt)
{
	struct iommufd_device *idev = req->idev;
	u32 pasid = req->pasid;
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
	ret = pasid_set_domain(req, hwpt);
	if (ret)
		xa_erase(&idev->pasids, pasid);
	else
		object_get_user(&hwpt->obj);
	return ret;
}

static int pasid_replace_locked(const struct attach_req *req,
				struct iommufd_hwpt *hwpt)
{
	struct iommufd_device *idev = req->idev;
	u32 pasid = req->pasid;
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
	ret = pasid_set_domain(req, hwpt);
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

/**
 * pasid_attach() - attach a PASID to an HWPT, or move it there
 * @req: the request, with the ID of an HWPT that was allocated for PASIDs
 *
 * On failure nothing has changed, with one exception: an older kernel detaches
 * a PASID temporarily to move it, and if it can be attached neither to the new
 * HWPT nor to the old one again, it stays detached.
 *
 * Context: May sleep.
 * Return: 0; -ENOENT for an unknown ID, -EBUSY if the PASID is attached
 * already, -EINVAL if it is to be moved but is not attached, if the HWPT or the
 * one of the device's DMA without a PASID was not allocated for PASIDs, or if
 * the device has no PASIDs, another negative errno.
 */
int pasid_attach(const struct attach_req *req)
{
	struct iommufd_device *idev = req->idev;
	struct iommufd_object *obj;
	int ret = -EINVAL;

	obj = object_get(&idev->ictx->objects, req->pt_id, NULL);
	if (IS_ERR(obj))
		return PTR_ERR(obj);
	if (obj->ops == &hwpt_ops) {
		guard(mutex)(&idev->igroup->lock);
		ret = req->replace ? pasid_replace_locked(req, hwpt_of(obj)) :
				     pasid_attach_locked(req, hwpt_of(obj));
	}
	object_put(obj);
	return ret;
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
