// SPDX-License-Identifier: GPL-2.0-only
/*
 * VFIO_IOMMU_MAP_DMA and VFIO_IOMMU_UNMAP_DMA of a container.
 */
#include <linux/bitops.h>
#include <linux/errno.h>
#include <linux/iommu.h>
#include <linux/iommufd.h>
#include <linux/lockdep.h>
#include <linux/uaccess.h>
#include <linux/vfio_type1.h>
#include <uapi/linux/vfio.h>

#include "container.h"
#include "dirty.h"
#include "iopt/iopt_domain.h"
#include "iopt/iopt_iova.h"
#include "lib/range.h"
#include "observe/stats.h"
#include "pages/pages.h"
#include "type1.h"
#include "user_words.h"
#include "vaddr.h"

/**
 * type1_pgsizes() - get the I/O page sizes reported to user space
 * @iopt: the I/O address space
 *
 * Sizes below PAGE_SIZE are useless to user space and hidden. IOMMUs that have
 * only such sizes may share none with the others.
 *
 * Return: bitmap of sizes in bytes.
 */
unsigned long type1_pgsizes(struct iopt *iopt)
{
	unsigned long pgsizes = iopt_pgsizes(iopt);

	if (!pgsizes || pgsizes & ~PAGE_MASK)
		pgsizes = (pgsizes & PAGE_MASK) | PAGE_SIZE;
	return pgsizes;
}

static unsigned long type1_page_mask(struct container *container)
{
	return BIT(__ffs(type1_pgsizes(container->space.iopt))) - 1;
}

static int type1_range(u64 start, u64 size, struct iova_range *range)
{
	int ret = iova_range_from_user(start, size, range);

	return ret == -EOVERFLOW ? TYPE1_EWRAP : ret;
}

/*
 * Add the log first, so that no write is missed. If both the log and the
 * mapping fail, report the error of the mapping.
 */
static int type1_map_with_log(struct container *container, struct iopt_map *map,
			      const struct iova_range *range)
{
	struct pages_source source = {
		.any_pfnmap = true,
		/* others wait for the container's lock meanwhile */
		.no_userfault = true,
		/* the number of mappings has a limit */
		.uncharged = true,
	};
	int log = dirty_add(&container->dirty, range);
	u64 unmapped;
	int ret;

	ret = iopt_map(container->space.iopt, map, &source);
	if (ret && !log)
		dirty_remove(&container->dirty, range);
	if (!ret && log) {
		iopt_unmap(container->space.iopt, range, AREA_VFIO, &unmapped);
		ret = log;
	}
	/*
	 * a range up to the highest address has no memory behind it, but is
	 * valid
	 */
	return ret == -EOVERFLOW ? -EFAULT : ret;
}

static noinline __cold void
type1_refuse_alignment(struct iommufd_refusal_log *log,
		       const struct iopt_map *map, unsigned long alignment)
{
	if (map->iova & (alignment - 1))
		iommufd_refuse(log, REFUSAL_ALIGN_IOVA, map->iova, alignment);
	else
		iommufd_refuse(log, REFUSAL_ALIGN_MEMORY, map->length,
			       map->uaddr, alignment);
}

static int type1_map_locked(struct container *container, struct iopt_map *map,
			    const struct iova_range *range, u32 flags)
{
	struct iommufd_refusal_log *log = &container->stats->refusals;
	struct iova_range area;
	unsigned long mask;

	lockdep_assert_held(&container->lock);

	if (!container_is_type1(container)) {
		iommufd_refuse(log, REFUSAL_NO_TYPE);
		return -EINVAL;
	}
	mask = type1_page_mask(container);
	if ((map->length | map->iova | map->uaddr) & mask) {
		type1_refuse_alignment(log, map, mask + 1);
		return -EINVAL;
	}
	if (flags & VFIO_DMA_MAP_FLAG_VADDR)
		return vaddr_restore(&container->space, range, map->uaddr);
	if (iopt_first_area(container->space.iopt, range, &area)) {
		iommufd_refuse(log, REFUSAL_OVERLAP, area.first, area.last);
		return -EEXIST;
	}
	if (READ_ONCE(container->space.iopt->nr_vfio) >= container->limit) {
		iommufd_refuse(log, REFUSAL_ENTRY_LIMIT, container->limit,
			       container->limit);
		return -ENOSPC;
	}
	map->small_pages =
		READ_ONCE(container->space.params->disable_hugepages);
	return type1_map_with_log(container, map, range);
}

