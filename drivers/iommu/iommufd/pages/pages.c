// SPDX-License-Identifier: GPL-2.0-only
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

static struct kmem_cache *cache;

/**
 * pages_init() - get ready, once
 *
 * Context: May sleep.
 * Return: 0 or -ENOMEM.
 */
int __init pages_init(void)
{
	cache = kmem_cache_create("iommufd_pages", sizeof(struct pages), 0,
				  SLAB_ACCOUNT, NULL);
	return cache ? 0 : -ENOMEM;
}

/**
 * pages_exit() - undo pages_init()
 *
 * Context: May sleep. There are no pages any more.
 */
void pages_exit(void)
{
	kmem_cache_destroy(cache);
}

static struct pages *create(unsigned long start, unsigned long nr_pages)
{
	struct pages *pages;
	int ret;

	pages = kmem_cache_zalloc(cache, GFP_KERNEL);
	if (!pages)
		return ERR_PTR(-ENOMEM);
	ret = pfn_table_init(&pages->table, min(nr_pages, PAGES_MAX),
			     start >> PAGE_SHIFT);
	if (ret) {
		kmem_cache_free(cache, pages);
		return ERR_PTR(ret);
	}
	refcount_set(&pages->refs, 1);
	mutex_init(&pages->lock);
	pages->holds = RB_ROOT_CACHED;
	dmabuf_track_init(&pages->track);
	return pages;
}

static void discard(struct pages *pages)
{
	pfn_table_destroy(&pages->table);
	mutex_destroy(&pages->lock);
	kmem_cache_free(cache, pages);
}

/**
 * pages_create_user() - memory of the current process
 * @start: address, a multiple of PAGE_SIZE
 * @nr_pages: size, at least 1
 * @writable: devices may write to it
 * @mode: how the current process pays for it
 *
 * Context: Process context of a process with an mm. May sleep.
 * Return: the pages, given back by pages_put(), ERR_PTR(-ENOMEM), or
 * ERR_PTR(-EINVAL) for a size that cannot be.
 */
struct pages *pages_create_user(unsigned long start, unsigned long nr_pages,
				bool writable, enum charge_mode mode)
{
	/* longer than any process can have is no longer than that */
	unsigned long most = TASK_SIZE_MAX >> PAGE_SHIFT;
	struct pages *pages = create(start, min(nr_pages, most));

	if (IS_ERR(pages))
		return pages;
	backing_user_init(&pages->backing, start, nr_pages, writable);
	charge_init(&pages->charge, mode);
	return pages;
}

/**
 * pages_create_file() - memory of a file
 * @file: of shared memory or of huge pages
 * @start: where in the file, a multiple of PAGE_SIZE
 * @nr_pages: size, at least 1
 * @writable: devices may write to it
 * @mode: how the current process pays for it
 *
 * Context: Process context of a process with an mm. May sleep.
 * Return: as pages_create_user(); an error of backing_file_init().
 */
struct pages *pages_create_file(struct file *file, unsigned long start,
				unsigned long nr_pages, bool writable,
				enum charge_mode mode)
{
	struct pages *pages = create(start, nr_pages);
	int ret;

	if (IS_ERR(pages))
		return pages;
	ret = backing_file_init(&pages->backing, file, start, nr_pages,
				writable);
	if (ret) {
		discard(pages);
		return ERR_PTR(ret);
	}
	charge_init(&pages->charge, mode);
	return pages;
}

static void revoke(struct backing *backing)
{
	struct pages *pages = container_of(backing, struct pages, backing);

	guard(mutex)(&pages->lock);
	dmabuf_track_revoke(&pages->track);
}

/**
 * pages_create_dmabuf() - memory that a driver lends
 * @dmabuf: the memory
 * @start: where in it, a multiple of PAGE_SIZE
 * @nr_pages: size, at least 1
 * @writable: devices may write to it
 * @mode: without meaning, since nothing is charged
 *
 * Context: Process context of a process with an mm. May sleep. Takes the
 * reservation lock of @dmabuf.
 * Return: as pages_create_user(); an error of backing_dmabuf_init().
 */
