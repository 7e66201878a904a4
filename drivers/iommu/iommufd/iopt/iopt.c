// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mapping and unmapping of areas in an I/O address space.
 */
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/iommu.h>
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/sched.h>
#include <linux/sizes.h>

#include "area.h"
#include "domain/hwmap.h"
#include "iopt.h"
#include "pages/pages.h"

/* No IOMMU page is larger, so a larger alignment of the IOVA gains nothing. */
#define LARGEST_PAGE SZ_1G

/*
 * How long users may take to unpin an area, and the interval at which they are
 * asked to. Most have unpinned when their unmap op returns.
 */
#define UNPIN_TIMEOUT (10 * HZ)
#define UNPIN_RETRY (HZ / 10)

/**
 * iopt_init() - initialize an empty I/O address space without domains
 * @iopt: the I/O address space
 *
 * Context: Any.
 */
void iopt_init(struct iopt *iopt)
{
	init_rwsem(&iopt->domains_rwsem);
	INIT_LIST_HEAD(&iopt->domains);
	iopt->small_pages = false;
	xa_init_flags(&iopt->users, XA_FLAGS_ALLOC | XA_FLAGS_ACCOUNT);
	iopt->nr_pinners = 0;
	init_rwsem(&iopt->iova_rwsem);
	iova_space_init(&iopt->space);
	iopt->alignment = 1;
	iopt->pgsizes = ULONG_MAX;
	iopt->nr_areas = 0;
	iopt->areas_seq = 0;
	init_waitqueue_head(&iopt->areas_wq);
}

/*
 * Lists of areas can be very long, but most have one entry and need no check.
 */
static void cond_resched_unless_last(const struct area *area,
				     const struct list_head *areas)
{
	if (!list_is_last(&area->entry, areas))
		cond_resched();
}

/* Mapping */

static int iopt_alloc_fixed(struct iopt *iopt, struct area *first,
			    const struct iopt_map *map)
{
	struct iova_range range;
	int ret;

	if (map->iova & (iopt->alignment - 1))
		return -EINVAL;
	ret = iova_range_from_user(map->iova, map->length, &range);
	if (ret)
		return ret;
	return iova_space_use_fixed(&iopt->space, &first->node, &range);
}

static int iopt_alloc_auto(struct iopt *iopt, struct area *first,
			   const struct iopt_map *map)
{
	const struct iova_fit fit = {
		.length = map->length,
		.hint = area_memory(first),
		.min_align = iopt->alignment,
		.max_align = LARGEST_PAGE,
	};

	return iova_space_use_auto(&iopt->space, &first->node, &fit);
}

static int iopt_check_areas(const struct iopt *iopt,
			    const struct list_head *areas)
{
	const struct area *area;

	list_for_each_entry(area, areas, entry) {
		if ((area->length | area->offset) & (iopt->alignment - 1))
			return -EINVAL;
		cond_resched_unless_last(area, areas);
	}
	return 0;
}

/*
 * The first area has the IOVA of the whole list; give each area its own part.
 */
static void iopt_split_iova(struct iopt *iopt, struct list_head *areas)
{
	struct area *area, *prev = NULL;

	list_for_each_entry(area, areas, entry) {
		if (prev)
			iova_space_split(&iopt->space, &prev->node,
					 prev->node.range.first + prev->length,
					 &area->node);
		area->state = AREA_PENDING;
		iopt->nr_areas++;
		prev = area;
		cond_resched_unless_last(area, areas);
	}
}

static int iopt_alloc_iova(struct iopt *iopt, struct list_head *areas,
			   struct iopt_map *map)
{
	struct area *first = list_first_entry(areas, struct area, entry);
	int ret;

	guard(rwsem_write)(&iopt->iova_rwsem);
	ret = iopt_check_areas(iopt, areas);
	if (ret)
		return ret;
	if (map->fixed)
		ret = iopt_alloc_fixed(iopt, first, map);
	else
		ret = iopt_alloc_auto(iopt, first, map);
	if (ret)
		return ret;
	map->iova = first->node.range.first;
	iopt_split_iova(iopt, areas);
	return 0;
}

