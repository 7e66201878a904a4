// SPDX-License-Identifier: GPL-2.0-only
/*
 * Providers of peer-to-peer memory: registered by drivers, found by page frame,
 * with all mappings of their memory.
 */
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
#include <linux/rbtree.h>
#include <linux/refcount.h>
#include <linux/rwsem.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <trace/events/iommufd.h>

#include "p2p_provider.h"

/**
 * enum p2p_provider_state - access of devices to the memory of a provider
 */
enum p2p_provider_state {
	/** @P2P_PROVIDER_REVOKED: its mappings are removed, to be restored */
	P2P_PROVIDER_REVOKED,
	/** @P2P_PROVIDER_ACTIVE: its mappings are established */
	P2P_PROVIDER_ACTIVE,
};

/**
 * struct p2p_provider_range - page frames of a provider
 */
struct p2p_provider_range {
	/** @node: page frames; links into p2p_provider_tree */
	struct interval_tree_node node;
	/** @provider: provider of the page frames */
	struct iommufd_p2p_provider *provider;
};

/**
 * struct iommufd_p2p_provider - memory of a device that other devices may
 * access
 */
struct iommufd_p2p_provider {
	/** @refs: of the driver, of each backing and of each mapping */
	refcount_t refs;
	/**
	 * @lock: protects @state, @mappings and the entries of @mappings. Held
	 * while domains are mapped, unmapped and flushed.
	 */
	struct mutex lock;
	/** @state: access of devices to the memory */
	enum p2p_provider_state state;
	/** @mappings: list of struct p2p_mapping */
	struct list_head mappings;
	/**
	 * @name: name of the device, for trace events; a copy, because mappings
	 * may outlive the device
	 */
	char name[IOMMUFD_P2P_PROVIDER_NAME];
	/** @nr_ranges: number of @ranges */
	unsigned int nr_ranges;
	/** @ranges: the memory */
	struct p2p_provider_range ranges[] __counted_by(nr_ranges);
};

/* struct p2p_provider_range of all registered providers, by page frame */
static struct rb_root_cached p2p_provider_tree = RB_ROOT_CACHED;
/* Protects p2p_provider_tree */
static DECLARE_RWSEM(p2p_provider_rwsem);

/**
 * iommufd_p2p_provider_register() - provide memory of a device
 * @name: name of the device, for trace events
 * @ranges: physical addresses, both ends inclusive; extended to whole pages,
 *	which no other provider has
 * @nr: number of @ranges
 *
 * While the provider is registered, any part of the memory that a process has
 * mapped can be mapped for DMA by its address in the process. The memory is
 * revoked at first. Drivers register it before any process can map it, so that
 * every mapping for DMA is known to the provider.
 *
 * Context: May sleep.
 * Return: the provider, until iommufd_p2p_provider_unregister(), or
 * ERR_PTR(-ENOMEM).
 */
struct iommufd_p2p_provider *
iommufd_p2p_provider_register(const char *name, const struct range *ranges,
			      unsigned int nr)
{
	struct iommufd_p2p_provider *provider;
	unsigned int i;

	provider =
		kzalloc(struct_size(provider, ranges, nr), GFP_KERNEL_ACCOUNT);
	if (!provider)
		return ERR_PTR(-ENOMEM);
	strscpy(provider->name, name, sizeof(provider->name));
	provider->nr_ranges = nr;
	refcount_set(&provider->refs, 1);
	mutex_init(&provider->lock);
	INIT_LIST_HEAD(&provider->mappings);
	for (i = 0; i < nr; i++) {
		provider->ranges[i].provider = provider;
		provider->ranges[i].node.start = PHYS_PFN(ranges[i].start);
		provider->ranges[i].node.last = PHYS_PFN(ranges[i].end);
	}
	iommufd_p2p_provider_resume(provider);
	return provider;
}
EXPORT_SYMBOL_NS_GPL(iommufd_p2p_provider_register, "IOMMUFD_NG");

/**
 * p2p_provider_put() - drop a reference
 * @provider: the provider, freed with its last reference
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
		scoped_guard(mutex, mapping->map.tables_lock)
			hwmap_unmap(&flush, &mapping->map.range);
		mapping->mapped = false;
		cond_resched();
	}
	hwmap_end(&flush);
}

/* For trace events: the first range, and the size of all. */
static u64 p2p_provider_start(const struct iommufd_p2p_provider *provider)
{
	return provider->nr_ranges ? PFN_PHYS(provider->ranges[0].node.start) :
				     0;
}

