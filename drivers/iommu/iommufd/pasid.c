// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attaching PASIDs: DMA of a device with a PASID uses an HWPT of its own, which
 * is that of all devices of the group.
 *
 * The IOVA ranges that a device reserves are reserved only in the IOAS of its
 * DMA without a PASID, because they do not apply to requests with a PASID.
 */
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/lockdep.h>
#include <linux/mutex.h>
#include <linux/slab.h>

#include "ctx.h"
#include "device.h"
#include "domain/iommu_core.h"
#include "group.h"
#include "hwpt.h"
#include "ioas.h"
#include "iopt/iopt_domain.h"
#include "observe/stats.h"
#include "pasid.h"

/**
 * struct pasid_attachment - a PASID of a group that is attached
 */
struct pasid_attachment {
	/** @hwpt: its HWPT, with each of the devices as a user */
	struct iommufd_hwpt *hwpt;
	/** @devices: the devices for which user space has attached it, by ID */
	struct xarray devices;
};

/**
 * pasid_allows() - check an HWPT for a group against its attached PASIDs
 * @igroup: the group
 * @hwpt: the HWPT, for DMA without a PASID
 *
 * An IOMMU may use one format of page tables for devices with PASIDs and
 * another for devices without.
 *
 * Context: The caller holds the lock of the group.
 * Return: true if @hwpt can be used together with the attached PASIDs.
 */
bool pasid_allows(const struct iommufd_group *igroup,
		  const struct iommufd_hwpt *hwpt)
{
	lockdep_assert_held(&igroup->lock);

	return hwpt->pasid || xa_empty(&igroup->pasids);
}

/**
 * pasid_hwpt() - get the HWPT of a PASID of a device
 * @idev: the device
 * @pasid: the PASID
 *
 * Context: The caller holds the lock of the group.
 * Return: the HWPT, or NULL if the PASID is not attached.
 */
struct iommufd_hwpt *pasid_hwpt(struct iommufd_device *idev, u32 pasid)
{
	struct pasid_attachment *attachment;

	lockdep_assert_held(&idev->igroup->lock);

	attachment = xa_load(&idev->igroup->pasids, pasid);
	if (!attachment || !xa_load(&attachment->devices, idev->obj.id))
		return NULL;
	return attachment->hwpt;
}

static noinline __cold int pasid_refuse(const struct attach_req *req, int ret,
					enum iommufd_refusal_code code,
					u64 first, u64 second)
{
	struct iommufd_device *idev = req->idev;

	iommufd_refuse_name(&idev->ictx->stats->refusals, code,
			    dev_name(idev->dev), NULL, first, second);
	return ret;
}

/* Both the HWPT of the PASID and that of DMA without one have to allow it. */
static int pasid_attach_check(const struct attach_req *req,
			      const struct iommufd_hwpt *hwpt)
{
	const struct iommufd_group *igroup = req->idev->igroup;

	if (hwpt->pasid && !list_empty(&igroup->attached))
		hwpt = igroup->hwpt;
	if (hwpt->pasid)
		return 0;
	return pasid_refuse(req, -EINVAL, REFUSAL_HWPT_NO_PASID, hwpt->obj.id,
			    0);
}

static int pasid_set_domain(const struct attach_req *req,
			    struct iommufd_hwpt *hwpt)
{
	const struct fault_target target = {
		.sink = hwpt_fault_sink(hwpt),
		.source = &req->idev->faults,
	};
	int ret;

	ret = iopt_stop_mapping(hwpt->ioas->iopt);
	if (ret)
		return ret;
	if (req->replace)
		ret = iommu_core_replace_pasid(hwpt->domain, req->idev->dev,
					       req->pasid, target.sink);
	else
		ret = iommu_core_attach_pasid(hwpt->domain, req->pasid,
					      &target);
	iopt_resume_mapping(hwpt->ioas->iopt);
	return ret;
}

static void pasid_free(struct iommufd_group *igroup, u32 pasid)
{
	struct pasid_attachment *attachment = xa_erase(&igroup->pasids, pasid);

	xa_destroy(&attachment->devices);
	kfree(attachment);
}

static struct pasid_attachment *pasid_new(const struct attach_req *req,
					  struct iommufd_hwpt *hwpt)
{
	struct pasid_attachment *attachment;
	int ret;

	attachment = kzalloc_obj(*attachment, GFP_KERNEL_ACCOUNT);
	if (!attachment)
		return ERR_PTR(-ENOMEM);
	attachment->hwpt = hwpt;
	xa_init_flags(&attachment->devices, XA_FLAGS_ACCOUNT);
	ret = xa_err(xa_store(&req->idev->igroup->pasids, req->pasid,
			      attachment, GFP_KERNEL_ACCOUNT));
	if (ret) {
		kfree(attachment);
		return ERR_PTR(ret);
	}
	return attachment;
}

static int pasid_add_device(const struct attach_req *req,
			    struct pasid_attachment *attachment)
{
	struct iommufd_device *idev = req->idev;

	return xa_err(xa_store(&attachment->devices, idev->obj.id, idev,
			       GFP_KERNEL_ACCOUNT));
}

/* The first device attaches the PASID of the whole group. */
static int pasid_attach_first(const struct attach_req *req,
			      struct iommufd_hwpt *hwpt)
{
	struct iommufd_group *igroup = req->idev->igroup;
	struct pasid_attachment *attachment;
	int ret;

