// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attaching devices: the one place that knows device, HWPT and IOAS together.
 *
 * Order of an attach to an IOAS where no HWPT suits: make an HWPT, reserve what
 * the device needs of the IOVA, attach, fill the HWPT, publish it. A device that
 * is moved gets an HWPT that is filled first. Either way the device sees nothing
 * new until all of it is there or it may find out by itself, and nobody else
 * sees an HWPT that fails.
 */
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/iommu.h>
#include <linux/iommufd.h>
#include <linux/lockdep.h>
#include <linux/mutex.h>

#include "ctx.h"
#include "device.h"
#include "domain/iommu_core.h"
#include "group.h"
#include "hwpt.h"
#include "ioas.h"
#include "iopt/iopt_domain.h"
#include "iopt/iopt_iova.h"
#include "pasid.h"

/**
 * typedef change_fn - attach a device to an HWPT, or move it there
 * @idev: the device, its group locked
 * @hwpt: the HWPT
 * @old: set to the HWPT that the caller must hwpt_put_user() once, if any
 *
 * Return: 0, -EINVAL where @hwpt does not suit the device, another negative
 * errno.
 */
typedef int (*change_fn)(struct iommufd_device *idev, struct iommufd_hwpt *hwpt,
			 struct iommufd_hwpt **old);

static int reserve_regions(struct iommufd_device *idev,
			   struct iommufd_ioas *ioas)
{
	LIST_HEAD(regions);
	int ret;

	if (idev->noiommu)
		return 0;
	iommu_get_resv_regions(idev->dev, &regions);
	ret = iopt_reserve_regions(&ioas->iopt, &regions, idev);
	iommu_put_resv_regions(idev->dev, &regions);
	return ret;
}

/* Whatever a domain is nested in translates the writes that are MSIs. */
static int setup_msi(struct iommufd_hwpt *hwpt, struct iommu_group *group)
{
	struct iommufd_hwpt *paging = hwpt->parent ?: hwpt;

	return iommu_core_setup_msi(paging->domain, group);
}

/* @send: iommu_core_attach() or iommu_core_replace() */
static int send_group(struct iommufd_device *idev, struct iommufd_hwpt *hwpt,
		      int (*send)(struct iommu_domain *domain,
				  struct iommu_group *group,
				  const struct fault_target *target))
{
	const struct fault_target target =
		hwpt_fault_target(hwpt, &idev->faults);
	struct iommu_group *group = idev->igroup->group;
	int ret;

	if (idev->noiommu)
		return 0;
	ret = setup_msi(hwpt, group);
	if (ret)
		return ret;
	ret = iopt_stop_mapping(&hwpt->ioas->iopt);
	if (ret)
		return ret;
	ret = send(hwpt->domain, group, &target);
	iopt_resume_mapping(&hwpt->ioas->iopt);
	return ret;
}

static bool suits(struct iommufd_device *idev, struct iommufd_hwpt *hwpt)
{
	return idev->noiommu == hwpt->noiommu && pasid_allows(idev, hwpt);
}

/*
 * A &change_fn. The first device of a group attaches the group. Where it makes
 * page requests it is the only one: they are known to be its own.
 */
static int attach_locked(struct iommufd_device *idev, struct iommufd_hwpt *hwpt,
			 struct iommufd_hwpt **old)
{
	struct iommufd_group *igroup = idev->igroup;
	bool first = list_empty(&igroup->attached);
	int ret;

	lockdep_assert_held(&igroup->lock);

	*old = NULL;
	if (!list_empty(&idev->attached))
		return -EBUSY;
	if (!first && igroup->hwpt != hwpt)
		return -EINVAL;
	if (!first && hwpt->fault)
		return -EINVAL;
	if (!suits(idev, hwpt))
		return -EINVAL;
	ret = reserve_regions(idev, hwpt->ioas);
	if (ret)
		return ret;
	if (first)
		ret = send_group(idev, hwpt, iommu_core_attach);
	if (ret) {
		iopt_unreserve(&hwpt->ioas->iopt, idev);
		return ret;
	}
	igroup->hwpt = hwpt;
	list_add_tail(&idev->attached, &igroup->attached);
	object_get_user(&hwpt->obj);
	return 0;
}

/* For the caller to unuse: what the device was attached to. */
static struct iommufd_hwpt *detach_locked(struct iommufd_device *idev)
{
	struct iommufd_group *igroup = idev->igroup;
	struct iommufd_hwpt *hwpt = igroup->hwpt;

	lockdep_assert_held(&igroup->lock);

	list_del_init(&idev->attached);
	if (list_empty(&igroup->attached) && !igroup->noiommu)
		iommu_core_detach(hwpt->domain, igroup->group);
	iopt_unreserve(&hwpt->ioas->iopt, idev);
	return hwpt;
}

