/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A domain without translation, for devices that are behind no IOMMU.
 *
 * It has no page table. Memory that is mapped in it is pinned, so that user
 * space can query the physical address and pass it to the device.
 */
#ifndef IOMMUFD_NOIOMMU_H
#define IOMMUFD_NOIOMMU_H

#include <linux/types.h>

struct iommu_domain;

struct iommu_domain *noiommu_domain_alloc(void);
bool is_noiommu_domain(const struct iommu_domain *domain);

#endif /* IOMMUFD_NOIOMMU_H */
