// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ioctls of a container that has no groups, served by an IOAS.
 */
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/iommu.h>
#include <linux/iommufd.h>
#include <linux/uaccess.h>
#include <uapi/linux/iommufd.h>
#include <uapi/linux/vfio.h>

#include "compat_ioas.h"
#include "container.h"
#include "container_space.h"
#include "ctx.h"
#include "hwpt.h"
#include "info.h"
#include "ioas.h"
#include "iopt/iopt_copy.h"
#include "iopt/iopt_domain.h"
#include "lib/range.h"
#include "observe/stats.h"
#include "pages/pages.h"
#include "ucmd.h"

static void compat_ioas_put(struct iommufd_ioas *ioas)
{
	if (ioas)
		object_put(&ioas->obj);
}

static int compat_ioas_set_iommu(struct iommufd_ioas *ioas, unsigned long type)
{
	if (type != VFIO_TYPE1_IOMMU && type != VFIO_TYPE1v2_IOMMU)
		return -EINVAL;
	if (!ioas)
		return -ENODEV;
	/* mappings can be cut anywhere only if they consist of small pages */
	if (type == VFIO_TYPE1_IOMMU)
		return iopt_set_small_pages(ioas->iopt, true);
	return 0;
}

static int compat_ioas_coherent(struct iommufd_ioas *ioas)
{
	struct iommufd_hwpt *hwpt;

	guard(mutex)(&ioas->lock);
	list_for_each_entry(hwpt, &ioas->hwpts, entry) {
		if (!hwpt->coherent)
			return 0;
	}
	return 1;
}

static long compat_ioas_check_extension(struct iommufd_ioas *ioas,
					unsigned long arg)
{
	if (arg == VFIO_DMA_CC_IOMMU && ioas)
		return compat_ioas_coherent(ioas);
	if (arg == VFIO_NOIOMMU_IOMMU)
		return READ_ONCE(iommufd_noiommu);
	return container_known_extension(arg);
}

static int compat_ioas_map(struct iommufd_ioas *ioas, void __user *arg)
{
	const size_t minsz = offsetofend(struct vfio_iommu_type1_dma_map, size);
	const u32 access = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE;
	struct vfio_iommu_type1_dma_map cmd;
	struct iopt_map map = {
		.fixed = true,
		.charge = CHARGE_MM,
		.prot = IOMMU_CACHE,
	};
	int ret;

	if (copy_from_user(&cmd, arg, minsz))
		return -EFAULT;
	if (cmd.argsz < minsz || cmd.flags & ~access || !(cmd.flags & access))
		return -EINVAL;
	if (!ioas)
		return -ENODEV;
	map.iova = cmd.iova;
	map.length = cmd.size;
	map.uaddr = cmd.vaddr;
	if (cmd.flags & VFIO_DMA_MAP_FLAG_READ)
		map.prot |= IOMMU_READ;
	if (cmd.flags & VFIO_DMA_MAP_FLAG_WRITE)
		map.prot |= IOMMU_WRITE;
	ret = iopt_map(ioas->iopt, &map, &(struct pages_source){});
	if (ret)
		iommufd_refusal_ask(&ioas->iopt->stats->refusals, cmd.iova,
				    cmd.size);
	return ret;
}

static int compat_ioas_cut_out(struct iopt *iopt,
			       const struct iova_range *range)
{
	int ret = 0;

	if (range->last != ULONG_MAX)
		ret = iopt_cut(iopt, range->last + 1);
	return ret ?: iopt_cut(iopt, range->first);
}

static int compat_ioas_unmap_range(struct iopt *iopt,
				   const struct vfio_iommu_type1_dma_unmap *cmd,
				   u64 *unmapped)
{
	struct iova_range range;
	int ret;

	if (cmd->flags & VFIO_DMA_UNMAP_FLAG_ALL) {
		if (cmd->iova || cmd->size)
			return -EINVAL;
		return iopt_unmap_all(iopt, AREA_IOMMUFD, unmapped);
	}
	ret = iova_range_from_user(cmd->iova, cmd->size, &range);
	if (!ret && READ_ONCE(iopt->small_pages))
		ret = compat_ioas_cut_out(iopt, &range);
	return ret ?: iopt_unmap(iopt, &range, AREA_IOMMUFD, unmapped);
}

static int compat_ioas_unmap(struct iommufd_ioas *ioas, void __user *arg)
{
	const size_t minsz =
		offsetofend(struct vfio_iommu_type1_dma_unmap, size);
	struct vfio_iommu_type1_dma_unmap cmd;
	u64 unmapped = 0;
	int ret;

	if (copy_from_user(&cmd, arg, minsz))
		return -EFAULT;
	if (cmd.argsz < minsz || cmd.flags & ~VFIO_DMA_UNMAP_FLAG_ALL)
		return -EINVAL;
	if (!ioas)
		return -ENODEV;
	ret = compat_ioas_unmap_range(ioas->iopt, &cmd, &unmapped);
	if (ret) {
		iommufd_refusal_ask(&ioas->iopt->stats->refusals, cmd.iova,
				    cmd.size);
		return ret;
	}
	cmd.size = unmapped;
	return copy_to_user(arg, &cmd, minsz) ? -EFAULT : 0;
}

static long compat_ioas_dispatch(struct iommufd_ioas *ioas, unsigned int cmd,
				 unsigned long arg)
{
	void __user *uarg = (void __user *)arg;

	switch (cmd) {
	case VFIO_GET_API_VERSION:
		return VFIO_API_VERSION;
	case VFIO_CHECK_EXTENSION:
		return compat_ioas_check_extension(ioas, arg);
	case VFIO_SET_IOMMU:
		return compat_ioas_set_iommu(ioas, arg);
	case VFIO_IOMMU_GET_INFO:
		return type1_get_ioas_info(ioas ? ioas->iopt : NULL, uarg);
	case VFIO_IOMMU_MAP_DMA:
		return compat_ioas_map(ioas, uarg);
	case VFIO_IOMMU_UNMAP_DMA:
		return compat_ioas_unmap(ioas, uarg);
	default:
		return -ENOTTY;
	}
}

/**
 * compat_ioas_ioctl() - serve an ioctl of a container by an IOAS
 * @ictx: the context, without groups
 * @cmd: ioctl number
 * @arg: its argument
 *
 * Context: May sleep.
 * Return: the value for user space; -ENODEV if no IOAS is selected.
 */
long compat_ioas_ioctl(struct iommufd_ctx *ictx, unsigned int cmd,
		       unsigned long arg)
{
	struct iommufd_ioas *ioas = compat_ioas_get(ictx);
	long ret;

	ret = compat_ioas_dispatch(ioas, cmd, arg);
	if (ret == -ENODEV && !ioas)
		iommufd_refuse(&ictx->stats->refusals,
			       REFUSAL_NO_IOAS_SELECTED);
	compat_ioas_put(ioas);
	return ret;
}
