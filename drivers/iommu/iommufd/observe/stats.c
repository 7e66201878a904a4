// SPDX-License-Identifier: GPL-2.0-only
/*
 * Creates and frees what is observed of a context.
 */
#include <linux/slab.h>
#include <trace/events/iommufd.h>

#include "stats.h"

/**
 * stats_create() - create the statistics of a context
 *
 * Context: May sleep.
 * Return: the statistics, released by stats_put(), or NULL if memory is short.
 */
struct iommufd_stats *stats_create(void)
{
	static atomic64_t last_id;
	struct iommufd_stats *stats;

	stats = kzalloc_obj(*stats, GFP_KERNEL_ACCOUNT);
	if (!stats)
		return NULL;
	refcount_set(&stats->refs, 1);
	stats->id = atomic64_inc_return(&last_id);
	iommufd_refusal_init(&stats->refusals);
	init_rwsem(&stats->walk_rwsem);
	return stats;
}

/**
 * stats_get() - take a reference
 * @stats: the statistics, to which the caller has a reference
 *
 * Context: Any.
 * Return: @stats.
 */
struct iommufd_stats *stats_get(struct iommufd_stats *stats)
{
	refcount_inc(&stats->refs);
	return stats;
}

/**
 * stats_put() - drop a reference
 * @stats: the statistics, freed with the last one
 *
 * Context: Any.
 */
void stats_put(struct iommufd_stats *stats)
{
	if (refcount_dec_and_test(&stats->refs))
		kfree(stats);
}

/**
 * stats_refused() - record the result of a call
 * @stats: the statistics of the context
 * @op: the call, see &iommufd_refusal.op
 * @ret: its result; nothing is recorded unless it refuses the call
 *
 * Context: May sleep.
 */
noinline __cold void stats_refused(struct iommufd_stats *stats, u32 op,
				   long ret)
{
	struct iommufd_refusal refusal;

	if (iommufd_refusal_finish(&stats->refusals, op, ret, &refusal))
		trace_iommufd_refused(stats, &refusal);
}

/**
 * stats_wait_walks() - wait until no task lists areas
 * @stats: the statistics
 *
 * Called after an I/O address space can no longer be found and before it is
 * freed: readers hold the lock from finding it until they are done. They take no
 * reference, which would make IOMMU_DESTROY fail.
 *
 * Context: May sleep.
 */
void stats_wait_walks(struct iommufd_stats *stats)
{
	down_write(&stats->walk_rwsem);
	up_write(&stats->walk_rwsem);
}
