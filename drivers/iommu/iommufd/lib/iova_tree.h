/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A tree of IOVA ranges that do not overlap, and the gaps between them.
 *
 * Each node records the gap below it and the largest one of its subtree, so that
 * the next gap of a given size is found in O(log n). The tree allocates no memory
 * and takes no lock.
 */
#ifndef IOMMUFD_IOVA_TREE_H
#define IOMMUFD_IOVA_TREE_H

#include <linux/rbtree.h>
#include <linux/types.h>

#include "range.h"

/**
 * struct iova_node - one used range, embedded in the object that uses it
 *
 * Needs no initialization.
 */
struct iova_node {
	/** @range: the used range; written by iova_tree.c only */
	struct iova_range range;
	/** @rb: private, link in the tree */
	struct rb_node rb;
	/** @gap: private, unused bytes between @range and the next lower one */
	unsigned long gap;
	/** @max_gap: private, largest @gap of the subtree at this node */
	unsigned long max_gap;
};

/**
 * struct iova_gap - unused IOVA between two used nodes
 */
struct iova_gap {
	/** @range: the gap itself */
	struct iova_range range;
	/** @above: used node right above the gap, or NULL */
	struct iova_node *above;
};

bool iova_tree_insert(struct rb_root *tree, struct iova_node *node,
		      const struct iova_range *range);
void iova_tree_erase(struct rb_root *tree, struct iova_node *node);
void iova_tree_split(struct rb_root *tree, struct iova_node *node,
		     unsigned long tail_first, struct iova_node *tail);

struct iova_node *iova_tree_first(const struct rb_root *tree,
				  const struct iova_range *range);
struct iova_node *iova_tree_next(const struct iova_node *node,
				 unsigned long last);

bool iova_tree_first_gap(const struct rb_root *tree, unsigned long from,
			 unsigned long size, struct iova_gap *gap);
bool iova_tree_next_gap(const struct rb_root *tree, unsigned long size,
			struct iova_gap *gap);

#endif /* IOMMUFD_IOVA_TREE_H */
