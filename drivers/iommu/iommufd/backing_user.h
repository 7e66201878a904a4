/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOMMUFD_BACKING_USER_H
#define IOMMUFD_BACKING_USER_H

#include "backing.h"

void backing_user_init(struct backing *backing, unsigned long start,
		       unsigned long nr_pages, bool writable);
void backing_user_move(struct backing *backing, unsigned long start);

#endif /* IOMMUFD_BACKING_USER_H */
