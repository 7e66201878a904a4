// SPDX-License-Identifier: GPL-2.0-only
/*
 * Registers of an IOMMU that user space maps by the file of the context.
 *
 * The object that they belong to has a user for each mapping, so that it stays.
 */
#include <linux/bug.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/pfn.h>
#include <linux/slab.h>

#include "mmio.h"
#include "object.h"

/**
 * struct mmio_region - what is mapped as a whole or not at all
 */
struct mmio_region {
	/** @owner: to which it belongs */
	struct iommufd_object *owner;
	/** @pfn: page frame where it begins */
	unsigned long pfn;
	/** @nr_pages: its length */
	unsigned long nr_pages;
};

/**
 * mmio_table_init() - make an empty table
 * @table: the table
 */
void mmio_table_init(struct mmio_table *table)
{
	xa_init_flags(&table->regions, XA_FLAGS_ACCOUNT);
	/* so that no region is at 0, which is what is found by mistake */
	table->next = 1;
}

/**
 * mmio_table_destroy() - undo mmio_table_init()
 * @table: the table, whose regions are gone
 */
void mmio_table_destroy(struct mmio_table *table)
{
	WARN_ON(!xa_empty(&table->regions));
	xa_destroy(&table->regions);
}

static int add_region(struct mmio_table *table, struct mmio_region *region,
		      unsigned long *start)
{
	unsigned long next;

	*start = table->next;
	if (check_add_overflow(*start, region->nr_pages, &next) ||
	    next > ULONG_MAX >> PAGE_SHIFT)
		return -ENOSPC;
	/* before the lock is let go of to get memory */
	table->next = next;
	return __xa_insert(&table->regions, *start, region, GFP_KERNEL_ACCOUNT);
}

/**
 * mmio_add() - let user space map registers
 * @table: the context's
 * @owner: to which they belong
 * @address: physical address, a multiple of PAGE_SIZE
 * @length: bytes, a multiple of PAGE_SIZE
 * @offset: set to what user space has to give to mmap()
 *
 * They can be mapped as soon as @owner is published.
 *
 * Context: May sleep.
 * Return: 0; -EINVAL for an address or length that does not fit, -ENOSPC where
 * there are no more offsets, -ENOMEM.
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
	ret = add_region(table, region, &start);
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
 * @table: as it was given there
 * @owner: as it was given there, on its way out or not published yet
 * @offset: as it was set there
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

/* A copy, with the owner used for the mapping. */
static bool use_region(struct mmio_table *table, struct vm_area_struct *vma,
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
 * @table: the context's
 * @vma: where, and what
 *
 * Context: May sleep.
 * Return: 0; -EINVAL for a private mapping, -EPERM for one to be executed,
 * -ENXIO where that is no whole region, another negative errno.
 */
int mmio_mmap(struct mmio_table *table, struct vm_area_struct *vma)
{
	struct mmio_region region;
	int ret;

	if (!(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	if (vma->vm_flags & VM_EXEC)
		return -EPERM;
	if (!use_region(table, vma, &region))
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
