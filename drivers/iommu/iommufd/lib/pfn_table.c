// SPDX-License-Identifier: GPL-2.0-only
#include <linux/atomic.h>
#include <linux/bug.h>
#include <linux/errno.h>
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "pfn_table.h"

/*
 * A slot in 64 bits: 0 is empty; bit 0 set is a run, from its first to its last
 * place in the slot; anything else is the address of an array of page frames,
 * one for each place that the table has in this slot.
 */
#define SLOT_EMPTY 0ULL
#define SLOT_IS_RUN 1ULL
#define SLOT_FROM_SHIFT 1
#define SLOT_TO_SHIFT (SLOT_FROM_SHIFT + PFN_SLOT_SHIFT)
#define SLOT_PFN_SHIFT (SLOT_TO_SHIFT + PFN_SLOT_SHIFT)
#define SLOT_PLACE_MASK (PFN_SLOT_PAGES - 1)
#define SLOT_MAX_PFN ((1ULL << (64 - SLOT_PFN_SHIFT)) - 1)

/**
 * struct slot_part - some neighbouring pages within one slot
 */
struct slot_part {
	/** @slot: the slot, NULL where its leaf does not exist */
	u64 *slot;
	/** @low: lowest place in the slot that the table has */
	unsigned int low;
	/** @high: highest place in the slot that the table has */
	unsigned int high;
	/** @from: first place concerned */
	unsigned int from;
	/** @to: last place concerned */
	unsigned int to;
};

static u64 slot_from_run(unsigned int from, unsigned int to, u64 pfn)
{
	return SLOT_IS_RUN | (u64)from << SLOT_FROM_SHIFT |
	       (u64)to << SLOT_TO_SHIFT | pfn << SLOT_PFN_SHIFT;
}

static bool slot_is_run(u64 slot)
{
	return slot & SLOT_IS_RUN;
}

static bool slot_is_array(u64 slot)
{
	return slot && !slot_is_run(slot);
}

static unsigned int run_from(u64 slot)
{
	return slot >> SLOT_FROM_SHIFT & SLOT_PLACE_MASK;
}

static unsigned int run_to(u64 slot)
{
	return slot >> SLOT_TO_SHIFT & SLOT_PLACE_MASK;
}

static unsigned long run_pfn(u64 slot)
{
	return slot >> SLOT_PFN_SHIFT;
}

static unsigned long *slot_array(u64 slot)
{
	return (unsigned long *)(uintptr_t)slot;
}

static void slot_replace(u64 *slot, u64 new)
{
	u64 old = *slot;

	*slot = new;
	if (slot_is_array(old))
		kfree(slot_array(old));
}

static unsigned long table_nr_leaves(const struct pfn_table *table)
{
	return ((table->nr_slots - 1) >> PFN_LEAF_SHIFT) + 1;
}

static unsigned long leaf_nr_slots(const struct pfn_table *table,
				   unsigned long leaf)
{
	return min(table->nr_slots - (leaf << PFN_LEAF_SHIFT), PFN_LEAF_SLOTS);
}

static u64 *table_leaf(const struct pfn_table *table, unsigned long leaf)
{
	u64 **leaves = READ_ONCE(table->leaves);

	return leaves ? READ_ONCE(leaves[leaf]) : NULL;
}

static u64 *table_slot(const struct pfn_table *table, unsigned long slot)
{
	u64 *leaf;

	if (table->nr_slots == 1)
		return (u64 *)&table->single;
	leaf = table_leaf(table, slot >> PFN_LEAF_SHIFT);
	return leaf ? &leaf[slot & (PFN_LEAF_SLOTS - 1)] : NULL;
}

