// SPDX-License-Identifier: GPL-2.0-only
/*
 * Finds the attachment of a dma-buf in a context. Mappings that devices may
 * write to have another one than those that they may only read, because the
 * exporter maps the memory for one direction of DMA, and because a copy must
 * not allow more than its source.
 */
#include <linux/bug.h>
#include <linux/cleanup.h>
#include <linux/lockdep.h>
#include <linux/slab.h>

#include "dmabuf_table.h"

/**
 * dmabuf_table_create() - create an empty table
 *
 * Context: May sleep.
 * Return: the table, to be released by dmabuf_table_put(), or NULL if memory is
 * short.
 */
struct dmabuf_table *dmabuf_table_create(void)
{
	struct dmabuf_table *table = kzalloc_obj(*table, GFP_KERNEL_ACCOUNT);

	if (!table)
		return NULL;
	refcount_set(&table->refs, 1);
	mutex_init(&table->lock);
	table->entries = RB_ROOT;
	return table;
}

/**
 * dmabuf_table_put() - release a table
 * @table: the table, which is empty with the last reference
 *
 * Context: Any.
 */
void dmabuf_table_put(struct dmabuf_table *table)
{
	if (!refcount_dec_and_test(&table->refs))
		return;
	WARN_ON(!RB_EMPTY_ROOT(&table->entries));
	mutex_destroy(&table->lock);
	kfree(table);
}

static unsigned long dmabuf_table_key(const struct dma_buf *dmabuf,
				      bool writable)
{
	return (unsigned long)dmabuf | writable;
}

static int dmabuf_table_compare(const void *key, const struct rb_node *node)
{
	unsigned long other = rb_entry(node, struct dmabuf_entry, node)->key;
	unsigned long own = *(const unsigned long *)key;

	return (own > other) - (own < other);
}

static bool dmabuf_table_less(struct rb_node *node, const struct rb_node *other)
{
	return dmabuf_table_compare(
		       &rb_entry(node, struct dmabuf_entry, node)->key, other) <
	       0;
}

/**
 * dmabuf_table_find() - find a dma-buf
 * @table: the table, locked
 * @dmabuf: the dma-buf
 * @writable: devices may write to the memory
 *
 * Context: Any.
 * Return: the entry, or NULL.
 */
struct dmabuf_entry *dmabuf_table_find(const struct dmabuf_table *table,
				       const struct dma_buf *dmabuf,
				       bool writable)
{
	unsigned long key = dmabuf_table_key(dmabuf, writable);
	struct rb_node *node;

	lockdep_assert_held(&table->lock);

	node = rb_find(&key, &table->entries, dmabuf_table_compare);
	return rb_entry_safe(node, struct dmabuf_entry, node);
}

/**
 * dmabuf_table_add() - add a dma-buf
 * @table: the table, locked
 * @entry: entry to initialize; the caller keeps a reference to @dmabuf until
 *	dmabuf_table_remove()
 * @dmabuf: the dma-buf, which is not in the table
 * @writable: devices may write to the memory
 *
 * Context: Any.
 */
void dmabuf_table_add(struct dmabuf_table *table, struct dmabuf_entry *entry,
		      const struct dma_buf *dmabuf, bool writable)
{
	lockdep_assert_held(&table->lock);

	refcount_inc(&table->refs);
	entry->table = table;
	entry->key = dmabuf_table_key(dmabuf, writable);
	rb_add(&entry->node, &table->entries, dmabuf_table_less);
}

/**
 * dmabuf_table_remove_locked() - remove a dma-buf, with the table locked
 * @entry: the entry; nothing happens if it was removed before
 *
 * Context: Any.
 */
void dmabuf_table_remove_locked(struct dmabuf_entry *entry)
{
	lockdep_assert_held(&entry->table->lock);

	if (RB_EMPTY_NODE(&entry->node))
		return;
	rb_erase(&entry->node, &entry->table->entries);
	RB_CLEAR_NODE(&entry->node);
}

/**
 * dmabuf_table_remove() - undo dmabuf_table_add()
 * @entry: the entry, which dmabuf_table_remove_locked() may have removed before
 *
 * Context: May sleep.
 */
void dmabuf_table_remove(struct dmabuf_entry *entry)
{
	struct dmabuf_table *table = entry->table;

	scoped_guard(mutex, &table->lock)
		dmabuf_table_remove_locked(entry);
	dmabuf_table_put(table);
}
