// SPDX-License-Identifier: GPL-2.0-only
/*
 * What was written to in a container.
 */
#include <linux/bitmap.h>
#include <linux/bitops.h>
#include <linux/cleanup.h>
#include <linux/errno.h>
#include <linux/find.h>
#include <linux/lockdep.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/pfn.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <uapi/linux/vfio.h>

#include "dirty.h"
#include "domain.h"
#include "domain/hwdirty.h"
#include "domain/user_bitmap.h"
#include "iopt/iopt_dirty.h"
#include "iopt/iopt_iova.h"
#include "lib/iova_tree.h"

/* Words of a user's bitmap that are written at once */
#define WINDOW 64

/**
 * struct dirty_map - the log of one mapping
 */
struct dirty_map {
	/** @node: where it is mapped */
	struct iova_node node;
	/** @bits: which pages are dirty, one bit for each */
	unsigned long *bits;
};

/**
 * struct dirty_view - a user's bitmap, and what its bits mean
 */
struct dirty_view {
	/** @data: its words */
	u64 __user *data;
	/** @base: IOVA of bit 0 */
	unsigned long base;
	/** @shift: log2 of the bytes that a bit stands for */
	unsigned int shift;
};

/* Mappings */

static unsigned long nr_pages(const struct iova_range *range)
{
	return PFN_DOWN(range->last) - PFN_DOWN(range->first) + 1;
}

static struct dirty_map *map_of(struct iova_node *node)
{
	return node ? container_of(node, struct dirty_map, node) : NULL;
}

static struct dirty_map *first_map(const struct container_dirty *dirty,
				   const struct iova_range *range)
{
	return map_of(iova_tree_first(&dirty->maps, range));
}

static struct dirty_map *next_map(const struct dirty_map *map,
				  const struct iova_range *range)
{
	return map_of(iova_tree_next(&map->node, range->last));
}

/**
 * dirty_init() - set up a log that is off
 * @dirty: to be initialized
 * @space: the mappings and domains of the same container
 */
void dirty_init(struct container_dirty *dirty, struct container_space *space)
{
	dirty->space = space;
	mutex_init(&dirty->lock);
	dirty->on = false;
	dirty->by_iommu = false;
	dirty->maps = RB_ROOT;
	xa_init(&dirty->pins);
}

/**
 * dirty_destroy() - undo dirty_init()
 * @dirty: a log that is off
 */
void dirty_destroy(struct container_dirty *dirty)
{
	xa_destroy(&dirty->pins);
	mutex_destroy(&dirty->lock);
}

static int add_map(struct container_dirty *dirty,
		   const struct iova_range *range)
{
	struct dirty_map *map;

	lockdep_assert_held(&dirty->lock);

	if (nr_pages(range) > DIRTY_MAX_PAGES)
		return -EINVAL;
	map = kzalloc_obj(*map, GFP_KERNEL_ACCOUNT);
	if (!map)
		return -ENOMEM;
	map->bits = kvcalloc(BITS_TO_LONGS(nr_pages(range)), sizeof(*map->bits),
			     GFP_KERNEL_ACCOUNT);
	if (!map->bits) {
		kfree(map);
		return -ENOMEM;
	}
	iova_tree_insert(&dirty->maps, &map->node, range);
	return 0;
}

static void remove_map(struct container_dirty *dirty, struct dirty_map *map)
{
	lockdep_assert_held(&dirty->lock);
	iova_tree_erase(&dirty->maps, &map->node);
	kvfree(map->bits);
	kfree(map);
}

static void remove_maps(struct container_dirty *dirty,
			const struct iova_range *range)
{
	struct dirty_map *map;

	while ((map = first_map(dirty, range))) {
		remove_map(dirty, map);
		cond_resched();
	}
}

