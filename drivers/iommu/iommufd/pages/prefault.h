/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Faults in memory of the current process by several threads, ahead of the one
 * that pins it.
 *
 * The threads do nothing but fault. They pin, charge and report nothing, so that
 * the memory is pinned as without them, and a failure has the same errno.
 */
#ifndef IOMMUFD_PREFAULT_H
#define IOMMUFD_PREFAULT_H

#include <linux/sched.h>
#include <linux/types.h>

struct prefault;

int prefault_init(void);
void prefault_exit(void);

struct prefault *prefault_start(unsigned long start, unsigned long nr_pages);
void prefault_advance(struct prefault *prefault, unsigned long addr);
void prefault_stop(struct prefault *prefault);

bool prefault_is_cold(unsigned long faults, unsigned long nr_pages);

/**
 * prefault_count() - get the number of page faults of the current task
 *
 * Context: Process context.
 * Return: faults so far, including those of memory that it has pinned.
 */
static inline unsigned long prefault_count(void)
{
	return current->min_flt + current->maj_flt;
}

#endif /* IOMMUFD_PREFAULT_H */
