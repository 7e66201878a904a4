// SPDX-License-Identifier: GPL-2.0-only
/*
 * Creates and frees pages, pins what is held of them and charges for it, gives
 * the CPU access to them, and moves them from one account to another.
 */
#include <linux/bug.h>
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/indirect_call_wrapper.h>
#include <linux/init.h>
#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "backing_dmabuf.h"
#include "backing_file.h"
#include "backing_user.h"
#include "pages.h"

static struct kmem_cache *pages_cache;

/**
 * pages_init() - create the cache of struct pages
 *
 * Context: May sleep.
 * Return: 0 or -ENOMEM.
 */
int __init pages_init(void)
{
	pages_cache = kmem_cache_create("iommufd_pages", sizeof(struct pages),
					0, SLAB_ACCOUNT, NULL);
	return pages_cache ? 0 : -ENOMEM;
}

/**
 * pages_exit() - undo pages_init()
 *
 * Context: May sleep. There are no pages.
 */
void pages_exit(void)
{
	kmem_cache_destroy(pages_cache);
}

static struct pages *pages_alloc(unsigned long start, unsigned long nr_pages)
{
	struct pages *pages;
	int ret;

	pages = kmem_cache_zalloc(pages_cache, GFP_KERNEL);
	if (!pages)
		return ERR_PTR(-ENOMEM);
	ret = pfn_table_init(&pages->table, min(nr_pages, PAGES_MAX),
			     start >> PAGE_SHIFT);
	if (ret) {
		kmem_cache_free(pages_cache, pages);
		return ERR_PTR(ret);
	}
	refcount_set(&pages->refs, 1);
	mutex_init(&pages->lock);
	pages->holds = RB_ROOT_CACHED;
	dmabuf_track_init(&pages->track);
	return pages;
}

static void pages_free(struct pages *pages)
{
	pfn_table_destroy(&pages->table);
	mutex_destroy(&pages->lock);
	kmem_cache_free(pages_cache, pages);
}

/**
 * pages_create_user() - create pages of memory of the current process
 * @start: address, a multiple of PAGE_SIZE
 * @nr_pages: size in pages, at least 1
 * @writable: devices may write to the memory
 * @mode: how to charge the current process
 *
 * Context: May sleep. The current task has an mm.
 * Return: the pages, dropped by pages_put(), ERR_PTR(-ENOMEM), or
 * ERR_PTR(-EINVAL) for an impossible size.
 */
struct pages *pages_create_user(unsigned long start, unsigned long nr_pages,
				bool writable, enum charge_mode mode)
{
	/* memory of a process has no pages beyond this */
	unsigned long max = TASK_SIZE_MAX >> PAGE_SHIFT;
	struct pages *pages = pages_alloc(start, min(nr_pages, max));

	if (IS_ERR(pages))
		return pages;
	backing_user_init(&pages->backing, start, nr_pages, writable);
	charge_init(&pages->charge, mode);
	return pages;
}

/**
 * pages_create_file() - create pages of memory of a file
 * @file: file of shared memory or of huge pages
 * @start: offset in @file, a multiple of PAGE_SIZE
 * @nr_pages: size in pages, at least 1
 * @writable: devices may write to the memory
 * @mode: how to charge the current process
 *
 * Context: May sleep. The current task has an mm.
 * Return: as pages_create_user(), or an error of backing_file_init().
 */
struct pages *pages_create_file(struct file *file, unsigned long start,
				unsigned long nr_pages, bool writable,
				enum charge_mode mode)
{
	struct pages *pages = pages_alloc(start, nr_pages);
	int ret;

	if (IS_ERR(pages))
		return pages;
	ret = backing_file_init(&pages->backing, file, start, nr_pages,
				writable);
	if (ret) {
		pages_free(pages);
		return ERR_PTR(ret);
	}
	charge_init(&pages->charge, mode);
	return pages;
}

static void pages_revoke(struct backing *backing)
{
	struct pages *pages = container_of(backing, struct pages, backing);

	guard(mutex)(&pages->lock);
	dmabuf_track_revoke(&pages->track);
}

