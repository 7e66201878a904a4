// SPDX-License-Identifier: GPL-2.0-only
/*
 * The reserved and allowed IOVA of an I/O address space, and queries about the
 * usable and used IOVA.
 */
#include <linux/cleanup.h>
#include <linux/iommu.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/slab.h>

#include "iopt.h"
#include "iopt_iova.h"
#include "observe/stats.h"

static noinline __cold void iopt_refuse_reserve(struct iopt *iopt,
						const struct iova_range *range,
						const struct iopt_owner *owner)
{
	const struct iova_node *node;

	node = iova_space_first_used(&iopt->space, range);
	if (node)
		iommufd_refuse_name(&iopt->stats->refusals,
				    REFUSAL_RESERVES_MAPPED, owner->name, NULL,
				    range->first, range->last,
				    node->range.first, node->range.last);
	else
		iommufd_refuse_name(&iopt->stats->refusals,
				    REFUSAL_RESERVES_ALLOWED, owner->name, NULL,
				    range->first, range->last);
}

static int iopt_reserve_region(struct iopt *iopt,
			       const struct iommu_resv_region *region,
			       const struct iopt_owner *owner)
{
	struct iova_range range;
	int ret;

	/*
	 * Firmware needs these mapped only until a driver takes the device
	 * over.
	 */
	if (region->type == IOMMU_RESV_DIRECT_RELAXABLE)
		return 0;
	ret = iova_range_from_user(region->start, region->length, &range);
	if (ret)
		return ret;
	ret = iova_space_reserve(&iopt->space, &range, region->type, owner);
	if (ret == -EADDRINUSE)
		iopt_refuse_reserve(iopt, &range, owner);
	return ret;
}

/**
 * iopt_reserve_regions() - reserve the IOVA that a device cannot use
 * @iopt: the I/O address space
 * @regions: list of struct iommu_resv_region
 * @owner: for iopt_unreserve(); has no reservation yet
 *
 * Context: May sleep.
 * Return: 0, or with nothing reserved -EADDRINUSE if part of a region is mapped
 * or allowed, -ENOMEM.
 */
int iopt_reserve_regions(struct iopt *iopt, const struct list_head *regions,
			 const struct iopt_owner *owner)
{
	const struct iommu_resv_region *region;
	int ret;

	guard(rwsem_write)(&iopt->iova_rwsem);
	list_for_each_entry(region, regions, list) {
		ret = iopt_reserve_region(iopt, region, owner);
		if (ret) {
			iova_space_unreserve(&iopt->space, owner);
			return ret;
		}
	}
	return 0;
}

/**
 * iopt_reserve_range() - reserve one range of IOVA
 * @iopt: the I/O address space
 * @range: the range; nothing of it is mapped or allowed
 * @kind: IOMMU_RESV_*
 * @owner: for iopt_unreserve()
 *
 * Context: May sleep.
 * Return: 0, -EADDRINUSE if part of the range is mapped or allowed, -ENOMEM.
 */
int iopt_reserve_range(struct iopt *iopt, const struct iova_range *range,
		       unsigned int kind, const struct iopt_owner *owner)
{
	guard(rwsem_write)(&iopt->iova_rwsem);
	return iova_space_reserve(&iopt->space, range, kind, owner);
}

/**
 * iopt_reserve_outside() - reserve the IOVA that a domain cannot translate
 * @iopt: the I/O address space
 * @domain: a paging domain
 * @owner: for iopt_unreserve(); may have reservations
 *
 * Context: May sleep.
 * Return: 0, or with no new reservation -EADDRINUSE if IOVA outside of the
 * aperture of @domain is mapped or allowed, -ENOMEM.
 */
int iopt_reserve_outside(struct iopt *iopt, const struct iommu_domain *domain,
			 const struct iopt_owner *owner)
{
	const struct iommu_domain_geometry *geometry = &domain->geometry;
	const struct iova_range aperture = {
		.first = geometry->aperture_start,
		.last = min_t(u64, geometry->aperture_end, ULONG_MAX),
	};

	int ret;

	guard(rwsem_write)(&iopt->iova_rwsem);
	ret = iova_space_reserve_outside(&iopt->space, &aperture, owner);
	if (ret == -EADDRINUSE)
		iommufd_refuse(&iopt->stats->refusals, REFUSAL_APERTURE_MAPPED,
			       aperture.first, aperture.last);
	return ret;
}

/**
 * iopt_unreserve() - drop all reservations of one owner
 * @iopt: the I/O address space
 * @owner: as given to iopt_reserve_regions() or iopt_reserve_outside(); may
 *	have none
 *
 * Context: May sleep.
 */
void iopt_unreserve(struct iopt *iopt, const struct iopt_owner *owner)
{
	guard(rwsem_write)(&iopt->iova_rwsem);
	iova_space_unreserve(&iopt->space, owner);
}

