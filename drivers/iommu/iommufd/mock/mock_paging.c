// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a paging domain of the mock IOMMU does with its page table: mapping,
 * unmapping, translation and dirty tracking.
 */
#include <linux/align.h>
#include <linux/container_of.h>
#include <linux/iommu.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "fail_attr.h"
#include "mock_paging.h"
#include "test_abi.h"

static struct mock_domain *mock_paging_of(struct iommu_domain *domain)
{
	return container_of(domain, struct mock_domain, domain);
}

/*
 * Entries are huge only if the core asks for a huge page. Entries of the same
 * page of the kernel are joined, like those of the kernel's own mock.
 */
static size_t paging_entry_size(unsigned long iova, phys_addr_t phys,
				size_t left, size_t pgsize)
{
	if (pgsize >= MOCK_HUGE_PAGE_SIZE)
		return MOCK_HUGE_PAGE_SIZE;
	if ((iova | phys) % PAGE_SIZE || left < PAGE_SIZE)
		return MOCK_PAGE_SIZE;
	return PAGE_SIZE;
}

/**
 * mock_paging_map() - map pages, for &iommu_domain_ops.map_pages
 * @domain: a paging domain of the mock IOMMU
 * @iova: first IOVA
 * @phys: first physical address
 * @pgsize: bytes of a page
 * @pgcount: number of pages
 * @prot: ignored
 * @gfp: how to allocate entries
 * @mapped: advanced by the bytes mapped, also if the call fails
 *
 * Context: May sleep if @gfp allows it.
 * Return: 0, -ENOMEM if out of memory or if this call was chosen to fail, or
 * another negative errno of mock_pt_map().
 */
int mock_paging_map(struct iommu_domain *domain, unsigned long iova,
		    phys_addr_t phys, size_t pgsize, size_t pgcount, int prot,
		    gfp_t gfp, size_t *mapped)
{
	struct mock_domain *mock = mock_paging_of(domain);
	size_t size = pgsize * pgcount;
	size_t step;
	int ret;

	if (mock_should_fail())
		return -ENOMEM;
	if (mock->blank) {
		*mapped += size;
		return 0;
	}
	while (*mapped < size) {
		step = paging_entry_size(iova + *mapped, phys + *mapped,
					 size - *mapped, pgsize);
		ret = mock_pt_map(&mock->pt, iova + *mapped, phys + *mapped,
				  step, gfp);
		if (ret)
			return ret;
		*mapped += step;
	}
	return 0;
}

/**
 * mock_paging_unmap() - unmap pages, for &iommu_domain_ops.unmap_pages
 * @domain: a paging domain of the mock IOMMU
 * @iova: first IOVA
 * @pgsize: bytes of a page
 * @pgcount: number of pages
 * @gather: extended by the range unmapped
 *
 * Context: Any.
 * Return: Bytes unmapped, fewer than asked for at the first hole.
 */
size_t mock_paging_unmap(struct iommu_domain *domain, unsigned long iova,
			 size_t pgsize, size_t pgcount,
			 struct iommu_iotlb_gather *gather)
{
	struct mock_domain *mock = mock_paging_of(domain);
	size_t size = pgsize * pgcount;
	size_t unmapped = mock->blank ? size : 0;

	while (unmapped < size) {
		size_t step = mock_pt_unmap(&mock->pt, iova + unmapped);

		if (!step)
			break;
		unmapped += step;
	}
	if (unmapped)
		iommu_iotlb_gather_add_range(gather, iova, unmapped);
	return unmapped;
}

/**
 * mock_paging_iova_to_phys() - translate an IOVA, for
 * &iommu_domain_ops.iova_to_phys
 * @domain: a paging domain of the mock IOMMU
 * @iova: the IOVA
 *
 * Context: Any.
 * Return: The physical address, 0 if nothing is mapped.
 */
phys_addr_t mock_paging_iova_to_phys(struct iommu_domain *domain,
				     dma_addr_t iova)
{
	phys_addr_t phys;

	return mock_pt_lookup(&mock_paging_of(domain)->pt, iova, &phys) ? phys :
									  0;
}

/**
 * mock_paging_free() - free a domain, for &iommu_domain_ops.free
 * @domain: a paging domain of the mock IOMMU, with nothing attached
 *
 * Context: May sleep.
 */
void mock_paging_free(struct iommu_domain *domain)
{
	struct mock_domain *mock = mock_paging_of(domain);

	mock_pt_destroy(&mock->pt);
	kfree(mock);
}

static int paging_set_dirty_tracking(struct iommu_domain *domain, bool enabled)
{
	if (enabled && mock_should_fail())
		return -EIO;
	mock_paging_of(domain)->dirty_tracking = enabled;
	return 0;
}

/* A page in 2 MiB is dirty if the page table stores nothing. */
static void paging_read_blank(unsigned long iova, size_t size,
			      struct iommu_dirty_bitmap *dirty)
{
	unsigned long at;

	for (at = ALIGN(iova, SZ_2M); at < iova + size; at += SZ_2M)
		iommu_dirty_bitmap_record(dirty, at, PAGE_SIZE);
}

/* Clearing without a report is always allowed: it starts a log. */
static int paging_read_and_clear_dirty(struct iommu_domain *domain,
				       unsigned long iova, size_t size,
				       unsigned long flags,
				       struct iommu_dirty_bitmap *dirty)
{
	struct mock_domain *mock = mock_paging_of(domain);

	if (!mock->dirty_tracking && dirty->bitmap)
		return -EINVAL;
	if (mock->blank) {
		paging_read_blank(iova, size, dirty);
		return 0;
	}
	mock_pt_read_dirty(&mock->pt, iova, size,
			   !(flags & IOMMU_DIRTY_NO_CLEAR), dirty);
	return 0;
}

/* Dirty tracking of paging domains */
const struct iommu_dirty_ops mock_paging_dirty_ops = {
	.set_dirty_tracking = paging_set_dirty_tracking,
	.read_and_clear_dirty = paging_read_and_clear_dirty,
};
