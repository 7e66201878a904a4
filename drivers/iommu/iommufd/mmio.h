/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Registers of an IOMMU that user space maps through the file of the context.
 */
#ifndef IOMMUFD_MMIO_H
#define IOMMUFD_MMIO_H

#include <linux/types.h>
#include <linux/xarray.h>

struct iommufd_object;
struct vm_area_struct;

/**
 * struct mmio_table - registers that can be mapped through a file
 */
struct mmio_table {
	/**
	 * @regions: maps an offset in pages to a struct mmio_region; its lock
	 * protects @next and prevents owners of regions from being freed
	 */
	struct xarray regions;
	/** @next: offset in pages for the next region; none is used twice */
	unsigned long next;
};

void mmio_table_init(struct mmio_table *table);
void mmio_table_destroy(struct mmio_table *table);
int mmio_add(struct mmio_table *table, struct iommufd_object *owner,
	     phys_addr_t address, size_t length, unsigned long *offset);
void mmio_remove(struct mmio_table *table, const struct iommufd_object *owner,
		 unsigned long offset);
int mmio_mmap(struct mmio_table *table, struct vm_area_struct *vma);

#endif /* IOMMUFD_MMIO_H */
