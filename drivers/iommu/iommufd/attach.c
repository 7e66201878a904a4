// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attaching devices: the only file that deals with a device, its HWPT and its
 * IOAS together.
 *
 * Attaching a device to an IOAS that has no compatible HWPT creates an HWPT,
 * reserves the IOVA that the device needs, attaches the device, fills the HWPT
 * and publishes it, in this order. If a device is moved, its new HWPT is filled
 * first. An HWPT is published only after the last step that can fail.
 */
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/iommu.h>
#include <linux/iommufd.h>
#include <linux/lockdep.h>
#include <linux/mutex.h>
#include <trace/events/iommufd.h>

#include "ctx.h"
#include "device.h"
#include "domain/iommu_core.h"
#include "group.h"
#include "hwpt.h"
#include "ioas.h"
#include "iopt/iopt_domain.h"
#include "iopt/iopt_hold.h"
#include "iopt/iopt_iova.h"
#include "msi.h"
#include "observe/stats.h"
#include "pasid.h"

static int attach_reserve_device(struct iommufd_device *idev,
				 struct iommufd_ioas *ioas)
{
	LIST_HEAD(regions);
	int ret;

	if (idev->noiommu)
		return 0;
	iommu_get_resv_regions(idev->dev, &regions);
	ret = iopt_reserve_regions(ioas->iopt, &regions, &idev->owner);
	iommu_put_resv_regions(idev->dev, &regions);
	return ret;
}

static int group_set_domain(const struct attach_req *req,
			    struct iommufd_hwpt *hwpt)
{
	struct iommufd_device *idev = req->idev;
	const struct fault_target target = {
		.sink = hwpt_fault_sink(hwpt),
		.source = &idev->faults,
	};
	struct iommu_group *group = idev->igroup->group;
	int ret;

	if (idev->noiommu)
		return 0;
	ret = idev->internal ? msi_setup_internal(idev, hwpt) : 0;
	if (ret)
		return ret;
	ret = iopt_stop_mapping(hwpt->ioas->iopt);
	if (ret)
		return ret;
	if (req->replace)
		ret = iommu_core_replace(hwpt->domain, group, target.sink);
	else
		ret = iommu_core_attach(hwpt->domain, group, &target);
	iopt_resume_mapping(hwpt->ioas->iopt);
	return ret;
}

static bool hwpt_compatible(struct iommufd_device *idev,
			    struct iommufd_hwpt *hwpt)
{
	return idev->noiommu == hwpt->noiommu &&
	       pasid_allows(idev->igroup, hwpt);
}

static int group_join(struct iommufd_device *idev)
{
	return idev->noiommu ? 0 :
			       iommu_core_join(IOMMU_NO_PASID, &idev->faults);
}

/* @last: no device of the group is attached any more */
static void group_leave(struct iommufd_device *idev, struct iommufd_hwpt *hwpt,
			bool last)
{
	if (idev->noiommu)
		return;
	if (last)
		iommu_core_detach(hwpt->domain, idev->igroup->group);
	else
		iommu_core_leave(IOMMU_NO_PASID, &idev->faults);
}

static noinline __cold int attach_refuse(struct iommufd_device *idev, int ret,
					 enum iommufd_refusal_code code,
					 u32 first, u32 second)
{
	iommufd_refuse_name(&idev->ictx->stats->refusals, code,
			    dev_name(idev->dev), NULL, first, second);
	return ret;
}

/* Another HWPT than that of the group; the first device of a group chooses. */
static int attach_refuse_group(struct iommufd_device *idev)
{
	struct iommufd_group *igroup = idev->igroup;

	return attach_refuse(idev, -EINVAL, REFUSAL_GROUP_HWPT,
			     iommu_group_id(igroup->group),
			     igroup->hwpt->obj.id);
}

/* For fdinfo; zero if the device is detached. */
static void attach_set_ids(struct iommufd_device *idev, u32 hwpt_id,
			   u32 ioas_id)
{
	WRITE_ONCE(idev->hwpt_id, hwpt_id);
	WRITE_ONCE(idev->ioas_id, ioas_id);
}