/* The part of [index, end) that lies in the slot of @index */
static struct slot_part table_part(const struct pfn_table *table,
				   unsigned long index, unsigned long end)
{
	unsigned long place = index + table->skew;
	unsigned long slot = place >> PFN_SLOT_SHIFT;
	unsigned long start = slot << PFN_SLOT_SHIFT;
	unsigned long stop = start + SLOT_PLACE_MASK;
	unsigned long table_last = table->nr_pages - 1 + table->skew;

	return (struct slot_part){
		.slot = table_slot(table, slot),
		.low = slot ? 0 : table->skew,
		.high = min(stop, table_last) - start,
		.from = place - start,
		.to = min(stop, end - 1 + table->skew) - start,
	};
}

static unsigned int part_nr(const struct slot_part *part)
{
	return part->to - part->from + 1;
}

/* Runs that touch or overlap and agree in what lies where become one */
static bool part_joins_run(const struct slot_part *part, unsigned long pfn)
{
	u64 run = *part->slot;

	return run_pfn(run) + part->from == pfn + run_from(run) &&
	       part->from <= run_to(run) + 1 && run_from(run) <= part->to + 1;
}

static bool part_covers_run(const struct slot_part *part)
{
	return part->from <= run_from(*part->slot) &&
	       run_to(*part->slot) <= part->to;
}

static bool part_needs_array(const struct slot_part *part, unsigned long pfn)
{
	return slot_is_run(*part->slot) && !part_covers_run(part) &&
	       !part_joins_run(part, pfn);
}

static unsigned long *part_alloc_array(const struct slot_part *part,
				       gfp_t flags)
{
	return kmalloc_objs(unsigned long, part->high - part->low + 1,
			    GFP_KERNEL_ACCOUNT | flags);
}

static void part_fill_array(const struct slot_part *part, unsigned long pfn)
{
	unsigned long *array = slot_array(*part->slot);
	unsigned int place;

	for (place = part->from; place <= part->to; place++) {
		array[place - part->low] = pfn;
		if (pfn != PFN_NONE)
			pfn++;
	}
}

/* Turn the run in a slot into the same thing as an array */
static void part_make_array(const struct slot_part *part, unsigned long *array)
{
	struct slot_part all = *part, run = *part;
	u64 old = *part->slot;

	*part->slot = (uintptr_t)array;
	all.from = all.low;
	all.to = all.high;
	part_fill_array(&all, PFN_NONE);
	run.from = run_from(old);
	run.to = run_to(old);
	part_fill_array(&run, run_pfn(old));
}

/* @array is what part_alloc_array() gave, where part_needs_array() */
static void part_set(const struct slot_part *part, unsigned long pfn,
		     unsigned long *array)
{
	u64 old = *part->slot;
	unsigned int from = part->from, to = part->to;

	if (array)
		part_make_array(part, array);
	if (slot_is_array(*part->slot) &&
	    (from != part->low || to != part->high)) {
		part_fill_array(part, pfn);
		return;
	}
	if (slot_is_run(old) && !part_covers_run(part)) {
		pfn -= from - min(from, run_from(old));
		from = min(from, run_from(old));
		to = max(to, run_to(old));
	}
	slot_replace(part->slot, slot_from_run(from, to, pfn));
}

static bool array_is_empty(const struct slot_part *part)
{
	const unsigned long *array = slot_array(*part->slot);
	unsigned int i;

	for (i = 0; i <= part->high - part->low; i++) {
		if (array[i] != PFN_NONE)
			return false;
	}
	return true;
}

static void part_clear_run(const struct slot_part *part)
{
	unsigned int from = run_from(*part->slot), to = run_to(*part->slot);
	unsigned long pfn = run_pfn(*part->slot);

	if (part->to < from || to < part->from)
		return;
	if (part_covers_run(part)) {
		*part->slot = SLOT_EMPTY;
	} else if (part->from <= from) {
		*part->slot = slot_from_run(part->to + 1, to,
					    pfn + (part->to + 1 - from));
	} else if (to <= part->to) {
		*part->slot = slot_from_run(from, part->from - 1, pfn);
	} else {
		part_make_array(part, part_alloc_array(part, __GFP_NOFAIL));
		part_fill_array(part, PFN_NONE);
	}
}

