// SPDX-License-Identifier: GPL-2.0-only
/*
 * Holds of ranges of pages: a page is charged for and pinned with its first
 * hold, unpinned and uncharged with its last.
 */
#include <linux/cleanup.h>
#include <linux/indirect_call_wrapper.h>
#include <linux/interval_tree.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <trace/events/iommufd.h>

#include "backing_user.h"
#include "pages.h"
#include "pages_hold.h"
#include "prefault.h"

/*
 * Pages of a process that are charged at once, at most: while they are pinned,
 * the process can lock that much less other memory. Charging takes mmap_lock for
 * writing, so it is not done for each page.
 */
#define PAGES_CHARGE_MAX ((unsigned long)SZ_32M >> PAGE_SHIFT)

static int pages_charge(struct pages *pages, unsigned long nr)
{
	int ret;

	ret = charge_add(&pages->charge, nr);
	if (ret)
		return ret;
	if (pages->next_charge) {
		ret = charge_add(pages->next_charge, nr);
		if (ret) {
			charge_sub(&pages->charge, nr);
			return ret;
		}
	}
	pages->nr_charged += nr;
	return 0;
}

static void pages_uncharge(struct pages *pages, unsigned long nr)
{
	charge_sub(&pages->charge, nr);
	if (pages->next_charge)
		charge_sub(pages->next_charge, nr);
	pages->nr_charged -= nr;
}

static unsigned long pages_charge_avail(const struct pages *pages)
{
	unsigned long avail = charge_avail(&pages->charge);

	return pages->next_charge ?
		       min(avail, charge_avail(pages->next_charge)) :
		       avail;
}

/* Without a trace event, for pages whose pin has not been traced yet */
static __always_inline void
pages_undo_pin(struct pages *pages, unsigned long first, unsigned long end)
{
	struct backing *backing = &pages->backing;
	unsigned long nr;

	/* no retpoline for memory of a process, which nearly all is */
	nr = INDIRECT_CALL_1(backing->ops->unpin, backing_user_unpin, backing,
			     &pages->table, first, end);
	if (nr)
		pages_uncharge(pages, nr);
}

static __always_inline void
pages_unpin_range(struct pages *pages, unsigned long first, unsigned long end)
{
	pages_undo_pin(pages, first, end);
	trace_iommufd_unpin(pages->charge.stats,
			    pages->backing.start + first * PAGE_SIZE,
			    end - first);
}

/* Returns the last page that a hold beginning at or before @first reaches */
static unsigned long pages_held_to(const struct pages *pages,
				   unsigned long first)
{
	const struct rb_node *rb = pages->holds.rb_root.rb_node;
	const struct interval_tree_node *node, *left;
	unsigned long last = 0;

	while (rb) {
		node = rb_entry(rb, struct interval_tree_node, rb);
		if (node->start > first) {
			rb = rb->rb_left;
			continue;
		}
		/* so do all on the left, whose maximum the tree maintains */
		left = rb_entry_safe(rb->rb_left, struct interval_tree_node,
				     rb);
		if (left)
			last = max(last, left->__subtree_last);
		last = max(last, node->last);
		rb = rb->rb_right;
	}
	return last;
}

/*
 * Unpins the pinned pages of a range, except those that are held. Each step
 * skips all pages up to the end of the hold that reaches farthest, so that holds
 * that overlap are not visited one by one.
 */
static void pages_unpin_unheld(struct pages *pages, unsigned long first,
			       unsigned long end)
{
	struct interval_tree_node *node;

	lockdep_assert_held(&pages->lock);

	while (first < end) {
		node = interval_tree_iter_first(&pages->holds, first, end - 1);
		if (!node) {
			pages_unpin_range(pages, first, end);
			break;
		}
		if (first < node->start) {
			pages_unpin_range(pages, first, node->start);
			first = node->start;
		}
		first = pages_held_to(pages, first) + 1;
		cond_resched();
	}
}

/* Uncharges the pages that turn out not to be RAM. */
static int pages_pin_charged(struct pages *pages, unsigned long first,
			     unsigned long end)
{
	struct backing *backing = &pages->backing;
	long nr = end - first, cost;

	cost = backing->ops->pin(backing, &pages->table, first, end);
	if (cost < nr)
		pages_uncharge(pages, nr - max(cost, 0L));
	return min(cost, 0L);
}

