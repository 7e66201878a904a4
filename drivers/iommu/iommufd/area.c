// SPDX-License-Identifier: GPL-2.0-only
#include <linux/err.h>
#include <linux/iommu.h>
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/slab.h>

#include "area.h"
#include "hwmap.h"
#include "pages.h"
#include "range.h"

static struct pages *create_pages(const struct iova_range *memory, int prot,
				  enum charge_mode mode)
{
	unsigned long first = PFN_DOWN(memory->first);
	unsigned long last = PFN_DOWN(memory->last);

	return pages_create_user(first << PAGE_SHIFT, last - first + 1,
				 prot & IOMMU_WRITE, mode);
}

/**
 * area_create_user() - a mapping of memory of the current process
 * @uaddr: its address, any alignment
 * @length: bytes
 * @prot: for iommu_map(); with IOMMU_WRITE the memory must be writable
 * @mode: how the current process pays for the memory
 *
 * The area has no IOVA yet, and nothing is pinned.
 *
 * Context: Process context of a process with an mm. May sleep.
 * Return: the area, or ERR_PTR of -EINVAL for no length, -EOVERFLOW for a range
 * that wraps, -ENOMEM.
 */
struct area *area_create_user(u64 uaddr, u64 length, int prot,
			      enum charge_mode mode)
{
	struct iova_range memory;
	struct area *area;
	int rc;

	rc = iova_range_from_user(uaddr, length, &memory);
	if (rc)
		return ERR_PTR(rc);
	area = kzalloc_obj(*area, GFP_KERNEL_ACCOUNT);
	if (!area)
		return ERR_PTR(-ENOMEM);
	area->prot = prot;
	area->offset = offset_in_page(memory.first);
	area->pages = create_pages(&memory, prot, mode);
	if (IS_ERR(area->pages)) {
		rc = PTR_ERR(area->pages);
		kfree(area);
		return ERR_PTR(rc);
	}
	return area;
}

/**
 * area_destroy() - forget a mapping
 * @area: without IOVA, not mapped, not pinned
 *
 * Context: May sleep.
 */
void area_destroy(struct area *area)
{
	pages_destroy(area->pages);
	kfree(area);
}

/**
 * area_pin() - hold the memory
 * @area: not pinned
 *
 * Context: May sleep. The caller owns @area.
 * Return: as pages_pin().
 */
int area_pin(struct area *area)
{
	return pages_pin(area->pages);
}

/**
 * area_unpin() - let go of the memory
 * @area: not mapped any more and flushed; need not be pinned
 *
 * Context: May sleep. The caller owns @area.
 */
void area_unpin(struct area *area)
{
	pages_unpin(area->pages);
}

/**
 * area_map() - let one domain see the memory
 * @area: pinned
 * @domain: the domain
 * @small_pages: map no more than PAGE_SIZE at a time
 *
 * Context: May sleep. The caller owns @area.
 * Return: as hwmap_map().
 */
int area_map(struct area *area, struct iommu_domain *domain, bool small_pages)
{
	const struct hwmap map = {
		.range = area->node.range,
		.table = &area->pages->table,
		.offset = area->offset,
		.prot = area->prot,
		.small_pages = small_pages,
	};

	return hwmap_map(domain, &map);
}

/**
 * area_unmap() - let one domain see the memory no more
 * @area: mapped there
 * @flush: collects the flushes for the domain
 *
 * Context: May sleep. The caller owns @area.
 */
void area_unmap(struct area *area, struct hwmap_flush *flush)
{
	hwmap_unmap(flush, &area->node.range);
}

/**
 * area_aligned() - does a mapping conform to an alignment?
 * @area: with an IOVA
 * @alignment: bytes, a power of two, PAGE_SIZE at most
 *
 * Context: Any.
 * Return: true where it does at both ends and on both sides.
 */
bool area_aligned(const struct area *area, unsigned long alignment)
{
	return iova_range_aligned(&area->node.range, alignment) &&
	       !(area->offset & (alignment - 1));
}
