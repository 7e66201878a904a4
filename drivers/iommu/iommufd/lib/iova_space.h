/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The layout of one I/O address space: which IOVA is used and which is free.
 *
 * Three sets describe it:
 *
 * used       ranges that are mapped. They never overlap. Each one is a struct
 *            iova_node that the caller embeds in its own object.
 * reserved   ranges that must not be mapped, each on behalf of an owner.
 *            Reservations may overlap each other, but never a used range.
 * allowed    ranges that automatic allocation is limited to. Without any, it
 *            may use everything that is not reserved. Allowed and reserved
 *            ranges never overlap. Fixed addresses are not limited to them.
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
 * struct iova_space - layout of one I/O address space
 */
struct iova_space {
	/** @used: tree of struct iova_node, by address */
	struct rb_root used;
	/** @reserved: interval tree of the reservations */
	struct rb_root_cached reserved;
	/** @allowed: sorted array, neither overlapping nor adjacent, or NULL */
	struct iova_range *allowed;
	/** @nr_allowed: entries in @allowed, 0 if all IOVA is allowed */
	size_t nr_allowed;
};

/**
 * struct iova_reserved - a range that must not be mapped
 */
struct iova_reserved {
	/** @range: the range */
	struct iova_range range;
	/** @kind: as given to iova_space_reserve() */
	unsigned int kind;
	/** @owner: the owner */
	const void *owner;
};

/** IOVA_OUTSIDE - kind of the ranges that iova_space_reserve_outside() adds */
#define IOVA_OUTSIDE UINT_MAX

/**
 * struct iova_fit - constraints of an automatic allocation
 *
 * The IOVA found is congruent to @hint modulo the alignment. The first attempt
 * aligns to the length rounded up to a power of two, at most @max_align, so
 * that a large page of the backing can become a large page of the IOMMU. If
 * nothing fits, the second and last attempt uses the natural alignment of
 * @hint. Both alignments are at least PAGE_SIZE.
 */
struct iova_fit {
	/** @length: bytes */
	unsigned long length;
	/** @hint: address or offset of the backing memory */
	unsigned long hint;
	/** @min_align: power of two that divides @length and @hint */
	unsigned long min_align;
	/** @max_align: largest useful power of two, not below @min_align */
	unsigned long max_align;
};

void iova_space_init(struct iova_space *space);
void iova_space_destroy(struct iova_space *space);

int iova_space_sort_allowed(struct iova_range *ranges, size_t *nr);
int iova_space_set_allowed(struct iova_space *space, struct iova_range **ranges,
			   size_t nr);

int iova_space_reserve(struct iova_space *space, const struct iova_range *range,
		       unsigned int kind, const void *owner);
int iova_space_reserve_outside(struct iova_space *space,
			       const struct iova_range *aperture,
			       const void *owner);
bool iova_space_first_reserved(struct iova_space *space,
			       const struct iova_range *range,
			       struct iova_reserved *reserved);
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
 * iova_space_release() - stop using a range
 * @space: the space
 * @node: the used range; its &iova_node.range stays valid afterwards
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
 * iova_space_first_used() - find the lowest used range that overlaps a range
 * @space: the space
 * @range: range to search
 *
 * O(log n).
 *
 * Context: Any. The caller holds the space for reading.
 * Return: the node, or NULL if nothing in @range is used.
 */
static inline struct iova_node *
iova_space_first_used(const struct iova_space *space,
		      const struct iova_range *range)
{
	return iova_tree_first(&space->used, range);
}

/**
 * iova_space_next_used() - find the used range that follows
 * @node: a used range
 * @last: last byte to search
 *
 * O(1) on average.
 *
 * Context: Any. The caller holds the space for reading.
 * Return: the node, or NULL if the next one begins above @last.
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
 * @range: pointer to the struct iova_range to search
 *
 * Visits in ascending order. The body must not release @node; a caller that
 * releases calls iova_space_next_used() first.
 */
#define iova_space_for_each_used(space, node, range)           \
	for (node = iova_space_first_used(space, range); node; \
	     node = iova_space_next_used(node, (range)->last))

/**
 * iova_space_for_each_usable() - visit every range that is not reserved
 * @space: the space, held for reading
 * @usable: struct iova_range, the loop variable
 *
 * Visits in ascending order the largest possible ranges, whether or not they
 * are used or allowed. These are the ranges that IOMMU_IOAS_IOVA_RANGES
 * reports.
 */
#define iova_space_for_each_usable(space, usable)                              \
	for (bool __more = iova_space_next_usable(space, 0, &(usable));        \
	     __more; __more = (usable).last != ULONG_MAX &&                    \
			      iova_space_next_usable(space, (usable).last + 1, \
						     &(usable)))

#endif /* IOMMUFD_IOVA_SPACE_H */
