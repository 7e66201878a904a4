/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A table of the page frames of a backing, by page index.
 *
 * A slot covers PFN_SLOT_PAGES pages (2 MiB with 4 KiB pages). It is empty, or
 * holds one physically contiguous run in 8 bytes, or points to an array with a
 * word for each page. Slots lie in leaves of PFN_LEAF_SLOTS slots (1 GiB),
 * which are allocated when something is first stored in them. A backing of huge
 * pages costs 8 bytes for 2 MiB (4 MiB for 1 TiB), a fragmented one 8 bytes for
 * each page, and a contiguous backing within one slot allocates nothing.
 *
 * Slots are aligned by address, so that a huge page fills one slot instead of
 * parts of two: page 0 may lie in the middle of the first slot.
 *
 * No locks inside. Any number of threads may set and clear at the same time as
 * long as they work on different slots, see pfn_table_slot_end(). A reader must
 * be ordered after the writer of the slots it reads. Ranges of pages are
 * half-open: [index, end).
 */
#ifndef IOMMUFD_PFN_TABLE_H
#define IOMMUFD_PFN_TABLE_H

#include <linux/bits.h>
#include <linux/types.h>

#define PFN_SLOT_SHIFT 9
#define PFN_SLOT_PAGES BIT(PFN_SLOT_SHIFT)
#define PFN_LEAF_SHIFT 9
#define PFN_LEAF_SLOTS BIT(PFN_LEAF_SHIFT)

/** define PFN_NONE - value for a page without a page frame */
#define PFN_NONE (~0UL)

/**
 * struct pfn_table - page frames of one backing
 */
struct pfn_table {
	/** @nr_pages: pages of the backing */
	unsigned long nr_pages;
	/** @nr_slots: slots that the backing covers, in whole or in part */
	unsigned long nr_slots;
	/** @skew: position of page 0 in its slot, 0 to PFN_SLOT_PAGES - 1 */
	unsigned int skew;
	union {
		/** @single: the slot itself, if @nr_slots is 1 */
		u64 single;
		/**
		 * @leaves: array of leaves, if @nr_slots is above 1. The array
		 * and each leaf are NULL until something is set in them.
		 */
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
	/**
	 * @rest: the page frames after the run in the same slot, if this lists
	 * each of them, for pfn_table_for_each_run()
	 */
	const unsigned long *rest;
	/** @stop: end of these page frames; the same as @rest if there are none */
	const unsigned long *stop;
};

int pfn_table_init(struct pfn_table *table, unsigned long nr_pages,
		   unsigned long first_page);
void pfn_table_free(struct pfn_table *table);

int pfn_table_set_run(struct pfn_table *table, unsigned long index,
		      unsigned long pfn, unsigned long nr);
int pfn_table_set_pfns(struct pfn_table *table, unsigned long index,
		       const unsigned long *pfns, unsigned long nr);
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
 * pfn_table_destroy() - free the memory of a table
 * @table: the table; its pages need not be cleared
 *
 * Inline, because a small table that was cleared has no memory to free and
 * small mappings are removed often.
 *
 * Context: May sleep. The caller has exclusive use of @table.
 */
static inline void pfn_table_destroy(struct pfn_table *table)
{
	if (table->nr_slots == 1 ? table->single : !!table->leaves)
		pfn_table_free(table);
}

/**
 * pfn_table_slot_end() - return the end of the slot of a page
 * @table: the table
 * @index: page of the backing
 *
 * Work is divided among threads at these indices.
 *
 * Return: first index of the next slot, which may lie past the last page.
 */
static inline unsigned long pfn_table_slot_end(const struct pfn_table *table,
					       unsigned long index)
{
	return ((index + table->skew) | (PFN_SLOT_PAGES - 1)) + 1 - table->skew;
}

/**
 * pfn_table_after_run() - find the run after another one
 * @table: the table
 * @end: first page past the range
 * @run: in: the other run; out: the next one, undefined on failure
 *
 * Callers use pfn_table_for_each_run(). Inline, because memory without any order
 * has a run for each page.
 *
 * Return: false if nothing else is set below @end.
 */
static inline bool pfn_table_after_run(const struct pfn_table *table,
				       unsigned long end, struct pfn_run *run)
{
	const unsigned long *pfn = run->rest, *next;

	if (pfn != run->stop && *pfn != PFN_NONE) {
		next = pfn + 1;
		while (next != run->stop && *next == *pfn + (next - pfn))
			next++;
		/* a run up to the end of the slot may continue in the next */
		if (next != run->stop) {
			run->index += run->nr;
			run->pfn = *pfn;
			run->nr = next - pfn;
			run->rest = next;
			return true;
		}
	}
	return run->index + run->nr < end &&
	       pfn_table_next_run(table, run->index + run->nr, end, run);
}

/**
 * pfn_table_for_each_run() - visit the runs in a range of pages
 * @table: the table
 * @run: struct pfn_run, the loop variable
 * @first: first page of the range
 * @end: first page past the range
 *
 * Visits in ascending order the longest possible runs within [first, end), which
 * must not change meanwhile.
 */
#define pfn_table_for_each_run(table, run, first, end)                    \
	for (bool __more = pfn_table_next_run(table, first, end, &(run)); \
	     __more; __more = pfn_table_after_run(table, end, &(run)))

#endif /* IOMMUFD_PFN_TABLE_H */
