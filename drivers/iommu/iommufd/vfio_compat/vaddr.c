// SPDX-License-Identifier: GPL-2.0-only
/*
 * VFIO_UPDATE_VADDR: invalidate and restore the addresses of mapped memory.
 */
#include <linux/errno.h>

#include "domain.h"
#include "iopt/iopt_access.h"
#include "iopt/iopt_iova.h"
#include "iopt/iopt_vaddr.h"
#include "lib/range.h"
#include "vaddr.h"

/**
 * vaddr_updatable() - check whether addresses can be invalidated
 * @space: the mappings
 *
 * Serves VFIO_CHECK_EXTENSION of VFIO_UPDATE_VADDR. Emulated devices, in the
 * container or attached to its IOAS, rule it out because they may access memory
 * at any time.
 *
 * Context: The caller holds the container's lock.
 * Return: true if addresses can be invalidated.
 */
bool vaddr_updatable(const struct container_space *space)
{
	return !space->nr_emulated && iopt_has_no_users(space->iopt);
}

/**
 * vaddr_check_attach() - check that a group may be attached
 * @space: the mappings
 *
 * The group may require memory to be pinned, or access it.
 *
 * Context: May sleep; the caller holds the container's lock.
 * Return: 0, or -EBUSY while any address is invalid.
 */
int vaddr_check_attach(struct container_space *space)
{
	return iopt_vaddr_invalidated(space->iopt) ? -EBUSY : 0;
}

static bool vaddr_begins_inside(struct iopt *iopt,
				const struct iova_range *range)
{
	const struct iova_range at = { range->first, range->first };
	struct iova_range area;

	return iopt_first_vfio(iopt, &at, &area) && area.first < range->first;
}

static bool vaddr_ends_inside(struct iopt *iopt, const struct iova_range *range)
{
	const struct iova_range at = { range->last, range->last };
	struct iova_range area;

	return iopt_first_vfio(iopt, &at, &area) && area.last > range->last;
}

/**
 * vaddr_invalidate() - VFIO_IOMMU_UNMAP_DMA with VFIO_DMA_UNMAP_FLAG_VADDR
 * @space: the mappings, without groups of emulated devices
 * @range: IOVA
 * @by_first: select the mappings whose first IOVA is in the range, and none if
 *	the range begins inside of a mapping
 * @bytes: the length of the selected mappings is added
 *
 * Selects the mappings that would be unmapped without the flag.
 *
 * Context: May sleep; the caller holds the container's lock.
 * Return: 0, or with nothing changed -EINVAL if the range contains part of a
 * mapping, unless @by_first allows that, or if the address of a mapping is
 * already invalid.
 */
int vaddr_invalidate(struct container_space *space,
		     const struct iova_range *range, bool by_first, u64 *bytes)
{
	struct iopt *iopt = space->iopt;

	if (vaddr_begins_inside(iopt, range))
		return by_first ? 0 : -EINVAL;
	if (!by_first && vaddr_ends_inside(iopt, range))
		return -EINVAL;
	return iopt_invalidate_vaddr(iopt, range, bytes);
}

/**
 * vaddr_restore() - VFIO_IOMMU_MAP_DMA with VFIO_DMA_MAP_FLAG_VADDR
 * @space: the mappings
 * @range: IOVA of the mapping
 * @vaddr: address of its memory in the current process, page aligned
 *
 * Context: May sleep; the caller holds the container's lock.
 * Return: 0, or with nothing changed -ENOENT if nothing is mapped, -EINVAL if
 * the range is not that of one mapping or its address is valid, -ENOMEM if the
 * current process may not lock that much memory, -EINTR if the current task is
 * being killed.
 */
int vaddr_restore(struct container_space *space, const struct iova_range *range,
		  unsigned long vaddr)
{
	return iopt_restore_vaddr(space->iopt, range, vaddr);
}
