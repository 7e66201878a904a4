// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keeping all memory of an I/O address space pinned until a domain maps it.
 *
 * iopt_add_domain() faults nothing in, because its callers hold locks that the
 * release of a device waits for, and a fault may wait for user space for ever. If
 * it returns -EAGAIN, the caller drops its locks, faults the memory in and pins it
 * here, and tries again. Pinned memory can neither be reclaimed nor migrated
 * meanwhile, so only memory that was mapped since then makes it fail again.
 *
 * pages.lock is held while memory is faulted in. A second attach to the same memory
 * therefore waits for it with its locks held.
 */
#include <linux/list.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "area.h"
#include "iopt.h"
#include "iopt_hold.h"
#include "iopt_range.h"
#include "pages/pages.h"

/**
 * struct iopt_hold - the memory of one area, pinned
 */
struct iopt_hold {
	/** @entry: links into the list of the caller */
	struct list_head entry;
	/** @pages: the memory, with a reference */
	struct pages *pages;
	/** @hold: keeps it pinned */
	struct pages_hold hold;
};

static int iopt_hold_area(const struct area *area, struct list_head *holds)
{
	struct iopt_hold *hold = kzalloc_obj(*hold, GFP_KERNEL_ACCOUNT);
	int ret;

	if (!hold)
		return -ENOMEM;
	ret = area_hold(area, &hold->hold, false);
	if (ret) {
		kfree(hold);
		return ret;
	}
	hold->pages = pages_get(area->pages);
	list_add(&hold->entry, holds);
	return 0;
}

static int iopt_hold_range(struct iopt *iopt, const struct iova_range *range,
			   struct list_head *holds)
{
	unsigned long iova = range->first;
	const struct area *area;
	int ret;

	for (;;) {
		area = iopt_range_area(iopt, iova);
		ret = iopt_hold_area(area, holds);
		if (ret || area->node.range.last >= range->last)
			return ret;
		iova = area->node.range.last + 1;
		cond_resched();
	}
}

/**
 * iopt_hold_all() - fault in and pin the memory of all areas
 * @iopt: the I/O address space
 * @holds: list to which what is pinned is added, also on failure, for
 *	iopt_release_all()
 *
 * Requests that unmap wait until all memory is pinned.
 *
 * Context: May sleep. The caller holds no lock that another request waits for.
 * Return: 0, -ENOMEM, -EINTR if the current process is being killed, or an error
 * of pages_hold().
 */
int iopt_hold_all(struct iopt *iopt, struct list_head *holds)
{
	struct iova_range part, left = IOVA_RANGE_ALL;
	int ret = 0;

	/* a caller that tries again for ever has to end */
	if (fatal_signal_pending(current))
		return -EINTR;
	while (!ret && iopt_range_get_mapped(iopt, &left, &part)) {
		ret = iopt_hold_range(iopt, &part, holds);
		iopt_range_put(iopt, &part, 0);
		if (part.last == left.last)
			break;
		left.first = part.last + 1;
	}
	return ret;
}

/**
 * iopt_release_all() - undo iopt_hold_all()
 * @holds: the list, empty afterwards
 *
 * Context: May sleep.
 */
void iopt_release_all(struct list_head *holds)
{
	struct iopt_hold *hold, *next;

	list_for_each_entry_safe(hold, next, holds, entry) {
		list_del(&hold->entry);
		pages_release(hold->pages, &hold->hold);
		pages_put(hold->pages);
		kfree(hold);
		cond_resched();
	}
}
