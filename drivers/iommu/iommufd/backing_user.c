// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of a process, by its address there.
 *
 * The process that maps is the one whose memory it is, for as long as the
 * mapping lasts, even where another one's request makes it be pinned.
 */
#include <linux/gfp.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "backing_user.h"
#include "pfn_table.h"

/* A small map makes do with the stack, others take one page of pointers. */
#define FEW_PAGES 16
#define MANY_PAGES (PAGE_SIZE / sizeof(struct page *))

/* So much is unpinned between two looks at the scheduler. */
#define UNPIN_STRIDE (64 * PFN_SLOT_PAGES)

/**
 * struct pinner - one run of the pin op
 */
struct pinner {
	/** @backing: what is pinned */
	const struct backing *backing;
	/** @table: where it is entered */
	struct pfn_table *table;
	/** @pages: one batch, room for @max */
	struct page **pages;
	/** @max: pages in a batch at most */
	unsigned long max;
	/** @remote: the memory is not the current process's */
	bool remote;
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

static long pin_batch(const struct pinner *pinner, unsigned long index,
		      unsigned long nr)
{
	const struct backing *backing = pinner->backing;
	unsigned long addr = backing->start + index * PAGE_SIZE;
	unsigned int flags = FOLL_LONGTERM;
	long got;

	if (fatal_signal_pending(current))
		return -EINTR;
	if (backing->writable)
		flags |= FOLL_WRITE;
	if (pinner->remote)
		got = pin_remote(backing, addr, nr, flags, pinner->pages);
	else
		got = pin_user_pages_fast(addr, nr, flags, pinner->pages);
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
static int enter_batch(const struct pinner *pinner, unsigned long index,
		       unsigned long nr)
{
	unsigned long done, run;
	int rc;

	for (done = 0; done < nr; done += run) {
		struct page **pages = pinner->pages + done;

		run = contiguous(pages, nr - done);
		rc = pfn_table_set_run(pinner->table, index + done,
				       page_to_pfn(*pages), run);
		if (rc) {
			unpin_user_pages(pages, nr - done);
			return rc;
		}
	}
	return 0;
}

/* A batch ends where a slot of the table ends, so that runs enter it whole. */
static unsigned long batch_size(const struct pinner *pinner,
				unsigned long index, unsigned long end)
{
	unsigned long stop = min(end, pfn_table_slot_end(pinner->table, index));

	return min(stop - index, pinner->max);
}

static int pin_all(const struct pinner *pinner, unsigned long first,
		   unsigned long end)
{
	unsigned long index = first;
	int rc = 0;

	while (index < end) {
		long got = pin_batch(pinner, index,
				     batch_size(pinner, index, end));

		if (got < 0) {
			rc = got;
			break;
		}
		rc = enter_batch(pinner, index, got);
		if (rc)
			break;
		index += got;
		cond_resched();
	}
	return rc;
}

static void backing_user_unpin(const struct backing *backing,
			       struct pfn_table *table, unsigned long first,
			       unsigned long end)
{
	unsigned long index, stop;
	struct pfn_run run;

	for (index = first; index < end; index = stop) {
		stop = min(end, index + UNPIN_STRIDE);
		pfn_table_for_each_run(table, run, index, stop)
			unpin_user_page_range_dirty_lock(pfn_to_page(run.pfn),
							 run.nr,
							 backing->writable);
		cond_resched();
	}
	pfn_table_clear(table, first, end);
}

static int pin_with_array(struct pinner *pinner, unsigned long first,
			  unsigned long end)
{
	struct page *few[FEW_PAGES];
	int rc;

	pinner->pages = few;
	pinner->max = FEW_PAGES;
	if (end - first > FEW_PAGES) {
		pinner->max = MANY_PAGES;
		pinner->pages = (struct page **)__get_free_page(GFP_KERNEL);
		if (!pinner->pages)
			return -ENOMEM;
	}

	rc = pin_all(pinner, first, end);

	if (pinner->pages != few)
		free_page((unsigned long)pinner->pages);
	if (rc)
		backing_user_unpin(pinner->backing, pinner->table, first, end);
	return rc;
}

static int backing_user_pin(const struct backing *backing,
			    struct pfn_table *table, unsigned long first,
			    unsigned long end)
{
	struct pinner pinner = {
		.backing = backing,
		.table = table,
		.remote = backing->mm != current->mm,
	};
	int rc;

	if (pinner.remote && !mmget_not_zero(backing->mm))
		return -EFAULT;
	rc = pin_with_array(&pinner, first, end);
	if (pinner.remote)
		mmput(backing->mm);
	return rc;
}

static void backing_user_release(struct backing *backing)
{
	mmdrop(backing->mm);
}

static const struct backing_ops backing_user_ops = {
	.pin = backing_user_pin,
	.unpin = backing_user_unpin,
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
