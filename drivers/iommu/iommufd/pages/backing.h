/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory of one kind that can be mapped, and the operations to pin, unpin and
 * copy it. Each kind is a file backing_*.c with ops of its own.
 */
#ifndef IOMMUFD_BACKING_H
#define IOMMUFD_BACKING_H

#include <linux/bitops.h>
#include <linux/list.h>
#include <linux/rbtree.h>
#include <linux/types.h>

#include "dmabuf_table.h"

struct backing;
struct dma_buf_attachment;
struct file;
struct iommufd_dmabuf_range;
struct iommufd_stats;
struct mm_struct;
struct page;
struct pfn_table;
struct sg_table;

/** BACKING_WRITE - write to the memory rather than read it */
#define BACKING_WRITE BIT(0)
/** BACKING_KTHREAD - a kernel thread without an mm may adopt one */
#define BACKING_KTHREAD BIT(1)
/** BACKING_SLOW - take the path that works for every caller, for tests */
#define BACKING_SLOW BIT(2)
/**
 * BACKING_OWN - copy only what the process has at the address now, even if
 * other pages are pinned, and only on behalf of that process or of a kernel
 * thread that adopts its mm
 */
#define BACKING_OWN BIT(3)

/**
 * struct backing_ops - one kind of memory
 *
 * Ranges of pages are half-open: [first, end).
 */
struct backing_ops {
	/**
	 * @of_process: the memory is part of an address space, which no other
	 * process can take over
	 */
	bool of_process;
	/**
	 * @of_device: the memory is a device's, not RAM; it is not cached, and
	 * its driver may revoke it
	 */
	bool of_device;
	/**
	 * @of_exporter: an exporter keeps all of the memory in place, so its
	 * pages are not pinned and charged one by one
	 */
	bool of_exporter;
	/**
	 * @pin: pin all pages of a range and enter them into the table. Returns
	 * the number of pages to charge, or a negative errno with nothing
	 * pinned: -EFAULT if memory is missing or does not allow the access,
	 * -ESRCH if its process has exited, -EINTR if the current process is
	 * being killed. May sleep, takes mmap_lock.
	 */
	long (*pin)(struct backing *backing, struct pfn_table *table,
		    unsigned long first, unsigned long end);
	/**
	 * @unpin: unpin all pages of a range that are in the table, and remove
	 * them from it. No device can access them any more. Returns how many of
	 * them were charged. May sleep.
	 */
	unsigned long (*unpin)(const struct backing *backing,
			       struct pfn_table *table, unsigned long first,
			       unsigned long end);
	/**
	 * @copy: read or write bytes of pages that are not pinned; @flags are
	 * BACKING_*. NULL if the CPU cannot access the memory. Returns 0,
	 * -EFAULT, -ESRCH if the process of the memory has exited, or another
	 * negative errno; on error part of the bytes may have been copied. May
	 * sleep, takes mmap_lock.
	 */
	int (*copy)(const struct backing *backing, unsigned long offset,
		    void *data, unsigned long bytes, unsigned int flags);
	/** @release: drop the references of the backing; nothing is pinned */
	void (*release)(struct backing *backing);
};

/**
 * struct backing_pfnmap - pages that are in the table but not pinned, because
 * they are not RAM
 */
struct backing_pfnmap {
	/** @providers: list of struct backing_provider, newest first */
	struct list_head providers;
	/**
	 * @mappings: tree of struct p2p_mapping, one for each piece that is
	 * mapped
	 */
	struct rb_root mappings;
	/** @pages: a bit for each page of the backing, set if it is not RAM */
	unsigned long pages[];
};

/**
 * struct backing_dmabuf - a dma-buf that is attached
 */
struct backing_dmabuf {
	/** @entry: in the table of the context */
	struct dmabuf_entry entry;
	/** @backing: the memory */
	struct backing *backing;
	/** @attach: with a reference to the dma-buf */
	struct dma_buf_attachment *attach;
	/** @sgt: DMA addresses; only for RAM */
	struct sg_table *sgt;
	/** @ranges: physical ranges, owned by the exporter; not for RAM */
	const struct iommufd_dmabuf_range *ranges;
	/** @nr_ranges: number of @ranges */
	unsigned int nr_ranges;
	/** @revoke: see backing_dmabuf_init() */
	void (*revoke)(struct backing *backing);
};

/**
 * struct backing - memory of one kind, contiguous in its own numbering
 */
struct backing {
	/** @ops: operations of its kind */
	const struct backing_ops *ops;
	union {
		/**
		 * @mm: address space of a process, with a reference of mmgrab()
		 */
		struct mm_struct *mm;
		/** @file: file that has the memory, with a reference */
		struct file *file;
		/** @dmabuf: attachment to the dma-buf that has the memory */
		struct backing_dmabuf *dmabuf;
	};
	/** @start: address or offset of page 0, a multiple of PAGE_SIZE */
	unsigned long start;
	/** @nr_pages: size in pages, at least 1 */
	unsigned long nr_pages;
	/** @stats: what is observed of the context; not for a dma-buf */
	struct iommufd_stats *stats;
	/** @writable: devices may write to the memory */
	bool writable;
	/** @no_userfault: see &pages_source.no_userfault */
	bool no_userfault;
	/**
	 * @present: the pin op fails with -EAGAIN instead of faulting memory of
	 * a process in; protected as the table is
	 */
	bool present;
	/**
	 * @any_pfnmap: VM_PFNMAP memory of a process need not have a provider,
	 * so devices can access it even if its driver uses it for something
	 * else
	 */
	bool any_pfnmap;
	/**
	 * @pfnmap: the pages that are not RAM; NULL if there have never been
	 * any
	 */
	struct backing_pfnmap *pfnmap;
};

/**
 * backing_is_pfnmap() - test if a page is not RAM
 * @backing: the memory
 * @index: page, in the table
 *
 * Context: Any.
 * Return: true if the page may have no struct page.
 */
static inline bool backing_is_pfnmap(const struct backing *backing,
				     unsigned long index)
{
	return backing->pfnmap && test_bit(index, backing->pfnmap->pages);
}

int backing_enter(const struct backing *backing, struct pfn_table *table,
		  unsigned long offset, phys_addr_t start, unsigned long length,
		  unsigned long first, unsigned long end);
unsigned long backing_unpin_pages(const struct backing *backing,
				  struct pfn_table *table, unsigned long first,
				  unsigned long end);
void backing_copy_page(struct page *page, unsigned long offset, void *data,
		       unsigned long bytes, bool write);

#endif /* IOMMUFD_BACKING_H */
