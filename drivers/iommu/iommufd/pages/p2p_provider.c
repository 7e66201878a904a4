// SPDX-License-Identifier: GPL-2.0-only
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/interval_tree.h>
#include <linux/iommufd.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/overflow.h>
#include <linux/pfn.h>
#include <linux/printk.h>
#include <linux/range.h>
#include <linux/refcount.h>
#include <linux/rwsem.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "p2p_provider.h"

/**
 * enum lender_state - may devices reach the memory?
 */
enum lender_state {
	/** @LENDER_REVOKED: not now */
	LENDER_REVOKED,
	/** @LENDER_LENDING: they do wherever it is mapped */
	LENDER_LENDING,
	/** @LENDER_GONE: never again */
	LENDER_GONE,
};

/**
 * struct lent_range - page frames that are lent
 */
struct lent_range {
	/** @node: in the tree of all */
	struct interval_tree_node node;
	/** @lender: whose they are */
	struct iommufd_lender *lender;
};

/**
 * struct iommufd_lender - a device of which memory is lent
 */
struct iommufd_lender {
	/** @refs: the driver's, and that of each who found or borrowed it */
	refcount_t refs;
	/**
	 * @lock: protects the two below, and what they lead to. Held while
	 * domains are mapped, unmapped and flushed.
	 */
	struct mutex lock;
	/** @state: may devices reach it */
	enum lender_state state;
	/** @loans: list of struct loan */
	struct list_head loans;
	/** @nr_ranges: entries in @ranges */
	unsigned int nr_ranges;
	/** @ranges: the memory */
	struct lent_range ranges[] __counted_by(nr_ranges);
};

/* All struct lent_range of those who are not gone, by page frame */
static struct rb_root_cached lent = RB_ROOT_CACHED;
/* Protects the tree. */
static DECLARE_RWSEM(lent_rwsem);

/**
 * iommufd_lender_register() - lend memory of a device
 * @ranges: physical addresses, both ends inclusive; widened to whole pages,
 *	which nobody else lends
 * @nr: how many there are
 *
 * While it is registered, whatever part of it a process has mapped may be mapped
 * for DMA by its address there. It is revoked at first. This has to come before
 * any process can map it, so that no mapping escapes.
 *
 * Context: May sleep.
 * Return: the lender, until iommufd_lender_unregister(), or ERR_PTR(-ENOMEM).
 */
struct iommufd_lender *iommufd_lender_register(const struct range *ranges,
					       unsigned int nr)
{
	struct iommufd_lender *lender;
	unsigned int i;

	lender = kzalloc(struct_size(lender, ranges, nr), GFP_KERNEL_ACCOUNT);
	if (!lender)
		return ERR_PTR(-ENOMEM);
	lender->nr_ranges = nr;
	refcount_set(&lender->refs, 1);
	mutex_init(&lender->lock);
	INIT_LIST_HEAD(&lender->loans);
	guard(rwsem_write)(&lent_rwsem);
	for (i = 0; i < nr; i++) {
		lender->ranges[i].lender = lender;
		lender->ranges[i].node.start = PHYS_PFN(ranges[i].start);
		lender->ranges[i].node.last = PHYS_PFN(ranges[i].end);
		interval_tree_insert(&lender->ranges[i].node, &lent);
	}
	return lender;
}
EXPORT_SYMBOL_NS_GPL(iommufd_lender_register, "IOMMUFD_NG");

/**
 * lender_put() - give a reference back
 * @lender: the lender
 *
 * Context: May sleep.
 */
void lender_put(struct iommufd_lender *lender)
{
	if (!refcount_dec_and_test(&lender->refs))
		return;
	mutex_destroy(&lender->lock);
	kfree(lender);
}

static void unmap_loans(struct iommufd_lender *lender)
{
	struct hwmap_flush flush = {};
	struct loan *loan;

	lockdep_assert_held(&lender->lock);
	list_for_each_entry(loan, &lender->loans, lent) {
		if (!loan->mapped)
			continue;
		if (flush.domain != loan->domain) {
			hwmap_end(&flush);
			hwmap_begin(&flush, loan->domain);
		}
		hwmap_unmap(&flush, &loan->map.range);
		loan->mapped = false;
		cond_resched();
	}
	hwmap_end(&flush);
}

/**
 * iommufd_lender_revoke() - take the memory back for a while
 * @lender: from iommufd_lender_register()
 *
 * No device reaches it any more when this returns, nor if it is mapped later.
 *
 * Context: May sleep. The caller serializes all calls for one lender, and may
 * hold locks that nest inside of mmap_lock.
 */
void iommufd_lender_revoke(struct iommufd_lender *lender)
{
	guard(mutex)(&lender->lock);
	lender->state = LENDER_REVOKED;
	unmap_loans(lender);
}
EXPORT_SYMBOL_NS_GPL(iommufd_lender_revoke, "IOMMUFD_NG");

/**
 * iommufd_lender_restore() - lend the memory again, wherever it was mapped
 * @lender: from iommufd_lender_register()
 *
 * Nothing happens where it was not revoked. Where there is no memory for the page
 * tables of an IOMMU that part stays revoked until it is restored the next time.
 *
 * Context: as iommufd_lender_revoke().
 */
