// SPDX-License-Identifier: GPL-2.0-only
/*
 * Report the log of a container to a bitmap of user space, with or without
 * unmapping.
 */
#include <linux/bitmap.h>
#include <linux/bitops.h>
#include <linux/cleanup.h>
#include <linux/errno.h>
#include <linux/find.h>
#include <linux/pagemap.h>
#include <linux/pfn.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/uaccess.h>
#include <uapi/linux/vfio.h>

#include "dirty.h"
#include "domain.h"

/* Words of a user's bitmap that are written at once */
#define DIRTY_WINDOW 64

/* Words of a log that are copied without rescheduling */
#define DIRTY_COPY (SZ_64K / sizeof(u64))

/**
 * struct dirty_bitmap - a bitmap of user space
 */
struct dirty_bitmap {
	/** @data: its words */
	u64 __user *data;
	/** @base: IOVA of bit 0 */
	unsigned long base;
	/** @shift: log2 of the bytes covered by a bit */
	unsigned int shift;
};

/**
 * dirty_check_bitmap() - check that a user's bitmap fits a range
 * @bitmap: the bitmap
 * @size: bytes of the range
 *
 * The caller has to compare the page size with that of the IOMMU.
 *
 * Return: 0, -EINVAL if it does not fit.
 */
int dirty_check_bitmap(const struct vfio_bitmap *bitmap, u64 size)
{
	u64 bits = bitmap->pgsize ? size >> __ffs64(bitmap->pgsize) : size;

	if (!access_ok((void __user *)bitmap->data, bitmap->size))
		return -EINVAL;
	if (!bits || bitmap->size > DIRTY_MAX_BITMAP ||
	    bitmap->size / sizeof(u64) < DIV_ROUND_UP_ULL(bits, BITS_PER_LONG))
		return -EINVAL;
	return 0;
}

static struct dirty_bitmap dirty_bitmap_of(const struct vfio_bitmap *bitmap,
					   const struct iova_range *range)
{
	return (struct dirty_bitmap){
		.data = bitmap->data,
		.base = range->first,
		.shift = __ffs64(bitmap->pgsize),
	};
}

static unsigned long dirty_bit_of(const struct dirty_bitmap *dest,
				  unsigned long iova)
{
	return (iova - dest->base) >> dest->shift;
}

/* Set the bits of one window, which starts at @word of the user's bitmap. */
static void dirty_fill_window(const struct dirty_bitmap *dest,
			      const struct dirty_map *map, unsigned long word,
			      unsigned long *window)
{
	const struct iova_range *range = &map->node.range;
	unsigned long first = word * BITS_PER_LONG;
	struct iova_range part = {
		.first = dest->base + (first << dest->shift),
	};
	unsigned long from, to, end, bit, last;

	part.last = part.first - 1 +
		    ((DIRTY_WINDOW * BITS_PER_LONG) << dest->shift);
	/* the window may extend beyond the highest IOVA */
	if (part.last < part.first)
		part.last = ULONG_MAX;
	iova_range_intersect(&part, range, &part);
	from = PFN_DOWN(part.first - range->first);
	end = PFN_DOWN(part.last - range->first) + 1;
	for_each_set_bitrange_from(from, to, map->bits, end) {
		bit = dirty_bit_of(dest, range->first + PFN_PHYS(from));
		last = dirty_bit_of(dest, range->first + PFN_PHYS(to) - 1);
		bitmap_set(window, bit - first, last - bit + 1);
	}
}

static int dirty_write_window(const struct dirty_bitmap *dest,
			      const struct dirty_map *map, unsigned long word,
			      unsigned long nr)
{
	unsigned long first = dirty_bit_of(dest, map->node.range.first);
	unsigned long window[DIRTY_WINDOW] = {};

	/* bits below the mapping in its first word belong to other mappings */
	if (first > word * BITS_PER_LONG &&
	    copy_from_user(window, dest->data + word, sizeof(*window)))
		return -EFAULT;
	dirty_fill_window(dest, map, word, window);
	return copy_to_user(dest->data + word, window, nr * sizeof(*window)) ?
		       -EFAULT :
		       0;
}

static unsigned long dirty_first_word(const struct dirty_bitmap *dest,
				      const struct dirty_map *map)
{
	return dirty_bit_of(dest, map->node.range.first) / BITS_PER_LONG;
}

static unsigned long dirty_last_word(const struct dirty_bitmap *dest,
				     const struct dirty_map *map)
{
	return dirty_bit_of(dest, map->node.range.last) / BITS_PER_LONG;
}

/* Both bitmaps have the same words. Bits behind the mapping are clear. */
static int dirty_copy_map(const struct dirty_bitmap *dest,
			  const struct dirty_map *map)
{
	unsigned long word = dirty_first_word(dest, map);
	unsigned long left = dirty_last_word(dest, map) + 1 - word, nr;
	const unsigned long *bits = map->bits;

	for (; left; left -= nr, word += nr, bits += nr) {
		nr = min(left, DIRTY_COPY);
		if (copy_to_user(dest->data + word, bits, nr * sizeof(*bits)))
			return -EFAULT;
		cond_resched();
	}
	return 0;
}

