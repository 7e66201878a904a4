/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory of the process that makes the calls. It is always at the same
 * addresses, so that traces do not depend on them.
 */
#ifndef COMPAT_DIFF_MEMORY_H
#define COMPAT_DIFF_MEMORY_H

#include <linux/types.h>
#include <stddef.h>

/* Addresses of buffer @n and of the mapping of a BAR of device @n */
#define BUF_BASE(n) (0x1000000000ULL + (n) * 0x10000000ULL)
#define BAR_BASE(n) (0x3000000000ULL + (n) * 0x10000000ULL)
/* Value of the bytes behind an argument */
#define MEMORY_FILL 0xa5

/** enum buf - buffers, b0 to b8 in text */
enum buf {
	/** @BUF_ANON: anonymous pages */
	BUF_ANON,
	/** @BUF_HUGE: two huge pages, if the kernel has them; not touched */
	BUF_HUGE,
	/** @BUF_RO: read-only pages */
	BUF_RO,
	/** @BUF_SHARED: shared pages of a file */
	BUF_SHARED,
	/** @BUF_NONE: pages without access */
	BUF_NONE,
	/** @BUF_HOLE: pages, the third of which is unmapped */
	BUF_HOLE,
	/** @BUF_HUGETLB: a hugetlb page */
	BUF_HUGETLB,
	/** @BUF_FREE: unmapped addresses */
	BUF_FREE,
	/** @BUF_PRIVATE: private pages of a file */
	BUF_PRIVATE,
	/** @NR_BUFS: number of buffers */
	NR_BUFS,
};

/** enum ptr - placement of the argument of a call */
enum ptr {
	/** @PTR_OK: in memory that can be read and written */
	PTR_OK,
	/** @PTR_NULL: at NULL */
	PTR_NULL,
	/** @PTR_BAD: in the first page, which is never mapped */
	PTR_BAD,
	/** @PTR_KERNEL: in the kernel's half */
	PTR_KERNEL,
	/** @PTR_RO: in read-only memory */
	PTR_RO,
	/** @PTR_CUT: with its second half unmapped */
	PTR_CUT,
	/** @PTR_END: directly before an unmapped page */
	PTR_END,
	/** @PTR_ODD: at an odd address */
	PTR_ODD,
	/** @NR_PTRS: number of placements */
	NR_PTRS,
};

void memory_init(void);
void memory_use_arena(unsigned int nr);
void *memory_bitmap(void);
void *memory_place(enum ptr ptr, const void *data, size_t size);
size_t memory_readable(enum ptr ptr, size_t size);
void memory_mark(void);
void memory_trace_changes(void);

#endif
