// SPDX-License-Identifier: GPL-2.0-only
#include <linux/iommu.h>
#include <linux/minmax.h>
#include <linux/pfn.h>
#include <linux/sched/signal.h>

#include "hwmap.h"
#include "lib/pfn_table.h"

/* So much is unmapped at most before the page tables that it frees up go. */
#define FLUSH_BYTES HWMAP_STEP

/**
 * struct mapper - one run of hwmap_map()
 */
struct mapper {
	/** @domain: where to map */
	struct iommu_domain *domain;
	/** @iova: what comes next; all below is mapped */
	unsigned long iova;
	/** @left: bytes still to be mapped */
	unsigned long left;
	/** @step: no single call crosses a multiple of it */
	unsigned long step;
	/** @prot: for iommu_map() */
	int prot;
	/** @unkillable: a dying process is no reason to stop */
	bool unkillable;
};

static int map_step(struct mapper *mapper, phys_addr_t phys, unsigned long size)
{
	int ret;

	if (!mapper->unkillable && fatal_signal_pending(current))
		return -EINTR;
	cond_resched();
	ret = iommu_map(mapper->domain, mapper->iova, phys, size, mapper->prot,
			GFP_KERNEL_ACCOUNT);
	if (ret)
		return ret;
	mapper->iova += size;
	mapper->left -= size;
	return 0;
}

static int map_run(struct mapper *mapper, phys_addr_t phys, unsigned long size)
{
	int ret = 0;

	size = min(size, mapper->left);
	while (size && !ret) {
		unsigned long to_border =
			mapper->step - (mapper->iova & (mapper->step - 1));
		unsigned long part = min(size, to_border);

		ret = map_step(mapper, phys, part);
		phys += part;
		size -= part;
	}
	return ret;
}

static int map_runs(struct mapper *mapper, const struct hwmap *map)
{
	unsigned long first = PFN_DOWN(map->offset);
	unsigned long end = PFN_DOWN(map->offset + (mapper->left - 1)) + 1;
	unsigned long skip = offset_in_page(map->offset);
	struct pfn_run run;
	int ret;

	pfn_table_for_each_run(map->table, run, first, end)
	{
		ret = map_run(mapper, PFN_PHYS(run.pfn) + skip,
			      run.nr * PAGE_SIZE - skip);
		if (ret)
			return ret;
		skip = 0;
	}
	return 0;
}

static void unmap_partial(const struct mapper *mapper, unsigned long first)
{
	struct iova_range range = { first, mapper->iova - 1 };
	struct hwmap_flush flush;

	if (mapper->iova == first)
		return;
	hwmap_begin(&flush, mapper->domain);
	hwmap_unmap(&flush, &range);
	hwmap_end(&flush);
}

/**
 * hwmap_map() - map pinned memory
 * @domain: where to map
 * @map: what to map
 *
 * Context: May sleep.
 * Return: 0, or with nothing mapped -EINTR where the current process is being
 * killed, or what the IOMMU driver says.
 */
int hwmap_map(struct iommu_domain *domain, const struct hwmap *map)
{
	struct mapper mapper = {
		.domain = domain,
		.iova = map->range.first,
		.left = iova_range_length(&map->range),
		.step = map->small_pages ? PAGE_SIZE : HWMAP_STEP,
		.prot = map->prot,
		.unkillable = map->unkillable,
	};
	int ret;

	if (map->table)
		ret = map_runs(&mapper, map);
	else
		ret = map_run(&mapper, map->phys, mapper.left);
	if (ret)
		unmap_partial(&mapper, map->range.first);
	return ret;
}

/**
 * hwmap_unmap() - unmap, with the flush still to come
 * @flush: collects what must be flushed
 * @range: all of it is mapped, in one or more calls to hwmap_map()
 *
 * A device may use the range until hwmap_end(); the memory must stay pinned.
 *
 * Context: May sleep.
 */
void hwmap_unmap(struct hwmap_flush *flush, const struct iova_range *range)
{
	unsigned long left = iova_range_length(range);
	unsigned long iova = range->first;

	while (left) {
		unsigned long to_border =
			HWMAP_STEP - (iova & (HWMAP_STEP - 1));
		unsigned long size = min(left, to_border);

		WARN_ON_ONCE(iommu_unmap_fast(flush->domain, iova, size,
					      &flush->gather) != size);
		flush->bytes += size;
		if (flush->bytes >= FLUSH_BYTES)
			hwmap_end(flush);
		iova += size;
		left -= size;
		if (left)
			cond_resched();
	}
}