static int dirty_write_map(const struct dirty_bitmap *dest,
			   const struct dirty_map *map)
{
	unsigned long word = dirty_first_word(dest, map);
	unsigned long end = dirty_last_word(dest, map) + 1, nr;
	int ret;

	if (dest->shift == PAGE_SHIFT &&
	    dirty_bit_of(dest, map->node.range.first) % BITS_PER_LONG == 0)
		return dirty_copy_map(dest, map);
	for (; word < end; word += nr) {
		nr = min_t(unsigned long, end - word, DIRTY_WINDOW);
		ret = dirty_write_window(dest, map, word, nr);
		if (ret)
			return ret;
		cond_resched();
	}
	return 0;
}

/* Whether a mapping is partly inside and partly outside of a range. */
static bool dirty_range_cuts(const struct container_dirty *dirty,
			     const struct iova_range *range)
{
	const struct iova_range last = { range->last, range->last };
	const struct dirty_map *map;

	map = dirty_map_first(&dirty->maps, range);
	if (map && map->node.range.first < range->first)
		return true;
	map = dirty_map_first(&dirty->maps, &last);
	return map && map->node.range.last > range->last;
}

static int dirty_report_map(struct container_dirty *dirty,
			    const struct dirty_bitmap *dest,
			    struct dirty_map *map)
{
	int ret;

	ret = dirty_collect(dirty, map);
	if (!ret)
		ret = dirty_write_map(dest, map);
	if (!ret)
		dirty_map_clear(map);
	return ret;
}

/**
 * dirty_report() - report dirty pages and mark them clean
 * @dirty: the log
 * @range: IOVA, whole pages
 * @bitmap: destination, checked for @range, with the page size of the IOMMU
 *
 * Writes only words that cover part of a mapping.
 *
 * Context: May sleep; the caller holds the container's lock.
 * Return: 0; -EINVAL if the log is off or the range contains only part of a
 * mapping; -EFAULT if the bitmap cannot be accessed; an error of hwdirty_read().
 * With the latter two part of the range may have been reported; the rest stays
 * dirty.
 */
int dirty_report(struct container_dirty *dirty, const struct iova_range *range,
		 const struct vfio_bitmap *bitmap)
{
	const struct dirty_bitmap dest = dirty_bitmap_of(bitmap, range);
	struct dirty_map *map;
	int ret;

	guard(mutex)(&dirty->lock);
	if (!dirty->on || dirty_range_cuts(dirty, range))
		return -EINVAL;
	for (map = dirty_map_first(&dirty->maps, range); map;
	     map = dirty_map_next(map, range)) {
		ret = dirty_report_map(dirty, &dest, map);
		if (ret)
			return ret;
		cond_resched();
	}
	return 0;
}

/*
 * Unmapping removes the log, so make sure before that it can be written to the
 * user's bitmap.
 */
static int dirty_check_writable(const struct dirty_bitmap *dest,
				const struct dirty_map *map)
{
	unsigned long first = dirty_first_word(dest, map);
	unsigned long nr = dirty_last_word(dest, map) - first + 1;

	return fault_in_safe_writeable((char __user *)(dest->data + first),
				       nr * sizeof(u64)) ?
		       -EFAULT :
		       0;
}

/*
 * Devices with an IOMMU may write until the mapping is removed, but after that
 * the IOMMU cannot report it any more: the whole mapping is dirty.
 */
static int dirty_unmap_map(struct container_dirty *dirty,
			   const struct dirty_bitmap *dest,
			   struct dirty_map *map, u64 *unmapped)
{
	u64 bytes;
	int ret;

	ret = dirty_check_writable(dest, map);
	if (!ret)
		ret = iopt_unmap(dirty->space->iopt, &map->node.range,
				 AREA_VFIO, &bytes);
	if (ret)
		return ret;
	*unmapped += bytes;
	guard(mutex)(&dirty->lock);
	if (!list_empty(&dirty->space->domains))
		dirty_map_fill(map);
	ret = dirty_write_map(dest, map);
	dirty_map_remove(&dirty->maps, map);
	return ret;
}

/**
 * dirty_unmap() - unmap a range and report its dirty pages
 * @dirty: the log
 * @range: IOVA, whole pages
 * @bitmap: destination, checked for @range, with the page size of the IOMMU
 * @unmapped: the number of bytes unmapped is added
 *
 * Context: May sleep; the caller holds the container's lock and nothing that a
 * user's unmap op takes.
 * Return: 0; with nothing changed -EINVAL if the log is off or the range contains
 * only part of a mapping; with part of it unmapped -EFAULT if the bitmap cannot be
 * accessed, or an error of iopt_unmap().
 */
int dirty_unmap(struct container_dirty *dirty, const struct iova_range *range,
		const struct vfio_bitmap *bitmap, u64 *unmapped)
{
	const struct dirty_bitmap dest = dirty_bitmap_of(bitmap, range);
	struct dirty_map *map;
	int ret;

	if (!dirty->on || dirty_range_cuts(dirty, range))
		return -EINVAL;
	while ((map = dirty_map_first(&dirty->maps, range))) {
		ret = dirty_unmap_map(dirty, &dest, map, unmapped);
		if (ret)
			return ret;
		cond_resched();
	}
	return 0;
}
