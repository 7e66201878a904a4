/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether a tree of IOVA nodes is consistent, for unit tests and fuzzers. */
#ifndef IOVA_TREE_CHECK_H
#define IOVA_TREE_CHECK_H

#include "iova_tree.h"

/*
 * Checks a subtree, in order: the gap below each node, which begins at *@first, and the
 * largest of them, which is *@largest. Sets *@first to the end of the subtree.
 */
static inline bool iova_tree_check_part(const struct rb_node *rb,
					unsigned long *first,
					unsigned long *largest)
{
	const struct iova_node *node = rb_entry_safe(rb, struct iova_node, rb);
	unsigned long above;

	*largest = 0;
	if (!node)
		return true;
	if (!iova_tree_check_part(rb->rb_left, first, largest))
		return false;
	if (*first > node->range.first ||
	    node->gap != node->range.first - *first)
		return false;
	*first = node->range.last + 1;
	if (!iova_tree_check_part(rb->rb_right, first, &above))
		return false;
	*largest = max(*largest, max(node->gap, above));
	return node->max_gap == *largest;
}

/* Returns whether the nodes are in order and know the gaps below them. */
static inline bool iova_tree_is_consistent(const struct rb_root *root)
{
	unsigned long first = 0, largest;

	return iova_tree_check_part(root->rb_node, &first, &largest);
}

#endif /* IOVA_TREE_CHECK_H */