void iommufd_lender_restore(struct iommufd_lender *lender)
{
	struct loan *loan;
	int rc;

	guard(mutex)(&lender->lock);
	if (lender->state == LENDER_LENDING)
		return;
	lender->state = LENDER_LENDING;
	list_for_each_entry(loan, &lender->loans, lent) {
		rc = hwmap_map(loan->domain, &loan->map);
		loan->mapped = !rc;
		if (rc)
			pr_warn_ratelimited(
				"iommufd: memory of a device is not mapped again: %d\n",
				rc);
		cond_resched();
	}
}
EXPORT_SYMBOL_NS_GPL(iommufd_lender_restore, "IOMMUFD_NG");

/**
 * iommufd_lender_unregister() - take the memory back for good
 * @lender: from iommufd_lender_register()
 *
 * Who comes after the user from whom it is taken gets a lender of his own. No
 * process has any of the memory mapped any more.
 *
 * Context: as iommufd_lender_revoke().
 */
void iommufd_lender_unregister(struct iommufd_lender *lender)
{
	unsigned int i;

	scoped_guard(rwsem_write, &lent_rwsem) {
		for (i = 0; i < lender->nr_ranges; i++)
			interval_tree_remove(&lender->ranges[i].node, &lent);
	}
	scoped_guard(mutex, &lender->lock) {
		lender->state = LENDER_GONE;
		unmap_loans(lender);
	}
	lender_put(lender);
}
EXPORT_SYMBOL_NS_GPL(iommufd_lender_unregister, "IOMMUFD_NG");

/* Whether @node has @pfn, and for how many of @nr pages from there on */
static bool owns(const struct interval_tree_node *node, unsigned long pfn,
		 unsigned long *nr)
{
	if (pfn < node->start) {
		*nr = min(*nr, node->start - pfn);
		return false;
	}
	if (pfn > node->last)
		return false;
	*nr = min(*nr, node->last - pfn + 1);
	return true;
}

/**
 * lender_find() - who lends some memory?
 * @pfn: a page frame that a process has mapped, and cannot unmap meanwhile
 * @nr: how many in a row are asked about, at least 1; set to how many of them
 *	are lent by the same one, or by nobody
 *
 * Context: May sleep.
 * Return: the lender, with a reference, or NULL.
 */
struct iommufd_lender *lender_find(unsigned long pfn, unsigned long *nr)
{
	struct interval_tree_node *node;
	struct iommufd_lender *lender;

	guard(rwsem_read)(&lent_rwsem);
	node = interval_tree_iter_first(&lent, pfn, pfn + *nr - 1);
	if (!node || !owns(node, pfn, nr))
		return NULL;
	lender = container_of(node, struct lent_range, node)->lender;
	refcount_inc(&lender->refs);
	return lender;
}

/**
 * lender_owns() - does somebody lend some memory, or did he?
 * @lender: the lender, with a reference
 * @pfn: page frame
 * @nr: how many in a row are asked about, at least 1; set to how many of them
 *	the answer is the same for
 *
 * Context: Any.
 * Return: true where he does.
 */
bool lender_owns(const struct iommufd_lender *lender, unsigned long pfn,
		 unsigned long *nr)
{
	unsigned int i;

	for (i = 0; i < lender->nr_ranges; i++) {
		if (owns(&lender->ranges[i].node, pfn, nr))
			return true;
	}
	return false;
}

/**
 * lender_borrow() - map lent memory, now and whenever it is lent again
 * @lender: whose it is, with a reference
 * @domain: where to map
 * @map: what to map, without a table
 * @loans: list of struct loan to which this is added
 *
 * Context: May sleep.
 * Return: 0, -ENOMEM, or as hwmap_map().
 */
int lender_borrow(struct iommufd_lender *lender, struct iommu_domain *domain,
		  const struct hwmap *map, struct list_head *loans)
{
	struct loan *loan;
	int rc;

	loan = kzalloc_obj(*loan, GFP_KERNEL_ACCOUNT);
	if (!loan)
		return -ENOMEM;
	loan->domain = domain;
	loan->map = *map;
	loan->map.unkillable = true;
	guard(mutex)(&lender->lock);
	if (lender->state == LENDER_LENDING) {
		rc = hwmap_map(domain, map);
		if (rc) {
			kfree(loan);
			return rc;
		}
		loan->mapped = true;
	}
	refcount_inc(&lender->refs);
	loan->lender = lender;
	list_add_tail(&loan->lent, &lender->loans);
	list_add_tail(&loan->entry, loans);
	return 0;
}

/**
 * lender_return() - undo lender_borrow()
 * @loan: what was added there, gone when this returns
 * @flush: of the domain; flushed when this returns where something was mapped
 *
 * Context: May sleep.
 */
void lender_return(struct loan *loan, struct hwmap_flush *flush)
{
	struct iommufd_lender *lender = loan->lender;

	scoped_guard(mutex, &lender->lock) {
		if (loan->mapped) {
			/* nobody else will know that it was mapped */
			hwmap_unmap(flush, &loan->map.range);
			hwmap_end(flush);
		}
		list_del(&loan->lent);
	}
	list_del(&loan->entry);
	kfree(loan);
	lender_put(lender);
}
