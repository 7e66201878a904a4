// SPDX-License-Identifier: GPL-2.0-only
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/sched/signal.h>

#include "follow_pfnmap.h"
#include "p2p_provider.h"

/* RAM could go away, since it is not pinned here. */
static bool is_ram(unsigned long pfn)
{
	return pfn_valid(pfn) && !PageReserved(pfn_to_page(pfn));
}

/* As many pages as one entry of the page table maps from there on */
static long entry_pages(const struct follow_pfnmap_args *args)
{
	unsigned long mask = compat_follow_pfnmap_mask(args);

	return ((args->address | ~mask) - args->address + 1) >> PAGE_SHIFT;
}

/* Returns 0 where nothing is there yet */
static long look(struct vm_area_struct *vma, unsigned long addr, bool write,
		 struct pfnmap *found)
{
	struct follow_pfnmap_args args = { .vma = vma, .address = addr };
	unsigned long nr = 0;

	if (follow_pfnmap_start(&args))
		return 0;
	if ((args.writable || !write) && !is_ram(args.pfn)) {
		found->pfn = args.pfn;
		nr = min_t(unsigned long, entry_pages(&args),
			   PFN_DOWN(vma->vm_end - addr));
	}
	follow_pfnmap_end(&args);
	if (!nr)
		return -EFAULT;
	/* The mapping is still there, so its device is open, and a provider */
	found->provider = p2p_provider_find(found->pfn, &nr);
	return nr;
}

/* Returns 0 where it should be tried again */
static long look_or_fault(struct mm_struct *mm, unsigned long addr, bool write,
			  struct pfnmap *found)
{
	unsigned int flags = FAULT_FLAG_REMOTE | (write ? FAULT_FLAG_WRITE : 0);
	struct vm_area_struct *vma = vma_lookup(mm, addr);
	bool unlocked = false;
	long nr;
	int ret;

	if (!vma || !(vma->vm_flags & VM_PFNMAP))
		return -EFAULT;
	nr = look(vma, addr, write, found);
	if (nr)
		return nr;
	ret = fixup_user_fault(mm, addr, flags, &unlocked);
	if (fatal_signal_pending(current))
		return -EINTR;
	if (ret)
		return -EFAULT;
	/* @vma may be gone if it had to wait */
	return unlocked ? 0 : look(vma, addr, write, found) ?: -EFAULT;
}

/**
 * follow_pfnmap_lookup() - which page frames has a process mapped?
 * @mm: of the process, with a reference to its users
 * @addr: address there, a multiple of PAGE_SIZE
 * @nr_pages: pages that are of interest, at least 1
 * @write: they must be writable
 * @found: the page frame at @addr, and whose it is; written on success only
 *
 * Nothing is pinned. The page frames are of no RAM that the kernel could give to
 * somebody else.
 *
 * Context: May sleep. Takes mmap_lock of @mm.
 * Return: how many consecutive page frames of one owner there are, at least 1;
 * -EFAULT where
 * something else is mapped or it may not be accessed; -EINTR where the current
 * process is being killed.
 */
long follow_pfnmap_lookup(struct mm_struct *mm, unsigned long addr,
			  unsigned long nr_pages, bool write,
			  struct pfnmap *found)
{
	long nr;

	if (mmap_read_lock_killable(mm))
		return -EINTR;
	do {
		nr = look_or_fault(mm, addr, write, found);
	} while (!nr);
	mmap_read_unlock(mm);
	return nr < 0 ? nr : min_t(unsigned long, nr, nr_pages);
}
