// SPDX-License-Identifier: GPL-2.0-only
/*
 * The layout of one I/O address space: reservations, allowed ranges, and the
 * search for free IOVA.
 */
#include <linux/bug.h>
#include <linux/interval_tree.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/string.h>

#include "iova_space.h"

/*
 * A gap of the requested length may still be misaligned. After this many such
 * gaps, the search considers only gaps that fit at any alignment.
 */
#define IOVA_SEARCH_TRIES 32

/**
 * struct iova_reservation - IOVA kept free of mappings for one owner
 */
struct iova_reservation {
	/** @node: the range, in &iova_space.reserved */
	struct interval_tree_node node;
	/** @kind: see &iova_reserved.kind */
	unsigned int kind;
	/** @owner: the owner, for iova_space_unreserve() */
	const void *owner;
};

/**
 * struct iova_search - one search for free IOVA
 */
struct iova_search {
	/** @length: bytes to find */
	unsigned long length;
	/** @align: bytes, a power of two */
	unsigned long align;
	/** @offset: offset to which the result is congruent modulo @align */
	unsigned long offset;
	/** @min_gap: bytes, shorter gaps are skipped */
	unsigned long min_gap;
	/** @tries: misaligned gaps left before the search gives up */
	unsigned long tries;
	/** @first: the IOVA found */
	unsigned long first;
};

/**
 * enum iova_search_result - result of a search for free IOVA
 */
enum iova_search_result {
	/** @IOVA_SEARCH_FOUND: &iova_search.first is set */
	IOVA_SEARCH_FOUND,
	/** @IOVA_SEARCH_NONE: nothing fits */
	IOVA_SEARCH_NONE,
	/** @IOVA_SEARCH_GAVE_UP: too many gaps were misaligned */
	IOVA_SEARCH_GAVE_UP,
};

/* Automatic allocation */

static bool iova_search_range(const struct iova_range *avail,
			      struct iova_search *search)
{
	unsigned long pad = (search->offset - avail->first) &
			    (search->align - 1);

	if (pad > avail->last - avail->first ||
	    avail->last - avail->first - pad < search->length - 1)
		return false;
	search->first = avail->first + pad;
	return true;
}

static enum iova_search_result
iova_search_window(const struct iova_space *space,
		   const struct iova_range *window, struct iova_search *search)
{
	/* The first and the last page are for fixed addresses only. */
	static const struct iova_range bounds = { PAGE_SIZE,
						  ULONG_MAX - PAGE_SIZE };
	struct iova_range usable, avail;
	struct iova_gap gap;
	bool more;

	if (!iova_range_intersect(window, &bounds, &usable) ||
	    !iova_range_holds(&usable, search->length))
		return IOVA_SEARCH_NONE;
	for (more = iova_tree_first_gap(&space->used, usable.first,
					search->min_gap, &gap);
	     more && gap.range.first <= usable.last;
	     more = iova_tree_next_gap(&space->used, search->min_gap, &gap)) {
		if (iova_range_intersect(&gap.range, &usable, &avail) &&
		    iova_search_range(&avail, search))
			return IOVA_SEARCH_FOUND;
		if (iova_range_contains(&usable, &gap.range) &&
		    !--search->tries)
			return IOVA_SEARCH_GAVE_UP;
		cond_resched();
	}
	return IOVA_SEARCH_NONE;
}

static enum iova_search_result iova_search_windows(struct iova_space *space,
						   struct iova_search *search)
{
	enum iova_search_result result = IOVA_SEARCH_NONE;
	struct iova_range usable;
	size_t i;

	if (!space->allowed) {
		iova_space_for_each_usable(space, usable) {
			result = iova_search_window(space, &usable, search);
			if (result != IOVA_SEARCH_NONE)
				break;
		}
		return result;
	}
	/* Allowed ranges are never reserved. */
	for (i = 0; i < space->nr_allowed && result == IOVA_SEARCH_NONE; i++) {
		result = iova_search_window(space, &space->allowed[i], search);
		cond_resched();
	}
	return result;
}

