// SPDX-License-Identifier: GPL-2.0-only
/*
 * Areas: creating them, pinning their memory, mapping it in one domain.
 */
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/iommu.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "area.h"
#include "domain/hwmap.h"
#include "lib/range.h"
#include "pages/p2p_map.h"

static_assert(sizeof(struct area) <= PAGES_INLINE_SIZE);

/**
 * area_create() - create an area for some memory
 * @pages: the memory, to which the area takes a reference; the first area is
 *	stored inside of it
 * @offset: bytes from the beginning of @pages
 * @length: bytes
 * @prot: for iommu_map()
 *
 * The area has no IOVA yet, and nothing is pinned.
 *
 * Context: May sleep.
 * Return: the area, ERR_PTR(-ENOMEM), or ERR_PTR(-EPERM) for IOMMU_WRITE if
 * devices may not write to the memory.
 */
struct area *area_create(struct pages *pages, unsigned long offset,
			 unsigned long length, int prot)
{
	struct area *area;

	if (prot & IOMMU_WRITE && !pages->backing.writable)
		return ERR_PTR(-EPERM);
	area = pages_take_inline(pages);
	if (!area)
		area = kzalloc_obj(*area, GFP_KERNEL_ACCOUNT);
	if (!area)
		return ERR_PTR(-ENOMEM);
	if (pages->backing.ops->of_device)
		prot = (prot & ~IOMMU_CACHE) | IOMMU_MMIO;
	area->prot = prot;
	area->offset = offset;
	area->length = length;
	area->pages = pages_get(pages);
	return area;
}

/**
 * area_destroy() - free an area
 * @area: without IOVA, not mapped, not pinned
 *
 * Context: May sleep.
 */
void area_destroy(struct area *area)
{
	struct pages *pages = area->pages;

	if (!pages_is_inline(pages, area))
		kfree(area);
	pages_put(pages);
}

/**
 * area_hold() - hold the memory of an area
 * @area: the caller owns it, or it is busy
 * @hold: hold to initialize, until pages_release()
 * @present: as for pages_hold()
 *
 * Context: May sleep.
 * Return: as pages_hold().
 */
int area_hold(const struct area *area, struct pages_hold *hold, bool present)
{
	return pages_hold(area->pages, hold, PFN_DOWN(area->offset),
			  PFN_DOWN(area->offset + area->length - 1) + 1,
			  present);
}

/**
 * area_pin() - pin the memory of an area
 * @area: not pinned
 * @present: as for pages_hold()
 *
 * Context: May sleep. The caller owns @area.
 * Return: as pages_hold().
 */
int area_pin(struct area *area, bool present)
{
	int ret = area_hold(area, &area->hold, present);

	area->held = !ret;
	return ret;
}

static int area_map_locked(struct area *area, struct iommu_domain *domain,
			   const struct hwmap *map)
{
	if (area->pages->backing.ops->of_device)
		return dmabuf_track_map(&area->pages->track, domain, map);
	if (unlikely(p2p_any(area->pages)))
		return p2p_map(area->pages, domain, map);
	return hwmap_map(domain, map);
}

/**
 * area_map() - map an area in one domain
 * @area: pinned
 * @domain: a domain of the I/O address space, whose domains_rwsem is held, or one
 *	that is about to be
 * @tables_lock: its &iopt.tables_lock
 * @small_pages: map no more than PAGE_SIZE at a time
 *
 * Context: May sleep. The caller owns @area.
 * Return: as hwmap_map(), or -ENOMEM.
 */
int area_map(struct area *area, struct iommu_domain *domain,
	     struct mutex *tables_lock, bool small_pages)
{
	const struct hwmap map = {
		.range = area->node.range,
		.table = &area->pages->table,
		.offset = area->offset,
		.prot = area->prot,
		.tables_lock = tables_lock,
		.small_pages = small_pages || area->small_pages,
	};
	int ret;

	/* other pages of the same table may be pinned and unpinned meanwhile */
	if (mutex_lock_killable(&area->pages->lock))
		return -EINTR;
	ret = area_map_locked(area, domain, &map);
	mutex_unlock(&area->pages->lock);
	return ret;
}

/**
 * area_unmap() - unmap an area from one domain
 * @area: mapped there
 * @flush: collects the flushes for the domain
 *
 * Context: May sleep. The caller owns @area.
 */
void area_unmap(struct area *area, struct hwmap_flush *flush)
{
	struct pages *pages = area->pages;

	if (likely(!area_is_revocable(area))) {
		hwmap_unmap(flush, &area->node.range);
		return;
	}
	/* a revoke must wait for the flush */
	guard(mutex)(&pages->lock);
	if (pages->backing.ops->of_device)
		dmabuf_track_unmap(&pages->track, flush, &area->node.range);
	else
		p2p_unmap(pages, flush, &area->node.range);
}

/**
 * area_aligned() - check whether an area conforms to an alignment
 * @area: with an IOVA
 * @alignment: bytes, a power of two, PAGE_SIZE at most
 *
 * Context: Any.
 * Return: true if both ends of the IOVA and of the memory are aligned.
 */
bool area_aligned(const struct area *area, unsigned long alignment)
{
	return iova_range_aligned(&area->node.range, alignment) &&
	       !(area->offset & (alignment - 1));
}

/**
 * area_is_revocable() - check for memory that can be revoked while it is mapped
 * @area: the caller owns it, or it cannot be mapped or unmapped meanwhile
 *
 * Context: Any.
 * Return: true for device memory of a dma-buf, and if this area, or another one
 * of the same pages, maps memory of a P2P provider.
 */
bool area_is_revocable(const struct area *area)
{
	return area->pages->backing.ops->of_device || p2p_mapped(area->pages);
}

/**
 * area_memory() - get the address of the memory, to align the IOVA to
 * @area: the area
 *
 * Huge pages are aligned by it.
 *
 * Context: Any.
 * Return: an address, or an offset into a file, in bytes.
 */
unsigned long area_memory(const struct area *area)
{
	return area->pages->backing.start + area->offset;
}

/**
 * area_split() - split the memory of an area
 * @area: of memory that cannot be revoked; its IOVA has been split, and all
 *	domains can unmap the two parts separately
 * @tail: zeroed apart from its IOVA; becomes the area of the upper part.
 *	area_split_hold() has to follow
 *
 * Context: Any. The caller owns both.
 */
void area_split(struct area *area, struct area *tail)
{
	tail->state = area->state;
	tail->abi = area->abi;
	tail->prot = area->prot;
	tail->small_pages = area->small_pages;
	tail->length = iova_range_length(&tail->node.range);
	area->length -= tail->length;
	tail->offset = area->offset + area->length;
	tail->pages = pages_get(area->pages);
}

/**
 * area_split_hold() - split the hold of an area after area_split()
 * @area: as given to area_split()
 * @tail: as given to area_split()
 *
 * Context: May sleep. Both areas are busy, so that no other task can own them.
 */
void area_split_hold(struct area *area, struct area *tail)
{
	tail->held = area->held;
	if (area->held)
		pages_split_hold(area->pages, &area->hold,
				 PFN_DOWN(tail->offset - 1) + 1, &tail->hold,
				 PFN_DOWN(tail->offset));
}
