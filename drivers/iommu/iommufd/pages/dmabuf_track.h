/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where memory that may be taken back is mapped.
 *
 * The caller serializes everything here. A lock that is held while domains are
 * flushed is fine for this, and needed: who takes the memory back must find each
 * view that a device can still reach.
 */
#ifndef IOMMUFD_DMABUF_TRACK_H
#define IOMMUFD_DMABUF_TRACK_H

#include <linux/list.h>
#include <linux/types.h>

struct hwmap;
struct hwmap_flush;
struct iommu_domain;
struct iova_range;

/**
 * struct dmabuf_track - the places where some memory is mapped
 */
struct dmabuf_track {
	/** @list: of struct view */
	struct list_head list;
	/** @revoked: the memory was taken back and will never be mapped again */
	bool revoked;
};

void dmabuf_track_init(struct dmabuf_track *track);
int dmabuf_track_map(struct dmabuf_track *track, struct iommu_domain *domain,
		     const struct hwmap *map);
void dmabuf_track_unmap(struct dmabuf_track *track, struct hwmap_flush *flush,
			const struct iova_range *range);
void dmabuf_track_revoke(struct dmabuf_track *track);

#endif /* IOMMUFD_DMABUF_TRACK_H */
