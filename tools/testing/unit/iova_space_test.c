// SPDX-License-Identifier: GPL-2.0-only
#include <stdarg.h>
#include <time.h>

#include <linux/interval_tree.h>

#include "iova_space.h"
#include "unit.h"

#define HUGE (2UL << 20)

static const struct iova_range everything = { 0, ULONG_MAX };

static struct iova_range pages(unsigned long first, unsigned long nr)
{
	return (struct iova_range){ first * PAGE_SIZE,
				    (first + nr) * PAGE_SIZE - 1 };
}

static struct iova_fit fit_of(unsigned long length, unsigned long hint)
{
	return (struct iova_fit){ length, hint, PAGE_SIZE, HUGE };
}

static int use_fixed(struct iova_space *space, struct iova_node *node,
		     unsigned long first, unsigned long last)
{
	const struct iova_range range = { first, last };

	return iova_space_use_fixed(space, node, &range);
}

static int use_auto(struct iova_space *space, struct iova_node *node,
		    unsigned long length, unsigned long hint)
{
	const struct iova_fit fit = fit_of(length, hint);

	return iova_space_use_auto(space, node, &fit);
}

static int reserve(struct iova_space *space, unsigned long first,
		   unsigned long last, const void *owner)
{
	const struct iova_range range = { first, last };

	return iova_space_reserve(space, &range, owner);
}

static void release_all(struct iova_space *space)
{
	struct iova_node *node;

	while ((node = iova_space_first_used(space, &everything)))
		iova_space_release(space, node);
	iova_space_destroy(space);
}

/* Each node sums up its subtree rightly, and the tree is in order */
static void check_tree(const struct rb_node *rb, struct iova_span *span)
{
	const struct iova_node *node = rb_entry(rb, struct iova_node, rb);
	struct iova_span below;

	*span = (struct iova_span){ .range = node->range };
	if (rb->rb_left) {
		check_tree(rb->rb_left, &below);
		EXPECT(below.range.last < node->range.first);
		span->range.first = below.range.first;
		span->max_gap = max(below.max_gap,
				    node->range.first - 1 - below.range.last);
	}
	if (rb->rb_right) {
		check_tree(rb->rb_right, &below);
		EXPECT(node->range.last < below.range.first);
		span->range.last = below.range.last;
		span->max_gap = max3(span->max_gap, below.max_gap,
				     below.range.first - 1 - node->range.last);
	}
	EXPECT_EQ(span->range.first, node->span.range.first);
	EXPECT_EQ(span->range.last, node->span.range.last);
	EXPECT_EQ(span->max_gap, node->span.max_gap);
}

static void check_space(const struct iova_space *space)
{
	struct iova_span span;

	if (space->used.rb_node)
		check_tree(space->used.rb_node, &span);
}

static void fixed_errors(void)
{
	struct iova_node a, b, top, zero;
	struct iova_space space;

	iova_space_init(&space);
	EXPECT_EQ(0, reserve(&space, 0x5000, 0x5fff, NULL));
	EXPECT_EQ(-EINVAL, use_fixed(&space, &a, 0x4000, 0x5000));
	EXPECT_EQ(-EINVAL, use_fixed(&space, &a, 0x5fff, 0x6000));
	EXPECT_EQ(-EINVAL, use_fixed(&space, &a, 0, ULONG_MAX));
	EXPECT_EQ(0, use_fixed(&space, &a, 0x6000, 0x7fff));
	EXPECT_EQ(-EEXIST, use_fixed(&space, &b, 0x7fff, 0x8fff));
	EXPECT_EQ(-EEXIST, use_fixed(&space, &b, 0x6000, 0x6000));
	EXPECT_EQ(-EEXIST, use_fixed(&space, &b, 0x6000, ULONG_MAX));
	/* Reserved is looked at first */
	EXPECT_EQ(-EINVAL, use_fixed(&space, &b, 0x5000, 0x6fff));
	EXPECT_EQ(0, use_fixed(&space, &b, 0x8000, 0x8fff));
	EXPECT_EQ(0, use_fixed(&space, &zero, 0, 0));
	EXPECT_EQ(0, use_fixed(&space, &top, ULONG_MAX, ULONG_MAX));
	check_space(&space);
	release_all(&space);
}

static void whole_space_used(void)
{
	struct iova_space space;
	struct iova_node all, b;

	iova_space_init(&space);
	EXPECT_EQ(0, use_fixed(&space, &all, 0, ULONG_MAX));
	EXPECT_EQ(-ENOSPC, use_auto(&space, &b, PAGE_SIZE, 0));
	EXPECT_EQ(-EADDRINUSE, reserve(&space, 7, 7, NULL));
	iova_space_release(&space, &all);
	EXPECT_EQ(0, use_auto(&space, &b, PAGE_SIZE, 0));
	EXPECT_EQ(PAGE_SIZE, b.range.first);
	release_all(&space);
}

