// SPDX-License-Identifier: GPL-2.0-only
/*
 * An I/O address space: its IOVA, waiting for its areas, mapping them.
 */
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/iommu.h>
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <trace/events/iommufd.h>

#include "area.h"
#include "domain/hwmap.h"
#include "iopt.h"
#include "observe/stats.h"
#include "pages/pages.h"

/* No IOMMU page is larger, so a larger alignment of the IOVA gains nothing. */
#define LARGEST_PAGE SZ_1G

/**
 * iopt_create() - create an empty I/O address space without domains
 * @stats: what is observed of the context
 * @id: ID of the IOAS, 0 for that of a container
 *
 * Context: May sleep.
 * Return: the I/O address space, to be released by iopt_put(), or NULL if memory
 * is short.
 */
struct iopt *iopt_create(struct iommufd_stats *stats, u32 id)
{
	static struct lock_class_key areas_key;
	struct iopt *iopt = kzalloc_obj(*iopt, GFP_KERNEL_ACCOUNT);

	if (!iopt)
		return NULL;
	refcount_set(&iopt->refs, 1);
	iopt->stats = stats_get(stats);
	iopt->id = id;
	init_rwsem(&iopt->domains_rwsem);
	INIT_LIST_HEAD(&iopt->domains);
	xa_init_flags(&iopt->users, XA_FLAGS_ALLOC | XA_FLAGS_ACCOUNT);
	mutex_init(&iopt->tables_lock);
	init_rwsem(&iopt->iova_rwsem);
	iova_space_init(&iopt->space);
	iopt->alignment = 1;
	iopt->pgsizes = ULONG_MAX;
	init_waitqueue_head(&iopt->areas_wq);
	lockdep_init_map(&iopt->areas_map, "iopt areas", &areas_key, 0);
	return iopt;
}

/**
 * iopt_wait_areas() - wait until areas have changed
 * @iopt: the I/O address space
 * @areas_seq: &iopt.areas_seq as it was under the lock when areas were found
 *	not LIVE, busy or pinned
 * @timeout: in jiffies
 *
 * Context: May sleep. The caller holds no lock of @iopt, and owns no areas.
 * Return: 0 once &iopt.areas_seq has changed or @timeout has expired; -EINTR if
 * the current process is being killed.
 */
int iopt_wait_areas(struct iopt *iopt, unsigned int areas_seq,
		    unsigned long timeout)
{
	long left;

	lock_map_acquire(&iopt->areas_map);
	lock_map_release(&iopt->areas_map);
	left = wait_event_killable_timeout(
		iopt->areas_wq, READ_ONCE(iopt->areas_seq) != areas_seq,
		timeout);
	return left < 0 ? -EINTR : 0;
}

/* Mapping */

static noinline __cold void iopt_refuse_range(struct iopt *iopt, u64 first,
					      u64 length)
{
	if (length)
		iommufd_refuse(&iopt->stats->refusals, REFUSAL_WRAP, first,
			       length);
	else
		iommufd_refuse(&iopt->stats->refusals, REFUSAL_LENGTH, 0);
}

/* Finds out again what iova_space_use_fixed() stumbled over. */
static noinline __cold void iopt_refuse_fixed(struct iopt *iopt,
					      const struct iova_range *range)
{
	struct iommufd_refusal_log *log = &iopt->stats->refusals;
	struct iova_reserved reserved;
	const struct iova_node *node;

	if (!iova_space_first_reserved(&iopt->space, range, &reserved)) {
		node = iova_space_first_used(&iopt->space, range);
		iommufd_refuse(log, REFUSAL_OVERLAP, node->range.first,
			       node->range.last);
	} else if (reserved.kind == IOVA_OUTSIDE) {
		iommufd_refuse(log, REFUSAL_APERTURE, reserved.range.first,
			       reserved.range.last);
	} else {
		const struct iopt_owner *owner = reserved.owner;

		iommufd_refuse_name(log, REFUSAL_RESERVED, owner->name, NULL,
				    reserved.range.first, reserved.range.last,
				    reserved.kind);
	}
}

