/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a process has mapped without struct pages (VM_PFNMAP): as a rule the BAR
 * of a device, to which another device is to be pointed.
 */
#ifndef IOMMUFD_PFNMAP_H
#define IOMMUFD_PFNMAP_H

#include <linux/types.h>

struct mm_struct;

long pfnmap_look_up(struct mm_struct *mm, unsigned long addr,
		    unsigned long nr_pages, bool write, unsigned long *pfn);

#endif /* IOMMUFD_PFNMAP_H */