static bool iova_search_aligned(struct iova_space *space, unsigned long align,
				const struct iova_fit *fit,
				unsigned long *first)
{
	struct iova_search search = {
		.length = fit->length,
		.align = align,
		.offset = fit->hint,
		.min_gap = fit->length,
		.tries = IOVA_SEARCH_TRIES,
	};
	enum iova_search_result result = iova_search_windows(space, &search);

	if (result == IOVA_SEARCH_GAVE_UP) {
		search.tries = ULONG_MAX;
		if (!check_add_overflow(fit->length, align - 1,
					&search.min_gap))
			result = iova_search_windows(space, &search);
		if (result != IOVA_SEARCH_FOUND) {
			search.min_gap = fit->length;
			result = iova_search_windows(space, &search);
		}
	}
	*first = search.first;
	return result == IOVA_SEARCH_FOUND;
}

/*
 * The ranges of @sorted are in ascending order and do not overlap each other.
 */
static bool iova_space_sorted_overlap(const struct iova_range *sorted,
				      size_t nr, const struct iova_range *range)
{
	size_t low = 0, high = nr;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (sorted[middle].last < range->first)
			low = middle + 1;
		else
			high = middle;
	}
	return low < nr && iova_range_overlaps(&sorted[low], range);
}

static int iova_space_range_cmp(const void *a, const void *b)
{
	const struct iova_range *left = a, *right = b;

	return left->first < right->first ? -1 : left->first > right->first;
}

/* Merges adjacent ranges, so that an allocation can span them. */
static size_t iova_space_join_ranges(struct iova_range *ranges, size_t nr)
{
	size_t i, joined = 0;

	for (i = 1; i < nr; i++) {
		if (ranges[joined].last + 1 == ranges[i].first)
			ranges[joined].last = ranges[i].last;
		else
			ranges[++joined] = ranges[i];
	}
	return nr ? joined + 1 : 0;
}

static int iova_space_add_reservation(struct iova_space *space,
				      const struct iova_range *range,
				      unsigned int kind, const void *owner,
				      struct iova_reservation **out)
{
	struct iova_reservation *reservation;

	if (iova_space_first_used(space, range) ||
	    iova_space_sorted_overlap(space->allowed, space->nr_allowed, range))
		return -EADDRINUSE;
	reservation = kzalloc_obj(*reservation, GFP_KERNEL_ACCOUNT);
	if (!reservation)
		return -ENOMEM;
	reservation->node.start = range->first;
	reservation->node.last = range->last;
	reservation->kind = kind;
	reservation->owner = owner;
	interval_tree_insert(&reservation->node, &space->reserved);
	*out = reservation;
	return 0;
}

static void iova_space_free_reservation(struct iova_space *space,
					struct iova_reservation *reservation)
{
	interval_tree_remove(&reservation->node, &space->reserved);
	kfree(reservation);
}

/* Interface */

/**
 * iova_space_init() - initialize an empty space
 * @space: the space
 *
 * Nothing is used or reserved, everything is allowed.
 *
 * Context: Any.
 */
void iova_space_init(struct iova_space *space)
{
	*space = (struct iova_space){
		.used = RB_ROOT,
		.reserved = RB_ROOT_CACHED,
	};
}

/**
 * iova_space_destroy() - free the memory of a space
 * @space: the space, in which nothing is used any more
 *
 * Drops all reservations of all owners.
 *
 * Context: May sleep. The caller holds the space for writing.
 */
void iova_space_destroy(struct iova_space *space)
{
	struct interval_tree_node *node;

	WARN_ON(!RB_EMPTY_ROOT(&space->used));
	while ((node = interval_tree_iter_first(&space->reserved, 0,
						ULONG_MAX)))
		iova_space_free_reservation(
			space,
			container_of(node, struct iova_reservation, node));
	kvfree(space->allowed);
	iova_space_init(space);
}

/**
 * iova_space_sort_allowed() - prepare ranges for iova_space_set_allowed()
 * @ranges: the ranges in any order; on success sorted and merged
 * @nr: in: number of ranges; out: number after adjacent ranges were merged
 *
 * O(@nr * log @nr). Accesses no struct iova_space.
 *
 * Context: Any.
 * Return: 0, or -EINVAL if two of @ranges overlap.
 */
int iova_space_sort_allowed(struct iova_range *ranges, size_t *nr)
{
	size_t i;

	if (*nr)
		sort(ranges, *nr, sizeof(*ranges), iova_space_range_cmp, NULL);
	for (i = 1; i < *nr; i++) {
		if (iova_range_overlaps(&ranges[i - 1], &ranges[i]))
			return -EINVAL;
	}
	*nr = iova_space_join_ranges(ranges, *nr);
	return 0;
}

