// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tree of used IOVA ranges: an augmented red-black tree whose nodes sum up
 * their subtrees, and the search for gaps in it.
 */
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/rbtree_augmented.h>

#include "iova_tree.h"

static struct iova_node *iova_tree_entry(const struct rb_node *rb)
{
	return rb_entry_safe(rb, struct iova_node, rb);
}

static unsigned long iova_tree_gap_size(unsigned long below,
					unsigned long above)
{
	return above - below - 1;
}

static __always_inline bool iova_tree_sum_up(struct iova_node *node,
					     bool stop_if_same)
{
	const struct iova_node *left = iova_tree_entry(node->rb.rb_left);
	const struct iova_node *right = iova_tree_entry(node->rb.rb_right);
	struct iova_span span = { .range = node->range };

	if (left) {
		span.range.first = left->span.range.first;
		span.max_gap = max(left->span.max_gap,
				   iova_tree_gap_size(left->span.range.last,
						      node->range.first));
	}
	if (right) {
		span.range.last = right->span.range.last;
		span.max_gap =
			max3(span.max_gap, right->span.max_gap,
			     iova_tree_gap_size(node->range.last,
						right->span.range.first));
	}
	if (stop_if_same && span.max_gap == node->span.max_gap &&
	    span.range.first == node->span.range.first &&
	    span.range.last == node->span.range.last)
		return true;
	node->span = span;
	return false;
}

RB_DECLARE_CALLBACKS(static, iova_tree_augment, struct iova_node, rb, span,
		     iova_tree_sum_up);

/**
 * iova_tree_insert() - add a range
 * @tree: the tree
 * @node: node to add
 * @range: range of @node; must not overlap any range of the tree
 *
 * O(log n).
 *
 * Context: Any. The caller excludes all other use of the tree.
 */
void iova_tree_insert(struct rb_root *tree, struct iova_node *node,
		      const struct iova_range *range)
{
	struct rb_node **link = &tree->rb_node;
	struct rb_node *parent = NULL;

	while (*link) {
		parent = *link;
		if (range->first < iova_tree_entry(parent)->range.first)
			link = &parent->rb_left;
		else
			link = &parent->rb_right;
	}
	node->range = *range;
	node->span = (struct iova_span){ .range = *range };
	rb_link_node(&node->rb, parent, link);
	iova_tree_augment.propagate(parent, NULL);
	rb_insert_augmented(&node->rb, tree, &iova_tree_augment);
}

/**
 * iova_tree_erase() - remove a range
 * @tree: the tree
 * @node: the range; its &iova_node.range stays valid afterwards
 *
 * O(log n).
 *
 * Context: Any. The caller excludes all other use of the tree.
 */
void iova_tree_erase(struct rb_root *tree, struct iova_node *node)
{
	rb_erase_augmented(&node->rb, tree, &iova_tree_augment);
}

/**
 * iova_tree_split() - split a range in two
 * @tree: the tree
 * @node: the range, keeps the part below @tail_first
 * @tail_first: first byte of the second part, above the first byte of @node
 *	and not above its last
 * @tail: node to add for the second part
 *
 * O(log n).
 *
 * Context: Any. The caller excludes all other use of the tree.
 */
void iova_tree_split(struct rb_root *tree, struct iova_node *node,
		     unsigned long tail_first, struct iova_node *tail)
{
	const struct iova_range rest = { tail_first, node->range.last };

	/* The tail is inserted below @node, which updates the span of @node. */
	node->range.last = tail_first - 1;
	iova_tree_insert(tree, tail, &rest);
}

/**
 * iova_tree_first() - find the lowest range that overlaps another range
 * @tree: the tree
 * @range: range to search
 *
 * O(log n).
 *
 * Context: Any. The caller keeps the tree from changing.
 * Return: the node or NULL.
 */
struct iova_node *iova_tree_first(const struct rb_root *tree,
				  const struct iova_range *range)
{
	struct rb_node *rb = tree->rb_node;
	struct iova_node *lowest = NULL;

	while (rb) {
		struct iova_node *node = rb_entry(rb, struct iova_node, rb);

		if (node->range.last < range->first) {
			rb = rb->rb_right;
		} else {
			lowest = node;
			rb = rb->rb_left;
		}
	}
	return lowest && lowest->range.first <= range->last ? lowest : NULL;
}

/**
 * iova_tree_next() - find the range that follows
 * @node: a range of the tree
 * @last: last byte to search
 *
 * O(1) on average.
 *
 * Context: Any. The caller keeps the tree from changing.
 * Return: the node, or NULL if the next one begins above @last.
 */
