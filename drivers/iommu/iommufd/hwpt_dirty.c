// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dirty tracking of an HWPT: the ioctls that control it and read its result.
 */
#include <linux/err.h>
#include <linux/iommu.h>
#include <linux/mutex.h>
#include <uapi/linux/iommufd.h>

#include "hwpt.h"
#include "hwpt_dirty.h"
#include "ioas.h"
#include "iopt/iopt_dirty.h"
#include "lib/range.h"
#include "ucmd.h"

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
