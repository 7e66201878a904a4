/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOMMUFD_BACKING_USER_H
#define IOMMUFD_BACKING_USER_H

#include "backing.h"

void backing_user_init(struct backing *backing, unsigned long start,
		       unsigned long nr_pages, bool writable);
void backing_user_move(struct backing *backing, unsigned long start);

/*
 * Called directly when memory is unmapped, see linux/indirect_call_wrapper.h.
 */
unsigned long backing_user_unpin(const struct backing *backing,
				 struct pfn_table *table, unsigned long first,
				 unsigned long end);
void backing_user_release(struct backing *backing);

#endif /* IOMMUFD_BACKING_USER_H */
