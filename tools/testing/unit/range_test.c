// SPDX-License-Identifier: GPL-2.0-only
/* Tests of range.h. */
#include "range.h"
#include "unit.h"

static void from_user(void)
{
	struct iova_range range = { 7, 8 };

	EXPECT_EQ(-EINVAL, iova_range_from_user(0, 0, &range));
	EXPECT_EQ(-EINVAL, iova_range_from_user(ULONG_MAX, 0, &range));
	EXPECT_EQ(-EOVERFLOW, iova_range_from_user(ULONG_MAX, 2, &range));
	EXPECT_EQ(-EOVERFLOW,
		  iova_range_from_user(ULONG_MAX, ULONG_MAX, &range));
	EXPECT_EQ(-EOVERFLOW, iova_range_from_user(2, ULONG_MAX, &range));
	EXPECT_EQ(7, range.first);
	EXPECT_EQ(8, range.last);

	EXPECT_EQ(0, iova_range_from_user(0x1000, 0x2000, &range));
	EXPECT_EQ(0x1000, range.first);
	EXPECT_EQ(0x2fff, range.last);
	EXPECT_EQ(0, iova_range_from_user(ULONG_MAX, 1, &range));
	EXPECT_EQ(ULONG_MAX, range.first);
	EXPECT_EQ(ULONG_MAX, range.last);
	EXPECT_EQ(0, iova_range_from_user(1, ULONG_MAX, &range));
	EXPECT_EQ(1, range.first);
	EXPECT_EQ(ULONG_MAX, range.last);
	EXPECT_EQ(0, iova_range_from_user(0, ULONG_MAX, &range));
	EXPECT_EQ(ULONG_MAX - 1, range.last);
}

static void from_user_bounds(void)
{
	struct iova_range range = { 7, 8 };

	EXPECT_EQ(-EINVAL, iova_range_from_user_bounds(2, 1, &range));
	EXPECT_EQ(-EINVAL, iova_range_from_user_bounds(2, 2, &range));
	EXPECT_EQ(7, range.first);
	EXPECT_EQ(8, range.last);
	EXPECT_EQ(0, iova_range_from_user_bounds(0, ULONG_MAX, &range));
	EXPECT_EQ(0, range.first);
	EXPECT_EQ(ULONG_MAX, range.last);
	EXPECT_EQ(0, iova_range_from_user_bounds(4, 5, &range));
	EXPECT_EQ(4, range.first);
	EXPECT_EQ(5, range.last);
}

static void whole_space(void)
{
	const struct iova_range all = IOVA_RANGE_ALL;
	const struct iova_range top = { ULONG_MAX, ULONG_MAX };

	EXPECT_EQ(0, iova_range_length(&all));
	EXPECT(iova_range_holds(&all, ULONG_MAX));
	EXPECT(iova_range_holds(&top, 1));
	EXPECT(!iova_range_holds(&top, 2));
	EXPECT(iova_range_contains(&all, &top));
	EXPECT(!iova_range_contains(&top, &all));
	EXPECT(iova_range_aligned(&all, 1UL << 63));
	EXPECT(!iova_range_aligned(&top, 2));
}

/* All pairs of ranges within eight bytes are compared with sets of bytes. */
static unsigned int bytes_of(const struct iova_range *range)
{
	return ((2u << range->last) - 1) & ~((1u << range->first) - 1);
}

static void compare_pair(const struct iova_range *a, const struct iova_range *b)
{
	unsigned int both = bytes_of(a) & bytes_of(b);
	struct iova_range common = { 99, 99 };

	EXPECT_EQ(both != 0, iova_range_overlaps(a, b));
	EXPECT_EQ(both == bytes_of(b), iova_range_contains(a, b));
	EXPECT_EQ(both != 0, iova_range_intersect(a, b, &common));
	EXPECT_EQ(both ? both : 99, both ? bytes_of(&common) : common.first);
}

static void each_pair(void)
{
	struct iova_range a, b;

	for (a.first = 0; a.first < 8; a.first++) {
		for (a.last = a.first; a.last < 8; a.last++) {
			EXPECT_EQ(__builtin_popcount(bytes_of(&a)),
				  iova_range_length(&a));
			EXPECT_EQ(a.first % 4 == 0 && a.last % 4 == 3,
				  iova_range_aligned(&a, 4));
			for (b.first = 0; b.first < 8; b.first++) {
				EXPECT_EQ(bytes_of(&a) >> b.first & 1,
					  iova_range_contains_addr(&a,
								   b.first));
				for (b.last = b.first; b.last < 8; b.last++)
					compare_pair(&a, &b);
			}
		}
	}
}

int main(void)
{
	static const struct unit_test tests[] = {
		{ "from user: start and length", from_user },
		{ "from user: first and last", from_user_bounds },
		{ "the whole address space", whole_space },
		{ "each pair of small ranges", each_pair },
	};

	return unit_main("range", tests, sizeof(tests) / sizeof(*tests));
}
