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
#include "lib/range.h"
#include "ucmd.h"
#include "viommu/viommu.h"

/* Bounds the time that one request occupies a CPU. */
#define MAX_INVALIDATIONS SZ_512K

static int hwpt_publish(struct iommufd_ucmd *ucmd, struct iommufd_hwpt *hwpt)
{
	struct iommu_hwpt_alloc *cmd = ucmd->cmd;
	int ret;

	if (IS_ERR(hwpt))
		return PTR_ERR(hwpt);
	cmd->out_hwpt_id = hwpt->obj.id;
	ret = ucmd_respond(ucmd, sizeof(*cmd));
	if (ret)
		hwpt_abort(hwpt);
	else
		object_publish(&hwpt->obj);
	return ret;
}

static int hwpt_alloc_locked(struct iommufd_ucmd *ucmd,
			     struct iommufd_ioas *ioas,
			     const struct hwpt_request *request)
{
	struct iommufd_hwpt *hwpt;
	int ret;

	hwpt = hwpt_new(ucmd->ictx, ioas, request);
	if (IS_ERR(hwpt))
		return PTR_ERR(hwpt);
	ret = hwpt_fill(hwpt);
	if (ret) {
		hwpt_abort(hwpt);
		return ret;
	}
	return hwpt_publish(ucmd, hwpt);
}

static int hwpt_alloc_paging(struct iommufd_ucmd *ucmd,
			     struct iommufd_ioas *ioas,
			     const struct hwpt_request *request)
{
	int ret;

	if (mutex_lock_killable(&ioas->lock))
		return -EINTR;
	ret = hwpt_alloc_locked(ucmd, ioas, request);
	mutex_unlock(&ioas->lock);
	return ret;
}

static bool hwpt_can_nest(const struct hwpt_request *request)
{
	return !(request->flags & ~IOMMU_HWPT_ALLOC_PASID) && request->data &&
	       !request->noiommu;
}

static int hwpt_alloc_nested(struct iommufd_ucmd *ucmd,
			     struct iommufd_hwpt *parent,
			     const struct hwpt_request *request)
{
	if (!hwpt_can_nest(request))
		return -EOPNOTSUPP;
	return hwpt_publish(ucmd, hwpt_new_nested(ucmd->ictx, parent, request));
}

static int hwpt_alloc_on_viommu(struct iommufd_ucmd *ucmd,
				struct iommufd_viommu *viommu,
				const struct hwpt_request *request)
{
	if (!viommu_supports(viommu, request->dev))
		return -EINVAL;
	if (!hwpt_can_nest(request))
		return -EOPNOTSUPP;
	return hwpt_publish(ucmd, hwpt_new_on_viommu(viommu, request));
}

static int hwpt_alloc_from(struct iommufd_ucmd *ucmd,
			   struct iommufd_object *obj,
			   const struct hwpt_request *request)
{
	if (obj->ops == &ioas_ops)
		return hwpt_alloc_paging(ucmd, ioas_of(obj), request);
	if (obj->ops == &hwpt_ops)
		return hwpt_alloc_nested(ucmd, hwpt_of(obj), request);
	return hwpt_alloc_on_viommu(ucmd, viommu_of(obj), request);
}

static int hwpt_alloc_with_fault(struct iommufd_ucmd *ucmd,
				 struct iommufd_object *obj,
				 struct hwpt_request *request)
{
	const u32 known = IOMMU_HWPT_ALLOC_NEST_PARENT |
			  IOMMU_HWPT_ALLOC_DIRTY_TRACKING |
			  IOMMU_HWPT_FAULT_ID_VALID | IOMMU_HWPT_ALLOC_PASID;
	const struct iommu_hwpt_alloc *cmd = ucmd->cmd;
	int ret;