static void auto_bad_arguments(void)
{
	struct iova_space space;
	struct iova_node node;

	iova_space_init(&space);
	EXPECT_EQ(-EOVERFLOW, use_auto(&space, &node, 0, 0));
	EXPECT_EQ(-EOVERFLOW, use_auto(&space, &node, ULONG_MAX / 2, 0));
	EXPECT_EQ(-EOVERFLOW, use_auto(&space, &node, ULONG_MAX, 0));
	EXPECT_EQ(-EINVAL, use_auto(&space, &node, PAGE_SIZE + 1, 0));
	EXPECT_EQ(-EINVAL, use_auto(&space, &node, PAGE_SIZE, 1));
	EXPECT_EQ(0, use_auto(&space, &node, (ULONG_MAX / 2) & -PAGE_SIZE, 0));
	release_all(&space);
}

/* A huge page of the backing can be one of the IOMMU */
static void auto_alignment(void)
{
	struct iova_node node[6];
	struct iova_space space;

	iova_space_init(&space);
	EXPECT_EQ(0, use_auto(&space, &node[0], PAGE_SIZE, 0));
	EXPECT_EQ(PAGE_SIZE, node[0].range.first);
	EXPECT_EQ(0, use_auto(&space, &node[1], 3 * PAGE_SIZE, HUGE));
	EXPECT_EQ(4 * PAGE_SIZE, node[1].range.first);
	EXPECT_EQ(0, use_auto(&space, &node[2], HUGE, 5 * HUGE));
	EXPECT_EQ(HUGE, node[2].range.first);
	/* Misaligned memory: the huge pages inside still fall into place */
	EXPECT_EQ(0, use_auto(&space, &node[3], 4 * HUGE, 0x7f0000123000));
	EXPECT_EQ(2 * HUGE + 0x123000, node[3].range.first);
	EXPECT_EQ(2 * HUGE + 0x123000 + 4 * HUGE - 1, node[3].range.last);
	/* Low room is not lost */
	EXPECT_EQ(0, use_auto(&space, &node[4], PAGE_SIZE, 3 * PAGE_SIZE));
	EXPECT_EQ(2 * PAGE_SIZE, node[4].range.first);
	check_space(&space);
	release_all(&space);
}

static int set_allowed(struct iova_space *space,
		       const struct iova_range *ranges, size_t nr)
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

/* Where the best alignment finds no room, that of the hint may */
static void auto_less_aligned(void)
{
	struct iova_range window = pages(3, 8);
	struct iova_space space;
	struct iova_node node;

	iova_space_init(&space);
	EXPECT_EQ(0, set_allowed(&space, &window, 1));
	EXPECT_EQ(-ENOSPC, use_auto(&space, &node, 8 * PAGE_SIZE, HUGE));
	EXPECT_EQ(-ENOSPC,
		  use_auto(&space, &node, 8 * PAGE_SIZE, HUGE + 2 * PAGE_SIZE));
	EXPECT_EQ(0, use_auto(&space, &node, 8 * PAGE_SIZE, HUGE + PAGE_SIZE));
	EXPECT_EQ(3 * PAGE_SIZE, node.range.first);
	release_all(&space);
}

static void auto_one_byte_short(void)
{
	struct iova_range window = { 3 * PAGE_SIZE, 6 * PAGE_SIZE - 2 };
	struct iova_space space;
	struct iova_node node;

	iova_space_init(&space);
	EXPECT_EQ(0, set_allowed(&space, &window, 1));
	EXPECT_EQ(-ENOSPC, use_auto(&space, &node, 2 * PAGE_SIZE, 0));
	window.last++;
	EXPECT_EQ(0, set_allowed(&space, &window, 1));
	EXPECT_EQ(0, use_auto(&space, &node, 2 * PAGE_SIZE, 0));
	release_all(&space);
}

/* With no domain there is no alignment, but the place in a page is kept */
static void auto_bytes(void)
{
	struct iova_fit fit = { .length = 100,
				.hint = 0x12345,
				.min_align = 1,
				.max_align = HUGE };
	struct iova_space space;
	struct iova_node a, b;

	iova_space_init(&space);
	EXPECT_EQ(0, iova_space_use_auto(&space, &a, &fit));
	EXPECT_EQ(PAGE_SIZE + 0x345, a.range.first);
	EXPECT_EQ(PAGE_SIZE + 0x345 + 99, a.range.last);
	EXPECT_EQ(0, iova_space_use_auto(&space, &b, &fit));
	EXPECT_EQ(2 * PAGE_SIZE + 0x345, b.range.first);
	release_all(&space);
}

