// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mapping of page frames into an iommu_domain, step by step, and unmapping with
 * a deferred flush.
 */
#include <linux/iommu.h>
#include <linux/minmax.h>
#include <linux/pfn.h>
#include <linux/sched/signal.h>

#include "hwmap.h"
#include "lib/pfn_table.h"

/*
 * Bytes unmapped between flushes, which bounds the page tables kept for them.
 */
#define HWMAP_FLUSH_BYTES HWMAP_STEP

/*
 * Ranges that are flushed one by one, as most drivers do if ranges are not adjacent.
 * If there are more, one flush of the whole domain takes less time, even if devices
 * use the rest of it.
 */
#define HWMAP_FLUSH_RANGES 32

/* Largest number of bytes mapped page by page between checks for signals */
#define HWMAP_PAUSE_BYTES (64 * PAGE_SIZE)

/**
 * struct hwmap_state - state of one call of hwmap_map()
 */
struct hwmap_state {
	/** @domain: domain to map into */
	struct iommu_domain *domain;
	/** @iova: next IOVA; everything below is mapped */
	unsigned long iova;
	/** @left: bytes still to map */
	unsigned long left;
	/** @step: power of two, no call of iommu_map() crosses a multiple */
	unsigned long step;
	/** @prot: for iommu_map() */
	int prot;
	/** @unkillable: go on even if the current process is being killed */
	bool unkillable;
};

/*
 * Does nothing unless the step reaches a multiple of HWMAP_PAUSE_BYTES, because
 * memory without order is mapped page by page.
 */
static int hwmap_pause(const struct hwmap_state *state, unsigned long size)
{
	if ((state->iova ^ (state->iova + size)) < HWMAP_PAUSE_BYTES)
		return 0;
	if (!state->unkillable && fatal_signal_pending(current))
		return -EINTR;
	cond_resched();
	return 0;
}

static __always_inline int hwmap_map_step(struct hwmap_state *state,
					  phys_addr_t phys, unsigned long size)
{
	int ret = hwmap_pause(state, size);

	if (!ret)
		ret = iommu_map(state->domain, state->iova, phys, size,
				state->prot, GFP_KERNEL_ACCOUNT);
	if (ret)
		return ret;
	state->iova += size;
	state->left -= size;
	return 0;
}

static __always_inline int hwmap_map_run(struct hwmap_state *state,
					 phys_addr_t phys, unsigned long size)
{
	unsigned long part;
	int ret;

	size = min(size, state->left);
	do {
		part = min(size,
			   state->step - (state->iova & (state->step - 1)));
		ret = hwmap_map_step(state, phys, part);
		phys += part;
		size -= part;
	} while (size && !ret);
	return ret;
}

static int hwmap_map_runs(struct hwmap_state *state, const struct hwmap *map)
{
	unsigned long first = PFN_DOWN(map->offset);
	unsigned long end = PFN_DOWN(map->offset + (state->left - 1)) + 1;
	unsigned long skip = offset_in_page(map->offset);
	struct pfn_run run;
	int ret;

	pfn_table_for_each_run(map->table, run, first, end) {
		ret = hwmap_map_run(state, PFN_PHYS(run.pfn) + skip,
				    run.nr * PAGE_SIZE - skip);
		if (ret)
			return ret;
		skip = 0;
	}
	return 0;
}

/* Unmaps what was mapped from @first on before an error. */
static void hwmap_unmap_partial(const struct hwmap_state *state,
				unsigned long first)
{
	struct iova_range range = { first, state->iova - 1 };
	struct hwmap_flush flush;

	if (state->iova == first)
		return;
	hwmap_begin(&flush, state->domain);
	hwmap_unmap(&flush, &range);
	hwmap_end(&flush);
}

/**
 * hwmap_map() - map pinned memory
 * @domain: domain to map into
 * @map: the memory and its IOVA
 *
 * Context: May sleep.
 * Return: 0, -EINTR if the current process is being killed, or an errno of the
 * IOMMU driver. On failure nothing is mapped.
 */
int hwmap_map(struct iommu_domain *domain, const struct hwmap *map)
{
	struct hwmap_state state = {
		.domain = domain,
		.iova = map->range.first,
		.left = iova_range_length(&map->range),
		.step = map->small_pages ? PAGE_SIZE : HWMAP_STEP,
		.prot = map->prot,
		.unkillable = map->unkillable,
	};
	int ret;

	if (map->table)
		ret = hwmap_map_runs(&state, map);
	else
		ret = hwmap_map_run(&state, map->phys, state.left);
	if (ret)
		hwmap_unmap_partial(&state, map->range.first);
	return ret;
}

/**
 * hwmap_unmap() - unmap a range, with a deferred flush
 * @flush: collects the IOVA to flush
 * @range: IOVA that is fully mapped, by one or more calls of hwmap_map()
 *
 * Devices may access the range until hwmap_end(), so the memory must stay
 * pinned until then.
 *
 * Context: May sleep.
 */
void hwmap_unmap(struct hwmap_flush *flush, const struct iova_range *range)
{
	unsigned long left = iova_range_length(range);
	unsigned long iova = range->first;

	/* The driver then leaves the flush, and all page tables, to hwmap_end(). */
	if (++flush->nr_ranges > HWMAP_FLUSH_RANGES)
		flush->gather.queued = true;
	while (left) {
		unsigned long to_boundary =
			HWMAP_STEP - (iova & (HWMAP_STEP - 1));
		unsigned long size = min(left, to_boundary);

		WARN_ON_ONCE(iommu_unmap_fast(flush->domain, iova, size,
					      &flush->gather) != size);
		flush->bytes += size;
		if (flush->bytes >= HWMAP_FLUSH_BYTES)
			hwmap_end(flush);
		iova += size;
		left -= size;
		if (left)
			cond_resched();
	}
}
