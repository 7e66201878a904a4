// SPDX-License-Identifier: GPL-2.0-only
/* Directed tests of the IOVA space and its tree. */
#include <stdarg.h>
#include <time.h>

#include "iova_space.h"
#include "iova_space_util.h"
#include "unit.h"

static struct iova_range page_range(unsigned long first, unsigned long nr)
{
	return (struct iova_range){ first * PAGE_SIZE,
				    (first + nr) * PAGE_SIZE - 1 };
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
	const struct iova_fit fit = space_fit(length, hint);

	return iova_space_use_auto(space, node, &fit);
}

static int reserve_range(struct iova_space *space, unsigned long first,
			 unsigned long last, const void *owner)
{
	const struct iova_range range = { first, last };

	return iova_space_reserve(space, &range, 0, owner);
}

static void fixed_errors(void)
{
	struct iova_node a, b, top, zero;
	struct iova_space space;

	iova_space_init(&space);
	EXPECT_EQ(0, reserve_range(&space, 0x5000, 0x5fff, NULL));
	EXPECT_EQ(-EINVAL, use_fixed(&space, &a, 0x4000, 0x5000));
	EXPECT_EQ(-EINVAL, use_fixed(&space, &a, 0x5fff, 0x6000));
	EXPECT_EQ(-EINVAL, use_fixed(&space, &a, 0, ULONG_MAX));
	EXPECT_EQ(0, use_fixed(&space, &a, 0x6000, 0x7fff));
	EXPECT_EQ(-EEXIST, use_fixed(&space, &b, 0x7fff, 0x8fff));
	EXPECT_EQ(-EEXIST, use_fixed(&space, &b, 0x6000, 0x6000));
	EXPECT_EQ(-EEXIST, use_fixed(&space, &b, 0x6000, ULONG_MAX));
	/* A reservation takes precedence over a used range. */
	EXPECT_EQ(-EINVAL, use_fixed(&space, &b, 0x5000, 0x6fff));
	EXPECT_EQ(0, use_fixed(&space, &b, 0x8000, 0x8fff));
	EXPECT_EQ(0, use_fixed(&space, &zero, 0, 0));
	EXPECT_EQ(0, use_fixed(&space, &top, ULONG_MAX, ULONG_MAX));
	space_check(&space);
	space_release_all(&space);
}

static void whole_space_used(void)
{
	struct iova_space space;
	struct iova_node all, b;

	iova_space_init(&space);
	EXPECT_EQ(0, use_fixed(&space, &all, 0, ULONG_MAX));
	EXPECT_EQ(-ENOSPC, use_auto(&space, &b, PAGE_SIZE, 0));
	EXPECT_EQ(-EADDRINUSE, reserve_range(&space, 7, 7, NULL));
	iova_space_release(&space, &all);
	EXPECT_EQ(0, use_auto(&space, &b, PAGE_SIZE, 0));
	EXPECT_EQ(PAGE_SIZE, b.range.first);
	space_release_all(&space);
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
	space_release_all(&space);
}

/* A huge page of the backing can become a huge page of the IOMMU. */
static void auto_alignment(void)
{
	struct iova_node node[6];
	struct iova_space space;

	iova_space_init(&space);
	EXPECT_EQ(0, use_auto(&space, &node[0], PAGE_SIZE, 0));
	EXPECT_EQ(PAGE_SIZE, node[0].range.first);
	EXPECT_EQ(0, use_auto(&space, &node[1], 3 * PAGE_SIZE, HUGE_SIZE));
	EXPECT_EQ(4 * PAGE_SIZE, node[1].range.first);
	EXPECT_EQ(0, use_auto(&space, &node[2], HUGE_SIZE, 5 * HUGE_SIZE));
	EXPECT_EQ(HUGE_SIZE, node[2].range.first);
	/* Huge pages inside of misaligned memory are aligned too. */
	EXPECT_EQ(0, use_auto(&space, &node[3], 4 * HUGE_SIZE, 0x7f0000123000));
	EXPECT_EQ(2 * HUGE_SIZE + 0x123000, node[3].range.first);
	EXPECT_EQ(2 * HUGE_SIZE + 0x123000 + 4 * HUGE_SIZE - 1,
		  node[3].range.last);
	/* The low gap is still used. */
	EXPECT_EQ(0, use_auto(&space, &node[4], PAGE_SIZE, 3 * PAGE_SIZE));
	EXPECT_EQ(2 * PAGE_SIZE, node[4].range.first);
	space_check(&space);
	space_release_all(&space);
}

