// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of the page frames of a backing. Functions named pfn_part work on a
 * range of pages within one slot; those named pfn_table on any range.
 */
#include <linux/atomic.h>
#include <linux/bug.h>
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "pfn_table.h"
#include "pfn_part.h"

static unsigned long pfn_table_nr_leaves(const struct pfn_table *table)
{
	return ((table->nr_slots - 1) >> PFN_LEAF_SHIFT) + 1;
}

static unsigned long pfn_table_leaf_slots(const struct pfn_table *table,
					  unsigned long leaf)
{
	return min(table->nr_slots - (leaf << PFN_LEAF_SHIFT), PFN_LEAF_SLOTS);
}

/*
 * Tests whether the part with page frames from @pfn on and the run of the slot
 * form one run: they are adjacent or overlap, and agree on the page frames.
 */
static bool pfn_part_joins_run(const struct pfn_part *part, unsigned long pfn)
{
	u64 run = *part->slot;

	return pfn_slot_pfn(run) + part->from == pfn + pfn_slot_from(run) &&
	       part->from <= pfn_slot_to(run) + 1 &&
	       pfn_slot_from(run) <= part->to + 1;
}

static bool pfn_part_covers_run(const struct pfn_part *part)
{
	return part->from <= pfn_slot_from(*part->slot) &&
	       pfn_slot_to(*part->slot) <= part->to;
}

static bool pfn_part_needs_array(const struct pfn_part *part, unsigned long pfn)
{
	return pfn_slot_is_run(*part->slot) && !pfn_part_covers_run(part) &&
	       !pfn_part_joins_run(part, pfn);
}

static unsigned long *pfn_part_alloc_array(const struct pfn_part *part,
					   gfp_t flags)
{
	return kmalloc_objs(unsigned long, part->high - part->low + 1,
			    GFP_KERNEL_ACCOUNT | flags);
}

static void pfn_part_fill_array(const struct pfn_part *part, unsigned long pfn)
{
	unsigned long *array = pfn_slot_array(*part->slot);
	unsigned int pos;

	for (pos = part->from; pos <= part->to; pos++) {
		array[pos - part->low] = pfn;
		if (pfn != PFN_NONE)
			pfn++;
	}
}

/* Converts a slot without an array into one with the same contents. */
static void pfn_part_make_array(const struct pfn_part *part,
				unsigned long *array)
{
	struct pfn_part all = *part, run = *part;
	u64 old = *part->slot;

	*part->slot = (uintptr_t)array;
	all.from = all.low;
	all.to = all.high;
	pfn_part_fill_array(&all, PFN_NONE);
	if (!pfn_slot_is_run(old))
		return;
	run.from = pfn_slot_from(old);
	run.to = pfn_slot_to(old);
	pfn_part_fill_array(&run, pfn_slot_pfn(old));
}

/* @array is NULL unless pfn_part_needs_array(). */
static void pfn_part_set(const struct pfn_part *part, unsigned long pfn,
			 unsigned long *array)
{
	u64 old = *part->slot;
	unsigned int from = part->from, to = part->to;

	if (array)
		pfn_part_make_array(part, array);
	if (pfn_slot_is_array(*part->slot) &&
	    (from != part->low || to != part->high)) {
		pfn_part_fill_array(part, pfn);
		return;
	}
	if (pfn_slot_is_run(old) && !pfn_part_covers_run(part)) {
		pfn -= from - min(from, pfn_slot_from(old));
		from = min(from, pfn_slot_from(old));
		to = max(to, pfn_slot_to(old));
	}
	pfn_slot_replace(part->slot, pfn_slot_from_run(from, to, pfn));
}

static bool pfn_part_array_empty(const struct pfn_part *part)
{
	const unsigned long *array = pfn_slot_array(*part->slot);
	unsigned int i;

	for (i = 0; i <= part->high - part->low; i++) {
		if (array[i] != PFN_NONE)
			return false;
	}
	return true;
}

static void pfn_part_clear_run(const struct pfn_part *part)
{
	unsigned int from = pfn_slot_from(*part->slot);
	unsigned int to = pfn_slot_to(*part->slot);
	unsigned long pfn = pfn_slot_pfn(*part->slot);

	if (part->to < from || to < part->from)
		return;
	if (pfn_part_covers_run(part)) {
		*part->slot = PFN_SLOT_EMPTY;
	} else if (part->from <= from) {
		*part->slot = pfn_slot_from_run(part->to + 1, to,
						pfn + (part->to + 1 - from));
	} else if (to <= part->to) {
		*part->slot = pfn_slot_from_run(from, part->from - 1, pfn);
	} else {
		pfn_part_make_array(part,
				    pfn_part_alloc_array(part, __GFP_NOFAIL));
		pfn_part_fill_array(part, PFN_NONE);
	}
}

