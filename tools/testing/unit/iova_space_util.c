// SPDX-License-Identifier: GPL-2.0-only
/* Functions that the tests of the IOVA space share. */
#include "iova_space_util.h"
#include "unit.h"

struct iova_fit space_fit(unsigned long length, unsigned long hint)
{
	return (struct iova_fit){ length, hint, PAGE_SIZE, HUGE_SIZE };
}

void space_release_all(struct iova_space *space)
{
	struct iova_node *node;

	while ((node = iova_space_first_used(space, &IOVA_RANGE_ALL)))
		iova_space_release(space, node);
	iova_space_destroy(space);
}

/*
 * Checks the order of a subtree and the spans of its nodes, and returns @span.
 */
static void space_check_tree(const struct rb_node *rb, struct iova_span *span)
{
	const struct iova_node *node = rb_entry(rb, struct iova_node, rb);
	struct iova_span below;

	*span = (struct iova_span){ .range = node->range };
	if (rb->rb_left) {
		space_check_tree(rb->rb_left, &below);
		EXPECT(below.range.last < node->range.first);
		span->range.first = below.range.first;
		span->max_gap = max(below.max_gap,
				    node->range.first - 1 - below.range.last);
	}
	if (rb->rb_right) {
		space_check_tree(rb->rb_right, &below);
		EXPECT(node->range.last < below.range.first);
		span->range.last = below.range.last;
		span->max_gap = max3(span->max_gap, below.max_gap,
				     below.range.first - 1 - node->range.last);
	}
	EXPECT_EQ(span->range.first, node->span.range.first);
	EXPECT_EQ(span->range.last, node->span.range.last);
	EXPECT_EQ(span->max_gap, node->span.max_gap);
}

void space_check(const struct iova_space *space)
{
	struct iova_span span;

	if (space->used.rb_node)
		space_check_tree(space->used.rb_node, &span);
}

int space_set_allowed(struct iova_space *space, const struct iova_range *ranges,
		      size_t nr)
{
	struct iova_range *copy = NULL;
	int ret;

	if (nr) {
		copy = kvmalloc_objs(*copy, nr, GFP_KERNEL_ACCOUNT);
		if (!copy)
			return -ENOMEM;
		memcpy(copy, ranges, nr * sizeof(*copy));
	}
	ret = iova_space_sort_allowed(copy, &nr);
	if (!ret)
		ret = iova_space_set_allowed(space, &copy, nr);
	kvfree(copy);
	return ret;
}