/* The alignment of the hint may fit if the best alignment does not. */
static void auto_less_aligned(void)
{
	struct iova_range window = page_range(3, 8);
	struct iova_space space;
	struct iova_node node;

	iova_space_init(&space);
	EXPECT_EQ(0, space_set_allowed(&space, &window, 1));
	EXPECT_EQ(-ENOSPC, use_auto(&space, &node, 8 * PAGE_SIZE, HUGE_SIZE));
	EXPECT_EQ(-ENOSPC, use_auto(&space, &node, 8 * PAGE_SIZE,
				    HUGE_SIZE + 2 * PAGE_SIZE));
	EXPECT_EQ(0, use_auto(&space, &node, 8 * PAGE_SIZE,
			      HUGE_SIZE + PAGE_SIZE));
	EXPECT_EQ(3 * PAGE_SIZE, node.range.first);
	space_release_all(&space);
}

static void auto_one_byte_short(void)
{
	struct iova_range window = { 3 * PAGE_SIZE, 6 * PAGE_SIZE - 2 };
	struct iova_space space;
	struct iova_node node;

	iova_space_init(&space);
	EXPECT_EQ(0, space_set_allowed(&space, &window, 1));
	EXPECT_EQ(-ENOSPC, use_auto(&space, &node, 2 * PAGE_SIZE, 0));
	window.last++;
	EXPECT_EQ(0, space_set_allowed(&space, &window, 1));
	EXPECT_EQ(0, use_auto(&space, &node, 2 * PAGE_SIZE, 0));
	space_release_all(&space);
}

/* Without a domain nothing is aligned, but the offset in the page is kept. */
static void auto_bytes(void)
{
	struct iova_fit fit = { .length = 100,
				.hint = 0x12345,
				.min_align = 1,
				.max_align = HUGE_SIZE };
	struct iova_space space;
	struct iova_node a, b;

	iova_space_init(&space);
	EXPECT_EQ(0, iova_space_use_auto(&space, &a, &fit));
	EXPECT_EQ(PAGE_SIZE + 0x345, a.range.first);
	EXPECT_EQ(PAGE_SIZE + 0x345 + 99, a.range.last);
	EXPECT_EQ(0, iova_space_use_auto(&space, &b, &fit));
	EXPECT_EQ(2 * PAGE_SIZE + 0x345, b.range.first);
	space_release_all(&space);
}

/* Rounding up at the top of the address space must not wrap to 0. */
static void auto_at_the_top(void)
{
	struct iova_space space;
	struct iova_node node;

	iova_space_init(&space);
	EXPECT_EQ(0, reserve_range(&space, 6, 0xffffffffffff8006, NULL));
	EXPECT_EQ(-ENOSPC, use_auto(&space, &node, 5 * PAGE_SIZE, HUGE_SIZE));
	/* Automatic allocation never uses the last page. */
	EXPECT_EQ(0, use_auto(&space, &node, 6 * PAGE_SIZE, PAGE_SIZE));
	EXPECT_EQ(0xffffffffffff9000, node.range.first);
	EXPECT_EQ(0xffffffffffffefff, node.range.last);
	space_release_all(&space);
}

static void auto_in_allowed(void)
{
	const struct iova_range allowed[] = { page_range(100, 4),
					      page_range(20, 2),
					      page_range(0, 3) };
	static const unsigned long expected[] = { 1,   2,   20,	 21,
						  100, 101, 102, 103 };
	struct iova_node node[9], outside;
	struct iova_space space;
	int i;

	iova_space_init(&space);
	EXPECT_EQ(0, space_set_allowed(&space, allowed, 3));
	/* Fixed addresses are not limited to allowed ranges. */
	EXPECT_EQ(0, use_fixed(&space, &outside, 50 * PAGE_SIZE,
			       52 * PAGE_SIZE - 1));
	for (i = 0; i < 8; i++) {
		EXPECT_EQ(0, use_auto(&space, &node[i], PAGE_SIZE, 0));
		EXPECT_EQ(expected[i] * PAGE_SIZE, node[i].range.first);
	}
	EXPECT_EQ(-ENOSPC, use_auto(&space, &node[8], PAGE_SIZE, 0));
	EXPECT_EQ(0, space_set_allowed(&space, NULL, 0));
	EXPECT_EQ(0, use_auto(&space, &node[8], PAGE_SIZE, 0));
	EXPECT_EQ(3 * PAGE_SIZE, node[8].range.first);
	space_release_all(&space);
}

static void auto_across_allowed(void)
{
	const struct iova_range allowed[] = { page_range(6, 2),
					      page_range(4, 2),
					      page_range(9, 7) };
	struct iova_space space;
	struct iova_node node;

	iova_space_init(&space);
	EXPECT_EQ(0, space_set_allowed(&space, allowed, 3));
	EXPECT_EQ(0, use_auto(&space, &node, 4 * PAGE_SIZE, 0));
	EXPECT_EQ(4 * PAGE_SIZE, node.range.first);
	space_release_all(&space);
}

