// SPDX-License-Identifier: GPL-2.0-only
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/rbtree_augmented.h>

#include "iova_tree.h"

static struct iova_node *to_node(const struct rb_node *rb)
{
	return rb_entry_safe(rb, struct iova_node, rb);
}

static unsigned long gap_between(unsigned long below, unsigned long above)
{
	return above - below - 1;
}

static __always_inline bool iova_node_sum_up(struct iova_node *node,
					     bool stop_if_same)
{
	const struct iova_node *left = to_node(node->rb.rb_left);
	const struct iova_node *right = to_node(node->rb.rb_right);
	struct iova_span span = { .range = node->range };

	if (left) {
		span.range.first = left->span.range.first;
		span.max_gap = max(left->span.max_gap,
				   gap_between(left->span.range.last,
					       node->range.first));
	}
	if (right) {
		span.range.last = right->span.range.last;
		span.max_gap = max3(span.max_gap, right->span.max_gap,
				    gap_between(node->range.last,
						right->span.range.first));
	}
	if (stop_if_same && span.max_gap == node->span.max_gap &&
	    span.range.first == node->span.range.first &&
	    span.range.last == node->span.range.last)
		return true;
	node->span = span;
	return false;
}

RB_DECLARE_CALLBACKS(static, iova_augment, struct iova_node, rb, span,
		     iova_node_sum_up);

/**
 * iova_tree_insert() - add a range
 * @tree: the tree
 * @node: becomes part of the tree
 * @range: what it stands for; nothing in the tree overlaps it
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
		if (range->first < to_node(parent)->range.first)
			link = &parent->rb_left;
		else
			link = &parent->rb_right;
	}
	node->range = *range;
	node->span = (struct iova_span){ .range = *range };
	rb_link_node(&node->rb, parent, link);
	iova_augment.propagate(parent, NULL);
	rb_insert_augmented(&node->rb, tree, &iova_augment);
}

/**
 * iova_tree_erase() - remove a range
 * @tree: the tree
 * @node: the range; afterwards it is the caller's again, its range still valid
 *
 * O(log n).
 *
 * Context: Any. The caller excludes all other use of the tree.
 */
void iova_tree_erase(struct rb_root *tree, struct iova_node *node)
{
	rb_erase_augmented(&node->rb, tree, &iova_augment);
}

/**
 * iova_tree_split() - make two ranges of one
 * @tree: the tree
 * @node: the range, keeps the part below @tail_first
 * @tail_first: first byte of the second part, above the first byte of @node
 *	and not above its last
 * @tail: becomes part of the tree with the rest
 *
 * O(log n).
 *
 * Context: Any. The caller excludes all other use of the tree.
 */
void iova_tree_split(struct rb_root *tree, struct iova_node *node,
		     unsigned long tail_first, struct iova_node *tail)
{
	const struct iova_range rest = { tail_first, node->range.last };

	/* The tail goes right below @node, which brings its sum up to date */
	node->range.last = tail_first - 1;
	iova_tree_insert(tree, tail, &rest);
}

/**
 * iova_tree_first() - the lowest range that overlaps another
 * @tree: the tree
 * @range: where to look
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
 * iova_tree_next() - the range that follows
 * @node: a range of the tree
 * @last: where to stop, inclusive
 *
 * O(1) on average.
 *
 * Context: Any. The caller keeps the tree from changing.
 * Return: the node, or NULL where the next one begins above @last.
 */
struct iova_node *iova_tree_next(const struct iova_node *node,
				 unsigned long last)
{
	struct iova_node *next = to_node(rb_next(&node->rb));

	return next && next->range.first <= last ? next : NULL;
}

static bool gap_below(struct iova_node *node, unsigned long size,
		      struct iova_gap *gap)
{
	const struct iova_node *below = to_node(rb_prev(&node->rb));
	unsigned long first = below ? below->range.last + 1 : 0;

	if (node->range.first - first < size)
		return false;
	gap->range.first = first;
	gap->range.last = node->range.first - 1;
	gap->above = node;
	return true;
}

static bool gap_on_top(const struct rb_root *tree, unsigned long size,
		       struct iova_gap *gap)
{
	const struct iova_node *root = to_node(tree->rb_node);

	if (root && root->span.range.last == ULONG_MAX)
		return false;
	gap->range.first = root ? root->span.range.last + 1 : 0;
	gap->range.last = ULONG_MAX;
	gap->above = NULL;
	return iova_range_holds(&gap->range, size);
}

static struct iova_node *lowest_below(struct iova_node *node)
{
	while (node->rb.rb_left)
		node = to_node(node->rb.rb_left);
	return node;
}

/* Only for a subtree that has a gap of that size: node above the lowest one */
static struct iova_node *node_above_gap(struct iova_node *node,
					unsigned long size)
{
	for (;;) {
		struct iova_node *left = to_node(node->rb.rb_left);
		struct iova_node *right = to_node(node->rb.rb_right);

		if (left && left->span.max_gap >= size) {
			node = left;
			continue;
		}
		if (left && gap_between(left->span.range.last,
					node->range.first) >= size)
			return node;
		if (gap_between(node->range.last, right->span.range.first) >=
		    size)
			return lowest_below(right);
		node = right;
	}
}

/* Node above the lowest gap of that size that lies above @node */
static struct iova_node *next_node_above_gap(struct iova_node *node,
					     unsigned long size)
{
	for (;;) {
		struct iova_node *right = to_node(node->rb.rb_right);
		struct iova_node *parent;

		if (right) {
			if (gap_between(node->range.last,
					right->span.range.first) >= size)
				return lowest_below(right);
			if (right->span.max_gap >= size)
				return node_above_gap(right, size);
		}
		while ((parent = to_node(rb_parent(&node->rb))) &&
		       parent->rb.rb_right == &node->rb)
			node = parent;
		if (!parent)
			return NULL;
		if (gap_between(node->span.range.last, parent->range.first) >=
		    size)
			return parent;
		node = parent;
	}
}

/**
 * iova_tree_next_gap() - the next higher gap
 * @tree: the tree
 * @size: bytes that the gap has at least, not 0
 * @gap: in: the gap found last; out: the next one, undefined where there is none
 *
 * O(log n).
 *
 * Context: Any. The caller keeps the tree from changing.
 * Return: false where there is none.
 */
bool iova_tree_next_gap(const struct rb_root *tree, unsigned long size,
			struct iova_gap *gap)
{
	struct iova_node *above = gap->above;

	if (!above)
		return false;
	above = next_node_above_gap(above, size);
	if (above)
		return gap_below(above, size, gap);
	return gap_on_top(tree, size, gap);
}

/**
 * iova_tree_first_gap() - the lowest gap that reaches an address or is above it
 * @tree: the tree
 * @from: the address; the gap may begin below
 * @size: bytes that the whole gap has at least, not 0
 * @gap: what was found, undefined where there is none
 *
 * O(log n).
 *
 * Context: Any. The caller keeps the tree from changing.
 * Return: false where there is none.
 */
bool iova_tree_first_gap(const struct rb_root *tree, unsigned long from,
			 unsigned long size, struct iova_gap *gap)
{
	const struct iova_range range = { from, ULONG_MAX };

	gap->above = iova_tree_first(tree, &range);
	if (!gap->above)
		return gap_on_top(tree, size, gap);
	if (gap->above->range.first > from && gap_below(gap->above, size, gap))
		return true;
	return iova_tree_next_gap(tree, size, gap);
}
