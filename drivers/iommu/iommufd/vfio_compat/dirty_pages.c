// SPDX-License-Identifier: GPL-2.0-only
/*
 * VFIO_IOMMU_DIRTY_PAGES: copy and check the request, then start, stop or
 * report the log.
 */
#include <linux/bitops.h>
#include <linux/errno.h>
#include <linux/lockdep.h>
#include <linux/uaccess.h>
#include <linux/vfio_type1.h>
#include <uapi/linux/vfio.h>

#include "container.h"
#include "dirty.h"
#include "dirty_pages.h"
#include "lib/range.h"
#include "type1.h"

/**
 * struct dirty_pages_request - a request, with its variable part
 */
struct dirty_pages_request {
	/** @get: variable part of a request for a bitmap */
	struct vfio_iommu_type1_dirty_bitmap_get get;
	/** @range: IOVA range of @get */
	struct iova_range range;
	/** @cmd: fixed part; last, because it ends with a flexible array */
	struct vfio_iommu_type1_dirty_bitmap cmd;
};

static int dirty_pages_find_range(struct dirty_pages_request *request)
{
	int ret = iova_range_from_user(request->get.iova, request->get.size,
				       &request->range);

	if (ret)
		return ret == -EOVERFLOW ? TYPE1_EWRAP : ret;
	if (!TYPE1_REPORT_TO_END && request->range.last == ULONG_MAX)
		return -EINVAL;
	return 0;
}

static int dirty_pages_get_range(struct dirty_pages_request *request,
				 void __user *arg)
{
	const size_t minsz =
		offsetofend(struct vfio_iommu_type1_dirty_bitmap, flags);
	int ret;

	if (request->cmd.argsz - minsz < sizeof(request->get))
		return -EINVAL;
	if (copy_from_user(&request->get, arg + minsz, sizeof(request->get)))
		return -EFAULT;
	ret = dirty_pages_find_range(request);
	if (ret)
		return ret;
	return dirty_check_bitmap(&request->get.bitmap, request->get.size);
}

/* Exactly one of the flags must be set. */
static int dirty_pages_get_request(struct dirty_pages_request *request,
				   void __user *arg)
{
	const size_t minsz =
		offsetofend(struct vfio_iommu_type1_dirty_bitmap, flags);
	struct vfio_iommu_type1_dirty_bitmap *cmd = &request->cmd;

	if (copy_from_user(cmd, arg, minsz))
		return -EFAULT;
	if (cmd->argsz < minsz)
		return -EINVAL;
	switch (cmd->flags) {
	case VFIO_IOMMU_DIRTY_PAGES_FLAG_START:
	case VFIO_IOMMU_DIRTY_PAGES_FLAG_STOP:
		return 0;
	case VFIO_IOMMU_DIRTY_PAGES_FLAG_GET_BITMAP:
		return dirty_pages_get_range(request, arg);
	default:
		return -EINVAL;
	}
}

static int dirty_pages_report(struct container *container,
			      const struct dirty_pages_request *request)
{
	unsigned long pgsizes = type1_pgsizes(container->space.iopt);
	unsigned long pgsize = BIT(__ffs(pgsizes));

	if (request->get.bitmap.pgsize != pgsize ||
	    !iova_range_aligned(&request->range, pgsize))
		return -EINVAL;
	return dirty_report(&container->dirty, &request->range,
			    &request->get.bitmap);
}

static int dirty_pages_run(struct container *container,
			   const struct dirty_pages_request *request)
{
	lockdep_assert_held(&container->lock);

	if (container->state != CONTAINER_TYPE1V2)
		return -EINVAL;
	switch (request->cmd.flags) {
	case VFIO_IOMMU_DIRTY_PAGES_FLAG_START:
		return dirty_start(&container->dirty);
	case VFIO_IOMMU_DIRTY_PAGES_FLAG_STOP:
		dirty_stop(&container->dirty);
		return 0;
	default:
		return dirty_pages_report(container, request);
	}
}

/**
 * type1_dirty_pages() - VFIO_IOMMU_DIRTY_PAGES
 * @container: the container
 * @arg: user space's struct vfio_iommu_type1_dirty_bitmap
 *
 * Return: 0, -EACCES if the container is of type VFIO_TYPE1_IOMMU, another
 * negative errno.
 */
long type1_dirty_pages(struct container *container, void __user *arg)
{
	struct dirty_pages_request request = {};
	int ret;

	if (READ_ONCE(container->state) == CONTAINER_TYPE1)
		return -EACCES;
	ret = dirty_pages_get_request(&request, arg);
	if (ret)
		return ret;
	if (mutex_lock_killable(&container->lock))
		return -EINTR;
	ret = dirty_pages_run(container, &request);
	mutex_unlock(&container->lock);
	return ret;
}
