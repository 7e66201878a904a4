// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unmapping: taking the areas of a range, which waits for the requests that use
 * them and for their users to unpin, and freeing them.
 */
#include <linux/cleanup.h>
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/moduleparam.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <trace/events/iommufd.h>

#include "area.h"
#include "domain/hwmap.h"
#include "iopt.h"
#include "observe/stats.h"

static unsigned int iopt_unpin_timeout = 10;
module_param_named(unpin_timeout, iopt_unpin_timeout, uint, 0644);
MODULE_PARM_DESC(
	unpin_timeout,
	"Seconds that an unmap waits for the driver of an emulated device to unpin");

/*
 * The interval at which users are asked to unpin. Most have unpinned when their
 * unmap op returns.
 */
#define UNPIN_RETRY (HZ / 10)

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
 * struct iopt_unmap_request - a request to unmap a range
 */
struct iopt_unmap_request {
	/** @range: contains each area of @abi that it overlaps */
	const struct iova_range *range;
	/** @abi: areas of others stay, as if they were not there */
	enum area_abi abi;
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
				const struct iopt_unmap_request *unmap,
				bool prevent_access)
{
	struct iova_node *node;

	iova_space_for_each_used(&iopt->space, node, unmap->range) {
		if (area_of(node)->abi == unmap->abi)
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

static noinline __cold void
iopt_refuse_unmap(struct iopt *iopt, const struct iova_range *area, int ret)
{
	iommufd_refuse(&iopt->stats->refusals,
		       ret == -EBUSY ? REFUSAL_LOCKED : REFUSAL_CUTS_AREA,
		       area->first, area->last);
}

/* Returns an error if it is no use to wait. */
static int iopt_take_node(struct iopt *iopt, struct iopt_unmap_request *unmap,
			  struct iova_node *node)
{
	struct area *area = area_of(node);
	enum iopt_blocker blocker;
	int ret = 0;

	if (area->abi != unmap->abi)
		return 0;
	if (!iova_range_contains(unmap->range, &node->range))
		ret = -ENOENT;
	else if (area->num_locks)
		ret = -EBUSY;
	if (ret) {
		iopt_refuse_unmap(iopt, &node->range, ret);
		return ret;
	}
	blocker = iopt_take_area(area, &unmap->areas);
	if (blocker > unmap->blocker) {
		unmap->blocker = blocker;
		unmap->accessed = node->range;
	}
	return 0;
}

/* Takes either all areas in the range or none. */
static int iopt_take_areas(struct iopt *iopt, struct iopt_unmap_request *unmap)
{
	struct iova_node *node;
	int ret = 0;

	lockdep_assert_held_write(&iopt->iova_rwsem);

	unmap->areas_seq = iopt->areas_seq;
	unmap->blocker = IOPT_NOT_BLOCKED;
	iova_space_for_each_used(&iopt->space, node, unmap->range) {
		ret = iopt_take_node(iopt, unmap, node);
		if (ret)
			break;
		if (node->range.last < unmap->range->last)
			cond_resched();
	}
	if (ret || unmap->blocker)
		iopt_untake_areas(&unmap->areas);
	if (!ret && unmap->blocker)
		iopt_prevent_access(iopt, unmap, true);
	return ret;
}

static void iopt_notify_users(struct iopt *iopt, const struct iova_range *range)
{
	struct iopt_user *user;
	unsigned long index;

	xa_lock(&iopt->users);
	xa_for_each(&iopt->users, index, user) {
		if (!user->can_pin || !user->ops->get(user))
			continue;
		xa_unlock(&iopt->users);
		user->ops->unmap(user, range->first, iova_range_length(range));
		user->ops->put(user);
		cond_resched();
		xa_lock(&iopt->users);
	}
	xa_unlock(&iopt->users);
}

/* Returns with domains_rwsem held for reading if nothing is to be waited for. */
static __always_inline int iopt_try_unmap(struct iopt *iopt,
					  struct iopt_unmap_request *unmap)
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

static unsigned long iopt_unpin_jiffies(void)
{
	return (unsigned long)HZ *
	       clamp(READ_ONCE(iopt_unpin_timeout), 1U, 3600U);
}

static int iopt_wait_blocker(struct iopt *iopt,
			     struct iopt_unmap_request *unmap)
{
	if (unmap->blocker == IOPT_CHANGING)
		return iopt_wait_areas(iopt, unmap->areas_seq,
				       MAX_SCHEDULE_TIMEOUT);
	if (!iopt_same_range(&unmap->notified, &unmap->accessed)) {
		unmap->notified = unmap->accessed;
		unmap->deadline = jiffies + iopt_unpin_jiffies();
	} else if (time_after(jiffies, unmap->deadline)) {
		iommufd_refuse(&iopt->stats->refusals, REFUSAL_STILL_PINNED,
			       unmap->accessed.first, unmap->accessed.last);
		return -EDEADLK;
	}
	iopt_notify_users(iopt, &unmap->accessed);
	return iopt_wait_areas(iopt, unmap->areas_seq, UNPIN_RETRY);
}

/* The range stays mapped, so it may be pinned again. */
static void iopt_cancel_unmap(struct iopt *iopt,
			      const struct iopt_unmap_request *unmap)
{
	guard(rwsem_write)(&iopt->iova_rwsem);
	iopt_prevent_access(iopt, unmap, false);
}

/*
 * Continues an unmap whose first attempt returned @ret. On success, returns with
 * domains_rwsem held for reading.
 */
static noinline int iopt_wait_unmap(struct iopt *iopt,
				    struct iopt_unmap_request *unmap, int ret)
{
	while (!ret) {
		ret = iopt_wait_blocker(iopt, unmap);
		if (ret)
			break;
		ret = iopt_try_unmap(iopt, unmap);
		if (!ret && !unmap->blocker)
			return 0;
	}
	iopt_cancel_unmap(iopt, unmap);
	return ret;
}

/*
 * All domains must be flushed before the first page is unpinned, and a page
 * must be unpinned before its IOVA is freed.
 */
static void iopt_unfill_areas(struct iopt *iopt, struct list_head *areas)
{
	struct hwmap_flush flush;
	struct iopt_domain *attached;
	struct area *area;

	list_for_each_entry(attached, &iopt->domains, entry) {
		hwmap_begin(&flush, attached->domain);
		list_for_each_entry(area, areas, entry) {
			area_unmap(area, &flush);
			cond_resched_unless_last(area, areas);
		}
		hwmap_end(&flush);
	}
	iopt_unpin_list(iopt, areas);
}

static u64 iopt_finish_unmap(struct iopt *iopt, struct list_head *areas)
{
	struct area *area, *next;
	u64 bytes = 0;

	if (list_empty(areas))
		return 0;
	iopt_own_areas(iopt);
	iopt_unfill_areas(iopt, areas);
	iopt_free_iova(iopt, areas);
	iopt_disown_areas(iopt);
	list_for_each_entry_safe(area, next, areas, entry) {
		trace_iommufd_unmap(iopt->stats, iopt->id,
				    area->node.range.first, area->length);
		bytes += iova_range_length(&area->node.range);
		area_destroy(area);
		if (!list_entry_is_head(next, areas, entry))
			cond_resched();
	}
	return bytes;
}

/**
 * iopt_unmap() - unmap all areas of one ABI in a range
 * @iopt: the I/O address space
 * @range: contains each area of @abi that it overlaps
 * @abi: the ABI whose areas are unmapped; others in the range stay
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
int iopt_unmap(struct iopt *iopt, const struct iova_range *range,
	       enum area_abi abi, u64 *unmapped)
{
	struct iopt_unmap_request unmap = {
		.range = range,
		.abi = abi,
		.areas = LIST_HEAD_INIT(unmap.areas),
		/* no area is that large */
		.notified = IOVA_RANGE_ALL,
	};
	int ret;

	ret = iopt_try_unmap(iopt, &unmap);
	if (unlikely(ret || unmap.blocker))
		ret = iopt_wait_unmap(iopt, &unmap, ret);
	if (ret)
		return ret;
	*unmapped = iopt_finish_unmap(iopt, &unmap.areas);
	up_read(&iopt->domains_rwsem);
	return 0;
}