static void part_clear(const struct slot_part *part)
{
	if (slot_is_run(*part->slot)) {
		part_clear_run(part);
	} else if (slot_is_array(*part->slot)) {
		part_fill_array(part, PFN_NONE);
		if (array_is_empty(part))
			slot_replace(part->slot, SLOT_EMPTY);
	}
}

/* How many pages from @part->from on are alike: a run, or a hole */
static unsigned long part_piece(const struct slot_part *part,
				unsigned long *pfn)
{
	unsigned int from = part->from, to = part->to;
	const unsigned long *array;
	u64 slot = *part->slot;
	unsigned long nr;

	*pfn = PFN_NONE;
	if (slot == SLOT_EMPTY)
		return part_nr(part);
	if (slot_is_run(slot)) {
		if (from < run_from(slot))
			return min(to + 1, run_from(slot)) - from;
		if (run_to(slot) < from)
			return part_nr(part);
		*pfn = run_pfn(slot) + (from - run_from(slot));
		return min(to, run_to(slot)) + 1 - from;
	}
	array = slot_array(slot) + (from - part->low);
	*pfn = array[0];
	for (nr = 1; nr < part_nr(part); nr++) {
		if (array[nr] != (*pfn == PFN_NONE ? PFN_NONE : *pfn + nr))
			break;
	}
	return nr;
}

/* First index behind the leaf of @index, or @end where that is lower */
static unsigned long table_leaf_end(const struct pfn_table *table,
				    unsigned long index, unsigned long end)
{
	unsigned long leaf_pages = PFN_SLOT_PAGES << PFN_LEAF_SHIFT;

	return min(((index + table->skew) | (leaf_pages - 1)) + 1 - table->skew,
		   end);
}

/* The same for as many leaves in a row as do not exist, that of @index being one */
static unsigned long table_missing_end(const struct pfn_table *table,
				       unsigned long index, unsigned long end)
{
	if (!READ_ONCE(table->leaves))
		return end;
	do {
		index = table_leaf_end(table, index, end);
	} while (index < end &&
		 !table_leaf(table, (index + table->skew) >>
					    (PFN_SLOT_SHIFT + PFN_LEAF_SHIFT)));
	return index;
}

static unsigned long table_piece(const struct pfn_table *table,
				 unsigned long index, unsigned long end,
				 unsigned long *pfn)
{
	struct slot_part part = table_part(table, index, end);

	if (part.slot)
		return part_piece(&part, pfn);
	*pfn = PFN_NONE;
	return table_missing_end(table, index, end) - index;
}

static int table_add_leaf(struct pfn_table *table, unsigned long nr)
{
	u64 *leaf;

	if (table_leaf(table, nr))
		return 0;
	leaf = kzalloc_objs(*leaf, leaf_nr_slots(table, nr),
			    GFP_KERNEL_ACCOUNT);
	if (!leaf)
		return -ENOMEM;
	if (cmpxchg(&table->leaves[nr], NULL, leaf))
		kfree(leaf);
	return 0;
}

