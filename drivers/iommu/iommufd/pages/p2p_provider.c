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
 * enum p2p_provider_state - may devices reach the memory?
 */
enum p2p_provider_state {
	/** @P2P_PROVIDER_REVOKED: not now */
	P2P_PROVIDER_REVOKED,
	/** @P2P_PROVIDER_ACTIVE: they do wherever it is mapped */
	P2P_PROVIDER_ACTIVE,
	/** @P2P_PROVIDER_REMOVED: never again */
	P2P_PROVIDER_REMOVED,
};

/**
 * struct p2p_provider_range - page frames that are provided
 */
struct p2p_provider_range {
	/** @node: in the tree of all */
	struct interval_tree_node node;
	/** @provider: whose they are */
	struct iommufd_p2p_provider *provider;
};

/**
 * struct iommufd_p2p_provider - a device of which memory is provided
 */
struct iommufd_p2p_provider {
	/** @refs: the driver's, and that of each who found or borrowed it */
	refcount_t refs;
	/**
	 * @lock: protects the two below, and what they lead to. Held while
	 * domains are mapped, unmapped and flushed.
	 */
	struct mutex lock;
	/** @state: may devices reach it */
	enum p2p_provider_state state;
	/** @mappings: list of struct p2p_mapping */
	struct list_head mappings;
	/** @nr_ranges: entries in @ranges */
	unsigned int nr_ranges;
	/** @ranges: the memory */
	struct p2p_provider_range ranges[] __counted_by(nr_ranges);
};

/* All struct p2p_provider_range of those who are not gone, by page frame */
static struct rb_root_cached p2p_provider_tree = RB_ROOT_CACHED;
/* Protects the tree. */
static DECLARE_RWSEM(p2p_provider_rwsem);

/**
 * iommufd_p2p_provider_register() - lend memory of a device
 * @ranges: physical addresses, both ends inclusive; widened to whole pages,
 *	which nobody else lends
 * @nr: how many there are
 *
 * While it is registered, whatever part of it a process has mapped may be mapped
 * for DMA by its address there. It is revoked at first. This has to come before
 * any process can map it, so that no mapping escapes.
 *
 * Context: May sleep.
 * Return: the provider, until iommufd_p2p_provider_unregister(), or ERR_PTR(-ENOMEM).
 */
struct iommufd_p2p_provider *
iommufd_p2p_provider_register(const struct range *ranges, unsigned int nr)
{
	struct iommufd_p2p_provider *provider;
	unsigned int i;

	provider =
		kzalloc(struct_size(provider, ranges, nr), GFP_KERNEL_ACCOUNT);
	if (!provider)
		return ERR_PTR(-ENOMEM);
	provider->nr_ranges = nr;
	refcount_set(&provider->refs, 1);
	mutex_init(&provider->lock);
	INIT_LIST_HEAD(&provider->mappings);
	guard(rwsem_write)(&p2p_provider_rwsem);
	for (i = 0; i < nr; i++) {
		provider->ranges[i].provider = provider;
		provider->ranges[i].node.start = PHYS_PFN(ranges[i].start);
		provider->ranges[i].node.last = PHYS_PFN(ranges[i].end);
		interval_tree_insert(&provider->ranges[i].node,
				     &p2p_provider_tree);
	}
	return provider;
}
EXPORT_SYMBOL_NS_GPL(iommufd_p2p_provider_register, "IOMMUFD_NG");

/**
 * p2p_provider_put() - give a reference back
 * @provider: the provider
 *
 * Context: May sleep.
 */
void p2p_provider_put(struct iommufd_p2p_provider *provider)
{
	if (!refcount_dec_and_test(&provider->refs))
		return;
	mutex_destroy(&provider->lock);
	kfree(provider);
}

static void p2p_provider_unmap_all(struct iommufd_p2p_provider *provider)
{
	struct hwmap_flush flush = {};
	struct p2p_mapping *mapping;

	lockdep_assert_held(&provider->lock);
	list_for_each_entry(mapping, &provider->mappings, provider_entry) {
		if (!mapping->mapped)
			continue;
		if (flush.domain != mapping->domain) {
			hwmap_end(&flush);
			hwmap_begin(&flush, mapping->domain);
		}
		hwmap_unmap(&flush, &mapping->map.range);
		mapping->mapped = false;
		cond_resched();
	}
	hwmap_end(&flush);
}

/**
 * iommufd_p2p_provider_revoke() - take the memory back for a while
 * @provider: from iommufd_p2p_provider_register()
 *
 * No device reaches it any more when this returns, nor if it is mapped later.
 *
 * Context: May sleep. The caller serializes all calls for one provider, and may
 * hold locks that nest inside of mmap_lock.
 */
void iommufd_p2p_provider_revoke(struct iommufd_p2p_provider *provider)
{
	guard(mutex)(&provider->lock);
	provider->state = P2P_PROVIDER_REVOKED;
	p2p_provider_unmap_all(provider);
}
EXPORT_SYMBOL_NS_GPL(iommufd_p2p_provider_revoke, "IOMMUFD_NG");

/**
 * iommufd_p2p_provider_restore() - lend the memory again, wherever it was mapped
 * @provider: from iommufd_p2p_provider_register()
 *
 * Nothing happens where it was not revoked. Where there is no memory for the page
 * tables of an IOMMU that part stays revoked until it is restored the next time.
 *
 * Context: as iommufd_p2p_provider_revoke().
 */
