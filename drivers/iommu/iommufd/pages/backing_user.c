// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of a process, by its address there.
 *
 * The process that maps is the one whose memory it is, for as long as the
 * mapping lasts, even where another one's request makes it be pinned; but for
 * backing_user_move().
 */
#include <linux/gfp.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "backing_pfnmap.h"
#include "backing_user.h"
#include "follow_pfnmap.h"
#include "lib/pfn_table.h"

/* A small map makes do with the stack, others take one page of pointers. */
#define FEW_PAGES 16
#define MANY_PAGES (PAGE_SIZE / sizeof(struct page *))

/**
 * struct pinner - one run of the pin op
 */
struct pinner {
	/** @backing: what is pinned */
	struct backing *backing;
	/** @table: where it is entered */
	struct pfn_table *table;
	/** @pages: one batch, room for @max */
	struct page **pages;
	/** @max: pages in a batch at most */
	unsigned long max;
	/** @next: first page that is not in @table yet */
	unsigned long next;
	/** @remote: the memory is not the current process's */
	bool remote;
	/** @cost: pages that are to be charged */
	long cost;
};

static long pin_remote(const struct backing *backing, unsigned long addr,
		       unsigned long nr, unsigned int flags,
		       struct page **pages)
{
	int locked = 1;
	long got;

	if (mmap_read_lock_killable(backing->mm))
		return -EINTR;
	got = pin_user_pages_remote(backing->mm, addr, nr, flags, pages,
				    &locked);
	if (locked)
		mmap_read_unlock(backing->mm);
	return got;
}

static long pin_batch(const struct pinner *pinner, unsigned long nr)
{
	const struct backing *backing = pinner->backing;
	unsigned long addr = backing->start + pinner->next * PAGE_SIZE;
	unsigned int flags = FOLL_LONGTERM;
	long got;

	if (fatal_signal_pending(current))
		return -EINTR;
	if (backing->writable)
		flags |= FOLL_WRITE;
	got = -EFAULT;
	if (!pinner->remote)
		got = pin_user_pages_fast(addr, nr, flags, pinner->pages);
	/* protection keys are for what the process itself does */
	if (got == -EFAULT)
		got = pin_remote(backing, addr, nr, flags, pinner->pages);
	return got ?: -EFAULT;
}

static unsigned long contiguous(struct page **pages, unsigned long nr)
{
	unsigned long pfn = page_to_pfn(pages[0]);
	unsigned long i = 1;

	while (i < nr && page_to_pfn(pages[i]) == pfn + i)
		i++;
	return i;
}

/* Takes over a batch; on failure what is not in the table was let go of. */
static int enter_batch(struct pinner *pinner, unsigned long nr)
{
	unsigned long done, run;
	int ret;

	for (done = 0; done < nr; done += run) {
		struct page **pages = pinner->pages + done;

		run = contiguous(pages, nr - done);
		ret = pfn_table_set_run(pinner->table, pinner->next,
					page_to_pfn(*pages), run);
		if (ret) {
			unpin_user_pages(pages, nr - done);
			return ret;
		}
		pinner->next += run;
		pinner->cost += run;
	}
	return 0;
}

/* A batch ends where a slot of the table ends, so that runs enter it whole. */
static unsigned long batch_size(const struct pinner *pinner, unsigned long end)
{
	unsigned long next = pinner->next;
	unsigned long stop = min(end, pfn_table_slot_end(pinner->table, next));

	return min(stop - next, pinner->max);
}

/* What has no pages that could be pinned may be the BAR of a device */
static int enter_raw(struct pinner *pinner, unsigned long end)
{
	struct backing *backing = pinner->backing;
	unsigned long index = pinner->next;
	struct pfnmap found;
	long nr;
	int ret;

	nr = follow_pfnmap_lookup(backing->mm,
				  backing->start + index * PAGE_SIZE,
				  end - index, backing->writable, &found);
	if (nr < 0)
		return nr;
	ret = backing_pfnmap_add_provider(backing, found.provider);
	if (!ret)
		ret = pfn_table_set_run(pinner->table, index, found.pfn, nr);
	if (ret)
		return ret;
	bitmap_set(backing->raw->pages, index, nr);
	pinner->next += nr;
	return 0;
}

