/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What devices wrote to, as an iommu_domain knows it.
 *
 * Drivers report dirty pages in two ways: into a bitmap, which is for the
 * kernel's own iommufd and does nothing where that is not configured, and into
 * the range of a TLB flush. Only the latter is always there. It tells of a range
 * from where to where it is dirty, so to know exactly what is dirty a driver is
 * asked page by page.
 */
#ifndef IOMMUFD_HWDIRTY_H
#define IOMMUFD_HWDIRTY_H

#include <linux/types.h>

#include "lib/range.h"

struct iommu_domain;
struct user_bitmap;

bool hwdirty_supported(struct iommu_domain *domain);
int hwdirty_track(struct iommu_domain *domain, bool enable);
int hwdirty_clear(struct iommu_domain *domain, const struct iova_range *range);
int hwdirty_read(struct iommu_domain *domain, const struct iova_range *range,
		 bool clear, struct user_bitmap *bitmap);

#endif /* IOMMUFD_HWDIRTY_H */
