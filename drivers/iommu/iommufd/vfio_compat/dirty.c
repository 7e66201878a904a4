// SPDX-License-Identifier: GPL-2.0-only
/*
 * The log of a container's dirty pages: when it is on, what emulated devices
 * write and pin, and what the IOMMUs track.
 */
#include <linux/bitops.h>
#include <linux/cleanup.h>
#include <linux/errno.h>
#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/sched.h>

#include "dirty.h"
#include "domain.h"
#include "domain/hwdirty.h"
#include "domain/user_bitmap.h"
#include "iopt/iopt_dirty.h"
#include "iopt/iopt_iova.h"

static const struct iova_range dirty_all = IOVA_RANGE_ALL;

/**
 * dirty_init() - initialize a log that is off
 * @dirty: the log, zeroed
 * @space: the mappings and domains of the same container
 */
void dirty_init(struct container_dirty *dirty, struct container_space *space)
{
	dirty->space = space;
	mutex_init(&dirty->lock);
	xa_init(&dirty->pins);
}

/**
 * dirty_destroy() - undo dirty_init()
 * @dirty: a log that is off
 */
void dirty_destroy(struct container_dirty *dirty)
{
	xa_destroy(&dirty->pins);
	mutex_destroy(&dirty->lock);
}

/**
 * dirty_add() - add a mapping to the log before memory is mapped
 * @dirty: the log, on or off
 * @range: IOVA, whole pages
 *
 * Context: May sleep; the caller holds the container's lock.
 * Return: 0, -EINVAL if the mapping is too large to be logged, -ENOMEM.
 */
int dirty_add(struct container_dirty *dirty, const struct iova_range *range)
{
	if (!dirty->on)
		return 0;
	guard(mutex)(&dirty->lock);
	return dirty_map_add(&dirty->maps, range);
}

/**
 * dirty_remove() - remove mappings from the log after they were unmapped
 * @dirty: the log, on or off
 * @range: IOVA; applies to each mapping that overlaps it
 *
 * Context: May sleep; the caller holds the container's lock.
 */
void dirty_remove(struct container_dirty *dirty, const struct iova_range *range)
{
	if (!dirty->on)
		return;
	guard(mutex)(&dirty->lock);
	dirty_map_remove_range(&dirty->maps, range);
}

/* Emulated devices */

static void dirty_mark_locked(struct container_dirty *dirty,
			      const struct iova_range *range)
{
	struct iova_range part;
	struct dirty_map *map;

	lockdep_assert_held(&dirty->lock);

	for (map = dirty_map_first(&dirty->maps, range); map;
	     map = dirty_map_next(map, range)) {
		iova_range_intersect(&map->node.range, range, &part);
		dirty_map_set(map, &part);
	}
}

/**
 * dirty_mark() - log a write by an emulated device
 * @dirty: the log
 * @range: IOVA, mapped until the function returns
 *
 * The lock orders earlier writes before a log that is started now.
 *
 * Context: May sleep; called without the container's lock.
 */
void dirty_mark(struct container_dirty *dirty, const struct iova_range *range)
{
	guard(mutex)(&dirty->lock);
	dirty_mark_locked(dirty, range);
}

/**
 * dirty_pin() - record that an emulated device has pinned a page
 * @dirty: the log
 * @iova: IOVA of the page
 *
 * Context: May sleep; called without the container's lock.
 * Return: 0, -ENOMEM, -EINTR if the current process is being killed.
 */
int dirty_pin(struct container_dirty *dirty, unsigned long iova)
{
	unsigned long pfn = PFN_DOWN(iova), pins;
	int ret;

	if (mutex_lock_killable(&dirty->lock))
		return -EINTR;
	pins = xa_to_value(xa_load(&dirty->pins, pfn));
	ret = xa_err(xa_store(&dirty->pins, pfn, xa_mk_value(pins + 1),
			      GFP_KERNEL_ACCOUNT));
	mutex_unlock(&dirty->lock);
	return ret;
}

/**
 * dirty_unpin() - record that an emulated device is going to unpin a page
 * @dirty: the log
 * @iova: IOVA of the page
 *
 * Marks the page dirty, because the device may have written to it until now.
 *
 * Context: May sleep; called without the container's lock.
 * Return: false if the page is not pinned.
 */
bool dirty_unpin(struct container_dirty *dirty, unsigned long iova)
{
	unsigned long pfn = PFN_DOWN(iova), pins;
	const struct iova_range page = {
		.first = PFN_PHYS(pfn),
		.last = PFN_PHYS(pfn) + PAGE_SIZE - 1,
	};

	guard(mutex)(&dirty->lock);
	pins = xa_to_value(xa_load(&dirty->pins, pfn));
	if (!pins)
		return false;
	if (pins > 1) {
		/* replaces an entry, which takes no memory */
		xa_store(&dirty->pins, pfn, xa_mk_value(pins - 1), 0);
		return true;
	}
	dirty_mark_locked(dirty, &page);
	xa_erase(&dirty->pins, pfn);
	return true;
}