/**
 * dirty_add() - something is going to be mapped
 * @dirty: the log
 * @range: where, of whole pages
 *
 * Context: May sleep; the caller holds the container's lock.
 * Return: 0, -EINVAL where it is too large for the log, -ENOMEM.
 */
int dirty_add(struct container_dirty *dirty, const struct iova_range *range)
{
	if (!dirty->on)
		return 0;
	guard(mutex)(&dirty->lock);
	return add_map(dirty, range);
}

/**
 * dirty_clear_range() - something was unmapped
 * @dirty: the log, which is on
 * @range: where; mappings that it touches are forgotten
 *
 * For dirty_remove().
 *
 * Context: May sleep; the caller holds the container's lock.
 */
void dirty_clear_range(struct container_dirty *dirty,
		       const struct iova_range *range)
{
	guard(mutex)(&dirty->lock);
	remove_maps(dirty, range);
}

/* Devices that are software */

/**
 * dirty_mark() - a device that is software has written to a range
 * @dirty: the log
 * @range: mapped, and not to be unmapped before this is done
 *
 * Taking the lock orders what was written before a log that begins now.
 *
 * Context: May sleep; without the container's lock.
 */
void dirty_mark(struct container_dirty *dirty, const struct iova_range *range)
{
	struct dirty_map *map;
	struct iova_range part;
	unsigned long first;

	guard(mutex)(&dirty->lock);
	for (map = first_map(dirty, range); map; map = next_map(map, range)) {
		iova_range_intersect(&map->node.range, range, &part);
		first = PFN_DOWN(part.first - map->node.range.first);
		bitmap_set(map->bits, first, nr_pages(&part));
	}
}

/**
 * dirty_pin() - a device that is software has pinned a page
 * @dirty: the log
 * @iova: its IOVA
 *
 * Context: May sleep; without the container's lock.
 * Return: 0 or -ENOMEM.
 */
int dirty_pin(struct container_dirty *dirty, unsigned long iova)
{
	unsigned long pfn = PFN_DOWN(iova), pins;

	guard(mutex)(&dirty->lock);
	pins = xa_to_value(xa_load(&dirty->pins, pfn));
	return xa_err(xa_store(&dirty->pins, pfn, xa_mk_value(pins + 1),
			       GFP_KERNEL_ACCOUNT));
}

static void mark_page(struct container_dirty *dirty, unsigned long pfn)
{
	const struct iova_range page = {
		.first = PFN_PHYS(pfn),
		.last = PFN_PHYS(pfn) + PAGE_SIZE - 1,
	};
	struct dirty_map *map = first_map(dirty, &page);

	lockdep_assert_held(&dirty->lock);

	if (map)
		__set_bit(PFN_DOWN(page.first - map->node.range.first),
			  map->bits);
}

/**
 * dirty_unpin() - a device that is software is going to unpin a page
 * @dirty: the log
 * @iova: its IOVA
 *
 * Up to now it may have been written to.
 *
 * Context: May sleep; without the container's lock.
 * Return: false where it is not pinned.
 */
bool dirty_unpin(struct container_dirty *dirty, unsigned long iova)
{
	unsigned long pfn = PFN_DOWN(iova), pins;

	guard(mutex)(&dirty->lock);
	pins = xa_to_value(xa_load(&dirty->pins, pfn));
	if (!pins)
		return false;
	if (pins > 1) {
		/* takes the place of what is there, so it needs no memory */
		xa_store(&dirty->pins, pfn, xa_mk_value(pins - 1), 0);
		return true;
	}
	mark_page(dirty, pfn);
	xa_erase(&dirty->pins, pfn);
	return true;
}

static void mark_pinned(struct container_dirty *dirty, struct dirty_map *map)
{
	unsigned long first = PFN_DOWN(map->node.range.first), pfn;
	void *pins;

	lockdep_assert_held(&dirty->lock);

	xa_for_each_range(&dirty->pins, pfn, pins, first,
			  PFN_DOWN(map->node.range.last))
		__set_bit(pfn - first, map->bits);
}

