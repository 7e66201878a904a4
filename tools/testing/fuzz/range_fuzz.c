// SPDX-License-Identifier: GPL-2.0-only
/* Compares range.h with arithmetic in 128 bits, which never overflows. */
#include "fuzz.h"
#include "range.h"

typedef unsigned __int128 u128;

static const u128 max_addr = ULONG_MAX;

static void check_same(int expected, int ret, const struct iova_range *range,
		       u128 first, u128 last)
{
	CHECK(ret == expected);
	/* On failure @range is not written. */
	CHECK(range->first == (ret ? 7 : first));
	CHECK(range->last == (ret ? 8 : last));
}

static struct iova_range from_user(struct fuzz_input *in)
{
	u64 start = fuzz_number(in), length = fuzz_number(in);
	struct iova_range range = { 7, 8 };
	u128 last = (u128)start + length - 1;
	int ret = iova_range_from_user(start, length, &range);

	check_same(!length	   ? -EINVAL :
		   last > max_addr ? -EOVERFLOW :
				     0,
		   ret, &range, start, last);
	return range;
}

static struct iova_range from_bounds(struct fuzz_input *in)
{
	u64 first = fuzz_number(in), last = fuzz_number(in);
	struct iova_range range = { 7, 8 };
	int ret = iova_range_from_user_bounds(first, last, &range);

	check_same(first < last ? 0 : -EINVAL, ret, &range, first, last);
	return range;
}

static void check_pair(const struct iova_range *a, const struct iova_range *b)
{
	u128 first = a->first > b->first ? a->first : b->first;
	u128 last = a->last < b->last ? a->last : b->last;
	struct iova_range common = { 7, 8 }, in_place = *a;
	bool overlap = first <= last;

	CHECK(iova_range_overlaps(a, b) == overlap);
	CHECK(iova_range_contains(a, b) ==
	      (overlap && first == b->first && last == b->last));
	CHECK(iova_range_intersect(a, b, &common) == overlap);
	check_same(overlap ? 0 : -1, overlap ? 0 : -1, &common, first, last);
	CHECK(iova_range_intersect(&in_place, b, &in_place) == overlap);
	CHECK(in_place.first == (overlap ? first : a->first));
	CHECK(in_place.last == (overlap ? last : a->last));
}

static void check_one(const struct iova_range *range, struct fuzz_input *in)
{
	u128 length = (u128)range->last - range->first + 1;
	unsigned long any = fuzz_number(in);
	unsigned long align = 1UL << fuzz_byte(in) % 64;

	CHECK(iova_range_length(range) == (length > max_addr ? 0 : length));
	if (any)
		CHECK(iova_range_holds(range, any) == (any <= length));
	CHECK(iova_range_contains_addr(range, any) ==
	      (range->first <= any && any <= range->last));
	CHECK(iova_range_aligned(range, align) ==
	      (!((u128)range->first % align) &&
	       !(((u128)range->last + 1) % align)));
}

void fuzz_one(struct fuzz_input *in)
{
	struct iova_range a, b;

	while (fuzz_more(in)) {
		a = from_user(in);
		b = fuzz_byte(in) & 1 ? from_user(in) : from_bounds(in);
		check_one(&a, in);
		check_one(&b, in);
		check_pair(&a, &b);
		check_pair(&b, &a);
		check_pair(&a, &a);
	}
}
