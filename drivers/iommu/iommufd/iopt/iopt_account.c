// SPDX-License-Identifier: GPL-2.0-only
#include <linux/cleanup.h>
#include <linux/errno.h>
#include <linux/sched.h>

#include "area.h"
#include "iopt.h"
#include "iopt_account.h"

/* Before anybody waits for the memory of another process */
static int iopt_account_check(struct iopt *iopt)
{
	struct iova_node *node;

	guard(rwsem_read)(&iopt->iova_rwsem);
	iova_space_for_each_used(&iopt->space, node, &IOVA_RANGE_ALL)
	{
		if (!pages_can_move(area_of(node)->pages))
			return -EINVAL;
		cond_resched();
	}
	return 0;
}

/*
 * The memory of the first area from an IOVA on, with a reference. What pins in
 * it may take long, so it is not waited for with the lock of all areas held.
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
 * iopt_add_next_charge() - the current process is going to pay for all that is mapped
 * @iopt: the I/O address space
 *
 * To be followed by iopt_drop_next_charge(), whatever it returns. Memory that is mapped
 * from now on is not affected.
 *
 * Context: Process context of a process with an mm. May sleep.
 * Return: 0, -EINVAL where memory of a process or of a device is mapped, or another error of
 * pages_add_next_charge().
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
 * iopt_drop_next_charge() - only one pays for what is mapped
 * @iopt: the I/O address space
 * @pays: it is the next_charge
 *
 * Context: May sleep.
 */
void iopt_drop_next_charge(struct iopt *iopt, bool pays)
{
	unsigned long from = 0, last;
	struct pages *pages;

	might_sleep();
	for (;;) {
		pages = iopt_account_next_pages(iopt, from, &last);
		if (!pages)
			break;
		pages_drop_next_charge(pages, pays);
		pages_put(pages);
		if (last == ULONG_MAX)
			break;
		from = last + 1;
		cond_resched();
	}
}
