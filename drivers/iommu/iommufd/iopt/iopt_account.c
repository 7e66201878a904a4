// SPDX-License-Identifier: GPL-2.0-only
/*
 * Moving the charge for all memory mapped in an I/O address space to another
 * process.
 */
#include <linux/cleanup.h>
#include <linux/errno.h>
#include <linux/sched.h>

#include "area.h"
#include "iopt.h"
#include "iopt_account.h"

/* Fail early, before any task has to wait for the memory of another process. */
static int iopt_account_check(struct iopt *iopt)
{
	struct iova_node *node;

	guard(rwsem_read)(&iopt->iova_rwsem);
	iova_space_for_each_used(&iopt->space, node, &IOVA_RANGE_ALL) {
		if (!pages_can_move(area_of(node)->pages))
			return -EINVAL;
		cond_resched();
	}
	return 0;
}

/*
 * Get the memory of the first area at or above an IOVA, with a reference. Its
 * lock can be held for long by a task that pins, so it must not be waited for
 * with iova_rwsem held.
 */
static struct pages *iopt_account_next_pages(struct iopt *iopt,
					     unsigned long from,
					     unsigned long *last)
{
	const struct iova_range left = { from, ULONG_MAX };
	struct iova_node *node;

	guard(rwsem_read)(&iopt->iova_rwsem);
	node = iova_space_first_used(&iopt->space, &left);
	if (!node)
		return NULL;
	*last = node->range.last;
	return pages_get(area_of(node)->pages);
}

/**
 * iopt_add_next_charge() - charge the current process for all mapped memory too
 * @iopt: the I/O address space
 *
 * iopt_drop_next_charge() has to follow, even after an error. Memory that is
 * mapped later is not affected.
 *
 * Context: Process context of a process with an mm. May sleep.
 * Return: 0, -EINVAL if memory of a process or of a device is mapped, or
 * another error of pages_add_next_charge().
 */
int iopt_add_next_charge(struct iopt *iopt)
{
	unsigned long from = 0, last;
	struct pages *pages;
	int ret;

	might_sleep();
	ret = iopt_account_check(iopt);
	while (!ret) {
		pages = iopt_account_next_pages(iopt, from, &last);
		if (!pages)
			break;
		ret = pages_add_next_charge(pages);
		pages_put(pages);
		if (last == ULONG_MAX)
			break;
		from = last + 1;
		cond_resched();
	}
	return ret;
}

/**
 * iopt_drop_next_charge() - drop one of the two charges for all mapped memory
 * @iopt: the I/O address space
 * @commit: keep the charge that iopt_add_next_charge() added, and drop the old
 *	one; otherwise drop the one that was added
 *
 * Context: May sleep.
 */
void iopt_drop_next_charge(struct iopt *iopt, bool commit)
{
	unsigned long from = 0, last;
	struct pages *pages;

	might_sleep();
	for (;;) {
		pages = iopt_account_next_pages(iopt, from, &last);
		if (!pages)
			break;
		/* never added to others, whose lock may be held for ever */
		if (pages_can_move(pages))
			pages_drop_next_charge(pages, commit);
		pages_put(pages);
		if (last == ULONG_MAX)
			break;
		from = last + 1;
		cond_resched();
	}
}
