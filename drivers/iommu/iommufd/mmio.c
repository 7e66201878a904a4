// SPDX-License-Identifier: GPL-2.0-only
/*
 * Registers of an IOMMU that user space maps through the file of the context.
 *
 * Each mapping is a user of the object that owns the registers, so that the
 * object cannot be destroyed while it is mapped.
 */
#include <linux/bug.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/pfn.h>
#include <linux/slab.h>

#include "mmio.h"
#include "object.h"

/**
 * struct mmio_region - registers that can be mapped only as a whole
 */
struct mmio_region {
	/** @owner: object that owns the registers */
	struct iommufd_object *owner;
	/** @pfn: first page frame */
	unsigned long pfn;
	/** @nr_pages: length in pages */
	unsigned long nr_pages;
};

/**
 * mmio_table_init() - initialize an empty table
 * @table: the table
 */
void mmio_table_init(struct mmio_table *table)
{
	xa_init_flags(&table->regions, XA_FLAGS_ACCOUNT);
	/* no region at offset 0, so that an mmap() without an offset fails */
	table->next = 1;
}

/**
 * mmio_table_destroy() - undo mmio_table_init()
 * @table: the table, with all regions removed
 */
void mmio_table_destroy(struct mmio_table *table)
{
	WARN_ON(!xa_empty(&table->regions));
	xa_destroy(&table->regions);
}

static int mmio_add_region(struct mmio_table *table, struct mmio_region *region,
			   unsigned long *start)
{
	unsigned long next;

	*start = table->next;
	if (check_add_overflow(*start, region->nr_pages, &next) ||
	    next > ULONG_MAX >> PAGE_SHIFT)
		return -ENOSPC;
	/* first, because __xa_insert() may drop the lock to allocate memory */
	table->next = next;
	return __xa_insert(&table->regions, *start, region, GFP_KERNEL_ACCOUNT);
}

/**
 * mmio_add() - allow user space to map registers
 * @table: table of the context
 * @owner: object that owns the registers
 * @address: physical address, a multiple of PAGE_SIZE
 * @length: length in bytes, a multiple of PAGE_SIZE
 * @offset: set to the offset that user space has to pass to mmap()
 *
 * The registers can be mapped as soon as @owner is published.
 *
 * Context: May sleep.
 * Return: 0; -EINVAL if @address or @length is not valid, -ENOSPC if all
 * offsets are used up, -ENOMEM.
 */
int mmio_add(struct mmio_table *table, struct iommufd_object *owner,
	     phys_addr_t address, size_t length, unsigned long *offset)
{
	struct mmio_region *region;
	unsigned long start;
	int ret;

	if (!length || !PAGE_ALIGNED(address) || !PAGE_ALIGNED(length))
		return -EINVAL;
	region = kzalloc_obj(*region, GFP_KERNEL_ACCOUNT);
	if (!region)
		return -ENOMEM;
	region->owner = owner;
	region->pfn = PHYS_PFN(address);
	region->nr_pages = PHYS_PFN(length);
	xa_lock(&table->regions);
	ret = mmio_add_region(table, region, &start);
	xa_unlock(&table->regions);
	if (ret) {
		kfree(region);
		return ret;
	}
	*offset = start << PAGE_SHIFT;
	return 0;
}

/**
 * mmio_remove() - undo mmio_add()
 * @table: table of the context
 * @owner: object that owns the registers, being destroyed or not yet published
 * @offset: offset that mmio_add() has set
 *
 * Context: May sleep.
 */
void mmio_remove(struct mmio_table *table, const struct iommufd_object *owner,
		 unsigned long offset)
{
	struct mmio_region *region;

	region = xa_erase(&table->regions, offset >> PAGE_SHIFT);
	WARN_ON(!region || region->owner != owner);
	kfree(region);
}

static void mmio_open(struct vm_area_struct *vma)
{
	object_get_user(vma->vm_private_data);
}

static void mmio_close(struct vm_area_struct *vma)
{
	object_put_user(vma->vm_private_data);
}

static const struct vm_operations_struct mmio_vm_ops = {
	.open = mmio_open,
	.close = mmio_close,
};

/* Copy the region to be mapped and make the mapping a user of its owner. */
static bool mmio_get_region(struct mmio_table *table,
			    struct vm_area_struct *vma,
			    struct mmio_region *region)
{
	const struct mmio_region *found;
	bool used;

	xa_lock(&table->regions);
	found = xa_load(&table->regions, vma->vm_pgoff);
	used = found && found->nr_pages == vma_pages(vma) &&
	       object_tryget_user(found->owner);
	if (used)
		*region = *found;
	xa_unlock(&table->regions);
	return used;
}

/**
 * mmio_mmap() - map registers
 * @table: table of the context
 * @vma: the mapping, with the offset of a region
 *
 * Context: May sleep.
 * Return: 0; -EINVAL for a private mapping, -EPERM for an executable one,
 * -ENXIO if it is not exactly one region, another negative errno.
 */
int mmio_mmap(struct mmio_table *table, struct vm_area_struct *vma)
{
	struct mmio_region region;
	int ret;

	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	if (vma->vm_flags & VM_EXEC)
		return -EPERM;
	if (!mmio_get_region(table, vma, &region))
		return -ENXIO;
	vm_flags_clear(vma, VM_MAYEXEC);
	vma->vm_private_data = region.owner;
	vma->vm_ops = &mmio_vm_ops;
	vma->vm_page_prot = pgprot_noncached(vma->vm_page_prot);
	ret = io_remap_pfn_range(vma, vma->vm_start, region.pfn,
				 region.nr_pages << PAGE_SHIFT,
				 vma->vm_page_prot);
	if (ret)
		object_put_user(region.owner);
	return ret;
}