/**
 * type1_map() - VFIO_IOMMU_MAP_DMA
 * @container: the container
 * @arg: user space's struct vfio_iommu_type1_dma_map
 *
 * Return: 0 or a negative errno.
 */
long type1_map(struct container *container, void __user *arg)
{
	const size_t minsz = offsetofend(struct vfio_iommu_type1_dma_map, size);
	const u32 access = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE;
	struct vfio_iommu_type1_dma_map cmd;
	struct iommufd_refusal_log *log = &container->stats->refusals;
	struct iova_range range, memory;
	struct iopt_map map = {};
	int ret;

	if (!get_user_words(&cmd, arg, minsz))
		return -EFAULT;
	if (cmd.argsz < minsz ||
	    cmd.flags & ~(access | VFIO_DMA_MAP_FLAG_VADDR)) {
		iommufd_refuse(log, REFUSAL_FLAGS, cmd.flags);
		return -EINVAL;
	}
	ret = type1_range(cmd.iova, cmd.size, &range);
	if (!ret)
		ret = type1_range(cmd.vaddr, cmd.size, &memory);
	if (ret) {
		iommufd_refusal_ask(log, cmd.iova, cmd.size);
		iommufd_refuse(log, cmd.size ? REFUSAL_WRAP : REFUSAL_LENGTH,
			       cmd.size ? cmd.vaddr : 0, cmd.size);
		return ret;
	}
	/* either a new mapping, or a new address for an existing mapping */
	if (!(cmd.flags & access) == !(cmd.flags & VFIO_DMA_MAP_FLAG_VADDR)) {
		iommufd_refuse(log, REFUSAL_NO_ACCESS);
		return -EINVAL;
	}

	map.iova = cmd.iova;
	map.length = cmd.size;
	map.uaddr = cmd.vaddr;
	map.fixed = true;
	map.abi = AREA_VFIO;
	map.charge = CHARGE_MM;
	map.prot = IOMMU_CACHE;
	if (cmd.flags & VFIO_DMA_MAP_FLAG_READ)
		map.prot |= IOMMU_READ;
	if (cmd.flags & VFIO_DMA_MAP_FLAG_WRITE)
		map.prot |= IOMMU_WRITE;

	if (mutex_lock_killable(&container->lock))
		return -EINTR;
	ret = type1_map_locked(container, &map, &range, cmd.flags);
	mutex_unlock(&container->lock);
	if (ret)
		iommufd_refusal_ask(log, cmd.iova, cmd.size);
	return ret;
}

/* Unmaps nothing if the range contains only part of some mapping. */
static int type1_unmap_v2(struct iopt *iopt, const struct iova_range *range,
			  u64 *unmapped)
{
	int ret = iopt_unmap(iopt, range, AREA_VFIO, unmapped);

	return ret == -ENOENT ? -EINVAL : ret;
}

/*
 * Unmaps each mapping whose first IOVA is in the range, and nothing if the
 * range begins inside of a mapping.
 */
static int type1_unmap_v1(struct iopt *iopt, const struct iova_range *range,
			  u64 *unmapped)
{
	struct iova_range area;
	u64 bytes;
	int ret;

	while (iopt_first_vfio(iopt, range, &area) &&
	       area.first >= range->first) {
		ret = iopt_unmap(iopt, &area, AREA_VFIO, &bytes);
		if (ret)
			return ret;
		*unmapped += bytes;
	}
	return 0;
}

static int type1_unmap_range(struct container *container,
			     const struct iova_range *range, u64 *unmapped)
{
	struct iopt *iopt = container->space.iopt;
	int ret;

	if (container->state == CONTAINER_TYPE1)
		return type1_unmap_v1(iopt, range, unmapped);
	ret = type1_unmap_v2(iopt, range, unmapped);
	if (!ret)
		dirty_remove(&container->dirty, range);
	return ret;
}

