/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Looking at what is mapped, without a lock and while others map and unmap
 * elsewhere.
 */
#ifndef IOMMUFD_IOPT_RANGE_H
#define IOMMUFD_IOPT_RANGE_H

#include <linux/types.h>

#include "lib/range.h"

struct area;
struct iopt;

/**
 * struct iopt_range_query - what must be there to look at
 */
struct iopt_range_query {
	/** @range: IOVA, all of it mapped */
	struct iova_range range;
	/** @prot: IOMMU_READ, IOMMU_WRITE: what the mappings must allow */
	int prot;
	/** @access: for an access, so not where others wait for it to unpin */
	bool access;
	/** @whole_pages: the mappings must show whole pages at page borders */
	bool whole_pages;
};

int iopt_range_get(struct iopt *iopt, const struct iopt_range_query *query);
struct area *iopt_range_area(struct iopt *iopt, unsigned long iova);
void iopt_range_lock(struct iopt *iopt, const struct iova_range *range,
		     int locks);
void iopt_range_put(struct iopt *iopt, const struct iova_range *range,
		    int pins);

#endif /* IOMMUFD_IOPT_RANGE_H */
