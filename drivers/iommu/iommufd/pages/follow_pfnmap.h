/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Looks up memory that a process has mapped without struct pages (VM_PFNMAP),
 * usually the BAR of a device that another device is to access.
 */
#ifndef IOMMUFD_FOLLOW_PFNMAP_H
#define IOMMUFD_FOLLOW_PFNMAP_H

#include <linux/types.h>

struct iommufd_p2p_provider;
struct mm_struct;

/**
 * struct pfnmap - consecutive page frames that a process has mapped
 */
struct pfnmap {
	/** @pfn: the first page frame */
	unsigned long pfn;
	/**
	 * @provider: provider that may revoke them, with a reference, or NULL
	 */
	struct iommufd_p2p_provider *provider;
};

long follow_pfnmap_lookup(struct mm_struct *mm, unsigned long addr,
			  unsigned long nr_pages, bool write,
			  struct pfnmap *found);

#endif /* IOMMUFD_FOLLOW_PFNMAP_H */