/* Devices with an IOMMU */

static bool track_all(struct container_space *space)
{
	struct container_domain *cdom;

	list_for_each_entry(cdom, &space->domains, entry) {
		if (cdom->tracking)
			continue;
		if (!cdom->dirty ||
		    iopt_track_dirty(&space->iopt, cdom->domain, true))
			return false;
		cdom->tracking = true;
	}
	return true;
}

static void untrack_all(struct container_space *space)
{
	struct container_domain *cdom;

	list_for_each_entry(cdom, &space->domains, entry) {
		if (!cdom->tracking)
			continue;
		/* where that fails, bits are set that nobody looks at */
		iopt_track_dirty(&space->iopt, cdom->domain, false);
		cdom->tracking = false;
	}
}

/**
 * dirty_group_joined() - a group with an IOMMU was attached
 * @dirty: the log
 *
 * A domain that does not keep track makes what the others know useless until
 * the next log.
 *
 * Context: May sleep; the caller holds the container's lock.
 */
void dirty_group_joined(struct container_dirty *dirty)
{
	if (!dirty->by_iommu || track_all(dirty->space))
		return;
	dirty->by_iommu = false;
	untrack_all(dirty->space);
}

static void fill_map(struct dirty_map *map)
{
	bitmap_set(map->bits, 0, nr_pages(&map->node.range));
}

/**
 * dirty_group_left() - a group with an IOMMU was detached
 * @dirty: the log
 *
 * Nobody will know what it has written to.
 *
 * Context: May sleep; the caller holds the container's lock.
 */
void dirty_group_left(struct container_dirty *dirty)
{
	const struct iova_range everything = { 0, ULONG_MAX };
	struct dirty_map *map;

	guard(mutex)(&dirty->lock);
	for (map = first_map(dirty, &everything); map;
	     map = next_map(map, &everything))
		fill_map(map);
}

static int collect_from_iommu(struct container_space *space,
			      struct dirty_map *map)
{
	const struct iova_range *range = &map->node.range;
	struct container_domain *cdom;
	struct user_bitmap bitmap;
	int ret = 0;

	user_bitmap_init_kernel(&bitmap, map->bits, range, PAGE_SIZE);
	list_for_each_entry(cdom, &space->domains, entry) {
		ret = hwdirty_read(cdom->domain, range, true, &bitmap);
		if (ret)
			break;
	}
	return ret;
}

/* After an error what was found is in the bitmap, for the next time. */
static int collect(struct container_dirty *dirty, struct dirty_map *map)
{
	mark_pinned(dirty, map);
	if (dirty->by_iommu)
		return collect_from_iommu(dirty->space, map);
	if (!list_empty(&dirty->space->domains))
		fill_map(map);
	return 0;
}

/* Beginning and end */

static int add_all(struct container_dirty *dirty)
{
	struct iova_range left = { 0, ULONG_MAX }, area;
	int ret;

	while (iopt_first_area(&dirty->space->iopt, &left, &area)) {
		ret = add_map(dirty, &area);
		if (ret)
			return ret;
		if (area.last == ULONG_MAX)
			break;
		left.first = area.last + 1;
		cond_resched();
	}
	return 0;
}

/**
 * dirty_start() - begin a log
 * @dirty: the log; where there is one already it goes on
 *
 * Context: May sleep; the caller holds the container's lock.
 * Return: 0, -EINVAL where something is mapped that is too large, -ENOMEM.
 */
int dirty_start(struct container_dirty *dirty)
{
	const struct iova_range everything = { 0, ULONG_MAX };
	int ret;

	if (dirty->on)
		return 0;
	scoped_guard(mutex, &dirty->lock) {
		ret = add_all(dirty);
		if (ret) {
			remove_maps(dirty, &everything);
			return ret;
		}
		dirty->on = true;
	}
	dirty->by_iommu = true;
	dirty_group_joined(dirty);
	return 0;
}

