// SPDX-License-Identifier: GPL-2.0-only
#include <linux/slab.h>

#include "dmabuf_track.h"
#include "domain/hwmap.h"

/**
 * struct view - one place where the memory is mapped
 */
struct view {
	/** @entry: links into &views.list */
	struct list_head entry;
	/** @domain: where it is mapped */
	struct iommu_domain *domain;
	/** @range: IOVA there */
	struct iova_range range;
};

/**
 * views_init() - nothing is mapped yet
 * @views: to be initialized
 *
 * Context: Any.
 */
void views_init(struct views *views)
{
	INIT_LIST_HEAD(&views->list);
	views->revoked = false;
}

/**
 * views_map() - map memory, and remember where
 * @views: of that memory
 * @domain: where to map
 * @map: what to map
 *
 * Nothing happens where the memory was revoked: the IOVA leads nowhere.
 *
 * Context: May sleep.
 * Return: 0, -ENOMEM, or as hwmap_map().
 */
int views_map(struct views *views, struct iommu_domain *domain,
	      const struct hwmap *map)
{
	struct view *view;
	int rc;

	if (views->revoked)
		return 0;
	view = kzalloc_obj(*view, GFP_KERNEL_ACCOUNT);
	if (!view)
		return -ENOMEM;
	rc = hwmap_map(domain, map);
	if (rc) {
		kfree(view);
		return rc;
	}
	view->domain = domain;
	view->range = map->range;
	list_add(&view->entry, &views->list);
	return 0;
}

static struct view *find_view(struct views *views, struct iommu_domain *domain,
			      const struct iova_range *range)
{
	struct view *view;

	list_for_each_entry(view, &views->list, entry) {
		if (view->domain == domain && view->range.first == range->first)
			return view;
	}
	return NULL;
}

/* Flushed at once, since nobody else will know that it was mapped. */
static void drop_view(struct view *view, struct hwmap_flush *flush)
{
	hwmap_unmap(flush, &view->range);
	hwmap_end(flush);
	list_del(&view->entry);
	kfree(view);
}

/**
 * views_unmap() - undo views_map()
 * @views: of that memory
 * @flush: of the domain where it was mapped; flushed when this returns
 * @range: IOVA that was given to views_map()
 *
 * Context: May sleep.
 */
void views_unmap(struct views *views, struct hwmap_flush *flush,
		 const struct iova_range *range)
{
	struct view *view = find_view(views, flush->domain, range);

	if (view)
		drop_view(view, flush);
}

/**
 * views_revoke() - unmap memory wherever it is mapped
 * @views: of that memory
 *
 * Context: May sleep.
 */
void views_revoke(struct views *views)
{
	struct view *view, *next;
	struct hwmap_flush flush;

	views->revoked = true;
	list_for_each_entry_safe(view, next, &views->list, entry) {
		hwmap_begin(&flush, view->domain);
		drop_view(view, &flush);
	}
}
