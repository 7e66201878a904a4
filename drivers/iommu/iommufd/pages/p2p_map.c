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
 * struct piece - pages that are all lent by the same one, or by nobody
 */
struct piece {
	/** @lender: who lends them; NULL for nobody */
	struct iommufd_lender *lender;
	/** @pfn: where they are, with a @lender */
	unsigned long pfn;
	/** @nr: how many there are */
	unsigned long nr;
};

/**
 * struct part_mapper - one run of lent_map()
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
	const struct backing_raw *raw = pages->backing.raw;
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
	piece.lender = backing_raw_lender(raw, run.pfn, &piece.nr);
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
	int rc;

	if (mapper->done == to)
		return 0;
	part = part_of(mapper, to);
	rc = hwmap_map(mapper->domain, &part);
	if (!rc)
		mapper->done = to;
	return rc;
}

static int borrow(struct part_mapper *mapper, unsigned long to,
		  const struct piece *piece)
{
	struct hwmap part = part_of(mapper, to);
	int rc;

	part.table = NULL;
	part.phys = PFN_PHYS(piece->pfn) + offset_in_page(part.offset);
	rc = lender_borrow(piece->lender, mapper->domain, &part,
			   &mapper->pages->backing.raw->loans);
	if (!rc)
		mapper->done = to;
	return rc;
}

static int map_pieces(struct part_mapper *mapper)
{
	unsigned long offset = mapper->map->offset;
	unsigned long length = iova_range_length(&mapper->map->range);
	unsigned long index = PFN_DOWN(offset);
	unsigned long end = PFN_DOWN(offset + (length - 1)) + 1;
	struct piece piece;
	int rc;

	for (; index < end; index += piece.nr) {
		cond_resched();
		piece = piece_at(mapper->pages, index, end);
		if (!piece.lender)
			continue;
		rc = map_plainly(mapper,
				 max(index * PAGE_SIZE, offset) - offset);
		if (rc)
			return rc;
		rc = borrow(mapper,
			    min((index + piece.nr) * PAGE_SIZE - offset,
				length),
			    &piece);
		if (rc)
			return rc;
	}
	return map_plainly(mapper, length);
}

/**
 * lent_map() - map memory of which some is lent
 * @pages: the memory, locked
 * @domain: where to map
 * @map: what to map, all of it by the table of @pages
 *
 * Context: May sleep.
 * Return: 0, or with nothing mapped -ENOMEM or as hwmap_map().
 */
int lent_map(struct pages *pages, struct iommu_domain *domain,
	     const struct hwmap *map)
{
	struct part_mapper mapper = {
		.pages = pages,
		.domain = domain,
		.map = map,
	};
	struct iova_range range;
	struct hwmap_flush flush;
	int rc;

	lockdep_assert_held(&pages->lock);
	rc = map_pieces(&mapper);
	if (!rc || !mapper.done)
		return rc;
	range.first = map->range.first;
	range.last = range.first + (mapper.done - 1);
	hwmap_begin(&flush, domain);
	lent_unmap(pages, &flush, &range);
	hwmap_end(&flush);
	return rc;
}

/**
 * lent_unmap() - undo lent_map(), or hwmap_map() of memory with nothing lent
 * @pages: the memory, locked
 * @flush: of the domain where it was mapped
 * @range: IOVA that was given there
 *
 * Context: May sleep.
 */
void lent_unmap(struct pages *pages, struct hwmap_flush *flush,
		const struct iova_range *range)
{
	struct iova_range left = *range, gap;
	struct loan *loan, *next;
	unsigned long last;

	lockdep_assert_held(&pages->lock);
	list_for_each_entry_safe(loan, next, &pages->backing.raw->loans,
				 entry) {
		if (loan->domain != flush->domain ||
		    !iova_range_contains(&left, &loan->map.range))
			continue;
		gap = (struct iova_range){ left.first,
					   loan->map.range.first - 1 };
		if (left.first != loan->map.range.first)
			hwmap_unmap(flush, &gap);
		last = loan->map.range.last;
		lender_return(loan, flush);
		if (last == range->last)
			return;
		left.first = last + 1;
		cond_resched();
	}
	hwmap_unmap(flush, &left);
}
