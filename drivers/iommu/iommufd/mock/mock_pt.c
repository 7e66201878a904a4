// SPDX-License-Identifier: GPL-2.0-only
/*
 * The page table of a mock IOMMU: an xarray of leaves with entries of two
 * sizes.
 */
#include <linux/bits.h>
#include <linux/bitops.h>
#include <linux/bug.h>
#include <linux/delay.h>
#include <linux/errno.h>
#include <linux/iommu.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "mock_pt.h"
#include "test_abi.h"

#define NR_ENTRIES (MOCK_HUGE_PAGE_SIZE / MOCK_PAGE_SIZE)

/* Flags in the bits of an entry below the physical address. */
#define PRESENT_BIT 0
#define HUGE_BIT 1
#define DIRTY_BIT 2
/* The entries of a PAGE_SIZE that were mapped together, and are dirty together. */
#define JOINT_BIT 3
#define ENTRY_PHYS (~(unsigned long)(MOCK_PAGE_SIZE - 1))

/**
 * struct leaf - entries for MOCK_HUGE_PAGE_SIZE of IOVA
 */
struct leaf {
	/** @entries: the entries; a huge one is the first and only one */
	unsigned long entries[NR_ENTRIES];
};

static struct leaf *mock_pt_find_leaf(struct mock_pt *pt, unsigned long iova)
{
	return xa_load(&pt->leaves, iova / MOCK_HUGE_PAGE_SIZE);
}

static struct leaf *mock_pt_make_leaf(struct mock_pt *pt, unsigned long iova,
				      gfp_t gfp)
{
	struct leaf *leaf = mock_pt_find_leaf(pt, iova);
	struct leaf *other;

	if (leaf)
		return leaf;
	leaf = kzalloc_obj(*leaf, gfp);
	if (!leaf)
		return NULL;
	other = xa_cmpxchg(&pt->leaves, iova / MOCK_HUGE_PAGE_SIZE, NULL, leaf,
			   gfp);
	if (!other)
		return leaf;
	kfree(leaf);
	return xa_is_err(other) ? NULL : other;
}

/* Returns the entry for an IOVA, NULL if nothing is mapped. */
static unsigned long *mock_pt_find_entry(struct mock_pt *pt, unsigned long iova)
{
	struct leaf *leaf = mock_pt_find_leaf(pt, iova);
	unsigned long *entry;

	if (!leaf)
		return NULL;
	entry = &leaf->entries[0];
	if (!test_bit(HUGE_BIT, entry))
		entry += iova % MOCK_HUGE_PAGE_SIZE / MOCK_PAGE_SIZE;
	return test_bit(PRESENT_BIT, entry) ? entry : NULL;
}

static size_t mock_pt_entry_size(const unsigned long *entry)
{
	return test_bit(HUGE_BIT, entry) ? MOCK_HUGE_PAGE_SIZE : MOCK_PAGE_SIZE;
}

/**
 * mock_pt_init() - initialize an empty page table
 * @pt: the page table
 */
void mock_pt_init(struct mock_pt *pt)
{
	xa_init(&pt->leaves);
	init_rwsem(&pt->shape);
}

/**
 * mock_pt_attach() - attach a device to a page table
 * @pt: the page table
 *
 * Warns if the page table is in use. Takes its time, as real hardware does, so
 * that tests meet it.
 *
 * Context: May sleep.
 */
void mock_pt_attach(struct mock_pt *pt)
{
	if (WARN(!down_write_trylock(&pt->shape),
		 "mock: device attached while page table is used\n"))
		return;
	usleep_range(50, 100);
	up_write(&pt->shape);
}

static bool mock_pt_begin(struct mock_pt *pt)
{
	return !WARN(!down_read_trylock(&pt->shape),
		     "mock: page table used while a device is attached\n");
}

static void mock_pt_end(struct mock_pt *pt, bool begun)
{
	if (begun)
		up_read(&pt->shape);
}

/**
 * mock_pt_destroy() - free a page table
 * @pt: the page table, which should be empty
 *
 * Context: May sleep.
 */
void mock_pt_destroy(struct mock_pt *pt)
{
	struct leaf *leaf;
	unsigned long index;

	xa_for_each(&pt->leaves, index, leaf) {
		WARN_ONCE(memchr_inv(leaf, 0, sizeof(*leaf)),
			  "mapped at the end: IOVA %lx\n",
			  index * MOCK_HUGE_PAGE_SIZE);
		kfree(leaf);
		cond_resched();
	}
	xa_destroy(&pt->leaves);
}

static int mock_pt_enter(struct mock_pt *pt, unsigned long iova,
			 phys_addr_t phys, size_t size, gfp_t gfp)
{
	struct leaf *leaf = mock_pt_make_leaf(pt, iova, gfp);
	unsigned long slot = iova % MOCK_HUGE_PAGE_SIZE / MOCK_PAGE_SIZE;
	unsigned long flags = BIT(PRESENT_BIT);
	size_t step = MOCK_PAGE_SIZE;
	size_t offset;

	if (!leaf)
		return -ENOMEM;
	for (offset = 0; offset < size; offset += step)
		if (mock_pt_find_entry(pt, iova + offset))
			return -EADDRINUSE;
	if (size == MOCK_HUGE_PAGE_SIZE) {
		flags |= BIT(HUGE_BIT);
		step = size;
	} else if (size > MOCK_PAGE_SIZE) {
		flags |= BIT(JOINT_BIT);
	}
	for (offset = 0; offset < size; offset += step)
		WRITE_ONCE(leaf->entries[slot++], (phys + offset) | flags);
	return 0;
}

