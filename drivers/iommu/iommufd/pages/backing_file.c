// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of a file: shared memory (memfd, tmpfs) or huge pages.
 *
 * No process needs to have it mapped, and it belongs to none. Pages that do not
 * exist yet are allocated when they are pinned.
 */
#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/hugetlb.h>
#include <linux/memfd.h>
#include <linux/mm.h>
#include <linux/sched/signal.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>

#include "backing_file.h"
#include "lib/pfn_table.h"
#include "observe/stats.h"

/* Few folios are collected on the stack, more in a page of pointers. */
#define FILE_PIN_FEW 16
#define FILE_PIN_MANY (PAGE_SIZE / sizeof(struct folio *))

/**
 * struct file_pinner - state of one call of the pin op
 */
struct file_pinner {
	/** @backing: memory to pin */
	const struct backing *backing;
	/** @table: table to enter it into */
	struct pfn_table *table;
	/** @folios: one batch, @max entries */
	struct folio **folios;
	/** @max: maximum number of folios in a batch */
	unsigned int max;
	/** @next: first page that is not in @table yet */
	unsigned long next;
};

/*
 * A folio is returned with one pin, regardless of its size, but any part of it
 * may be unpinned later. Therefore add a pin for each further page.
 */
static int backing_file_enter_folio(struct file_pinner *pinner,
				    struct folio *folio, unsigned long skip,
				    unsigned long nr)
{
	int ret;

	ret = nr > 1 ? folio_add_pins(folio, nr - 1) : 0;
	if (ret) {
		unpin_folio(folio);
		return ret;
	}
	ret = pfn_table_set_run(pinner->table, pinner->next,
				folio_pfn(folio) + skip, nr);
	if (ret)
		unpin_user_page_range_dirty_lock(folio_page(folio, skip), nr,
						 false);
	else
		pinner->next += nr;
	return ret;
}

/* Consumes the pins of a batch, also on failure */
static int backing_file_enter_batch(struct file_pinner *pinner,
				    unsigned int got, unsigned long skip,
				    unsigned long end)
{
	unsigned long nr;
	unsigned int i;
	int ret;

	for (i = 0; i < got; i++) {
		nr = min(folio_nr_pages(pinner->folios[i]) - skip,
			 end - pinner->next);
		ret = backing_file_enter_folio(pinner, pinner->folios[i], skip,
					       nr);
		if (ret) {
			if (i + 1 < got)
				unpin_folios(&pinner->folios[i + 1],
					     got - i - 1);
			return ret;
		}
		skip = 0;
	}
	return 0;
}

/* Returns as memfd_pin_folios(), of the bytes from @start up to @end. */
static long backing_file_get(struct file *file, loff_t start, loff_t end,
			     struct folio **folios, unsigned int max,
			     pgoff_t *skip)
{
	long ret = compat_memfd_begin(file, start, end, max);

	if (ret)
		return ret;
	ret = memfd_pin_folios(file, start, end - 1, folios, max, skip);
	compat_memfd_end(file);
	return ret;
}

static int backing_file_pin_some(struct file_pinner *pinner, unsigned long end)
{
	const struct backing *backing = pinner->backing;
	pgoff_t skip = 0;
	long got;

	if (fatal_signal_pending(current))
		return -EINTR;
	got = backing_file_get(backing->file,
			       backing->start + pinner->next * PAGE_SIZE,
			       backing->start + end * PAGE_SIZE, pinner->folios,
			       pinner->max, &skip);
	if (got <= 0)
		return got ?: -EFAULT;
	return backing_file_enter_batch(pinner, got, skip >> PAGE_SHIFT, end);
}

static int backing_file_pin_all(struct file_pinner *pinner, unsigned long first,
				unsigned long end)
{
	int ret;

	pinner->next = first;
	while (pinner->next < end) {
		ret = backing_file_pin_some(pinner, end);
		if (ret) {
			backing_unpin_pages(pinner->backing, pinner->table,
					    first, pinner->next);
			return ret;
		}
		cond_resched();
	}
	return 0;
}

static long backing_file_pin(struct backing *backing, struct pfn_table *table,
			     unsigned long first, unsigned long end)
{
	struct folio *few[FILE_PIN_FEW];
	struct file_pinner pinner = {
		.backing = backing,
		.table = table,
		.folios = few,
		.max = FILE_PIN_FEW,
	};
	int ret;

	if (end - first > FILE_PIN_FEW) {
		pinner.max = FILE_PIN_MANY;
		pinner.folios = (struct folio **)__get_free_page(GFP_KERNEL);
		if (!pinner.folios)
			return -ENOMEM;
	}
	ret = backing_file_pin_all(&pinner, first, end);
	if (pinner.folios != few)
		free_page((unsigned long)pinner.folios);
	if (ret == -EINVAL)
		iommufd_refuse(&backing->stats->refusals, REFUSAL_FILE_SIZE,
			       backing->start + first * PAGE_SIZE,
			       (end - first) * PAGE_SIZE);
	return ret ?: end - first;
}

static int backing_file_copy_page(const struct backing *backing,
				  unsigned long offset, void *data,
				  unsigned long bytes, bool write)
{
	loff_t at = backing->start + (offset & PAGE_MASK);
	struct folio *folio;
	pgoff_t skip = 0;
	struct page *page;
	long got;

	got = backing_file_get(backing->file, at, at + PAGE_SIZE, &folio, 1,
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
		ret = backing_file_copy_page(backing, offset, data, part,
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

static unsigned int backing_file_seals(struct file *file)
{
#ifdef CONFIG_HUGETLBFS
	if (is_file_hugepages(file))
		return HUGETLBFS_I(file_inode(file))->seals;
#endif
	return SHMEM_I(file_inode(file))->seals;
}

/*
 * As for a shared writable mapping of mmap(): the file cannot be sealed against
 * writing until it is released, and a file that is sealed is refused.
 */
static int backing_file_map_writable(struct file *file)
{
	if (!(file->f_mode & FMODE_WRITE) ||
	    backing_file_seals(file) & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))
		return -EPERM;
	return mapping_map_writable(file->f_mapping);
}

/**
 * backing_file_init() - initialize a backing with memory of a file
 * @backing: backing to initialize; undone by its release op
 * @file: the file; the caller keeps its own reference
 * @start: offset in the file, a multiple of PAGE_SIZE
 * @nr_pages: size in pages, at least 1
 * @writable: devices may write to the memory
 *
 * Context: May sleep.
 * Return: 0, -EINVAL if @file is neither shared memory nor huge pages or @start
 * is too large, -EPERM if @file was not opened for the access or is sealed
 * against it.
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
	ret = writable ? backing_file_map_writable(file) : 0;
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
