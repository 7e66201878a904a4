/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory of one kind that can be mapped: what it is, how to hold it, how to
 * let go of it. Each kind is a file backing_*.c with ops of its own.
 */
#ifndef IOMMUFD_BACKING_H
#define IOMMUFD_BACKING_H

#include <linux/types.h>

struct backing;
struct mm_struct;
struct pfn_table;

/**
 * struct backing_ops - one kind of memory
 *
 * Ranges of pages are half-open: [first, end).
 */
struct backing_ops {
	/**
	 * @pin: hold all pages of a range and enter them into the table. A
	 * failure holds nothing: -EFAULT where memory is missing or does not
	 * allow the access, -EINTR where the current process is being killed.
	 * May sleep, takes mmap_lock.
	 */
	int (*pin)(const struct backing *backing, struct pfn_table *table,
		   unsigned long first, unsigned long end);
	/**
	 * @unpin: let go of all pages of a range that the table has, and take
	 * them out of it. No device reaches them any more. May sleep.
	 */
	void (*unpin)(const struct backing *backing, struct pfn_table *table,
		      unsigned long first, unsigned long end);
	/** @release: drop what the backing refers to; nothing is pinned */
	void (*release)(struct backing *backing);
};

/**
 * struct backing - some memory of one kind, contiguous as its owner sees it
 */
struct backing {
	/** @ops: its kind */
	const struct backing_ops *ops;
	/** @mm: the process whose memory it is, a reference to the structure */
	struct mm_struct *mm;
	/** @start: address of page 0, a multiple of PAGE_SIZE */
	unsigned long start;
	/** @nr_pages: size, at least 1 */
	unsigned long nr_pages;
	/** @writable: devices may write to it */
	bool writable;
};

#endif /* IOMMUFD_BACKING_H */
