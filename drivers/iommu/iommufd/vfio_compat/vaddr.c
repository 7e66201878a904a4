// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which addresses of a container's memory are valid.
 */
#include <linux/errno.h>

#include "domain.h"
#include "iopt/iopt_iova.h"
#include "iopt/iopt_vaddr.h"
#include "lib/range.h"
#include "vaddr.h"

/**
 * vaddr_updatable() - VFIO_CHECK_EXTENSION of VFIO_UPDATE_VADDR
 * @space: what is mapped
 *
 * A device that is software may reach for memory at any time.
 *
 * Context: The caller holds the container's lock.
 * Return: true where addresses can be made invalid.
 */
bool vaddr_updatable(const struct container_space *space)
{
	return !space->nr_emulated;
}

/**
 * vaddr_check_attach() - may a group come?
 * @space: what is mapped
 *
 * It might need memory to be pinned, or reach for it.
 *
 * Context: May sleep; the caller holds the container's lock.
 * Return: 0, or -EBUSY while an address is invalid.
 */
int vaddr_check_attach(struct container_space *space)
{
	return iopt_vaddr_invalidated(&space->iopt) ? -EBUSY : 0;
}

static bool vaddr_begins_inside(struct iopt *iopt,
				const struct iova_range *range)
{
	const struct iova_range at = { range->first, range->first };
	struct iova_range area;

	return iopt_first_area(iopt, &at, &area) && area.first < range->first;
}

static bool vaddr_ends_inside(struct iopt *iopt, const struct iova_range *range)
{
	const struct iova_range at = { range->last, range->last };
	struct iova_range area;

	return iopt_first_area(iopt, &at, &area) && area.last > range->last;
}

/**
 * vaddr_invalidate() - VFIO_IOMMU_UNMAP_DMA with VFIO_DMA_UNMAP_FLAG_VADDR
 * @space: what is mapped, with no group whose devices are software
 * @range: IOVA
 * @by_first: a mapping is meant where its first IOVA is in the range, and none
 *	where the range begins inside of one
 * @bytes: what the mappings there have is added to it
 *
 * Which mappings are meant follows the rules by which they would be unmapped.
 *
 * Context: May sleep; the caller holds the container's lock.
 * Return: 0, or with nothing changed -EINVAL where the range cuts a mapping,
 * unless @by_first allows that, or the address of one is invalid already.
 */
int vaddr_invalidate(struct container_space *space,
		     const struct iova_range *range, bool by_first, u64 *bytes)
{
	struct iopt *iopt = &space->iopt;

	if (vaddr_begins_inside(iopt, range))
		return by_first ? 0 : -EINVAL;
	if (!by_first && vaddr_ends_inside(iopt, range))
		return -EINVAL;
	return iopt_invalidate_vaddr(iopt, range, bytes);
}

/**
 * vaddr_restore() - VFIO_IOMMU_MAP_DMA with VFIO_DMA_MAP_FLAG_VADDR
 * @space: what is mapped
 * @range: IOVA of the mapping
 * @vaddr: where its memory is in the current process, page aligned
 *
 * Context: May sleep; the caller holds the container's lock.
 * Return: 0, or with nothing changed -ENOENT where nothing is mapped, -EINVAL
 * where the range is not that of one mapping, or its address is valid, -ENOMEM
 * where the current process may not lock as much memory, -EINTR where it is being
 * killed.
 */
int vaddr_restore(struct container_space *space, const struct iova_range *range,
		  unsigned long vaddr)
{
	return iopt_restore_vaddr(&space->iopt, range, vaddr);
}
