/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Holding the mappings of a range so that they can be used without a lock,
 * while other ranges are mapped and unmapped.
 */
#ifndef IOMMUFD_IOPT_RANGE_H
#define IOMMUFD_IOPT_RANGE_H

#include <linux/types.h>

#include "lib/range.h"

struct area;
struct iopt;

/**
 * struct iopt_range_query - a range to hold, and what its mappings must allow
 */
struct iopt_range_query {
	/** @range: IOVA, all of it mapped */
	struct iova_range range;
	/** @prot: IOMMU_READ, IOMMU_WRITE, which the mappings must allow */
	int prot;
	/** @access: for an access, which &area.prevent_access forbids */
	bool access;
	/** @whole_pages: the mappings must map whole pages at page boundaries */
	bool whole_pages;
};

int iopt_range_get(struct iopt *iopt, const struct iopt_range_query *query);
bool iopt_range_get_mapped(struct iopt *iopt, const struct iova_range *within,
			   struct iova_range *part);
struct area *iopt_range_area(struct iopt *iopt, unsigned long iova);
void iopt_range_lock(struct iopt *iopt, const struct iova_range *range,
		     int locks);
void iopt_range_put(struct iopt *iopt, const struct iova_range *range,
		    int pins);

#endif /* IOMMUFD_IOPT_RANGE_H */