/**
 * dirty_stop() - end a log
 * @dirty: the log; there may be none
 *
 * Context: May sleep; the caller holds the container's lock.
 */
void dirty_stop(struct container_dirty *dirty)
{
	const struct iova_range everything = { 0, ULONG_MAX };

	untrack_all(dirty->space);
	guard(mutex)(&dirty->lock);
	dirty->by_iommu = false;
	dirty->on = false;
	remove_maps(dirty, &everything);
}

/* Reports */

/**
 * dirty_check_bitmap() - can a user's bitmap be for a range?
 * @bitmap: what the user says of it
 * @size: bytes, of the range
 *
 * Whether its pages are those of the IOMMU remains to be checked.
 *
 * Return: 0, -EINVAL where it cannot.
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

static struct dirty_view view_of(const struct vfio_bitmap *bitmap,
				 const struct iova_range *range)
{
	return (struct dirty_view){
		.data = bitmap->data,
		.base = range->first,
		.shift = __ffs64(bitmap->pgsize),
	};
}

static unsigned long bit_of(const struct dirty_view *view, unsigned long iova)
{
	return (iova - view->base) >> view->shift;
}

/* Bits of the view from @word on, for as many as there are in a window */
static void fill_window(const struct dirty_view *view,
			const struct dirty_map *map, unsigned long word,
			unsigned long *window)
{
	const struct iova_range *range = &map->node.range;
	unsigned long first = word * BITS_PER_LONG;
	struct iova_range part = {
		.first = view->base + (first << view->shift),
	};
	unsigned long from, to, end;

	part.last = part.first - 1 + ((WINDOW * BITS_PER_LONG) << view->shift);
	/* the window may reach beyond the highest IOVA */
	if (part.last < part.first)
		part.last = ULONG_MAX;
	iova_range_intersect(&part, range, &part);
	from = PFN_DOWN(part.first - range->first);
	end = PFN_DOWN(part.last - range->first) + 1;
	for_each_set_bitrange_from(from, to, map->bits, end) {
		part.first = range->first + PFN_PHYS(from);
		part.last = range->first + PFN_PHYS(to) - 1;
		bitmap_set(window, bit_of(view, part.first) - first,
			   bit_of(view, part.last) - bit_of(view, part.first) +
				   1);
	}
}

static int write_window(const struct dirty_view *view,
			const struct dirty_map *map, unsigned long word,
			unsigned long nr)
{
	unsigned long first = bit_of(view, map->node.range.first);
	unsigned long window[WINDOW] = {};

	/* what comes before the mapping in its first word belongs to others */
	if (first > word * BITS_PER_LONG &&
	    copy_from_user(window, view->data + word, sizeof(*window)))
		return -EFAULT;
	fill_window(view, map, word, window);
	return copy_to_user(view->data + word, window, nr * sizeof(*window)) ?
		       -EFAULT :
		       0;
}

static unsigned long first_word(const struct dirty_view *view,
				const struct dirty_map *map)
{
	return bit_of(view, map->node.range.first) / BITS_PER_LONG;
}

static unsigned long last_word(const struct dirty_view *view,
			       const struct dirty_map *map)
{
	return bit_of(view, map->node.range.last) / BITS_PER_LONG;
}

static int write_map(const struct dirty_view *view, const struct dirty_map *map)
{
	unsigned long word = first_word(view, map);
	unsigned long end = last_word(view, map) + 1, nr;
	int ret;

	for (; word < end; word += nr) {
		nr = min_t(unsigned long, end - word, WINDOW);
		ret = write_window(view, map, word, nr);
		if (ret)
			return ret;
		cond_resched();
	}
	return 0;
}

static bool cuts(const struct container_dirty *dirty,
		 const struct iova_range *range)
{
	const struct iova_range last = { range->last, range->last };
	const struct dirty_map *map;

	map = first_map(dirty, range);
	if (map && map->node.range.first < range->first)
		return true;
	map = first_map(dirty, &last);
	return map && map->node.range.last > range->last;
}

