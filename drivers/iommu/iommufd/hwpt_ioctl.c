// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ioctls of HWPTs.
 */
#include <linux/err.h>
#include <linux/iommu.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/sizes.h>
#include <uapi/linux/iommufd.h>

#include "ctx.h"
#include "device.h"
#include "fault.h"
#include "hwpt.h"
#include "hwpt_ioctl.h"
#include "ioas.h"
#include "iopt/iopt_dirty.h"
#include "iopt/iopt_hold.h"
#include "lib/range.h"
#include "nofault.h"
#include "observe/stats.h"
#include "ucmd.h"
#include "viommu/viommu.h"

/* Bounds the time that one request occupies a CPU. */
#define MAX_INVALIDATIONS SZ_512K

static int hwpt_connect_fault(struct iommufd_ucmd *ucmd,
			      struct iommufd_hwpt *hwpt)
{
	const struct iommu_hwpt_alloc *cmd = ucmd->cmd;
	struct fault_queue *fault;

	if (!(cmd->flags & IOMMU_HWPT_FAULT_ID_VALID))
		return 0;
	fault = fault_get(ucmd->ictx, cmd->fault_id);
	if (IS_ERR(fault))
		return PTR_ERR(fault);
	hwpt_set_fault(hwpt, fault);
	object_put(&fault->events.obj);
	return 0;
}

static int hwpt_fill_killable(struct iommufd_hwpt *hwpt)
{
	struct mutex *lock = &hwpt->ioas->lock;
	int ret;

	if (mutex_lock_killable(lock))
		return -EINTR;
	ret = hwpt_fill(hwpt);
	mutex_unlock(lock);
	return ret;
}

/* Faults memory in without a lock: user space may have to be waited for. */
static int hwpt_fault_and_fill(struct iommufd_hwpt *hwpt)
{
	LIST_HEAD(holds);
	int ret;

	do {
		ret = hwpt_fill_killable(hwpt);
	} while (ret == -EAGAIN &&
		 !(ret = iopt_hold_all(hwpt->ioas->iopt, &holds)));
	iopt_release_all(&holds);
	return ret;
}

/* The device has been released, since this may wait for user space. */
static int hwpt_fill_and_publish(struct iommufd_ucmd *ucmd,
				 struct iommufd_hwpt *hwpt)
{
	struct iommu_hwpt_alloc *cmd = ucmd->cmd;
	int ret = hwpt->parent ? 0 : hwpt_fault_and_fill(hwpt);

	if (ret) {
		hwpt_abort(hwpt);
		return ret;
	}
	ret = hwpt_connect_fault(ucmd, hwpt);
	if (!ret) {
		cmd->out_hwpt_id = hwpt->obj.id;
		ret = ucmd_respond(ucmd, sizeof(*cmd));
	}
	if (ret)
		object_tear_down(&hwpt->obj);
	else
		object_publish(&hwpt->obj);
	return ret;
}

static int hwpt_check_paging(const struct iommu_hwpt_alloc *cmd,
			     const struct hwpt_request *request)
{
	const u32 known = IOMMU_HWPT_ALLOC_NEST_PARENT |
			  IOMMU_HWPT_ALLOC_DIRTY_TRACKING |
			  IOMMU_HWPT_FAULT_ID_VALID | IOMMU_HWPT_ALLOC_PASID;
	bool fault = cmd->flags & IOMMU_HWPT_FAULT_ID_VALID;

	if (cmd->flags & ~known)
		return -EOPNOTSUPP;
	if (fault && cmd->flags & IOMMU_HWPT_ALLOC_NEST_PARENT)
		return -EOPNOTSUPP;
	return fault && request->noiommu ? -EOPNOTSUPP : 0;
}

static struct iommufd_hwpt *
hwpt_alloc_paging(struct iommufd_ucmd *ucmd, struct iommufd_ioas *ioas,
		  const struct hwpt_request *request)
{
	int ret = hwpt_check_paging(ucmd->cmd, request);

	return ret ? ERR_PTR(ret) : hwpt_new(ucmd->ictx, ioas, request);
}

