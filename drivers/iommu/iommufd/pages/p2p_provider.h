/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory of a device that its driver takes back whenever the device does not
 * answer, and lends again, while it stays mapped as user space sees it.
 *
 * The driver calls with its own lock held, under which it lets processes map
 * that memory (mmap_lock, then the driver's). So nothing that takes mmap_lock
 * may be waited for: what is needed to unmap and to map again is kept here, under
 * a lock that nests inside of all these.
 */
#ifndef IOMMUFD_P2P_PROVIDER_H
#define IOMMUFD_P2P_PROVIDER_H

#include <linux/list.h>
#include <linux/types.h>

#include "domain/hwmap.h"

struct iommu_domain;
struct iommufd_p2p_provider;

/**
 * struct p2p_mapping - one place where provided memory is mapped, or will be
 */
struct p2p_mapping {
	/** @entry: in the list of who borrowed, who protects it */
	struct list_head entry;
	/** @provider_entry: in the list of @provider, protected by its lock */
	struct list_head provider_entry;
	/** @provider: whose it is, with a reference */
	struct iommufd_p2p_provider *provider;
	/** @domain: where to map */
	struct iommu_domain *domain;
	/** @map: what to map, in a row in physical memory */
	struct hwmap map;
	/** @mapped: it is mapped now; protected by the lock of @provider */
	bool mapped;
};

struct iommufd_p2p_provider *p2p_provider_find(unsigned long pfn,
					       unsigned long *nr);
void p2p_provider_put(struct iommufd_p2p_provider *provider);
bool p2p_provider_owns(const struct iommufd_p2p_provider *provider,
		       unsigned long pfn, unsigned long *nr);
int p2p_provider_map(struct iommufd_p2p_provider *provider,
		     struct iommu_domain *domain, const struct hwmap *map,
		     struct list_head *mappings);
void p2p_provider_unmap(struct p2p_mapping *mapping, struct hwmap_flush *flush);

#endif /* IOMMUFD_P2P_PROVIDER_H */
