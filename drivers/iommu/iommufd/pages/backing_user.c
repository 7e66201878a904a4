// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of a process, identified by its address there.
 *
 * The memory is that of the process that maps it, for the whole life of the
 * mapping, even if a request of another process pins it. Only
 * backing_user_move() changes that.
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
#include "observe/stats.h"

/* Few pages are collected on the stack, more in a page of pointers. */
#define USER_PIN_FEW 16
#define USER_PIN_MANY (PAGE_SIZE / sizeof(struct page *))

/**
 * struct user_pinner - state of one call of the pin op
 */
struct user_pinner {
	/** @backing: memory to pin */
	struct backing *backing;
	/** @table: table to enter it into */
	struct pfn_table *table;
	union {
		/** @pages: one batch, @max entries */
		struct page **pages;
		/** @pfns: the same batch, after the pages were replaced */
		unsigned long *pfns;
	};
	/** @max: maximum number of pages in a batch */
	unsigned long max;
	/** @next: first page that is not in @table yet */
	unsigned long next;
	/** @remote: the memory is not that of the current process */
	bool remote;
	/** @cost: number of pages to charge */
	long cost;
};

/*
 * With no_userfault the fault may not drop mmap_lock, so that userfaultfd makes
 * it fail instead of waiting. The kernel is still waited for to read a page.
 */
static long backing_user_pin_remote(const struct backing *backing,
				    unsigned long addr, unsigned long nr,
				    unsigned int flags, struct page **pages)
{
	bool keep_lock = backing->no_userfault || flags & FOLL_NOFAULT;
	int locked = 1;
	long got;

	if (mmap_read_lock_killable(backing->mm))
		return -EINTR;
	got = pin_user_pages_remote(backing->mm, addr, nr, flags, pages,
				    keep_lock ? NULL : &locked);
	if (locked)
		mmap_read_unlock(backing->mm);
	return got;
}

static long backing_user_pin_batch(const struct user_pinner *pinner,
				   unsigned long nr)
{
	const struct backing *backing = pinner->backing;
	unsigned long addr = backing->start + pinner->next * PAGE_SIZE;
	unsigned int flags = FOLL_LONGTERM, nofault;
	long got = -EFAULT;

	if (fatal_signal_pending(current))
		return -EINTR;
	if (backing->writable)
		flags |= FOLL_WRITE;
	if (backing->present)
		flags |= FOLL_NOFAULT;
	nofault = backing->no_userfault ? FOLL_NOFAULT : 0;
	if (!pinner->remote)
		got = pin_user_pages_fast(addr, nr, flags | nofault,
					  pinner->pages);
	/* protection keys restrict the process itself, not its devices */
	if (got == -EFAULT)
		got = backing_user_pin_remote(backing, addr, nr, flags,
					      pinner->pages);
	return got ?: -EFAULT;
}

static unsigned long backing_user_run_length(struct page **pages,
					     unsigned long nr)
{
	unsigned long pfn = page_to_pfn(pages[0]);
	unsigned long i = 1;

	while (i < nr && page_to_pfn(pages[i]) == pfn + i)
		i++;
	return i;
}

/* Replaces the pages of a batch by their page frames, and back on failure. */
static int backing_user_enter_pfns(const struct user_pinner *pinner,
				   unsigned long nr)
{
	unsigned long i;
	int ret;

	for (i = 0; i < nr; i++)
		pinner->pfns[i] = page_to_pfn(pinner->pages[i]);
	ret = pfn_table_set_pfns(pinner->table, pinner->next, pinner->pfns, nr);
	for (i = 0; ret && i < nr; i++)
		pinner->pages[i] = pfn_to_page(pinner->pfns[i]);
	return ret;
}

/* Consumes the pins of a batch: on failure they are dropped. */
static int backing_user_enter_batch(struct user_pinner *pinner,
				    unsigned long nr)
{
	int ret;

	if (backing_user_run_length(pinner->pages, nr) == nr)
		ret = pfn_table_set_run(pinner->table, pinner->next,
					page_to_pfn(pinner->pages[0]), nr);
	else
		ret = backing_user_enter_pfns(pinner, nr);
	if (ret) {
		unpin_user_pages(pinner->pages, nr);
		return ret;
	}
	pinner->next += nr;
	pinner->cost += nr;
	return 0;
}