static bool hwpt_can_nest(const struct hwpt_request *request)
{
	return !(request->flags & ~IOMMU_HWPT_ALLOC_PASID) && request->data &&
	       !request->noiommu;
}

static struct iommufd_hwpt *
hwpt_alloc_nested(struct iommufd_ucmd *ucmd, struct iommufd_hwpt *parent,
		  const struct hwpt_request *request)
{
	if (parent->parent)
		return ERR_PTR(-EINVAL);
	if (!hwpt_can_nest(request))
		return ERR_PTR(-EOPNOTSUPP);
	return hwpt_new_nested(ucmd->ictx, parent, request);
}

static struct iommufd_hwpt *
hwpt_alloc_on_viommu(struct iommufd_viommu *viommu,
		     const struct hwpt_request *request)
{
	if (!viommu_supports(viommu, request->dev)) {
		iommufd_refuse_name(&viommu->ictx->stats->refusals,
				    REFUSAL_VIOMMU_OTHER,
				    dev_name(request->dev), NULL,
				    viommu->obj.id);
		return ERR_PTR(-EINVAL);
	}
	if (!hwpt_can_nest(request))
		return ERR_PTR(-EOPNOTSUPP);
	return hwpt_new_on_viommu(viommu, request);
}

/* The type of the base object determines the permitted flags. */
static struct iommufd_hwpt *hwpt_alloc_from(struct iommufd_ucmd *ucmd,
					    struct iommufd_object *obj,
					    const struct hwpt_request *request)
{
	if (obj->ops == &ioas_ops)
		return hwpt_alloc_paging(ucmd, ioas_of(obj), request);
	if (obj->ops == &hwpt_ops)
		return hwpt_alloc_nested(ucmd, hwpt_of(obj), request);
	if (obj->ops == &viommu_object_ops)
		return hwpt_alloc_on_viommu(viommu_of(obj), request);
	return ERR_PTR(-EINVAL);
}

static int hwpt_alloc_from_id(struct iommufd_ucmd *ucmd,
			      const struct hwpt_request *request)
{
	const struct iommu_hwpt_alloc *cmd = ucmd->cmd;
	struct iommufd_object *obj;
	struct iommufd_hwpt *hwpt;

	obj = object_get(&ucmd->ictx->objects, cmd->pt_id, NULL);
	if (IS_ERR(obj)) {
		iommufd_refuse(&ucmd->ictx->stats->refusals, REFUSAL_NO_OBJECT,
			       cmd->pt_id);
		return -EINVAL;
	}
	hwpt = hwpt_alloc_from(ucmd, obj, request);
	object_put(obj);
	if (IS_ERR(hwpt))
		return PTR_ERR(hwpt);
	ucmd->created = &hwpt->obj;
	return 0;
}

static int hwpt_create(struct iommufd_ucmd *ucmd)
{
	const struct iommu_hwpt_alloc *cmd = ucmd->cmd;
	const struct iommu_user_data data = {
		.type = cmd->data_type,
		.uptr = u64_to_user_ptr(cmd->data_uptr),
		.len = cmd->data_len,
	};
	struct hwpt_request request = {
		.flags = cmd->flags & ~IOMMU_HWPT_FAULT_ID_VALID,
		.data = cmd->data_len ? &data : NULL,
	};
	struct iommufd_device *idev;
	int ret;

	idev = device_get(ucmd->ictx, cmd->dev_id);
	if (IS_ERR(idev))
		return PTR_ERR(idev);
	request.dev = idev->dev;
	request.coherent = idev->coherent;
	request.noiommu = idev->noiommu;
	ret = hwpt_alloc_from_id(ucmd, &request);
	object_put(&idev->obj);
	return ret;
}

