/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From page frames to an iommu_domain, and out of it again. Nobody else calls
 * iommu_map() or iommu_unmap().
 */
#ifndef IOMMUFD_HWMAP_H
#define IOMMUFD_HWMAP_H

#include <linux/iommu.h>
#include <linux/sizes.h>
#include <linux/types.h>

#include "lib/range.h"

struct pfn_table;

/**
 * HWMAP_STEP - bytes mapped or unmapped by one call into the IOMMU core
 *
 * No call crosses a multiple of it, so that what one call mapped is not cut by
 * another that unmaps. Not less than the largest page that an IOMMU has use for.
 */
#define HWMAP_STEP SZ_1G

/**
 * struct hwmap - pinned memory and where it is to be seen
 */
struct hwmap {
	/** @range: IOVA */
	struct iova_range range;
	/**
	 * @table: the memory; all that is to be mapped is set. NULL where it is
	 * in a row at @phys
	 */
	const struct pfn_table *table;
	/** @offset: bytes from page 0 of @table to what is seen at the first IOVA */
	unsigned long offset;
	/** @phys: without @table, the physical address of that */
	phys_addr_t phys;
	/** @prot: for iommu_map() */
	int prot;
	/** @small_pages: map no more than PAGE_SIZE at a time */
	bool small_pages;
	/** @unkillable: somebody else than the current process needs it */
	bool unkillable;
};

/**
 * struct hwmap_flush - what was unmapped from a domain, but may still be cached
 */
struct hwmap_flush {
	/** @domain: the domain */
	struct iommu_domain *domain;
	/** @gather: what the IOMMU driver has to remember */
	struct iommu_iotlb_gather gather;
	/** @bytes: unmapped since the last flush */
	unsigned long bytes;
};

int hwmap_map(struct iommu_domain *domain, const struct hwmap *map);

void hwmap_unmap(struct hwmap_flush *flush, const struct iova_range *range);

/**
 * hwmap_begin() - begin to unmap from a domain
 * @flush: to be initialized
 * @domain: the domain
 *
 * Context: Any.
 */
static inline void hwmap_begin(struct hwmap_flush *flush,
			       struct iommu_domain *domain)
{
	flush->domain = domain;
	flush->bytes = 0;
	iommu_iotlb_gather_init(&flush->gather);
}

/**
 * hwmap_end() - flush what was unmapped
 * @flush: what must be flushed; may be used for more hwmap_unmap()
 *
 * Afterwards no device reaches the memory any more.
 *
 * Context: May sleep.
 */
static inline void hwmap_end(struct hwmap_flush *flush)
{
	if (flush->bytes)
		iommu_iotlb_sync(flush->domain, &flush->gather);
	flush->bytes = 0;
}

#endif /* IOMMUFD_HWMAP_H */
