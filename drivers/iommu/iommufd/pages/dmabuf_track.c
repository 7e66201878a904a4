// SPDX-License-Identifier: GPL-2.0-only
/*
 * Maps and unmaps memory that may be revoked, and unmaps all of its mappings if
 * it is.
 */
#include <linux/slab.h>

#include "dmabuf_track.h"
#include "domain/hwmap.h"

/**
 * struct dmabuf_mapping - one mapping of the memory
 */
struct dmabuf_mapping {
	/** @entry: links into &dmabuf_track.mappings */
	struct list_head entry;
	/** @domain: domain that maps the memory */
	struct iommu_domain *domain;
	/** @range: IOVA in @domain */
	struct iova_range range;
};

/**
 * dmabuf_track_init() - initialize the tracking of memory without mappings
 * @track: tracking to initialize
 *
 * Context: Any.
 */
void dmabuf_track_init(struct dmabuf_track *track)
{
	INIT_LIST_HEAD(&track->mappings);
	track->revoked = false;
}

/**
 * dmabuf_track_map() - map memory and track the mapping
 * @track: tracking of the memory
 * @domain: domain to map it in
 * @map: the mapping
 *
 * Revoked memory is not mapped: the IOVA stays without a translation.
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
	list_add(&mapping->entry, &track->mappings);
	return 0;
}

static struct dmabuf_mapping *dmabuf_track_find(struct dmabuf_track *track,
						struct iommu_domain *domain,
						const struct iova_range *range)
{
	struct dmabuf_mapping *mapping;

	list_for_each_entry(mapping, &track->mappings, entry) {
		if (mapping->domain == domain &&
		    mapping->range.first == range->first)
			return mapping;
	}
	return NULL;
}

/* Flush now, because the mapping is not known any more after this. */
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
 * @track: tracking of the memory
 * @flush: flush of the domain; done when this returns if the memory was mapped
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
 * dmabuf_track_revoke() - unmap all mappings of memory, for good
 * @track: tracking of the memory
 *
 * Context: May sleep.
 */
void dmabuf_track_revoke(struct dmabuf_track *track)
{
	struct dmabuf_mapping *mapping, *next;
	struct hwmap_flush flush;

	track->revoked = true;
	list_for_each_entry_safe(mapping, next, &track->mappings, entry) {
		hwmap_begin(&flush, mapping->domain);
		dmabuf_track_drop(mapping, &flush);
	}
}