/* Make slots exist for [index, end); others may be doing the same */
static int table_add_leaves(struct pfn_table *table, unsigned long index,
			    unsigned long end)
{
	u64 **leaves;
	int ret;

	if (table->nr_slots == 1)
		return 0;
	if (!READ_ONCE(table->leaves)) {
		leaves = kvzalloc_objs(*leaves, table_nr_leaves(table),
				       GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
		if (!leaves)
			return -ENOMEM;
		if (cmpxchg(&table->leaves, NULL, leaves))
			kvfree(leaves);
	}
	for (; index < end; index = table_leaf_end(table, index, end)) {
		ret = table_add_leaf(table,
				     (index + table->skew) >>
					     (PFN_SLOT_SHIFT + PFN_LEAF_SHIFT));
		if (ret)
			return ret;
	}
	return 0;
}

/**
 * pfn_table_init() - an empty table
 * @table: the table
 * @nr_pages: pages of the backing, at least 1
 * @first_page: page number of page 0 in whatever numbering huge pages are
 *	aligned: address or file offset, divided by PAGE_SIZE
 *
 * Takes no memory; that comes with what is set.
 *
 * Context: Any.
 * Return: 0, -EINVAL where @nr_pages is 0 or too large.
 */
int pfn_table_init(struct pfn_table *table, unsigned long nr_pages,
		   unsigned long first_page)
{
	unsigned int skew = first_page & SLOT_PLACE_MASK;

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
 * pfn_table_free() - free what the table holds, set or not
 * @table: the table, which holds something
 *
 * For pfn_table_destroy().
 *
 * Context: May sleep. Nobody else uses @table.
 */
void pfn_table_free(struct pfn_table *table)
{
	unsigned long leaf, slot;

	if (table->nr_slots == 1) {
		slot_replace(&table->single, SLOT_EMPTY);
		return;
	}
	for (leaf = 0; leaf < table_nr_leaves(table); leaf++) {
		if (!table->leaves[leaf])
			continue;
		for (slot = 0; slot < leaf_nr_slots(table, leaf); slot++)
			slot_replace(&table->leaves[leaf][slot], SLOT_EMPTY);
		kfree(table->leaves[leaf]);
		cond_resched();
	}
	kvfree(table->leaves);
	table->leaves = NULL;
}

/**
 * pfn_table_set_run() - enter consecutive page frames
 * @table: the table
 * @index: first page of the backing
 * @pfn: page frame of that page
 * @nr: pages, at least 1
 *
 * What stood there is replaced. O(nr / PFN_SLOT_PAGES), for a fragmented slot
 * O(nr).
 *
 * Context: May sleep. No other call on the same slots at the same time.
 * Return: 0, -ENOMEM, -EINVAL where the pages or page frames do not exist;
 * nothing has changed then.
 */
int pfn_table_set_run(struct pfn_table *table, unsigned long index,
		      unsigned long pfn, unsigned long nr)
{
	unsigned long *head_array = NULL, *tail_array = NULL;
	unsigned long tail_index, end = index + nr;
	struct slot_part head, tail;

	if (WARN_ON_ONCE(!nr || index >= table->nr_pages ||
			 nr > table->nr_pages - index || pfn > SLOT_MAX_PFN ||
			 nr - 1 > SLOT_MAX_PFN - pfn))
		return -EINVAL;
	if (table_add_leaves(table, index, end))
		return -ENOMEM;

	/* Only the first and the last slot can be hit in part */
	head = table_part(table, index, end);
	tail_index = index;
	if (end > pfn_table_slot_end(table, index))
		tail_index =
			pfn_table_slot_end(table, end - 1) - PFN_SLOT_PAGES;
	tail = table_part(table, tail_index, end);
	if (part_needs_array(&head, pfn)) {
		head_array = part_alloc_array(&head, 0);
		if (!head_array)
			return -ENOMEM;
	}
	if (tail.slot != head.slot &&
	    part_needs_array(&tail, pfn + (tail_index - index))) {
		tail_array = part_alloc_array(&tail, 0);
		if (!tail_array) {
			kfree(head_array);
			return -ENOMEM;
		}
	}

	part_set(&head, pfn, head_array);
	for (index += part_nr(&head); index < end; index += part_nr(&head)) {
		pfn += part_nr(&head);
		head = table_part(table, index, end);
		part_set(&head, pfn, index == tail_index ? tail_array : NULL);
	}
	return 0;
}

/**
 * pfn_table_clear() - forget page frames
 * @table: the table
 * @index: first page of the backing
 * @end: first page to leave alone; the table's end where it lies above
 *
 * What was not set stays so. Cannot fail: cutting a run in its middle takes
 * memory, and waits for it where it must.
 *
 * Context: May sleep. No other call on the same slots at the same time.
 */
void pfn_table_clear(struct pfn_table *table, unsigned long index,
		     unsigned long end)
{
	struct slot_part part;

	end = min(end, table->nr_pages);
	while (index < end) {
		part = table_part(table, index, end);
		if (part.slot) {
			part_clear(&part);
			index += part_nr(&part);
		} else {
			index = table_missing_end(table, index, end);
		}
		if (index < end)
			cond_resched();
	}
}

/* What a small backing mostly is: one slot, and one run in it */
static bool single_run(const struct pfn_table *table, unsigned long index,
		       unsigned long end, struct pfn_run *run)
{
	unsigned long from = run_from(table->single) - table->skew;
	unsigned long to = run_to(table->single) - table->skew;
	unsigned long first = max(index, from), last = min(end - 1, to);

	if (index >= end || first > last)
		return false;
	*run = (struct pfn_run){
		.index = first,
		.pfn = run_pfn(table->single) + (first - from),
		.nr = last - first + 1,
	};
	return true;
}

/**
 * pfn_table_take_single() - all that a small table has
 * @table: the table
 * @index: first page to look at
 * @end: first page to leave out, within the table
 * @run: what was taken out, written on success only
 *
 * The short way to look and then clear, for where there are few pages.
 *
 * Context: Any. No other call at the same time.
 * Return: false where that is not one run within one slot and [@index, @end).
 */
bool pfn_table_take_single(struct pfn_table *table, unsigned long index,
			   unsigned long end, struct pfn_run *run)
{
	u64 slot = table->single;

	if (table->nr_slots != 1 || !slot_is_run(slot) ||
	    run_from(slot) < index + table->skew ||
	    run_to(slot) >= end + table->skew)
		return false;
	table->single = SLOT_EMPTY;
	*run = (struct pfn_run){
		.index = run_from(slot) - table->skew,
		.pfn = run_pfn(slot),
		.nr = run_to(slot) - run_from(slot) + 1,
	};
	return true;
}

/**
 * pfn_table_next_run() - the first consecutive page frames between two pages
 * @table: the table
 * @index: first page to look at
 * @end: first page to leave out; the table's end where it lies above
 * @run: what was found, as long as it can be; written on success only
 *
 * Context: Any.
 * Return: false where nothing is set in [@index, @end).
 */
bool pfn_table_next_run(const struct pfn_table *table, unsigned long index,
			unsigned long end, struct pfn_run *run)
{
	unsigned long pfn = PFN_NONE, next, nr = 0;

	end = min(end, table->nr_pages);
	if (table->nr_slots == 1 && slot_is_run(table->single))
		return single_run(table, index, end, run);
	for (; index < end; index += nr) {
		nr = table_piece(table, index, end, &pfn);
		if (pfn != PFN_NONE)
			break;
	}
	if (index >= end)
		return false;
	*run = (struct pfn_run){ .index = index, .pfn = pfn, .nr = nr };
	while (index + run->nr < end) {
		nr = table_piece(table, index + run->nr, end, &next);
		if (next != pfn + run->nr)
			break;
		run->nr += nr;
	}
	return true;
}

/**
 * pfn_table_next_hole() - the first pages between two without a page frame
 * @table: the table
 * @index: first page to look at
 * @end: first page to leave out; the table's end where it lies above
 * @hole_index: first page of the hole, written on success only
 * @hole_end: first page behind the hole, written on success only
 *
 * Context: Any.
 * Return: false where all of [@index, @end) is set.
 */
bool pfn_table_next_hole(const struct pfn_table *table, unsigned long index,
			 unsigned long end, unsigned long *hole_index,
			 unsigned long *hole_end)
{
	unsigned long pfn = 0, nr = 0;

	end = min(end, table->nr_pages);
	for (; index < end; index += nr) {
		nr = table_piece(table, index, end, &pfn);
		if (pfn == PFN_NONE)
			break;
	}
	if (index >= end)
		return false;
	*hole_index = index;
	for (; index < end; index += nr) {
		nr = table_piece(table, index, end, &pfn);
		if (pfn != PFN_NONE)
			break;
	}
	*hole_end = index;
	return true;
}
