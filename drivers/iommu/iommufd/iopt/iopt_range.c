// SPDX-License-Identifier: GPL-2.0-only
/*
 * Holding the mappings of a range: areas of a range that is held stay LIVE.
 */
#include <linux/cleanup.h>
#include <linux/errno.h>
#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/sched.h>

#include "area.h"
#include "iopt.h"
#include "iopt_range.h"

static bool iopt_range_whole_pages(const struct area *area,
				   const struct iopt_range_query *query)
{
	unsigned long first = max(query->range.first, area->node.range.first);

	if (offset_in_page(area_offset(area, first)))
		return false;
	return query->range.last <= area->node.range.last ||
	       !offset_in_page(area->offset + area->length);
}

static int iopt_range_check_area(const struct area *area,
				 const struct iopt_range_query *query)
{
	if (query->access && area->prevent_access)
		return -EINVAL;
	if (query->whole_pages && !iopt_range_whole_pages(area, query))
		return -EINVAL;
	return query->prot & ~area->prot ? -EPERM : 0;
}

static int iopt_range_check(struct iopt *iopt,
			    const struct iopt_range_query *query)
{
	unsigned long next = query->range.first;
	struct iova_node *node;
	int ret;

	iova_space_for_each_used(&iopt->space, node, &query->range) {
		if (node->range.first > next ||
		    area_of(node)->state != AREA_LIVE)
			return -ENOENT;
		ret = iopt_range_check_area(area_of(node), query);
		if (ret)
			return ret;
		if (node->range.last >= query->range.last)
			return 0;
		next = node->range.last + 1;
		cond_resched();
	}
	return -ENOENT;
}

/**
 * iopt_range_get() - hold the mappings of a range
 * @iopt: the I/O address space
 * @query: the range, and what its mappings must allow
 *
 * The areas stay LIVE until iopt_range_put().
 *
 * Context: May sleep.
 * Return: 0; -ENOENT if part of the range is not mapped; -EINVAL if an unmap
 * waits for accesses to unpin it, or it does not consist of whole pages; -EPERM
 * if a mapping does not allow the access.
 */
int iopt_range_get(struct iopt *iopt, const struct iopt_range_query *query)
{
	struct iova_node *node;
	int ret;

	guard(rwsem_write)(&iopt->iova_rwsem);
	ret = iopt_range_check(iopt, query);
	if (ret)
		return ret;
	iova_space_for_each_used(&iopt->space, node, &query->range) {
		area_of(node)->busy++;
		cond_resched();
	}
	iopt_own_areas(iopt);
	return 0;
}

/**
 * iopt_range_get_mapped() - hold the first mapped part of a range
 * @iopt: the I/O address space
 * @within: the range
 * @part: set to the lowest part of @within that is mapped without a hole,
 *	  written on success only
 *
 * The areas stay LIVE until iopt_range_put() is called for @part. An area that is
 * being mapped or unmapped is a hole.
 *
 * Context: May sleep.
 * Return: true if there is one.
 */
bool iopt_range_get_mapped(struct iopt *iopt, const struct iova_range *within,
			   struct iova_range *part)
{
	struct iova_range area, held = {};
	struct iova_node *node;
	bool found = false;

	guard(rwsem_write)(&iopt->iova_rwsem);
	iova_space_for_each_used(&iopt->space, node, within) {
		bool live = area_of(node)->state == AREA_LIVE;

		if (found && (!live || node->range.first - 1 != held.last))
			break;
		if (live) {
			iova_range_intersect(&node->range, within, &area);
			held.first = found ? held.first : area.first;
			held.last = area.last;
			found = true;
			area_of(node)->busy++;
		}
		cond_resched();
	}
	if (found) {
		iopt_own_areas(iopt);
		*part = held;
	}
	return found;
}

/**
 * iopt_range_area() - get the area at an IOVA
 * @iopt: the I/O address space
 * @iova: in a range that is held
 *
 * Context: May sleep.
 * Return: the area.
 */
struct area *iopt_range_area(struct iopt *iopt, unsigned long iova)
{
	const struct iova_range at = { iova, iova };

	guard(rwsem_read)(&iopt->iova_rwsem);
	return area_of(iova_space_first_used(&iopt->space, &at));
}

/**
 * iopt_range_lock() - prevent areas from being unmapped after iopt_range_put()
 * @iopt: the I/O address space
 * @range: as given to iopt_range_get()
 * @locks: 1, or -1 to undo that
 *
 * Context: May sleep.
 */
void iopt_range_lock(struct iopt *iopt, const struct iova_range *range,
		     int locks)
{
	struct iova_node *node;

	guard(rwsem_write)(&iopt->iova_rwsem);
	iova_space_for_each_used(&iopt->space, node, range) {
		area_of(node)->num_locks += locks;
		cond_resched();
	}
}

/**
 * iopt_range_put() - undo iopt_range_get()
 * @iopt: the I/O address space
 * @range: as given to iopt_range_get()
 * @pins: 1 if it was pinned meanwhile, -1 if it was unpinned, otherwise 0
 *
 * Context: May sleep.
 */
void iopt_range_put(struct iopt *iopt, const struct iova_range *range, int pins)
{
	struct iova_node *node;

	scoped_guard(rwsem_write, &iopt->iova_rwsem) {
		iova_space_for_each_used(&iopt->space, node, range) {
			area_of(node)->busy--;
			area_of(node)->num_accesses += pins;
			cond_resched();
		}
		iopt->areas_seq++;
	}
	iopt_disown_areas(iopt);
	iopt_wake_areas(iopt);
}
