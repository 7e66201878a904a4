/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory that can be mapped, shared by all who map it, and the page frames of
 * those parts of it that somebody holds.
 *
 * A page is pinned and charged once, as long as one or more holds cover it. An
 * area holds what it maps while there is a domain; each pin of an access holds
 * what it pins.
 */
#ifndef IOMMUFD_PAGES_H
#define IOMMUFD_PAGES_H

#include <linux/interval_tree.h>
#include <linux/mutex.h>
#include <linux/refcount.h>

#include "backing.h"
#include "charge.h"
#include "dmabuf_track.h"
#include "lib/pfn_table.h"

struct dma_buf;
struct page;

/**
 * PAGES_MAX - what can be held, counted in pages from the beginning: 1 PiB
 *
 * It bounds the root of the table, which is there as soon as one page is held.
 */
#define PAGES_MAX BIT(50 - PAGE_SHIFT)

/** PAGES_INLINE_SIZE - bytes that a struct pages has to spare for its first user */
#define PAGES_INLINE_SIZE 192

/**
 * struct pages - memory, who pays for it, where it is
 */
struct pages {
	/** @refs: areas and requests that have it */
	refcount_t refs;
	/** @backing: the memory */
	struct backing backing;
	/**
	 * @lock: protects all below. Held while memory is pinned, while it is
	 * mapped, since that reads @table, and while it is unpinned. For memory
	 * of a device it is taken under the lock of a dma-buf, and while that
	 * memory is unmapped.
	 */
	struct mutex lock;
	/**
	 * @table: page frames, set for just those pages that @holds cover. It
	 * may be smaller than @backing, see PAGES_MAX.
	 */
	struct pfn_table table;
	/** @holds: tree of struct pages_hold */
	struct rb_root_cached holds;
	/** @track: where it is mapped; only for memory of a device */
	struct dmabuf_track track;
	/** @charge: who pays */
	struct charge charge;
	/** @next_charge: who is going to pay instead, charged too; NULL mostly */
	struct charge *next_charge;
	/** @nr_charged: pages that are charged */
	unsigned long nr_charged;
	/** @inline_taken: by whoever created the pages, before others knew them */
	bool inline_taken;
	/**
	 * @inline_data: zeroed memory for what uses the pages first, and goes with
	 * them: most are used once, and then one allocation does for both
	 */
	u64 inline_data[PAGES_INLINE_SIZE / sizeof(u64)];
};

/**
 * struct pages_hold - a range of pages that must stay
 */
struct pages_hold {
	/** @node: first and last page; links into &pages.holds */
	struct interval_tree_node node;
	/** @pins: pins of accesses that share it, 0 for that of an area */
	unsigned int pins;
};

int pages_init(void);
void pages_exit(void);

struct pages *pages_create_user(unsigned long start, unsigned long nr_pages,
				bool writable, enum charge_mode mode);
struct pages *pages_create_file(struct file *file, unsigned long start,
				unsigned long nr_pages, bool writable,
				enum charge_mode mode);
struct pages *pages_create_dmabuf(struct dma_buf *dmabuf, unsigned long start,
				  unsigned long nr_pages, bool writable,
				  enum charge_mode mode);
struct pages *pages_get(struct pages *pages);
void pages_put(struct pages *pages);
void *pages_take_inline(struct pages *pages);

int pages_hold(struct pages *pages, struct pages_hold *hold,
	       unsigned long first, unsigned long end);
void pages_release(struct pages *pages, struct pages_hold *hold);
void pages_split_hold(struct pages *pages, struct pages_hold *head,
		      unsigned long head_end, struct pages_hold *tail,
		      unsigned long tail_first);

int pages_pin(struct pages *pages, unsigned long first, unsigned long end,
	      struct page **out);
void pages_unpin(struct pages *pages, unsigned long first, unsigned long end);
int pages_phys(struct pages *pages, unsigned long offset, u64 most, u64 *bytes,
	       u64 *phys);
int pages_copy(struct pages *pages, unsigned long offset, void *data,
	       unsigned long bytes, unsigned int flags);

bool pages_can_move(const struct pages *pages);
int pages_add_next_charge(struct pages *pages);
void pages_drop_next_charge(struct pages *pages, bool pays);
int pages_move(struct pages *pages, unsigned long start);

/**
 * pages_is_inline() - is something in the room of pages?
 * @pages: the pages
 * @memory: where it is
 *
 * Context: Any.
 * Return: true where pages_take_inline() gave @memory.
 */
static inline bool pages_is_inline(const struct pages *pages,
				   const void *memory)
{
	return memory == pages->inline_data;
}

#endif /* IOMMUFD_PAGES_H */