/* The top of the address space: rounding up must not wrap to 0 */
static void auto_at_the_top(void)
{
	struct iova_space space;
	struct iova_node node;

	iova_space_init(&space);
	EXPECT_EQ(0, reserve(&space, 6, 0xffffffffffff8006, NULL));
	EXPECT_EQ(-ENOSPC, use_auto(&space, &node, 5 * PAGE_SIZE, HUGE));
	/* The last page is not for automatic allocation */
	EXPECT_EQ(0, use_auto(&space, &node, 6 * PAGE_SIZE, PAGE_SIZE));
	EXPECT_EQ(0xffffffffffff9000, node.range.first);
	EXPECT_EQ(0xffffffffffffefff, node.range.last);
	release_all(&space);
}

static void auto_in_allowed(void)
{
	const struct iova_range allowed[] = { pages(100, 4), pages(20, 2),
					      pages(0, 3) };
	static const unsigned long expected[] = { 1,   2,   20,	 21,
						  100, 101, 102, 103 };
	struct iova_node node[9], outside;
	struct iova_space space;
	int i;

	iova_space_init(&space);
	EXPECT_EQ(0, set_allowed(&space, allowed, 3));
	/* Fixed is not limited to what is allowed */
	EXPECT_EQ(0, use_fixed(&space, &outside, 50 * PAGE_SIZE,
			       52 * PAGE_SIZE - 1));
	for (i = 0; i < 8; i++) {
		EXPECT_EQ(0, use_auto(&space, &node[i], PAGE_SIZE, 0));
		EXPECT_EQ(expected[i] * PAGE_SIZE, node[i].range.first);
	}
	EXPECT_EQ(-ENOSPC, use_auto(&space, &node[8], PAGE_SIZE, 0));
	EXPECT_EQ(0, set_allowed(&space, NULL, 0));
	EXPECT_EQ(0, use_auto(&space, &node[8], PAGE_SIZE, 0));
	EXPECT_EQ(3 * PAGE_SIZE, node[8].range.first);
	release_all(&space);
}

static void auto_across_allowed(void)
{
	const struct iova_range allowed[] = { pages(6, 2), pages(4, 2),
					      pages(9, 7) };
	struct iova_space space;
	struct iova_node node;

	iova_space_init(&space);
	EXPECT_EQ(0, set_allowed(&space, allowed, 3));
	EXPECT_EQ(0, use_auto(&space, &node, 4 * PAGE_SIZE, 0));
	EXPECT_EQ(4 * PAGE_SIZE, node.range.first);
	release_all(&space);
}

static void allowed_errors(void)
{
	const struct iova_range overlap[] = { pages(5, 2), pages(9, 9),
					      pages(6, 1) };
	const struct iova_range over_reserved[] = { pages(1, 1), pages(5, 6) };
	const struct iova_range good[] = { pages(6, 1), pages(5, 1) };
	struct iova_space space;
	struct iova_node node;

	iova_space_init(&space);
	EXPECT_EQ(0, set_allowed(&space, good, 2));
	EXPECT_EQ(0, reserve(&space, 10 * PAGE_SIZE, 10 * PAGE_SIZE, &space));
	EXPECT_EQ(-EINVAL, set_allowed(&space, overlap, 3));
	EXPECT_EQ(-EADDRINUSE, set_allowed(&space, over_reserved, 2));
	unit_fail_nth_alloc(1);
	EXPECT_EQ(-ENOMEM, set_allowed(&space, good, 2));
	EXPECT(unit_alloc_has_failed());
	/* The old ones are still there, and keep reservations away */
	EXPECT_EQ(-EADDRINUSE, reserve(&space, 0, 5 * PAGE_SIZE, NULL));
	EXPECT_EQ(-EADDRINUSE,
		  reserve(&space, 7 * PAGE_SIZE - 1, ULONG_MAX, NULL));
	EXPECT_EQ(0, reserve(&space, 0, 5 * PAGE_SIZE - 1, NULL));
	EXPECT_EQ(0, reserve(&space, 7 * PAGE_SIZE, ULONG_MAX, NULL));
	EXPECT_EQ(0, use_auto(&space, &node, PAGE_SIZE, 0));
	EXPECT_EQ(5 * PAGE_SIZE, node.range.first);
	release_all(&space);
}

