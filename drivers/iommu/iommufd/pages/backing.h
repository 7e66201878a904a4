/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory of one kind that can be mapped: what it is, how to hold it, how to
 * let go of it. Each kind is a file backing_*.c with ops of its own.
 */
#ifndef IOMMUFD_BACKING_H
#define IOMMUFD_BACKING_H

#include <linux/bitops.h>
#include <linux/list.h>
#include <linux/types.h>

struct backing;
struct dma_buf_attachment;
struct file;
struct iommufd_dmabuf_range;
struct mm_struct;
struct page;
struct pfn_table;
struct sg_table;

/** BACKING_WRITE - write to the memory rather than read it */
#define BACKING_WRITE BIT(0)
/** BACKING_KTHREAD - a kernel thread without an mm may adopt one */
#define BACKING_KTHREAD BIT(1)
/** BACKING_SLOW - take the way that always works, for tests */
#define BACKING_SLOW BIT(2)
/**
 * BACKING_OWN - nothing but what a process has at the address now, whatever is
 * pinned, and for that process alone or a kernel thread that adopts it
 */
#define BACKING_OWN BIT(3)

/**
 * struct backing_ops - one kind of memory
 *
 * Ranges of pages are half-open: [first, end).
 */
struct backing_ops {
	/**
	 * @of_process: it is somebody's address space, which no other process
	 * can take over
	 */
	bool of_process;
	/**
	 * @of_device: it is no RAM but a device's, so that it is not cached, and
	 * may be taken back
	 */
	bool of_device;
	/** @of_exporter: somebody else holds it, and pays for it */
	bool of_exporter;
	/**
	 * @pin: hold all pages of a range and enter them into the table.
	 * Returns how many of them are to be charged. A failure holds nothing:
	 * -EFAULT where memory is missing or does not allow the access, -ESRCH
	 * where it went with its process, -EINTR where the current process is
	 * being killed. May sleep, takes mmap_lock.
	 */
	long (*pin)(struct backing *backing, struct pfn_table *table,
		    unsigned long first, unsigned long end);
	/**
	 * @unpin: let go of all pages of a range that the table has, and take
	 * them out of it. No device reaches them any more. Returns how many
	 * pages there were that were charged. May sleep.
	 */
	unsigned long (*unpin)(const struct backing *backing,
			       struct pfn_table *table, unsigned long first,
			       unsigned long end);
	/**
	 * @copy: read or write bytes of pages that are not pinned, @flags being
	 * some of BACKING_WRITE and so on. NULL where the CPU cannot. Returns 0
	 * or -EFAULT, -ESRCH where the memory went with its process, or another
	 * negative errno, and then part may be done. May sleep, takes mmap_lock.
	 */
	int (*copy)(const struct backing *backing, unsigned long offset,
		    void *data, unsigned long bytes, unsigned int flags);
	/** @release: drop what the backing refers to; nothing is pinned */
	void (*release)(struct backing *backing);
};

/**
 * struct backing_pfnmap - what is in the table without being pinned, as it is no RAM
 */
struct backing_pfnmap {
	/** @providers: list of who may take some of it back, newest first */
	struct list_head providers;
	/**
	 * @mappings: list of struct p2p_mapping, where that is mapped; those that were
	 * mapped in one go follow each other, in order of IOVA
	 */
	struct list_head mappings;
	/** @pages: bit for each page of the backing */
	unsigned long pages[];
};

/**
 * struct backing - some memory of one kind, contiguous as its owner sees it
 */
struct backing {
	/** @ops: its kind */
	const struct backing_ops *ops;
	union {
		/** @mm: whose memory it is, a reference to the structure */
		struct mm_struct *mm;
		/** @file: what it is the content of, with a reference */
		struct file *file;
		/** @dmabuf: what is known of a dma-buf */
		struct {
			/** @dmabuf.attach: with a reference to the dma-buf */
			struct dma_buf_attachment *attach;
			/** @dmabuf.ranges: where it is, the exporter's */
			const struct iommufd_dmabuf_range *ranges;
			/** @dmabuf.nr_ranges: how many */
			unsigned int nr_ranges;
			/** @dmabuf.revoke: see backing_dmabuf_init() */
			void (*revoke)(struct backing *backing);
		} dmabuf;
		/** @import: RAM that is known by a dma-buf */
		struct {
			/** @import.attach: with a reference to the dma-buf */
			struct dma_buf_attachment *attach;
			/** @import.sgt: where it is */
			struct sg_table *sgt;
		} import;
	};
	/** @start: address or offset of page 0, a multiple of PAGE_SIZE */
	unsigned long start;
	/** @nr_pages: size, at least 1 */
	unsigned long nr_pages;
	/** @writable: devices may write to it */
	bool writable;
	/** @raw: which pages are no RAM; NULL where there never were any */
	struct backing_pfnmap *raw;
};

/**
 * backing_is_pfnmap() - is a page no RAM?
 * @backing: the memory
 * @index: page, in the table
 *
 * Context: Any.
 * Return: true where the CPU must not look for a struct page.
 */
static inline bool backing_is_pfnmap(const struct backing *backing,
				     unsigned long index)
{
	return backing->raw && test_bit(index, backing->raw->pages);
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