/**
 * iova_space_set_allowed() - set the ranges for automatic allocation
 * @space: the space
 * @ranges: array allocated by kvmalloc() and prepared by
 *	iova_space_sort_allowed(), or NULL; on success replaced by the former
 *	array. The caller frees the array that it holds afterwards.
 * @nr: number of ranges; 0 with NULL allows everything that is not reserved
 *
 * Ranges that are used already stay used, inside and outside of @ranges.
 * O(r * log @nr) with r reservations.
 *
 * Context: Any. The caller holds the space for writing.
 * Return: 0, or -EADDRINUSE if one of @ranges overlaps a reservation.
 */
int iova_space_set_allowed(struct iova_space *space, struct iova_range **ranges,
			   size_t nr)
{
	struct interval_tree_node *node;

	for (node = interval_tree_iter_first(&space->reserved, 0, ULONG_MAX);
	     node; node = interval_tree_iter_next(node, 0, ULONG_MAX)) {
		const struct iova_range reserved = { node->start, node->last };

		if (iova_space_sorted_overlap(*ranges, nr, &reserved))
			return -EADDRINUSE;
	}
	swap(space->allowed, *ranges);
	space->nr_allowed = nr;
	return 0;
}

/**
 * iova_space_reserve() - keep mappings out of a range
 * @space: the space
 * @range: the range; it may overlap other reservations
 * @kind: any number but IOVA_OUTSIDE, for iova_space_first_reserved()
 * @owner: owner of the reservation, any pointer
 *
 * O(log n).
 *
 * Context: May sleep. The caller holds the space for writing.
 * Return: 0, -EADDRINUSE if part of @range is used or was allowed by
 * iova_space_set_allowed(), -ENOMEM.
 */
int iova_space_reserve(struct iova_space *space, const struct iova_range *range,
		       unsigned int kind, const void *owner)
{
	struct iova_reservation *reservation;

	return iova_space_add_reservation(space, range, kind, owner,
					  &reservation);
}

/**
 * iova_space_reserve_outside() - keep mappings inside a range
 * @space: the space
 * @aperture: range in which mappings remain possible
 * @owner: owner of the reservations, any pointer
 *
 * Reserves the ranges below and above @aperture, either both or none.
 *
 * Context: May sleep. The caller holds the space for writing.
 * Return: as iova_space_reserve().
 */
int iova_space_reserve_outside(struct iova_space *space,
			       const struct iova_range *aperture,
			       const void *owner)
{
	const struct iova_range below = { 0, aperture->first - 1 };
	const struct iova_range above = { aperture->last + 1, ULONG_MAX };
	struct iova_reservation *low = NULL, *high;
	int ret;

	if (aperture->first) {
		ret = iova_space_add_reservation(space, &below, IOVA_OUTSIDE,
						 owner, &low);
		if (ret)
			return ret;
	}
	if (aperture->last == ULONG_MAX)
		return 0;
	ret = iova_space_add_reservation(space, &above, IOVA_OUTSIDE, owner,
					 &high);
	if (ret && low)
		iova_space_free_reservation(space, low);
	return ret;
}

/**
 * iova_space_first_reserved() - find a reservation that overlaps a range
 * @space: the space
 * @range: range to search
 * @reserved: set to the lowest one, on success only
 *
 * O(log n).
 *
 * Context: Any. The caller holds the space for reading.
 * Return: true if there is one.
 */
bool iova_space_first_reserved(struct iova_space *space,
			       const struct iova_range *range,
			       struct iova_reserved *reserved)
{
	const struct iova_reservation *found;
	struct interval_tree_node *node;

	node = interval_tree_iter_first(&space->reserved, range->first,
					range->last);
	if (!node)
		return false;
	found = container_of(node, struct iova_reservation, node);
	*reserved = (struct iova_reserved){
		.range = { node->start, node->last },
		.kind = found->kind,
		.owner = found->owner,
	};
	return true;
}

/**
 * iova_space_unreserve() - drop all reservations of one owner
 * @space: the space
 * @owner: owner given to iova_space_reserve(); it may have no reservation
 *
 * O(r) in the number of reservations.
 *
 * Context: Any. The caller holds the space for writing.
 */
