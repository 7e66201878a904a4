/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The memory of the process that makes the calls: at the same addresses always,
 * so that nothing in a trace depends on where it happens to be.
 */
#ifndef COMPAT_DIFF_MEMORY_H
#define COMPAT_DIFF_MEMORY_H

#include <linux/types.h>
#include <stddef.h>

/* Address of buffer @n; of what is mapped of device @n's BAR. */
#define BUF_BASE(n) (0x1000000000ULL + (n) * 0x10000000ULL)
#define BAR_BASE(n) (0x3000000000ULL + (n) * 0x10000000ULL)

/** enum buf - the buffers */
enum buf {
	/** @BUF_ANON: pages of its own */
	BUF_ANON,
	/** @BUF_HUGE: two huge pages, if the kernel gives them; not touched */
	BUF_HUGE,
	/** @BUF_RO: pages not to be written */
	BUF_RO,
	/** @BUF_SHARED: pages of a file, shared */
	BUF_SHARED,
	/** @BUF_NONE: pages not to be accessed at all */
	BUF_NONE,
	/** @BUF_HOLE: pages of which the third is missing */
	BUF_HOLE,
	/** @BUF_HUGETLB: a huge page out of the reserve */
	BUF_HUGETLB,
	/** @BUF_FREE: addresses without memory */
	BUF_FREE,
	/** @BUF_PRIVATE: pages of a file, of which writes make copies */
	BUF_PRIVATE,
	/** @NR_BUFS: how many there are */
	NR_BUFS,
};

/** enum ptr - where the argument of a call is */
enum ptr {
	/** @PTR_OK: in memory that can be read and written */
	PTR_OK,
	/** @PTR_NULL: nowhere */
	PTR_NULL,
	/** @PTR_BAD: in the first page, which is never mapped */
	PTR_BAD,
	/** @PTR_KERNEL: in the kernel's half */
	PTR_KERNEL,
	/** @PTR_RO: in memory that can only be read */
	PTR_RO,
	/** @PTR_CUT: with its second half outside of memory */
	PTR_CUT,
	/** @PTR_END: with its last byte before the end of memory */
	PTR_END,
	/** @PTR_ODD: at an odd address */
	PTR_ODD,
	/** @NR_PTRS: how many there are */
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
