// SPDX-License-Identifier: GPL-2.0-only
#include <linux/cleanup.h>
#include <linux/errno.h>

#include "area.h"
#include "iopt.h"
#include "iopt_payer.h"

static const struct iova_range everything = { 0, ULONG_MAX };

/* Before anybody waits for the memory of another process */
static int check(struct iopt *iopt)
{
	struct iova_node *node;

	guard(rwsem_read)(&iopt->iova_rwsem);
	iova_space_for_each_used(&iopt->space, node, &everything) {
		if (!pages_inheritable(area_of(node)->pages))
			return -EINVAL;
	}
	return 0;
}

/**
 * iopt_add_heir() - the current process is going to pay for all that is mapped
 * @iopt: the I/O address space
 *
 * To be followed by iopt_drop_heir(), whatever it returns. Memory that is mapped
 * from now on is not affected.
 *
 * Context: Process context of a process with an mm. May sleep.
 * Return: 0, -EINVAL where memory of a process or of a device is mapped, or another error of
 * pages_add_heir().
 */
int iopt_add_heir(struct iopt *iopt)
{
	struct iova_node *node;
	int rc;

	might_sleep();
	rc = check(iopt);
	if (rc)
		return rc;
	guard(rwsem_read)(&iopt->iova_rwsem);
	iova_space_for_each_used(&iopt->space, node, &everything) {
		rc = pages_add_heir(area_of(node)->pages);
		if (rc)
			return rc;
		cond_resched();
	}
	return 0;
}

/**
 * iopt_drop_heir() - only one pays for what is mapped
 * @iopt: the I/O address space
 * @pays: it is the heir
 *
 * Context: May sleep.
 */
void iopt_drop_heir(struct iopt *iopt, bool pays)
{
	struct iova_node *node;

	might_sleep();
	guard(rwsem_read)(&iopt->iova_rwsem);
	iova_space_for_each_used(&iopt->space, node, &everything) {
		pages_drop_heir(area_of(node)->pages, pays);
		cond_resched();
	}
}