	if (cmd->flags & ~known)
		return -EOPNOTSUPP;
	if (!(cmd->flags & IOMMU_HWPT_FAULT_ID_VALID))
		return hwpt_alloc_from(ucmd, obj, request);
	if (cmd->flags & IOMMU_HWPT_ALLOC_NEST_PARENT)
		return -EOPNOTSUPP;
	request->fault = fault_get(ucmd->ictx, cmd->fault_id);
	if (IS_ERR(request->fault))
		return PTR_ERR(request->fault);
	ret = hwpt_alloc_from(ucmd, obj, request);
	object_put(&request->fault->events.obj);
	return ret;
}

/* Check the type of the base object first: the permitted flags depend on it. */
static int hwpt_alloc_from_id(struct iommufd_ucmd *ucmd,
			      struct hwpt_request *request)
{
	const struct iommu_hwpt_alloc *cmd = ucmd->cmd;
	struct iommufd_object *obj;
	int ret = -EINVAL;

	obj = object_get(&ucmd->ictx->objects, cmd->pt_id, NULL);
	if (IS_ERR(obj))
		return -EINVAL;
	if (obj->ops == &ioas_ops || obj->ops == &hwpt_ops ||
	    obj->ops == &viommu_object_ops)
		ret = hwpt_alloc_with_fault(ucmd, obj, request);
	object_put(obj);
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
	struct iommu_hwpt_alloc *cmd = ucmd->cmd;
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

	if (cmd->__reserved)
		return -EOPNOTSUPP;
	if (!cmd->data_type != !cmd->data_len)
		return -EINVAL;
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
	if (IS_ERR(obj))
		return PTR_ERR(obj);
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

static int hwpt_set_tracking(struct iommufd_hwpt *hwpt, bool enable)
{
	struct iommufd_ioas *ioas = hwpt->ioas;
	int ret;

	if (!hwpt->dirty)
		return -EOPNOTSUPP;
	if (mutex_lock_killable(&ioas->lock))
		return -EINTR;
	ret = iopt_track_dirty(&ioas->iopt, hwpt->domain, enable);
	if (!ret)
		hwpt->tracking = enable;
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
	hwpt = hwpt_get(ucmd->ictx, cmd->hwpt_id);
	if (IS_ERR(hwpt))
		return PTR_ERR(hwpt);
	ret = hwpt_set_tracking(hwpt,
				cmd->flags & IOMMU_HWPT_DIRTY_TRACKING_ENABLE);
	object_put(&hwpt->obj);
	return ret;
}

static int hwpt_read_dirty(struct iommufd_hwpt *hwpt,
			   const struct iova_range *range,
			   const struct iommu_hwpt_get_dirty_bitmap *cmd)
{
	if (!hwpt->tracking)
		return -EINVAL;
	return iopt_read_dirty(
		&hwpt->ioas->iopt, hwpt->domain, range, cmd->page_size,
		!(cmd->flags & IOMMU_HWPT_GET_DIRTY_BITMAP_NO_CLEAR),
		u64_to_user_ptr(cmd->data));
}

static int hwpt_get_dirty(struct iommufd_hwpt *hwpt,
			  const struct iommu_hwpt_get_dirty_bitmap *cmd)
{
	struct iommufd_ioas *ioas = hwpt->ioas;
	struct iova_range range;
	int ret;

	ret = iova_range_from_user(cmd->iova, cmd->length, &range);
	if (!ret)
		ret = iopt_check_dirty(&ioas->iopt, &range, cmd->page_size);
	if (ret)
		return ret;
	if (!hwpt->dirty)
		return -EOPNOTSUPP;
	if (mutex_lock_killable(&ioas->lock))
		return -EINTR;
	ret = hwpt_read_dirty(hwpt, &range, cmd);
	mutex_unlock(&ioas->lock);
	return ret;
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
	hwpt = hwpt_get(ucmd->ictx, cmd->hwpt_id);
	if (IS_ERR(hwpt))
		return PTR_ERR(hwpt);
	ret = hwpt_get_dirty(hwpt, cmd);
	object_put(&hwpt->obj);
	return ret;
}
