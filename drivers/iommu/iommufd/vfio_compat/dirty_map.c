// SPDX-License-Identifier: GPL-2.0-only
/*
 * The bitmaps of a container's log: add, find, set and remove them.
 */
#include <linux/bitmap.h>
#include <linux/errno.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/pfn.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "dirty_map.h"

static unsigned long dirty_map_nr_pages(const struct iova_range *range)
{
	return PFN_DOWN(range->last) - PFN_DOWN(range->first) + 1;
}

static struct dirty_map *dirty_map_of(struct iova_node *node)
{
	return node ? container_of(node, struct dirty_map, node) : NULL;
}

/**
 * dirty_map_first() - find the first mapping that overlaps a range
 * @maps: the bitmaps of a log
 * @range: IOVA
 *
 * Return: its bitmap, or NULL.
 */
struct dirty_map *dirty_map_first(const struct rb_root *maps,
				  const struct iova_range *range)
{
	return dirty_map_of(iova_tree_first(maps, range));
}

/**
 * dirty_map_next() - find the next mapping that overlaps a range
 * @map: the bitmap of the previous one
 * @range: IOVA
 *
 * Return: its bitmap, or NULL.
 */
struct dirty_map *dirty_map_next(const struct dirty_map *map,
				 const struct iova_range *range)
{
	return dirty_map_of(iova_tree_next(&map->node, range->last));
}

/**
 * dirty_map_add() - add the bitmap of a mapping
 * @maps: the bitmaps of a log
 * @range: IOVA, whole pages
 *
 * Context: May sleep; the caller excludes all other users of @maps.
 * Return: 0, -EINVAL if the mapping is too large, -ENOMEM.
 */
int dirty_map_add(struct rb_root *maps, const struct iova_range *range)
{
	unsigned long nr = dirty_map_nr_pages(range);
	struct dirty_map *map;

	if (nr > DIRTY_MAX_PAGES)
		return -EINVAL;
	/* what is small is bounded by the limit of mappings */
	map = kvzalloc(struct_size(map, bits, BITS_TO_LONGS(nr)),
		       nr <= BITS_PER_LONG ? GFP_KERNEL : GFP_KERNEL_ACCOUNT);
	if (!map)
		return -ENOMEM;
	iova_tree_insert(maps, &map->node, range);
	return 0;
}

/**
 * dirty_map_remove() - undo dirty_map_add()
 * @maps: the bitmaps of a log
 * @map: the bitmap, freed by this call
 *
 * Context: May sleep; the caller excludes all other users of @maps.
 */
void dirty_map_remove(struct rb_root *maps, struct dirty_map *map)
{
	iova_tree_erase(maps, &map->node);
	kvfree(map);
}

/**
 * dirty_map_remove_range() - remove the bitmaps of mappings
 * @maps: the bitmaps of a log
 * @range: IOVA; applies to each mapping that overlaps it
 *
 * Context: May sleep; the caller excludes all other users of @maps.
 */
void dirty_map_remove_range(struct rb_root *maps,
			    const struct iova_range *range)
{
	struct dirty_map *map;

	while ((map = dirty_map_first(maps, range))) {
		dirty_map_remove(maps, map);
		cond_resched();
	}
}

/**
 * dirty_map_set() - mark pages dirty
 * @map: the bitmap
 * @range: IOVA, inside of the mapping
 */
void dirty_map_set(struct dirty_map *map, const struct iova_range *range)
{
	bitmap_set(map->bits, PFN_DOWN(range->first - map->node.range.first),
		   dirty_map_nr_pages(range));
}

/**
 * dirty_map_fill() - mark all pages dirty
 * @map: the bitmap
 */
void dirty_map_fill(struct dirty_map *map)
{
	dirty_map_set(map, &map->node.range);
}

/**
 * dirty_map_clear() - mark all pages clean
 * @map: the bitmap
 */
void dirty_map_clear(struct dirty_map *map)
{
	bitmap_zero(map->bits, dirty_map_nr_pages(&map->node.range));
}