struct pages *pages_create_dmabuf(struct dma_buf *dmabuf, unsigned long start,
				  unsigned long nr_pages, bool writable,
				  enum charge_mode mode)
{
	/* mmap_lock is taken under the lock of other pages, and around this */
	static struct lock_class_key key;
	struct pages *pages = create(start, nr_pages);
	int ret;

	if (IS_ERR(pages))
		return pages;
	lockdep_set_class(&pages->lock, &key);
	ret = backing_dmabuf_init(&pages->backing, dmabuf, start, nr_pages,
				  writable, revoke);
	if (ret) {
		discard(pages);
		return ERR_PTR(ret);
	}
	charge_init(&pages->charge, mode);
	return pages;
}

/**
 * pages_get() - take one more reference
 * @pages: the pages, to which the caller has a reference
 *
 * Context: Any.
 * Return: @pages, given back by pages_put().
 */
struct pages *pages_get(struct pages *pages)
{
	refcount_inc(&pages->refs);
	return pages;
}

/**
 * pages_put() - give a reference back
 * @pages: the pages, gone after the last one; the caller holds none of them
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
	discard(pages);
}

/**
 * pages_take_inline() - get the memory that pages have to spare
 * @pages: the pages, which nobody but the caller knows, or whose room was taken
 *
 * Context: Any.
 * Return: PAGES_INLINE_SIZE bytes of zeroes, which go with @pages, NULL where they were
 * taken before.
 */
void *pages_take_inline(struct pages *pages)
{
	if (pages->inline_taken)
		return NULL;
	pages->inline_taken = true;
	return pages->inline_data;
}

static int charge_pages(struct pages *pages, unsigned long nr)
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

static void uncharge_pages(struct pages *pages, unsigned long nr)
{
	charge_sub(&pages->charge, nr);
	if (pages->next_charge)
		charge_sub(pages->next_charge, nr);
	pages->nr_charged -= nr;
}

static unsigned long room_of_payers(const struct pages *pages)
{
	unsigned long room = charge_avail(&pages->charge);

	return pages->next_charge ?
		       min(room, charge_avail(pages->next_charge)) :
		       room;
}

static __always_inline void unpin_range(struct pages *pages,
					unsigned long first, unsigned long end)
{
	struct backing *backing = &pages->backing;
	unsigned long nr;

	/* of a process, as nearly all memory is, without a retpoline */
	nr = INDIRECT_CALL_1(backing->ops->unpin, backing_user_unpin, backing,
			     &pages->table, first, end);
	if (nr)
		uncharge_pages(pages, nr);
}

/* Unpins what is pinned in a range, but for what somebody holds */
static void unpin_unheld(struct pages *pages, unsigned long first,
			 unsigned long end)
{
	struct interval_tree_node *node;

	lockdep_assert_held(&pages->lock);
	while (first < end) {
		node = interval_tree_iter_first(&pages->holds, first, end - 1);
		if (!node) {
			unpin_range(pages, first, end);
			break;
		}
		if (first < node->start)
			unpin_range(pages, first, node->start);
		first = node->last + 1;
	}
}

/* What turns out not to be RAM is given back. */
static int pin_charged(struct pages *pages, unsigned long first,
		       unsigned long end)
{
	struct backing *backing = &pages->backing;
	long nr = end - first, cost;

	cost = backing->ops->pin(backing, &pages->table, first, end);
	if (cost < nr)
		uncharge_pages(pages, nr - max(cost, 0L));
	return min(cost, 0L);
}

/* Nothing is charged: what is no RAM may stay, anything else may not. */
static int pin_over_limit(struct pages *pages, unsigned long index)
{
	struct backing *backing = &pages->backing;
	long cost;

	cost = backing->ops->pin(backing, &pages->table, index, index + 1);
	if (cost <= 0)
		return cost;
	backing->ops->unpin(backing, &pages->table, index, index + 1);
	return -EDQUOT;
}

/* Sets @nr to how many pages it was */
static int pin_within_room(struct pages *pages, unsigned long first,
			   unsigned long end, unsigned long *nr)
{
	int ret;

	*nr = min(end - first, room_of_payers(pages));
	ret = *nr ? charge_pages(pages, *nr) : -ENOMEM;
	if (!ret)
		return pin_charged(pages, first, first + *nr);
	if (ret != -ENOMEM)
		return ret;
	*nr = 1;
	return pin_over_limit(pages, first);
}

