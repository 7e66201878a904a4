// SPDX-License-Identifier: GPL-2.0-only
#include <linux/bitmap.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/slab.h>

#include "backing.h"
#include "backing_pfnmap.h"
#include "p2p_provider.h"

/*
 * What marks the pages takes a bit for each page of the backing, which is paid
 * for where only one page is no RAM. 4 TiB, for which it is 128 MiB, is more
 * than a BAR has.
 */
#define MOST_PAGES BIT(42 - PAGE_SHIFT)

/**
 * struct creditor - somebody of whom a backing has memory
 */
struct creditor {
	/** @entry: links into &backing_raw.lenders */
	struct list_head entry;
	/** @lender: who, with a reference */
	struct iommufd_lender *lender;
};

static int need_raw(struct backing *backing)
{
	struct backing_raw *raw;

	if (backing->raw)
		return 0;
	if (backing->nr_pages > MOST_PAGES)
		return -ENOMEM;
	raw = kvzalloc(struct_size(raw, pages,
				   BITS_TO_LONGS(backing->nr_pages)),
		       GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!raw)
		return -ENOMEM;
	INIT_LIST_HEAD(&raw->lenders);
	INIT_LIST_HEAD(&raw->loans);
	/* who unmaps has a look at it without the lock of the pages */
	smp_store_release(&backing->raw, raw);
	return 0;
}

static int add_creditor(struct backing_raw *raw, struct iommufd_lender *lender)
{
	struct creditor *creditor;

	list_for_each_entry(creditor, &raw->lenders, entry) {
		if (creditor->lender == lender) {
			lender_put(lender);
			return 0;
		}
	}
	creditor = kzalloc_obj(*creditor, GFP_KERNEL_ACCOUNT);
	if (!creditor)
		return -ENOMEM;
	creditor->lender = lender;
	list_add(&creditor->entry, &raw->lenders);
	return 0;
}

/**
 * backing_raw_borrow() - get ready to have pages that are no RAM
 * @backing: the memory
 * @lender: whose they are, NULL for nobody's; the reference is taken over,
 *	whatever this returns
 *
 * Context: May sleep.
 * Return: 0, -ENOMEM also where the backing is larger than 4 TiB.
 */
int backing_raw_borrow(struct backing *backing, struct iommufd_lender *lender)
{
	int rc = need_raw(backing);

	if (!lender)
		return rc;
	if (!rc)
		rc = add_creditor(backing->raw, lender);
	if (rc)
		lender_put(lender);
	return rc;
}

/**
 * backing_raw_lender() - of whom does a backing have a page?
 * @raw: of the backing
 * @pfn: page frame of a page in @raw
 * @nr: how many in a row are asked about; set to how many of them the answer is
 *	the same for
 *
 * Where a device was opened a second time it is that of the second time.
 *
 * Context: Any.
 * Return: the lender, to whom the backing has a reference, or NULL.
 */
struct iommufd_lender *backing_raw_lender(const struct backing_raw *raw,
					  unsigned long pfn, unsigned long *nr)
{
	const struct creditor *creditor;

	list_for_each_entry(creditor, &raw->lenders, entry) {
		if (lender_owns(creditor->lender, pfn, nr))
			return creditor->lender;
	}
	return NULL;
}

static void drop_creditors(struct backing_raw *raw)
{
	struct creditor *creditor, *next;

	list_for_each_entry_safe(creditor, next, &raw->lenders, entry) {
		list_del(&creditor->entry);
		lender_put(creditor->lender);
		kfree(creditor);
	}
}

/**
 * backing_raw_trim() - forget lenders of whom there is nothing any more
 * @backing: some pages of &backing.raw were cleared
 *
 * Context: May sleep.
 */
void backing_raw_trim(const struct backing *backing)
{
	struct backing_raw *raw = backing->raw;

	if (!list_empty(&raw->lenders) &&
	    bitmap_empty(raw->pages, backing->nr_pages))
		drop_creditors(raw);
}

/**
 * backing_raw_release() - free all that there is
 * @backing: has some; nothing of it is in a table
 *
 * Context: May sleep.
 */
void backing_raw_release(struct backing *backing)
{
	drop_creditors(backing->raw);
	kvfree(backing->raw);
	backing->raw = NULL;
}
