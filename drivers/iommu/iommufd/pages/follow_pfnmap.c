// SPDX-License-Identifier: GPL-2.0-only
/*
 * Walks the page table of a process to the page frames of a VM_PFNMAP mapping.
 */
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/sched/signal.h>

#include "follow_pfnmap.h"
#include "p2p_provider.h"

/* Pages for which mmap_lock is held at a time, unless an entry maps more: 2 MiB */
#define FOLLOW_PFNMAP_BATCH ((unsigned long)PTRS_PER_PTE)

/* RAM is refused: it is not pinned here, so it could be freed. */
static bool follow_pfnmap_is_ram(unsigned long pfn)
{
	return pfn_valid(pfn) && !PageReserved(pfn_to_page(pfn));
}

/* Number of pages from the address to the end of its page table entry */
static long follow_pfnmap_entry_pages(const struct follow_pfnmap_args *args)
{
	unsigned long mask = compat_follow_pfnmap_mask(args);

	return ((args->address | ~mask) - args->address + 1) >> PAGE_SHIFT;
}

/*
 * Returns the number of pages that an entry of the page table maps from the address
 * on, 0 if there is no entry yet.
 */
static long follow_pfnmap_entry(struct vm_area_struct *vma, unsigned long addr,
				bool write, unsigned long *pfn)
{
	struct follow_pfnmap_args args = { .vma = vma, .address = addr };
	long nr = -EFAULT;

	if (follow_pfnmap_start(&args))
		return 0;
	if ((args.writable || !write) && !follow_pfnmap_is_ram(args.pfn)) {
		*pfn = args.pfn;
		nr = min_t(unsigned long, follow_pfnmap_entry_pages(&args),
			   PFN_DOWN(vma->vm_end - addr));
	}
	follow_pfnmap_end(&args);
	return nr;
}

/*
 * Returns the number of pages, 0 if the page is not in the page table yet. Looks up
 * many entries at once, because some kernels report single pages, and the caller
 * tries to pin a page before each lookup.
 */
static long follow_pfnmap_try(struct vm_area_struct *vma, unsigned long addr,
			      unsigned long nr_pages, bool write,
			      struct pfnmap *found)
{
	unsigned long nr, next, end;
	long more;

	more = follow_pfnmap_entry(vma, addr, write, &found->pfn);
	if (more <= 0)
		return more;
	nr = more;
	end = min3(PFN_DOWN(vma->vm_end - addr), nr_pages, FOLLOW_PFNMAP_BATCH);
	while (nr < end) {
		more = follow_pfnmap_entry(vma, addr + nr * PAGE_SIZE, write,
					   &next);
		if (more <= 0 || next != found->pfn + nr)
			break;
		nr += more;
	}
	/* it cannot be unmapped now, so its device is open and registered */
	found->provider = p2p_provider_find(found->pfn, &nr);
	return nr;
}

/* Returns the number of pages, 0 if mmap_lock was dropped: retry */
static long follow_pfnmap_try_fault(struct mm_struct *mm, unsigned long addr,
				    unsigned long nr_pages, bool write,
				    struct pfnmap *found)
{
	unsigned int flags = FAULT_FLAG_REMOTE | (write ? FAULT_FLAG_WRITE : 0);
	struct vm_area_struct *vma = vma_lookup(mm, addr);
	bool unlocked = false;
	long nr;
	int ret;

	if (!vma || !(vma->vm_flags & VM_PFNMAP))
		return -EFAULT;
	nr = follow_pfnmap_try(vma, addr, nr_pages, write, found);
	if (nr)
		return nr;
	ret = fixup_user_fault(mm, addr, flags, &unlocked);
	if (fatal_signal_pending(current))
		return -EINTR;
	if (ret)
		return -EFAULT;
	/* @vma may have been freed if the fault had to wait */
	if (unlocked)
		return 0;
	return follow_pfnmap_try(vma, addr, nr_pages, write, found) ?: -EFAULT;
}

/**
 * follow_pfnmap_lookup() - look up page frames that a process has mapped
 * @mm: mm of the process, with a reference of mmget()
 * @addr: address in the process, a multiple of PAGE_SIZE
 * @nr_pages: maximum number of pages, at least 1
 * @write: the pages must be writable
 * @found: set to the page frame at @addr and its provider, on success only
 *
 * Nothing is pinned. The page frames are not RAM that the kernel could allocate
 * for another use.
 *
 * Context: May sleep. Takes mmap_lock of @mm.
 * Return: number of consecutive page frames with the same provider, or none, at
 * least 1; -EFAULT if other memory is mapped or it does not allow the access;
 * -EINTR if the current process is being killed.
 */
long follow_pfnmap_lookup(struct mm_struct *mm, unsigned long addr,
			  unsigned long nr_pages, bool write,
			  struct pfnmap *found)
{
	long nr;

	if (mmap_read_lock_killable(mm))
		return -EINTR;
	do {
		nr = follow_pfnmap_try_fault(mm, addr, nr_pages, write, found);
	} while (!nr);
	mmap_read_unlock(mm);
	return nr < 0 ? nr : min_t(unsigned long, nr, nr_pages);
}