static void unreserve_group(struct iommufd_group *igroup,
			    struct iommufd_ioas *ioas)
{
	struct iommufd_device *idev;

	list_for_each_entry(idev, &igroup->attached, attached)
		iopt_unreserve(&ioas->iopt, idev);
}

static int reserve_group(struct iommufd_group *igroup,
			 struct iommufd_ioas *ioas)
{
	struct iommufd_device *idev;
	int ret;

	list_for_each_entry(idev, &igroup->attached, attached) {
		ret = reserve_regions(idev, ioas);
		if (ret) {
			unreserve_group(igroup, ioas);
			return ret;
		}
	}
	return 0;
}

/* A &change_fn. All attached devices of the group move together. */
static int replace_locked(struct iommufd_device *idev,
			  struct iommufd_hwpt *hwpt, struct iommufd_hwpt **old)
{
	struct iommufd_group *igroup = idev->igroup;
	struct iommufd_hwpt *from = igroup->hwpt;
	struct iommufd_device *cur;
	bool other_ioas;
	int ret = 0;

	lockdep_assert_held(&igroup->lock);

	*old = NULL;
	if (list_empty(&idev->attached))
		return -EINVAL;
	if (from == hwpt)
		return 0;
	list_for_each_entry(cur, &igroup->attached, attached)
		if (!suits(cur, hwpt))
			return -EINVAL;
	if (hwpt->fault && !list_is_singular(&igroup->attached))
		return -EINVAL;

	other_ioas = from->ioas != hwpt->ioas;
	if (other_ioas)
		ret = reserve_group(igroup, hwpt->ioas);
	if (ret)
		return ret;
	ret = send_group(idev, hwpt, iommu_core_replace);
	if (other_ioas)
		unreserve_group(igroup, ret ? hwpt->ioas : from->ioas);
	if (ret)
		return ret;

	igroup->hwpt = hwpt;
	list_for_each_entry(cur, &igroup->attached, attached) {
		object_get_user(&hwpt->obj);
		if (cur != idev)
			object_put_user(&from->obj);
	}
	*old = from;
	return 0;
}

/* An existing automatic HWPT that suits, with a reference; -EINVAL if none. */
static int change_to_existing(struct iommufd_device *idev,
			      struct iommufd_ioas *ioas, change_fn change,
			      u32 *pt_id, struct iommufd_hwpt **old)
{
	struct iommufd_hwpt *hwpt;
	int ret;

	list_for_each_entry(hwpt, &ioas->hwpts, entry) {
		if (!hwpt->automatic || !object_tryget(&hwpt->obj))
			continue;
		ret = change(idev, hwpt, old);
		*pt_id = hwpt->obj.id;
		object_put(&hwpt->obj);
		if (ret != -EINVAL)
			return ret;
	}
	return -EINVAL;
}

/*
 * Some drivers learn only from the first device attached to a domain which
 * pages and which IOVA it can have, and nothing can be mapped before. So the
 * domain is attached empty, which lets the device reach nothing, as before, and
 * filled then. If that fails all is undone in the opposite order: detached,
 * with nothing mapped.
 */
static int attach_and_fill(struct iommufd_device *idev,
			   struct iommufd_hwpt *hwpt)
{
	struct iommufd_hwpt *old;
	int ret;

	ret = attach_locked(idev, hwpt, &old);
	if (ret)
		return ret;
	ret = hwpt_fill(hwpt);
	if (ret)
		object_put_user(&detach_locked(idev)->obj);
	return ret;
}

/*
 * A device that is moved may be busy with what it reaches now, and must find
 * that in the new domain from the first moment on.
 */
static int fill_and_replace(struct iommufd_device *idev,
			    struct iommufd_hwpt *hwpt,
			    struct iommufd_hwpt **old)
{
	int ret = hwpt_fill(hwpt);

	return ret ?: replace_locked(idev, hwpt, old);
}

static int change_to_new(struct iommufd_device *idev, struct iommufd_ioas *ioas,
			 change_fn change, u32 *pt_id,
			 struct iommufd_hwpt **old)
{
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
	if (change == attach_locked)
		ret = attach_and_fill(idev, hwpt);
	else
		ret = fill_and_replace(idev, hwpt, old);
	if (ret) {
		hwpt_abort(hwpt);
		return ret;
	}
	*pt_id = hwpt->obj.id;
	object_publish(&hwpt->obj);
	return 0;
}

/*
 * A group that is on an automatic HWPT of the IOAS stays there; one that is
 * elsewhere can be moved, but not be joined by another device.
 */