/**
 * pages_create_dmabuf() - create pages of the memory of a dma-buf
 * @dmabuf: the dma-buf
 * @start: offset in @dmabuf, a multiple of PAGE_SIZE
 * @nr_pages: size in pages, at least 1
 * @writable: devices may write to the memory
 * @mode: unused, because nothing is charged
 *
 * Context: May sleep. The current task has an mm. Takes the reservation lock of
 * @dmabuf.
 * Return: as pages_create_user(), or an error of backing_dmabuf_init().
 */
struct pages *pages_create_dmabuf(struct dma_buf *dmabuf, unsigned long start,
				  unsigned long nr_pages, bool writable,
				  enum charge_mode mode)
{
	/*
	 * taken under mmap_lock, which is taken under the lock of other pages
	 */
	static struct lock_class_key key;
	struct pages *pages = pages_alloc(start, nr_pages);
	int ret;

	if (IS_ERR(pages))
		return pages;
	lockdep_set_class(&pages->lock, &key);
	ret = backing_dmabuf_init(&pages->backing, dmabuf, start, nr_pages,
				  writable, pages_revoke);
	if (ret) {
		pages_free(pages);
		return ERR_PTR(ret);
	}
	charge_init(&pages->charge, mode);
	return pages;
}

/**
 * pages_get() - take a reference
 * @pages: the pages, of which the caller has a reference
 *
 * Context: Any.
 * Return: @pages, dropped by pages_put().
 */
struct pages *pages_get(struct pages *pages)
{
	refcount_inc(&pages->refs);
	return pages;
}

/**
 * pages_put() - drop a reference
 * @pages: the pages, freed with the last reference, when no hold exists
 *
 * Context: May sleep.
 */
void pages_put(struct pages *pages)
{
	if (!refcount_dec_and_test(&pages->refs))
		return;
	WARN_ON_ONCE(pages->nr_charged);
	if (pages->next_charge) {
		charge_destroy(pages->next_charge);
		kfree(pages->next_charge);
	}
	charge_destroy(&pages->charge);
	INDIRECT_CALL_1(pages->backing.ops->release, backing_user_release,
			&pages->backing);
	pages_free(pages);
}

/**
 * pages_take_inline() - take the inline memory of pages
 * @pages: the pages; not shared yet, unless the memory was taken before
 *
 * Context: Any.
 * Return: PAGES_INLINE_SIZE zeroed bytes, freed with @pages, or NULL if they
 * were taken before.
 */
void *pages_take_inline(struct pages *pages)
{
	if (pages->inline_taken)
		return NULL;
	pages->inline_taken = true;
	return pages->inline_data;
}

static int pages_charge(struct pages *pages, unsigned long nr)
{
	int ret;

	ret = charge_add(&pages->charge, nr);
	if (ret)
		return ret;
	if (pages->next_charge) {
		ret = charge_add(pages->next_charge, nr);
		if (ret) {
			charge_sub(&pages->charge, nr);
			return ret;
		}
	}
	pages->nr_charged += nr;
	return 0;
}

static void pages_uncharge(struct pages *pages, unsigned long nr)
{
	charge_sub(&pages->charge, nr);
	if (pages->next_charge)
		charge_sub(pages->next_charge, nr);
	pages->nr_charged -= nr;
}

static unsigned long pages_charge_avail(const struct pages *pages)
{
	unsigned long avail = charge_avail(&pages->charge);

	return pages->next_charge ?
		       min(avail, charge_avail(pages->next_charge)) :
		       avail;
}

static __always_inline void
pages_unpin_range(struct pages *pages, unsigned long first, unsigned long end)
{
	struct backing *backing = &pages->backing;
	unsigned long nr;

	/* no retpoline for memory of a process, which nearly all is */
	nr = INDIRECT_CALL_1(backing->ops->unpin, backing_user_unpin, backing,
			     &pages->table, first, end);
	if (nr)
		pages_uncharge(pages, nr);
}

/* Unpins the pinned pages of a range, except those that are held */
static void pages_unpin_unheld(struct pages *pages, unsigned long first,
			       unsigned long end)
{
	struct interval_tree_node *node;

	lockdep_assert_held(&pages->lock);

	while (first < end) {
		node = interval_tree_iter_first(&pages->holds, first, end - 1);
		if (!node) {
			pages_unpin_range(pages, first, end);
			break;
		}
		if (first < node->start)
			pages_unpin_range(pages, first, node->start);
		first = node->last + 1;
	}
}

