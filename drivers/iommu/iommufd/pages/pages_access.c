// SPDX-License-Identifier: GPL-2.0-only
/*
 * Access to pages by the CPU: pin them, copy to and from them, look up their
 * physical addresses.
 */
#include <linux/bitops.h>
#include <linux/bug.h>
#include <linux/cleanup.h>
#include <linux/lockdep.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/rbtree.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "pages.h"
#include "pages_hold.h"

/**
 * struct pages_pinned - a range of pages that accesses have pinned
 */
struct pages_pinned {
	/** @node: links into &pages.pins */
	struct rb_node node;
	/** @hold: keeps the pages pinned */
	struct pages_hold hold;
	/** @count: number of pins of exactly this range */
	unsigned int count;
};

static int pages_pin_cmp(const void *key, const struct rb_node *node)
{
	const struct interval_tree_node *a = key;
	const struct interval_tree_node *b =
		&rb_entry(node, struct pages_pinned, node)->hold.node;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	if (a->last != b->last)
		return a->last < b->last ? -1 : 1;
	return 0;
}

static bool pages_pin_less(struct rb_node *node, const struct rb_node *parent)
{
	return pages_pin_cmp(
		       &rb_entry(node, struct pages_pinned, node)->hold.node,
		       parent) < 0;
}

static struct pages_pinned *
pages_find_pin(struct pages *pages, unsigned long first, unsigned long last)
{
	const struct interval_tree_node key = { .start = first, .last = last };

	lockdep_assert_held(&pages->lock);

	return rb_entry_safe(rb_find(&key, &pages->pins, pages_pin_cmp),
			     struct pages_pinned, node);
}

static int pages_pin_locked(struct pages *pages, unsigned long first,
			    unsigned long end)
{
	struct pages_pinned *pin = pages_find_pin(pages, first, end - 1);
	int ret;

	if (!pin) {
		pin = kzalloc_obj(*pin, GFP_KERNEL_ACCOUNT);
		if (!pin)
			return -ENOMEM;
		ret = pages_hold_locked(pages, &pin->hold, first, end);
		if (ret) {
			kfree(pin);
			return ret;
		}
		rb_add(&pin->node, &pages->pins, pages_pin_less);
	}
	pin->count++;
	return 0;
}

static void pages_unpin_locked(struct pages *pages, unsigned long first,
			       unsigned long end)
{
	struct pages_pinned *pin = pages_find_pin(pages, first, end - 1);

	if (WARN_ON(!pin) || --pin->count)
		return;
	rb_erase(&pin->node, &pages->pins);
	pages_release_locked(pages, &pin->hold);
	kfree(pin);
}

static bool pages_any_pfnmap(const struct backing *backing, unsigned long first,
			     unsigned long end)
{
	return backing->pfnmap &&
	       find_next_bit(backing->pfnmap->pages, end, first) < end;
}

static void pages_list(const struct pages *pages, unsigned long first,
		       unsigned long end, struct page **out)
{
	struct pfn_run run;
	unsigned long i;

	pfn_table_for_each_run(&pages->table, run, first, end) {
		for (i = 0; i < run.nr; i++)
			*out++ = pfn_to_page(run.pfn + i);
	}
}

/**
 * pages_pin() - hold a range of pages for the CPU
 * @pages: the pages
 * @first: first page
 * @end: page after the last one
 * @out: set to the struct pages of the range
 *
 * Context: May sleep. Takes mmap_lock of the process of the memory and of the
 * charged process.
 * Return: 0, -EINVAL if the CPU cannot access the memory, -ESRCH if its process
 * has exited, or as pages_hold().
 */
int pages_pin(struct pages *pages, unsigned long first, unsigned long end,
	      struct page **out)
{
	int ret;

	if (!pages->backing.ops->copy)
		return -EINVAL;
	if (mutex_lock_killable(&pages->lock))
		return -EINTR;
	ret = pages_pin_locked(pages, first, end);
	if (!ret && pages_any_pfnmap(&pages->backing, first, end)) {
		pages_unpin_locked(pages, first, end);
		ret = -EINVAL;
	}
	if (!ret)
		pages_list(pages, first, end, out);
	mutex_unlock(&pages->lock);
	return pages_limit_error(pages, ret, true);
}

/**
 * pages_unpin() - undo pages_pin()
 * @pages: the pages
 * @first: first page, as given to pages_pin()
 * @end: page after the last one, as given to pages_pin()
 *
 * Context: May sleep. Takes mmap_lock of the charged process.
 */
