// SPDX-License-Identifier: GPL-2.0-only
/*
 * Splits a mapping at the borders of provided memory, and finds the pieces
 * again when it is unmapped.
 */
#include <linux/bitmap.h>
#include <linux/bug.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/pfn.h>
#include <linux/sched.h>

#include "backing_pfnmap.h"
#include "domain/hwmap.h"
#include "p2p_map.h"
#include "p2p_provider.h"

/**
 * struct p2p_piece - consecutive pages with the same provider, or without one
 */
struct p2p_piece {
	/** @provider: provider of the pages, or NULL */
	struct iommufd_p2p_provider *provider;
	/** @pfn: first page frame; only with a @provider */
	unsigned long pfn;
	/** @nr: number of pages */
	unsigned long nr;
};

/**
 * struct p2p_mapper - state of one call of p2p_map()
 */
struct p2p_mapper {
	/** @pages: the memory */
	struct pages *pages;
	/** @domain: domain to map it in */
	struct iommu_domain *domain;
	/** @map: the whole mapping */
	const struct hwmap *map;
	/** @done: bytes of @map that are mapped */
	unsigned long done;
};

static struct p2p_piece p2p_piece_at(const struct pages *pages,
				     unsigned long index, unsigned long end)
{
	const struct backing_pfnmap *pfnmap = pages->backing.pfnmap;
	struct p2p_piece piece = {};
	struct pfn_run run;

	piece.nr = find_next_bit(pfnmap->pages, end, index) - index;
	if (piece.nr)
		return piece;
	end = find_next_zero_bit(pfnmap->pages, end, index);
	if (WARN_ON_ONCE(!pfn_table_next_run(&pages->table, index, end, &run)))
		run = (struct pfn_run){ .nr = end - index };
	piece.pfn = run.pfn;
	piece.nr = run.nr;
	piece.provider = backing_pfnmap_provider(pfnmap, run.pfn, &piece.nr);
	return piece;
}

/* The next part of the mapping: its bytes from @done to @to */
static struct hwmap p2p_next_part(const struct p2p_mapper *mapper,
				  unsigned long to)
{
	struct hwmap part = *mapper->map;

	part.range.last = part.range.first + (to - 1);
	part.range.first += mapper->done;
	part.offset += mapper->done;
	return part;
}

static int p2p_map_plain(struct p2p_mapper *mapper, unsigned long to)
{
	struct hwmap part;
	int ret;

	if (mapper->done == to)
		return 0;
	part = p2p_next_part(mapper, to);
	ret = hwmap_map(mapper->domain, &part);
	if (!ret)
		mapper->done = to;
	return ret;
}

static int p2p_map_provided(struct p2p_mapper *mapper, unsigned long to,
			    const struct p2p_piece *piece)
{
	struct hwmap part = p2p_next_part(mapper, to);
	int ret;

	part.table = NULL;
	part.phys = PFN_PHYS(piece->pfn) + offset_in_page(part.offset);
	ret = p2p_provider_map(piece->provider, mapper->domain, &part,
			       &mapper->pages->backing.pfnmap->mappings);
	if (!ret)
		mapper->done = to;
	return ret;
}

static int p2p_map_pieces(struct p2p_mapper *mapper)
{
	unsigned long offset = mapper->map->offset;
	unsigned long length = iova_range_length(&mapper->map->range);
	unsigned long index = PFN_DOWN(offset);
	unsigned long end = PFN_DOWN(offset + (length - 1)) + 1;
	struct p2p_piece piece;
	unsigned long to;
	int ret;

	for (; index < end; index += piece.nr) {
		cond_resched();
		piece = p2p_piece_at(mapper->pages, index, end);
		if (!piece.provider)
			continue;
		to = max(index * PAGE_SIZE, offset) - offset;
		ret = p2p_map_plain(mapper, to);
		if (ret)
			return ret;
		to = min((index + piece.nr) * PAGE_SIZE - offset, length);
		ret = p2p_map_provided(mapper, to, &piece);
		if (ret)
			return ret;
	}
	return p2p_map_plain(mapper, length);
}

/**
 * p2p_map() - map pages that include provided memory
 * @pages: the memory, locked
 * @domain: domain to map it in
 * @map: the mapping, with the table of @pages
 *
 * Context: May sleep.
 * Return: 0, or with nothing mapped -ENOMEM or as hwmap_map().
 */
int p2p_map(struct pages *pages, struct iommu_domain *domain,
	    const struct hwmap *map)
{
	struct p2p_mapper mapper = {
		.pages = pages,
		.domain = domain,
		.map = map,
	};
	struct iova_range range;
	struct hwmap_flush flush;
	int ret;

	lockdep_assert_held(&pages->lock);

	ret = p2p_map_pieces(&mapper);
	if (!ret || !mapper.done)
		return ret;
	range.first = map->range.first;
	range.last = range.first + (mapper.done - 1);
	hwmap_begin(&flush, domain);
	p2p_unmap(pages, &flush, &range);
	hwmap_end(&flush);
	return ret;
}

/**
 * p2p_unmap() - undo p2p_map(), or hwmap_map() of pages without provided memory
 * @pages: the memory, locked
 * @flush: flush of the domain that maps the memory
 * @range: IOVA that was given to p2p_map() or hwmap_map()
 *
 * Context: May sleep.
 */
void p2p_unmap(struct pages *pages, struct hwmap_flush *flush,
	       const struct iova_range *range)
{
	struct rb_root *mappings = &pages->backing.pfnmap->mappings;
	struct iova_range left = *range, gap;
	struct p2p_mapping *mapping;
	unsigned long last;

	lockdep_assert_held(&pages->lock);

	while ((mapping = p2p_provider_first(mappings, flush->domain, &left))) {
		gap = (struct iova_range){ left.first,
					   mapping->map.range.first - 1 };
		if (left.first != mapping->map.range.first)
			hwmap_unmap(flush, &gap);
		last = mapping->map.range.last;
		p2p_provider_unmap(mapping, mappings, flush);
		if (last == range->last)
			return;
		left.first = last + 1;
		cond_resched();
	}
	hwmap_unmap(flush, &left);
}
