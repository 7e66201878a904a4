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
 * struct backing_provider - somebody of whom a backing has memory
 */
struct backing_provider {
	/** @entry: links into &backing_pfnmap.providers */
	struct list_head entry;
	/** @provider: who, with a reference */
	struct iommufd_p2p_provider *provider;
};

static int backing_pfnmap_alloc(struct backing *backing)
{
	struct backing_pfnmap *raw;

	if (backing->raw)
		return 0;
	if (backing->nr_pages > MOST_PAGES)
		return -ENOMEM;
	raw = kvzalloc(struct_size(raw, pages,
				   BITS_TO_LONGS(backing->nr_pages)),
		       GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!raw)
		return -ENOMEM;
	INIT_LIST_HEAD(&raw->providers);
	INIT_LIST_HEAD(&raw->mappings);
	/* who unmaps has a look at it without the lock of the pages */
	smp_store_release(&backing->raw, raw);
	return 0;
}

static int backing_pfnmap_ref_provider(struct backing_pfnmap *raw,
				       struct iommufd_p2p_provider *provider)
{
	struct backing_provider *backing_provider;

	list_for_each_entry(backing_provider, &raw->providers, entry) {
		if (backing_provider->provider == provider) {
			p2p_provider_put(provider);
			return 0;
		}
	}
	backing_provider = kzalloc_obj(*backing_provider, GFP_KERNEL_ACCOUNT);
	if (!backing_provider)
		return -ENOMEM;
	backing_provider->provider = provider;
	list_add(&backing_provider->entry, &raw->providers);
	return 0;
}

/**
 * backing_pfnmap_add_provider() - get ready to have pages that are no RAM
 * @backing: the memory
 * @provider: whose they are, NULL for nobody's; the reference is taken over,
 *	whatever this returns
 *
 * Context: May sleep.
 * Return: 0, -ENOMEM also where the backing is larger than 4 TiB.
 */
int backing_pfnmap_add_provider(struct backing *backing,
				struct iommufd_p2p_provider *provider)
{
	int ret = backing_pfnmap_alloc(backing);

	if (!provider)
		return ret;
	if (!ret)
		ret = backing_pfnmap_ref_provider(backing->raw, provider);
	if (ret)
		p2p_provider_put(provider);
	return ret;
}

/**
 * backing_pfnmap_provider() - of whom does a backing have a page?
 * @raw: of the backing
 * @pfn: page frame of a page in @raw
 * @nr: how many in a row are asked about; set to how many of them the answer is
 *	the same for
 *
 * Where a device was opened a second time it is that of the second time.
 *
 * Context: Any.
 * Return: the provider, to whom the backing has a reference, or NULL.
 */
struct iommufd_p2p_provider *
backing_pfnmap_provider(const struct backing_pfnmap *raw, unsigned long pfn,
			unsigned long *nr)
{
	const struct backing_provider *backing_provider;

	list_for_each_entry(backing_provider, &raw->providers, entry) {
		if (p2p_provider_owns(backing_provider->provider, pfn, nr))
			return backing_provider->provider;
	}
	return NULL;
}

static void backing_pfnmap_put_providers(struct backing_pfnmap *raw)
{
	struct backing_provider *backing_provider, *next;

	list_for_each_entry_safe(backing_provider, next, &raw->providers,
				 entry) {
		list_del(&backing_provider->entry);
		p2p_provider_put(backing_provider->provider);
		kfree(backing_provider);
	}
}

/**
 * backing_pfnmap_trim() - forget providers of whom there is nothing any more
 * @backing: some pages of &backing.raw were cleared
 *
 * Context: May sleep.
 */
void backing_pfnmap_trim(const struct backing *backing)
{
	struct backing_pfnmap *raw = backing->raw;

	if (!list_empty(&raw->providers) &&
	    bitmap_empty(raw->pages, backing->nr_pages))
		backing_pfnmap_put_providers(raw);
}

/**
 * backing_pfnmap_release() - free all that there is
 * @backing: has some; nothing of it is in a table
 *
 * Context: May sleep.
 */
void backing_pfnmap_release(struct backing *backing)
{
	backing_pfnmap_put_providers(backing->raw);
	kvfree(backing->raw);
	backing->raw = NULL;
}
