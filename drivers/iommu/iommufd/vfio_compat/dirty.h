/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The log of dirty pages behind VFIO_IOMMU_DIRTY_PAGES, by page of IOVA.
 *
 * A page is reported if since the last report
 *
 * - an emulated device has written to it, or had it pinned;
 * - a group with an IOMMU has been detached;
 * - a device with an IOMMU may have written to it. That applies to every mapped
 *   page, unless the IOMMUs of all groups track dirty pages.
 *
 * While the log is on each mapping has a bitmap, which holds only what has to
 * be remembered. Pinned pages, and pages that an IOMMU has marked dirty, are
 * added at the time of a report.
 */
#ifndef IOMMUFD_VFIO_COMPAT_DIRTY_H
#define IOMMUFD_VFIO_COMPAT_DIRTY_H

#include <linux/bits.h>
#include <linux/mutex.h>
#include <linux/types.h>
#include <linux/xarray.h>

#include "dirty_map.h"

struct container_space;
struct iova_range;
struct vfio_bitmap;

/* Size in bytes of the bitmap of the largest mapping, in words of 64 bits */
#define DIRTY_MAX_BITMAP ((DIRTY_MAX_PAGES + 1) / BITS_PER_BYTE)

/**
 * struct container_dirty - the log of a container
 *
 * The container's lock protects it too: members change under both locks, but
 * @pins and the contents of the bitmaps change under @lock alone.
 */
struct container_dirty {
	/**
	 * @lock: for emulated devices, which do not take the container's lock;
	 * may be held while user memory is accessed
	 */
	struct mutex lock;
	/** @space: the mappings and the domains; set once */
	struct container_space *space;
	/** @on: the log is on */
	bool on;
	/** @by_iommu: the IOMMUs of all groups track dirty pages */
	bool by_iommu;
	/**
	 * @maps: struct dirty_map of each mapping; empty while the log is off
	 */
	struct rb_root maps;
	/** @pins: pin count of each pinned page, by page of IOVA */
	struct xarray pins;
};

void dirty_init(struct container_dirty *dirty, struct container_space *space);
void dirty_destroy(struct container_dirty *dirty);

int dirty_start(struct container_dirty *dirty);
void dirty_stop(struct container_dirty *dirty);
void dirty_group_joined(struct container_dirty *dirty);
void dirty_group_left(struct container_dirty *dirty);

int dirty_add(struct container_dirty *dirty, const struct iova_range *range);
void dirty_remove(struct container_dirty *dirty,
		  const struct iova_range *range);
int dirty_collect(struct container_dirty *dirty, struct dirty_map *map);

int dirty_check_bitmap(const struct vfio_bitmap *bitmap, u64 size);
int dirty_report(struct container_dirty *dirty, const struct iova_range *range,
		 const struct vfio_bitmap *bitmap);
int dirty_unmap(struct container_dirty *dirty, const struct iova_range *range,
		const struct vfio_bitmap *bitmap, u64 *unmapped);

void dirty_mark(struct container_dirty *dirty, const struct iova_range *range);
int dirty_pin(struct container_dirty *dirty, unsigned long iova);
bool dirty_unpin(struct container_dirty *dirty, unsigned long iova);

#endif /* IOMMUFD_VFIO_COMPAT_DIRTY_H */