struct iova_node *iova_tree_next(const struct iova_node *node,
				 unsigned long last)
{
	struct iova_node *next = iova_tree_entry(rb_next(&node->rb));

	return next && next->range.first <= last ? next : NULL;
}

static bool iova_tree_gap_below(struct iova_node *node, unsigned long size,
				struct iova_gap *gap)
{
	const struct iova_node *below = iova_tree_entry(rb_prev(&node->rb));
	unsigned long first = below ? below->range.last + 1 : 0;

	if (node->range.first - first < size)
		return false;
	gap->range.first = first;
	gap->range.last = node->range.first - 1;
	gap->above = node;
	return true;
}

static bool iova_tree_gap_on_top(const struct rb_root *tree, unsigned long size,
				 struct iova_gap *gap)
{
	const struct iova_node *root = iova_tree_entry(tree->rb_node);

	if (root && root->span.range.last == ULONG_MAX)
		return false;
	gap->range.first = root ? root->span.range.last + 1 : 0;
	gap->range.last = ULONG_MAX;
	gap->above = NULL;
	return iova_range_holds(&gap->range, size);
}

static struct iova_node *iova_tree_lowest_below(struct iova_node *node)
{
	while (node->rb.rb_left)
		node = iova_tree_entry(node->rb.rb_left);
	return node;
}

/*
 * Returns the node above the lowest gap of at least @size. The subtree of @node
 * must have such a gap.
 */
static struct iova_node *iova_tree_above_gap(struct iova_node *node,
					     unsigned long size)
{
	for (;;) {
		struct iova_node *left = iova_tree_entry(node->rb.rb_left);
		struct iova_node *right = iova_tree_entry(node->rb.rb_right);

		if (left && left->span.max_gap >= size) {
			node = left;
			continue;
		}
		if (left && iova_tree_gap_size(left->span.range.last,
					       node->range.first) >= size)
			return node;
		if (iova_tree_gap_size(node->range.last,
				       right->span.range.first) >= size)
			return iova_tree_lowest_below(right);
		node = right;
	}
}

/* Returns the node above the lowest gap of at least @size above @node. */
static struct iova_node *iova_tree_next_above_gap(struct iova_node *node,
						  unsigned long size)
{
	for (;;) {
		struct iova_node *right = iova_tree_entry(node->rb.rb_right);
		struct iova_node *parent;

		if (right) {
			if (iova_tree_gap_size(node->range.last,
					       right->span.range.first) >= size)
				return iova_tree_lowest_below(right);
			if (right->span.max_gap >= size)
				return iova_tree_above_gap(right, size);
		}
		while ((parent = iova_tree_entry(rb_parent(&node->rb))) &&
		       parent->rb.rb_right == &node->rb)
			node = parent;
		if (!parent)
			return NULL;
		if (iova_tree_gap_size(node->span.range.last,
				       parent->range.first) >= size)
			return parent;
		node = parent;
	}
}

/**
 * iova_tree_next_gap() - find the next higher gap
 * @tree: the tree
 * @size: minimum bytes of the gap, not 0
 * @gap: in: the gap found last; out: the next one, undefined on failure
 *
 * O(log n).
 *
 * Context: Any. The caller keeps the tree from changing.
 * Return: false if there is no such gap.
 */
bool iova_tree_next_gap(const struct rb_root *tree, unsigned long size,
			struct iova_gap *gap)
{
	struct iova_node *above = gap->above;

	if (!above)
		return false;
	above = iova_tree_next_above_gap(above, size);
	if (above)
		return iova_tree_gap_below(above, size, gap);
	return iova_tree_gap_on_top(tree, size, gap);
}

/**
 * iova_tree_first_gap() - find the lowest gap that ends at or above an address
 * @tree: the tree
 * @from: the address; the gap may begin below it
 * @size: minimum bytes of the whole gap, not 0
 * @gap: the gap found, undefined on failure
 *
 * O(log n).
 *
 * Context: Any. The caller keeps the tree from changing.
 * Return: false if there is no such gap.
 */
bool iova_tree_first_gap(const struct rb_root *tree, unsigned long from,
			 unsigned long size, struct iova_gap *gap)
{
	const struct iova_range range = { from, ULONG_MAX };

	gap->above = iova_tree_first(tree, &range);
	if (!gap->above)
		return iova_tree_gap_on_top(tree, size, gap);
	if (gap->above->range.first > from &&
	    iova_tree_gap_below(gap->above, size, gap))
		return true;
	return iova_tree_next_gap(tree, size, gap);
}