static int report_map(struct container_dirty *dirty,
		      const struct dirty_view *view, struct dirty_map *map)
{
	int ret;

	ret = collect(dirty, map);
	if (!ret)
		ret = write_map(view, map);
	if (!ret)
		bitmap_zero(map->bits, nr_pages(&map->node.range));
	return ret;
}

/**
 * dirty_report() - tell what is dirty, which then is clean
 * @dirty: the log
 * @range: IOVA, of whole pages
 * @bitmap: where to, checked for @range, and its pages those of the IOMMU
 *
 * Only words in which there is part of a mapping are written.
 *
 * Context: May sleep; the caller holds the container's lock.
 * Return: 0; -EINVAL without a log, or where a mapping is in the range in part;
 * -EFAULT where the bitmap cannot be accessed; what hwdirty_read() says. With the
 * latter part may be done; of what is not, nothing is lost.
 */
int dirty_report(struct container_dirty *dirty, const struct iova_range *range,
		 const struct vfio_bitmap *bitmap)
{
	const struct dirty_view view = view_of(bitmap, range);
	struct dirty_map *map;
	int ret;

	guard(mutex)(&dirty->lock);
	if (!dirty->on || cuts(dirty, range))
		return -EINVAL;
	for (map = first_map(dirty, range); map; map = next_map(map, range)) {
		ret = report_map(dirty, &view, map);
		if (ret)
			return ret;
		cond_resched();
	}
	return 0;
}

/* With a mapping goes its log, so that it can be written is known before. */
static int check_writable(const struct dirty_view *view,
			  const struct dirty_map *map)
{
	unsigned long first = first_word(view, map);
	unsigned long nr = last_word(view, map) - first + 1;

	return fault_in_safe_writeable((char __user *)(view->data + first),
				       nr * sizeof(u64)) ?
		       -EFAULT :
		       0;
}

/*
 * What a device with an IOMMU writes until the mapping has gone, its IOMMU may
 * not tell any more: all of it is dirty.
 */
static int unmap_one(struct container_dirty *dirty,
		     const struct dirty_view *view, struct dirty_map *map,
		     u64 *unmapped)
{
	u64 bytes;
	int ret;

	ret = check_writable(view, map);
	if (!ret)
		ret = iopt_unmap(&dirty->space->iopt, &map->node.range, &bytes);
	if (ret)
		return ret;
	*unmapped += bytes;
	guard(mutex)(&dirty->lock);
	if (!list_empty(&dirty->space->domains))
		fill_map(map);
	ret = write_map(view, map);
	remove_map(dirty, map);
	return ret;
}

/**
 * dirty_unmap() - unmap, and tell what was dirty
 * @dirty: the log
 * @range: IOVA, of whole pages
 * @bitmap: where to, checked for @range, and its pages those of the IOMMU
 * @unmapped: bytes that were unmapped are added
 *
 * Context: May sleep; the caller holds the container's lock and nothing that a
 * user's unmap op takes.
 * Return: 0; with nothing changed -EINVAL without a log, or where a mapping is in
 * the range in part; with part of it unmapped -EFAULT where the bitmap cannot be
 * accessed, or what iopt_unmap() says.
 */
int dirty_unmap(struct container_dirty *dirty, const struct iova_range *range,
		const struct vfio_bitmap *bitmap, u64 *unmapped)
{
	const struct dirty_view view = view_of(bitmap, range);
	struct dirty_map *map;
	int ret;

	if (!dirty->on || cuts(dirty, range))
		return -EINVAL;
	while ((map = first_map(dirty, range))) {
		ret = unmap_one(dirty, &view, map, unmapped);
		if (ret)
			return ret;
		cond_resched();
	}
	return 0;
}