static void expect_usable(struct iova_space *space, unsigned int nr, ...)
{
	struct iova_range usable;
	unsigned int found = 0;
	va_list args;

	va_start(args, nr);
	iova_space_for_each_usable(space, usable) {
		if (++found > nr)
			break;
		EXPECT_EQ(va_arg(args, unsigned long), usable.first);
		EXPECT_EQ(va_arg(args, unsigned long), usable.last);
	}
	va_end(args);
	EXPECT_EQ(nr, found);
}

static void reservations(void)
{
	const struct iova_range aperture = { 0x1000, 0xffff };
	struct iova_space space;
	struct iova_node node;
	int a, b;

	iova_space_init(&space);
	expect_usable(&space, 1, 0UL, ULONG_MAX);
	EXPECT_EQ(0, reserve(&space, 0x4000, 0x4fff, &a));
	EXPECT_EQ(0, reserve(&space, 0x4800, 0x5fff, &b));
	EXPECT_EQ(0, reserve(&space, 0x6000, 0x6fff, &a));
	EXPECT_EQ(0, reserve(&space, 0x4000, 0x4fff, &b));
	expect_usable(&space, 2, 0UL, 0x3fffUL, 0x7000UL, ULONG_MAX);
	EXPECT_EQ(0, iova_space_reserve_outside(&space, &aperture, &a));
	expect_usable(&space, 2, 0x1000UL, 0x3fffUL, 0x7000UL, 0xffffUL);
	iova_space_unreserve(&space, &a);
	expect_usable(&space, 2, 0UL, 0x3fffUL, 0x6000UL, ULONG_MAX);
	EXPECT_EQ(0, use_fixed(&space, &node, 0x6000, 0x6000));
	EXPECT_EQ(-EADDRINUSE, reserve(&space, 0x5000, 0x6000, &a));
	iova_space_unreserve(&space, &node);
	iova_space_unreserve(&space, &b);
	expect_usable(&space, 1, 0UL, ULONG_MAX);
	EXPECT_EQ(0, iova_space_reserve_outside(&space, &everything, &a));
	expect_usable(&space, 1, 0UL, ULONG_MAX);
	iova_space_release(&space, &node);
	EXPECT_EQ(0, reserve(&space, 0, ULONG_MAX, &a));
	expect_usable(&space, 0);
	EXPECT_EQ(-ENOSPC, use_auto(&space, &node, PAGE_SIZE, 0));
	iova_space_destroy(&space);
}

/* Both sides of an aperture or none, also beside older reservations */
static void reserve_outside_undone(void)
{
	const struct iova_range aperture = { 0x1000, 0xffff };
	struct iova_space space;
	struct iova_node node;
	int owner;

	iova_space_init(&space);
	EXPECT_EQ(0, reserve(&space, 0x2000, 0x2fff, &owner));
	EXPECT_EQ(0, use_fixed(&space, &node, 0x10000, 0x10fff));
	EXPECT_EQ(-EADDRINUSE,
		  iova_space_reserve_outside(&space, &aperture, &owner));
	expect_usable(&space, 2, 0UL, 0x1fffUL, 0x3000UL, ULONG_MAX);
	iova_space_release(&space, &node);
	unit_fail_nth_alloc(2);
	EXPECT_EQ(-ENOMEM,
		  iova_space_reserve_outside(&space, &aperture, &owner));
	unit_fail_nth_alloc(1);
	EXPECT_EQ(-ENOMEM,
		  iova_space_reserve_outside(&space, &aperture, &owner));
	expect_usable(&space, 2, 0UL, 0x1fffUL, 0x3000UL, ULONG_MAX);
	iova_space_destroy(&space);
}

static void split_and_release(void)
{
	struct iova_node a, b, c, d;
	struct iova_space space;

	iova_space_init(&space);
	EXPECT_EQ(0, use_fixed(&space, &a, 0, ULONG_MAX));
	iova_space_split(&space, &a, 0x8000, &c);
	iova_space_split(&space, &a, 0x4000, &b);
	check_space(&space);
	EXPECT_EQ(0x3fff, a.range.last);
	EXPECT_EQ(0x4000, b.range.first);
	EXPECT_EQ(0x7fff, b.range.last);
	EXPECT_EQ(0x8000, c.range.first);
	EXPECT_EQ(ULONG_MAX, c.range.last);
	iova_space_release(&space, &b);
	check_space(&space);
	EXPECT_EQ(0, use_auto(&space, &d, 4 * PAGE_SIZE, 0));
	EXPECT_EQ(0x4000, d.range.first);
	iova_space_split(&space, &d, d.range.last, &b);
	EXPECT_EQ(d.range.last + 1, b.range.first);
	check_space(&space);
	release_all(&space);
}

