/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is observed of a context: its number, its charge and its refusals.
 */
#ifndef IOMMUFD_STATS_TYPE_H
#define IOMMUFD_STATS_TYPE_H

#include <linux/atomic.h>
#include <linux/iommufd_refusal.h>
#include <linux/refcount.h>
#include <linux/rwsem.h>
#include <linux/types.h>

/**
 * struct iommufd_stats - what is observed of a context
 *
 * A container uses that of the context that created it, and may outlive the
 * context.
 */
struct iommufd_stats {
	/** @refs: references of the context and of its container */
	refcount_t refs;
	/** @id: never that of another context, and not 0 */
	u64 id;
	/** @charged: number of pages that are charged */
	atomic_long_t charged;
	/** @refusals: calls that were refused */
	struct iommufd_refusal_log refusals;
	/**
	 * @walk_rwsem: held for reading while the areas of an I/O address space
	 * are listed; see stats_wait_walks()
	 */
	struct rw_semaphore walk_rwsem;
};

#endif /* IOMMUFD_STATS_TYPE_H */
