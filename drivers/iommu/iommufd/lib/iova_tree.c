// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tree of used IOVA ranges: a red-black tree in which each node has the gap
 * below it and the largest gap of its subtree, and the search for gaps.
 */
#include <linux/limits.h>
#include <linux/rbtree_augmented.h>

#include "iova_tree.h"

static struct iova_node *iova_tree_entry(const struct rb_node *rb)
{
	return rb_entry_safe(rb, struct iova_node, rb);
}

static unsigned long iova_tree_gap(const struct iova_node *node)
{
	return node->gap;
}

RB_DECLARE_CALLBACKS_MAX(static, iova_tree_augment, struct iova_node, rb,
			 unsigned long, max_gap, iova_tree_gap);

/*
 * The tree must not be rotated while the largest gap of some node is wrong, so
 * this precedes rb_insert_augmented() and rb_erase_augmented().
 */
static void iova_tree_set_gap(struct iova_node *node, unsigned long gap)
{
	node->gap = gap;
	iova_tree_augment_propagate(&node->rb, NULL);
}

/**
 * iova_tree_insert() - add a range
 * @tree: the tree
 * @node: node to add
 * @range: range of @node
 *
 * O(log n).
 *
 * Context: Any. The caller excludes all other use of the tree.
 * Return: true, or false with nothing changed if @range overlaps a range of the
 * tree.
 */
bool iova_tree_insert(struct rb_root *tree, struct iova_node *node,
		      const struct iova_range *range)
{
	struct iova_node *below = NULL, *above = NULL;
	struct rb_node **link = &tree->rb_node;
	struct rb_node *parent = NULL;

	while (*link) {
		struct iova_node *other = iova_tree_entry(*link);

		parent = *link;
		if (range->last < other->range.first) {
			above = other;
			link = &parent->rb_left;
		} else if (range->first > other->range.last) {
			below = other;
			link = &parent->rb_right;
		} else {
			return false;
		}
	}
	node->range = *range;
	node->gap = range->first - (below ? below->range.last + 1 : 0);
	node->max_gap = node->gap;
	rb_link_node(&node->rb, parent, link);
	iova_tree_augment_propagate(parent, NULL);
	if (above)
		iova_tree_set_gap(above, above->range.first - range->last - 1);
	rb_insert_augmented(&node->rb, tree, &iova_tree_augment);
	return true;
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
	struct iova_node *above = iova_tree_entry(rb_next(&node->rb));

	if (above)
		iova_tree_set_gap(above, above->range.first -
						 node->range.first + node->gap);
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

static void iova_tree_gap_below(struct iova_node *node, struct iova_gap *gap)
{
	gap->range.first = node->range.first - node->gap;
	gap->range.last = node->range.first - 1;
	gap->above = node;
}

static bool iova_tree_gap_on_top(const struct rb_root *tree, unsigned long size,
				 struct iova_gap *gap)
{
	const struct iova_node *highest = iova_tree_entry(rb_last(tree));

	if (highest && highest->range.last == ULONG_MAX)
		return false;
	gap->range.first = highest ? highest->range.last + 1 : 0;
	gap->range.last = ULONG_MAX;
	gap->above = NULL;
	return iova_range_holds(&gap->range, size);
}

static bool iova_tree_has_gap(const struct iova_node *node, unsigned long size)
{
	return node && node->max_gap >= size;
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

		if (iova_tree_has_gap(left, size)) {
			node = left;
			continue;
		}
		if (node->gap >= size)
			return node;
		node = iova_tree_entry(node->rb.rb_right);
	}
}

/* Returns the node above the lowest gap of at least @size above @node. */
static struct iova_node *iova_tree_next_above_gap(struct iova_node *node,
						  unsigned long size)
{
	for (;;) {
		struct iova_node *right = iova_tree_entry(node->rb.rb_right);
		struct iova_node *parent;

		if (iova_tree_has_gap(right, size))
			return iova_tree_above_gap(right, size);
		while ((parent = iova_tree_entry(rb_parent(&node->rb))) &&
		       parent->rb.rb_right == &node->rb)
			node = parent;
		if (!parent || parent->gap >= size)
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
	if (!above)
		return iova_tree_gap_on_top(tree, size, gap);
	iova_tree_gap_below(above, gap);
	return true;
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
	if (gap->above->range.first <= from || gap->above->gap < size)
		return iova_tree_next_gap(tree, size, gap);
	iova_tree_gap_below(gap->above, gap);
	return true;
}