static void gaps(void)
{
	struct iova_node node[3];
	struct iova_space space;
	struct iova_gap gap;

	iova_space_init(&space);
	EXPECT(iova_tree_first_gap(&space.used, 7, ULONG_MAX, &gap));
	EXPECT_EQ(0, gap.range.first);
	EXPECT_EQ(ULONG_MAX, gap.range.last);
	EXPECT_EQ(0, use_fixed(&space, &node[0], 0x1000, 0x1fff));
	EXPECT_EQ(0, use_fixed(&space, &node[1], 0x4000, 0x4fff));
	EXPECT_EQ(0, use_fixed(&space, &node[2], 0x6000, ULONG_MAX - 0x1000));
	EXPECT(iova_tree_first_gap(&space.used, 0x3fff, 0x2000, &gap));
	EXPECT_EQ(0x2000, gap.range.first);
	EXPECT_EQ(0x3fff, gap.range.last);
	EXPECT(gap.above == &node[1]);
	EXPECT(!iova_tree_next_gap(&space.used, 0x1001, &gap));
	EXPECT(iova_tree_first_gap(&space.used, 0x4000, 1, &gap));
	EXPECT_EQ(0x5000, gap.range.first);
	EXPECT(iova_tree_next_gap(&space.used, 0x1000, &gap));
	EXPECT_EQ(ULONG_MAX, gap.range.last);
	EXPECT(!iova_tree_next_gap(&space.used, 1, &gap));
	EXPECT(!iova_tree_first_gap(&space.used, 0x6000, 0x1001, &gap));
	release_all(&space);
}

static void iterate_used(void)
{
	struct iova_range range = { 0x1800, 0x5000 };
	struct iova_node node[4], *at;
	struct iova_space space;
	int i, found = 0;

	iova_space_init(&space);
	EXPECT(!iova_space_first_used(&space, &everything));
	for (i = 0; i < 4; i++)
		EXPECT_EQ(0, use_fixed(&space, &node[i], 0x1000 + 0x2000 * i,
				       0x1fff + 0x2000 * i));
	iova_space_for_each_used(&space, at, &range)
		EXPECT(at == &node[found++]);
	EXPECT_EQ(3, found);
	range = (struct iova_range){ 0x2000, 0x2fff };
	EXPECT(!iova_space_first_used(&space, &range));
	range = (struct iova_range){ 0x8000, ULONG_MAX };
	EXPECT(!iova_space_first_used(&space, &range));
	release_all(&space);
}

/* Misaligned gaps in great number do not hide the one that is right */
static void auto_past_misaligned(void)
{
	enum { NR = 200 };
	struct iova_node *node = calloc(NR, sizeof(*node)), tail, tight, found;
	unsigned long period = 2 * HUGE, first, aligned;
	struct iova_range window = { period + PAGE_SIZE, ULONG_MAX };
	struct iova_space space;
	int i;

	/* Room for one huge page again and again, never where one may begin */
	iova_space_init(&space);
	for (i = 0; i < NR; i++) {
		first = (i + 1) * period + PAGE_SIZE;
		EXPECT_EQ(0, use_fixed(&space, &node[i], first + HUGE,
				       first + period - 1));
	}
	window.last = node[NR - 1].range.last;
	EXPECT_EQ(0, set_allowed(&space, &window, 1));
	EXPECT_EQ(-ENOSPC, use_auto(&space, &found, HUGE, HUGE));

	/* Move one gap, far up, by a page */
	aligned = (NR - 10) * period;
	iova_space_split(&space, &node[NR - 12], aligned, &tail);
	iova_space_release(&space, &tail);
	EXPECT_EQ(0, use_fixed(&space, &tight, aligned + HUGE,
			       aligned + HUGE + PAGE_SIZE - 1));
	EXPECT_EQ(0, use_auto(&space, &found, HUGE, HUGE));
	EXPECT_EQ(aligned, found.range.first);
	iova_space_release(&space, &found);

	/* Ample room is found before the tight one */
	window.last += 5 * HUGE;
	EXPECT_EQ(0, set_allowed(&space, &window, 1));
	EXPECT_EQ(0, use_auto(&space, &found, HUGE, HUGE));
	EXPECT_EQ((NR + 1) * period + HUGE, found.range.first);
	check_space(&space);
	release_all(&space);
	free(node);
}

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* A walk over all areas for each allocation would not end in time */
static void auto_with_many_areas(void)
{
	unsigned long nr = 256 << 10, i;
	struct iova_node *node = calloc(nr, sizeof(*node));
	struct iova_space space;
	double start = now();

	iova_space_init(&space);
	EXPECT_EQ(0, reserve(&space, 0xfee00000, 0xfeefffff, NULL));
	for (i = 0; i < nr; i++)
		EXPECT_EQ(0, use_auto(&space, &node[i], PAGE_SIZE, 0));
	/* A hole somewhere is found again */
	for (i = 0; i < nr; i += 1 + unit_below(30)) {
		iova_space_release(&space, &node[i]);
		EXPECT_EQ(0, use_auto(&space, &node[i], PAGE_SIZE, 0));
		EXPECT_EQ((i + 1) * PAGE_SIZE, node[i].range.first);
	}
	/* Small holes everywhere, and something large */
	for (i = 0; i < nr; i += 2)
		iova_space_release(&space, &node[i]);
	for (i = 0; i < nr / 2; i += 2)
		EXPECT_EQ(0, use_auto(&space, &node[i], HUGE, HUGE));
	printf("# %lu areas: %.2f s\n", nr, now() - start);
	check_space(&space);
	release_all(&space);
	free(node);
}

