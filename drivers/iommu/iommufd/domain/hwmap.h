/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mapping of page frames into an iommu_domain. No other file of the module
 * calls iommu_map() or iommu_unmap().
 */
#ifndef IOMMUFD_HWMAP_H
#define IOMMUFD_HWMAP_H

#include <linux/iommu.h>
#include <linux/sizes.h>
#include <linux/types.h>
#include <trace/events/iommufd.h>

#include "lib/range.h"

struct mutex;
struct pfn_table;

/**
 * define HWMAP_STEP - maximum bytes of one call into the IOMMU core
 *
 * No call crosses a multiple of it, so that a call that unmaps never splits
 * what one call mapped. It is at least the largest page size that IOMMUs use.
 */
#define HWMAP_STEP SZ_1G

/**
 * struct hwmap - pinned memory to map and the IOVA to map it at
 */
struct hwmap {
	/** @range: IOVA */
	struct iova_range range;
	/**
	 * @table: page frames of the memory, with all pages to map set. NULL if
	 * the memory is contiguous at @phys.
	 */
	const struct pfn_table *table;
	/** @offset: byte in @table, from page 0 on, to map at the first IOVA */
	unsigned long offset;
	/**
	 * @phys: physical address to map at the first IOVA if @table is NULL
	 */
	phys_addr_t phys;
	/** @prot: for iommu_map() */
	int prot;
	/**
	 * @tables_lock: held while a device is attached to the domain. Requests
	 * of an I/O address space need not take it, see &iopt.tables_lock.
	 */
	struct mutex *tables_lock;
	/** @small_pages: map no more than PAGE_SIZE at a time */
	bool small_pages;
	/** @unkillable: go on even if the current process is being killed */
	bool unkillable;
};

/**
 * struct hwmap_flush - unmapped IOVA that may still be cached by the IOMMU
 */
struct hwmap_flush {
	/** @domain: the domain */
	struct iommu_domain *domain;
	/** @gather: ranges and page tables that the IOMMU driver collects */
	struct iommu_iotlb_gather gather;
	/** @bytes: bytes unmapped since the last flush */
	unsigned long bytes;
	/** @nr_ranges: number of ranges unmapped since the last flush */
	unsigned int nr_ranges;
};

int hwmap_map(struct iommu_domain *domain, const struct hwmap *map);

void hwmap_unmap(struct hwmap_flush *flush, const struct iova_range *range);

/**
 * hwmap_begin() - prepare to unmap from a domain
 * @flush: state to initialize
 * @domain: the domain
 *
 * Context: Any.
 */
static inline void hwmap_begin(struct hwmap_flush *flush,
			       struct iommu_domain *domain)
{
	flush->domain = domain;
	flush->bytes = 0;
	flush->nr_ranges = 0;
	iommu_iotlb_gather_init(&flush->gather);
}

/**
 * hwmap_end() - flush the IOVA that was unmapped
 * @flush: the IOVA to flush; may be used for further calls of hwmap_unmap()
 *
 * Afterwards no device can access the memory.
 *
 * Context: May sleep.
 */
static inline void hwmap_end(struct hwmap_flush *flush)
{
	if (flush->bytes) {
		trace_iommufd_flush(flush->domain, flush->bytes);
		if (iommu_iotlb_gather_queued(&flush->gather))
			iommu_flush_iotlb_all(flush->domain);
		/* frees the page tables, too */
		iommu_iotlb_sync(flush->domain, &flush->gather);
	}
	flush->bytes = 0;
	flush->nr_ranges = 0;
}

#endif /* IOMMUFD_HWMAP_H */