static void allowed_errors(void)
{
	const struct iova_range overlap[] = { page_range(5, 2),
					      page_range(9, 9),
					      page_range(6, 1) };
	const struct iova_range over_reserved[] = { page_range(1, 1),
						    page_range(5, 6) };
	const struct iova_range good[] = { page_range(6, 1), page_range(5, 1) };
	struct iova_space space;
	struct iova_node node;

	iova_space_init(&space);
	EXPECT_EQ(0, space_set_allowed(&space, good, 2));
	EXPECT_EQ(0, reserve_range(&space, 10 * PAGE_SIZE, 10 * PAGE_SIZE,
				   &space));
	EXPECT_EQ(-EINVAL, space_set_allowed(&space, overlap, 3));
	EXPECT_EQ(-EADDRINUSE, space_set_allowed(&space, over_reserved, 2));
	unit_fail_nth_alloc(1);
	EXPECT_EQ(-ENOMEM, space_set_allowed(&space, good, 2));
	EXPECT(unit_alloc_has_failed());
	/* The former ranges are still allowed and exclude reservations. */
	EXPECT_EQ(-EADDRINUSE, reserve_range(&space, 0, 5 * PAGE_SIZE, NULL));
	EXPECT_EQ(-EADDRINUSE,
		  reserve_range(&space, 7 * PAGE_SIZE - 1, ULONG_MAX, NULL));
	EXPECT_EQ(0, reserve_range(&space, 0, 5 * PAGE_SIZE - 1, NULL));
	EXPECT_EQ(0, reserve_range(&space, 7 * PAGE_SIZE, ULONG_MAX, NULL));
	EXPECT_EQ(0, use_auto(&space, &node, PAGE_SIZE, 0));
	EXPECT_EQ(5 * PAGE_SIZE, node.range.first);
	space_release_all(&space);
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

static void reserve_for_owners(void)
{
	const struct iova_range aperture = { 0x1000, 0xffff };
	struct iova_space space;
	struct iova_node node;
	int a, b;

	iova_space_init(&space);
	expect_usable(&space, 1, 0UL, ULONG_MAX);
	EXPECT_EQ(0, reserve_range(&space, 0x4000, 0x4fff, &a));
	EXPECT_EQ(0, reserve_range(&space, 0x4800, 0x5fff, &b));
	EXPECT_EQ(0, reserve_range(&space, 0x6000, 0x6fff, &a));
	EXPECT_EQ(0, reserve_range(&space, 0x4000, 0x4fff, &b));
	expect_usable(&space, 2, 0UL, 0x3fffUL, 0x7000UL, ULONG_MAX);
	EXPECT_EQ(0, iova_space_reserve_outside(&space, &aperture, &a));
	expect_usable(&space, 2, 0x1000UL, 0x3fffUL, 0x7000UL, 0xffffUL);
	iova_space_unreserve(&space, &a);
	expect_usable(&space, 2, 0UL, 0x3fffUL, 0x6000UL, ULONG_MAX);
	EXPECT_EQ(0, use_fixed(&space, &node, 0x6000, 0x6000));
	EXPECT_EQ(-EADDRINUSE, reserve_range(&space, 0x5000, 0x6000, &a));
	iova_space_unreserve(&space, &node);
	iova_space_unreserve(&space, &b);
	expect_usable(&space, 1, 0UL, ULONG_MAX);
	EXPECT_EQ(0, iova_space_reserve_outside(&space, &IOVA_RANGE_ALL, &a));
	expect_usable(&space, 1, 0UL, ULONG_MAX);
	iova_space_release(&space, &node);
	EXPECT_EQ(0, reserve_range(&space, 0, ULONG_MAX, &a));
	expect_usable(&space, 0);
	EXPECT_EQ(-ENOSPC, use_auto(&space, &node, PAGE_SIZE, 0));
	iova_space_destroy(&space);
}

/* Reserves both sides of an aperture or none, beside other reservations. */
static void reserve_outside_undone(void)
{
	const struct iova_range aperture = { 0x1000, 0xffff };
	struct iova_space space;
	struct iova_node node;
	int owner;

	iova_space_init(&space);
	EXPECT_EQ(0, reserve_range(&space, 0x2000, 0x2fff, &owner));
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
	space_check(&space);
	EXPECT_EQ(0x3fff, a.range.last);
	EXPECT_EQ(0x4000, b.range.first);
	EXPECT_EQ(0x7fff, b.range.last);
	EXPECT_EQ(0x8000, c.range.first);
	EXPECT_EQ(ULONG_MAX, c.range.last);
	iova_space_release(&space, &b);
	space_check(&space);
	EXPECT_EQ(0, use_auto(&space, &d, 4 * PAGE_SIZE, 0));
	EXPECT_EQ(0x4000, d.range.first);
	iova_space_split(&space, &d, d.range.last, &b);
	EXPECT_EQ(d.range.last + 1, b.range.first);
	space_check(&space);
	space_release_all(&space);
}

static void find_gaps(void)
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
	space_release_all(&space);
}

