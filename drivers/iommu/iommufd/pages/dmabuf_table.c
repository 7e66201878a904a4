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

#include "dmabuf_table.h"

/**
 * dmabuf_table_init() - initialize an empty table
 * @table: the table
 *
 * Context: Any.
 */
void dmabuf_table_init(struct dmabuf_table *table)
{
	mutex_init(&table->lock);
	table->entries = RB_ROOT;
}

/**
 * dmabuf_table_destroy() - undo dmabuf_table_init()
 * @table: the table, which is empty
 *
 * Context: Any.
 */
void dmabuf_table_destroy(struct dmabuf_table *table)
{
	WARN_ON(!RB_EMPTY_ROOT(&table->entries));
	mutex_destroy(&table->lock);
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
 * dmabuf_table_remove() - remove a dma-buf
 * @entry: the entry; nothing happens if it was removed before
 *
 * Context: May sleep.
 */
void dmabuf_table_remove(struct dmabuf_entry *entry)
{
	guard(mutex)(&entry->table->lock);
	dmabuf_table_remove_locked(entry);
}