static void iopt_free_iova(struct iopt *iopt, struct area *area)
{
	lockdep_assert_held_write(&iopt->iova_rwsem);
	iova_space_release(&iopt->space, &area->node);
	iopt->nr_areas--;
}

static void iopt_wake_areas(struct iopt *iopt)
{
	if (wq_has_sleeper(&iopt->areas_wq))
		wake_up_all(&iopt->areas_wq);
}

/*
 * Make PENDING areas LIVE, after which the list is meaningless, or return them
 * without IOVA to the caller.
 */
static void iopt_areas_changed(struct iopt *iopt, struct list_head *areas,
			       bool live)
{
	struct area *area;

	scoped_guard(rwsem_write, &iopt->iova_rwsem) {
		list_for_each_entry(area, areas, entry) {
			if (live)
				area->state = AREA_LIVE;
			else
				iopt_free_iova(iopt, area);
			cond_resched_unless_last(area, areas);
		}
		iopt->areas_seq++;
	}
	iopt_wake_areas(iopt);
}

static void iopt_unfill_one(struct area *area, struct iommu_domain *domain)
{
	struct hwmap_flush flush;

	hwmap_begin(&flush, domain);
	area_unmap(area, &flush);
	hwmap_end(&flush);
}

static int iopt_fill_area(struct iopt *iopt, struct area *area)
{
	struct iopt_domain *entry;
	int ret;

	if (list_empty(&iopt->domains))
		return 0;
	ret = area_pin(area);
	if (ret)
		return ret;
	list_for_each_entry(entry, &iopt->domains, entry) {
		ret = area_map(area, entry->domain, iopt->small_pages);
		if (ret)
			goto err_unfill;
	}
	return 0;

err_unfill:
	list_for_each_entry_continue_reverse(entry, &iopt->domains, entry)
		iopt_unfill_one(area, entry->domain);
	area_unpin(area);
	return ret;
}

/* All domains must be flushed before the first page is unpinned. */
static void iopt_unfill_area(struct iopt *iopt, struct area *area)
{
	struct iopt_domain *entry;

	list_for_each_entry(entry, &iopt->domains, entry)
		iopt_unfill_one(area, entry->domain);
	area_unpin(area);
}

static int iopt_fill_areas(struct iopt *iopt, struct list_head *areas)
{
	struct area *area;
	int ret;

	list_for_each_entry(area, areas, entry) {
		ret = iopt_fill_area(iopt, area);
		if (ret)
			goto err_unfill;
		cond_resched_unless_last(area, areas);
	}
	return 0;

err_unfill:
	list_for_each_entry_continue_reverse(area, areas, entry) {
		iopt_unfill_area(iopt, area);
		cond_resched();
	}
	return ret;
}

/**
 * iopt_map_areas() - map areas next to each other
 * @iopt: the I/O address space
 * @areas: list of struct area, one or more, without IOVA; on failure the caller
 *	owns the areas again, on success the list is meaningless
 * @map: where to map; its length is that of all areas
 *
 * The memory is pinned now if there is a domain, otherwise when the first
 * domain is added.
 *
 * Context: May sleep.
 * Return: 0, or with nothing changed -EINVAL for bad alignment or a fixed IOVA
 * that is reserved; -EOVERFLOW for a range that wraps or, without a fixed IOVA,
 * is half of the address space; -EEXIST if something is mapped at the fixed
 * IOVA; -ENOSPC if there is not enough free IOVA; -EINTR if the current process
 * is being killed; an error of area_pin() or area_map().
 */
int iopt_map_areas(struct iopt *iopt, struct list_head *areas,
		   struct iopt_map *map)
{
	int ret;

