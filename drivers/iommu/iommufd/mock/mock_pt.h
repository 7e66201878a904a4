/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The page table of a mock IOMMU, which no hardware reads.
 *
 * Entries are for MOCK_PAGE_SIZE or, if the caller maps that much at once, for
 * MOCK_HUGE_PAGE_SIZE. Each has a dirty bit. Leaves stay until the table is
 * freed, so that disjoint ranges can be changed concurrently without a lock.
 */
#ifndef IOMMUFD_MOCK_PT_H
#define IOMMUFD_MOCK_PT_H

#include <linux/rwsem.h>
#include <linux/types.h>
#include <linux/xarray.h>

struct iommu_dirty_bitmap;

/**
 * struct mock_pt - a page table
 */
struct mock_pt {
	/** @leaves: by IOVA in units of MOCK_HUGE_PAGE_SIZE */
	struct xarray leaves;
	/**
	 * @shape: held for writing while a device is attached, which on some
	 * IOMMUs changes the shape of the page table, and for reading while it
	 * is used. It is never waited for: callers may not do both at a time.
	 */
	struct rw_semaphore shape;
};

void mock_pt_init(struct mock_pt *pt);
void mock_pt_destroy(struct mock_pt *pt);

void mock_pt_attach(struct mock_pt *pt);

int mock_pt_map(struct mock_pt *pt, unsigned long iova, phys_addr_t phys,
		size_t size, gfp_t gfp);
size_t mock_pt_unmap(struct mock_pt *pt, unsigned long iova);
bool mock_pt_lookup(struct mock_pt *pt, unsigned long iova, phys_addr_t *phys);

void mock_pt_set_dirty(struct mock_pt *pt, unsigned long iova);
void mock_pt_read_dirty(struct mock_pt *pt, unsigned long iova, size_t size,
			bool clear, struct iommu_dirty_bitmap *dirty);

#endif /* IOMMUFD_MOCK_PT_H */