/*
 * Random operations beside a naive model: one entry for each page of a window
 * somewhere in the address space. Beyond the window all is reserved.
 */
#define NR_PAGES 1024
#define NR_NODES 256
#define NR_OWNERS 4

struct model {
	struct iova_space space;
	unsigned long base;
	struct iova_node node[NR_NODES];
	bool in_use[NR_NODES];
	int user[NR_PAGES];
	unsigned int reserved[NR_PAGES][NR_OWNERS];
	bool allowed[NR_PAGES];
	bool allow_all;
	/* Beyond the window; cannot be told from a reservation inside */
	int outside;
};

static unsigned long model_iova(const struct model *model, unsigned long page)
{
	return model->base + page * PAGE_SIZE;
}

static struct iova_range model_range(const struct model *model,
				     unsigned long page, unsigned long nr)
{
	return (struct iova_range){ model_iova(model, page),
				    model_iova(model, page + nr) - 1 };
}

static bool model_reserved(const struct model *model, unsigned long page)
{
	int owner;

	for (owner = 0; owner < NR_OWNERS; owner++) {
		if (model->reserved[page][owner])
			return true;
	}
	return false;
}

static bool model_any(const struct model *model, unsigned long page,
		      unsigned long nr,
		      bool (*is)(const struct model *, unsigned long))
{
	for (; nr; nr--) {
		if (is(model, page++))
			return true;
	}
	return false;
}

static bool model_used(const struct model *model, unsigned long page)
{
	return model->user[page] >= 0;
}

static bool model_only_allowed(const struct model *model, unsigned long page)
{
	return !model->allow_all && model->allowed[page];
}

/* Not for automatic allocation */
static bool model_blocked(const struct model *model, unsigned long page)
{
	unsigned long iova = model_iova(model, page);

	return model_used(model, page) || model_reserved(model, page) ||
	       !(model->allow_all || model->allowed[page]) ||
	       iova < PAGE_SIZE || iova > ULONG_MAX - 2 * PAGE_SIZE + 1;
}

static void model_fill(struct model *model, unsigned long page,
		       unsigned long nr, int user)
{
	for (; nr; nr--)
		model->user[page++] = user;
}

static void model_compare(struct model *model)
{
	struct iova_range usable, range;
	unsigned long page = 0;
	struct iova_node *node;
	int user = -1;

	check_space(&model->space);
	for (page = 0; page < NR_PAGES && !unit_failed(); page++) {
		range = model_range(model, page, 1);
		node = iova_space_first_used(&model->space, &range);
		if (!node) {
			EXPECT_EQ(-1, model->user[page]);
			continue;
		}
		user = node - model->node;
		EXPECT_EQ(user, model->user[page]);
		if (!page || model->user[page - 1] != user)
			EXPECT_EQ(range.first, node->range.first);
		if (page == NR_PAGES - 1 || model->user[page + 1] != user)
			EXPECT_EQ(range.last, node->range.last);
	}
	page = 0;
	iova_space_for_each_usable(&model->space, usable) {
		for (;
		     page < NR_PAGES && model_iova(model, page) != usable.first;
		     page++)
			EXPECT(model_reserved(model, page));
		for (; page < NR_PAGES && !model_reserved(model, page); page++)
			;
		EXPECT_EQ(model_iova(model, page) - 1, usable.last);
		if (unit_failed())
			return;
	}
	for (; page < NR_PAGES; page++)
		EXPECT(model_reserved(model, page));
}

