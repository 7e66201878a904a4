// SPDX-License-Identifier: GPL-2.0-only
#include <linux/slab.h>

#include "dmabuf_track.h"
#include "domain/hwmap.h"

/**
 * struct dmabuf_mapping - one place where the memory is mapped
 */
struct dmabuf_mapping {
	/** @entry: links into &dmabuf_track.list */
	struct list_head entry;
	/** @domain: where it is mapped */
	struct iommu_domain *domain;
	/** @range: IOVA there */
	struct iova_range range;
};

/**
 * dmabuf_track_init() - nothing is mapped yet
 * @track: to be initialized
 *
 * Context: Any.
 */
void dmabuf_track_init(struct dmabuf_track *track)
{
	INIT_LIST_HEAD(&track->list);
	track->revoked = false;
}

/**
 * dmabuf_track_map() - map memory, and remember where
 * @track: of that memory
 * @domain: where to map
 * @map: what to map
 *
 * Nothing happens where the memory was revoked: the IOVA leads nowhere.
 *
 * Context: May sleep.
 * Return: 0, -ENOMEM, or as hwmap_map().
 */
int dmabuf_track_map(struct dmabuf_track *track, struct iommu_domain *domain,
		     const struct hwmap *map)
{
	struct dmabuf_mapping *mapping;
	int ret;

	if (track->revoked)
		return 0;
	mapping = kzalloc_obj(*mapping, GFP_KERNEL_ACCOUNT);
	if (!mapping)
		return -ENOMEM;
	ret = hwmap_map(domain, map);
	if (ret) {
		kfree(mapping);
		return ret;
	}
	mapping->domain = domain;
	mapping->range = map->range;
	list_add(&mapping->entry, &track->list);
	return 0;
}

static struct dmabuf_mapping *dmabuf_track_find(struct dmabuf_track *track,
						struct iommu_domain *domain,
						const struct iova_range *range)
{
	struct dmabuf_mapping *mapping;

	list_for_each_entry(mapping, &track->list, entry) {
		if (mapping->domain == domain &&
		    mapping->range.first == range->first)
			return mapping;
	}
	return NULL;
}

/* Flushed at once, since nobody else will know that it was mapped. */
static void dmabuf_track_drop(struct dmabuf_mapping *mapping,
			      struct hwmap_flush *flush)
{
	hwmap_unmap(flush, &mapping->range);
	hwmap_end(flush);
	list_del(&mapping->entry);
	kfree(mapping);
}

/**
 * dmabuf_track_unmap() - undo dmabuf_track_map()
 * @track: of that memory
 * @flush: of the domain where it was mapped; flushed when this returns
 * @range: IOVA that was given to dmabuf_track_map()
 *
 * Context: May sleep.
 */
void dmabuf_track_unmap(struct dmabuf_track *track, struct hwmap_flush *flush,
			const struct iova_range *range)
{
	struct dmabuf_mapping *mapping =
		dmabuf_track_find(track, flush->domain, range);

	if (mapping)
		dmabuf_track_drop(mapping, flush);
}

/**
 * dmabuf_track_revoke() - unmap memory wherever it is mapped
 * @track: of that memory
 *
 * Context: May sleep.
 */
void dmabuf_track_revoke(struct dmabuf_track *track)
{
	struct dmabuf_mapping *mapping, *next;
	struct hwmap_flush flush;

	track->revoked = true;
	list_for_each_entry_safe(mapping, next, &track->list, entry) {
		hwmap_begin(&flush, mapping->domain);
		dmabuf_track_drop(mapping, &flush);
	}
}