static int change_to_ioas(struct iommufd_device *idev,
			  struct iommufd_ioas *ioas, change_fn change,
			  u32 *pt_id, struct iommufd_hwpt **old)
{
	struct iommufd_group *igroup = idev->igroup;
	struct iommufd_hwpt *cur = igroup->hwpt;
	int ret;

	if (!list_empty(&igroup->attached)) {
		if (cur->automatic && cur->ioas == ioas) {
			*pt_id = cur->obj.id;
			return change(idev, cur, old);
		}
		if (change == attach_locked)
			return -EINVAL;
	}
	if (change == replace_locked && list_empty(&idev->attached))
		return -EINVAL;

	if (mutex_lock_killable(&ioas->lock))
		return -EINTR;
	ret = change_to_existing(idev, ioas, change, pt_id, old);
	if (ret == -EINVAL)
		ret = change_to_new(idev, ioas, change, pt_id, old);
	mutex_unlock(&ioas->lock);
	return ret;
}

static int change_locked(struct iommufd_device *idev,
			 struct iommufd_object *obj, change_fn change,
			 u32 *pt_id, struct iommufd_hwpt **old)
{
	if (obj->ops == &ioas_ops)
		return change_to_ioas(idev, ioas_of(obj), change, pt_id, old);
	if (obj->ops == &hwpt_ops)
		return change(idev, hwpt_of(obj), old);
	return -EINVAL;
}

static int change_pt(struct iommufd_device *idev, u32 *pt_id, change_fn change)
{
	struct mutex *lock = &idev->igroup->lock;
	struct iommufd_hwpt *old = NULL;
	struct iommufd_object *obj;
	u32 out_id = *pt_id;
	int ret;

	obj = object_get(&idev->ictx->objects, *pt_id, NULL);
	if (IS_ERR(obj))
		return PTR_ERR(obj);
	ret = mutex_lock_killable(lock);
	if (!ret) {
		ret = change_locked(idev, obj, change, &out_id, &old);
		mutex_unlock(lock);
	}
	object_put(obj);
	if (old)
		hwpt_put_user(old);
	if (!ret)
		*pt_id = out_id;
	return ret;
}

/**
 * iommufd_device_attach() - let a device reach what an IOAS maps
 * @idev: the device, not attached
 * @pasid: IOMMU_NO_PASID, or the PASID whose DMA it is about
 * @pt_id: ID of an HWPT or an IOAS; set to the HWPT's. For a PASID of an HWPT
 *	   that was made for PASIDs.
 *
 * Given an IOAS, its automatic HWPTs are tried first, and one is made where none
 * suits. A group has one HWPT, so its second device must be given the same one.
 *
 * Context: May sleep.
 * Return: 0; -ENOENT for an unknown ID, -EINVAL where it is not an HWPT or IOAS
 * or does not suit, -EADDRINUSE where a mapping is in the way of a range that
 * the device reserves, -EINTR where the current process is being killed, another
 * negative errno.
 */
int iommufd_device_attach(struct iommufd_device *idev, ioasid_t pasid,
			  u32 *pt_id)
{
	if (pasid != IOMMU_NO_PASID)
		return pasid_attach(idev, pasid, *pt_id);
	return change_pt(idev, pt_id, attach_locked);
}
EXPORT_SYMBOL_NS_GPL(iommufd_device_attach, "IOMMUFD_NG");

/**
 * iommufd_device_replace() - move a device to another HWPT
 * @idev: the device, attached
 * @pasid: IOMMU_NO_PASID, or the PASID whose DMA it is about
 * @pt_id: ID of an HWPT or an IOAS; set to the HWPT's. For a PASID of an HWPT
 *	   that was made for PASIDs.
 *
 * There is no moment without translation, as far as the IOMMU's driver can do
 * that. Other attached devices of the group move along. On failure nothing has
 * changed.
 *
 * Context: May sleep.
 * Return: as iommufd_device_attach(); -EINVAL also where it is not attached.
 */
int iommufd_device_replace(struct iommufd_device *idev, ioasid_t pasid,
			   u32 *pt_id)
{
	if (pasid != IOMMU_NO_PASID)
		return pasid_replace(idev, pasid, *pt_id);
	return change_pt(idev, pt_id, replace_locked);
}
EXPORT_SYMBOL_NS_GPL(iommufd_device_replace, "IOMMUFD_NG");

/**
 * iommufd_device_detach() - take a device's memory away
 * @idev: the device; one that is not attached is left alone
 * @pasid: IOMMU_NO_PASID, or the PASID whose DMA it is about
 *
 * Its DMA is blocked once no device of its group is attached.
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
		hwpt = detach_locked(idev);
	}
	hwpt_put_user(hwpt);
}
EXPORT_SYMBOL_NS_GPL(iommufd_device_detach, "IOMMUFD_NG");
