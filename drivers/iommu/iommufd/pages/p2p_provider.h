/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory of a device that its driver provides to other devices. The driver
 * revokes it while the device does not respond and restores it afterwards; for
 * user space it stays mapped all the time.
 *
 * The driver calls with its own lock held, under which it also lets processes
 * map the memory (mmap_lock, then the driver's lock). So these calls must not
 * wait for anything that takes mmap_lock: the mappings to remove and to restore
 * are kept here, under a lock that nests inside of all these.
 */
#ifndef IOMMUFD_P2P_PROVIDER_H
#define IOMMUFD_P2P_PROVIDER_H

#include <linux/list.h>
#include <linux/rbtree.h>
#include <linux/types.h>

#include "domain/hwmap.h"

struct iommu_domain;
struct iommufd_p2p_provider;

/**
 * struct p2p_mapping - one mapping of provided memory, established or revoked
 */
struct p2p_mapping {
	/**
	 * @node: links into the tree of p2p_provider_map(), by domain and IOVA;
	 * protected by the lock of the tree
	 */
	struct rb_node node;
	/** @provider_entry: links into the list of @provider, under its lock */
	struct list_head provider_entry;
	/** @provider: provider of the memory, with a reference */
	struct iommufd_p2p_provider *provider;
	/** @domain: domain to map the memory in */
	struct iommu_domain *domain;
	/** @map: the mapping, physically contiguous */
	struct hwmap map;
	/**
	 * @mapped: established at present; protected by the lock of @provider
	 */
	bool mapped;
};

struct iommufd_p2p_provider *p2p_provider_find(unsigned long pfn,
					       unsigned long *nr);
void p2p_provider_put(struct iommufd_p2p_provider *provider);
bool p2p_provider_owns(const struct iommufd_p2p_provider *provider,
		       unsigned long pfn, unsigned long *nr);
int p2p_provider_map(struct iommufd_p2p_provider *provider,
		     struct iommu_domain *domain, const struct hwmap *map,
		     struct rb_root *mappings);
struct p2p_mapping *p2p_provider_first(const struct rb_root *mappings,
				       const struct iommu_domain *domain,
				       const struct iova_range *range);
void p2p_provider_unmap(struct p2p_mapping *mapping, struct rb_root *mappings,
			struct hwmap_flush *flush);

#endif /* IOMMUFD_P2P_PROVIDER_H */