/* A batch does not cross a slot of the table, so that runs are not split. */
static unsigned long backing_user_batch_size(const struct user_pinner *pinner,
					     unsigned long end)
{
	unsigned long next = pinner->next;
	unsigned long stop = min(end, pfn_table_slot_end(pinner->table, next));

	return min(stop - next, pinner->max);
}

static void backing_user_refuse(const struct backing *backing,
				enum iommufd_refusal_code code,
				unsigned long index)
{
	iommufd_refuse(&backing->stats->refusals, code,
		       backing->start + index * PAGE_SIZE, backing->writable);
}

/* Memory that cannot be pinned may be the BAR of a device. */
static int backing_user_enter_pfnmap(struct user_pinner *pinner,
				     unsigned long end)
{
	struct backing *backing = pinner->backing;
	unsigned long index = pinner->next;
	struct pfnmap found;
	long nr;
	int ret;

	nr = follow_pfnmap_lookup(backing->mm,
				  backing->start + index * PAGE_SIZE,
				  end - index, backing->writable, &found);
	if (nr == -EFAULT && backing->present)
		return -EAGAIN;
	if (nr == -EFAULT)
		backing_user_refuse(backing, REFUSAL_NO_MEMORY, index);
	if (nr < 0)
		return nr;
	if (!found.provider && !backing->any_pfnmap) {
		backing_user_refuse(backing, REFUSAL_FOREIGN_PFNMAP, index);
		return -EFAULT;
	}
	ret = backing_pfnmap_add_provider(backing, found.provider);
	if (!ret)
		ret = pfn_table_set_run(pinner->table, index, found.pfn, nr);
	if (ret)
		return ret;
	bitmap_set(backing->pfnmap->pages, index, nr);
	pinner->next += nr;
	return 0;
}

static int backing_user_pin_some(struct user_pinner *pinner, unsigned long end)
{
	long got = backing_user_pin_batch(pinner,
					  backing_user_batch_size(pinner, end));

	if (got == -EFAULT)
		return backing_user_enter_pfnmap(pinner, end);
	return got < 0 ? got : backing_user_enter_batch(pinner, got);
}

static int backing_user_pin_all(struct user_pinner *pinner, unsigned long end)
{
	int ret;

	while (pinner->next < end) {
		ret = backing_user_pin_some(pinner, end);
		if (ret)
			return ret;
		cond_resched();
	}
	return 0;
}

static void backing_user_clear_pfnmap(const struct backing *backing,
				      struct pfn_table *table,
				      unsigned long first, unsigned long end)
{
	pfn_table_clear(table, first, end);
	bitmap_clear(backing->pfnmap->pages, first, end - first);
}

/**
 * backing_user_unpin() - unpin memory of a process, for &backing_ops.unpin
 * @backing: memory of a process
 * @table: its page frames
 * @first: first page
 * @end: page after the last one
 *
 * Context: May sleep.
 * Return: number of pages that were charged.
 */
unsigned long backing_user_unpin(const struct backing *backing,
				 struct pfn_table *table, unsigned long first,
				 unsigned long end)
{
	unsigned long stop, nr = 0;

	if (!backing->pfnmap)
		return backing_unpin_pages(backing, table, first, end);
	for (; first < end; first = stop) {
		if (backing_is_pfnmap(backing, first)) {
			stop = find_next_zero_bit(backing->pfnmap->pages, end,
						  first);
			backing_user_clear_pfnmap(backing, table, first, stop);
		} else {
			stop = find_next_bit(backing->pfnmap->pages, end,
					     first);
			nr += backing_unpin_pages(backing, table, first, stop);
		}
		cond_resched();
	}
	backing_pfnmap_trim(backing);
	return nr;
}

static int backing_user_pin_range(struct user_pinner *pinner,
				  unsigned long first, unsigned long end)
{
	struct page *few[USER_PIN_FEW];
	int ret;

	pinner->pages = few;
	pinner->max = USER_PIN_FEW;
	if (end - first > USER_PIN_FEW) {
		pinner->max = USER_PIN_MANY;
		pinner->pages = (struct page **)__get_free_page(GFP_KERNEL);
		if (!pinner->pages)
			return -ENOMEM;
	}

	pinner->next = first;
	ret = backing_user_pin_all(pinner, end);

	if (pinner->pages != few)
		free_page((unsigned long)pinner->pages);
	/* the rest may be much larger than all memory: do not walk it */
	if (ret)
		backing_user_unpin(pinner->backing, pinner->table, first,
				   pinner->next);
	return ret;
}