void pages_unpin(struct pages *pages, unsigned long first, unsigned long end)
{
	guard(mutex)(&pages->lock);
	pages_unpin_locked(pages, first, end);
}

/* Copies from one pinned page, or all bytes up to the next one */
static int pages_copy_part(struct pages *pages, unsigned long offset,
			   void *data, unsigned long *bytes, unsigned int flags)
{
	unsigned long index = offset >> PAGE_SHIFT;
	unsigned long end = ((offset + *bytes - 1) >> PAGE_SHIFT) + 1;
	struct backing *backing = &pages->backing;
	struct pfn_run run;

	if (flags & BACKING_OWN ||
	    !pfn_table_next_run(&pages->table, index, end, &run))
		return backing->ops->copy(backing, offset, data, *bytes, flags);
	if (run.index > index) {
		*bytes = run.index * PAGE_SIZE - offset;
		return backing->ops->copy(backing, offset, data, *bytes, flags);
	}
	*bytes = min(*bytes, PAGE_SIZE - offset_in_page(offset));
	if (backing_is_pfnmap(backing, index))
		return backing->ops->copy(backing, offset, data, *bytes, flags);
	backing_copy_page(pfn_to_page(run.pfn), offset_in_page(offset), data,
			  *bytes, flags & BACKING_WRITE);
	return 0;
}

/**
 * pages_copy() - read or write memory by the CPU
 * @pages: the pages
 * @offset: offset in @pages, in bytes
 * @data: buffer of the caller
 * @bytes: number of bytes
 * @flags: BACKING_*
 *
 * Needs no pin. Without BACKING_OWN, pages that are pinned are accessed as
 * devices access them.
 *
 * Context: May sleep. Takes mmap_lock of the process of the memory.
 * Return: 0, -EINVAL if the CPU cannot access the memory, -EPERM if it is not
 * writable, or with part of the bytes possibly copied: -EFAULT if memory is
 * missing, -ESRCH if its process has exited, -EINTR if the current process is
 * being killed.
 */
int pages_copy(struct pages *pages, unsigned long offset, void *data,
	       unsigned long bytes, unsigned int flags)
{
	unsigned long part;
	int ret = 0;

	if (!pages->backing.ops->copy)
		return -EINVAL;
	if (flags & BACKING_WRITE && !pages->backing.writable)
		return -EPERM;
	if (mutex_lock_killable(&pages->lock))
		return -EINTR;
	for (; bytes && !ret; bytes -= part) {
		part = bytes;
		ret = pages_copy_part(pages, offset, data, &part, flags);
		offset += part;
		data += part;
		cond_resched();
	}
	mutex_unlock(&pages->lock);
	return ret;
}

static void pages_find_phys(const struct pages *pages, unsigned long offset,
			    u64 max, u64 *bytes, u64 *phys)
{
	unsigned long index = offset >> PAGE_SHIFT;
	unsigned long end = ((offset + max - 1) >> PAGE_SHIFT) + 1;
	unsigned long start = 0;
	struct pfn_run run;
	u64 nr = 0;

	lockdep_assert_held(&pages->lock);

	pfn_table_for_each_run(&pages->table, run, index, end) {
		if (!nr)
			start = run.pfn;
		if (run.pfn != start + nr || run.index != index + nr)
			break;
		nr += run.nr;
		cond_resched();
	}
	*phys = PFN_PHYS(start) + offset_in_page(offset);
	*bytes = min(max, nr * PAGE_SIZE - offset_in_page(offset));
}

/**
 * pages_phys() - look up the physical address of memory
 * @pages: the pages
 * @offset: offset in @pages, in bytes; that page is held
 * @max: maximum number of bytes to look up, at least 1, not past the end
 * @bytes: set to the number of bytes that are physically contiguous
 * @phys: set to the physical address
 *
 * Context: May sleep.
 * Return: 0, -EINVAL if the memory was revoked, -EINTR if the current process
 * is being killed.
 */
int pages_phys(struct pages *pages, unsigned long offset, u64 max, u64 *bytes,
	       u64 *phys)
{
	int ret = -EINVAL;

	if (mutex_lock_killable(&pages->lock))
		return -EINTR;
	if (!pages->track.revoked) {
		pages_find_phys(pages, offset, max, bytes, phys);
		ret = 0;
	}
	mutex_unlock(&pages->lock);
	return ret;
}
