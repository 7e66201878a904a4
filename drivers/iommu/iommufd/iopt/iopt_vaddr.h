/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mapped memory whose address in its process changes, or that another process
 * takes over, while devices go on with it.
 *
 * First the address is forgotten: what is pinned and mapped stays, but nothing
 * new may be pinned. Then the process that has the memory now tells where.
 *
 * All of these are for who keeps others from mapping and unmapping meanwhile.
 */
#ifndef IOMMUFD_IOPT_VADDR_H
#define IOMMUFD_IOPT_VADDR_H

#include <linux/types.h>

struct iopt;
struct iova_range;

bool iopt_vaddr_invalidated(struct iopt *iopt);
int iopt_invalidate_vaddr(struct iopt *iopt, const struct iova_range *range,
			  u64 *bytes);
int iopt_restore_vaddr(struct iopt *iopt, const struct iova_range *range,
		       unsigned long vaddr);

#endif /* IOMMUFD_IOPT_VADDR_H */