static void iterate_used(void)
{
	struct iova_range range = { 0x1800, 0x5000 };
	struct iova_node node[4], *at;
	struct iova_space space;
	int i, found = 0;

	iova_space_init(&space);
	EXPECT(!iova_space_first_used(&space, &IOVA_RANGE_ALL));
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
	space_release_all(&space);
}

/* A gap that fits is found after many misaligned ones. */
static void auto_past_misaligned(void)
{
	enum { NR = 200 };
	struct iova_node *node = calloc(NR, sizeof(*node)), tail, tight, found;
	unsigned long period = 2 * HUGE_SIZE, first, aligned;
	struct iova_range window = { period + PAGE_SIZE, ULONG_MAX };
	struct iova_space space;
	int i;

	/* Many gaps of the size of a huge page, all of them misaligned */
	iova_space_init(&space);
	for (i = 0; i < NR; i++) {
		first = (i + 1) * period + PAGE_SIZE;
		EXPECT_EQ(0, use_fixed(&space, &node[i], first + HUGE_SIZE,
				       first + period - 1));
	}
	window.last = node[NR - 1].range.last;
	EXPECT_EQ(0, space_set_allowed(&space, &window, 1));
	EXPECT_EQ(-ENOSPC, use_auto(&space, &found, HUGE_SIZE, HUGE_SIZE));

	/* Align one gap near the end by moving it by a page. */
	aligned = (NR - 10) * period;
	iova_space_split(&space, &node[NR - 12], aligned, &tail);
	iova_space_release(&space, &tail);
	EXPECT_EQ(0, use_fixed(&space, &tight, aligned + HUGE_SIZE,
			       aligned + HUGE_SIZE + PAGE_SIZE - 1));
	EXPECT_EQ(0, use_auto(&space, &found, HUGE_SIZE, HUGE_SIZE));
	EXPECT_EQ(aligned, found.range.first);
	iova_space_release(&space, &found);

	/* A large gap is found before one that fits exactly. */
	window.last += 5 * HUGE_SIZE;
	EXPECT_EQ(0, space_set_allowed(&space, &window, 1));
	EXPECT_EQ(0, use_auto(&space, &found, HUGE_SIZE, HUGE_SIZE));
	EXPECT_EQ((NR + 1) * period + HUGE_SIZE, found.range.first);
	space_check(&space);
	space_release_all(&space);
	free(node);
}

static double seconds_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* Times out if each allocation walks all areas. */
static void auto_with_many_areas(void)
{
	unsigned long nr = 256 << 10, i;
	struct iova_node *node = calloc(nr, sizeof(*node));
	struct iova_space space;
	double start = seconds_now();

	iova_space_init(&space);
	EXPECT_EQ(0, reserve_range(&space, 0xfee00000, 0xfeefffff, NULL));
	for (i = 0; i < nr; i++)
		EXPECT_EQ(0, use_auto(&space, &node[i], PAGE_SIZE, 0));
	/* The only low hole is found again. */
	for (i = 0; i < nr; i += 1 + unit_below(30)) {
		iova_space_release(&space, &node[i]);
		EXPECT_EQ(0, use_auto(&space, &node[i], PAGE_SIZE, 0));
		EXPECT_EQ((i + 1) * PAGE_SIZE, node[i].range.first);
	}
	/* Large allocations with small holes everywhere */
	for (i = 0; i < nr; i += 2)
		iova_space_release(&space, &node[i]);
	for (i = 0; i < nr / 2; i += 2)
		EXPECT_EQ(0, use_auto(&space, &node[i], HUGE_SIZE, HUGE_SIZE));
	printf("# %lu areas: %.2f s\n", nr, seconds_now() - start);
	space_check(&space);
	space_release_all(&space);
	free(node);
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
		{ "reservations of several owners", reserve_for_owners },
		{ "reserve outside: both or nothing", reserve_outside_undone },
		{ "split and release", split_and_release },
		{ "gaps", find_gaps },
		{ "iterate over what is used", iterate_used },
	};

	return unit_main("iova_space", tests, sizeof(tests) / sizeof(*tests));
}
