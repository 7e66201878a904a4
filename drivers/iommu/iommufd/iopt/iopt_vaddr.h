/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Changing the virtual address of mapped memory, or the process that has it,
 * while devices keep using it.
 *
 * First the address is invalidated: memory that is pinned and mapped stays so,
 * but no more may be pinned. Then the process that has the memory now provides
 * the new address.
 *
 * The caller of any of these functions excludes mapping and unmapping.
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
