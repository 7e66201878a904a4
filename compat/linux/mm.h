/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * folio_add_pins() is new in 6.17. Callers have pinned the folio already, so it
 * is not the zero page.
 *
 * From 6.15 on, struct follow_pfnmap_args reports the size of the mapping,
 * within which page frames are consecutive.
 */
#ifndef _COMPAT_LINUX_MM_H
#define _COMPAT_LINUX_MM_H

#include_next <linux/mm.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 17, 0)
#include <linux/vmstat.h>

static inline int compat_folio_add_pins(struct folio *folio, unsigned int pins)
{
	if (folio_test_large(folio)) {
		folio_ref_add(folio, pins);
		atomic_add(pins, &folio->_pincount);
	} else {
		folio_ref_add(folio, pins * GUP_PIN_COUNTING_BIAS);
	}
	mod_node_page_state(folio_pgdat(folio), NR_FOLL_PIN_ACQUIRED, pins);
	return 0;
}

#define folio_add_pins compat_folio_add_pins
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 15, 0)
#define compat_follow_pfnmap_mask(args) ((void)(args), PAGE_MASK)
#else
#define compat_follow_pfnmap_mask(args) ((args)->addr_mask)
#endif

#endif /* _COMPAT_LINUX_MM_H */
