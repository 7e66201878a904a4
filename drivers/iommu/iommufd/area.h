/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One mapping: some pages, and where they are to be seen.
 */
#ifndef IOMMUFD_AREA_H
#define IOMMUFD_AREA_H

#include <linux/list.h>

#include "charge.h"
#include "iova_space.h"

struct hwmap_flush;
struct iommu_domain;
struct pages;

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
	/** @entry: on the list of whoever unmaps it */
	struct list_head entry;
	/** @state: see &struct iopt for who may change it */
	enum area_state state;
	/** @prot: for iommu_map() */
	int prot;
	/** @offset: bytes from the beginning of @pages to what is mapped */
	unsigned long offset;
	/** @pages: the memory, owned */
	struct pages *pages;
};

static inline struct area *area_of(struct iova_node *node)
{
	return container_of(node, struct area, node);
}

struct area *area_create_user(u64 uaddr, u64 length, int prot,
			      enum charge_mode mode);
void area_destroy(struct area *area);
int area_pin(struct area *area);
void area_unpin(struct area *area);
int area_map(struct area *area, struct iommu_domain *domain, bool small_pages);
void area_unmap(struct area *area, struct hwmap_flush *flush);
bool area_aligned(const struct area *area, unsigned long alignment);

#endif /* IOMMUFD_AREA_H */