static void random_span(unsigned long *page, unsigned long *nr)
{
	unsigned long limit = 1 + (unit_random() % NR_PAGES >> unit_below(10));

	*page = unit_below(NR_PAGES);
	*nr = unit_between(1, min(limit, NR_PAGES - *page));
}

static int model_spare_node(const struct model *model)
{
	int i = unit_below(NR_NODES), tries;

	for (tries = 0; tries < NR_NODES; tries++, i = (i + 1) % NR_NODES) {
		if (!model->in_use[i])
			return i;
	}
	return -1;
}

static void random_fixed(struct model *model)
{
	int expected = 0, i = model_spare_node(model);
	struct iova_range range;
	unsigned long page, nr;

	if (i < 0)
		return;
	random_span(&page, &nr);
	if (model_any(model, page, nr, model_reserved))
		expected = -EINVAL;
	else if (model_any(model, page, nr, model_used))
		expected = -EEXIST;
	range = model_range(model, page, nr);
	EXPECT_EQ(expected,
		  iova_space_use_fixed(&model->space, &model->node[i], &range));
	if (expected)
		return;
	model->in_use[i] = true;
	model_fill(model, page, nr, i);
}

/* The lowest page that fits, or -1 */
static long model_find(const struct model *model, unsigned long nr,
		       unsigned long align, unsigned long hint)
{
	unsigned long page;

	for (page = 0; page + nr <= NR_PAGES; page++) {
		if (!((model_iova(model, page) - hint) & (align - 1)) &&
		    !model_any(model, page, nr, model_blocked))
			return page;
	}
	return -1;
}

static void random_auto(struct model *model)
{
	unsigned long nr = 1 + (unit_random() % 64 >> unit_below(7)), align;
	unsigned long hint = unit_random() >> 20 << PAGE_SHIFT, natural;
	struct iova_fit fit = fit_of(nr * PAGE_SIZE, hint);
	int i = model_spare_node(model), ret;
	long page;

	if (i < 0)
		return;
	fit.max_align = PAGE_SIZE << unit_below(8);
	align = min(roundup_pow_of_two(fit.length), fit.max_align);
	page = model_find(model, nr, align, hint);
	natural = min(align, hint ? hint & -hint : align);
	if (page < 0 && natural < align) {
		align = natural;
		page = model_find(model, nr, align, hint);
	}
	ret = iova_space_use_auto(&model->space, &model->node[i], &fit);
	EXPECT_EQ(page < 0 ? -ENOSPC : 0, ret);
	if (ret || page < 0)
		return;
	/* A larger alignment may skip the lowest */
	if (align == PAGE_SIZE)
		EXPECT_EQ(model_iova(model, page), model->node[i].range.first);
	EXPECT_EQ(model->node[i].range.first + fit.length - 1,
		  model->node[i].range.last);
	EXPECT_EQ(0, (model->node[i].range.first - hint) & (align - 1));
	page = (model->node[i].range.first - model->base) >> PAGE_SHIFT;
	EXPECT(page >= 0 && page + nr <= NR_PAGES);
	if (unit_failed())
		return;
	EXPECT(!model_any(model, page, nr, model_blocked));
	model->in_use[i] = true;
	model_fill(model, page, nr, i);
}

static int model_random_user(const struct model *model)
{
	return model->user[unit_below(NR_PAGES)];
}

static void random_release(struct model *model)
{
	int i = model_random_user(model);
	unsigned long page;

	if (i < 0)
		return;
	iova_space_release(&model->space, &model->node[i]);
	model->in_use[i] = false;
	for (page = 0; page < NR_PAGES; page++) {
		if (model->user[page] == i)
			model->user[page] = -1;
	}
}

static void random_split(struct model *model)
{
	int i = model_random_user(model), tail = model_spare_node(model);
	unsigned long first, nr, at;

	if (i < 0 || tail < 0)
		return;
	first = (model->node[i].range.first - model->base) >> PAGE_SHIFT;
	nr = iova_range_length(&model->node[i].range) >> PAGE_SHIFT;
	if (nr < 2)
		return;
	at = unit_between(first + 1, first + nr - 1);
	iova_space_split(&model->space, &model->node[i], model_iova(model, at),
			 &model->node[tail]);
	model->in_use[tail] = true;
	model_fill(model, at, first + nr - at, tail);
}