/* The first device of a group attaches the group. */
static int hwpt_attach_locked(const struct attach_req *req,
			      struct iommufd_hwpt *hwpt)
{
	struct iommufd_device *idev = req->idev;
	struct iommufd_group *igroup = idev->igroup;
	bool first = list_empty(&igroup->attached);
	int ret;

	lockdep_assert_held(&igroup->lock);

	if (!list_empty(&idev->attached))
		return attach_refuse(idev, -EBUSY, REFUSAL_ATTACHED, 0, 0);
	if (!first && igroup->hwpt != hwpt)
		return attach_refuse_group(idev);
	if (!hwpt_compatible(idev, hwpt))
		return attach_refuse(idev, -EINVAL, REFUSAL_HWPT_MISMATCH,
				     hwpt->obj.id, 0);
	ret = attach_reserve_device(idev, hwpt->ioas);
	if (ret)
		return ret;
	ret = first ? group_set_domain(req, hwpt) : group_join(idev);
	if (ret)
		goto err_unreserve;
	/* later than in a replacement: some domains map nothing before */
	ret = msi_follow(idev, hwpt);
	if (ret)
		goto err_leave;
	igroup->hwpt = hwpt;
	list_add_tail(&idev->attached, &igroup->attached);
	attach_set_ids(idev, hwpt->obj.id, hwpt->ioas->obj.id);
	atomic_inc(&hwpt->nr_devices);
	object_get_user(&hwpt->obj);
	trace_iommufd_attach(idev->ictx->stats, idev->owner.name, hwpt->obj.id);
	return 0;

err_leave:
	group_leave(idev, hwpt, first);
err_unreserve:
	iopt_unreserve(hwpt->ioas->iopt, &idev->owner);
	return ret;
}

/* Returns the former HWPT, of which the device is still a user. */
static struct iommufd_hwpt *hwpt_detach_locked(struct iommufd_device *idev)
{
	struct iommufd_group *igroup = idev->igroup;
	struct iommufd_hwpt *hwpt = igroup->hwpt;

	lockdep_assert_held(&igroup->lock);

	list_del_init(&idev->attached);
	attach_set_ids(idev, 0, 0);
	atomic_dec(&hwpt->nr_devices);
	trace_iommufd_detach(idev->ictx->stats, idev->owner.name, hwpt->obj.id);
	group_leave(idev, hwpt, list_empty(&igroup->attached));
	iopt_unreserve(hwpt->ioas->iopt, &idev->owner);
	return hwpt;
}

static void attach_unreserve_group(struct iommufd_group *igroup,
				   struct iommufd_ioas *ioas)
{
	struct iommufd_device *idev;

	list_for_each_entry(idev, &igroup->attached, attached)
		iopt_unreserve(ioas->iopt, &idev->owner);
}

static int attach_reserve_group(struct iommufd_group *igroup,
				struct iommufd_ioas *ioas)
{
	struct iommufd_device *idev;
	int ret;

	list_for_each_entry(idev, &igroup->attached, attached) {
		ret = attach_reserve_device(idev, ioas);
		if (ret) {
			attach_unreserve_group(igroup, ioas);
			return ret;
		}
	}
	return 0;
}

static int attach_follow_group(struct iommufd_group *igroup,
			       struct iommufd_hwpt *hwpt)
{
	struct iommufd_device *idev;
	int ret;

	list_for_each_entry(idev, &igroup->attached, attached) {
		ret = msi_follow(idev, hwpt);
		if (ret)
			return ret;
	}
	return 0;
}

/* All attached devices of the group move together. */
static int hwpt_replace_locked(struct attach_req *req,
			       struct iommufd_hwpt *hwpt)
{
	struct iommufd_device *idev = req->idev;
	struct iommufd_group *igroup = idev->igroup;
	struct iommufd_hwpt *from = igroup->hwpt;
	struct iommufd_device *cur;
	bool other_ioas;
	int ret = 0;