	might_sleep();
	if (down_read_killable(&iopt->domains_rwsem))
		return -EINTR;
	ret = iopt_alloc_iova(iopt, areas, map);
	if (!ret) {
		ret = iopt_fill_areas(iopt, areas);
		iopt_areas_changed(iopt, areas, !ret);
	}
	up_read(&iopt->domains_rwsem);
	return ret;
}

/* Consumes the caller's reference to @pages, which may be an ERR_PTR(). */
static int iopt_map_pages(struct iopt *iopt, struct iopt_map *map,
			  struct pages *pages)
{
	struct area *area;
	LIST_HEAD(areas);
	int ret;

	if (IS_ERR(pages))
		return PTR_ERR(pages);
	area = area_create(pages, offset_in_page(map->uaddr), map->length,
			   map->prot);
	pages_put(pages);
	if (IS_ERR(area))
		return PTR_ERR(area);
	area->small_pages = map->small_pages;
	list_add(&area->entry, &areas);
	ret = iopt_map_areas(iopt, &areas, map);
	if (ret)
		area_destroy(area);
	return ret;
}

static int iopt_find_memory(const struct iopt_map *map, unsigned long *start,
			    unsigned long *nr_pages)
{
	struct iova_range memory;
	int ret;

	ret = iova_range_from_user(map->uaddr, map->length, &memory);
	if (ret)
		return ret;
	*start = memory.first & PAGE_MASK;
	*nr_pages = PFN_DOWN(memory.last) - PFN_DOWN(memory.first) + 1;
	return 0;
}

/**
 * iopt_map_user() - map memory of the current process
 * @iopt: the I/O address space
 * @map: what to map; &iopt_map.iova is written if it is not fixed
 *
 * Context: Process context of a process with an mm. May sleep.
 * Return: as iopt_map_areas(); -EINVAL also for a length of 0, -EOVERFLOW also
 * for memory that wraps; -ENOMEM also if RLIMIT_MEMLOCK is exceeded; -EFAULT if
 * the memory does not exist or does not allow the access.
 */
int iopt_map_user(struct iopt *iopt, struct iopt_map *map)
{
	unsigned long start, nr_pages;
	int ret;

	ret = iopt_find_memory(map, &start, &nr_pages);
	if (ret)
		return ret;
	return iopt_map_pages(iopt, map,
			      pages_create_user(start, nr_pages,
						map->prot & IOMMU_WRITE,
						map->charge));
}

/**
 * iopt_map_file() - map memory of a file
 * @iopt: the I/O address space
 * @map: what to map; &iopt_map.iova is written if it is not fixed
 * @file: the file
 *
 * Context: Process context of a process with an mm. May sleep.
 * Return: as iopt_map_user(); an error of backing_file_init(); -EINVAL also
 * if the memory extends past the end of the file.
 */
int iopt_map_file(struct iopt *iopt, struct iopt_map *map, struct file *file)
{
	unsigned long start, nr_pages;
	int ret;

	ret = iopt_find_memory(map, &start, &nr_pages);
	if (ret)
		return ret;
	return iopt_map_pages(iopt, map,
			      pages_create_file(file, start, nr_pages,
						map->prot & IOMMU_WRITE,
						map->charge));
}

/**
 * iopt_map_dmabuf() - map memory of a dma-buf
 * @iopt: the I/O address space
 * @map: what to map; &iopt_map.iova is written if it is not fixed
 * @dmabuf: the dma-buf
 *
 * If the exporter revokes the memory, its IOVA stays used but translates to
 * nothing.
 *
 * Context: Process context of a process with an mm. May sleep.
 * Return: as iopt_map_areas(); -EINVAL also for a length of 0, -EOVERFLOW also
 * for memory that wraps; an error of backing_dmabuf_init().
 */
int iopt_map_dmabuf(struct iopt *iopt, struct iopt_map *map,
		    struct dma_buf *dmabuf)
{
	unsigned long start, nr_pages;
	int ret;

