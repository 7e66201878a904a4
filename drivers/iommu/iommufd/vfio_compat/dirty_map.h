/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The bitmaps of a container's log, one for each mapping.
 */
#ifndef IOMMUFD_VFIO_COMPAT_DIRTY_MAP_H
#define IOMMUFD_VFIO_COMPAT_DIRTY_MAP_H

#include <linux/limits.h>
#include <linux/rbtree.h>
#include <linux/types.h>

#include "lib/iova_tree.h"

/* Maximum number of pages of a mapping that can be logged */
#define DIRTY_MAX_PAGES ((u64)INT_MAX)

/**
 * struct dirty_map - the log of one mapping
 */
struct dirty_map {
	/** @node: IOVA of the mapping, whole pages */
	struct iova_node node;
	/** @bits: one bit for each page, set if it is dirty */
	unsigned long bits[];
};

struct dirty_map *dirty_map_first(const struct rb_root *maps,
				  const struct iova_range *range);
struct dirty_map *dirty_map_next(const struct dirty_map *map,
				 const struct iova_range *range);

int dirty_map_add(struct rb_root *maps, const struct iova_range *range);
void dirty_map_remove(struct rb_root *maps, struct dirty_map *map);
void dirty_map_remove_range(struct rb_root *maps,
			    const struct iova_range *range);

void dirty_map_set(struct dirty_map *map, const struct iova_range *range);
void dirty_map_fill(struct dirty_map *map);
void dirty_map_clear(struct dirty_map *map);

#endif /* IOMMUFD_VFIO_COMPAT_DIRTY_MAP_H */
