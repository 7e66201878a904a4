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
struct iommufd_lender;

/**
 * struct loan - one place where lent memory is mapped, or will be
 */
struct loan {
	/** @entry: in the list of who borrowed, who protects it */
	struct list_head entry;
	/** @lent: in the list of @lender, protected by its lock */
	struct list_head lent;
	/** @lender: whose it is, with a reference */
	struct iommufd_lender *lender;
	/** @domain: where to map */
	struct iommu_domain *domain;
	/** @map: what to map, in a row in physical memory */
	struct hwmap map;
	/** @mapped: it is mapped now; protected by the lock of @lender */
	bool mapped;
};

struct iommufd_lender *lender_find(unsigned long pfn, unsigned long *nr);
void lender_put(struct iommufd_lender *lender);
bool lender_owns(const struct iommufd_lender *lender, unsigned long pfn,
		 unsigned long *nr);
int lender_borrow(struct iommufd_lender *lender, struct iommu_domain *domain,
		  const struct hwmap *map, struct list_head *loans);
void lender_return(struct loan *loan, struct hwmap_flush *flush);

#endif /* IOMMUFD_P2P_PROVIDER_H */
