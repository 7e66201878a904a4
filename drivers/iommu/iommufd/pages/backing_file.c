// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of a file: shared memory (memfd, tmpfs) or huge pages.
 *
 * Nobody needs to have it mapped, and it belongs to no process. What is not
 * there yet is made when it is pinned.
 */
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/hugetlb.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>

#include "backing_file.h"
#include "lib/pfn_table.h"

/* Few fit on the stack; others take one page of pointers. */
#define FEW_FOLIOS 16
#define MANY_FOLIOS (PAGE_SIZE / sizeof(struct folio *))

/**
 * struct folio_batch_pin - one run of the pin op
 */
struct folio_batch_pin {
	/** @backing: what is pinned */
	const struct backing *backing;
	/** @table: where it is entered */
	struct pfn_table *table;
	/** @folios: one batch, room for @max */
	struct folio **folios;
	/** @max: folios in a batch at most */
	unsigned int max;
	/** @next: first page that is not in @table yet */
	unsigned long next;
};

/*
 * A folio comes with one pin however large it is, but what is unpinned later may
 * be any part of it. So each page gets its own.
 */
static int enter_folio(struct folio_batch_pin *pin, struct folio *folio,
		       unsigned long skip, unsigned long nr)
{
	int ret;

	ret = nr > 1 ? folio_add_pins(folio, nr - 1) : 0;
	if (ret) {
		unpin_folio(folio);
		return ret;
	}
	ret = pfn_table_set_run(pin->table, pin->next, folio_pfn(folio) + skip,
				nr);
	if (ret)
		unpin_user_page_range_dirty_lock(folio_page(folio, skip), nr,
						 false);
	else
		pin->next += nr;
	return ret;
}

/* Takes over a batch */
static int enter_batch(struct folio_batch_pin *pin, unsigned int got,
		       unsigned long skip, unsigned long end)
{
	unsigned long nr;
	unsigned int i;
	int ret;

	for (i = 0; i < got; i++) {
		nr = min(folio_nr_pages(pin->folios[i]) - skip,
			 end - pin->next);
		ret = enter_folio(pin, pin->folios[i], skip, nr);
		if (ret) {
			if (i + 1 < got)
				unpin_folios(&pin->folios[i + 1], got - i - 1);
			return ret;
		}
		skip = 0;
	}
	return 0;
}

static int pin_some(struct folio_batch_pin *pin, unsigned long end)
{
	const struct backing *backing = pin->backing;
	pgoff_t skip = 0;
	long got;

	if (fatal_signal_pending(current))
		return -EINTR;
	got = memfd_pin_folios(backing->file,
			       backing->start + pin->next * PAGE_SIZE,
			       backing->start + end * PAGE_SIZE - 1,
			       pin->folios, pin->max, &skip);
	if (got <= 0)
		return got ?: -EFAULT;
	return enter_batch(pin, got, skip >> PAGE_SHIFT, end);
}

static int pin_all(struct folio_batch_pin *pin, unsigned long first,
		   unsigned long end)
{
	int ret;

	pin->next = first;
	while (pin->next < end) {
		ret = pin_some(pin, end);
		if (ret) {
			backing_unpin_pages(pin->backing, pin->table, first,
					    pin->next);
			return ret;
		}
		cond_resched();
	}
	return 0;
}

static long backing_file_pin(struct backing *backing, struct pfn_table *table,
			     unsigned long first, unsigned long end)
{
	struct folio *few[FEW_FOLIOS];
	struct folio_batch_pin pin = {
		.backing = backing,
		.table = table,
		.folios = few,
		.max = FEW_FOLIOS,
	};
	int ret;

	if (end - first > FEW_FOLIOS) {
		pin.max = MANY_FOLIOS;
		pin.folios = (struct folio **)__get_free_page(GFP_KERNEL);
		if (!pin.folios)
			return -ENOMEM;
	}
	ret = pin_all(&pin, first, end);
	if (pin.folios != few)
		free_page((unsigned long)pin.folios);
	return ret ?: end - first;
}

static int copy_one_page(const struct backing *backing, unsigned long offset,
			 void *data, unsigned long bytes, bool write)
{
	loff_t at = backing->start + (offset & PAGE_MASK);
	struct folio *folio;
	pgoff_t skip = 0;
	struct page *page;
	long got;

	got = memfd_pin_folios(backing->file, at, at + PAGE_SIZE - 1, &folio, 1,
			       &skip);
	if (got != 1)
		return got < 0 ? got : -EFAULT;
	page = folio_page(folio, skip >> PAGE_SHIFT);
	backing_copy_page(page, offset_in_page(offset), data, bytes, write);
	unpin_user_page_range_dirty_lock(page, 1, write);
	return 0;
}

static int backing_file_copy(const struct backing *backing,
			     unsigned long offset, void *data,
			     unsigned long bytes, unsigned int flags)
{
	unsigned long part;
	int ret = 0;

	for (; bytes && !ret; bytes -= part) {
		part = min(bytes, PAGE_SIZE - offset_in_page(offset));
		ret = copy_one_page(backing, offset, data, part,
				    flags & BACKING_WRITE);
		offset += part;
		data += part;
		cond_resched();
	}
	return ret;
}

static void backing_file_release(struct backing *backing)
{
	if (backing->writable)
		mapping_unmap_writable(backing->file->f_mapping);
	fput(backing->file);
}

static const struct backing_ops backing_file_ops = {
	.pin = backing_file_pin,
	.unpin = backing_unpin_pages,
	.copy = backing_file_copy,
	.release = backing_file_release,
};

static unsigned int seals_of(struct file *file)
{
#ifdef CONFIG_HUGETLBFS
	if (is_file_hugepages(file))
		return HUGETLBFS_I(file_inode(file))->seals;
#endif
	return SHMEM_I(file_inode(file))->seals;
}

/*
 * As for a shared writable mapping by mmap(): while it lasts the file cannot be
 * sealed against writing, and one that is sealed cannot be had.
 */
static int allow_write(struct file *file)
{
	if (!(file->f_mode & FMODE_WRITE) ||
	    seals_of(file) & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))
		return -EPERM;
	return mapping_map_writable(file->f_mapping);
}

/**
 * backing_file_init() - memory of a file
 * @backing: to be initialized; its release op undoes it
 * @file: the file; the caller keeps its own reference
 * @start: where in the file, a multiple of PAGE_SIZE
 * @nr_pages: size, at least 1
 * @writable: devices may write to it
 *
 * Context: May sleep.
 * Return: 0, -EINVAL where @file is neither shared memory nor huge pages or
 * @start is too large, -EPERM where it was not opened for the access or is
 * sealed against it.
 */
int backing_file_init(struct backing *backing, struct file *file,
		      unsigned long start, unsigned long nr_pages,
		      bool writable)
{
	int ret;

	if (!shmem_file(file) && !is_file_hugepages(file))
		return -EINVAL;
	if (start > LLONG_MAX || nr_pages > (LLONG_MAX - start) >> PAGE_SHIFT)
		return -EINVAL;
	if (!(file->f_mode & FMODE_READ))
		return -EPERM;
	ret = writable ? allow_write(file) : 0;
	if (ret)
		return ret;
	*backing = (struct backing){
		.ops = &backing_file_ops,
		.file = get_file(file),
		.start = start,
		.nr_pages = nr_pages,
		.writable = writable,
	};
	return 0;
}
