// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a container tells of itself: page sizes, mappings left, IOVA ranges.
 */
#include <linux/cleanup.h>
#include <linux/errno.h>
#include <linux/lockdep.h>
#include <linux/overflow.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <uapi/linux/vfio.h>

#include "../iopt_iova.h"
#include "container.h"
#include "info.h"
#include "type1.h"

/**
 * struct caps - the capabilities, as they follow struct vfio_iommu_type1_info
 *
 * One after the other, each at a multiple of 8 bytes.
 */
struct caps {
	/** @avail: mappings left */
	struct vfio_iommu_type1_info_dma_avail avail;
	/** @pad: to a multiple of 8 */
	u32 pad;
	/** @iova: where mapping is possible; missing where there is no range */
	struct vfio_iommu_type1_info_cap_iova_range iova;
};

static void fill_avail(u32 avail, struct caps *caps, bool last)
{
	const size_t here = sizeof(struct vfio_iommu_type1_info);

	caps->avail.header.id = VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL;
	caps->avail.header.version = 1;
	caps->avail.header.next = last ? 0 : here + offsetof(struct caps, iova);
	caps->avail.avail = avail;
}

static void fill_iova(struct caps *caps, const struct iova_range *ranges,
		      size_t nr)
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

/*
 * How many ranges there are may have changed when they are asked for. Where
 * @anywhere is set there is no restriction to tell of.
 */
static struct caps *make_caps(struct iopt *iopt, u32 avail, bool anywhere,
			      size_t *size)
{
	struct iova_range *ranges __free(kfree) = NULL;
	struct caps *caps;
	size_t nr;

	nr = anywhere ? 0 : iopt_usable_ranges(iopt, NULL, 0, NULL);
	ranges = kmalloc_array(nr, sizeof(*ranges), GFP_KERNEL_ACCOUNT);
	caps = kzalloc(struct_size(caps, iova.iova_ranges, nr),
		       GFP_KERNEL_ACCOUNT);
	if (!caps || !ranges) {
		kfree(caps);
		return NULL;
	}
	nr = min(nr, iopt_usable_ranges(iopt, ranges, nr, NULL));
	*size = nr ? struct_size(caps, iova.iova_ranges, nr) :
		     offsetof(struct caps, iova);
	fill_avail(avail, caps, !nr);
	if (nr)
		fill_iova(caps, ranges, nr);
	return caps;
}

static u32 mappings_left(struct container *container)
{
	return container->limit -
	       min(container->limit, iopt_nr_areas(&container->space.iopt));
}

static int get_locked(struct container *container,
		      struct vfio_iommu_type1_info *info, struct caps **caps,
		      size_t *size)
{
	lockdep_assert_held(&container->lock);

	if (!container_is_type1(container))
		return -EINVAL;
	info->iova_pgsizes = type1_pgsizes(&container->space.iopt);
	*caps = make_caps(&container->space.iopt, mappings_left(container),
			  !container->space.had_domain, size);
	return *caps ? 0 : -ENOMEM;
}

static int get_request(struct vfio_iommu_type1_info *info, void __user *arg)
{
	const size_t minsz =
		offsetofend(struct vfio_iommu_type1_info, iova_pgsizes);

	if (copy_from_user(info, arg, minsz))
		return -EFAULT;
	return info->argsz < minsz ? -EINVAL : 0;
}

static int put_answer(struct vfio_iommu_type1_info *info,
		      const struct caps *caps, size_t size, void __user *arg)
{
	size_t out = min_t(size_t, info->argsz, sizeof(*info));

	info->flags = VFIO_IOMMU_INFO_PGSIZES | VFIO_IOMMU_INFO_CAPS;
	if (info->argsz < sizeof(*info) + size) {
		info->argsz = sizeof(*info) + size;
	} else {
		if (copy_to_user(arg + sizeof(*info), caps, size))
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
 * Capabilities are written all or not at all; where there is no room, argsz says
 * how much it takes.
 *
 * Return: 0 or a negative errno.
 */
long type1_get_info(struct container *container, void __user *arg)
{
	struct vfio_iommu_type1_info info = {};
	struct caps *caps __free(kfree) = NULL;
	size_t size;
	int ret;

	ret = get_request(&info, arg);
	if (ret)
		return ret;
	scoped_guard(mutex, &container->lock)
		ret = get_locked(container, &info, &caps, &size);
	return ret ?: put_answer(&info, caps, size, arg);
}

/**
 * type1_get_ioas_info() - VFIO_IOMMU_GET_INFO of an IOAS
 * @iopt: its I/O address space, NULL where there is none
 * @arg: user space's struct vfio_iommu_type1_info
 *
 * Return: 0, -ENODEV without @iopt, another negative errno.
 */
long type1_get_ioas_info(struct iopt *iopt, void __user *arg)
{
	struct vfio_iommu_type1_info info = {};
	struct caps *caps __free(kfree) = NULL;
	size_t size;
	int ret;

	ret = get_request(&info, arg);
	if (ret)
		return ret;
	if (!iopt)
		return -ENODEV;
	info.iova_pgsizes = type1_pgsizes(iopt);
	/* there is no limit but that of memory */
	caps = make_caps(iopt, U32_MAX, false, &size);
	return caps ? put_answer(&info, caps, size, arg) : -ENOMEM;
}