/* Nothing is charged for the page, so it stays pinned only if it is not RAM. */
static int pages_pin_over_limit(struct pages *pages, unsigned long index,
				unsigned long wanted)
{
	struct backing *backing = &pages->backing;
	long cost;

	cost = backing->ops->pin(backing, &pages->table, index, index + 1);
	if (cost <= 0)
		return cost;
	backing->ops->unpin(backing, &pages->table, index, index + 1);
	charge_refuse(&pages->charge, wanted);
	return -EDQUOT;
}

/* Pins as many pages as can be charged, at least one, and sets @nr to them */
static int pages_pin_avail(struct pages *pages, unsigned long first,
			   unsigned long end, unsigned long *nr)
{
	int ret;

	*nr = min(end - first, pages_charge_avail(pages));
	ret = *nr ? pages_charge(pages, *nr) : -ENOMEM;
	if (!ret)
		return pages_pin_charged(pages, first, first + *nr);
	if (ret != -ENOMEM)
		return ret;
	*nr = 1;
	return pages_pin_over_limit(pages, first, end - first);
}

/*
 * For a range that the limit does not allow as a whole. Charge and pin as many
 * pages as the limit allows, uncharge those that are not RAM, and repeat. If
 * nothing can be charged any more, the next page decides: it may be missing,
 * which is another error, or not be RAM, which costs nothing.
 */
static int pages_pin_up_to_limit(struct pages *pages, unsigned long first,
				 unsigned long end)
{
	unsigned long index, nr;
	int ret;

	for (index = first; index < end; index += nr) {
		ret = pages_pin_avail(pages, index, end, &nr);
		if (ret) {
			pages_undo_pin(pages, first, index);
			return ret;
		}
	}
	return 0;
}

static int pages_charge_and_pin(struct pages *pages, unsigned long first,
				unsigned long end)
{
	int ret;

	ret = pages_charge(pages, end - first);
	if (!ret)
		return pages_pin_charged(pages, first, end);
	return ret == -ENOMEM ? pages_pin_up_to_limit(pages, first, end) : ret;
}

/*
 * Lets other threads fault in memory ahead, as much as the limit allows to be
 * pinned. Not for a read-only mapping: its faults depend on being those of a pin.
 */
static struct prefault *pages_prefault(const struct pages *pages,
				       unsigned long first, unsigned long end)
{
	const struct backing *backing = &pages->backing;

	if (backing->mm != current->mm || !backing->writable)
		return NULL;
	return prefault_start(backing->start + first * PAGE_SIZE,
			      min(end - first, pages_charge_avail(pages)));
}

/* Charges and pins memory of a process, in steps. */
static int pages_pin_process(struct pages *pages, unsigned long first,
			     unsigned long end)
{
	unsigned long start = pages->backing.start;
	unsigned long index, stop, faults;
	struct prefault *prefault = NULL;
	int ret = 0;

	for (index = first; index < end; index = stop) {
		stop = index + min(end - index, PAGES_CHARGE_MAX);
		faults = prefault_count();
		if (prefault)
			prefault_advance(prefault, start + stop * PAGE_SIZE);
		ret = pages_charge_and_pin(pages, index, stop);
		if (ret) {
			pages_undo_pin(pages, first, index);
			break;
		}
		if (!prefault && prefault_is_cold(faults, stop - index))
			prefault = pages_prefault(pages, stop, end);
	}
	prefault_stop(prefault);
	return ret;
}

/* Returns -EDQUOT if the limit does not allow it */
static int pages_pin_range(struct pages *pages, unsigned long first,
			   unsigned long end)
{
	struct backing *backing = &pages->backing;

	if (backing->ops->of_exporter)
		return min(backing->ops->pin(backing, &pages->table, first,
					     end),
			   0L);
	if (!backing->ops->of_process)
		return pages_charge_and_pin(pages, first, end);
	return pages_pin_process(pages, first, end);
}

/**
 * pages_hold_locked() - hold a range of pages, with the lock held
 * @pages: the pages, locked
 * @hold: hold to initialize
 * @first: first page
 * @end: page after the last one
 *
 * The table may cover less than the backing. For process memory, pages beyond
 * the table are reported as missing (-EFAULT), but only after every page below
 * has been pinned.
 *
 * Context: May sleep. Takes mmap_lock of the process of the memory and of the
 * charged process.
 * Return: as pages_hold(), -EDQUOT if the limit does not allow it, -ESRCH if
 * the process of the memory has exited.
 */