	lockdep_assert_held(&igroup->lock);

	if (list_empty(&idev->attached))
		return attach_refuse(idev, -EINVAL, REFUSAL_NOT_ATTACHED, 0, 0);
	if (from == hwpt)
		return 0;
	list_for_each_entry(cur, &igroup->attached, attached)
		if (!hwpt_compatible(cur, hwpt))
			return attach_refuse(cur, -EINVAL,
					     REFUSAL_HWPT_MISMATCH,
					     hwpt->obj.id, 0);

	other_ioas = from->ioas != hwpt->ioas;
	if (other_ioas)
		ret = attach_reserve_group(igroup, hwpt->ioas);
	if (ret)
		return ret;
	ret = attach_follow_group(igroup, hwpt) ?: group_set_domain(req, hwpt);
	if (other_ioas)
		attach_unreserve_group(igroup, ret ? hwpt->ioas : from->ioas);
	if (ret)
		return ret;

	igroup->hwpt = hwpt;
	list_for_each_entry(cur, &igroup->attached, attached) {
		attach_set_ids(cur, hwpt->obj.id, hwpt->ioas->obj.id);
		atomic_dec(&from->nr_devices);
		atomic_inc(&hwpt->nr_devices);
		trace_iommufd_replace(cur->ictx->stats, cur->owner.name,
				      hwpt->obj.id);
		object_get_user(&hwpt->obj);
		if (cur != idev)
			object_put_user(&from->obj);
	}
	req->old = from;
	return 0;
}

static int hwpt_attach_or_replace(struct attach_req *req,
				  struct iommufd_hwpt *hwpt)
{
	return req->replace ? hwpt_replace_locked(req, hwpt) :
			      hwpt_attach_locked(req, hwpt);
}

/* Try the automatic HWPTs of an IOAS; -EINVAL if none is compatible. */
static int hwpt_attach_existing(struct attach_req *req,
				struct iommufd_ioas *ioas)
{
	struct iommufd_hwpt *hwpt;
	int ret;

	list_for_each_entry(hwpt, &ioas->hwpts, entry) {
		if (!hwpt->automatic || !object_tryget(&hwpt->obj))
			continue;
		ret = hwpt_attach_or_replace(req, hwpt);
		req->pt_id = hwpt->obj.id;
		object_put(&hwpt->obj);
		if (ret != -EINVAL)
			return ret;
		/* the next one, or a new one, decides */
		iommufd_refusal_forget(&req->idev->ictx->stats->refusals);
	}
	return -EINVAL;
}

static int attach_fill(struct attach_req *req, struct iommufd_hwpt *hwpt)
{
	int ret = hwpt_fill(hwpt);

	if (ret == -EAGAIN)
		req->cold = iopt_get(hwpt->ioas->iopt);
	return ret;
}

/*
 * Some drivers determine the page sizes and the aperture of a domain when the
 * first device is attached to it, and nothing can be mapped before. Therefore
 * attach the empty domain, through which the device cannot reach anything, and
 * fill it afterwards. If that fails, the device is detached with nothing
 * mapped.
 *
 * A device that is moved may be doing DMA, which has to find its mappings in
 * the new domain from the start.
 */
static int hwpt_attach_and_fill(struct attach_req *req,
				struct iommufd_hwpt *hwpt)
{
	int ret;

	if (req->replace)
		return attach_fill(req, hwpt) ?: hwpt_replace_locked(req, hwpt);
	ret = hwpt_attach_locked(req, hwpt);
	if (ret)
		return ret;
	ret = attach_fill(req, hwpt);
	if (ret)
		object_put_user(&hwpt_detach_locked(req->idev)->obj);
	return ret;
}

