// SPDX-License-Identifier: GPL-2.0-only
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
 * Gaps that are long enough may still be misaligned. After so many of them the
 * search turns to gaps that are large enough wherever they begin.
 */
#define IOVA_TIGHT_TRIES 32

/**
 * struct iova_reservation - IOVA kept free of mappings for one owner
 */
struct iova_reservation {
	/** @node: the range, in &iova_space.reserved */
	struct interval_tree_node node;
	/** @owner: what iova_space_unreserve() will name */
	const void *owner;
};

/**
 * struct iova_search - one search for free IOVA
 */
struct iova_search {
	/** @length: bytes wanted */
	unsigned long length;
	/** @align: bytes, a power of two */
	unsigned long align;
	/** @offset: the result is congruent to it modulo @align */
	unsigned long offset;
	/** @min_gap: gaps with fewer bytes are not looked at */
	unsigned long min_gap;
	/** @tries: gaps that may yet turn out to be misaligned */
	unsigned long tries;
	/** @first: the IOVA found */
	unsigned long first;
};

/**
 * enum search_result - what came of looking for room
 */
enum search_result {
	/** @SEARCH_FOUND: there is some */
	SEARCH_FOUND,
	/** @SEARCH_NO_ROOM: there is none */
	SEARCH_NO_ROOM,
	/** @SEARCH_GAVE_UP: too many gaps were misaligned to go on like this */
	SEARCH_GAVE_UP,
};

/* Automatic allocation */

static bool search_room(const struct iova_range *room,
			struct iova_search *search)
{
	unsigned long pad = (search->offset - room->first) &
			    (search->align - 1);

	if (pad > room->last - room->first ||
	    room->last - room->first - pad < search->length - 1)
		return false;
	search->first = room->first + pad;
	return true;
}

static enum search_result search_window(const struct iova_space *space,
					const struct iova_range *window,
					struct iova_search *search)
{
	/* The first and the last page are for those who ask for them */
	static const struct iova_range bounds = { PAGE_SIZE,
						  ULONG_MAX - PAGE_SIZE };
	struct iova_range usable, room;
	struct iova_gap gap;
	bool more;

	if (!iova_range_intersect(window, &bounds, &usable) ||
	    !iova_range_holds(&usable, search->length))
		return SEARCH_NO_ROOM;
	for (more = iova_tree_first_gap(&space->used, usable.first,
					search->min_gap, &gap);
	     more && gap.range.first <= usable.last;
	     more = iova_tree_next_gap(&space->used, search->min_gap, &gap)) {
		if (iova_range_intersect(&gap.range, &usable, &room) &&
		    search_room(&room, search))
			return SEARCH_FOUND;
		if (iova_range_contains(&usable, &gap.range) &&
		    !--search->tries)
			return SEARCH_GAVE_UP;
		cond_resched();
	}
	return SEARCH_NO_ROOM;
}

static enum search_result search_windows(struct iova_space *space,
					 struct iova_search *search)
{
	enum search_result result = SEARCH_NO_ROOM;
	struct iova_range usable;
	size_t i;

	if (!space->allowed) {
		iova_space_for_each_usable(space, usable) {
			result = search_window(space, &usable, search);
			if (result != SEARCH_NO_ROOM)
				break;
		}
		return result;
	}
	/* What is allowed is not reserved */
	for (i = 0; i < space->nr_allowed && result == SEARCH_NO_ROOM; i++) {
		result = search_window(space, &space->allowed[i], search);
		cond_resched();
	}
	return result;
}

static bool search_aligned(struct iova_space *space, unsigned long align,
			   const struct iova_fit *fit, unsigned long *first)
{
	struct iova_search search = {
		.length = fit->length,
		.align = align,
		.offset = fit->hint,
		.min_gap = fit->length,
		.tries = IOVA_TIGHT_TRIES,
	};
	enum search_result result = search_windows(space, &search);

	if (result == SEARCH_GAVE_UP) {
		search.tries = ULONG_MAX;
		if (!check_add_overflow(fit->length, align - 1,
					&search.min_gap))
			result = search_windows(space, &search);
		if (result != SEARCH_FOUND) {
			search.min_gap = fit->length;
			result = search_windows(space, &search);
		}
	}
	*first = search.first;
	return result == SEARCH_FOUND;
}