	ret = pasid_attach_check(req, hwpt);
	if (ret)
		return ret;
	attachment = pasid_new(req, hwpt);
	if (IS_ERR(attachment))
		return PTR_ERR(attachment);
	ret = pasid_add_device(req, attachment);
	if (!ret)
		ret = pasid_set_domain(req, hwpt);
	if (ret)
		pasid_free(igroup, req->pasid);
	return ret;
}

static int pasid_join(const struct attach_req *req,
		      struct pasid_attachment *attachment)
{
	struct iommufd_device *idev = req->idev;
	int ret;

	ret = pasid_add_device(req, attachment);
	if (ret)
		return ret;
	ret = iommu_core_join(req->pasid, &idev->faults);
	if (ret)
		xa_erase(&attachment->devices, idev->obj.id);
	return ret;
}

static int pasid_attach_locked(const struct attach_req *req,
			       struct iommufd_hwpt *hwpt)
{
	struct iommufd_device *idev = req->idev;
	struct pasid_attachment *attachment;
	int ret;

	lockdep_assert_held(&idev->igroup->lock);

	if (idev->noiommu)
		return -EINVAL;
	if (pasid_hwpt(idev, req->pasid))
		return pasid_refuse(req, -EBUSY, REFUSAL_PASID_ATTACHED,
				    req->pasid, 0);
	attachment = xa_load(&idev->igroup->pasids, req->pasid);
	if (attachment && attachment->hwpt != hwpt)
		return pasid_refuse(req, -EINVAL, REFUSAL_PASID_HWPT,
				    req->pasid, attachment->hwpt->obj.id);
	ret = attachment ? pasid_join(req, attachment) :
			   pasid_attach_first(req, hwpt);
	if (!ret)
		object_get_user(&hwpt->obj);
	return ret;
}

/* A PASID that could not be attached again is detached from all devices. */
static void pasid_lost(struct iommufd_group *igroup, u32 pasid)
{
	struct pasid_attachment *attachment = xa_load(&igroup->pasids, pasid);
	struct iommufd_device *idev;
	unsigned long id;

	xa_for_each(&attachment->devices, id, idev)
		object_put_user(&attachment->hwpt->obj);
	pasid_free(igroup, pasid);
}

static void pasid_move(struct pasid_attachment *attachment,
		       struct iommufd_hwpt *hwpt)
{
	struct iommufd_device *idev;
	unsigned long id;

	xa_for_each(&attachment->devices, id, idev) {
		object_get_user(&hwpt->obj);
		object_put_user(&attachment->hwpt->obj);
	}
	attachment->hwpt = hwpt;
}

/* All devices of the group for which the PASID is attached move together. */
static int pasid_replace_locked(const struct attach_req *req,
				struct iommufd_hwpt *hwpt)
{
	struct iommufd_device *idev = req->idev;
	struct iommufd_group *igroup = idev->igroup;
	struct iommufd_hwpt *from = pasid_hwpt(idev, req->pasid);
	int ret;

	lockdep_assert_held(&igroup->lock);

	if (!from)
		return pasid_refuse(req, -EINVAL, REFUSAL_PASID_NOT_ATTACHED,
				    req->pasid, 0);
	if (from == hwpt)
		return 0;
	ret = pasid_attach_check(req, hwpt);
	if (ret)
		return ret;
	ret = pasid_set_domain(req, hwpt);
	if (!ret)
		pasid_move(xa_load(&igroup->pasids, req->pasid), hwpt);
	else if (!iommu_core_has_pasid(idev->dev, req->pasid))
		pasid_lost(igroup, req->pasid);
	return ret;
}

static int pasid_attach_id(const struct attach_req *req)
{
	struct iommufd_object *obj;
	int ret = -EINVAL;

	obj = object_get(&req->idev->ictx->objects, req->pt_id, NULL);
	if (IS_ERR(obj))
		return pasid_refuse(req, PTR_ERR(obj), REFUSAL_NO_OBJECT,
				    req->pt_id, 0);
	if (obj->ops == &hwpt_ops)
		ret = req->replace ? pasid_replace_locked(req, hwpt_of(obj)) :
				     pasid_attach_locked(req, hwpt_of(obj));
	else
		pasid_refuse(req, ret, REFUSAL_HWPT_NO_PASID, req->pt_id, 0);
	object_put(obj);
	return ret;
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
 * one of the group's DMA without a PASID was not allocated for PASIDs, if
 * another device of the group has attached the PASID to another HWPT, or if the
 * device has no PASIDs; -EINTR if the current process is being killed, another
 * negative errno.
 */
int pasid_attach(const struct attach_req *req)
{
	struct mutex *lock = &req->idev->igroup->lock;
	int ret;

	if (mutex_lock_killable(lock))
		return -EINTR;
	ret = pasid_attach_id(req);
	mutex_unlock(lock);
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
	struct iommufd_group *igroup = idev->igroup;
	struct pasid_attachment *attachment;
	struct iommufd_hwpt *hwpt;

	scoped_guard(mutex, &igroup->lock) {
		hwpt = pasid_hwpt(idev, pasid);
		if (!hwpt)
			return;
		attachment = xa_load(&igroup->pasids, pasid);
		xa_erase(&attachment->devices, idev->obj.id);
		if (xa_empty(&attachment->devices)) {
			iommu_core_detach_pasid(hwpt->domain, idev->dev, pasid);
			pasid_free(igroup, pasid);
		} else {
			iommu_core_leave(pasid, &idev->faults);
		}
	}
	hwpt_put_user(hwpt);
}
