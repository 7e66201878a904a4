/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory that can be mapped, shared by all areas that map it, and the page
 * frames of those parts of it that are held.
 *
 * A page is pinned and charged once, as long as at least one hold covers it. An
 * area holds the range it maps while there is a domain; each pin of an access
 * holds the range it pins.
 */
#ifndef IOMMUFD_PAGES_H
#define IOMMUFD_PAGES_H

#include <linux/interval_tree.h>
#include <linux/mutex.h>
#include <linux/rbtree.h>
#include <linux/refcount.h>

#include "backing.h"
#include "charge.h"
#include "dmabuf_track.h"
#include "lib/pfn_table.h"

struct dma_buf;
struct dmabuf_table;
struct page;

/**
 * PAGES_MAX - maximum number of pages that can be held, from page 0: 1 PiB
 *
 * It bounds the root of the table, which is allocated as soon as one page is
 * held.
 */
#define PAGES_MAX BIT(50 - PAGE_SHIFT)

/** PAGES_INLINE_SIZE - bytes in a struct pages that its first user may take */
#define PAGES_INLINE_SIZE 168

/**
 * struct pages - memory, its account and its page frames
 */
struct pages {
	/** @refs: references of areas and requests */
	refcount_t refs;
	/** @backing: the memory */
	struct backing backing;
	/**
	 * @lock: protects all members below. Held while memory is pinned, while
	 * it is unpinned, and while it is mapped, because that reads @table.
	 * For memory of a device it is taken under the reservation lock of the
	 * dma-buf, and also held while that memory is unmapped.
	 */
	struct mutex lock;
	/**
	 * @table: page frames of exactly those pages that @holds cover. It may
	 * be smaller than @backing, see PAGES_MAX.
	 */
	struct pfn_table table;
	/** @holds: tree of struct pages_hold */
	struct rb_root_cached holds;
	/** @pins: tree of struct pages_pinned, by first and last page */
	struct rb_root pins;
	/** @track: mappings of the memory; only for memory of a device */
	struct dmabuf_track track;
	/** @charge: account of the memory */
	struct charge charge;
	/**
	 * @next_charge: account that replaces @charge soon, charged too, or
	 * NULL
	 */
	struct charge *next_charge;
	/**
	 * @nr_charged: number of pages that are charged. For RAM of a dma-buf
	 * that is its size, as long as the pages exist.
	 */
	unsigned long nr_charged;
	/**
	 * @inline_taken: @inline_data is used; set before the pages are shared
	 */
	bool inline_taken;
	/**
	 * @inline_data: zeroed memory for the first user of the pages, freed
	 * with them: most pages have one user, which then needs no allocation.
	 * A map or unmap of one page takes 5 % fewer instructions.
	 */
	u64 inline_data[PAGES_INLINE_SIZE / sizeof(u64)];
};

/**
 * struct pages_source - memory to create pages of
 *
 * It is that of @file, of @dmabuf or, with neither, of the current process.
 */
struct pages_source {
	/** @file: file of shared memory or of huge pages */
	struct file *file;
	/** @dmabuf: dma-buf */
	struct dma_buf *dmabuf;
	/** @dmabufs: table of the context; only for a dma-buf */
	struct dmabuf_table *dmabufs;
	/** @start: address or offset, a multiple of PAGE_SIZE */
	unsigned long start;
	/** @nr_pages: size in pages, at least 1 */
	unsigned long nr_pages;
	/** @writable: devices may write to the memory */
	bool writable;
	/**
	 * @no_userfault: fail with -EFAULT, rather than wait, if user space has
	 * to provide the memory (userfaultfd)
	 */
	bool no_userfault;
	/**
	 * @uncharged: do not charge the memory control group for the pages and
	 * their first area, because the caller limits the number of mappings
	 */
	bool uncharged;
	/** @stats: what is observed of the context; outlives the pages */
	struct iommufd_stats *stats;
	/** @any_pfnmap: see &backing.any_pfnmap; only for a process */
	bool any_pfnmap;
	/** @charge: how to charge the current process */
	enum charge_mode charge;
};

/**
 * struct pages_hold - a range of pages that has to stay pinned
 */
struct pages_hold {
	/** @node: first and last page; links into &pages.holds */
	struct interval_tree_node node;
};

int pages_init(void);
void pages_exit(void);

struct pages *pages_create(const struct pages_source *source);
struct pages *pages_get(struct pages *pages);
void pages_put(struct pages *pages);
void *pages_take_inline(struct pages *pages);

int pages_hold(struct pages *pages, struct pages_hold *hold,
	       unsigned long first, unsigned long end, bool present);
void pages_release(struct pages *pages, struct pages_hold *hold);
void pages_split_hold(struct pages *pages, struct pages_hold *head,
		      unsigned long head_end, struct pages_hold *tail,
		      unsigned long tail_first);

int pages_pin(struct pages *pages, unsigned long first, unsigned long end,
	      struct page **out);
void pages_unpin(struct pages *pages, unsigned long first, unsigned long end);
int pages_phys(struct pages *pages, unsigned long offset, u64 max, u64 *bytes,
	       u64 *phys);
int pages_copy(struct pages *pages, unsigned long offset, void *data,
	       unsigned long bytes, unsigned int flags);

bool pages_can_move(const struct pages *pages);
int pages_add_next_charge(struct pages *pages);
void pages_drop_next_charge(struct pages *pages, bool use_next);
int pages_move(struct pages *pages, unsigned long start);

/**
 * pages_is_inline() - test if memory is that of pages_take_inline()
 * @pages: the pages
 * @memory: address of the memory
 *
 * Context: Any.
 * Return: true if pages_take_inline() has returned @memory for @pages.
 */
static inline bool pages_is_inline(const struct pages *pages,
				   const void *memory)
{
	return memory == pages->inline_data;
}

#endif /* IOMMUFD_PAGES_H */
