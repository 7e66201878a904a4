// SPDX-License-Identifier: GPL-2.0-only
/*
 * Listing the areas of an I/O address space, one by one, while they change.
 */
#include <linux/cleanup.h>
#include <linux/limits.h>
#include <linux/sched.h>

#include "area.h"
#include "iopt.h"
#include "iopt_list.h"

/**
 * iopt_list_next() - find the lowest area that begins at or above an IOVA
 * @iopt: the I/O address space
 * @from: the IOVA
 * @listed: set to a copy of the area, on success only; the caller drops its
 *	reference to the pages
 *
 * Areas that are being mapped or unmapped are skipped.
 *
 * Context: May sleep.
 * Return: true if there is one.
 */
bool iopt_list_next(struct iopt *iopt, unsigned long from,
		    struct iopt_listed *listed)
{
	const struct iova_range rest = { from, ULONG_MAX };
	struct iova_node *node;

	guard(rwsem_read)(&iopt->iova_rwsem);
	iova_space_for_each_used(&iopt->space, node, &rest) {
		const struct area *area = area_of(node);

		if (area->state == AREA_LIVE && node->range.first >= from) {
			*listed = (struct iopt_listed){
				.range = node->range,
				.prot = area->prot,
				.pinned = area->held || area->num_accesses,
				.offset = area->offset,
				.pages = pages_get(area->pages),
			};
			return true;
		}
		cond_resched();
	}
	return false;
}