	ret = iopt_find_memory(map, &start, &nr_pages);
	if (ret)
		return ret;
	return iopt_map_pages(iopt, map,
			      pages_create_dmabuf(dmabuf, start, nr_pages,
						  map->prot & IOMMU_WRITE,
						  map->charge));
}

/* Unmapping */

/**
 * enum iopt_blocker - what an unmap has to wait for, in ascending priority
 */
enum iopt_blocker {
	/** @IOPT_NOT_BLOCKED: nothing, all areas were taken */
	IOPT_NOT_BLOCKED,
	/** @IOPT_ACCESSED: a user has to unpin an area */
	IOPT_ACCESSED,
	/** @IOPT_CHANGING: another request maps, unmaps or uses an area */
	IOPT_CHANGING,
};

/**
 * struct iopt_unmap - a request to unmap a range
 */
struct iopt_unmap {
	/** @range: contains each area that it overlaps */
	const struct iova_range *range;
	/** @areas: list of the areas taken: all of the range, or none */
	struct list_head areas;
	/** @blocker: what the last attempt has to wait for */
	enum iopt_blocker blocker;
	/** @areas_seq: &iopt.areas_seq at the time of the last attempt */
	unsigned int areas_seq;
	/** @accessed: with IOPT_ACCESSED, the first area that is pinned */
	struct iova_range accessed;
	/** @notified: the area that users were asked to unpin last */
	struct iova_range notified;
	/** @deadline: when to give up waiting for @notified, in jiffies */
	unsigned long deadline;
};

static enum iopt_blocker iopt_take_area(struct area *area,
					struct list_head *areas)
{
	if (area->state != AREA_LIVE || area->busy)
		return IOPT_CHANGING;
	if (area->num_accesses)
		return IOPT_ACCESSED;
	area->state = AREA_DYING;
	list_add_tail(&area->entry, areas);
	return IOPT_NOT_BLOCKED;
}

static void iopt_prevent_access(struct iopt *iopt,
				const struct iova_range *range,
				bool prevent_access)
{
	struct iova_node *node;

	iova_space_for_each_used(&iopt->space, node, range) {
		area_of(node)->prevent_access = prevent_access;
		cond_resched();
	}
}

static void iopt_untake_areas(struct list_head *areas)
{
	struct area *area;

	list_for_each_entry(area, areas, entry) {
		area->state = AREA_LIVE;
		cond_resched_unless_last(area, areas);
	}
	INIT_LIST_HEAD(areas);
}

/* Takes either all areas in the range or none. */
static int iopt_take_areas(struct iopt *iopt, struct iopt_unmap *unmap)
{
	enum iopt_blocker blocker;
	struct iova_node *node;
	int ret = 0;

	lockdep_assert_held_write(&iopt->iova_rwsem);

	unmap->areas_seq = iopt->areas_seq;
	unmap->blocker = IOPT_NOT_BLOCKED;
	iova_space_for_each_used(&iopt->space, node, unmap->range) {
		if (!iova_range_contains(unmap->range, &node->range))
			ret = -ENOENT;
		else if (area_of(node)->num_locks)
			ret = -EBUSY;
		if (ret)
			break;
		blocker = iopt_take_area(area_of(node), &unmap->areas);
		if (blocker > unmap->blocker) {
			unmap->blocker = blocker;
			unmap->accessed = node->range;
		}
		if (node->range.last < unmap->range->last)
			cond_resched();
	}
	if (ret || unmap->blocker)
		iopt_untake_areas(&unmap->areas);
	if (!ret && unmap->blocker)
		iopt_prevent_access(iopt, unmap->range, true);
	return ret;
}

