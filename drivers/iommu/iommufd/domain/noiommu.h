/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A domain that translates nothing, for devices that are behind no IOMMU.
 *
 * What is mapped in it is pinned, so that user space can be told where it is and
 * hand that to the device. There is no page table.
 */
#ifndef IOMMUFD_NOIOMMU_H
#define IOMMUFD_NOIOMMU_H

#include <linux/types.h>

struct iommu_domain;

struct iommu_domain *noiommu_domain_alloc(void);
bool is_noiommu_domain(const struct iommu_domain *domain);

#endif /* IOMMUFD_NOIOMMU_H */