/*
 * The limit does not allow all of it. As much as it allows is charged and
 * pinned, what of that is no RAM given back, and so on until there is no room
 * left. Only then a page is looked at for which nothing is charged: not before
 * that does the limit matter, as what comes first may be bad memory, or may
 * cost nothing.
 */
static int pin_up_to_limit(struct pages *pages, unsigned long first,
			   unsigned long end)
{
	unsigned long index, nr;
	int ret;

	for (index = first; index < end; index += nr) {
		ret = pin_within_room(pages, index, end, &nr);
		if (ret) {
			unpin_range(pages, first, index);
			return ret;
		}
	}
	return 0;
}

/* Returns -EDQUOT where the limit does not allow it */
static int pin_range(struct pages *pages, unsigned long first,
		     unsigned long end)
{
	struct backing *backing = &pages->backing;
	int ret;

	if (backing->ops->of_exporter)
		return min(backing->ops->pin(backing, &pages->table, first,
					     end),
			   0L);
	ret = charge_pages(pages, end - first);
	if (!ret)
		return pin_charged(pages, first, end);
	return ret == -ENOMEM ? pin_up_to_limit(pages, first, end) : ret;
}

/*
 * A table may be smaller than the memory. What of a process has no room there is
 * missing, which matters once all before it was found to be there.
 */
static int hold_locked(struct pages *pages, struct pages_hold *hold,
		       unsigned long first, unsigned long end)
{
	unsigned long reach = min(end, pages->table.nr_pages);
	unsigned long index = first, hole, stop;
	int ret;

	lockdep_assert_held(&pages->lock);
	if (reach < end && !pages->backing.ops->of_process)
		return -ENOMEM;
	while (pfn_table_next_hole(&pages->table, index, reach, &hole, &stop)) {
		ret = pin_range(pages, hole, stop);
		if (ret) {
			unpin_unheld(pages, first, hole);
			return ret;
		}
		index = stop;
	}
	if (reach < end) {
		unpin_unheld(pages, first, reach);
		return -EFAULT;
	}
	hold->node.start = first;
	hold->node.last = end - 1;
	interval_tree_insert(&hold->node, &pages->holds);
	return 0;
}

static __always_inline void release_locked(struct pages *pages,
					   struct pages_hold *hold)
{
	lockdep_assert_held(&pages->lock);
	interval_tree_remove(&hold->node, &pages->holds);
	if (RB_EMPTY_ROOT(&pages->holds.rb_root))
		unpin_range(pages, hold->node.start, hold->node.last + 1);
	else
		unpin_unheld(pages, hold->node.start, hold->node.last + 1);
}

static int within_limit(const struct pages *pages, int ret, bool by_driver)
{
	if (ret != -EDQUOT)
		return ret;
	charge_warn(&pages->charge, by_driver);
	return -ENOMEM;
}

/**
 * pages_hold() - make a range of pages be pinned
 * @pages: the pages
 * @hold: to be initialized, until pages_release()
 * @first: first page
 * @end: first page to leave out
 *
 * Charges for what nobody else holds, then pins it.
 *
 * Context: May sleep. Takes mmap_lock of the process whose memory it is.
 * Return: 0, or with nothing held -ENOMEM also where the limit does not allow
 * it or PAGES_MAX of a file, -EFAULT where memory is missing, also behind
 * PAGES_MAX of a process, or does not allow the access, -EINTR where the current
 * process is being killed.
 */
int pages_hold(struct pages *pages, struct pages_hold *hold,
	       unsigned long first, unsigned long end)
{
	int ret;

	if (mutex_lock_killable(&pages->lock))
		return -EINTR;
	ret = hold_locked(pages, hold, first, end);
	mutex_unlock(&pages->lock);
	return ret == -ESRCH ? -EFAULT : within_limit(pages, ret, false);
}

/**
 * pages_release() - undo pages_hold()
 * @pages: the pages
 * @hold: what was held; no device reaches it through this hold any more
 *
 * What nobody else holds is unpinned, then uncharged.
 *
 * Context: May sleep. Takes mmap_lock of who pays.
 */
void pages_release(struct pages *pages, struct pages_hold *hold)
{
	guard(mutex)(&pages->lock);
	release_locked(pages, hold);
}