static void random_reserve(struct model *model)
{
	int owner = unit_below(NR_OWNERS), expected = 0, ret;
	struct iova_range range;
	unsigned long page, nr;

	random_span(&page, &nr);
	nr = min(nr, 60UL);
	range = model_range(model, page, nr);
	if (model_any(model, page, nr, model_used) ||
	    model_any(model, page, nr, model_only_allowed))
		expected = -EADDRINUSE;
	unit_fail_nth_alloc(unit_below(4));
	ret = iova_space_reserve(&model->space, &range,
				 &model->reserved[0][owner]);
	if (unit_alloc_has_failed())
		expected = -ENOMEM;
	EXPECT_EQ(expected, ret);
	for (; nr && !ret; nr--)
		model->reserved[page++][owner]++;
}

static void random_unreserve(struct model *model)
{
	int owner = unit_below(NR_OWNERS);
	unsigned long page;

	iova_space_unreserve(&model->space, &model->reserved[0][owner]);
	for (page = 0; page < NR_PAGES; page++)
		model->reserved[page][owner] = 0;
}

static void random_allowed(struct model *model)
{
	unsigned long nr_ranges = unit_below(6), page, nr, i;
	int expected = 0, ret, overlap = 0, reserved = 0;
	struct iova_range ranges[6];
	bool allowed[NR_PAGES] = {};

	for (i = 0; i < nr_ranges; i++) {
		random_span(&page, &nr);
		ranges[i] = model_range(model, page, nr);
		for (; nr; nr--, page++) {
			overlap |= allowed[page];
			reserved |= model_reserved(model, page);
			allowed[page] = true;
		}
	}
	if (overlap)
		expected = -EINVAL;
	else if (reserved)
		expected = -EADDRINUSE;
	unit_fail_nth_alloc(unit_below(4));
	ret = set_allowed(&model->space, ranges, nr_ranges);
	if (unit_alloc_has_failed())
		expected = -ENOMEM;
	EXPECT_EQ(expected, ret);
	if (ret)
		return;
	memcpy(model->allowed, allowed, sizeof(allowed));
	model->allow_all = !nr_ranges;
}

static void model_init(struct model *model)
{
	static const unsigned long bases[] = {
		0,
		1UL << 40,
		3 * HUGE + 5 * PAGE_SIZE,
		ULONG_MAX - NR_PAGES * PAGE_SIZE + 1,
	};
	struct iova_range window;
	unsigned long page;

	memset(model, 0, sizeof(*model));
	model->base = bases[unit_below(4)];
	model->allow_all = true;
	for (page = 0; page < NR_PAGES; page++)
		model->user[page] = -1;
	iova_space_init(&model->space);
	window = model_range(model, 0, NR_PAGES);
	EXPECT_EQ(0, iova_space_reserve_outside(&model->space, &window,
						&model->outside));
}

static void random_operations(void)
{
	unsigned long rounds = unit_rounds(150), i;
	unsigned int op, share;
	struct model model;

	while (rounds-- && !unit_failed()) {
		model_init(&model);
		share = unit_between(5, 60);
		for (i = 0; i < 800 && !unit_failed(); i++) {
			op = unit_below(100);
			if (op < share)
				random_auto(&model);
			else if (op < 60)
				random_release(&model);
			else if (op < 80)
				random_fixed(&model);
			else if (op < 90)
				random_split(&model);
			else if (op < 96)
				random_reserve(&model);
			else if (op < 98)
				random_unreserve(&model);
			else
				random_allowed(&model);
			if (i % 4 == 0)
				model_compare(&model);
		}
		model_compare(&model);
		release_all(&model.space);
	}
}

int main(void)
{
	static const struct unit_test tests[] = {
		{ "fixed: errors and the ends", fixed_errors },
		{ "the whole space used", whole_space_used },
		{ "auto: bad arguments", auto_bad_arguments },
		{ "auto: alignment", auto_alignment },
		{ "auto: less alignment where it must", auto_less_aligned },
		{ "auto: one byte short", auto_one_byte_short },
		{ "auto: bytes", auto_bytes },
		{ "auto: top of the address space", auto_at_the_top },
		{ "auto: only what is allowed", auto_in_allowed },
		{ "auto: across allowed ranges that touch",
		  auto_across_allowed },
		{ "auto: past many misaligned gaps", auto_past_misaligned },
		{ "auto: many areas", auto_with_many_areas },
		{ "allowed: errors change nothing", allowed_errors },
		{ "reservations of several owners", reservations },
		{ "reserve outside: both or nothing", reserve_outside_undone },
		{ "split and release", split_and_release },
		{ "gaps", gaps },
		{ "iterate over what is used", iterate_used },
		{ "random operations", random_operations },
	};

	return unit_main("iova_space", tests, sizeof(tests) / sizeof(*tests));
}
