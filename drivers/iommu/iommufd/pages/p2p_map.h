/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mapping pages of which some are provided: those are borrowed piece by piece, what
 * lies between them is mapped as ever.
 */
#ifndef IOMMUFD_P2P_MAP_H
#define IOMMUFD_P2P_MAP_H

#include <linux/compiler.h>
#include <linux/list.h>

#include "pages.h"

struct hwmap;
struct hwmap_flush;
struct iommu_domain;
struct iova_range;

/**
 * p2p_any() - is there a page that may be taken back?
 * @pages: the pages, locked
 *
 * Context: Any.
 * Return: true where there may be.
 */
static inline bool p2p_any(const struct pages *pages)
{
	const struct backing_pfnmap *raw = pages->backing.raw;

	return raw && !list_empty(&raw->providers);
}

/**
 * p2p_mapped() - was something mapped by p2p_map()?
 * @pages: the pages, need not be locked by who knows whether he did so himself
 *
 * Context: Any.
 * Return: true where it was, and not yet unmapped.
 */
static inline bool p2p_mapped(const struct pages *pages)
{
	const struct backing_pfnmap *raw = READ_ONCE(pages->backing.raw);

	return raw && !list_empty(&raw->mappings);
}

int p2p_map(struct pages *pages, struct iommu_domain *domain,
	    const struct hwmap *map);
void p2p_unmap(struct pages *pages, struct hwmap_flush *flush,
	       const struct iova_range *range);

#endif /* IOMMUFD_P2P_MAP_H */
