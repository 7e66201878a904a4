/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Parts of a PFN table: the pages of a range that lie in one slot, for the files
 * of the table only, which include pfn_table.h first.
 */
#ifndef IOMMUFD_PFN_PART_H
#define IOMMUFD_PFN_PART_H

#include <linux/compiler.h>
#include <linux/minmax.h>

#include "pfn_slot.h"

/**
 * struct pfn_part - a range of pages within one slot
 *
 * Positions count pages from the beginning of the slot and are inclusive.
 */
struct pfn_part {
	/** @slot: the slot, NULL if its leaf does not exist */
	u64 *slot;
	/** @low: lowest position of the slot that lies in the table */
	unsigned int low;
	/** @high: highest position of the slot that lies in the table */
	unsigned int high;
	/** @from: first position of the range */
	unsigned int from;
	/** @to: last position of the range */
	unsigned int to;
};

static inline u64 *pfn_table_leaf(const struct pfn_table *table,
				  unsigned long leaf)
{
	u64 **leaves = READ_ONCE(table->leaves);

	return leaves ? READ_ONCE(leaves[leaf]) : NULL;
}

static inline u64 *pfn_table_slot(const struct pfn_table *table,
				  unsigned long slot)
{
	u64 *leaf;

	if (table->nr_slots == 1)
		return (u64 *)&table->single;
	leaf = pfn_table_leaf(table, slot >> PFN_LEAF_SHIFT);
	return leaf ? &leaf[slot & (PFN_LEAF_SLOTS - 1)] : NULL;
}

/*
 * Returns the part of [index, end) that lies in the slot of @index. Inlined
 * because each slot of a range is looked at, and most callers need few members.
 */
static __always_inline struct pfn_part
pfn_table_part(const struct pfn_table *table, unsigned long index,
	       unsigned long end)
{
	unsigned long pos = index + table->skew;
	unsigned long slot = pos >> PFN_SLOT_SHIFT;
	unsigned long start = slot << PFN_SLOT_SHIFT;
	unsigned long stop = start + PFN_SLOT_POS_MASK;
	unsigned long table_last = table->nr_pages - 1 + table->skew;

	return (struct pfn_part){
		.slot = pfn_table_slot(table, slot),
		.low = slot ? 0 : table->skew,
		.high = min(stop, table_last) - start,
		.from = pos - start,
		.to = min(stop, end - 1 + table->skew) - start,
	};
}

static unsigned int pfn_part_nr(const struct pfn_part *part)
{
	return part->to - part->from + 1;
}

/* Returns the first index past the leaf of @index, at most @end. */
static inline unsigned long pfn_table_leaf_end(const struct pfn_table *table,
					       unsigned long index,
					       unsigned long end)
{
	unsigned long leaf_pages = PFN_SLOT_PAGES << PFN_LEAF_SHIFT;

	return min(((index + table->skew) | (leaf_pages - 1)) + 1 - table->skew,
		   end);
}

/*
 * Returns the first index past the leaves that do not exist, at most @end. The
 * leaf of @index is the first of them.
 */
static inline unsigned long pfn_table_missing_end(const struct pfn_table *table,
						  unsigned long index,
						  unsigned long end)
{
	if (!READ_ONCE(table->leaves))
		return end;
	do {
		index = pfn_table_leaf_end(table, index, end);
	} while (index < end &&
		 !pfn_table_leaf(table,
				 (index + table->skew) >>
					 (PFN_SLOT_SHIFT + PFN_LEAF_SHIFT)));
	return index;
}

#endif /* IOMMUFD_PFN_PART_H */
