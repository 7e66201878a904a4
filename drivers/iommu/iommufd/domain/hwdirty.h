/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Dirty pages as recorded in the page table of an iommu_domain.
 *
 * IOMMU drivers report dirty pages in two ways: in a bitmap, which belongs to
 * the kernel's own iommufd and does nothing if that is not configured, and in
 * the range of a TLB flush. Only the latter is always available. Since it gives
 * no more than the bounds of the dirty pages, an exact report takes one query
 * for each page.
 */
#ifndef IOMMUFD_HWDIRTY_H
#define IOMMUFD_HWDIRTY_H

#include <linux/types.h>

#include "lib/range.h"

struct iommu_domain;
struct mutex;
struct user_bitmap;

bool hwdirty_supported(struct iommu_domain *domain);
int hwdirty_track(struct iommu_domain *domain, bool enable);
int hwdirty_clear(struct iommu_domain *domain, struct mutex *tables_lock,
		  const struct iova_range *range);
int hwdirty_read(struct iommu_domain *domain, struct mutex *tables_lock,
		 const struct iova_range *range, bool clear,
		 struct user_bitmap *bitmap);

#endif /* IOMMUFD_HWDIRTY_H */
