// SPDX-License-Identifier: GPL-2.0-only
/*
 * Invalidating the virtual addresses of mapped memory, and providing new ones.
 */
#include <linux/cleanup.h>
#include <linux/errno.h>
#include <linux/kernel.h>

#include "area.h"
#include "iopt.h"
#include "iopt_iova.h"
#include "iopt_vaddr.h"

static bool iopt_any_vaddr_invalid(struct iopt *iopt,
				   const struct iova_range *range)
{
	struct iova_node *node;

	if (!iopt->nr_vaddr_invalid)
		return false;
	iova_space_for_each_used(&iopt->space, node, range) {
		if (area_of(node)->vaddr_invalid)
			return true;
	}
	return false;
}

/**
 * iopt_vaddr_invalidated() - check for memory that cannot be pinned now
 * @iopt: the I/O address space
 *
 * Context: May sleep.
 * Return: true if the address of some memory is invalid.
 */
bool iopt_vaddr_invalidated(struct iopt *iopt)
{
	guard(rwsem_read)(&iopt->iova_rwsem);
	return iopt->nr_vaddr_invalid;
}

/**
 * iopt_invalidate_vaddr() - invalidate the virtual addresses of mapped memory
 * @iopt: the I/O address space
 * @range: IOVA; includes all mappings of the container that overlap it
 * @bytes: incremented by the length of the mappings
 *
 * Context: May sleep.
 * Return: 0, or with nothing changed -EINVAL if one of the addresses is invalid
 * already.
 */
int iopt_invalidate_vaddr(struct iopt *iopt, const struct iova_range *range,
			  u64 *bytes)
{
	struct iova_node *node;

	guard(rwsem_write)(&iopt->iova_rwsem);
	if (iopt_any_vaddr_invalid(iopt, range))
		return -EINVAL;
	iova_space_for_each_used(&iopt->space, node, range) {
		if (area_of(node)->abi != AREA_VFIO)
			continue;
		area_of(node)->vaddr_invalid = true;
		iopt->nr_vaddr_invalid++;
		*bytes += area_of(node)->length;
	}
	return 0;
}

/**
 * iopt_restore_vaddr() - set the new virtual address of a mapping
 * @iopt: the I/O address space
 * @range: IOVA of one mapping of the container
 * @vaddr: address of the first byte in the current process, with the same
 *	offset into its page as before
 *
 * The current process is charged for the memory from now on.
 *
 * Context: Process context of a process with an mm. May sleep.
 * Return: 0, or with nothing changed -ENOENT if nothing is mapped in the range,
 * -EINVAL if it is not exactly one mapping or the address is not invalid, an
 * error of pages_move().
 */
int iopt_restore_vaddr(struct iopt *iopt, const struct iova_range *range,
		       unsigned long vaddr)
{
	struct area *area = iopt_vfio_area(iopt, range);
	int ret;

	if (!area)
		return -ENOENT;
	if (!area->vaddr_invalid || area->node.range.first != range->first ||
	    area->node.range.last != range->last)
		return -EINVAL;
	ret = pages_move(area->pages, vaddr - area->offset);
	if (ret)
		return ret;
	guard(rwsem_write)(&iopt->iova_rwsem);
	area->vaddr_invalid = false;
	iopt->nr_vaddr_invalid--;
	return 0;
}