static int hwpt_attach_new(struct attach_req *req, struct iommufd_ioas *ioas)
{
	struct iommufd_device *idev = req->idev;
	const struct hwpt_request request = {
		.dev = idev->dev,
		.coherent = idev->coherent,
		.noiommu = idev->noiommu,
	};
	struct iommufd_hwpt *hwpt;
	int ret;

	hwpt = hwpt_new(idev->ictx, ioas, &request);
	if (IS_ERR(hwpt))
		return PTR_ERR(hwpt);
	hwpt->automatic = true;
	ret = hwpt_attach_and_fill(req, hwpt);
	if (ret) {
		hwpt_abort(hwpt);
		return ret;
	}
	req->pt_id = hwpt->obj.id;
	object_publish(&hwpt->obj);
	return 0;
}

/*
 * A group that is attached to an automatic HWPT of the IOAS keeps it. A group
 * that is attached to another HWPT can be moved, but no further device can be
 * attached.
 */
static int hwpt_attach_ioas(struct attach_req *req, struct iommufd_ioas *ioas)
{
	struct iommufd_device *idev = req->idev;
	struct iommufd_group *igroup = idev->igroup;
	struct iommufd_hwpt *cur = igroup->hwpt;
	int ret;

	if (!list_empty(&igroup->attached)) {
		if (cur->automatic && cur->ioas == ioas) {
			req->pt_id = cur->obj.id;
			return hwpt_attach_or_replace(req, cur);
		}
		if (!req->replace)
			return attach_refuse_group(idev);
	}
	if (req->replace && list_empty(&idev->attached))
		return attach_refuse(idev, -EINVAL, REFUSAL_NOT_ATTACHED, 0, 0);

	if (mutex_lock_killable(&ioas->lock))
		return -EINTR;
	ret = hwpt_attach_existing(req, ioas);
	if (ret == -EINVAL)
		ret = hwpt_attach_new(req, ioas);
	mutex_unlock(&ioas->lock);
	return ret;
}

/* The lock keeps the last user of an automatic HWPT from leaving it. */
static int hwpt_attach_automatic(struct attach_req *req,
				 struct iommufd_hwpt *hwpt)
{
	struct mutex *lock = &hwpt->ioas->lock;
	int ret = -ENOENT;

	if (mutex_lock_killable(lock))
		return -EINTR;
	if (object_tryget(&hwpt->obj)) {
		ret = hwpt_attach_or_replace(req, hwpt);
		object_put(&hwpt->obj);
	}
	mutex_unlock(lock);
	return ret;
}

static int hwpt_attach_object(struct attach_req *req,
			      struct iommufd_object *obj)
{
	if (obj->ops == &ioas_ops)
		return hwpt_attach_ioas(req, ioas_of(obj));
	if (obj->ops != &hwpt_ops)
		return attach_refuse(req->idev, -EINVAL, REFUSAL_PT_KIND,
				     obj->id, 0);
	if (hwpt_of(obj)->automatic)
		return hwpt_attach_automatic(req, hwpt_of(obj));
	return hwpt_attach_or_replace(req, hwpt_of(obj));
}

/* No reference is held while the lock of the group is waited for. */
static int hwpt_attach_present(struct attach_req *req)
{
	struct iommufd_device *idev = req->idev;
	struct mutex *lock = &idev->igroup->lock;
	struct iommufd_object *obj;
	int ret;

	if (mutex_lock_killable(lock))
		return -EINTR;
	obj = object_get(&idev->ictx->objects, req->pt_id, NULL);
	if (IS_ERR(obj)) {
		ret = attach_refuse(idev, PTR_ERR(obj), REFUSAL_NO_OBJECT,
				    req->pt_id, 0);
	} else {
		ret = hwpt_attach_object(req, obj);
		object_put(obj);
	}
	mutex_unlock(lock);
	if (req->old)
		hwpt_put_user(req->old);
	return ret;
}

static int hwpt_hold_cold(struct attach_req *req, struct list_head *holds)
{
	struct iopt *iopt = req->cold;
	int ret;

	if (!iopt)
		return -EAGAIN;
	req->cold = NULL;
	ret = iopt_hold_all(iopt, holds);
	iopt_put(iopt);
	return ret;
}

