/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Maps pages of which some are provided memory: that memory is mapped piece by
 * piece through its providers, all other pages as usual.
 */
#ifndef IOMMUFD_P2P_MAP_H
#define IOMMUFD_P2P_MAP_H

#include <linux/compiler.h>
#include <linux/list.h>
#include <linux/rbtree.h>

#include "pages.h"

struct hwmap;
struct hwmap_flush;
struct iommu_domain;
struct iova_range;

/**
 * p2p_any() - test if pages include provided memory
 * @pages: the pages, locked
 *
 * Context: Any.
 * Return: true if they may do.
 */
static inline bool p2p_any(const struct pages *pages)
{
	const struct backing_pfnmap *pfnmap = pages->backing.pfnmap;

	return pfnmap && !list_empty(&pfnmap->providers);
}

/**
 * p2p_mapped() - test if provided memory is mapped by p2p_map()
 * @pages: the pages; need not be locked if the mapping that the caller asks
 *	about cannot change meanwhile
 *
 * Context: Any.
 * Return: true if it is, in any mapping of @pages.
 */
static inline bool p2p_mapped(const struct pages *pages)
{
	const struct backing_pfnmap *pfnmap = READ_ONCE(pages->backing.pfnmap);

	return pfnmap && !RB_EMPTY_ROOT(&pfnmap->mappings);
}

int p2p_map(struct pages *pages, struct iommu_domain *domain,
	    const struct hwmap *map);
void p2p_unmap(struct pages *pages, struct hwmap_flush *flush,
	       const struct iova_range *range);

#endif /* IOMMUFD_P2P_MAP_H */