void iova_space_unreserve(struct iova_space *space, const void *owner)
{
	struct interval_tree_node *node, *next;

	for (node = interval_tree_iter_first(&space->reserved, 0, ULONG_MAX);
	     node; node = next) {
		struct iova_reservation *reservation =
			container_of(node, struct iova_reservation, node);

		next = interval_tree_iter_next(node, 0, ULONG_MAX);
		if (reservation->owner == owner)
			iova_space_free_reservation(space, reservation);
	}
}

/**
 * iova_space_use_fixed() - use a given range
 * @space: the space
 * @node: node to add on success
 * @range: the range
 *
 * Ignores the allowed ranges. O(log n).
 *
 * Context: Any. The caller holds the space for writing.
 * Return: 0, -EINVAL if part of @range is reserved, -EEXIST if part of it is
 * used.
 */
int iova_space_use_fixed(struct iova_space *space, struct iova_node *node,
			 const struct iova_range *range)
{
	if (interval_tree_iter_first(&space->reserved, range->first,
				     range->last))
		return -EINVAL;
	return iova_tree_insert(&space->used, node, range) ? 0 : -EEXIST;
}

/**
 * iova_space_use_auto() - find a free range and use it
 * @space: the space
 * @node: node to add on success, with the range found
 * @fit: constraints
 *
 * The range found is allowed and not reserved, does not include the first or
 * the last page of the address space, and is usually the lowest that fits.
 * O(w * log n) with n used ranges and w windows, which are the allowed ranges
 * or, if everything is allowed, the ranges between reservations. O(n * log n)
 * only if all gaps that are long enough are misaligned and barely so long.
 *
 * Context: May sleep. The caller holds the space for writing.
 * Return: 0, -EOVERFLOW if the length is 0 or at least half of the address
 * space, -EINVAL if length or hint are not aligned to @fit->min_align, -ENOSPC.
 */
int iova_space_use_auto(struct iova_space *space, struct iova_node *node,
			const struct iova_fit *fit)
{
	unsigned long floor = max(fit->min_align, PAGE_SIZE);
	unsigned long align, natural;
	struct iova_range found;

	if (!fit->length || fit->length >= ULONG_MAX / 2)
		return -EOVERFLOW;
	if ((fit->length | fit->hint) & (fit->min_align - 1))
		return -EINVAL;
	align = max(min(roundup_pow_of_two(fit->length), fit->max_align),
		    floor);
	natural = fit->hint ? fit->hint & -fit->hint : align;
	natural = max(min(natural, align), floor);
	if (!iova_search_aligned(space, align, fit, &found.first) &&
	    (natural == align ||
	     !iova_search_aligned(space, natural, fit, &found.first)))
		return -ENOSPC;
	found.last = found.first + (fit->length - 1);
	iova_tree_insert(&space->used, node, &found);
	return 0;
}

/**
 * iova_space_split() - split a used range in two
 * @space: the space
 * @node: used range, keeps the part below @tail_first
 * @tail_first: first byte of the second part, above the first byte of @node
 *	and not above its last
 * @tail: node to add for the second part
 *
 * A caller that releases part of a range splits it off first. O(log n).
 *
 * Context: Any. The caller holds the space for writing.
 */
void iova_space_split(struct iova_space *space, struct iova_node *node,
		      unsigned long tail_first, struct iova_node *tail)
{
	iova_tree_split(&space->used, node, tail_first, tail);
}

/**
 * iova_space_next_usable() - find the next range that is not reserved
 * @space: the space
 * @from: address to start at
 * @usable: lowest range at or above @from without any reservation, as large as
 *	possible; written on success only
 *
 * The range may be used, and need not be allowed. O(r * log r) if @from lies in
 * r overlapping or adjacent reservations.
 *
 * Context: Any. The caller holds the space for reading.
 * Return: false if everything at or above @from is reserved.
 */
bool iova_space_next_usable(struct iova_space *space, unsigned long from,
			    struct iova_range *usable)
{
	struct interval_tree_node *node;

	while ((node = interval_tree_iter_first(&space->reserved, from,
						ULONG_MAX)) &&
	       node->start <= from) {
		if (node->last == ULONG_MAX)
			return false;
		from = node->last + 1;
	}
	usable->first = from;
	usable->last = node ? node->start - 1 : ULONG_MAX;
	return true;
}
