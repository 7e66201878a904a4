// SPDX-License-Identifier: GPL-2.0-only
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
 * area_create() - a mapping of some memory
 * @pages: the memory; the area takes a reference of its own, and the room that
 *	the first one finds
 * @offset: bytes from the beginning of @pages
 * @length: bytes
 * @prot: for iommu_map()
 *
 * The area has no IOVA yet, and holds nothing.
 *
 * Context: May sleep.
 * Return: the area, ERR_PTR(-ENOMEM), or ERR_PTR(-EPERM) for IOMMU_WRITE where
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
 * area_destroy() - forget a mapping
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
 * area_pin() - hold the memory
 * @area: not pinned
 *
 * Context: May sleep. The caller owns @area.
 * Return: as pages_hold().
 */
int area_pin(struct area *area)
{
	int ret;

	ret = pages_hold(area->pages, &area->hold, PFN_DOWN(area->offset),
			 PFN_DOWN(area->offset + area->length - 1) + 1);
	area->held = !ret;
	return ret;
}

static int area_map_locked(struct area *area, struct iommu_domain *domain,
			   const struct hwmap *map)
{
	if (area_of_device(area))
		return dmabuf_track_map(&area->pages->track, domain, map);
	if (unlikely(p2p_any(area->pages)))
		return p2p_map(area->pages, domain, map);
	return hwmap_map(domain, map);
}

/**
 * area_map() - let one domain see the memory
 * @area: pinned
 * @domain: the domain
 * @small_pages: map no more than PAGE_SIZE at a time
 *
 * Context: May sleep. The caller owns @area.
 * Return: as hwmap_map(), or -ENOMEM.
 */
int area_map(struct area *area, struct iommu_domain *domain, bool small_pages)
{
	const struct hwmap map = {
		.range = area->node.range,
		.table = &area->pages->table,
		.offset = area->offset,
		.prot = area->prot,
		.small_pages = small_pages || area->small_pages,
	};
	int ret;

	/* others may be pinning and unpinning next to what this area holds */
	if (mutex_lock_killable(&area->pages->lock))
		return -EINTR;
	ret = area_map_locked(area, domain, &map);
	mutex_unlock(&area->pages->lock);
	return ret;
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
	if (area_of_device(area)) {
		/* whoever takes the memory back waits until it is flushed */
		guard(mutex)(&area->pages->lock);
		dmabuf_track_unmap(&area->pages->track, flush,
				   &area->node.range);
		return;
	}
	if (unlikely(area_is_p2p(area))) {
		guard(mutex)(&area->pages->lock);
		p2p_unmap(area->pages, flush, &area->node.range);
		return;
	}
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

/**
 * area_of_device() - is the memory a device's, which may be taken back?
 * @area: the area
 *
 * Context: Any.
 * Return: true where it is.
 */
bool area_of_device(const struct area *area)
{
	return area->pages->backing.ops->of_device;
}

/**
 * area_is_p2p() - may some of the memory be taken back while it is mapped?
 * @area: the caller owns it, or it cannot be mapped or unmapped meanwhile
 *
 * Context: Any.
 * Return: true where it is mapped and may be; also true where that is so for what
 * another area shows of the same pages.
 */
bool area_is_p2p(const struct area *area)
{
	return p2p_mapped(area->pages);
}

/**
 * area_memory() - where the memory is, in the numbering of huge pages
 * @area: the area
 *
 * Context: Any.
 * Return: an address, or an offset into a file, in bytes.
 */
unsigned long area_memory(const struct area *area)
{
	return area->pages->backing.start + area->offset;
}

/**
 * area_split() - cut the end off a mapping
 * @area: neither of a device nor provided; has been cut in the I/O address space; the domains
 *	that map it can unmap both parts one by one
 * @tail: has no memory yet, becomes a mapping of what was cut off;
 *	area_split_hold() has to follow
 *
 * Context: Any. The caller owns both.
 */
void area_split(struct area *area, struct area *tail)
{
	tail->state = area->state;
	tail->prot = area->prot;
	tail->small_pages = area->small_pages;
	tail->length = iova_range_length(&tail->node.range);
	area->length -= tail->length;
	tail->offset = area->offset + area->length;
	tail->pages = pages_get(area->pages);
}

/**
 * area_split_hold() - make two of the hold of a mapping that was cut
 * @area: was given to area_split()
 * @tail: was given to area_split() with it
 *
 * Context: May sleep. Nobody owns either, and nobody else can until this is
 * done.
 */
void area_split_hold(struct area *area, struct area *tail)
{
	tail->held = area->held;
	if (area->held)
		pages_split_hold(area->pages, &area->hold,
				 PFN_DOWN(tail->offset - 1) + 1, &tail->hold,
				 PFN_DOWN(tail->offset));
}