/**
 * hwpt_alloc_ioctl() - IOMMU_HWPT_ALLOC
 * @ucmd: with a struct iommu_hwpt_alloc
 *
 * Return: 0 or a negative errno.
 */
int hwpt_alloc_ioctl(struct iommufd_ucmd *ucmd)
{
	const struct iommu_hwpt_alloc *cmd = ucmd->cmd;
	int ret;

	if (cmd->__reserved)
		return -EOPNOTSUPP;
	if (!cmd->data_type != !cmd->data_len)
		return -EINVAL;
	ret = nofault_call(ucmd, cmd->data_uptr, cmd->data_len, hwpt_create);
	return ret ?: hwpt_fill_and_publish(ucmd, hwpt_of(ucmd->created));
}

static int hwpt_invalidate_nested(struct iommufd_hwpt *hwpt,
				  struct iommu_user_data_array *array)
{
	struct iommu_domain *domain = hwpt->domain;

	if (!hwpt->parent)
		return -EINVAL;
	if (!domain->ops->cache_invalidate_user)
		return -EOPNOTSUPP;
	return domain->ops->cache_invalidate_user(domain, array);
}

static int hwpt_invalidate_viommu(struct iommufd_viommu *viommu,
				  struct iommu_user_data_array *array)
{
	if (!viommu->ops->cache_invalidate)
		return -EOPNOTSUPP;
	return viommu->ops->cache_invalidate(viommu, array);
}

static int hwpt_invalidate_id(struct iommufd_ctx *ictx, u32 id,
			      struct iommu_user_data_array *array)
{
	struct iommufd_object *obj;
	int ret = -EINVAL;

	obj = object_get(&ictx->objects, id, NULL);
	if (IS_ERR(obj)) {
		iommufd_refuse(&ictx->stats->refusals, REFUSAL_NO_OBJECT, id);
		return PTR_ERR(obj);
	}
	if (obj->ops == &hwpt_ops)
		ret = hwpt_invalidate_nested(hwpt_of(obj), array);
	else if (obj->ops == &viommu_object_ops)
		ret = hwpt_invalidate_viommu(viommu_of(obj), array);
	object_put(obj);
	return ret;
}

static int hwpt_check_invalidate(const struct iommu_hwpt_invalidate *cmd)
{
	if (cmd->__reserved)
		return -EOPNOTSUPP;
	if (!cmd->entry_num)
		return 0;
	if (!cmd->data_uptr || !cmd->entry_len || cmd->entry_len > PAGE_SIZE ||
	    cmd->entry_num > MAX_INVALIDATIONS)
		return -EINVAL;
	return 0;
}

/**
 * hwpt_invalidate_ioctl() - IOMMU_HWPT_INVALIDATE
 * @ucmd: with a struct iommu_hwpt_invalidate
 *
 * The number of entries that were handled is reported on failure as well.
 *
 * Return: 0 or a negative errno.
 */
int hwpt_invalidate_ioctl(struct iommufd_ucmd *ucmd)
{
	struct iommu_hwpt_invalidate *cmd = ucmd->cmd;
	struct iommu_user_data_array array = {
		.type = cmd->data_type,
		.uptr = u64_to_user_ptr(cmd->data_uptr),
		.entry_len = cmd->entry_len,
		.entry_num = cmd->entry_num,
	};
	int ret = hwpt_check_invalidate(cmd);
	u32 number = array.entry_num;

	if (!ret)
		ret = hwpt_invalidate_id(ucmd->ictx, cmd->hwpt_id, &array);
	/* an unchanged number on error: it failed before the first entry */
	cmd->entry_num = ret && array.entry_num == number ? 0 : array.entry_num;
	return ucmd_respond(ucmd, sizeof(*cmd)) ?: ret;
}

/* Nested HWPTs are not found, because they map no IOAS. */
static struct iommufd_hwpt *hwpt_get_paging(struct iommufd_ctx *ictx, u32 id)
{
	struct iommufd_hwpt *hwpt = hwpt_get(ictx, id);

