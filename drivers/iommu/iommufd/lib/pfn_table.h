/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which page frame stands behind page i of a backing.
 *
 * A slot stands for PFN_SLOT_PAGES pages (2 MiB with 4 KiB pages) and is
 * empty, or one physically contiguous run in 8 bytes, or a pointer to an array
 * with a word for each page. Slots lie in leaves of PFN_LEAF_SLOTS (1 GiB),
 * which appear when something is stored below them. A backing of huge pages
 * costs 8 bytes for 2 MiB (4 MiB for 1 TiB), a fragmented one 8 bytes for a
 * page, a backing within one slot nothing at all while it is contiguous.
 *
 * So that a huge page fills one slot instead of parts of two, slots are laid
 * out by address: the table is told where in its slot page 0 lies.
 *
 * No locks inside. Any number of threads may set and clear at the same time as
 * long as they work on different slots (pfn_table_slot_end() tells where one
 * ends); a reader must be ordered after the writer of the slots it reads.
 * Ranges of pages are half-open: [index, end).
 */
#ifndef IOMMUFD_PFN_TABLE_H
#define IOMMUFD_PFN_TABLE_H

#include <linux/bits.h>
#include <linux/types.h>

#define PFN_SLOT_SHIFT 9
#define PFN_SLOT_PAGES BIT(PFN_SLOT_SHIFT)
#define PFN_LEAF_SHIFT 9
#define PFN_LEAF_SLOTS BIT(PFN_LEAF_SHIFT)

/** PFN_NONE - what stands behind a page for which nothing was set */
#define PFN_NONE (~0UL)

/**
 * struct pfn_table - page frames of one backing
 */
struct pfn_table {
	/** @nr_pages: pages of the backing; valid indices are below */
	unsigned long nr_pages;
	/** @nr_slots: slots that the backing touches */
	unsigned long nr_slots;
	/** @skew: place of page 0 within its slot, 0 to PFN_SLOT_PAGES - 1 */
	unsigned int skew;
	union {
		/** @single: the slot, where @nr_slots is 1 */
		u64 single;
		/** @leaves: arrays of slots, NULL where nothing was set yet, otherwise */
		u64 **leaves;
	};
};

/**
 * struct pfn_run - consecutive pages with consecutive page frames
 */
struct pfn_run {
	/** @index: first page of the backing */
	unsigned long index;
	/** @pfn: page frame of that page */
	unsigned long pfn;
	/** @nr: pages, at least 1 */
	unsigned long nr;
};

int pfn_table_init(struct pfn_table *table, unsigned long nr_pages,
		   unsigned long first_page);
void pfn_table_free(struct pfn_table *table);

int pfn_table_set_run(struct pfn_table *table, unsigned long index,
		      unsigned long pfn, unsigned long nr);
void pfn_table_clear(struct pfn_table *table, unsigned long index,
		     unsigned long end);

bool pfn_table_take_single(struct pfn_table *table, unsigned long index,
			   unsigned long end, struct pfn_run *run);
bool pfn_table_next_run(const struct pfn_table *table, unsigned long index,
			unsigned long end, struct pfn_run *run);
bool pfn_table_next_hole(const struct pfn_table *table, unsigned long index,
			 unsigned long end, unsigned long *hole_index,
			 unsigned long *hole_end);

/**
 * pfn_table_destroy() - free what the table holds, set or not
 * @table: the table
 *
 * A small table that was cleared holds nothing: small mappings go quickly.
 *
 * Context: May sleep. Nobody else uses @table.
 */
static inline void pfn_table_destroy(struct pfn_table *table)
{
	if (table->nr_slots == 1 ? table->single : !!table->leaves)
		pfn_table_free(table);
}

/**
 * pfn_table_slot_end() - where the slot of a page ends
 * @table: the table
 * @index: page of the backing
 *
 * Work for several threads is cut at these indices. It may lie past the last
 * page.
 *
 * Return: first index that belongs to the next slot.
 */
static inline unsigned long pfn_table_slot_end(const struct pfn_table *table,
					       unsigned long index)
{
	return ((index + table->skew) | (PFN_SLOT_PAGES - 1)) + 1 - table->skew;
}

/**
 * pfn_table_for_each_run() - visit what is set between two pages
 * @table: the table
 * @run: struct pfn_run, the loop variable
 * @first: first page to look at
 * @end: first page to leave out
 *
 * In ascending order, each run as long as can be within [first, end). The body
 * may clear what it was shown.
 */
#define pfn_table_for_each_run(table, run, first, end)                       \
	for (bool __more = pfn_table_next_run(table, first, end, &(run));    \
	     __more;                                                         \
	     __more = (run).index + (run).nr < (end) &&                      \
		      pfn_table_next_run(table, (run).index + (run).nr, end, \
					 &(run)))

#endif /* IOMMUFD_PFN_TABLE_H */
