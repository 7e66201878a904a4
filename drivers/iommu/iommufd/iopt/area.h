/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One mapping: part of some pages, and where it is to be seen.
 */
#ifndef IOMMUFD_AREA_H
#define IOMMUFD_AREA_H

#include <linux/list.h>
#include <linux/pfn.h>

#include "lib/iova_space.h"
#include "pages/pages.h"

struct hwmap_flush;
struct iommu_domain;

/**
 * enum area_state - what is happening to an area
 */
enum area_state {
	/** @AREA_PENDING: being pinned and mapped, may yet fail */
	AREA_PENDING,
	/** @AREA_LIVE: mapped in all domains */
	AREA_LIVE,
	/** @AREA_DYING: being unmapped, will go */
	AREA_DYING,
};

/**
 * struct area - one mapping
 */
struct area {
	/** @node: its place in the I/O address space, valid once it has one */
	struct iova_node node;
	/** @entry: on the list of whoever maps or unmaps it */
	struct list_head entry;
	/** @state: see &struct iopt for who may change it */
	enum area_state state;
	/** @prot: for iommu_map() */
	int prot;
	/** @busy: requests that look at it; protected as @state */
	unsigned int busy;
	/** @num_accesses: pins of accesses in it; protected as @state */
	unsigned int num_accesses;
	/**
	 * @num_locks: how many of @num_accesses are for good: who has them is not asked to
	 * let go; protected as @state
	 */
	unsigned int num_locks;
	/** @small_pages: domains get no more than PAGE_SIZE at a time */
	bool small_pages;
	/** @prevent_access: somebody waits for @num_accesses to go, so none may come */
	bool prevent_access;
	/** @held: @hold is in effect; for the area's owner */
	bool held;
	/**
	 * @vaddr_invalid: the address of its memory is not to be used any more, see
	 * iopt_vaddr.h; protected by who keeps others from mapping and unmapping
	 */
	bool vaddr_invalid;
	/** @offset: bytes from the beginning of @pages to what is mapped */
	unsigned long offset;
	/** @length: bytes */
	unsigned long length;
	/** @pages: the memory, with a reference */
	struct pages *pages;
	/** @hold: keeps the memory pinned while a domain maps it */
	struct pages_hold hold;
};

/**
 * area_of() - the area of which a node is part
 * @node: of an area
 *
 * Return: the area.
 */
static inline struct area *area_of(struct iova_node *node)
{
	return container_of(node, struct area, node);
}

/**
 * area_offset() - where in its pages an IOVA is
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
int area_pin(struct area *area);
int area_map(struct area *area, struct iommu_domain *domain, bool small_pages);
void area_unmap(struct area *area, struct hwmap_flush *flush);
bool area_aligned(const struct area *area, unsigned long alignment);
bool area_of_device(const struct area *area);
bool area_is_p2p(const struct area *area);
unsigned long area_memory(const struct area *area);
void area_split(struct area *area, struct area *tail);
void area_split_hold(struct area *area, struct area *tail);

/**
 * area_unpin() - let go of the memory
 * @area: not mapped any more and flushed; need not be pinned
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

#endif /* IOMMUFD_AREA_H */
