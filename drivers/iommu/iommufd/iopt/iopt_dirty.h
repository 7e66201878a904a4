/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Dirty tracking: which IOVA devices have written to.
 */
#ifndef IOMMUFD_IOPT_DIRTY_H
#define IOMMUFD_IOPT_DIRTY_H

#include <linux/types.h>

struct iommu_domain;
struct iopt;
struct iova_range;

int iopt_track_dirty(struct iopt *iopt, struct iommu_domain *domain,
		     bool enable);
int iopt_check_dirty(struct iopt *iopt, const struct iova_range *range,
		     u64 page_size);
int iopt_read_dirty(struct iopt *iopt, struct iommu_domain *domain,
		    const struct iova_range *range, u64 page_size, bool clear,
		    u8 __user *data);

#endif /* IOMMUFD_IOPT_DIRTY_H */
