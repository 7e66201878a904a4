/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The reserved, allowed and used IOVA of an I/O address space.
 */
#ifndef IOMMUFD_IOPT_IOVA_H
#define IOMMUFD_IOPT_IOVA_H

#include <linux/types.h>

#include "lib/range.h"

struct iommu_domain;
struct iopt;
struct list_head;

int iopt_reserve_regions(struct iopt *iopt, const struct list_head *regions,
			 const void *owner);
int iopt_reserve_outside(struct iopt *iopt, const struct iommu_domain *domain,
			 const void *owner);
void iopt_unreserve(struct iopt *iopt, const void *owner);
int iopt_set_allowed(struct iopt *iopt, struct iova_range **ranges, size_t nr);
size_t iopt_usable_ranges(struct iopt *iopt, struct iova_range *ranges,
			  size_t max, unsigned long *alignment);

bool iopt_first_area(struct iopt *iopt, const struct iova_range *within,
		     struct iova_range *area);
unsigned int iopt_nr_areas(struct iopt *iopt);

#endif /* IOMMUFD_IOPT_IOVA_H */
