/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What was written to in a container, by page of IOVA: the log behind
 * VFIO_IOMMU_DIRTY_PAGES.
 *
 * A page is reported where since the last report
 *
 * - a device that is software has written to it, or had it pinned;
 * - a group with an IOMMU has left;
 * - a device with an IOMMU may have written to it. That is any page that is
 *   mapped, unless the IOMMUs of all groups keep track of it.
 *
 * Each mapping has a bitmap while there is a log. In it is what has to be
 * remembered. What is pinned, or dirty by an IOMMU, is found when it is asked
 * for.
 */
#ifndef IOMMUFD_VFIO_COMPAT_DIRTY_H
#define IOMMUFD_VFIO_COMPAT_DIRTY_H

#include <linux/bits.h>
#include <linux/limits.h>
#include <linux/mutex.h>
#include <linux/rbtree.h>
#include <linux/types.h>
#include <linux/xarray.h>

struct container_space;
struct iova_range;
struct vfio_bitmap;

/* Most pages of a mapping for which there is a log */
#define DIRTY_MAX_PAGES ((u64)INT_MAX)
/* Bytes of the bitmap that such a mapping takes, made of words of 64 bits */
#define DIRTY_MAX_BITMAP ((DIRTY_MAX_PAGES + 1) / BITS_PER_BYTE)

/**
 * struct container_dirty - the log of a container
 *
 * The container's lock protects it as well: members change under both, but
 * @pins and what is in a bitmap under @lock alone.
 */
struct container_dirty {
	/**
	 * @lock: for devices that are software, which do not take the
	 * container's lock; may be held while user memory is accessed
	 */
	struct mutex lock;
	/** @space: the mappings, and the domains; set once */
	struct container_space *space;
	/** @on: there is a log */
	bool on;
	/** @by_iommu: the IOMMUs of all groups keep track of what is dirty */
	bool by_iommu;
	/** @maps: struct dirty_map of each mapping, without a log none */
	struct rb_root maps;
	/** @pins: how often a page is pinned, by page of IOVA */
	struct xarray pins;
};

void dirty_init(struct container_dirty *dirty, struct container_space *space);
void dirty_destroy(struct container_dirty *dirty);

int dirty_start(struct container_dirty *dirty);
void dirty_stop(struct container_dirty *dirty);
void dirty_group_joined(struct container_dirty *dirty);
void dirty_group_left(struct container_dirty *dirty);

int dirty_add(struct container_dirty *dirty, const struct iova_range *range);
void dirty_clear_range(struct container_dirty *dirty,
		       const struct iova_range *range);

int dirty_check_bitmap(const struct vfio_bitmap *bitmap, u64 size);
int dirty_report(struct container_dirty *dirty, const struct iova_range *range,
		 const struct vfio_bitmap *bitmap);
int dirty_unmap(struct container_dirty *dirty, const struct iova_range *range,
		const struct vfio_bitmap *bitmap, u64 *unmapped);

void dirty_mark(struct container_dirty *dirty, const struct iova_range *range);
int dirty_pin(struct container_dirty *dirty, unsigned long iova);
bool dirty_unpin(struct container_dirty *dirty, unsigned long iova);

/**
 * dirty_remove() - something was unmapped
 * @dirty: the log, on or off
 * @range: where; mappings that it touches are forgotten
 *
 * Context: May sleep; the caller holds the container's lock.
 */
static inline void dirty_remove(struct container_dirty *dirty,
				const struct iova_range *range)
{
	if (dirty->on)
		dirty_clear_range(dirty, range);
}

#endif /* IOMMUFD_VFIO_COMPAT_DIRTY_H */
