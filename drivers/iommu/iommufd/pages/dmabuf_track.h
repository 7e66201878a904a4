/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracks the mappings of memory that may be revoked.
 *
 * The caller serializes all calls with a lock that it holds while domains are
 * flushed: a revocation has to find each mapping that a device can still
 * access.
 */
#ifndef IOMMUFD_DMABUF_TRACK_H
#define IOMMUFD_DMABUF_TRACK_H

#include <linux/rbtree.h>
#include <linux/types.h>

struct hwmap;
struct hwmap_flush;
struct iommu_domain;
struct iova_range;

/**
 * struct dmabuf_track - the mappings of some memory
 */
struct dmabuf_track {
	/** @mappings: tree of struct dmabuf_mapping, by domain and IOVA */
	struct rb_root mappings;
	/** @revoked: the memory was revoked and is never mapped again */
	bool revoked;
};

void dmabuf_track_init(struct dmabuf_track *track);
int dmabuf_track_map(struct dmabuf_track *track, struct iommu_domain *domain,
		     const struct hwmap *map);
void dmabuf_track_unmap(struct dmabuf_track *track, struct hwmap_flush *flush,
			const struct iova_range *range);
void dmabuf_track_revoke(struct dmabuf_track *track);

#endif /* IOMMUFD_DMABUF_TRACK_H */
