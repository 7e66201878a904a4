// SPDX-License-Identifier: GPL-2.0-only
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/iommu.h>
#include <linux/sched.h>
#include <linux/sizes.h>

#include "area.h"
#include "hwmap.h"
#include "iopt.h"

/* No IOMMU page is larger, so a coarser IOVA buys nothing. */
#define LARGEST_PAGE SZ_1G

static const struct iova_range everything = { 0, ULONG_MAX };

/**
 * iopt_init() - an empty I/O address space without domains
 * @iopt: to be initialized
 *
 * Context: Any.
 */
void iopt_init(struct iopt *iopt)
{
	init_rwsem(&iopt->domains_rwsem);
	INIT_LIST_HEAD(&iopt->domains);
	iopt->small_pages = false;
	init_rwsem(&iopt->iova_rwsem);
	iova_space_init(&iopt->space);
	iopt->alignment = 1;
	iopt->nr_areas = 0;
	iopt->nr_settled = 0;
	init_waitqueue_head(&iopt->settled);
}

/* Mapping */

static int place_fixed(struct iopt *iopt, struct area *area,
		       const struct iopt_map *map)
{
	struct iova_range range;
	int rc;

	if (map->iova & (iopt->alignment - 1))
		return -EINVAL;
	rc = iova_range_from_user(map->iova, map->length, &range);
	if (rc)
		return rc;
	return iova_space_use_fixed(&iopt->space, &area->node, &range);
}

static int place_auto(struct iopt *iopt, struct area *area,
		      const struct iopt_map *map)
{
	const struct iova_fit fit = {
		.length = map->length,
		.hint = map->uaddr,
		.min_align = iopt->alignment,
		.max_align = LARGEST_PAGE,
	};

	return iova_space_use_auto(&iopt->space, &area->node, &fit);
}

static int place(struct iopt *iopt, struct area *area, struct iopt_map *map)
{
	int rc;

	guard(rwsem_write)(&iopt->iova_rwsem);
	if ((map->length | area->offset) & (iopt->alignment - 1))
		return -EINVAL;
	if (map->fixed)
		rc = place_fixed(iopt, area, map);
	else
		rc = place_auto(iopt, area, map);
	if (rc)
		return rc;
	area->state = AREA_PENDING;
	map->iova = area->node.range.first;
	iopt->nr_areas++;
	return 0;
}

static void displace(struct iopt *iopt, struct area *area)
{
	lockdep_assert_held_write(&iopt->iova_rwsem);
	iova_space_release(&iopt->space, &area->node);
	iopt->nr_areas--;
}

static void wake_waiters(struct iopt *iopt)
{
	if (wq_has_sleeper(&iopt->settled))
		wake_up_all(&iopt->settled);
}

static void settle(struct iopt *iopt, struct area *area, bool live)
{
	scoped_guard(rwsem_write, &iopt->iova_rwsem) {
		if (live)
			area->state = AREA_LIVE;
		else
			displace(iopt, area);
		iopt->nr_settled++;
	}
	wake_waiters(iopt);
}

static void unfill_one(struct area *area, struct iommu_domain *domain)
{
	struct hwmap_flush flush;

	hwmap_begin(&flush, domain);
	area_unmap(area, &flush);
	hwmap_end(&flush);
}

static int fill(struct iopt *iopt, struct area *area)
{
	struct iopt_domain *entry;
	int rc;

	if (list_empty(&iopt->domains))
		return 0;
	rc = area_pin(area);
	if (rc)
		return rc;
	list_for_each_entry(entry, &iopt->domains, entry) {
		rc = area_map(area, entry->domain, iopt->small_pages);
		if (rc)
			goto err_unfill;
	}
	return 0;

err_unfill:
	list_for_each_entry_continue_reverse(entry, &iopt->domains, entry)
		unfill_one(area, entry->domain);
	area_unpin(area);
	return rc;
}

static int place_and_fill(struct iopt *iopt, struct area *area,
			  struct iopt_map *map)
{
	int rc;

	if (down_read_killable(&iopt->domains_rwsem))
		return -EINTR;
	rc = place(iopt, area, map);
	if (!rc) {
		rc = fill(iopt, area);
		settle(iopt, area, !rc);
	}
	up_read(&iopt->domains_rwsem);
	return rc;
}

/**
 * iopt_map_user() - map memory of the current process
 * @iopt: where to map
 * @map: what to map; &iopt_map.iova is written where it is not fixed
 *
 * The memory is pinned now if there is a domain, else when the first one comes.
 *
 * Context: Process context of a process with an mm. May sleep.
 * Return: 0, or with nothing changed -EINVAL for no length, bad alignment or a
 * fixed IOVA that is reserved; -EOVERFLOW for a range that wraps or, without
 * a fixed IOVA, is half of the address space; -EEXIST where something is mapped
 * at the fixed IOVA; -ENOSPC where there is no IOVA; -ENOMEM also where
 * RLIMIT_MEMLOCK does not allow it; -EFAULT where there is no such memory or it
 * does not allow the access; -EINTR where the process is being killed.
 */