/**
 * iopt_set_allowed() - set the ranges from which IOVA may be allocated
 * @iopt: the I/O address space
 * @ranges: array from kvmalloc(), in any order; the caller frees the array that
 *	it points to afterwards
 * @nr: number of ranges; 0, with NULL, allows all IOVA
 *
 * Does not restrict mappings at a fixed IOVA.
 *
 * Context: May sleep.
 * Return: as iova_space_sort_allowed() and iova_space_set_allowed().
 */
int iopt_set_allowed(struct iopt *iopt, struct iova_range **ranges, size_t nr)
{
	int ret = iova_space_sort_allowed(*ranges, &nr);

	if (ret)
		return ret;
	guard(rwsem_write)(&iopt->iova_rwsem);
	return iova_space_set_allowed(&iopt->space, ranges, nr);
}

static size_t iopt_fill_usable(struct iopt *iopt, struct iopt_usable *usable,
			       size_t max)
{
	struct iova_range range;
	size_t nr = 0;

	guard(rwsem_read)(&iopt->iova_rwsem);
	iova_space_for_each_usable(&iopt->space, range) {
		if (nr < max)
			usable->ranges[nr] = range;
		nr++;
	}
	usable->alignment = iopt->alignment;
	return nr;
}

/**
 * iopt_get_usable() - get the ranges that can be mapped
 * @iopt: the I/O address space
 * @max: maximum number of ranges to list
 * @usable: set to the ranges, to be freed by iopt_put_usable()
 *
 * The list is taken with a lock held throughout. If ranges were added since the
 * array was allocated, a larger one is allocated.
 *
 * Context: May sleep.
 * Return: 0 or -ENOMEM.
 */
int iopt_get_usable(struct iopt *iopt, size_t max, struct iopt_usable *usable)
{
	size_t capacity = 0;

	usable->ranges = NULL;
	usable->nr = iopt_fill_usable(iopt, usable, 0);
	while (min(usable->nr, max) > capacity) {
		capacity = min(usable->nr, max);
		kvfree(usable->ranges);
		usable->ranges = kvmalloc_array(
			capacity, sizeof(*usable->ranges), GFP_KERNEL_ACCOUNT);
		if (!usable->ranges)
			return -ENOMEM;
		usable->nr = iopt_fill_usable(iopt, usable, capacity);
	}
	usable->nr_listed = min(usable->nr, capacity);
	return 0;
}

/**
 * iopt_put_usable() - free the result of iopt_get_usable()
 * @usable: the result
 */
void iopt_put_usable(struct iopt_usable *usable)
{
	kvfree(usable->ranges);
}

/**
 * iopt_get_alignment() - get the alignment of mappings
 * @iopt: the I/O address space
 *
 * Context: May sleep.
 * Return: the required alignment of IOVA, length and address, in bytes.
 */
unsigned long iopt_get_alignment(struct iopt *iopt)
{
	guard(rwsem_read)(&iopt->iova_rwsem);
	return iopt->alignment;
}

/**
 * iopt_first_area() - find the lowest area that overlaps a range
 * @iopt: the I/O address space
 * @within: the range
 * @area: set to the IOVA of the area, written on success only
 *
 * Includes areas that are being mapped or unmapped.
 *
 * Context: May sleep.
 * Return: true if there is one.
 */
bool iopt_first_area(struct iopt *iopt, const struct iova_range *within,
		     struct iova_range *area)
{
	const struct iova_node *node;

	guard(rwsem_read)(&iopt->iova_rwsem);
	node = iova_space_first_used(&iopt->space, within);
	if (node)
		*area = node->range;
	return node;
}

/**
 * iopt_vfio_area() - find the lowest area of a container that overlaps a range
 * @iopt: the I/O address space
 * @within: the range
 *
 * Context: May sleep. The caller excludes mapping and unmapping by the container.
 * Return: the area, which stays as long as that, or NULL.
 */
struct area *iopt_vfio_area(struct iopt *iopt, const struct iova_range *within)
{
	struct iova_node *node;

	guard(rwsem_read)(&iopt->iova_rwsem);
	iova_space_for_each_used(&iopt->space, node, within) {
		if (area_of(node)->abi == AREA_VFIO)
			return area_of(node);
		cond_resched();
	}
	return NULL;
}

/**
 * iopt_first_vfio() - get the IOVA of what iopt_vfio_area() finds
 * @iopt: the I/O address space
 * @within: the range
 * @area: set to the IOVA of the area, written on success only
 *
 * Context: As iopt_vfio_area().
 * Return: true if there is one.
 */
bool iopt_first_vfio(struct iopt *iopt, const struct iova_range *within,
		     struct iova_range *area)
{
	const struct area *found = iopt_vfio_area(iopt, within);

	if (found)
		*area = found->node.range;
	return found;
}

/**
 * iopt_nr_areas() - count the areas
 * @iopt: the I/O address space
 *
 * Context: May sleep.
 * Return: their number, including those that are being mapped or unmapped.
 */
unsigned int iopt_nr_areas(struct iopt *iopt)
{
	guard(rwsem_read)(&iopt->iova_rwsem);
	return iopt->nr_areas;
}