/* Uncharges the pages that turn out not to be RAM. */
static int pages_pin_charged(struct pages *pages, unsigned long first,
			     unsigned long end)
{
	struct backing *backing = &pages->backing;
	long nr = end - first, cost;

	cost = backing->ops->pin(backing, &pages->table, first, end);
	if (cost < nr)
		pages_uncharge(pages, nr - max(cost, 0L));
	return min(cost, 0L);
}

/* Nothing is charged for the page, so it stays pinned only if it is not RAM. */
static int pages_pin_over_limit(struct pages *pages, unsigned long index)
{
	struct backing *backing = &pages->backing;
	long cost;

	cost = backing->ops->pin(backing, &pages->table, index, index + 1);
	if (cost <= 0)
		return cost;
	backing->ops->unpin(backing, &pages->table, index, index + 1);
	return -EDQUOT;
}

/* Pins as many pages as can be charged, at least one, and sets @nr to them */
static int pages_pin_avail(struct pages *pages, unsigned long first,
			   unsigned long end, unsigned long *nr)
{
	int ret;

	*nr = min(end - first, pages_charge_avail(pages));
	ret = *nr ? pages_charge(pages, *nr) : -ENOMEM;
	if (!ret)
		return pages_pin_charged(pages, first, first + *nr);
	if (ret != -ENOMEM)
		return ret;
	*nr = 1;
	return pages_pin_over_limit(pages, first);
}

/*
 * For a range that the limit does not allow as a whole. Charge and pin as many
 * pages as the limit allows, uncharge those that are not RAM, and repeat. If
 * nothing can be charged any more, the next page decides: it may be missing,
 * which is another error, or not be RAM, which costs nothing.
 */
static int pages_pin_up_to_limit(struct pages *pages, unsigned long first,
				 unsigned long end)
{
	unsigned long index, nr;
	int ret;

	for (index = first; index < end; index += nr) {
		ret = pages_pin_avail(pages, index, end, &nr);
		if (ret) {
			pages_unpin_range(pages, first, index);
			return ret;
		}
	}
	return 0;
}

/* Returns -EDQUOT if the limit does not allow it */
static int pages_pin_range(struct pages *pages, unsigned long first,
			   unsigned long end)
{
	struct backing *backing = &pages->backing;
	int ret;

	if (backing->ops->of_exporter)
		return min(backing->ops->pin(backing, &pages->table, first,
					     end),
			   0L);
	ret = pages_charge(pages, end - first);
	if (!ret)
		return pages_pin_charged(pages, first, end);
	return ret == -ENOMEM ? pages_pin_up_to_limit(pages, first, end) : ret;
}

/*
 * The table may cover less than the backing. For process memory, pages beyond
 * the table are reported as missing (-EFAULT), but only after every page below
 * has been pinned.
 */
static int pages_hold_locked(struct pages *pages, struct pages_hold *hold,
			     unsigned long first, unsigned long end)
{
	unsigned long table_end = min(end, pages->table.nr_pages);
	unsigned long index = first, hole, stop;
	int ret;

	lockdep_assert_held(&pages->lock);

	if (table_end < end && !pages->backing.ops->of_process)
		return -ENOMEM;
	while (pfn_table_next_hole(&pages->table, index, table_end, &hole,
				   &stop)) {
		ret = pages_pin_range(pages, hole, stop);
		if (ret) {
			pages_unpin_unheld(pages, first, hole);
			return ret;
		}
		index = stop;
	}
	if (table_end < end) {
		pages_unpin_unheld(pages, first, table_end);
		return -EFAULT;
	}
	hold->node.start = first;
	hold->node.last = end - 1;
	interval_tree_insert(&hold->node, &pages->holds);
	return 0;
}

static __always_inline void pages_release_locked(struct pages *pages,
						 struct pages_hold *hold)
{
	lockdep_assert_held(&pages->lock);