static u64 p2p_provider_length(const struct iommufd_p2p_provider *provider)
{
	u64 nr = 0;

	for (unsigned int i = 0; i < provider->nr_ranges; i++)
		nr += provider->ranges[i].node.last -
		      provider->ranges[i].node.start + 1;
	return PFN_PHYS(nr);
}

/**
 * iommufd_p2p_provider_revoke() - revoke memory until it is restored
 * @provider: from iommufd_p2p_provider_register()
 *
 * No device can access the memory when this returns, nor by a mapping that is
 * requested later.
 *
 * Context: May sleep. The caller serializes all calls for one provider, and may
 * hold locks that nest inside of mmap_lock. Takes &iopt.tables_lock of each
 * mapping, because the IOMMU drivers need not expect that the page table changes
 * while a device is attached.
 */
void iommufd_p2p_provider_revoke(struct iommufd_p2p_provider *provider)
{
	guard(mutex)(&provider->lock);
	trace_iommufd_revoke(provider->name, p2p_provider_start(provider),
			     p2p_provider_length(provider));
	provider->state = P2P_PROVIDER_REVOKED;
	p2p_provider_unmap_all(provider);
}
EXPORT_SYMBOL_NS_GPL(iommufd_p2p_provider_revoke, "IOMMUFD_NG");

/**
 * iommufd_p2p_provider_restore() - establish all mappings of revoked memory
 * @provider: from iommufd_p2p_provider_register()
 *
 * Does nothing if the memory is not revoked. If a page table cannot be
 * allocated, the mapping stays revoked until the memory is revoked and restored
 * the next time.
 *
 * Context: As iommufd_p2p_provider_revoke().
 */