/* Ranges that do not overlap, sorted: does any of them overlap @range? */
static bool sorted_overlap(const struct iova_range *sorted, size_t nr,
			   const struct iova_range *range)
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

static int range_cmp(const void *a, const void *b)
{
	const struct iova_range *left = a, *right = b;

	return left->first < right->first ? -1 : left->first > right->first;
}

/* Make one of ranges that touch, so that an allocation can span them */
static size_t join_ranges(struct iova_range *ranges, size_t nr)
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

static int space_reserve(struct iova_space *space,
			 const struct iova_range *range, const void *owner,
			 struct iova_reservation **out)
{
	struct iova_reservation *reservation;

	if (iova_space_first_used(space, range) ||
	    sorted_overlap(space->allowed, space->nr_allowed, range))
		return -EADDRINUSE;
	reservation = kzalloc_obj(*reservation, GFP_KERNEL_ACCOUNT);
	if (!reservation)
		return -ENOMEM;
	reservation->node.start = range->first;
	reservation->node.last = range->last;
	reservation->owner = owner;
	interval_tree_insert(&reservation->node, &space->reserved);
	*out = reservation;
	return 0;
}

static void space_unreserve(struct iova_space *space,
			    struct iova_reservation *reservation)
{
	interval_tree_remove(&reservation->node, &space->reserved);
	kfree(reservation);
}

/* What others call */

/**
 * iova_space_init() - an empty space: nothing used or reserved, all allowed
 * @space: the space
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
 * iova_space_destroy() - free what the space holds
 * @space: the space, in which nothing is used any more
 *
 * Drops all reservations, whoever owns them.
 *
 * Context: May sleep. The caller holds the space for writing.
 */
void iova_space_destroy(struct iova_space *space)
{
	struct interval_tree_node *node;

	WARN_ON(!RB_EMPTY_ROOT(&space->used));
	while ((node = interval_tree_iter_first(&space->reserved, 0,
						ULONG_MAX)))
		space_unreserve(space,
				container_of(node, struct iova_reservation,
					     node));
	kvfree(space->allowed);
	iova_space_init(space);
}

/**
 * iova_space_sort_allowed() - prepare ranges for iova_space_set_allowed()
 * @ranges: in any order
 * @nr: how many; those that touch become one
 *
 * O(@nr * log @nr), and needs no space.
 *
 * Context: Any.
 * Return: 0, or -EINVAL where two of @ranges overlap.
 */
int iova_space_sort_allowed(struct iova_range *ranges, size_t *nr)
{
	size_t i;

	if (*nr)
		sort(ranges, *nr, sizeof(*ranges), range_cmp, NULL);
	for (i = 1; i < *nr; i++) {
		if (iova_range_overlaps(&ranges[i - 1], &ranges[i]))
			return -EINVAL;
	}
	*nr = join_ranges(ranges, *nr);
	return 0;
}

/**
 * iova_space_set_allowed() - say where automatic allocation may go
 * @space: the space
 * @ranges: made by kvmalloc(), prepared by iova_space_sort_allowed(); on success
 *	the old ones afterwards. Those it points to are the caller's to free.
 * @nr: how many; 0 allows everything that is not reserved, with NULL
 *
 * What is used already stays, inside or outside. O(r * log @nr) with r
 * reservations.
 *
 * Context: Any. The caller holds the space for writing.
 * Return: 0, or -EADDRINUSE where one of @ranges overlaps a reservation.
 */
