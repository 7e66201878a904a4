// SPDX-License-Identifier: GPL-2.0-only
/*
 * What user space asks of page tables.
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
#include "ucmd.h"
#include "viommu/viommu.h"

/* So that one request does not occupy a processor for long. */
#define MAX_INVALIDATIONS SZ_512K

static int publish(struct iommufd_ucmd *ucmd, struct iommufd_hwpt *hwpt)
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

static int alloc_locked(struct iommufd_ucmd *ucmd, struct iommufd_ioas *ioas,
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
	return publish(ucmd, hwpt);
}

static int alloc_paging(struct iommufd_ucmd *ucmd, struct iommufd_ioas *ioas,
			const struct hwpt_request *request)
{
	int ret;

	if (mutex_lock_killable(&ioas->lock))
		return -EINTR;
	ret = alloc_locked(ucmd, ioas, request);
	mutex_unlock(&ioas->lock);
	return ret;
}

static bool can_nest(const struct hwpt_request *request)
{
	return !(request->flags & ~IOMMU_HWPT_ALLOC_PASID) && request->data &&
	       !request->noiommu;
}

static int alloc_nested(struct iommufd_ucmd *ucmd, struct iommufd_hwpt *parent,
			const struct hwpt_request *request)
{
	if (!can_nest(request))
		return -EOPNOTSUPP;
	return publish(ucmd, hwpt_new_nested(ucmd->ictx, parent, request));
}

static int alloc_on_viommu(struct iommufd_ucmd *ucmd,
			   struct iommufd_viommu *viommu,
			   const struct hwpt_request *request)
{
	if (!viommu_supports(viommu, request->dev))
		return -EINVAL;
	if (!can_nest(request))
		return -EOPNOTSUPP;
	return publish(ucmd, hwpt_new_on_viommu(viommu, request));
}

static int alloc_from(struct iommufd_ucmd *ucmd, struct iommufd_object *obj,
		      const struct hwpt_request *request)
{
	if (obj->ops == &ioas_ops)
		return alloc_paging(ucmd, ioas_of(obj), request);
	if (obj->ops == &hwpt_ops)
		return alloc_nested(ucmd, hwpt_of(obj), request);
	return alloc_on_viommu(ucmd, viommu_of(obj), request);
}

static int alloc_with_fault(struct iommufd_ucmd *ucmd,
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
		return alloc_from(ucmd, obj, request);
	if (cmd->flags & IOMMU_HWPT_ALLOC_NEST_PARENT)
		return -EOPNOTSUPP;
	request->fault = fault_get(ucmd->ictx, cmd->fault_id);
	if (IS_ERR(request->fault))
		return PTR_ERR(request->fault);
	ret = alloc_from(ucmd, obj, request);
	object_put(&request->fault->events.obj);
	return ret;
}

/* What it is made from is looked at before the flags, which depend on it. */
static int alloc_from_id(struct iommufd_ucmd *ucmd,
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
		ret = alloc_with_fault(ucmd, obj, request);
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
	ret = alloc_from_id(ucmd, &request);
	object_put(&idev->obj);
	return ret;
}

static int invalidate_hwpt(struct iommufd_hwpt *hwpt,
			   struct iommu_user_data_array *array)
{
	struct iommu_domain *domain = hwpt->domain;

	if (!hwpt->parent)
		return -EINVAL;
	if (!domain->ops->cache_invalidate_user)
		return -EOPNOTSUPP;
	return domain->ops->cache_invalidate_user(domain, array);
}

static int invalidate_viommu(struct iommufd_viommu *viommu,
			     struct iommu_user_data_array *array)
{
	if (!viommu->ops->cache_invalidate)
		return -EOPNOTSUPP;
	return viommu->ops->cache_invalidate(viommu, array);
}

static int invalidate_id(struct iommufd_ctx *ictx, u32 id,
			 struct iommu_user_data_array *array)
{
	struct iommufd_object *obj;
	int ret = -EINVAL;

	obj = object_get(&ictx->objects, id, NULL);
	if (IS_ERR(obj))
		return PTR_ERR(obj);
	if (obj->ops == &hwpt_ops)
		ret = invalidate_hwpt(hwpt_of(obj), array);
	else if (obj->ops == &viommu_object_ops)
		ret = invalidate_viommu(viommu_of(obj), array);
	object_put(obj);
	return ret;
}

static int check_invalidate(const struct iommu_hwpt_invalidate *cmd)
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
 * Also on failure user space is told how many entries were dealt with.
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
	int ret = check_invalidate(cmd);
	u32 number = array.entry_num;

	if (!ret)
		ret = invalidate_id(ucmd->ictx, cmd->hwpt_id, &array);
	/* who failed before it came to the entries did not change the number */
	cmd->entry_num = ret && array.entry_num == number ? 0 : array.entry_num;
	return ucmd_respond(ucmd, sizeof(*cmd)) ?: ret;
}