static void iopt_notify_users(struct iopt *iopt, const struct iova_range *range)
{
	struct iopt_user *user;
	unsigned long index;

	xa_lock(&iopt->users);
	xa_for_each(&iopt->users, index, user) {
		if (!user->pins || !user->ops->get(user))
			continue;
		xa_unlock(&iopt->users);
		user->ops->unmap(user, range->first, iova_range_length(range));
		user->ops->put(user);
		cond_resched();
		xa_lock(&iopt->users);
	}
	xa_unlock(&iopt->users);
}

/**
 * iopt_wait_areas() - wait until areas have changed
 * @iopt: the I/O address space
 * @areas_seq: &iopt.areas_seq as it was under the lock when areas were found
 *	not LIVE, busy or pinned
 * @timeout: in jiffies
 *
 * Context: May sleep. The caller holds no lock of @iopt.
 * Return: 0 once &iopt.areas_seq has changed or @timeout has expired; -EINTR if
 * the current process is being killed.
 */
int iopt_wait_areas(struct iopt *iopt, unsigned int areas_seq,
		    unsigned long timeout)
{
	long left;

	left = wait_event_killable_timeout(
		iopt->areas_wq, READ_ONCE(iopt->areas_seq) != areas_seq,
		timeout);
	return left < 0 ? -EINTR : 0;
}

/* Returns with domains_rwsem held for reading if nothing is to be waited for. */
static int iopt_try_unmap(struct iopt *iopt, struct iopt_unmap *unmap)
{
	int ret;

	if (down_read_killable(&iopt->domains_rwsem))
		return -EINTR;
	scoped_guard(rwsem_write, &iopt->iova_rwsem)
		ret = iopt_take_areas(iopt, unmap);
	if (ret || unmap->blocker)
		up_read(&iopt->domains_rwsem);
	return ret;
}

static bool iopt_same_range(const struct iova_range *a,
			    const struct iova_range *b)
{
	return a->first == b->first && a->last == b->last;
}

static int iopt_wait_blocker(struct iopt *iopt, struct iopt_unmap *unmap)
{
	if (unmap->blocker == IOPT_CHANGING)
		return iopt_wait_areas(iopt, unmap->areas_seq,
				       MAX_SCHEDULE_TIMEOUT);
	if (!iopt_same_range(&unmap->notified, &unmap->accessed)) {
		unmap->notified = unmap->accessed;
		unmap->deadline = jiffies + UNPIN_TIMEOUT;
	} else if (time_after(jiffies, unmap->deadline)) {
		return -EDEADLK;
	}
	iopt_notify_users(iopt, &unmap->accessed);
	return iopt_wait_areas(iopt, unmap->areas_seq, UNPIN_RETRY);
}

/* The range stays mapped, so it may be pinned again. */
static void iopt_cancel_unmap(struct iopt *iopt, const struct iova_range *range)
{
	guard(rwsem_write)(&iopt->iova_rwsem);
	iopt_prevent_access(iopt, range, false);
}

/* On success, returns with domains_rwsem held for reading. */
static int iopt_begin_unmap(struct iopt *iopt, struct iopt_unmap *unmap)
{
	int ret;

	do {
		ret = iopt_try_unmap(iopt, unmap);
		if (!ret && !unmap->blocker)
			return 0;
		ret = ret ?: iopt_wait_blocker(iopt, unmap);
	} while (!ret);
	iopt_cancel_unmap(iopt, unmap->range);
	return ret;
}

/*
 * All domains must be flushed before the first page is unpinned, and a page
 * must be unpinned before its IOVA is freed.
 */
static void iopt_unfill_areas(struct iopt *iopt, struct list_head *areas)
{
	struct hwmap_flush flush __uninitialized;
	struct iopt_domain *entry;
	struct area *area;

	list_for_each_entry(entry, &iopt->domains, entry) {
		hwmap_begin(&flush, entry->domain);
		list_for_each_entry(area, areas, entry) {
			area_unmap(area, &flush);
			cond_resched_unless_last(area, areas);
		}
		hwmap_end(&flush);
	}
	list_for_each_entry(area, areas, entry) {
		area_unpin(area);
		cond_resched_unless_last(area, areas);
	}
}