	interval_tree_remove(&hold->node, &pages->holds);
	if (RB_EMPTY_ROOT(&pages->holds.rb_root))
		pages_unpin_range(pages, hold->node.start, hold->node.last + 1);
	else
		pages_unpin_unheld(pages, hold->node.start,
				   hold->node.last + 1);
}

static int pages_limit_error(const struct pages *pages, int ret, bool by_driver)
{
	if (ret != -EDQUOT)
		return ret;
	charge_warn(&pages->charge, by_driver);
	return -ENOMEM;
}

/**
 * pages_hold() - hold a range of pages
 * @pages: the pages
 * @hold: hold to initialize, until pages_release()
 * @first: first page
 * @end: page after the last one
 *
 * Charges for the pages that are not held yet, then pins them.
 *
 * Context: May sleep. Takes mmap_lock of the process of the memory and of the
 * charged process.
 * Return: 0, or with nothing held: -ENOMEM, also if the limit does not allow it
 * or for a page of a file beyond PAGES_MAX; -EFAULT if memory is missing or
 * does not allow the access, also for a page of a process beyond PAGES_MAX;
 * -EINTR if the current process is being killed.
 */
int pages_hold(struct pages *pages, struct pages_hold *hold,
	       unsigned long first, unsigned long end)
{
	int ret;

	if (mutex_lock_killable(&pages->lock))
		return -EINTR;
	ret = pages_hold_locked(pages, hold, first, end);
	mutex_unlock(&pages->lock);
	return ret == -ESRCH ? -EFAULT : pages_limit_error(pages, ret, false);
}

/**
 * pages_release() - undo pages_hold()
 * @pages: the pages
 * @hold: the hold; no device can access the memory through it any more
 *
 * Unpins, then uncharges the pages that no other hold covers.
 *
 * Context: May sleep. Takes mmap_lock of the charged process.
 */
void pages_release(struct pages *pages, struct pages_hold *hold)
{
	guard(mutex)(&pages->lock);
	pages_release_locked(pages, hold);
}

/**
 * pages_split_hold() - split a hold in two
 * @pages: the pages
 * @head: the hold, which keeps its beginning
 * @head_end: page after the last one that @head keeps
 * @tail: hold to initialize, of the end of the range of @head
 * @tail_first: first page of @tail, @head_end or the page before it
 *
 * Context: May sleep.
 */
void pages_split_hold(struct pages *pages, struct pages_hold *head,
		      unsigned long head_end, struct pages_hold *tail,
		      unsigned long tail_first)
{
	guard(mutex)(&pages->lock);
	interval_tree_remove(&head->node, &pages->holds);
	tail->node.start = tail_first;
	tail->node.last = head->node.last;
	head->node.last = head_end - 1;
	interval_tree_insert(&head->node, &pages->holds);
	interval_tree_insert(&tail->node, &pages->holds);
}

static struct pages_hold *
pages_find_pin(struct pages *pages, unsigned long first, unsigned long last)
{
	struct interval_tree_node *node;
	struct pages_hold *hold;

	lockdep_assert_held(&pages->lock);

	for (node = interval_tree_iter_first(&pages->holds, first, first); node;
	     node = interval_tree_iter_next(node, first, first)) {
		hold = container_of(node, struct pages_hold, node);
		if (hold->pins && node->start == first && node->last == last)
			return hold;
	}
	return NULL;
}

static int pages_pin_locked(struct pages *pages, unsigned long first,
			    unsigned long end)
{
	struct pages_hold *hold = pages_find_pin(pages, first, end - 1);
	int ret;

	if (!hold) {
		hold = kzalloc_obj(*hold, GFP_KERNEL_ACCOUNT);
		if (!hold)
			return -ENOMEM;
		ret = pages_hold_locked(pages, hold, first, end);
		if (ret) {
			kfree(hold);
			return ret;
		}
	}
	hold->pins++;
	return 0;
}