static int pin_some(struct pinner *pinner, unsigned long end)
{
	long got = pin_batch(pinner, batch_size(pinner, end));

	if (got == -EFAULT)
		return enter_raw(pinner, end);
	return got < 0 ? got : enter_batch(pinner, got);
}

static int pin_all(struct pinner *pinner, unsigned long end)
{
	int ret;

	while (pinner->next < end) {
		ret = pin_some(pinner, end);
		if (ret)
			return ret;
		cond_resched();
	}
	return 0;
}

static void forget_raw(const struct backing *backing, struct pfn_table *table,
		       unsigned long first, unsigned long end)
{
	pfn_table_clear(table, first, end);
	bitmap_clear(backing->raw->pages, first, end - first);
}

/**
 * backing_user_unpin() - &backing_ops.unpin
 * @backing: memory of a process
 * @table: where its pages are
 * @first: first page
 * @end: first page to leave out
 *
 * Context: May sleep.
 * Return: number of pages that were charged.
 */
unsigned long backing_user_unpin(const struct backing *backing,
				 struct pfn_table *table, unsigned long first,
				 unsigned long end)
{
	unsigned long stop, nr = 0;

	if (!backing->raw)
		return backing_unpin_pages(backing, table, first, end);
	for (; first < end; first = stop) {
		if (backing_is_pfnmap(backing, first)) {
			stop = find_next_zero_bit(backing->raw->pages, end,
						  first);
			forget_raw(backing, table, first, stop);
		} else {
			stop = find_next_bit(backing->raw->pages, end, first);
			nr += backing_unpin_pages(backing, table, first, stop);
		}
		cond_resched();
	}
	backing_pfnmap_trim(backing);
	return nr;
}

static int pin_with_array(struct pinner *pinner, unsigned long first,
			  unsigned long end)
{
	struct page *few[FEW_PAGES];
	int ret;

	pinner->pages = few;
	pinner->max = FEW_PAGES;
	if (end - first > FEW_PAGES) {
		pinner->max = MANY_PAGES;
		pinner->pages = (struct page **)__get_free_page(GFP_KERNEL);
		if (!pinner->pages)
			return -ENOMEM;
	}

	pinner->next = first;
	ret = pin_all(pinner, end);

	if (pinner->pages != few)
		free_page((unsigned long)pinner->pages);
	/* what is behind may be much larger than all memory */
	if (ret)
		backing_user_unpin(pinner->backing, pinner->table, first,
				   pinner->next);
	return ret;
}

static long backing_user_pin(struct backing *backing, struct pfn_table *table,
			     unsigned long first, unsigned long end)
{
	struct pinner pinner = {
		.backing = backing,
		.table = table,
		.remote = backing->mm != current->mm,
	};
	int ret;

	if (pinner.remote && !mmget_not_zero(backing->mm))
		return -ESRCH;
	ret = pin_with_array(&pinner, first, end);
	if (pinner.remote)
		mmput(backing->mm);
	return ret ?: pinner.cost;
}

static int copy_here(const struct backing *backing, unsigned long offset,
		     void *data, unsigned long bytes, bool write)
{
	void __user *memory = (void __user *)(backing->start + offset);
	unsigned long left;

	if (write)
		left = copy_to_user(memory, data, bytes);
	else
		left = copy_from_user(data, memory, bytes);
	return left ? -EFAULT : 0;
}

static int copy_adopted(const struct backing *backing, unsigned long offset,
			void *data, unsigned long bytes, bool write)
{
	int ret;

	if (!mmget_not_zero(backing->mm))
		return -ESRCH;
	kthread_use_mm(backing->mm);
	ret = copy_here(backing, offset, data, bytes, write);
	kthread_unuse_mm(backing->mm);
	mmput(backing->mm);
	return ret;
}