int iova_space_set_allowed(struct iova_space *space, struct iova_range **ranges,
			   size_t nr)
{
	struct interval_tree_node *node;

	for (node = interval_tree_iter_first(&space->reserved, 0, ULONG_MAX);
	     node; node = interval_tree_iter_next(node, 0, ULONG_MAX)) {
		const struct iova_range reserved = { node->start, node->last };

		if (sorted_overlap(*ranges, nr, &reserved))
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
 * @owner: who wants it, any pointer
 *
 * O(log n).
 *
 * Context: May sleep. The caller holds the space for writing.
 * Return: 0, -EADDRINUSE where part of @range is used or was allowed by
 * iova_space_set_allowed(), -ENOMEM.
 */
int iova_space_reserve(struct iova_space *space, const struct iova_range *range,
		       const void *owner)
{
	struct iova_reservation *reservation;

	return space_reserve(space, range, owner, &reservation);
}

/**
 * iova_space_reserve_outside() - keep mappings inside a range
 * @space: the space
 * @aperture: what remains possible
 * @owner: who wants it, any pointer
 *
 * Reserves what is below and what is above @aperture, both or nothing.
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
		ret = space_reserve(space, &below, owner, &low);
		if (ret)
			return ret;
	}
	if (aperture->last == ULONG_MAX)
		return 0;
	ret = space_reserve(space, &above, owner, &high);
	if (ret && low)
		space_unreserve(space, low);
	return ret;
}

/**
 * iova_space_unreserve() - drop all reservations of one owner
 * @space: the space
 * @owner: the owner given to iova_space_reserve(); it may have none
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
			space_unreserve(space, reservation);
	}
}

/**
 * iova_space_use_fixed() - use a range that the user names
 * @space: the space
 * @node: becomes part of the space on success
 * @range: the range
 *
 * What is allowed does not matter here. O(log n).
 *
 * Context: Any. The caller holds the space for writing.
 * Return: 0, -EINVAL where part of @range is reserved, -EEXIST where part of
 * it is used.
 */
int iova_space_use_fixed(struct iova_space *space, struct iova_node *node,
			 const struct iova_range *range)
{
	if (interval_tree_iter_first(&space->reserved, range->first,
				     range->last))
		return -EINVAL;
	if (iova_space_first_used(space, range))
		return -EEXIST;
	iova_tree_insert(&space->used, node, range);
	return 0;
}

/**
 * iova_space_use_auto() - find a free range and use it
 * @space: the space
 * @node: becomes part of the space on success, its range tells what was found
 * @fit: what is wanted
 *
 * Goes to what is allowed and not reserved, never to the first or the last
 * page of the address space, and mostly to the lowest place that fits.
 * O(w * log n) with n used ranges and w windows (allowed ranges, or ranges
 * between reservations where everything is allowed); O(n * log n) only where
 * every gap that is long enough is hardly so and misaligned.
 *
 * Context: May sleep. The caller holds the space for writing.
 * Return: 0, -EOVERFLOW where the length is 0 or half of the address space,
 * -EINVAL where length or hint are not aligned to @fit->min_align, -ENOSPC.
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
	if (!search_aligned(space, align, fit, &found.first) &&
	    (natural == align ||
	     !search_aligned(space, natural, fit, &found.first)))
		return -ENOSPC;
	found.last = found.first + (fit->length - 1);
	iova_tree_insert(&space->used, node, &found);
	return 0;
}

/**
 * iova_space_split() - make two used ranges of one
 * @space: the space
 * @node: used range, keeps the part below @tail_first
 * @tail_first: first byte of the second part, above the first byte of @node
 *	and not above its last
 * @tail: becomes part of the space with the rest
 *
 * To give back a part of a range, split it off, then release it. O(log n).
 *
 * Context: Any. The caller holds the space for writing.
 */
void iova_space_split(struct iova_space *space, struct iova_node *node,
		      unsigned long tail_first, struct iova_node *tail)
{
	iova_tree_split(&space->used, node, tail_first, tail);
}

/**
 * iova_space_next_usable() - where mappings are possible
 * @space: the space
 * @from: address to start at
 * @usable: the lowest range at or above @from without any reservation, as
 *	large as it can be from there on; written on success only
 *
 * Used or not, allowed or not. O(r * log r) where @from lies in r overlapping
 * or touching reservations.
 *
 * Context: Any. The caller holds the space for reading.
 * Return: false where all from there on is reserved.
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
