/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One I/O address space: who uses which IOVA, and where there is room.
 *
 * Three sets describe it:
 *
 * used       what is mapped. Never overlapping. Each used range is a struct
 *            iova_node that the caller embeds in its own object.
 * reserved   what must not be mapped, each reservation on behalf of an owner.
 *            Reservations may overlap each other, never a used range.
 * allowed    where automatic allocation may go. None given means anywhere that
 *            is not reserved. Allowed and reserved never overlap. Allowed does
 *            not limit a use at a fixed address.
 *
 * Free IOVA is not stored: the tree of used nodes knows its gaps. That needs no
 * memory beyond the caller's nodes, so releasing and splitting cannot fail.
 *
 * No locks inside. "Holds the space for writing" below means that the caller
 * excludes every other call on the same space; "for reading", that it excludes
 * those that need it for writing. An operation that fails has changed nothing.
 */
#ifndef IOMMUFD_IOVA_SPACE_H
#define IOMMUFD_IOVA_SPACE_H

#include <linux/rbtree.h>
#include <linux/types.h>

#include "iova_tree.h"
#include "range.h"

/**
 * struct iova_space - the use of one I/O address space
 */
struct iova_space {
	/** @used: tree of struct iova_node, by address */
	struct rb_root used;
	/** @reserved: interval tree of the reservations */
	struct rb_root_cached reserved;
	/** @allowed: sorted, neither overlapping nor touching; NULL means everything */
	struct iova_range *allowed;
	/** @nr_allowed: entries in @allowed, 0 where it is NULL */
	size_t nr_allowed;
};

/**
 * struct iova_fit - what an automatic allocation asks for
 *
 * The IOVA found is congruent to @hint modulo the alignment. The alignment
 * tried first is the length rounded up to a power of two, at most @max_align,
 * so that a large page of the backing can become a large page of the IOMMU.
 * Where nothing fits, it is the largest one that @hint itself has, and that
 * failing there is no room. Neither is below PAGE_SIZE.
 */
struct iova_fit {
	/** @length: bytes */
	unsigned long length;
	/** @hint: address or offset of the backing memory */
	unsigned long hint;
	/** @min_align: bytes, a power of two; @length and @hint must have it */
	unsigned long min_align;
	/** @max_align: bytes, a power of two not below @min_align; what pays off */
	unsigned long max_align;
};

void iova_space_init(struct iova_space *space);
void iova_space_destroy(struct iova_space *space);

int iova_space_sort_allowed(struct iova_range *ranges, size_t *nr);
int iova_space_set_allowed(struct iova_space *space, struct iova_range **ranges,
			   size_t nr);

int iova_space_reserve(struct iova_space *space, const struct iova_range *range,
		       const void *owner);
int iova_space_reserve_outside(struct iova_space *space,
			       const struct iova_range *aperture,
			       const void *owner);
void iova_space_unreserve(struct iova_space *space, const void *owner);

int iova_space_use_fixed(struct iova_space *space, struct iova_node *node,
			 const struct iova_range *range);
int iova_space_use_auto(struct iova_space *space, struct iova_node *node,
			const struct iova_fit *fit);
void iova_space_split(struct iova_space *space, struct iova_node *node,
		      unsigned long tail_first, struct iova_node *tail);
bool iova_space_next_usable(struct iova_space *space, unsigned long from,
			    struct iova_range *usable);

/**
 * iova_space_release() - a range is not used any more
 * @space: the space
 * @node: the range; afterwards it is the caller's again, its range still valid
 *
 * O(log n).
 *
 * Context: Any. The caller holds the space for writing.
 */
static inline void iova_space_release(struct iova_space *space,
				      struct iova_node *node)
{
	iova_tree_erase(&space->used, node);
}

/**
 * iova_space_first_used() - lowest used range that overlaps a range
 * @space: the space
 * @range: where to look
 *
 * O(log n).
 *
 * Context: Any. The caller holds the space for reading.
 * Return: the node, or NULL where nothing in @range is used.
 */
static inline struct iova_node *
iova_space_first_used(const struct iova_space *space,
		      const struct iova_range *range)
{
	return iova_tree_first(&space->used, range);
}

/**
 * iova_space_next_used() - the used range that follows
 * @node: a used range
 * @last: where to stop, inclusive
 *
 * O(1) on average.
 *
 * Context: Any. The caller holds the space for reading.
 * Return: the node, or NULL where the next one begins above @last.
 */
static inline struct iova_node *
iova_space_next_used(const struct iova_node *node, unsigned long last)
{
	return node->range.last < last ? iova_tree_next(node, last) : NULL;
}

/**
 * iova_space_for_each_used() - visit the used ranges that overlap a range
 * @space: the space, held for reading
 * @node: struct iova_node pointer, the loop variable
 * @range: pointer to the struct iova_range of interest
 *
 * In ascending order. The body must not release @node; for that take
 * iova_space_next_used() first.
 */
#define iova_space_for_each_used(space, node, range)           \
	for (node = iova_space_first_used(space, range); node; \
	     node = iova_space_next_used(node, (range)->last))

/**
 * iova_space_for_each_usable() - visit every range that is not reserved
 * @space: the space, held for reading
 * @usable: struct iova_range, the loop variable
 *
 * In ascending order, each range as large as can be, used or not, allowed or
 * not. This is what IOMMU_IOAS_IOVA_RANGES reports.
 */
#define iova_space_for_each_usable(space, usable)                              \
	for (bool __more = iova_space_next_usable(space, 0, &(usable));        \
	     __more; __more = (usable).last != ULONG_MAX &&                    \
			      iova_space_next_usable(space, (usable).last + 1, \
						     &(usable)))

#endif /* IOMMUFD_IOVA_SPACE_H */
