/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One mapping: a part of some pages, and the IOVA at which it is mapped.
 */
#ifndef IOMMUFD_AREA_H
#define IOMMUFD_AREA_H

#include <linux/list.h>
#include <linux/pfn.h>
#include <linux/sched.h>

#include "lib/iova_space.h"
#include "pages/pages.h"

struct hwmap_flush;
struct iommu_domain;
struct mutex;

/**
 * enum area_state - state of an area
 */
enum area_state {
	/** @AREA_PENDING: being pinned and mapped, which can still fail */
	AREA_PENDING,
	/** @AREA_LIVE: mapped in all domains */
	AREA_LIVE,
	/** @AREA_DYING: being unmapped, will be freed */
	AREA_DYING,
};

/**
 * enum area_abi - the calls that map an area, and that alone unmap it
 */
enum area_abi {
	/** @AREA_IOMMUFD: those of an IOAS */
	AREA_IOMMUFD,
	/** @AREA_VFIO: those of a container */
	AREA_VFIO,
};

/**
 * struct area - one mapping
 */
struct area {
	/** @node: IOVA, valid once it is allocated */
	struct iova_node node;
	/** @entry: links into the list of areas being mapped or unmapped */
	struct list_head entry;
	/** @state: see iopt.h for the rules of its changes */
	enum area_state state : 8;
	/** @abi: the calls that it belongs to; protected as @state */
	enum area_abi abi : 8;
	/** @prot: for iommu_map() */
	int prot;
	/** @busy: number of requests that use it; protected as @state */
	unsigned int busy;
	/** @num_accesses: number of pins by accesses; protected as @state */
	unsigned int num_accesses;
	/**
	 * @num_locks: number of pins among @num_accesses that are permanent:
	 * their users are not asked to unpin; protected as @state
	 */
	unsigned int num_locks;
	/** @small_pages: map no more than PAGE_SIZE at a time */
	bool small_pages;
	/** @prevent_access: no new pins, an unmap waits for @num_accesses */
	bool prevent_access;
	/** @held: @hold is in use; accessed by the owner of the area only */
	bool held;
	/**
	 * @vaddr_invalid: the address of its memory is invalid, see
	 * iopt_vaddr.h; protected by the caller's exclusion of mapping and
	 * unmapping
	 */
	bool vaddr_invalid;
	/** @offset: bytes from the beginning of @pages to the mapped part */
	unsigned long offset;
	/** @length: bytes */
	unsigned long length;
	/** @pages: the memory, with a reference */
	struct pages *pages;
	/** @hold: keeps the memory pinned while a domain maps it */
	struct pages_hold hold;
};

/**
 * area_of() - get the area of a node
 * @node: node of an area
 *
 * Return: the area.
 */
static inline struct area *area_of(struct iova_node *node)
{
	return container_of(node, struct area, node);
}

/**
 * area_offset() - convert an IOVA to an offset into the pages
 * @area: with an IOVA
 * @iova: inside of it
 *
 * Return: bytes from the beginning of the pages.
 */
static inline unsigned long area_offset(const struct area *area,
					unsigned long iova)
{
	return area->offset + (iova - area->node.range.first);
}

struct area *area_create(struct pages *pages, unsigned long offset,
			 unsigned long length, int prot);
void area_destroy(struct area *area);
int area_hold(const struct area *area, struct pages_hold *hold, bool present);
int area_pin(struct area *area, bool present);
int area_map(struct area *area, struct iommu_domain *domain,
	     struct mutex *tables_lock, bool small_pages);
void area_unmap(struct area *area, struct hwmap_flush *flush);
bool area_aligned(const struct area *area, unsigned long alignment);
bool area_is_revocable(const struct area *area);
unsigned long area_memory(const struct area *area);
void area_split(struct area *area, struct area *tail);
void area_split_hold(struct area *area, struct area *tail);

/**
 * area_unpin() - unpin the memory of an area
 * @area: unmapped from all domains, and flushed; need not be pinned
 *
 * Context: May sleep. The caller owns @area.
 */
static inline void area_unpin(struct area *area)
{
	if (!area->held)
		return;
	area->held = false;
	pages_release(area->pages, &area->hold);
}

/**
 * cond_resched_unless_last() - reschedule between two areas of a list
 * @area: the current area
 * @areas: the list, which can be very long, but mostly has one entry
 *
 * Context: May sleep.
 */
static inline void cond_resched_unless_last(const struct area *area,
					    const struct list_head *areas)
{
	if (!list_is_last(&area->entry, areas))
		cond_resched();
}

#endif /* IOMMUFD_AREA_H */