static void dirty_mark_pinned(struct container_dirty *dirty,
			      struct dirty_map *map)
{
	unsigned long first = PFN_DOWN(map->node.range.first), pfn;
	void *pins;

	lockdep_assert_held(&dirty->lock);

	xa_for_each_range(&dirty->pins, pfn, pins, first,
			  PFN_DOWN(map->node.range.last))
		__set_bit(pfn - first, map->bits);
}

/* Devices with an IOMMU */

static bool dirty_track_all(struct container_space *space)
{
	struct container_domain *cdom;

	list_for_each_entry(cdom, &space->domains, entry) {
		if (cdom->tracking)
			continue;
		if (!cdom->dirty ||
		    iopt_track_dirty(space->iopt, cdom->domain, true))
			return false;
		cdom->tracking = true;
	}
	return true;
}

static void dirty_untrack_all(struct container_space *space)
{
	struct container_domain *cdom;

	list_for_each_entry(cdom, &space->domains, entry) {
		if (!cdom->tracking)
			continue;
		/* after an error the IOMMU sets bits that are not read */
		iopt_track_dirty(space->iopt, cdom->domain, false);
		cdom->tracking = false;
	}
}

/**
 * dirty_group_joined() - start dirty tracking after a group was attached
 * @dirty: the log
 *
 * If its domain cannot track dirty pages, tracking by the other domains is
 * useless and is stopped until the log is started again.
 *
 * Context: May sleep; the caller holds the container's lock.
 */
void dirty_group_joined(struct container_dirty *dirty)
{
	if (!dirty->by_iommu || dirty_track_all(dirty->space))
		return;
	dirty->by_iommu = false;
	dirty_untrack_all(dirty->space);
}

/**
 * dirty_group_left() - mark all pages dirty after a group was detached
 * @dirty: the log
 *
 * What the group has written is not known any more.
 *
 * Context: May sleep; the caller holds the container's lock.
 */
void dirty_group_left(struct container_dirty *dirty)
{
	struct dirty_map *map;

	guard(mutex)(&dirty->lock);
	for (map = dirty_map_first(&dirty->maps, &dirty_all); map;
	     map = dirty_map_next(map, &dirty_all))
		dirty_map_fill(map);
}

static int dirty_collect_iommu(struct container_space *space,
			       struct dirty_map *map)
{
	const struct iova_range *range = &map->node.range;
	struct container_domain *cdom;
	struct user_bitmap bitmap;
	int ret = 0;

	user_bitmap_init_kernel(&bitmap, map->bits, range, PAGE_SIZE);
	list_for_each_entry(cdom, &space->domains, entry) {
		ret = hwdirty_read(cdom->domain, &space->iopt->tables_lock,
				   range, true, &bitmap);
		if (ret)
			break;
	}
	return ret;
}

/**
 * dirty_collect() - add pinned pages, and pages dirty by an IOMMU, to a bitmap
 * @dirty: the log
 * @map: the bitmap
 *
 * Context: May sleep; the caller holds the container's lock and that of the log.
 * Return: 0 or an error of hwdirty_read(), after which the pages found so far
 * stay in the bitmap for the next time.
 */
int dirty_collect(struct container_dirty *dirty, struct dirty_map *map)
{
	dirty_mark_pinned(dirty, map);
	if (dirty->by_iommu)
		return dirty_collect_iommu(dirty->space, map);
	if (!list_empty(&dirty->space->domains))
		dirty_map_fill(map);
	return 0;
}

/* Start and stop */

static int dirty_add_all(struct container_dirty *dirty)
{
	struct iova_range left = dirty_all, area;
	int ret;

	lockdep_assert_held(&dirty->lock);

	while (iopt_first_vfio(dirty->space->iopt, &left, &area)) {
		ret = dirty_map_add(&dirty->maps, &area);
		if (ret)
			return ret;
		if (area.last == ULONG_MAX)
			break;
		left.first = area.last + 1;
		cond_resched();
	}
	return 0;
}

/**
 * dirty_start() - start the log
 * @dirty: the log; one that is on stays as it is
 *
 * Context: May sleep; the caller holds the container's lock.
 * Return: 0, -EINVAL if a mapping is too large to be logged, -ENOMEM.
 */
int dirty_start(struct container_dirty *dirty)
{
	int ret;

	if (dirty->on)
		return 0;
	scoped_guard(mutex, &dirty->lock) {
		ret = dirty_add_all(dirty);
		if (ret) {
			dirty_map_remove_range(&dirty->maps, &dirty_all);
			return ret;
		}
		dirty->on = true;
	}
	dirty->by_iommu = true;
	dirty_group_joined(dirty);
	return 0;
}

/**
 * dirty_stop() - stop the log
 * @dirty: the log, on or off
 *
 * Context: May sleep; the caller holds the container's lock.
 */
void dirty_stop(struct container_dirty *dirty)
{
	dirty_untrack_all(dirty->space);
	guard(mutex)(&dirty->lock);
	dirty->by_iommu = false;
	dirty->on = false;
	dirty_map_remove_range(&dirty->maps, &dirty_all);
}