void iommufd_p2p_provider_restore(struct iommufd_p2p_provider *provider)
{
	struct p2p_mapping *mapping;
	int ret;

	guard(mutex)(&provider->lock);
	if (provider->state == P2P_PROVIDER_ACTIVE)
		return;
	provider->state = P2P_PROVIDER_ACTIVE;
	list_for_each_entry(mapping, &provider->mappings, provider_entry) {
		ret = hwmap_map(mapping->domain, &mapping->map);
		mapping->mapped = !ret;
		if (ret)
			pr_warn_ratelimited(
				"iommufd: memory of a device is not mapped again: %d\n",
				ret);
		cond_resched();
	}
}
EXPORT_SYMBOL_NS_GPL(iommufd_p2p_provider_restore, "IOMMUFD_NG");

/**
 * iommufd_p2p_provider_unregister() - take the memory back for good
 * @provider: from iommufd_p2p_provider_register()
 *
 * Who comes after the user from whom it is taken gets a provider of his own. No
 * process has any of the memory mapped any more.
 *
 * Context: as iommufd_p2p_provider_revoke().
 */
void iommufd_p2p_provider_unregister(struct iommufd_p2p_provider *provider)
{
	unsigned int i;

	scoped_guard(rwsem_write, &p2p_provider_rwsem) {
		for (i = 0; i < provider->nr_ranges; i++)
			interval_tree_remove(&provider->ranges[i].node,
					     &p2p_provider_tree);
	}
	scoped_guard(mutex, &provider->lock) {
		provider->state = P2P_PROVIDER_REMOVED;
		p2p_provider_unmap_all(provider);
	}
	p2p_provider_put(provider);
}
EXPORT_SYMBOL_NS_GPL(iommufd_p2p_provider_unregister, "IOMMUFD_NG");

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
 * p2p_provider_find() - who lends some memory?
 * @pfn: a page frame that a process has mapped, and cannot unmap meanwhile
 * @nr: how many in a row are asked about, at least 1; set to how many of them
 *	are provided by the same one, or by nobody
 *
 * Context: May sleep.
 * Return: the provider, with a reference, or NULL.
 */
struct iommufd_p2p_provider *p2p_provider_find(unsigned long pfn,
					       unsigned long *nr)
{
	struct interval_tree_node *node;
	struct iommufd_p2p_provider *provider;

	guard(rwsem_read)(&p2p_provider_rwsem);
	node = interval_tree_iter_first(&p2p_provider_tree, pfn, pfn + *nr - 1);
	if (!node || !owns(node, pfn, nr))
		return NULL;
	provider =
		container_of(node, struct p2p_provider_range, node)->provider;
	refcount_inc(&provider->refs);
	return provider;
}

/**
 * p2p_provider_owns() - does somebody lend some memory, or did he?
 * @provider: the provider, with a reference
 * @pfn: page frame
 * @nr: how many in a row are asked about, at least 1; set to how many of them
 *	the answer is the same for
 *
 * Context: Any.
 * Return: true where he does.
 */
bool p2p_provider_owns(const struct iommufd_p2p_provider *provider,
		       unsigned long pfn, unsigned long *nr)
{
	unsigned int i;

	for (i = 0; i < provider->nr_ranges; i++) {
		if (owns(&provider->ranges[i].node, pfn, nr))
			return true;
	}
	return false;
}

/**
 * p2p_provider_map() - map provided memory, now and whenever it is provided again
 * @provider: whose it is, with a reference
 * @domain: where to map
 * @map: what to map, without a table
 * @mappings: list of struct p2p_mapping to which this is added
 *
 * Context: May sleep.
 * Return: 0, -ENOMEM, or as hwmap_map().
 */
int p2p_provider_map(struct iommufd_p2p_provider *provider,
		     struct iommu_domain *domain, const struct hwmap *map,
		     struct list_head *mappings)
{
	struct p2p_mapping *mapping;
	int ret;

	mapping = kzalloc_obj(*mapping, GFP_KERNEL_ACCOUNT);
	if (!mapping)
		return -ENOMEM;
	mapping->domain = domain;
	mapping->map = *map;
	mapping->map.unkillable = true;
	guard(mutex)(&provider->lock);
	if (provider->state == P2P_PROVIDER_ACTIVE) {
		ret = hwmap_map(domain, map);
		if (ret) {
			kfree(mapping);
			return ret;
		}
		mapping->mapped = true;
	}
	refcount_inc(&provider->refs);
	mapping->provider = provider;
	list_add_tail(&mapping->provider_entry, &provider->mappings);
	list_add_tail(&mapping->entry, mappings);
	return 0;
}

/**
 * p2p_provider_unmap() - undo p2p_provider_map()
 * @mapping: what was added there, gone when this returns
 * @flush: of the domain; flushed when this returns where something was mapped
 *
 * Context: May sleep.
 */
void p2p_provider_unmap(struct p2p_mapping *mapping, struct hwmap_flush *flush)
{
	struct iommufd_p2p_provider *provider = mapping->provider;

	scoped_guard(mutex, &provider->lock) {
		if (mapping->mapped) {
			/* nobody else will know that it was mapped */
			hwmap_unmap(flush, &mapping->map.range);
			hwmap_end(flush);
		}
		list_del(&mapping->provider_entry);
	}
	list_del(&mapping->entry);
	kfree(mapping);
	p2p_provider_put(provider);
}