static void pages_unpin_locked(struct pages *pages, unsigned long first,
			       unsigned long end)
{
	struct pages_hold *hold = pages_find_pin(pages, first, end - 1);

	if (WARN_ON(!hold) || --hold->pins)
		return;
	pages_release_locked(pages, hold);
	kfree(hold);
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

	pfn_table_for_each_run(&pages->table, run, first, end)
	{
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

	pfn_table_for_each_run(&pages->table, run, index, end)
	{
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

static bool pages_charges_current(const struct charge *charge)
{
	return charge->mm == current->mm &&
	       (!charge->user || charge->user == current_user());
}

/* Takes over @next_charge, and sets it to NULL, unless it is not needed */
static int pages_add_next_charge_locked(struct pages *pages,
					struct charge **next_charge)
{
	int ret = 0;

	lockdep_assert_held(&pages->lock);

	if (pages->next_charge || pages_charges_current(&pages->charge))
		return 0;
	charge_init(*next_charge, pages->charge.mode);
	if (pages->nr_charged)
		ret = charge_add(*next_charge, pages->nr_charged);
	if (ret) {
		charge_destroy(*next_charge);
		return ret;
	}
	swap(pages->next_charge, *next_charge);
	return 0;
}

/**
 * pages_can_move() - test if pages can be charged to another process
 * @pages: the pages
 *
 * Context: Any.
 * Return: false for memory of a process, and for memory of a device, which is
 * not charged.
 */
bool pages_can_move(const struct pages *pages)
{
	const struct backing_ops *ops = pages->backing.ops;

	return !ops->of_process && !ops->of_device;
}

/**
 * pages_add_next_charge() - charge pages to the current process too
 * @pages: the pages
 *
 * Both accounts are charged until pages_drop_next_charge(). Does nothing if the
 * current process is charged already. Only one request at a time may do this.
 *
 * Context: May sleep. The current task has an mm.
 * Return: 0, -EINVAL if pages_can_move() is false, -ENOMEM, also if the limit
 * does not allow it, -EINTR if the current process is being killed.
 */
int pages_add_next_charge(struct pages *pages)
{
	struct charge *next_charge;
	int ret = -EINTR;

	if (!pages_can_move(pages))
		return -EINVAL;
	next_charge = kzalloc_obj(*next_charge, GFP_KERNEL_ACCOUNT);
	if (!next_charge)
		return -ENOMEM;
	if (!mutex_lock_killable(&pages->lock)) {
		ret = pages_add_next_charge_locked(pages, &next_charge);
		mutex_unlock(&pages->lock);
	}
	kfree(next_charge);
	return ret;
}

/**
 * pages_drop_next_charge() - charge pages to one account again
 * @pages: the pages; does nothing if they have no next account
 * @use_next: keep the next account rather than the previous one
 *
 * Context: May sleep.
 */
void pages_drop_next_charge(struct pages *pages, bool use_next)
{
	struct charge *next_charge;

	guard(mutex)(&pages->lock);
	next_charge = pages->next_charge;
	if (!next_charge)
		return;
	pages->next_charge = NULL;
	if (use_next)
		swap(*next_charge, pages->charge);
	if (pages->nr_charged)
		charge_sub(next_charge, pages->nr_charged);
	charge_destroy(next_charge);
	kfree(next_charge);
}

/**
 * pages_move() - move pages to an address of the current process
 * @pages: the pages
 * @start: the new address of page 0, a multiple of PAGE_SIZE
 *
 * Charges the current process instead of the previous one. Pinned pages stay
 * pinned. Memory that is not that of a process has no address to change.
 *
 * Context: May sleep. The current task has an mm.
 * Return: 0, or with nothing changed -ENOMEM, also if the limit does not allow
 * it, or -EINTR if the current process is being killed.
 */
int pages_move(struct pages *pages, unsigned long start)
{
	struct charge *next_charge;
	int ret = -EINTR;

	next_charge = kzalloc_obj(*next_charge, GFP_KERNEL_ACCOUNT);
	if (!next_charge)
		return -ENOMEM;
	if (!mutex_lock_killable(&pages->lock)) {
		ret = pages_add_next_charge_locked(pages, &next_charge);
		if (!ret && pages->backing.ops->of_process)
			backing_user_move(&pages->backing, start);
		mutex_unlock(&pages->lock);
	}
	if (!next_charge)
		pages_drop_next_charge(pages, true);
	kfree(next_charge);
	return ret;
}
