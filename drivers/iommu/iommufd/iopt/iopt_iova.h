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
struct iopt_owner;
struct list_head;

/**
 * struct iopt_usable - the ranges that can be mapped
 */
struct iopt_usable {
	/** @ranges: array of @nr_listed ranges, in ascending order, or NULL */
	struct iova_range *ranges;
	/** @nr_listed: number of ranges in @ranges */
	size_t nr_listed;
	/** @nr: number of ranges, more than @nr_listed if that is the maximum */
	size_t nr;
	/** @alignment: alignment of IOVA, length and address, in bytes */
	unsigned long alignment;
};

int iopt_reserve_regions(struct iopt *iopt, const struct list_head *regions,
			 const struct iopt_owner *owner);
int iopt_reserve_range(struct iopt *iopt, const struct iova_range *range,
		       unsigned int kind, const struct iopt_owner *owner);
int iopt_reserve_outside(struct iopt *iopt, const struct iommu_domain *domain,
			 const struct iopt_owner *owner);
void iopt_unreserve(struct iopt *iopt, const struct iopt_owner *owner);
int iopt_set_allowed(struct iopt *iopt, struct iova_range **ranges, size_t nr);
int iopt_get_usable(struct iopt *iopt, size_t max, struct iopt_usable *usable);
void iopt_put_usable(struct iopt_usable *usable);
unsigned long iopt_get_alignment(struct iopt *iopt);

struct area *iopt_vfio_area(struct iopt *iopt, const struct iova_range *within);
bool iopt_first_vfio(struct iopt *iopt, const struct iova_range *within,
		     struct iova_range *area);
bool iopt_first_area(struct iopt *iopt, const struct iova_range *within,
		     struct iova_range *area);
unsigned int iopt_nr_areas(struct iopt *iopt);

#endif /* IOMMUFD_IOPT_IOVA_H */