	if (IS_ERR(hwpt) || !hwpt->parent)
		return hwpt;
	object_put(&hwpt->obj);
	return ERR_PTR(-ENOENT);
}

static int hwpt_set_tracking(struct iommufd_hwpt *hwpt, bool enable)
{
	struct iommufd_ioas *ioas = hwpt->ioas;
	int ret;

	if (!hwpt->dirty)
		return -EOPNOTSUPP;
	if (mutex_lock_killable(&ioas->lock))
		return -EINTR;
	ret = iopt_track_dirty(ioas->iopt, hwpt->domain, enable);
	if (!ret)
		WRITE_ONCE(hwpt->tracking, enable);
	mutex_unlock(&ioas->lock);
	return ret;
}

/**
 * hwpt_set_dirty_ioctl() - IOMMU_HWPT_SET_DIRTY_TRACKING
 * @ucmd: with a struct iommu_hwpt_set_dirty_tracking
 *
 * Return: 0 or a negative errno.
 */
int hwpt_set_dirty_ioctl(struct iommufd_ucmd *ucmd)
{
	struct iommu_hwpt_set_dirty_tracking *cmd = ucmd->cmd;
	struct iommufd_hwpt *hwpt;
	int ret;

	if (cmd->flags & ~IOMMU_HWPT_DIRTY_TRACKING_ENABLE || cmd->__reserved)
		return -EOPNOTSUPP;
	hwpt = hwpt_get_paging(ucmd->ictx, cmd->hwpt_id);
	if (IS_ERR(hwpt))
		return PTR_ERR(hwpt);
	ret = hwpt_set_tracking(hwpt,
				cmd->flags & IOMMU_HWPT_DIRTY_TRACKING_ENABLE);
	object_put(&hwpt->obj);
	return ret;
}

static int hwpt_get_dirty(struct iommufd_hwpt *hwpt,
			  const struct iommu_hwpt_get_dirty_bitmap *cmd)
{
	struct iopt *iopt = hwpt->ioas->iopt;
	struct iova_range range;
	int ret;

	ret = iova_range_from_user(cmd->iova, cmd->length, &range);
	if (!ret)
		ret = iopt_check_dirty(iopt, &range, cmd->page_size);
	if (ret)
		return ret;
	if (!hwpt->dirty)
		return -EOPNOTSUPP;
	if (!READ_ONCE(hwpt->tracking))
		return -EINVAL;
	return iopt_read_dirty(iopt, hwpt->domain, &range, cmd->page_size,
			       !(cmd->flags &
				 IOMMU_HWPT_GET_DIRTY_BITMAP_NO_CLEAR),
			       u64_to_user_ptr(cmd->data));
}

/**
 * hwpt_get_dirty_ioctl() - IOMMU_HWPT_GET_DIRTY_BITMAP
 * @ucmd: with a struct iommu_hwpt_get_dirty_bitmap
 *
 * Fails with -EINVAL while dirty tracking is disabled, because an empty bitmap
 * would mean that all pages are clean.
 *
 * Return: 0 or a negative errno.
 */
int hwpt_get_dirty_ioctl(struct iommufd_ucmd *ucmd)
{
	struct iommu_hwpt_get_dirty_bitmap *cmd = ucmd->cmd;
	struct iommufd_hwpt *hwpt;
	int ret;

	if (cmd->flags & ~IOMMU_HWPT_GET_DIRTY_BITMAP_NO_CLEAR ||
	    cmd->__reserved)
		return -EOPNOTSUPP;
	hwpt = hwpt_get_paging(ucmd->ictx, cmd->hwpt_id);
	if (IS_ERR(hwpt))
		return PTR_ERR(hwpt);
	ret = hwpt_get_dirty(hwpt, cmd);
	object_put(&hwpt->obj);
	return ret;
}
