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

/** define IOVA_RANGE_ALL - the whole address space */
#define IOVA_RANGE_ALL ((struct iova_range){ 0, ULONG_MAX })

/**
 * iova_range_from_user() - convert a (start, length) pair of user space
 * @start: first byte
 * @length: bytes
 * @out: the range, written on success only
 *
 * A range that ends exactly at ULONG_MAX is valid.
 *
 * Return: 0, -EINVAL if @length is 0, -EOVERFLOW if the range does not fit into
 * an unsigned long.
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
 * A range of one byte is refused, as IOMMU_IOAS_ALLOW_IOVAS requires.
 *
 * Return: 0, -EINVAL if @last is not above @first, -EOVERFLOW if the range does
 * not fit into an unsigned long.
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
 * iova_range_length() - return the size of a range
 * @range: the range
 *
 * Return: bytes, or 0 if @range is the whole address space, whose length does
 * not fit. Code that can meet that range compares first and last instead.
 */
static inline unsigned long iova_range_length(const struct iova_range *range)
{
	return range->last - range->first + 1;
}

/**
 * iova_range_holds() - test whether a range is long enough
 * @range: the range
 * @length: bytes, at least 1
 *
 * Return: true if @range is at least @length bytes long.
 */
static inline bool iova_range_holds(const struct iova_range *range,
				    unsigned long length)
{
	return range->last - range->first >= length - 1;
}

/**
 * iova_range_contains() - test whether one range lies inside another
 * @outer: the larger range
 * @inner: the smaller range
 *
 * Return: true if each byte of @inner is in @outer.
 */
static inline bool iova_range_contains(const struct iova_range *outer,
				       const struct iova_range *inner)
{
	return outer->first <= inner->first && inner->last <= outer->last;
}

/**
 * iova_range_contains_addr() - test whether an address lies inside a range
 * @range: the range
 * @addr: the address
 *
 * Return: true if @addr is in @range.
 */
static inline bool iova_range_contains_addr(const struct iova_range *range,
					    unsigned long addr)
{
	return range->first <= addr && addr <= range->last;
}

/**
 * iova_range_overlaps() - test whether two ranges overlap
 * @a: one range
 * @b: the other range
 *
 * Return: true if they have a byte in common.
 */
static inline bool iova_range_overlaps(const struct iova_range *a,
				       const struct iova_range *b)
{
	return a->first <= b->last && b->first <= a->last;
}

/**
 * iova_range_intersect() - compute the common part of two ranges
 * @a: one range
 * @b: the other range
 * @out: the common part, written on success only; may be @a or @b
 *
 * Return: true if the ranges overlap.
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
 * iova_range_aligned() - test whether both ends lie on a boundary
 * @range: the range
 * @align: bytes, a power of two
 *
 * Return: true if first and last + 1 are multiples of @align.
 */
static inline bool iova_range_aligned(const struct iova_range *range,
				      unsigned long align)
{
	return !((range->first | (range->last + 1)) & (align - 1));
}

#endif /* IOMMUFD_RANGE_H */
