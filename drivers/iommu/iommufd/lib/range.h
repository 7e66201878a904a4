/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Inclusive ranges of I/O virtual addresses.
 *
 * User space hands in 64 bit (start, length) or (first, last) pairs; they are
 * checked for overflow and narrowed here, and nowhere else. Everything above
 * works on a struct iova_range, which cannot be empty and cannot wrap, and
 * which can name the whole address space.
 */
#ifndef IOMMUFD_RANGE_H
#define IOMMUFD_RANGE_H

#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/types.h>

/**
 * struct iova_range - a non-empty range of IOVA, both ends inclusive
 */
struct iova_range {
	/** @first: lowest byte address of the range */
	unsigned long first;
	/** @last: highest byte address of the range, not below @first */
	unsigned long last;
};

/**
 * iova_range_from_user() - convert a (start, length) pair of user space
 * @start: first byte
 * @length: bytes
 * @out: the range, written on success only
 *
 * A range that ends exactly at ULONG_MAX is good.
 *
 * Return: 0, -EINVAL where @length is 0, -EOVERFLOW where the range does not
 * fit into an unsigned long.
 */
static inline int iova_range_from_user(u64 start, u64 length,
				       struct iova_range *out)
{
	if (!length)
		return -EINVAL;
	if (start > ULONG_MAX || length - 1 > ULONG_MAX - start)
		return -EOVERFLOW;
	out->first = start;
	out->last = start + (length - 1);
	return 0;
}

/**
 * iova_range_from_user_bounds() - convert a (first, last) pair of user space
 * @first: first byte
 * @last: last byte, inclusive
 * @out: the range, written on success only
 *
 * A range of one byte is refused, as IOMMU_IOAS_ALLOW_IOVAS does.
 *
 * Return: 0, -EINVAL where @last is not above @first, -EOVERFLOW where the
 * range does not fit into an unsigned long.
 */
static inline int iova_range_from_user_bounds(u64 first, u64 last,
					      struct iova_range *out)
{
	if (first >= last)
		return -EINVAL;
	if (last > ULONG_MAX)
		return -EOVERFLOW;
	out->first = first;
	out->last = last;
	return 0;
}

/**
 * iova_range_length() - size of a range
 * @range: the range
 *
 * Return: bytes, or 0 where @range is the whole address space (whose length
 * does not fit); code that can meet that range compares first and last.
 */
static inline unsigned long iova_range_length(const struct iova_range *range)
{
	return range->last - range->first + 1;
}

/**
 * iova_range_holds() - is there room for a number of bytes?
 * @range: the range
 * @length: bytes, at least 1
 *
 * Return: true where @range is at least @length bytes long.
 */
static inline bool iova_range_holds(const struct iova_range *range,
				    unsigned long length)
{
	return range->last - range->first >= length - 1;
}

/**
 * iova_range_contains() - is one range inside another?
 * @outer: the larger range
 * @inner: the smaller range
 *
 * Return: true where each byte of @inner is in @outer.
 */
static inline bool iova_range_contains(const struct iova_range *outer,
				       const struct iova_range *inner)
{
	return outer->first <= inner->first && inner->last <= outer->last;
}

/**
 * iova_range_contains_addr() - is an address inside a range?
 * @range: the range
 * @addr: the address
 *
 * Return: true where @addr is in @range.
 */
static inline bool iova_range_contains_addr(const struct iova_range *range,
					    unsigned long addr)
{
	return range->first <= addr && addr <= range->last;
}

/**
 * iova_range_overlaps() - have two ranges a byte in common?
 * @a: one range
 * @b: the other range
 *
 * Return: true where they overlap.
 */
static inline bool iova_range_overlaps(const struct iova_range *a,
				       const struct iova_range *b)
{
	return a->first <= b->last && b->first <= a->last;
}

/**
 * iova_range_intersect() - the part that two ranges have in common
 * @a: one range
 * @b: the other range
 * @out: the common part, written on success only; may be @a or @b
 *
 * Return: true where there is one.
 */
static inline bool iova_range_intersect(const struct iova_range *a,
					const struct iova_range *b,
					struct iova_range *out)
{
	struct iova_range common = {
		.first = a->first > b->first ? a->first : b->first,
		.last = a->last < b->last ? a->last : b->last,
	};

	if (common.first > common.last)
		return false;
	*out = common;
	return true;
}

/**
 * iova_range_aligned() - do both ends lie on a boundary?
 * @range: the range
 * @align: bytes, a power of two
 *
 * Return: true where first and last + 1 are multiples of @align.
 */
static inline bool iova_range_aligned(const struct iova_range *range,
				      unsigned long align)
{
	return !((range->first | (range->last + 1)) & (align - 1));
}

#endif /* IOMMUFD_RANGE_H */
