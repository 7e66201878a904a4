/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Before 6.17 memfd_pin_folios() takes huge pages that a file lacks out of those
 * that others have reserved, without looking whether there are any: the count of
 * reserved pages becomes negative. So allocate them as fallocate() does, and keep
 * holes from being punched until they are pinned.
 */
#ifndef _COMPAT_LINUX_MEMFD_H
#define _COMPAT_LINUX_MEMFD_H

#include_next <linux/memfd.h>
#include <linux/version.h>

struct file;

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 17, 0)
#include <linux/err.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <linux/hugetlb.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>

/* Only SIGKILL interrupts it; other signals would, without any progress. */
static inline int compat_memfd_allocate(struct file *file, loff_t start,
					loff_t end)
{
	sigset_t blocked, old;
	int ret;

	siginitsetinv(&blocked, sigmask(SIGKILL));
	sigprocmask(SIG_BLOCK, &blocked, &old);
	ret = file->f_op->fallocate(file, FALLOC_FL_KEEP_SIZE, start,
				    end - start);
	sigprocmask(SIG_SETMASK, &old, NULL);
	return ret == -ENOSPC ? -ENOMEM : ret;
}

/* Called with the lock of the inode held, so that no hole is punched. */
static inline bool compat_memfd_complete(struct file *file, loff_t start,
					 loff_t end)
{
	struct hstate *h = hstate_file(file);
	struct folio *folio;

	for (start = ALIGN_DOWN(start, huge_page_size(h)); start < end;
	     start += huge_page_size(h)) {
		folio = filemap_get_folio(file->f_mapping, start >> PAGE_SHIFT);
		if (IS_ERR(folio))
			return false;
		folio_put(folio);
		cond_resched();
	}
	return true;
}

/*
 * To be called before up to @max folios are pinned, with compat_memfd_end() to
 * follow. May sleep. Returns 0, -ENOMEM, or -EINTR if the current process is being
 * killed.
 */
static inline int compat_memfd_begin(struct file *file, loff_t start,
				     loff_t end, unsigned int max)
{
	struct inode *inode = file_inode(file);
	int ret;

	if (!is_file_hugepages(file))
		return 0;
	end = min3(end, i_size_read(inode),
		   start + (loff_t)max *
				   (loff_t)huge_page_size(hstate_file(file)));
	for (;;) {
		if (down_read_killable(&inode->i_rwsem))
			return -EINTR;
		if (compat_memfd_complete(file, start, end))
			return 0;
		inode_unlock_shared(inode);
		ret = compat_memfd_allocate(file, start, end);
		if (ret)
			return ret;
		if (fatal_signal_pending(current))
			return -EINTR;
	}
}

static inline void compat_memfd_end(struct file *file)
{
	if (is_file_hugepages(file))
		inode_unlock_shared(file_inode(file));
}
#else
static inline int compat_memfd_begin(struct file *file, loff_t start,
				     loff_t end, unsigned int max)
{
	return 0;
}

static inline void compat_memfd_end(struct file *file)
{
}
#endif

#endif /* _COMPAT_LINUX_MEMFD_H */