int pages_hold_locked(struct pages *pages, struct pages_hold *hold,
		      unsigned long first, unsigned long end)
{
	unsigned long table_end = min(end, pages->table.nr_pages);
	unsigned long index = first, hole, stop;
	int ret;

	lockdep_assert_held(&pages->lock);

	if (table_end < end && !pages->backing.ops->of_process)
		return -ENOMEM;
	while (pfn_table_next_hole(&pages->table, index, table_end, &hole,
				   &stop)) {
		ret = pages_pin_range(pages, hole, stop);
		if (ret) {
			pages_unpin_unheld(pages, first, hole);
			return ret;
		}
		trace_iommufd_pin(pages->charge.stats,
				  pages->backing.start + hole * PAGE_SIZE,
				  stop - hole);
		index = stop;
	}
	if (table_end < end) {
		pages_unpin_unheld(pages, first, table_end);
		return -EFAULT;
	}
	hold->node.start = first;
	hold->node.last = end - 1;
	interval_tree_insert(&hold->node, &pages->holds);
	return 0;
}

static __always_inline void pages_drop_hold(struct pages *pages,
					    struct pages_hold *hold)
{
	lockdep_assert_held(&pages->lock);

	interval_tree_remove(&hold->node, &pages->holds);
	if (RB_EMPTY_ROOT(&pages->holds.rb_root))
		pages_unpin_range(pages, hold->node.start, hold->node.last + 1);
	else
		pages_unpin_unheld(pages, hold->node.start,
				   hold->node.last + 1);
}

/**
 * pages_release_locked() - undo pages_hold_locked()
 * @pages: the pages, locked
 * @hold: the hold; no device can access the memory through it any more
 *
 * Context: May sleep. Takes mmap_lock of the charged process.
 */
void pages_release_locked(struct pages *pages, struct pages_hold *hold)
{
	pages_drop_hold(pages, hold);
}

/**
 * pages_hold() - hold a range of pages
 * @pages: the pages
 * @hold: hold to initialize, until pages_release()
 * @first: first page
 * @end: page after the last one
 * @present: fault no memory of a process in, for which user space may have to be
 *	waited for; only the driver of a device whose memory the process has
 *	mapped may do so
 *
 * Charges for the pages that are not held yet, then pins them.
 *
 * Context: May sleep. Takes mmap_lock of the process of the memory and of the
 * charged process.
 * Return: 0, or with nothing held: -ENOMEM, also if the limit does not allow it
 * or for a page of a file beyond PAGES_MAX; -EFAULT if memory is missing or
 * does not allow the access, also for a page of a process beyond PAGES_MAX;
 * -EAGAIN with @present if memory is missing or has to be faulted in; -EINTR if
 * the current process is being killed.
 */
int pages_hold(struct pages *pages, struct pages_hold *hold,
	       unsigned long first, unsigned long end, bool present)
{
	int ret;

	if (mutex_lock_killable(&pages->lock))
		return -EINTR;
	pages->backing.present = present;
	ret = pages_hold_locked(pages, hold, first, end);
	pages->backing.present = false;
	mutex_unlock(&pages->lock);
	return ret == -ESRCH ? -EFAULT : pages_limit_error(pages, ret, false);
}

/**
 * pages_release() - undo pages_hold()
 * @pages: the pages
 * @hold: the hold; no device can access the memory through it any more
 *
 * Unpins, then uncharges the pages that no other hold covers.
 *
 * Context: May sleep. Takes mmap_lock of the charged process.
 */
void pages_release(struct pages *pages, struct pages_hold *hold)
{
	guard(mutex)(&pages->lock);
	pages_drop_hold(pages, hold);
}

/**
 * pages_split_hold() - split a hold in two
 * @pages: the pages
 * @head: the hold, which keeps its beginning
 * @head_end: page after the last one that @head keeps
 * @tail: hold to initialize, of the end of the range of @head
 * @tail_first: first page of @tail, @head_end or the page before it
 *
 * Context: May sleep.
 */
void pages_split_hold(struct pages *pages, struct pages_hold *head,
		      unsigned long head_end, struct pages_hold *tail,
		      unsigned long tail_first)
{
	guard(mutex)(&pages->lock);
	interval_tree_remove(&head->node, &pages->holds);
	tail->node.start = tail_first;
	tail->node.last = head->node.last;
	head->node.last = head_end - 1;
	interval_tree_insert(&head->node, &pages->holds);
	interval_tree_insert(&tail->node, &pages->holds);
}