void iommufd_p2p_provider_restore(struct iommufd_p2p_provider *provider)
{
	struct p2p_mapping *mapping;
	int ret;

	guard(mutex)(&provider->lock);
	if (provider->state == P2P_PROVIDER_ACTIVE)
		return;
	provider->state = P2P_PROVIDER_ACTIVE;
	trace_iommufd_restore(provider->name, p2p_provider_start(provider),
			      p2p_provider_length(provider));
	list_for_each_entry(mapping, &provider->mappings, provider_entry) {
		scoped_guard(mutex, mapping->map.tables_lock)
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
 * iommufd_p2p_provider_suspend() - revoke memory and allow no new mappings
 * @provider: from iommufd_p2p_provider_register(), not suspended; no process
 *	has any of its memory mapped
 *
 * Until iommufd_p2p_provider_resume() the memory is as that of a device without
 * a provider.
 *
 * Context: As iommufd_p2p_provider_revoke().
 */
void iommufd_p2p_provider_suspend(struct iommufd_p2p_provider *provider)
{
	unsigned int i;

	scoped_guard(rwsem_write, &p2p_provider_rwsem) {
		for (i = 0; i < provider->nr_ranges; i++)
			interval_tree_remove(&provider->ranges[i].node,
					     &p2p_provider_tree);
	}
	iommufd_p2p_provider_revoke(provider);
}
EXPORT_SYMBOL_NS_GPL(iommufd_p2p_provider_suspend, "IOMMUFD_NG");

/**
 * iommufd_p2p_provider_resume() - undo iommufd_p2p_provider_suspend()
 * @provider: a suspended provider, whose memory stays revoked
 *
 * Context: As iommufd_p2p_provider_revoke().
 */
void iommufd_p2p_provider_resume(struct iommufd_p2p_provider *provider)
{
	unsigned int i;

	guard(rwsem_write)(&p2p_provider_rwsem);
	for (i = 0; i < provider->nr_ranges; i++)
		interval_tree_insert(&provider->ranges[i].node,
				     &p2p_provider_tree);
}
EXPORT_SYMBOL_NS_GPL(iommufd_p2p_provider_resume, "IOMMUFD_NG");

/**
 * iommufd_p2p_provider_unregister() - leave memory revoked for good
 * @provider: a suspended provider
 *
 * Context: As iommufd_p2p_provider_revoke().
 */
void iommufd_p2p_provider_unregister(struct iommufd_p2p_provider *provider)
{
	p2p_provider_put(provider);
}
EXPORT_SYMBOL_NS_GPL(iommufd_p2p_provider_unregister, "IOMMUFD_NG");

/*
 * Returns true if @node contains @pfn, and reduces @nr to the number of pages
 * for which this result is the same.
 */
static bool p2p_provider_node_has(const struct interval_tree_node *node,
				  unsigned long pfn, unsigned long *nr)
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
 * p2p_provider_find() - find the provider of page frames
 * @pfn: first page frame; a process has it mapped, and cannot unmap it
 *	meanwhile
 * @nr: number of consecutive page frames to look up, at least 1; reduced to
 *	those that have the same provider, or none
 *
 * Context: May sleep.
 * Return: the provider, with a reference, or NULL.
 */
struct iommufd_p2p_provider *p2p_provider_find(unsigned long pfn,
					       unsigned long *nr)
{
	struct iommufd_p2p_provider *provider;
	struct interval_tree_node *node;

	guard(rwsem_read)(&p2p_provider_rwsem);
	node = interval_tree_iter_first(&p2p_provider_tree, pfn, pfn + *nr - 1);
	if (!node || !p2p_provider_node_has(node, pfn, nr))
		return NULL;
	provider =
		container_of(node, struct p2p_provider_range, node)->provider;
	refcount_inc(&provider->refs);
	return provider;
}

/**
 * p2p_provider_owns() - test if page frames are those of a provider
 * @provider: the provider, with a reference; may be unregistered
 * @pfn: first page frame
 * @nr: number of consecutive page frames to test, at least 1; reduced to those
 *	with the same result
 *
 * Context: Any.
 * Return: true if they are.
 */
bool p2p_provider_owns(const struct iommufd_p2p_provider *provider,
		       unsigned long pfn, unsigned long *nr)
{
	unsigned int i;

	for (i = 0; i < provider->nr_ranges; i++) {
		if (p2p_provider_node_has(&provider->ranges[i].node, pfn, nr))
			return true;
	}
	return false;
}

/* Returns 0 if both map the same IOVA of a domain, or part of it. */
static int p2p_mapping_cmp(const void *key, const struct rb_node *node)
{
	const struct p2p_mapping *a = key;
	const struct p2p_mapping *b = rb_entry(node, struct p2p_mapping, node);

	if (a->domain != b->domain)
		return a->domain < b->domain ? -1 : 1;
	if (iova_range_overlaps(&a->map.range, &b->map.range))
		return 0;
	return a->map.range.first < b->map.range.first ? -1 : 1;
}

static bool p2p_mapping_less(struct rb_node *node, const struct rb_node *parent)
{
	return p2p_mapping_cmp(rb_entry(node, struct p2p_mapping, node),
			       parent) < 0;
}

/**
 * p2p_provider_map() - map provided memory, now or when it is restored
 * @provider: provider of the memory, with a reference
 * @domain: domain to map it in
 * @map: the mapping, without a table
 * @mappings: tree to add the mapping to
 *
 * Context: May sleep. No device is being attached to @domain, see
 * iopt_stop_mapping().
 * Return: 0, -ENOMEM, or as hwmap_map().
 */
int p2p_provider_map(struct iommufd_p2p_provider *provider,
		     struct iommu_domain *domain, const struct hwmap *map,
		     struct rb_root *mappings)
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
	rb_add(&mapping->node, mappings, p2p_mapping_less);
	return 0;
}

/**
 * p2p_provider_first() - find the first mapping in a range
 * @mappings: tree of p2p_provider_map()
 * @domain: domain of the mapping
 * @range: IOVA
 *
 * Context: Any. The caller holds the lock of @mappings.
 * Return: the mapping, or NULL.
 */
struct p2p_mapping *p2p_provider_first(const struct rb_root *mappings,
				       const struct iommu_domain *domain,
				       const struct iova_range *range)
{
	const struct p2p_mapping key = {
		.domain = (struct iommu_domain *)domain,
		.map.range = *range,
	};

	return rb_entry_safe(rb_find_first(&key, mappings, p2p_mapping_cmp),
			     struct p2p_mapping, node);
}

/**
 * p2p_provider_unmap() - undo p2p_provider_map()
 * @mapping: mapping that was added there; freed
 * @mappings: as given to p2p_provider_map()
 * @flush: flush of the domain; done when this returns if the mapping was
 *	established
 *
 * Context: As p2p_provider_map().
 */
void p2p_provider_unmap(struct p2p_mapping *mapping, struct rb_root *mappings,
			struct hwmap_flush *flush)
{
	struct iommufd_p2p_provider *provider = mapping->provider;

	scoped_guard(mutex, &provider->lock) {
		if (mapping->mapped) {
			/* not known to the provider after this */
			hwmap_unmap(flush, &mapping->map.range);
			hwmap_end(flush);
		}
		list_del(&mapping->provider_entry);
	}
	rb_erase(&mapping->node, mappings);
	kfree(mapping);
	p2p_provider_put(provider);
}
