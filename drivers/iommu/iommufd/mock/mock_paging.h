/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Paging domains of the mock IOMMU, and what they do with their page tables.
 */
#ifndef IOMMUFD_MOCK_PAGING_H
#define IOMMUFD_MOCK_PAGING_H

#include <linux/iommu.h>
#include <linux/types.h>

#include "mock_pt.h"

/**
 * struct mock_domain - a paging domain
 */
struct mock_domain {
	/** @domain: the domain of the IOMMU core */
	struct iommu_domain domain;
	/** @pt: the page table */
	struct mock_pt pt;
	/** @blank: mappings are accepted but not stored in @pt */
	bool blank;
	/** @dirty_tracking: dirty tracking is enabled */
	bool dirty_tracking;
};

extern const struct iommu_dirty_ops mock_paging_dirty_ops;

int mock_paging_map(struct iommu_domain *domain, unsigned long iova,
		    phys_addr_t phys, size_t pgsize, size_t pgcount, int prot,
		    gfp_t gfp, size_t *mapped);
size_t mock_paging_unmap(struct iommu_domain *domain, unsigned long iova,
			 size_t pgsize, size_t pgcount,
			 struct iommu_iotlb_gather *gather);
phys_addr_t mock_paging_iova_to_phys(struct iommu_domain *domain,
				     dma_addr_t iova);
void mock_paging_free(struct iommu_domain *domain);

#endif /* IOMMUFD_MOCK_PAGING_H */
