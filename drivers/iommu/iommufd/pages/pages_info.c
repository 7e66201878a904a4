// SPDX-License-Identifier: GPL-2.0-only
/*
 * Describes memory that is mapped: its kind, its file, how much of it is huge
 * pages, and the process that is charged for it.
 */
#include <linux/dma-buf.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/hugetlb.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/pfn.h>
#include <linux/sched/mm.h>
#include <linux/shmem_fs.h>
#include <linux/string.h>

#include "pages.h"
#include "pages_info.h"

/*
 * Maximum number of pages that are looked at, evenly distributed, so that the
 * lock of large memory is not held for long.
 */
#define PAGES_INFO_SAMPLES 512

static const char *pages_file_kind(struct file *file)
{
	if (is_file_hugepages(file))
		return "hugetlb";
	return shmem_file(file) ? "shmem" : "file";
}

/*
 * No reference is taken: if its process closes the file meanwhile, it expects
 * that the file is released by that, for instance the device of a BAR.
 */
static void pages_describe_file(struct file *file, struct pages_info *info)
{
	const char *path = file_path(file, info->path, sizeof(info->path));

	info->kind = pages_file_kind(file);
	info->file = IS_ERR(path) ? NULL : path;
}

static void pages_describe_vma(const struct vm_area_struct *vma,
			       struct pages_info *info)
{
	info->kind = "anon";
	if (vma->vm_file)
		pages_describe_file(vma->vm_file, info);
	if (vma->vm_flags & VM_PFNMAP)
		info->kind = "bar";
}

/* What the process has at the address now, which need not be what is pinned. */
static int pages_describe_user(const struct pages *pages, unsigned long offset,
			       struct pages_info *info)
{
	struct mm_struct *mm = pages->backing.mm;
	struct vm_area_struct *vma;
	int ret;

	if (!mmget_not_zero(mm))
		return 0;
	ret = mmap_read_lock_killable(mm);
	if (!ret) {
		vma = vma_lookup(mm, pages->backing.start + offset);
		if (vma)
			pages_describe_vma(vma, info);
		mmap_read_unlock(mm);
	}
	mmput(mm);
	return ret;
}

static bool pages_is_huge(const struct pages *pages, unsigned long index,
			  unsigned long pfn)
{
	if (pages->backing.ops->of_device ||
	    backing_is_pfnmap(&pages->backing, index))
		return false;
	return folio_order(page_folio(pfn_to_page(pfn))) >=
	       PMD_SHIFT - PAGE_SHIFT;
}

static int pages_huge_percent(const struct pages *pages, unsigned long first,
			      unsigned long end)
{
	unsigned long step = max((end - first) / PAGES_INFO_SAMPLES, 1UL);
	unsigned long index, seen = 0, huge = 0;
	struct pfn_run run;

	for (index = first; index < end; index += step) {
		if (!pfn_table_next_run(&pages->table, index, index + 1, &run))
			continue;
		seen++;
		huge += pages_is_huge(pages, index, run.pfn);
	}
	return seen ? huge * 100 / seen : -1;
}

static int pages_describe_locked(struct pages *pages, unsigned long offset,
				 unsigned long length, struct pages_info *info)
{
	const struct backing *backing = &pages->backing;
	unsigned long first = PFN_DOWN(offset);
	unsigned long end = PFN_DOWN(offset + length - 1) + 1;
	struct task_struct *task = pages->charge.task;

	lockdep_assert_held(&pages->lock);

	info->pid = task_pid_nr(task);
	get_task_comm(info->comm, task);
	info->thp = pages_huge_percent(pages, first,
				       min(end, pages->table.nr_pages));
	if (backing->ops->of_process)
		return pages_describe_user(pages, offset, info);
	if (backing->ops->of_exporter) {
		const struct dma_buf *dmabuf = backing->dmabuf->attach->dmabuf;

		info->kind = "dmabuf";
		strscpy(info->exporter, dmabuf->exp_name);
		return 0;
	}
	pages_describe_file(backing->file, info);
	return 0;
}

/**
 * pages_describe() - describe a part of some memory
 * @pages: the memory, to which the caller has a reference
 * @offset: bytes from its beginning
 * @length: bytes
 * @info: set to the description
 *
 * Context: May sleep. Waits while the memory is being pinned. Takes mmap_lock of
 * the process that owns it.
 * Return: 0, or -EINTR if the current process is being killed.
 */
int pages_describe(struct pages *pages, unsigned long offset,
		   unsigned long length, struct pages_info *info)
{
	int ret;

	info->kind = "none";
	info->file = NULL;
	info->exporter[0] = '\0';
	info->thp = -1;
	if (mutex_lock_killable(&pages->lock))
		return -EINTR;
	ret = pages_describe_locked(pages, offset, length, info);
	mutex_unlock(&pages->lock);
	return ret;
}
