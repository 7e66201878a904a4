/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The dma-bufs that are attached for one context, so that all mappings of a
 * dma-buf can share one attachment.
 */
#ifndef IOMMUFD_DMABUF_TABLE_H
#define IOMMUFD_DMABUF_TABLE_H

#include <linux/mutex.h>
#include <linux/rbtree.h>
#include <linux/refcount.h>
#include <linux/types.h>

struct dma_buf;

/**
 * struct dmabuf_table - the attached dma-bufs of a context
 */
struct dmabuf_table {
	/** @refs: one of the context and one of each entry */
	refcount_t refs;
	/**
	 * @lock: protects @entries. Held while a dma-buf is attached, so
	 * that it is attached once.
	 */
	struct mutex lock;
	/** @entries: tree of struct dmabuf_entry, by key */
	struct rb_root entries;
};

/**
 * struct dmabuf_entry - an attached dma-buf
 */
struct dmabuf_entry {
	/** @node: links into &dmabuf_table.entries, empty once it is removed */
	struct rb_node node;
	/** @table: the table, with a reference */
	struct dmabuf_table *table;
	/** @key: address of the dma-buf, and whether devices may write to it */
	unsigned long key;
};

struct dmabuf_table *dmabuf_table_create(void);
void dmabuf_table_put(struct dmabuf_table *table);
struct dmabuf_entry *dmabuf_table_find(const struct dmabuf_table *table,
				       const struct dma_buf *dmabuf,
				       bool writable);
void dmabuf_table_add(struct dmabuf_table *table, struct dmabuf_entry *entry,
		      const struct dma_buf *dmabuf, bool writable);
void dmabuf_table_remove_locked(struct dmabuf_entry *entry);
void dmabuf_table_remove(struct dmabuf_entry *entry);

#endif /* IOMMUFD_DMABUF_TABLE_H */
