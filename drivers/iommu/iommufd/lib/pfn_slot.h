/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The encoding of one slot of a PFN table, for the files of the table only, which
 * include pfn_table.h first: the size of a slot is defined there.
 *
 * A slot is 64 bits. It is 0 if it is empty. If bit 0 is set, it holds a run:
 * its first and last position in the slot, and the page frame of the first. Any
 * other value is the address of an array of page frames, with one entry for
 * each position of the slot that lies in the table.
 */
#ifndef IOMMUFD_PFN_SLOT_H
#define IOMMUFD_PFN_SLOT_H

#include <linux/slab.h>
#include <linux/types.h>

#define PFN_SLOT_EMPTY 0ULL
#define PFN_SLOT_IS_RUN 1ULL
#define PFN_SLOT_FROM_SHIFT 1
#define PFN_SLOT_TO_SHIFT (PFN_SLOT_FROM_SHIFT + PFN_SLOT_SHIFT)
#define PFN_SLOT_PFN_SHIFT (PFN_SLOT_TO_SHIFT + PFN_SLOT_SHIFT)
#define PFN_SLOT_POS_MASK (PFN_SLOT_PAGES - 1)
#define PFN_SLOT_MAX_PFN ((1ULL << (64 - PFN_SLOT_PFN_SHIFT)) - 1)

static inline u64 pfn_slot_from_run(unsigned int from, unsigned int to, u64 pfn)
{
	return PFN_SLOT_IS_RUN | (u64)from << PFN_SLOT_FROM_SHIFT |
	       (u64)to << PFN_SLOT_TO_SHIFT | pfn << PFN_SLOT_PFN_SHIFT;
}

static inline bool pfn_slot_is_run(u64 slot)
{
	return slot & PFN_SLOT_IS_RUN;
}

static inline bool pfn_slot_is_array(u64 slot)
{
	return slot && !pfn_slot_is_run(slot);
}

/* Position and page frame of the run of a slot, if pfn_slot_is_run() */
static inline unsigned int pfn_slot_from(u64 slot)
{
	return slot >> PFN_SLOT_FROM_SHIFT & PFN_SLOT_POS_MASK;
}

static inline unsigned int pfn_slot_to(u64 slot)
{
	return slot >> PFN_SLOT_TO_SHIFT & PFN_SLOT_POS_MASK;
}

static inline unsigned long pfn_slot_pfn(u64 slot)
{
	return slot >> PFN_SLOT_PFN_SHIFT;
}

/* Array of a slot, if pfn_slot_is_array() */
static inline unsigned long *pfn_slot_array(u64 slot)
{
	return (unsigned long *)(uintptr_t)slot;
}

static inline void pfn_slot_replace(u64 *slot, u64 new)
{
	u64 old = *slot;

	*slot = new;
	if (pfn_slot_is_array(old))
		kfree(pfn_slot_array(old));
}

#endif /* IOMMUFD_PFN_SLOT_H */
