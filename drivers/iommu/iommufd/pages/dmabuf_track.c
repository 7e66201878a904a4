// SPDX-License-Identifier: GPL-2.0-only
/*
 * Maps and unmaps memory that may be revoked, and unmaps all of its mappings if
 * it is.
 */
#include <linux/cleanup.h>
#include <linux/mutex.h>
#include <linux/rbtree.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "dmabuf_track.h"
#include "domain/hwmap.h"

/**
 * struct dmabuf_mapping - one mapping of the memory
 */
struct dmabuf_mapping {
	/** @node: links into &dmabuf_track.mappings */
	struct rb_node node;
	/** @domain: domain that maps the memory */
	struct iommu_domain *domain;
	/** @range: IOVA in @domain */
	struct iova_range range;
	/** @tables_lock: see &hwmap.tables_lock; outlives the mapping */
	struct mutex *tables_lock;
};

/**
 * dmabuf_track_init() - initialize the tracking of memory without mappings
 * @track: tracking to initialize
 *
 * Context: Any.
 */
void dmabuf_track_init(struct dmabuf_track *track)
{
	track->mappings = RB_ROOT;
	track->revoked = false;
}

static int dmabuf_track_cmp(const void *key, const struct rb_node *node)
{
	const struct dmabuf_mapping *a = key;
	const struct dmabuf_mapping *b =
		rb_entry(node, struct dmabuf_mapping, node);

	if (a->domain != b->domain)
		return a->domain < b->domain ? -1 : 1;
	if (a->range.first != b->range.first)
		return a->range.first < b->range.first ? -1 : 1;
	return 0;
}

static bool dmabuf_track_less(struct rb_node *node,
			      const struct rb_node *parent)
{
	return dmabuf_track_cmp(rb_entry(node, struct dmabuf_mapping, node),
				parent) < 0;
}

/**
 * dmabuf_track_map() - map memory and track the mapping
 * @track: tracking of the memory
 * @domain: domain to map it in
 * @map: the mapping
 *
 * Revoked memory is not mapped: the IOVA stays without a translation.
 *
 * Context: May sleep. No device is being attached to @domain, see
 * iopt_stop_mapping().
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
	mapping->tables_lock = map->tables_lock;
	rb_add(&mapping->node, &track->mappings, dmabuf_track_less);
	return 0;
}

/* Flush now, because the mapping is not known any more after this. */
static void dmabuf_track_drop(struct dmabuf_track *track,
			      struct dmabuf_mapping *mapping,
			      struct hwmap_flush *flush)
{
	hwmap_unmap(flush, &mapping->range);
	hwmap_end(flush);
	rb_erase(&mapping->node, &track->mappings);
	kfree(mapping);
}

/**
 * dmabuf_track_unmap() - undo dmabuf_track_map()
 * @track: tracking of the memory
 * @flush: flush of the domain; done when this returns if the memory was mapped
 * @range: IOVA that was given to dmabuf_track_map()
 *
 * Context: As dmabuf_track_map().
 */
void dmabuf_track_unmap(struct dmabuf_track *track, struct hwmap_flush *flush,
			const struct iova_range *range)
{
	const struct dmabuf_mapping key = {
		.domain = flush->domain,
		.range = *range,
	};
	struct rb_node *node =
		rb_find(&key, &track->mappings, dmabuf_track_cmp);

	if (node)
		dmabuf_track_drop(track,
				  rb_entry(node, struct dmabuf_mapping, node),
				  flush);
}

/**
 * dmabuf_track_revoke() - unmap all mappings of memory, for good
 * @track: tracking of the memory
 *
 * Context: May sleep. Takes &iopt.tables_lock of each mapping.
 */
void dmabuf_track_revoke(struct dmabuf_track *track)
{
	struct dmabuf_mapping *mapping;
	struct hwmap_flush flush;
	struct rb_node *node;

	track->revoked = true;
	while ((node = rb_first(&track->mappings))) {
		mapping = rb_entry(node, struct dmabuf_mapping, node);
		hwmap_begin(&flush, mapping->domain);
		scoped_guard(mutex, mapping->tables_lock)
			dmabuf_track_drop(track, mapping, &flush);
		cond_resched();
	}
}