/**
 * mock_pt_map() - add one entry, or those of a page of the kernel
 * @pt: the page table
 * @iova: a multiple of @size
 * @phys: a multiple of @size
 * @size: MOCK_PAGE_SIZE, PAGE_SIZE or MOCK_HUGE_PAGE_SIZE
 * @gfp: allocation flags
 *
 * Return: 0, -ENOMEM, -EADDRINUSE if a part of the range is mapped.
 */
int mock_pt_map(struct mock_pt *pt, unsigned long iova, phys_addr_t phys,
		size_t size, gfp_t gfp)
{
	bool begun = mock_pt_begin(pt);
	int ret = mock_pt_enter(pt, iova, phys, size, gfp);

	mock_pt_end(pt, begun);
	return ret;
}

/**
 * mock_pt_unmap() - remove one entry
 * @pt: the page table
 * @iova: any IOVA of the entry
 *
 * Return: number of bytes unmapped, 0 if nothing was mapped.
 */
size_t mock_pt_unmap(struct mock_pt *pt, unsigned long iova)
{
	bool begun = mock_pt_begin(pt);
	unsigned long *entry = mock_pt_find_entry(pt, iova);
	size_t size = 0;

	if (entry) {
		size = mock_pt_entry_size(entry);
		WRITE_ONCE(*entry, 0);
	}
	mock_pt_end(pt, begun);
	return size;
}

/**
 * mock_pt_lookup() - look up the physical address of an IOVA
 * @pt: the page table
 * @iova: the IOVA
 * @phys: set to the physical address of the byte at @iova
 *
 * Return: true if @iova is mapped.
 */
bool mock_pt_lookup(struct mock_pt *pt, unsigned long iova, phys_addr_t *phys)
{
	unsigned long *entry = mock_pt_find_entry(pt, iova);

	if (!entry)
		return false;
	*phys = (*entry & ENTRY_PHYS) + iova % mock_pt_entry_size(entry);
	return true;
}

/**
 * mock_pt_set_dirty() - mark a page dirty as if a device had written to it
 * @pt: the page table
 * @iova: IOVA of the write; no effect if it is not mapped
 */
void mock_pt_set_dirty(struct mock_pt *pt, unsigned long iova)
{
	unsigned long *entry = mock_pt_find_entry(pt, iova);

	if (entry)
		set_bit(DIRTY_BIT, entry);
}

/* Returns the bytes that the dirty state of the entry at @iova is for. */
static size_t mock_pt_dirty_size(const unsigned long *entry, unsigned long iova)
{
	if (test_bit(JOINT_BIT, entry))
		return PAGE_SIZE - iova % PAGE_SIZE;
	return mock_pt_entry_size(entry);
}

static bool mock_pt_take_entry_dirty(unsigned long *entry, bool clear)
{
	return clear ? test_and_clear_bit(DIRTY_BIT, entry) :
		       test_bit(DIRTY_BIT, entry);
}

static bool mock_pt_take_dirty(struct mock_pt *pt, unsigned long *entry,
			       unsigned long iova, bool clear)
{
	unsigned long end = ALIGN(iova + 1, PAGE_SIZE);
	bool dirty = false;

	if (!test_bit(JOINT_BIT, entry))
		return mock_pt_take_entry_dirty(entry, clear);
	for (iova = end - PAGE_SIZE; iova < end; iova += MOCK_PAGE_SIZE) {
		entry = mock_pt_find_entry(pt, iova);
		if (entry && mock_pt_take_entry_dirty(entry, clear))
			dirty = true;
	}
	return dirty;
}

/**
 * mock_pt_read_dirty() - report dirty entries
 * @pt: the page table
 * @iova: first IOVA
 * @size: bytes
 * @clear: clear the dirty bits that are reported
 * @dirty: recorder of dirty ranges
 *
 * Works like drivers of real IOMMUs: if @iova is inside of an entry, the
 * report, and the step to the next entry, have the size of the whole entry but
 * start at @iova.
 */
void mock_pt_read_dirty(struct mock_pt *pt, unsigned long iova, size_t size,
			bool clear, struct iommu_dirty_bitmap *dirty)
{
	bool begun = mock_pt_begin(pt);
	unsigned long end = iova + size;

	while (iova < end) {
		unsigned long *entry = mock_pt_find_entry(pt, iova);
		size_t step = entry ? mock_pt_dirty_size(entry, iova) :
				      MOCK_PAGE_SIZE;

		if (entry && mock_pt_take_dirty(pt, entry, iova, clear))
			iommu_dirty_bitmap_record(dirty, iova, step);
		iova += step;
	}
	mock_pt_end(pt, begun);
}