int iopt_map_user(struct iopt *iopt, struct iopt_map *map)
{
	struct area *area;
	int rc;

	might_sleep();
	area = area_create_user(map->uaddr, map->length, map->prot,
				map->charge);
	if (IS_ERR(area))
		return PTR_ERR(area);
	rc = place_and_fill(iopt, area, map);
	if (rc)
		area_destroy(area);
	return rc;
}

/* Unmapping */

/* Either all areas in the range are taken, or nothing happens */
static int claim(struct iopt *iopt, const struct iova_range *range,
		 struct list_head *areas)
{
	struct iova_node *node;

	lockdep_assert_held_write(&iopt->iova_rwsem);
	iova_space_for_each_used(&iopt->space, node, range) {
		if (!iova_range_contains(range, &node->range))
			return -ENOENT;
		if (area_of(node)->state != AREA_LIVE)
			return -EAGAIN;
	}
	iova_space_for_each_used(&iopt->space, node, range) {
		area_of(node)->state = AREA_DYING;
		list_add_tail(&area_of(node)->entry, areas);
	}
	return 0;
}

/* Leaves with domains_rwsem held for reading, unless it was interrupted */
static int claim_settled(struct iopt *iopt, const struct iova_range *range,
			 struct list_head *areas)
{
	unsigned int nr_settled;
	int rc;

	for (;;) {
		if (down_read_killable(&iopt->domains_rwsem))
			return -EINTR;
		scoped_guard(rwsem_write, &iopt->iova_rwsem) {
			rc = claim(iopt, range, areas);
			nr_settled = iopt->nr_settled;
		}
		if (rc != -EAGAIN)
			return rc;
		up_read(&iopt->domains_rwsem);
		if (wait_event_killable(iopt->settled,
					READ_ONCE(iopt->nr_settled) !=
						nr_settled))
			return -EINTR;
	}
}

/* No page goes before all domains were flushed, and no IOVA before its page */
static void unfill(struct iopt *iopt, struct list_head *areas)
{
	struct iopt_domain *translator;
	struct hwmap_flush flush;
	struct area *area;

	list_for_each_entry(translator, &iopt->domains, entry) {
		hwmap_begin(&flush, translator->domain);
		list_for_each_entry(area, areas, entry)
			area_unmap(area, &flush);
		hwmap_end(&flush);
	}
	list_for_each_entry(area, areas, entry)
		area_unpin(area);
}

static u64 retire(struct iopt *iopt, struct list_head *areas)
{
	struct area *area, *next;
	u64 bytes = 0;

	if (list_empty(areas))
		return 0;
	unfill(iopt, areas);
	scoped_guard(rwsem_write, &iopt->iova_rwsem) {
		list_for_each_entry(area, areas, entry)
			displace(iopt, area);
		iopt->nr_settled++;
	}
	wake_waiters(iopt);
	list_for_each_entry_safe(area, next, areas, entry) {
		bytes += iova_range_length(&area->node.range);
		area_destroy(area);
		cond_resched();
	}
	return bytes;
}

/**
 * iopt_unmap() - unmap all areas in a range
 * @iopt: the I/O address space
 * @range: contains each area that it touches
 * @unmapped: bytes that were unmapped; 0 where nothing was mapped, which is no
 *	error; written on success only
 *
 * Waits for those who are mapping or unmapping in the range.
 *
 * Context: May sleep.
 * Return: 0, or with nothing changed -ENOENT where @range contains only a part
 * of some area, -EINTR where the current process is being killed.
 */
int iopt_unmap(struct iopt *iopt, const struct iova_range *range, u64 *unmapped)
{
	LIST_HEAD(areas);
	int rc;

	might_sleep();
	rc = claim_settled(iopt, range, &areas);
	if (rc == -EINTR)
		return rc;
	if (!rc)
		*unmapped = retire(iopt, &areas);
	up_read(&iopt->domains_rwsem);
	return rc;
}

/**
 * iopt_unmap_all() - unmap all areas
 * @iopt: the I/O address space
 * @unmapped: bytes that were unmapped, written on success only
 *
 * Context: May sleep.
 * Return: 0, -EINTR where the current process is being killed.
 */
int iopt_unmap_all(struct iopt *iopt, u64 *unmapped)
{
	return iopt_unmap(iopt, &everything, unmapped);
}