static int iopt_alloc_fixed(struct iopt *iopt, struct area *first,
			    const struct iopt_map *map)
{
	struct iova_range range;
	int ret;

	if (map->iova & (iopt->alignment - 1)) {
		iommufd_refuse(&iopt->stats->refusals, REFUSAL_ALIGN_IOVA,
			       map->iova, iopt->alignment);
		return -EINVAL;
	}
	ret = iova_range_from_user(map->iova, map->length, &range);
	if (ret) {
		iopt_refuse_range(iopt, map->iova, map->length);
		return ret;
	}
	ret = iova_space_use_fixed(&iopt->space, &first->node, &range);
	if (ret)
		iopt_refuse_fixed(iopt, &range);
	return ret;
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
	int ret;

	ret = iova_space_use_auto(&iopt->space, &first->node, &fit);
	if (ret == -ENOSPC)
		iommufd_refuse(&iopt->stats->refusals, REFUSAL_NO_IOVA,
			       map->length);
	else if (ret == -EOVERFLOW)
		iommufd_refuse(&iopt->stats->refusals, REFUSAL_LENGTH,
			       map->length);
	return ret;
}

static int iopt_check_areas(const struct iopt *iopt,
			    const struct list_head *areas)
{
	const struct area *area;

	list_for_each_entry(area, areas, entry) {
		if ((area->length | area->offset) & (iopt->alignment - 1)) {
			iommufd_refuse(&iopt->stats->refusals,
				       REFUSAL_ALIGN_MEMORY, area->length,
				       area->offset, iopt->alignment);
			return -EINVAL;
		}
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
		iopt_count_area(iopt, area, 1);
		WRITE_ONCE(iopt->nr_bytes, iopt->nr_bytes + area->length);
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

/**
 * iopt_free_iova() - free the IOVA of areas
 * @iopt: the I/O address space
 * @areas: list of struct area, PENDING or DYING, of the caller; not mapped
 *
 * Context: May sleep.
 */
void iopt_free_iova(struct iopt *iopt, const struct list_head *areas)
{
	struct area *area;

	scoped_guard(rwsem_write, &iopt->iova_rwsem) {
		/*
		 * The lists ascend. From the other end, the gap that grows is
		 * most often the one above all areas, which no node has.
		 */
		list_for_each_entry_reverse(area, areas, entry) {
			iova_space_release(&iopt->space, &area->node);
			iopt_count_area(iopt, area, -1);
			WRITE_ONCE(iopt->nr_bytes,
				   iopt->nr_bytes - area->length);
			if (!list_is_first(&area->entry, areas))
				cond_resched();
		}
		iopt->areas_seq++;
	}
	iopt_wake_areas(iopt);
}

/**
 * iopt_pin_area() - pin the memory of an area, and count it
 * @iopt: the I/O address space
 * @area: not pinned
 * @present: as for pages_hold()
 *
 * Context: May sleep. The caller owns @area, and holds no lock of @iopt unless
 * @present is set.
 * Return: as area_pin().
 */
int iopt_pin_area(struct iopt *iopt, struct area *area, bool present)
{
	int ret = area_pin(area, present);

	if (!ret)
		atomic64_add(area->length, &iopt->nr_pinned);
	return ret;
}

/* The list is meaningless afterwards. */
static void iopt_set_live(struct iopt *iopt, const struct list_head *areas)
{
	struct area *area;

	scoped_guard(rwsem_write, &iopt->iova_rwsem) {
		list_for_each_entry(area, areas, entry) {
			area->state = AREA_LIVE;
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

	if (list_empty(&iopt->domains)) {
		iopt_unpin_area(iopt, area);
		return 0;
	}
	ret = area->held ? 0 : iopt_pin_area(iopt, area, true);
	if (ret)
		return ret;
	list_for_each_entry(entry, &iopt->domains, entry) {
		ret = area_map(area, entry->domain, &iopt->tables_lock,
			       iopt->small_pages);
		if (ret)
			goto err_unfill;
	}
	return 0;

err_unfill:
	list_for_each_entry_continue_reverse(entry, &iopt->domains, entry)
		iopt_unfill_one(area, entry->domain);
	iopt_unpin_area(iopt, area);
	return ret;
}

/* All domains must be flushed before the first page is unpinned. */
static void iopt_unfill_area(struct iopt *iopt, struct area *area)
{
	struct iopt_domain *entry;

	list_for_each_entry(entry, &iopt->domains, entry)
		iopt_unfill_one(area, entry->domain);
	iopt_unpin_area(iopt, area);
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

static int iopt_map_present(struct iopt *iopt, struct list_head *areas,
			    struct iopt_map *map)
{
	int prot = list_first_entry(areas, struct area, entry)->prot;
	int ret;

	if (down_read_killable(&iopt->domains_rwsem))
		return -EINTR;
	ret = iopt_alloc_iova(iopt, areas, map);
	if (!ret) {
		iopt_own_areas(iopt);
		ret = iopt_fill_areas(iopt, areas);
		if (ret)
			iopt_free_iova(iopt, areas);
		else
			iopt_set_live(iopt, areas);
		iopt_disown_areas(iopt);
	}
	if (!ret) {
		trace_iommufd_map(iopt->stats, iopt->id, map->iova, map->length,
				  prot);
	}
	up_read(&iopt->domains_rwsem);
	return ret;
}

/*
 * Memory has to be faulted in, and user space may have to be waited for, so no lock
 * is held and the areas have no IOVA meanwhile.
 */
static noinline int iopt_fault_and_map(struct iopt *iopt,
				       struct list_head *areas,
				       struct iopt_map *map)
{
	struct area *area;
	int ret = 0;

	list_for_each_entry(area, areas, entry) {
		ret = iopt_pin_area(iopt, area, false);
		if (ret)
			break;
		cond_resched_unless_last(area, areas);
	}
	ret = ret ?: iopt_map_present(iopt, areas, map);
	if (ret)
		iopt_unpin_list(iopt, areas);
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
 * is being killed; an error of pages_hold() or area_map().
 */
int iopt_map_areas(struct iopt *iopt, struct list_head *areas,
		   struct iopt_map *map)
{
	int ret;

	might_sleep();
	ret = iopt_map_present(iopt, areas, map);
	if (unlikely(ret == -EAGAIN))
		ret = iopt_fault_and_map(iopt, areas, map);
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
	area = area_create(pages, map->uaddr - pages->backing.start,
			   map->length, map->prot);
	pages_put(pages);
	if (IS_ERR(area))
		return PTR_ERR(area);
	area->abi = map->abi;
	area->small_pages = map->small_pages;
	list_add(&area->entry, &areas);
	ret = iopt_map_areas(iopt, &areas, map);
	if (ret)
		area_destroy(area);
	return ret;
}

static int iopt_find_memory(struct iopt *iopt, const struct iopt_map *map,
			    struct pages_source *source)
{
	struct iova_range memory;
	int ret;

	source->stats = iopt->stats;
	ret = iova_range_from_user(map->uaddr, map->length, &memory);
	if (ret) {
		iopt_refuse_range(iopt, map->uaddr, map->length);
		return ret;
	}
	source->start = memory.first & PAGE_MASK;
	source->nr_pages = PFN_DOWN(memory.last) - PFN_DOWN(memory.first) + 1;
	source->writable = map->prot & IOMMU_WRITE;
	source->charge = map->charge;
	return 0;
}

/**
 * iopt_map() - map memory of a process, a file or a dma-buf
 * @iopt: the I/O address space
 * @map: the mapping; &iopt_map.iova is written if it is not fixed
 * @source: the file, or the dma-buf and the table of the context, if the memory
 *	has one, and how to treat it; the range, the access and the charge are
 *	set according to @map
 *
 * If the exporter of a dma-buf revokes the memory, its IOVA stays used but
 * translates to nothing.
 *
 * Context: May sleep. The current task has an mm.
 * Return: as iopt_map_areas(); -EINVAL also for a length of 0 or memory that
 * extends past the end of a file; -EOVERFLOW also for memory that wraps; -ENOMEM
 * also if RLIMIT_MEMLOCK is exceeded; -EFAULT if the memory does not exist or
 * does not allow the access; an error of pages_create().
 */
int iopt_map(struct iopt *iopt, struct iopt_map *map,
	     struct pages_source *source)
{
	int ret;

	ret = iopt_find_memory(iopt, map, source);
	return ret ?: iopt_map_pages(iopt, map, pages_create(source));
}
