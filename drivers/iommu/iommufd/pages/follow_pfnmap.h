/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a process has mapped without struct pages (VM_PFNMAP): as a rule the BAR
 * of a device, to which another device is to be pointed.
 */
#ifndef IOMMUFD_FOLLOW_PFNMAP_H
#define IOMMUFD_FOLLOW_PFNMAP_H

#include <linux/types.h>

struct iommufd_p2p_provider;
struct mm_struct;

/**
 * struct pfnmap - page frames that were found
 */
struct pfnmap {
	/** @pfn: the first of them */
	unsigned long pfn;
	/** @provider: who may take them back, with a reference, or NULL */
	struct iommufd_p2p_provider *provider;
};

long follow_pfnmap_lookup(struct mm_struct *mm, unsigned long addr,
			  unsigned long nr_pages, bool write,
			  struct pfnmap *found);

#endif /* IOMMUFD_FOLLOW_PFNMAP_H */