/**
 * iopt_clear() - unmap all areas, whatever happens
 * @iopt: the I/O address space
 *
 * For teardown: cannot fail, and lets nobody else map or unmap meanwhile.
 *
 * Context: May sleep.
 */
void iopt_clear(struct iopt *iopt)
{
	LIST_HEAD(areas);

	might_sleep();
	guard(rwsem_write)(&iopt->domains_rwsem);
	scoped_guard(rwsem_write, &iopt->iova_rwsem)
		WARN_ON(claim(iopt, &everything, &areas));
	retire(iopt, &areas);
}

/**
 * iopt_destroy() - unmap all areas, free all that belongs to the address space
 * @iopt: without domains and out of everybody else's reach
 *
 * Context: May sleep.
 */
void iopt_destroy(struct iopt *iopt)
{
	WARN_ON(!list_empty(&iopt->domains));
	iopt_clear(iopt);
	iova_space_destroy(&iopt->space);
}

/* Reserved, allowed, used */

static int reserve_region(struct iopt *iopt,
			  const struct iommu_resv_region *region,
			  const void *owner)
{
	struct iova_range range;
	int rc;

	/* Firmware wants these mapped, but not once a driver took over. */
	if (region->type == IOMMU_RESV_DIRECT_RELAXABLE)
		return 0;
	rc = iova_range_from_user(region->start, region->length, &range);
	return rc ?: iova_space_reserve(&iopt->space, &range, owner);
}

/**
 * iopt_reserve_regions() - keep mappings out of what a device cannot translate
 * @iopt: the I/O address space
 * @regions: list of struct iommu_resv_region
 * @owner: for iopt_unreserve(); has no reservation yet
 *
 * Context: May sleep.
 * Return: 0, or with nothing reserved -EADDRINUSE where part of a region is
 * mapped or allowed, -ENOMEM.
 */
int iopt_reserve_regions(struct iopt *iopt, const struct list_head *regions,
			 const void *owner)
{
	const struct iommu_resv_region *region;
	int rc;

	guard(rwsem_write)(&iopt->iova_rwsem);
	list_for_each_entry(region, regions, list) {
		rc = reserve_region(iopt, region, owner);
		if (rc) {
			iova_space_unreserve(&iopt->space, owner);
			return rc;
		}
	}
	return 0;
}

/**
 * iopt_unreserve() - drop all reservations of one owner
 * @iopt: the I/O address space
 * @owner: given to iopt_reserve_regions(); may have none
 *
 * Context: May sleep.
 */
void iopt_unreserve(struct iopt *iopt, const void *owner)
{
	guard(rwsem_write)(&iopt->iova_rwsem);
	iova_space_unreserve(&iopt->space, owner);
}

/**
 * iopt_set_allowed() - say where IOVA may be chosen
 * @iopt: the I/O address space
 * @ranges: in any order
 * @nr: how many; 0 allows everything
 *
 * Does not matter to maps at a fixed IOVA.
 *
 * Context: May sleep.
 * Return: as iova_space_set_allowed().
 */
int iopt_set_allowed(struct iopt *iopt, const struct iova_range *ranges,
		     size_t nr)
{
	guard(rwsem_write)(&iopt->iova_rwsem);
	return iova_space_set_allowed(&iopt->space, ranges, nr);
}

/**
 * iopt_usable_ranges() - where mappings are possible
 * @iopt: the I/O address space
 * @ranges: room for @max ranges; may be NULL where that is 0
 * @max: ranges to write at most
 * @alignment: what IOVA, length and address must be multiples of, in bytes;
 *	may be NULL
 *
 * Context: May sleep.
 * Return: how many ranges there are, of which the first @max were written.
 */
size_t iopt_usable_ranges(struct iopt *iopt, struct iova_range *ranges,
			  size_t max, unsigned long *alignment)
{
	struct iova_range usable;
	size_t nr = 0;

	guard(rwsem_read)(&iopt->iova_rwsem);
	iova_space_for_each_usable(&iopt->space, usable) {
		if (nr < max)
			ranges[nr] = usable;
		nr++;
	}
	if (alignment)
		*alignment = iopt->alignment;
	return nr;
}

/**
 * iopt_first_area() - find the lowest area that has a byte in a range
 * @iopt: the I/O address space
 * @within: where to look
 * @area: its IOVA, written on success only
 *
 * What is being mapped or unmapped counts.
 *
 * Context: May sleep.
 * Return: true where there is one.
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
 * iopt_nr_areas() - count the areas
 * @iopt: the I/O address space
 *
 * Context: May sleep.
 * Return: their number; what is being mapped or unmapped counts.
 */
unsigned int iopt_nr_areas(struct iopt *iopt)
{
	guard(rwsem_read)(&iopt->iova_rwsem);
	return iopt->nr_areas;
}
