// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ioctls of a VFIO container: check its state and call the handlers.
 */
#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <uapi/linux/vfio.h>

#include "compat_ioas.h"
#include "container.h"
#include "ctx.h"
#include "dirty_pages.h"
#include "dispatch.h"
#include "info.h"
#include "observe/stats.h"
#include "type1.h"

static long dispatch_type1(struct container *container, unsigned int cmd,
			   void __user *arg)
{
	switch (cmd) {
	case VFIO_IOMMU_GET_INFO:
		return type1_get_info(container, arg);
	case VFIO_IOMMU_MAP_DMA:
		return type1_map(container, arg);
	case VFIO_IOMMU_UNMAP_DMA:
		return type1_unmap(container, arg);
	case VFIO_IOMMU_DIRTY_PAGES:
		return type1_dirty_pages(container, arg);
	default:
		return -ENOTTY;
	}
}

static long dispatch_native(struct iommufd_ctx *ictx,
			    struct container *container, unsigned int cmd,
			    unsigned long arg)
{
	struct iommufd_refusal_log *log = &ictx->stats->refusals;

	switch (cmd) {
	case VFIO_GET_API_VERSION:
		return VFIO_API_VERSION;
	case VFIO_CHECK_EXTENSION:
		return container_check_extension(container, arg);
	case VFIO_SET_IOMMU:
		return container_set_iommu(ictx, arg);
	default:
		if (!container ||
		    READ_ONCE(container->state) == CONTAINER_UNSET) {
			iommufd_refuse(log, REFUSAL_NO_TYPE);
			return -EINVAL;
		}
		if (!container_is_type1(container))
			return -ENOTTY;
		return dispatch_type1(container, cmd, (void __user *)arg);
	}
}

/**
 * container_ioctl() - serve an ioctl that is not one of iommufd
 * @ictx: the context
 * @cmd: ioctl number
 * @arg: its argument
 *
 * Until VFIO_SET_IOMMU a container has only three ioctls; the others return
 * -EINVAL, from which programs conclude that no type is set. An IOAS serves the
 * ioctls instead if no group was ever added through /dev/iommu, or, as long as
 * there are no groups, after user space has selected an IOAS.
 *
 * Context: May sleep.
 * Return: the value for user space.
 */
long container_ioctl(struct iommufd_ctx *ictx, unsigned int cmd,
		     unsigned long arg)
{
	struct iommufd_stats *stats = ictx->stats;
	struct container *container;
	long ret;

	/* pairs with smp_store_release() in container_create() */
	container = smp_load_acquire(&ictx->container);
	if (!container_has_groups(container) &&
	    (READ_ONCE(ictx->compat_ioas) ||
	     (!container && iminor(file_inode(ictx->file)) != VFIO_MINOR)))
		ret = compat_ioas_ioctl(ictx, cmd, arg);
	else
		ret = dispatch_native(ictx, container, cmd, arg);
	if (iommufd_refusal_pending(&stats->refusals, ret))
		stats_refused(stats, cmd, ret);
	return ret;
}
