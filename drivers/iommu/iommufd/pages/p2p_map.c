// SPDX-License-Identifier: GPL-2.0-only
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
 * struct piece - pages that are all provided by the same one, or by nobody
 */
struct piece {
	/** @provider: who lends them; NULL for nobody */
	struct iommufd_p2p_provider *provider;
	/** @pfn: where they are, with a @provider */
	unsigned long pfn;
	/** @nr: how many there are */
	unsigned long nr;
};

/**
 * struct part_mapper - one run of p2p_map()
 */
struct part_mapper {
	/** @pages: the memory */
	struct pages *pages;
	/** @domain: where to map */
	struct iommu_domain *domain;
	/** @map: all that is to be mapped */
	const struct hwmap *map;
	/** @done: bytes of it that are mapped */
	unsigned long done;
};

static struct piece piece_at(const struct pages *pages, unsigned long index,
			     unsigned long end)
{
	const struct backing_pfnmap *raw = pages->backing.raw;
	struct piece piece = {};
	struct pfn_run run;

	piece.nr = find_next_bit(raw->pages, end, index) - index;
	if (piece.nr)
		return piece;
	end = find_next_zero_bit(raw->pages, end, index);
	if (WARN_ON_ONCE(!pfn_table_next_run(&pages->table, index, end, &run)))
		run = (struct pfn_run){ .nr = end - index };
	piece.pfn = run.pfn;
	piece.nr = run.nr;
	piece.provider = backing_pfnmap_provider(raw, run.pfn, &piece.nr);
	return piece;
}

/* What comes next of the mapping, up to @to */
static struct hwmap part_of(const struct part_mapper *mapper, unsigned long to)
{
	struct hwmap part = *mapper->map;

	part.range.last = part.range.first + (to - 1);
	part.range.first += mapper->done;
	part.offset += mapper->done;
	return part;
}

static int map_plainly(struct part_mapper *mapper, unsigned long to)
{
	struct hwmap part;
	int ret;

	if (mapper->done == to)
		return 0;
	part = part_of(mapper, to);
	ret = hwmap_map(mapper->domain, &part);
	if (!ret)
		mapper->done = to;
	return ret;
}

static int borrow(struct part_mapper *mapper, unsigned long to,
		  const struct piece *piece)
{
	struct hwmap part = part_of(mapper, to);
	int ret;

	part.table = NULL;
	part.phys = PFN_PHYS(piece->pfn) + offset_in_page(part.offset);
	ret = p2p_provider_map(piece->provider, mapper->domain, &part,
			       &mapper->pages->backing.raw->mappings);
	if (!ret)
		mapper->done = to;
	return ret;
}

static int map_pieces(struct part_mapper *mapper)
{
	unsigned long offset = mapper->map->offset;
	unsigned long length = iova_range_length(&mapper->map->range);
	unsigned long index = PFN_DOWN(offset);
	unsigned long end = PFN_DOWN(offset + (length - 1)) + 1;
	struct piece piece;
	int ret;

	for (; index < end; index += piece.nr) {
		cond_resched();
		piece = piece_at(mapper->pages, index, end);
		if (!piece.provider)
			continue;
		ret = map_plainly(mapper,
				  max(index * PAGE_SIZE, offset) - offset);
		if (ret)
			return ret;
		ret = borrow(mapper,
			     min((index + piece.nr) * PAGE_SIZE - offset,
				 length),
			     &piece);
		if (ret)
			return ret;
	}
	return map_plainly(mapper, length);
}

/**
 * p2p_map() - map memory of which some is provided
 * @pages: the memory, locked
 * @domain: where to map
 * @map: what to map, all of it by the table of @pages
 *
 * Context: May sleep.
 * Return: 0, or with nothing mapped -ENOMEM or as hwmap_map().
 */
int p2p_map(struct pages *pages, struct iommu_domain *domain,
	    const struct hwmap *map)
{
	struct part_mapper mapper = {
		.pages = pages,
		.domain = domain,
		.map = map,
	};
	struct iova_range range;
	struct hwmap_flush flush;
	int ret;

	lockdep_assert_held(&pages->lock);
	ret = map_pieces(&mapper);
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
 * p2p_unmap() - undo p2p_map(), or hwmap_map() of memory with nothing provided
 * @pages: the memory, locked
 * @flush: of the domain where it was mapped
 * @range: IOVA that was given there
 *
 * Context: May sleep.
 */
void p2p_unmap(struct pages *pages, struct hwmap_flush *flush,
	       const struct iova_range *range)
{
	struct iova_range left = *range, gap;
	struct p2p_mapping *mapping, *next;
	unsigned long last;

	lockdep_assert_held(&pages->lock);
	list_for_each_entry_safe(mapping, next, &pages->backing.raw->mappings,
				 entry) {
		if (mapping->domain != flush->domain ||
		    !iova_range_contains(&left, &mapping->map.range))
			continue;
		gap = (struct iova_range){ left.first,
					   mapping->map.range.first - 1 };
		if (left.first != mapping->map.range.first)
			hwmap_unmap(flush, &gap);
		last = mapping->map.range.last;
		p2p_provider_unmap(mapping, flush);
		if (last == range->last)
			return;
		left.first = last + 1;
		cond_resched();
	}
	hwmap_unmap(flush, &left);
}