static long backing_user_pin(struct backing *backing, struct pfn_table *table,
			     unsigned long first, unsigned long end)
{
	struct user_pinner pinner = {
		.backing = backing,
		.table = table,
		.remote = backing->mm != current->mm,
	};
	int ret;

	if (pinner.remote && !mmget_not_zero(backing->mm)) {
		iommufd_refuse(&backing->stats->refusals,
			       REFUSAL_PROCESS_EXITED);
		return -ESRCH;
	}
	ret = backing_user_pin_range(&pinner, first, end);
	if (pinner.remote)
		mmput(backing->mm);
	return ret ?: pinner.cost;
}

static int backing_user_copy_own(const struct backing *backing,
				 unsigned long offset, void *data,
				 unsigned long bytes, bool write)
{
	void __user *memory = (void __user *)(backing->start + offset);
	unsigned long left;

	if (write)
		left = copy_to_user(memory, data, bytes);
	else
		left = copy_from_user(data, memory, bytes);
	return left ? -EFAULT : 0;
}

static int backing_user_copy_adopted(const struct backing *backing,
				     unsigned long offset, void *data,
				     unsigned long bytes, bool write)
{
	int ret;

	if (!mmget_not_zero(backing->mm))
		return -ESRCH;
	kthread_use_mm(backing->mm);
	ret = backing_user_copy_own(backing, offset, data, bytes, write);
	kthread_unuse_mm(backing->mm);
	mmput(backing->mm);
	return ret;
}

/* No FOLL_LONGTERM: the pin is short, so the page may be anywhere. */
static int backing_user_copy_remote_page(const struct backing *backing,
					 unsigned long offset, void *data,
					 unsigned long bytes, bool write)
{
	struct page *page;
	long got;

	got = backing_user_pin_remote(backing,
				      backing->start + (offset & PAGE_MASK), 1,
				      write ? FOLL_WRITE : 0, &page);
	if (got != 1)
		return got < 0 ? got : -EFAULT;
	backing_copy_page(page, offset_in_page(offset), data, bytes, write);
	unpin_user_pages_dirty_lock(&page, 1, write);
	return 0;
}

static int backing_user_copy_remote(const struct backing *backing,
				    unsigned long offset, void *data,
				    unsigned long bytes, bool write)
{
	unsigned long part;
	int ret = 0;

	if (!mmget_not_zero(backing->mm))
		return -ESRCH;
	for (; bytes && !ret; bytes -= part) {
		part = min(bytes, PAGE_SIZE - offset_in_page(offset));
		ret = backing_user_copy_remote_page(backing, offset, data, part,
						    write);
		offset += part;
		data += part;
	}
	mmput(backing->mm);
	return ret;
}

static bool backing_user_has_exited(struct mm_struct *mm)
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
			return backing_user_copy_own(backing, offset, data,
						     bytes, write);
		if (flags & BACKING_KTHREAD && !current->mm)
			return backing_user_copy_adopted(backing, offset, data,
							 bytes, write);
	}
	if (flags & BACKING_OWN)
		return backing_user_has_exited(backing->mm) ? -ESRCH : -EFAULT;
	return backing_user_copy_remote(backing, offset, data, bytes, write);
}

/**
 * backing_user_release() - drop memory of a process, for &backing_ops.release
 * @backing: memory of a process, of which nothing is pinned
 *
 * Context: May sleep.
 */
void backing_user_release(struct backing *backing)
{
	/* rare, and small mappings have to be unmapped fast */
	if (unlikely(backing->pfnmap))
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
 * backing_user_init() - initialize a backing with memory of the current process
 * @backing: backing to initialize; undone by its release op
 * @start: address, a multiple of PAGE_SIZE
 * @nr_pages: size in pages, at least 1
 * @writable: devices may write to the memory
 *
 * The address range is not looked up before it is pinned.
 *
 * Context: Process context. The current task has an mm.
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
 * backing_user_move() - change the address of memory, to the current process
 * @backing: memory of any process; its pinned pages stay pinned
 * @start: the new address, a multiple of PAGE_SIZE
 *
 * It is not checked that the new address has the same memory. Pages that are
 * pinned later are those found at the new address.
 *
 * Context: Process context. The current task has an mm.
 */
void backing_user_move(struct backing *backing, unsigned long start)
{
	mmgrab(current->mm);
	mmdrop(backing->mm);
	backing->mm = current->mm;
	backing->start = start;
}
