// SPDX-License-Identifier: GPL-2.0-only
/*
 * Search of a PFN table for runs and holes.
 */
#include <linux/minmax.h>

#include "pfn_table.h"
#include "pfn_part.h"

/*
 * Returns the number of pages from @part->from on that form one run, or one
 * hole if @pfn is set to PFN_NONE.
 */
static unsigned long pfn_part_piece(const struct pfn_part *part,
				    unsigned long *pfn)
{
	unsigned int from = part->from, to = part->to;
	const unsigned long *array;
	u64 slot = *part->slot;
	unsigned long nr;

	*pfn = PFN_NONE;
	if (slot == PFN_SLOT_EMPTY)
		return pfn_part_nr(part);
	if (pfn_slot_is_run(slot)) {
		if (from < pfn_slot_from(slot))
			return min(to + 1, pfn_slot_from(slot)) - from;
		if (pfn_slot_to(slot) < from)
			return pfn_part_nr(part);
		*pfn = pfn_slot_pfn(slot) + (from - pfn_slot_from(slot));
		return min(to, pfn_slot_to(slot)) + 1 - from;
	}
	array = pfn_slot_array(slot) + (from - part->low);
	*pfn = array[0];
	for (nr = 1; nr < pfn_part_nr(part); nr++) {
		if (array[nr] != (*pfn == PFN_NONE ? PFN_NONE : *pfn + nr))
			break;
	}
	return nr;
}

static unsigned long pfn_table_piece(const struct pfn_table *table,
				     unsigned long index, unsigned long end,
				     unsigned long *pfn)
{
	struct pfn_part part = pfn_table_part(table, index, end);

	if (part.slot)
		return pfn_part_piece(&part, pfn);
	*pfn = PFN_NONE;
	return pfn_table_missing_end(table, index, end) - index;
}

/* Finds what pfn_table_after_run() needs. */
static void pfn_table_find_rest(const struct pfn_table *table,
				unsigned long end, struct pfn_run *run)
{
	unsigned long index = run->index + run->nr;
	const unsigned long *array;
	struct pfn_part part;

	if (index >= end || !((index + table->skew) & PFN_SLOT_POS_MASK))
		return;
	part = pfn_table_part(table, index, end);
	if (!pfn_slot_is_array(*part.slot))
		return;
	array = pfn_slot_array(*part.slot);
	run->rest = &array[part.from - part.low];
	run->stop = &array[part.to - part.low + 1];
}

/* Fast path for most small backings: a table of one slot with one run. */
static bool pfn_table_single_run(const struct pfn_table *table,
				 unsigned long index, unsigned long end,
				 struct pfn_run *run)
{
	unsigned long from = pfn_slot_from(table->single) - table->skew;
	unsigned long to = pfn_slot_to(table->single) - table->skew;
	unsigned long first = max(index, from), last = min(end - 1, to);

	if (index >= end || first > last)
		return false;
	*run = (struct pfn_run){
		.index = first,
		.pfn = pfn_slot_pfn(table->single) + (first - from),
		.nr = last - first + 1,
	};
	return true;
}

/**
 * pfn_table_next_run() - find the first run in a range of pages
 * @table: the table
 * @index: first page of the range
 * @end: first page past the range; may lie past the end of the table
 * @run: the longest possible run, written on success only
 *
 * Context: Any.
 * Return: false if nothing is set in [@index, @end).
 */
bool pfn_table_next_run(const struct pfn_table *table, unsigned long index,
			unsigned long end, struct pfn_run *run)
{
	unsigned long pfn = PFN_NONE, next, nr = 0;

	end = min(end, table->nr_pages);
	if (table->nr_slots == 1 && pfn_slot_is_run(table->single))
		return pfn_table_single_run(table, index, end, run);
	for (; index < end; index += nr) {
		nr = pfn_table_piece(table, index, end, &pfn);
		if (pfn != PFN_NONE)
			break;
	}
	if (index >= end)
		return false;
	*run = (struct pfn_run){ .index = index, .pfn = pfn, .nr = nr };
	/* only a run that reaches the end of a slot can continue in the next */
	while (index + run->nr < end &&
	       !((index + run->nr + table->skew) & PFN_SLOT_POS_MASK)) {
		nr = pfn_table_piece(table, index + run->nr, end, &next);
		if (next != pfn + run->nr)
			break;
		run->nr += nr;
	}
	pfn_table_find_rest(table, end, run);
	return true;
}

/**
 * pfn_table_next_hole() - find the first hole in a range of pages
 * @table: the table
 * @index: first page of the range
 * @end: first page past the range; may lie past the end of the table
 * @hole_index: first page of the hole, written on success only
 * @hole_end: first page past the hole, written on success only
 *
 * Context: Any.
 * Return: false if all of [@index, @end) is set.
 */
bool pfn_table_next_hole(const struct pfn_table *table, unsigned long index,
			 unsigned long end, unsigned long *hole_index,
			 unsigned long *hole_end)
{
	unsigned long pfn = 0, nr = 0;

	end = min(end, table->nr_pages);
	for (; index < end; index += nr) {
		nr = pfn_table_piece(table, index, end, &pfn);
		if (pfn == PFN_NONE)
			break;
	}
	if (index >= end)
		return false;
	*hole_index = index;
	for (; index < end; index += nr) {
		nr = pfn_table_piece(table, index, end, &pfn);
		if (pfn != PFN_NONE)
			break;
	}
	*hole_end = index;
	return true;
}