static u64 iopt_finish_unmap(struct iopt *iopt, struct list_head *areas)
{
	struct area *area, *next;
	u64 bytes = 0;

	if (list_empty(areas))
		return 0;
	iopt_unfill_areas(iopt, areas);
	scoped_guard(rwsem_write, &iopt->iova_rwsem) {
		list_for_each_entry(area, areas, entry) {
			iopt_free_iova(iopt, area);
			cond_resched_unless_last(area, areas);
		}
		iopt->areas_seq++;
	}
	iopt_wake_areas(iopt);
	list_for_each_entry_safe(area, next, areas, entry) {
		bytes += iova_range_length(&area->node.range);
		area_destroy(area);
		if (!list_entry_is_head(next, areas, entry))
			cond_resched();
	}
	return bytes;
}

/**
 * iopt_unmap() - unmap all areas in a range
 * @iopt: the I/O address space
 * @range: contains each area that it overlaps
 * @unmapped: number of bytes unmapped; 0 if nothing was mapped, which is no
 *	error; written on success only
 *
 * Waits for requests that map, unmap or use areas in the range. Asks users that
 * have pinned memory in it to unpin.
 *
 * Context: May sleep. The caller holds no lock that a user's unmap op takes.
 * Return: 0, or with nothing changed -ENOENT if @range contains only a part of
 * some area, -EBUSY if some of it is locked, -EDEADLK if a user did not unpin,
 * -EINTR if the current process is being killed.
 */
int iopt_unmap(struct iopt *iopt, const struct iova_range *range, u64 *unmapped)
{
	struct iopt_unmap unmap = {
		.range = range,
		.areas = LIST_HEAD_INIT(unmap.areas),
		/* no area is that large */
		.notified = IOVA_RANGE_ALL,
	};
	int ret;

	ret = iopt_begin_unmap(iopt, &unmap);
	if (ret)
		return ret;
	*unmapped = iopt_finish_unmap(iopt, &unmap.areas);
	up_read(&iopt->domains_rwsem);
	return 0;
}

/**
 * iopt_unmap_all() - unmap all areas
 * @iopt: the I/O address space
 * @unmapped: number of bytes unmapped, written on success only
 *
 * Context: May sleep. The caller holds no lock that a user's unmap op takes.
 * Return: 0, or with nothing changed -EBUSY if something is locked, -EDEADLK if
 * a user did not unpin, -EINTR if the current process is being killed.
 */
int iopt_unmap_all(struct iopt *iopt, u64 *unmapped)
{
	return iopt_unmap(iopt, &IOVA_RANGE_ALL, unmapped);
}

/**
 * iopt_clear() - unmap all areas unconditionally
 * @iopt: the I/O address space; no area is busy, pinned or locked
 *
 * For teardown: cannot fail, and excludes all other mapping and unmapping.
 *
 * Context: May sleep.
 */
void iopt_clear(struct iopt *iopt)
{
	struct iopt_unmap unmap = {
		.range = &IOVA_RANGE_ALL,
		.areas = LIST_HEAD_INIT(unmap.areas),
	};

	might_sleep();
	guard(rwsem_write)(&iopt->domains_rwsem);
	scoped_guard(rwsem_write, &iopt->iova_rwsem)
		WARN_ON(iopt_take_areas(iopt, &unmap) || unmap.blocker);
	iopt_finish_unmap(iopt, &unmap.areas);
}

/**
 * iopt_destroy() - unmap all areas and free an I/O address space
 * @iopt: without domains and users; no other task can reach it
 *
 * Context: May sleep.
 */
void iopt_destroy(struct iopt *iopt)
{
	WARN_ON(!list_empty(&iopt->domains) || !xa_empty(&iopt->users));
	iopt_clear(iopt);
	xa_destroy(&iopt->users);
	iova_space_destroy(&iopt->space);
}