/* Faults memory in without a lock: user space may have to be waited for. */
static int hwpt_attach_id(struct attach_req *req)
{
	const u32 pt_id = req->pt_id;
	LIST_HEAD(holds);
	int ret;

	do {
		req->pt_id = pt_id;
		ret = hwpt_attach_present(req);
	} while (ret == -EAGAIN && !(ret = hwpt_hold_cold(req, &holds)));
	iopt_release_all(&holds);
	return ret;
}

static int hwpt_attach_req(struct iommufd_device *idev, ioasid_t pasid,
			   u32 *pt_id, bool replace)
{
	struct attach_req req = {
		.idev = idev,
		.pasid = pasid,
		.replace = replace,
		.pt_id = *pt_id,
	};
	int ret;

	if (pasid != IOMMU_NO_PASID)
		return pasid_attach(&req);
	ret = hwpt_attach_id(&req);
	if (!ret)
		*pt_id = req.pt_id;
	return ret;
}

/**
 * iommufd_device_attach() - attach a device or a PASID to an HWPT or an IOAS
 * @idev: the device
 * @pasid: the PASID to attach, or IOMMU_NO_PASID for the device itself; not
 *	   attached
 * @pt_id: ID of an HWPT or an IOAS; set to the ID of the HWPT. For a PASID,
 *	   only the ID of an HWPT that was allocated for PASIDs.
 *
 * Attaching to an IOAS tries its automatic HWPTs first and creates one if none
 * is compatible. A group has one HWPT, so all of its devices must be attached
 * to the same one.
 *
 * Context: May sleep.
 * Return: 0; -ENOENT for an unknown ID, -EINVAL if the ID is not that of an
 * HWPT or IOAS or is not compatible, -EADDRINUSE if a mapping overlaps a range
 * that the device reserves, -EINTR if the current process is being killed,
 * another negative errno.
 */
int iommufd_device_attach(struct iommufd_device *idev, ioasid_t pasid,
			  u32 *pt_id)
{
	return hwpt_attach_req(idev, pasid, pt_id, false);
}
EXPORT_SYMBOL_NS_GPL(iommufd_device_attach, "IOMMUFD_NG");

/**
 * iommufd_device_replace() - move a device or a PASID to another HWPT or IOAS
 * @idev: the device
 * @pasid: the PASID to move, or IOMMU_NO_PASID for the device itself; attached
 * @pt_id: ID of an HWPT or an IOAS; set to the ID of the HWPT. For a PASID,
 *	   only the ID of an HWPT that was allocated for PASIDs.
 *
 * DMA is not interrupted if the driver of the IOMMU supports that. All attached
 * devices of the group are moved. On failure nothing has changed, with an
 * exception for PASIDs that pasid.c describes.
 *
 * Context: May sleep.
 * Return: as iommufd_device_attach(); -EINVAL also if the device or PASID is
 * not attached.
 */
int iommufd_device_replace(struct iommufd_device *idev, ioasid_t pasid,
			   u32 *pt_id)
{
	return hwpt_attach_req(idev, pasid, pt_id, true);
}
EXPORT_SYMBOL_NS_GPL(iommufd_device_replace, "IOMMUFD_NG");

/**
 * iommufd_device_detach() - detach a device or a PASID
 * @idev: the device
 * @pasid: the PASID to detach, or IOMMU_NO_PASID for the device itself; nothing
 *	   is done if it is not attached
 *
 * The DMA of a device is blocked once no device of its group is attached.
 *
 * Context: May sleep.
 */
void iommufd_device_detach(struct iommufd_device *idev, ioasid_t pasid)
{
	struct iommufd_group *igroup = idev->igroup;
	struct iommufd_hwpt *hwpt;

	if (pasid != IOMMU_NO_PASID) {
		pasid_detach(idev, pasid);
		return;
	}
	scoped_guard(mutex, &igroup->lock) {
		if (list_empty(&idev->attached))
			return;
		hwpt = hwpt_detach_locked(idev);
	}
	hwpt_put_user(hwpt);
}
EXPORT_SYMBOL_NS_GPL(iommufd_device_detach, "IOMMUFD_NG");