/* Not for long, so where the page is does not matter. */
static int copy_remote_page(const struct backing *backing, unsigned long offset,
			    void *data, unsigned long bytes, bool write)
{
	struct page *page;
	long got;

	got = pin_remote(backing, backing->start + (offset & PAGE_MASK), 1,
			 write ? FOLL_WRITE : 0, &page);
	if (got != 1)
		return got < 0 ? got : -EFAULT;
	backing_copy_page(page, offset_in_page(offset), data, bytes, write);
	unpin_user_pages_dirty_lock(&page, 1, write);
	return 0;
}

static int copy_remote(const struct backing *backing, unsigned long offset,
		       void *data, unsigned long bytes, bool write)
{
	unsigned long part;
	int ret = 0;

	if (!mmget_not_zero(backing->mm))
		return -ESRCH;
	for (; bytes && !ret; bytes -= part) {
		part = min(bytes, PAGE_SIZE - offset_in_page(offset));
		ret = copy_remote_page(backing, offset, data, part, write);
		offset += part;
		data += part;
	}
	mmput(backing->mm);
	return ret;
}

static bool is_gone(struct mm_struct *mm)
{
	if (!mmget_not_zero(mm))
		return true;
	mmput(mm);
	return false;
}

static int backing_user_copy(const struct backing *backing,
			     unsigned long offset, void *data,
			     unsigned long bytes, unsigned int flags)
{
	bool write = flags & BACKING_WRITE;

	if (!(flags & BACKING_SLOW)) {
		if (backing->mm == current->mm)
			return copy_here(backing, offset, data, bytes, write);
		if (flags & BACKING_KTHREAD && !current->mm)
			return copy_adopted(backing, offset, data, bytes,
					    write);
	}
	if (flags & BACKING_OWN)
		return is_gone(backing->mm) ? -ESRCH : -EFAULT;
	return copy_remote(backing, offset, data, bytes, write);
}

/**
 * backing_user_release() - &backing_ops.release
 * @backing: memory of a process, of which nothing is pinned
 *
 * Context: May sleep.
 */
void backing_user_release(struct backing *backing)
{
	/* hardly ever there, and small mappings are to go quickly */
	if (unlikely(backing->raw))
		backing_pfnmap_release(backing);
	mmdrop(backing->mm);
}

static const struct backing_ops backing_user_ops = {
	.of_process = true,
	.pin = backing_user_pin,
	.unpin = backing_user_unpin,
	.copy = backing_user_copy,
	.release = backing_user_release,
};

/**
 * backing_user_init() - memory of the current process
 * @backing: to be initialized; its release op undoes it
 * @start: address, a multiple of PAGE_SIZE
 * @nr_pages: size, at least 1
 * @writable: devices may write to it
 *
 * Whether there is memory at all is found out when it is pinned.
 *
 * Context: Process context of a process with an mm.
 */
void backing_user_init(struct backing *backing, unsigned long start,
		       unsigned long nr_pages, bool writable)
{
	mmgrab(current->mm);
	*backing = (struct backing){
		.ops = &backing_user_ops,
		.mm = current->mm,
		.start = start,
		.nr_pages = nr_pages,
		.writable = writable,
	};
}

/**
 * backing_user_move() - the memory is at another address, of the current process
 * @backing: memory of any process; what of it is pinned stays
 * @start: the address, a multiple of PAGE_SIZE
 *
 * That it is the same memory is not looked at. What is pinned later is what is
 * found at the new address.
 *
 * Context: Process context of a process with an mm.
 */
void backing_user_move(struct backing *backing, unsigned long start)
{
	mmgrab(current->mm);
	mmdrop(backing->mm);
	backing->mm = current->mm;
	backing->start = start;
}