static void pfn_part_clear(const struct pfn_part *part)
{
	if (pfn_slot_is_run(*part->slot)) {
		pfn_part_clear_run(part);
	} else if (pfn_slot_is_array(*part->slot)) {
		pfn_part_fill_array(part, PFN_NONE);
		if (pfn_part_array_empty(part))
			pfn_slot_replace(part->slot, PFN_SLOT_EMPTY);
	}
}

static int pfn_table_add_leaf(struct pfn_table *table, unsigned long nr)
{
	u64 *leaf;

	if (pfn_table_leaf(table, nr))
		return 0;
	leaf = kzalloc_objs(*leaf, pfn_table_leaf_slots(table, nr),
			    GFP_KERNEL_ACCOUNT);
	if (!leaf)
		return -ENOMEM;
	if (cmpxchg(&table->leaves[nr], NULL, leaf))
		kfree(leaf);
	return 0;
}

/*
 * Allocates the leaves of [index, end). Other threads may add the same leaves
 * at the same time; the first one to store a leaf wins.
 */
static int pfn_table_add_leaves(struct pfn_table *table, unsigned long index,
				unsigned long end)
{
	u64 **leaves;
	int ret;

	if (table->nr_slots == 1)
		return 0;
	if (!READ_ONCE(table->leaves)) {
		leaves = kvzalloc_objs(*leaves, pfn_table_nr_leaves(table),
				       GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
		if (!leaves)
			return -ENOMEM;
		if (cmpxchg(&table->leaves, NULL, leaves))
			kvfree(leaves);
	}
	for (; index < end; index = pfn_table_leaf_end(table, index, end)) {
		ret = pfn_table_add_leaf(
			table, (index + table->skew) >>
				       (PFN_SLOT_SHIFT + PFN_LEAF_SHIFT));
		if (ret)
			return ret;
	}
	return 0;
}

/**
 * pfn_table_init() - initialize an empty table
 * @table: the table
 * @nr_pages: pages of the backing, at least 1
 * @first_page: number of page 0 in the numbering by which huge pages are
 *	aligned: address or file offset, divided by PAGE_SIZE
 *
 * Allocates no memory; pfn_table_set_run() does.
 *
 * Context: Any.
 * Return: 0, -EINVAL if @nr_pages is 0 or too large.
 */
int pfn_table_init(struct pfn_table *table, unsigned long nr_pages,
		   unsigned long first_page)
{
	unsigned int skew = first_page & PFN_SLOT_POS_MASK;

	if (!nr_pages || nr_pages > ULONG_MAX >> (PFN_SLOT_SHIFT + 1))
		return -EINVAL;
	*table = (struct pfn_table){
		.nr_pages = nr_pages,
		.nr_slots = ((nr_pages - 1 + skew) >> PFN_SLOT_SHIFT) + 1,
		.skew = skew,
	};
	return 0;
}

/**
 * pfn_table_free() - free the memory of a table that has some
 * @table: the table
 *
 * Callers use pfn_table_destroy().
 *
 * Context: May sleep. The caller has exclusive use of @table.
 */
void pfn_table_free(struct pfn_table *table)
{
	unsigned long leaf, slot;

	if (table->nr_slots == 1) {
		pfn_slot_replace(&table->single, PFN_SLOT_EMPTY);
		return;
	}
	for (leaf = 0; leaf < pfn_table_nr_leaves(table); leaf++) {
		if (!table->leaves[leaf])
			continue;
		for (slot = 0; slot < pfn_table_leaf_slots(table, leaf); slot++)
			pfn_slot_replace(&table->leaves[leaf][slot],
					 PFN_SLOT_EMPTY);
		kfree(table->leaves[leaf]);
		cond_resched();
	}
	kvfree(table->leaves);
	table->leaves = NULL;
}

/**
 * pfn_table_set_run() - store consecutive page frames
 * @table: the table
 * @index: first page of the backing
 * @pfn: page frame of that page
 * @nr: pages, at least 1
 *
 * Replaces the former contents. O(nr / PFN_SLOT_PAGES), or O(nr) in fragmented
 * slots.
 *
 * Context: May sleep. No other call on the same slots at the same time.
 * Return: 0, -ENOMEM, -EINVAL if the pages lie outside of the table or the page
 * frames are too large. On failure no page has changed.
 */
int pfn_table_set_run(struct pfn_table *table, unsigned long index,
		      unsigned long pfn, unsigned long nr)
{
	unsigned long *head_array = NULL, *tail_array = NULL;
	unsigned long tail_index, end = index + nr;
	struct pfn_part head, tail;

	if (WARN_ON_ONCE(!nr || index >= table->nr_pages ||
			 nr > table->nr_pages - index ||
			 pfn > PFN_SLOT_MAX_PFN ||
			 nr - 1 > PFN_SLOT_MAX_PFN - pfn))
		return -EINVAL;
	if (pfn_table_add_leaves(table, index, end))
		return -ENOMEM;

	/* Only the first and the last slot can be covered in part. */
	head = pfn_table_part(table, index, end);
	tail_index = index;
	if (end > pfn_table_slot_end(table, index))
		tail_index =
			pfn_table_slot_end(table, end - 1) - PFN_SLOT_PAGES;
	tail = pfn_table_part(table, tail_index, end);
	if (pfn_part_needs_array(&head, pfn)) {
		head_array = pfn_part_alloc_array(&head, 0);
		if (!head_array)
			return -ENOMEM;
	}
	if (tail.slot != head.slot &&
	    pfn_part_needs_array(&tail, pfn + (tail_index - index))) {
		tail_array = pfn_part_alloc_array(&tail, 0);
		if (!tail_array) {
			kfree(head_array);
			return -ENOMEM;
		}
	}

	pfn_part_set(&head, pfn, head_array);
	for (index += pfn_part_nr(&head); index < end;
	     index += pfn_part_nr(&head)) {
		pfn += pfn_part_nr(&head);
		head = pfn_table_part(table, index, end);
		pfn_part_set(&head, pfn,
			     index == tail_index ? tail_array : NULL);
	}
	return 0;
}

/**
 * pfn_table_set_pfns() - store page frames that form more than one run
 * @table: the table
 * @index: first page of the backing
 * @pfns: the page frames, one for each page
 * @nr: pages, at least 1, all in one slot
 *
 * Replaces the former contents, like a call of pfn_table_set_run() for each run,
 * but looks at the slot once.
 *
 * Context: May sleep. No other call on the same slot at the same time.
 * Return: 0, -ENOMEM, -EINVAL if the pages lie outside of the table or of the slot.
 * On failure no page has changed.
 */
int pfn_table_set_pfns(struct pfn_table *table, unsigned long index,
		       const unsigned long *pfns, unsigned long nr)
{
	unsigned long *array;
	struct pfn_part part;

	if (WARN_ON_ONCE(!nr || index >= table->nr_pages ||
			 nr > table->nr_pages - index ||
			 nr > pfn_table_slot_end(table, index) - index))
		return -EINVAL;
	if (pfn_table_add_leaves(table, index, index + nr))
		return -ENOMEM;
	part = pfn_table_part(table, index, index + nr);
	if (!pfn_slot_is_array(*part.slot)) {
		array = pfn_part_alloc_array(&part, 0);
		if (!array)
			return -ENOMEM;
		pfn_part_make_array(&part, array);
	}
	array = pfn_slot_array(*part.slot);
	memcpy(&array[part.from - part.low], pfns, nr * sizeof(*pfns));
	return 0;
}

/**
 * pfn_table_clear() - clear a range of pages
 * @table: the table
 * @index: first page of the range
 * @end: first page past the range; may lie past the end of the table
 *
 * Pages may be clear already. Cannot fail: clearing the middle of a run
 * allocates memory with __GFP_NOFAIL.
 *
 * Context: May sleep. No other call on the same slots at the same time.
 */
void pfn_table_clear(struct pfn_table *table, unsigned long index,
		     unsigned long end)
{
	struct pfn_part part;

	end = min(end, table->nr_pages);
	while (index < end) {
		part = pfn_table_part(table, index, end);
		if (part.slot) {
			pfn_part_clear(&part);
			index += pfn_part_nr(&part);
		} else {
			index = pfn_table_missing_end(table, index, end);
		}
		if (index < end)
			cond_resched();
	}
}

/**
 * pfn_table_take_single() - clear a small table and return its only run
 * @table: the table
 * @index: first page of the range
 * @end: first page past the range, within the table
 * @run: the run that was cleared, written on success only
 *
 * A fast path for small mappings, in place of a lookup and pfn_table_clear().
 *
 * Context: Any. No other call on @table at the same time.
 * Return: false, with nothing changed, unless @table has one slot and its
 * contents are one run within [@index, @end).
 */
bool pfn_table_take_single(struct pfn_table *table, unsigned long index,
			   unsigned long end, struct pfn_run *run)
{
	u64 slot = table->single;

	if (table->nr_slots != 1 || !pfn_slot_is_run(slot) ||
	    pfn_slot_from(slot) < index + table->skew ||
	    pfn_slot_to(slot) >= end + table->skew)
		return false;
	table->single = PFN_SLOT_EMPTY;
	*run = (struct pfn_run){
		.index = pfn_slot_from(slot) - table->skew,
		.pfn = pfn_slot_pfn(slot),
		.nr = pfn_slot_to(slot) - pfn_slot_from(slot) + 1,
	};
	return true;
}
