/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Listing the areas of an I/O address space, one by one.
 */
#ifndef IOMMUFD_IOPT_LIST_H
#define IOMMUFD_IOPT_LIST_H

#include "lib/range.h"

struct iopt;
struct pages;

/**
 * struct iopt_listed - a copy of an area, which may be unmapped meanwhile
 */
struct iopt_listed {
	/** @range: its IOVA */
	struct iova_range range;
	/** @prot: for iommu_map() */
	int prot;
	/** @pinned: its memory is pinned, for domains or by a driver */
	bool pinned;
	/** @offset: bytes from the beginning of @pages */
	unsigned long offset;
	/** @pages: its memory, with a reference */
	struct pages *pages;
};

bool iopt_list_next(struct iopt *iopt, unsigned long from,
		    struct iopt_listed *listed);

#endif /* IOMMUFD_IOPT_LIST_H */