/**
 * pages_split_hold() - make two holds of one
 * @pages: the pages
 * @head: a hold, of which the beginning will be left
 * @head_end: page behind the last one that @head keeps
 * @tail: a new hold, of the end of what @head was
 * @tail_first: its first page, @head_end or the page before that
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

static struct pages_hold *find_pin(struct pages *pages, unsigned long first,
				   unsigned long last)
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

static int pin_locked(struct pages *pages, unsigned long first,
		      unsigned long end)
{
	struct pages_hold *hold = find_pin(pages, first, end - 1);
	int ret;

	if (!hold) {
		hold = kzalloc_obj(*hold, GFP_KERNEL_ACCOUNT);
		if (!hold)
			return -ENOMEM;
		ret = hold_locked(pages, hold, first, end);
		if (ret) {
			kfree(hold);
			return ret;
		}
	}
	hold->pins++;
	return 0;
}

static void unpin_locked(struct pages *pages, unsigned long first,
			 unsigned long end)
{
	struct pages_hold *hold = find_pin(pages, first, end - 1);

	if (WARN_ON(!hold) || --hold->pins)
		return;
	release_locked(pages, hold);
	kfree(hold);
}

static bool any_pfnmap(const struct backing *backing, unsigned long first,
		       unsigned long end)
{
	return backing->pfnmap &&
	       find_next_bit(backing->pfnmap->pages, end, first) < end;
}

static void list_pages(const struct pages *pages, unsigned long first,
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
 * @end: first page to leave out
 * @out: room for all of them
 *
 * Context: May sleep. Takes mmap_lock of the process whose memory it is.
 * Return: 0, -EINVAL where the CPU cannot reach the memory, -ESRCH where it went
 * with its process, or as pages_hold().
 */
int pages_pin(struct pages *pages, unsigned long first, unsigned long end,
	      struct page **out)
{
	int ret;

	if (!pages->backing.ops->copy)
		return -EINVAL;
	if (mutex_lock_killable(&pages->lock))
		return -EINTR;
	ret = pin_locked(pages, first, end);
	if (!ret && any_pfnmap(&pages->backing, first, end)) {
		unpin_locked(pages, first, end);
		ret = -EINVAL;
	}
	if (!ret)
		list_pages(pages, first, end, out);
	mutex_unlock(&pages->lock);
	return within_limit(pages, ret, true);
}

/**
 * pages_unpin() - undo pages_pin()
 * @pages: the pages
 * @first: first page, as it was given there
 * @end: first page to leave out, as it was given there
 *
 * Context: May sleep. Takes mmap_lock of who pays.
 */
void pages_unpin(struct pages *pages, unsigned long first, unsigned long end)
{
	guard(mutex)(&pages->lock);
	unpin_locked(pages, first, end);
}

/* One page that is pinned, or as many bytes as are not */
static int copy_part(struct pages *pages, unsigned long offset, void *data,
		     unsigned long *bytes, unsigned int flags)
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
 * @offset: bytes from their beginning
 * @data: the other side
 * @bytes: how many
 * @flags: BACKING_WRITE and so on
 *
 * Needs no pin, and reaches the same pages as devices do where they are pinned,
 * but for BACKING_OWN.
 *
 * Context: May sleep. Takes mmap_lock of the process whose memory it is.
 * Return: 0, -EINVAL where the CPU cannot reach the memory, -EPERM where it may
 * not be written to, -EFAULT where it is missing, -ESRCH where it went with its
 * process, -EINTR where the current process is being killed; part may be done
 * then.
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
		ret = copy_part(pages, offset, data, &part, flags);
		offset += part;
		data += part;
		cond_resched();
	}
	mutex_unlock(&pages->lock);
	return ret;
}

static void find_phys(const struct pages *pages, unsigned long offset, u64 most,
		      u64 *bytes, u64 *phys)
{
	unsigned long index = offset >> PAGE_SHIFT;
	unsigned long end = ((offset + most - 1) >> PAGE_SHIFT) + 1;
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
	*bytes = min(most, nr * PAGE_SIZE - offset_in_page(offset));
}

