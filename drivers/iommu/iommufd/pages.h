/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory that can be mapped, and while it is pinned, its page frames.
 *
 * No lock inside: an area uses its pages alone, and the owner of the area
 * (see iopt.h) is alone in using the area.
 */
#ifndef IOMMUFD_PAGES_H
#define IOMMUFD_PAGES_H

#include "backing.h"
#include "charge.h"
#include "pfn_table.h"

/**
 * struct pages - memory, who pays for it, where it is
 */
struct pages {
	/** @backing: the memory */
	struct backing backing;
	/** @charge: who pays while it is pinned */
	struct charge charge;
	/** @table: page frames, all of them if @pinned, none otherwise */
	struct pfn_table table;
	/** @pinned: charged and held */
	bool pinned;
};

struct pages *pages_create_user(unsigned long start, unsigned long nr_pages,
				bool writable, enum charge_mode mode);
void pages_destroy(struct pages *pages);
int pages_pin(struct pages *pages);
void pages_unpin(struct pages *pages);

#endif /* IOMMUFD_PAGES_H */
