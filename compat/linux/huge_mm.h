/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Up to 6.16, functions that insert huge PFN mappings take a pfn_t. Its flags
 * only matter for memory with struct pages.
 */
#ifndef _COMPAT_LINUX_HUGE_MM_H
#define _COMPAT_LINUX_HUGE_MM_H

#include_next <linux/huge_mm.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 17, 0)
#define vmf_insert_pfn_pmd(vmf, pfn, write) \
	vmf_insert_pfn_pmd(vmf, (pfn_t){ .val = (pfn) }, write)
#define vmf_insert_pfn_pud(vmf, pfn, write) \
	vmf_insert_pfn_pud(vmf, (pfn_t){ .val = (pfn) }, write)
#endif

#endif /* _COMPAT_LINUX_HUGE_MM_H */