/**
 * pages_phys() - where some memory is
 * @pages: the pages
 * @offset: bytes from their beginning; that page is held by somebody
 * @most: bytes to look at, at least 1, not past the end
 * @bytes: set to how many are there in sequence
 * @phys: set to the physical address
 *
 * Context: May sleep.
 * Return: 0, -EINVAL where the memory was revoked, -EINTR where the current
 * process is being killed.
 */
int pages_phys(struct pages *pages, unsigned long offset, u64 most, u64 *bytes,
	       u64 *phys)
{
	int ret = -EINVAL;

	if (mutex_lock_killable(&pages->lock))
		return -EINTR;
	if (!pages->track.revoked) {
		find_phys(pages, offset, most, bytes, phys);
		ret = 0;
	}
	mutex_unlock(&pages->lock);
	return ret;
}

static bool pays_already(const struct charge *charge)
{
	return charge->mm == current->mm &&
	       (!charge->user || charge->user == current_user());
}

/* Returns 1 where @next_charge was taken */
static int pages_add_next_charge_locked(struct pages *pages,
					struct charge *next_charge)
{
	int ret = 0;

	lockdep_assert_held(&pages->lock);
	if (pages->next_charge || pays_already(&pages->charge))
		return 0;
	charge_init(next_charge, pages->charge.mode);
	if (pages->nr_charged)
		ret = charge_add(next_charge, pages->nr_charged);
	if (ret) {
		charge_destroy(next_charge);
		return ret;
	}
	pages->next_charge = next_charge;
	return 1;
}

/**
 * pages_can_move() - can another process pay?
 * @pages: the pages
 *
 * Context: Any.
 * Return: true where it can: not for part of an address space, nor for what
 * nobody pays.
 */
bool pages_can_move(const struct pages *pages)
{
	const struct backing_ops *ops = pages->backing.ops;

	return !ops->of_process && !ops->of_device;
}

/**
 * pages_add_next_charge() - the current process is going to pay
 * @pages: the pages
 *
 * Until pages_drop_next_charge() both pay. Nothing happens where it pays already or is
 * the next_charge. Only one request at a time may do this.
 *
 * Context: Process context of a process with an mm. May sleep.
 * Return: 0, -EINVAL where it is not pages_can_move(), -ENOMEM also where the
 * limit does not allow it, -EINTR where the current process is being killed.
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
		ret = pages_add_next_charge_locked(pages, next_charge);
		mutex_unlock(&pages->lock);
	}
	if (ret == 1)
		return 0;
	kfree(next_charge);
	return ret;
}

/**
 * pages_drop_next_charge() - only one pays from now on
 * @pages: the pages; nothing happens where there is no next_charge
 * @pays: it is the next_charge
 *
 * Context: May sleep.
 */
void pages_drop_next_charge(struct pages *pages, bool pays)
{
	struct charge *next_charge;

	guard(mutex)(&pages->lock);
	next_charge = pages->next_charge;
	if (!next_charge)
		return;
	pages->next_charge = NULL;
	if (pays)
		swap(*next_charge, pages->charge);
	if (pages->nr_charged)
		charge_sub(next_charge, pages->nr_charged);
	charge_destroy(next_charge);
	kfree(next_charge);
}

/**
 * pages_move() - the memory is now found at an address of the current process
 * @pages: the pages
 * @start: the address of their beginning, a multiple of PAGE_SIZE
 *
 * The current process pays for it from now on. What is pinned stays pinned.
 * Memory that is not part of an address space has no address to change.
 *
 * Context: Process context of a process with an mm. May sleep.
 * Return: 0, or with nothing changed -ENOMEM also where the limit does not allow
 * it, -EINTR where the current process is being killed.
 */
int pages_move(struct pages *pages, unsigned long start)
{
	struct charge *next_charge;
	int ret = -EINTR;

	next_charge = kzalloc_obj(*next_charge, GFP_KERNEL_ACCOUNT);
	if (!next_charge)
		return -ENOMEM;
	if (!mutex_lock_killable(&pages->lock)) {
		ret = pages_add_next_charge_locked(pages, next_charge);
		if (ret >= 0 && pages->backing.ops->of_process)
			backing_user_move(&pages->backing, start);
		mutex_unlock(&pages->lock);
	}
	if (ret == 1) {
		pages_drop_next_charge(pages, true);
		return 0;
	}
	kfree(next_charge);
	return ret;
}
