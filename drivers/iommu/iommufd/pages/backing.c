// SPDX-License-Identifier: GPL-2.0-only
/*
 * Helpers for several kinds of memory: enter physical ranges into a table,
 * unpin pages that are pinned one by one, copy to and from a page.
 */
#include <linux/highmem.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/sched.h>

#include "backing.h"
#include "lib/pfn_table.h"

/* Pages to unpin between two calls of cond_resched() */
#define BACKING_UNPIN_STRIDE (64 * PFN_SLOT_PAGES)

static void backing_unpin_run(const struct backing *backing,
			      const struct pfn_run *run)
{
	unpin_user_page_range_dirty_lock(pfn_to_page(run->pfn), run->nr,
					 backing->writable);
}

/**
 * backing_enter() - enter a physically contiguous part of memory into a table
 * @backing: the memory
 * @table: its page frames
 * @offset: start of the part, in the numbering of &backing.start
 * @start: physical address of the part, a multiple of PAGE_SIZE
 * @length: bytes, a multiple of PAGE_SIZE
 * @first: first page to enter
 * @end: page after the last one to enter
 *
 * Context: May sleep.
 * Return: 0, also if the part has no page of the range, or as
 * pfn_table_set_run().
 */
int backing_enter(const struct backing *backing, struct pfn_table *table,
		  unsigned long offset, phys_addr_t start, unsigned long length,
		  unsigned long first, unsigned long end)
{
	unsigned long from = max(backing->start + first * PAGE_SIZE, offset);
	unsigned long to =
		min(backing->start + end * PAGE_SIZE, offset + length);

	if (from >= to)
		return 0;
	return pfn_table_set_run(table, PFN_DOWN(from - backing->start),
				 PHYS_PFN(start + (from - offset)),
				 PFN_DOWN(to - from));
}

/**
 * backing_unpin_pages() - unpin a range of which each page has its own pin
 * @backing: the memory
 * @table: its page frames
 * @first: first page
 * @end: page after the last one
 *
 * Context: May sleep.
 * Return: number of pages that were unpinned.
 */
unsigned long backing_unpin_pages(const struct backing *backing,
				  struct pfn_table *table, unsigned long first,
				  unsigned long end)
{
	unsigned long index, stop, nr = 0;
	struct pfn_run run;

	if (pfn_table_take_single(table, first, end, &run)) {
		backing_unpin_run(backing, &run);
		return run.nr;
	}
	for (index = first; index < end; index = stop) {
		stop = min(end, index + BACKING_UNPIN_STRIDE);
		pfn_table_for_each_run(table, run, index, stop) {
			backing_unpin_run(backing, &run);
			nr += run.nr;
		}
		if (stop < end)
			cond_resched();
	}
	pfn_table_clear(table, first, end);
	return nr;
}

/**
 * backing_copy_page() - copy to or from a pinned page
 * @page: the page
 * @offset: offset in @page
 * @data: buffer of the caller
 * @bytes: number of bytes, at most to the end of @page
 * @write: copy to the page rather than from it
 *
 * Context: Any.
 */
void backing_copy_page(struct page *page, unsigned long offset, void *data,
		       unsigned long bytes, bool write)
{
	if (write)
		memcpy_to_page(page, offset, data, bytes);
	else
		memcpy_from_page(data, page, offset, bytes);
}
