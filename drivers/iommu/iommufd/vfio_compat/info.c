// SPDX-License-Identifier: GPL-2.0-only
/*
 * VFIO_IOMMU_GET_INFO: page sizes, dirty page logging, number of available
 * mappings, IOVA ranges.
 */
#include <linux/bitops.h>
#include <linux/errno.h>
#include <linux/lockdep.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <uapi/linux/vfio.h>

#include "container.h"
#include "dirty.h"
#include "info.h"
#include "iopt/iopt_iova.h"
#include "type1.h"

/**
 * struct info_caps - the capabilities, as they follow struct
 * vfio_iommu_type1_info
 *
 * One after the other, each at a multiple of 8 bytes.
 */
struct info_caps {
	/**
	 * @migration: abilities of VFIO_IOMMU_DIRTY_PAGES; left out for an IOAS
	 */
	struct vfio_iommu_type1_info_cap_migration migration;
	/** @avail: number of mappings that can be added */
	struct vfio_iommu_type1_info_dma_avail avail;
	/** @pad: pads to a multiple of 8 bytes */
	u32 pad;
	/** @iova: ranges usable for mappings; left out if there is none */
	struct vfio_iommu_type1_info_cap_iova_range iova;
};

/**
 * struct info_reply - the data returned to user space
 */
struct info_reply {
	/** @info: the fixed part */
	struct vfio_iommu_type1_info info;
	/** @caps: the capabilities, allocated */
	struct info_caps *caps;
	/** @begin: offset in @caps of the first capability returned */
	size_t begin;
	/** @end: offset in @caps of the end of the last one returned */
	size_t end;
};

static void info_fill_migration(struct info_caps *caps, unsigned long pgsizes)
{
	caps->migration.header.id = VFIO_IOMMU_TYPE1_INFO_CAP_MIGRATION;
	caps->migration.header.version = 1;
	caps->migration.pgsize_bitmap = BIT(__ffs(pgsizes));
	caps->migration.max_dirty_bitmap_size = DIRTY_MAX_BITMAP;
}

static void info_fill_avail(struct info_caps *caps, u32 avail)
{
	caps->avail.header.id = VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL;
	caps->avail.header.version = 1;
	caps->avail.avail = avail;
}

static void info_fill_iova(struct info_caps *caps,
			   const struct iova_range *ranges, size_t nr)
{
	struct vfio_iova_range *to = caps->iova.iova_ranges;

	caps->iova.header.id = VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE;
	caps->iova.header.version = 1;
	caps->iova.nr_iovas = nr;
	for (size_t i = 0; i < nr; i++) {
		to[i].start = ranges[i].first;
		to[i].end = ranges[i].last;
	}
}

static int info_add_caps(struct info_reply *reply, struct iopt *iopt, u32 avail,
			 bool ranges_wanted)
{
	struct iopt_usable usable;
	struct info_caps *caps;
	size_t nr;
	int ret;

	ret = iopt_get_usable(iopt, ranges_wanted ? SIZE_MAX : 0, &usable);
	if (ret)
		return ret;
	nr = usable.nr_listed;
	caps = kzalloc(struct_size(caps, iova.iova_ranges, nr),
		       GFP_KERNEL_ACCOUNT);
	if (!caps) {
		iopt_put_usable(&usable);
		return -ENOMEM;
	}
	reply->caps = caps;
	reply->end = nr ? struct_size(caps, iova.iova_ranges, nr) :
			  offsetof(struct info_caps, iova);
	info_fill_migration(caps, reply->info.iova_pgsizes);
	info_fill_avail(caps, avail);
	if (nr)
		info_fill_iova(caps, usable.ranges, nr);
	iopt_put_usable(&usable);
	return 0;
}

static u32 info_mappings_left(struct container *container)
{
	return container->limit -
	       min(container->limit, READ_ONCE(container->space.iopt->nr_vfio));
}

static int info_get_locked(struct container *container,
			   struct info_reply *reply)
{
	struct iopt *iopt = container->space.iopt;

	lockdep_assert_held(&container->lock);

	if (!container_is_type1(container))
		return -EINVAL;
	reply->info.iova_pgsizes = type1_pgsizes(iopt);
	return info_add_caps(reply, iopt, info_mappings_left(container),
			     container->space.had_domain);
}

static int info_get_request(struct info_reply *reply, void __user *arg)
{
	const size_t minsz =
		offsetofend(struct vfio_iommu_type1_info, iova_pgsizes);

	if (copy_from_user(&reply->info, arg, minsz))
		return -EFAULT;
	return reply->info.argsz < minsz ? -EINVAL : 0;
}

/* Each header has the offset of the next one from the start of the reply. */
static void info_chain_caps(struct info_reply *reply)
{
	const size_t here = sizeof(reply->info) - reply->begin;
	const size_t iova = offsetof(struct info_caps, iova);
	struct info_caps *caps = reply->caps;

	caps->migration.header.next = here + offsetof(struct info_caps, avail);
	caps->avail.header.next = reply->end > iova ? here + iova : 0;
}

static int info_put_reply(struct info_reply *reply, void __user *arg)
{
	struct vfio_iommu_type1_info *info = &reply->info;
	const size_t size = reply->end - reply->begin;
	size_t out = min_t(size_t, info->argsz, sizeof(*info));

	info_chain_caps(reply);
	info->flags = VFIO_IOMMU_INFO_PGSIZES | VFIO_IOMMU_INFO_CAPS;
	if (info->argsz < sizeof(*info) + size) {
		info->argsz = sizeof(*info) + size;
	} else {
		if (copy_to_user(arg + sizeof(*info),
				 (void *)reply->caps + reply->begin, size))
			return -EFAULT;
		info->cap_offset = sizeof(*info);
	}
	return copy_to_user(arg, info, out) ? -EFAULT : 0;
}

/**
 * type1_get_info() - VFIO_IOMMU_GET_INFO
 * @container: the container
 * @arg: user space's struct vfio_iommu_type1_info
 *
 * Writes either all capabilities or none. If they do not fit, argsz is set to
 * the size needed.
 *
 * Return: 0 or a negative errno.
 */
long type1_get_info(struct container *container, void __user *arg)
{
	struct info_reply reply = {};
	int ret;

	ret = info_get_request(&reply, arg);
	if (ret)
		return ret;
	if (mutex_lock_killable(&container->lock))
		return -EINTR;
	ret = info_get_locked(container, &reply);
	mutex_unlock(&container->lock);
	if (ret)
		return ret;
	ret = info_put_reply(&reply, arg);
	kfree(reply.caps);
	return ret;
}

/**
 * type1_get_ioas_info() - VFIO_IOMMU_GET_INFO of an IOAS
 * @iopt: its I/O address space, NULL if no IOAS is selected
 * @arg: user space's struct vfio_iommu_type1_info
 *
 * Return: 0, -ENODEV without @iopt, another negative errno.
 */
long type1_get_ioas_info(struct iopt *iopt, void __user *arg)
{
	struct info_reply reply = { .begin =
					    offsetof(struct info_caps, avail) };
	int ret;

	ret = info_get_request(&reply, arg);
	if (ret)
		return ret;
	if (!iopt)
		return -ENODEV;
	reply.info.iova_pgsizes = type1_pgsizes(iopt);
	/* only the available memory limits the number of mappings */
	ret = info_add_caps(&reply, iopt, U32_MAX, true);
	if (ret)
		return ret;
	ret = info_put_reply(&reply, arg);
	kfree(reply.caps);
	return ret;
}