static int type1_unmap_all(struct container *container, u64 *unmapped)
{
	const struct iova_range all = IOVA_RANGE_ALL;
	int ret = iopt_unmap_all(container->space.iopt, AREA_VFIO, unmapped);

	if (!ret)
		dirty_remove(&container->dirty, &all);
	return ret;
}

/* Inlined because the compiler does not, for a cost of 20 instructions. */
static __always_inline int
type1_unmap_locked(struct container *container,
		   const struct vfio_iommu_type1_dma_unmap *cmd,
		   const struct vfio_bitmap *bitmap, u64 *unmapped)
{
	bool all = cmd->flags & VFIO_DMA_UNMAP_FLAG_ALL;
	struct iova_range range = { 0, ULONG_MAX };
	unsigned long mask;
	int ret = 0;

	lockdep_assert_held(&container->lock);

	if (!container_is_type1(container))
		return -EINVAL;
	if (cmd->flags & VFIO_DMA_UNMAP_FLAG_VADDR &&
	    !vaddr_updatable(&container->space))
		return -EBUSY;
	if (all && (cmd->iova || cmd->size))
		return -EINVAL;
	mask = type1_page_mask(container);
	if ((cmd->iova | cmd->size) & mask) {
		iommufd_refuse(&container->stats->refusals, REFUSAL_ALIGN_IOVA,
			       cmd->iova | cmd->size, mask + 1);
		return -EINVAL;
	}
	if (!all)
		ret = type1_range(cmd->iova, cmd->size, &range);
	if (ret)
		return ret;
	if (cmd->flags & VFIO_DMA_UNMAP_FLAG_VADDR)
		return vaddr_invalidate(&container->space, &range,
					container->state == CONTAINER_TYPE1,
					unmapped);
	if (all)
		return type1_unmap_all(container, unmapped);
	if (!(cmd->flags & VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP))
		return type1_unmap_range(container, &range, unmapped);
	if (bitmap->pgsize != mask + 1)
		return -EINVAL;
	return dirty_unmap(&container->dirty, &range, bitmap, unmapped);
}

static int type1_get_bitmap(const struct vfio_iommu_type1_dma_unmap *cmd,
			    void __user *arg, struct vfio_bitmap *bitmap)
{
	const u32 flag = VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP;
	const size_t minsz = offsetof(struct vfio_iommu_type1_dma_unmap, data);

	if (!(cmd->flags & flag))
		return 0;
	if (cmd->flags != flag || cmd->argsz < minsz + sizeof(*bitmap))
		return -EINVAL;
	if (copy_from_user(bitmap, arg + minsz, sizeof(*bitmap)))
		return -EFAULT;
	return dirty_check_bitmap(bitmap, cmd->size);
}

/**
 * type1_unmap() - VFIO_IOMMU_UNMAP_DMA
 * @container: the container
 * @arg: user space's struct vfio_iommu_type1_dma_unmap
 *
 * Return: 0, with the number of bytes unmapped written back, or a negative
 * errno.
 */
long type1_unmap(struct container *container, void __user *arg)
{
	const size_t minsz =
		offsetofend(struct vfio_iommu_type1_dma_unmap, size);
	const u32 flags = VFIO_DMA_UNMAP_FLAG_ALL | VFIO_DMA_UNMAP_FLAG_VADDR |
			  VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP;
	struct vfio_iommu_type1_dma_unmap cmd;
	struct vfio_bitmap bitmap = {};
	u64 unmapped = 0;
	int ret;

	if (!get_user_words(&cmd, arg, minsz))
		return -EFAULT;
	if (cmd.argsz < minsz || cmd.flags & ~flags)
		return -EINVAL;
	ret = type1_get_bitmap(&cmd, arg, &bitmap);
	if (ret)
		return ret;
	if (mutex_lock_killable(&container->lock))
		return -EINTR;
	ret = type1_unmap_locked(container, &cmd, &bitmap, &unmapped);
	mutex_unlock(&container->lock);
	if (ret) {
		iommufd_refusal_ask(&container->stats->refusals, cmd.iova,
				    cmd.size);
		return ret;
	}
	cmd.size = unmapped;
	return put_user_words(arg, &cmd, minsz) ? 0 : -EFAULT;
}