/**
 * iopt_unmap_all() - unmap all areas of one ABI
 * @iopt: the I/O address space
 * @abi: the ABI
 * @unmapped: number of bytes unmapped, written on success only
 *
 * Context: May sleep. The caller holds no lock that a user's unmap op takes.
 * Return: 0, or with nothing changed -EBUSY if something is locked, -EDEADLK if
 * a user did not unpin, -EINTR if the current process is being killed.
 */
int iopt_unmap_all(struct iopt *iopt, enum area_abi abi, u64 *unmapped)
{
	return iopt_unmap(iopt, &IOVA_RANGE_ALL, abi, unmapped);
}

static void iopt_give_to_ioas(struct iopt *iopt)
{
	struct iova_node *node;

	guard(rwsem_write)(&iopt->iova_rwsem);
	iova_space_for_each_used(&iopt->space, node, &IOVA_RANGE_ALL) {
		area_of(node)->abi = AREA_IOMMUFD;
		area_of(node)->vaddr_invalid = false;
		cond_resched();
	}
	WRITE_ONCE(iopt->nr_vfio, 0);
	iopt->nr_vaddr_invalid = 0;
}

/**
 * iopt_clear_vfio() - unmap all areas of a container that has lost its groups
 * @iopt: the I/O address space, in which no area of AREA_VFIO is being mapped
 *
 * Areas that users of the IOAS have pinned and do not unpin become areas of the
 * IOAS. Without an IOAS there are none.
 *
 * Context: May sleep. The caller holds no lock that a user's unmap op takes.
 */
void iopt_clear_vfio(struct iopt *iopt)
{
	u64 unmapped;

	if (iopt_unmap_all(iopt, AREA_VFIO, &unmapped))
		iopt_give_to_ioas(iopt);
}

/* For teardown: no area is busy, pinned or locked. */
static void iopt_clear(struct iopt *iopt, enum area_abi abi)
{
	struct iopt_unmap_request unmap = {
		.range = &IOVA_RANGE_ALL,
		.abi = abi,
		.areas = LIST_HEAD_INIT(unmap.areas),
	};

	guard(rwsem_write)(&iopt->domains_rwsem);
	scoped_guard(rwsem_write, &iopt->iova_rwsem)
		WARN_ON(iopt_take_areas(iopt, &unmap) || unmap.blocker);
	iopt_finish_unmap(iopt, &unmap.areas);
}

/**
 * iopt_put() - release an I/O address space
 * @iopt: the I/O address space; with the last reference it has no domains and no
 *	users, and what is mapped is unmapped
 *
 * Context: May sleep.
 */
void iopt_put(struct iopt *iopt)
{
	might_sleep();
	if (!refcount_dec_and_test(&iopt->refs))
		return;
	WARN_ON(!list_empty(&iopt->domains) || !xa_empty(&iopt->users));
	iopt_clear(iopt, AREA_VFIO);
	iopt_clear(iopt, AREA_IOMMUFD);
	xa_destroy(&iopt->users);
	mutex_destroy(&iopt->tables_lock);
	iova_space_destroy(&iopt->space);
	stats_put(iopt->stats);
	kfree(iopt);
}
