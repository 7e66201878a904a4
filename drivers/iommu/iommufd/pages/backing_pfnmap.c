// SPDX-License-Identifier: GPL-2.0-only
/*
 * Allocates and frees &backing.pfnmap, and keeps the providers of its pages.
 */
#include <linux/bitmap.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/slab.h>

#include "backing.h"
#include "backing_pfnmap.h"
#include "p2p_provider.h"

/*
 * The bitmap has a bit for each page of the backing, even if only one page is
 * not RAM. 4 TiB, which take 128 MiB of bitmap, are more than any BAR has, so
 * that memory is missing behind the BAR.
 */
#define PFNMAP_MAX_PAGES BIT(42 - PAGE_SHIFT)

/**
 * struct backing_provider - a provider of which a backing has pages
 */
struct backing_provider {
	/** @entry: links into &backing_pfnmap.providers */
	struct list_head entry;
	/** @provider: the provider, with a reference */
	struct iommufd_p2p_provider *provider;
};

static int backing_pfnmap_alloc(struct backing *backing)
{
	struct backing_pfnmap *pfnmap;

	if (backing->pfnmap)
		return 0;
	if (backing->nr_pages > PFNMAP_MAX_PAGES)
		return -EFAULT;
	pfnmap = kvzalloc(struct_size(pfnmap, pages,
				      BITS_TO_LONGS(backing->nr_pages)),
			  GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!pfnmap)
		return -ENOMEM;
	INIT_LIST_HEAD(&pfnmap->providers);
	pfnmap->mappings = RB_ROOT;
	/* p2p_mapped() reads it without the lock of the pages */
	smp_store_release(&backing->pfnmap, pfnmap);
	return 0;
}

static int backing_pfnmap_link_provider(struct backing_pfnmap *pfnmap,
					struct iommufd_p2p_provider *provider)
{
	struct backing_provider *backing_provider;

	list_for_each_entry(backing_provider, &pfnmap->providers, entry) {
		if (backing_provider->provider == provider) {
			p2p_provider_put(provider);
			return 0;
		}
	}
	backing_provider = kzalloc_obj(*backing_provider, GFP_KERNEL_ACCOUNT);
	if (!backing_provider)
		return -ENOMEM;
	backing_provider->provider = provider;
	list_add(&backing_provider->entry, &pfnmap->providers);
	return 0;
}

/**
 * backing_pfnmap_add_provider() - prepare a backing for pages that are not RAM
 * @backing: the memory
 * @provider: provider of the pages, or NULL; its reference is consumed, also on
 *	failure
 *
 * Context: May sleep.
 * Return: 0, -ENOMEM, or -EFAULT if the backing is larger than 4 TiB.
 */
int backing_pfnmap_add_provider(struct backing *backing,
				struct iommufd_p2p_provider *provider)
{
	int ret = backing_pfnmap_alloc(backing);

	if (!provider)
		return ret;
	if (!ret)
		ret = backing_pfnmap_link_provider(backing->pfnmap, provider);
	if (ret)
		p2p_provider_put(provider);
	return ret;
}

/**
 * backing_pfnmap_provider() - find the provider of pages of a backing
 * @pfnmap: pages of the backing that are not RAM
 * @pfn: page frame of a page in @pfnmap
 * @nr: number of consecutive page frames to look up; reduced to those with the
 *	same provider, or none
 *
 * If a device was opened again, its latest provider is found.
 *
 * Context: Any.
 * Return: the provider, of which the backing has a reference, or NULL.
 */
struct iommufd_p2p_provider *
backing_pfnmap_provider(const struct backing_pfnmap *pfnmap, unsigned long pfn,
			unsigned long *nr)
{
	const struct backing_provider *backing_provider;

	list_for_each_entry(backing_provider, &pfnmap->providers, entry) {
		if (p2p_provider_owns(backing_provider->provider, pfn, nr))
			return backing_provider->provider;
	}
	return NULL;
}

static void backing_pfnmap_put_providers(struct backing_pfnmap *pfnmap)
{
	struct backing_provider *backing_provider, *next;

	list_for_each_entry_safe(backing_provider, next, &pfnmap->providers,
				 entry) {
		list_del(&backing_provider->entry);
		p2p_provider_put(backing_provider->provider);
		kfree(backing_provider);
	}
}

/**
 * backing_pfnmap_trim() - drop the providers of a backing without their pages
 * @backing: memory of which pages in &backing.pfnmap were cleared
 *
 * Context: May sleep.
 */
void backing_pfnmap_trim(const struct backing *backing)
{
	struct backing_pfnmap *pfnmap = backing->pfnmap;

	if (!list_empty(&pfnmap->providers) &&
	    bitmap_empty(pfnmap->pages, backing->nr_pages))
		backing_pfnmap_put_providers(pfnmap);
}

/**
 * backing_pfnmap_release() - free &backing.pfnmap
 * @backing: memory that has it, without pages in a table
 *
 * Context: May sleep.
 */
void backing_pfnmap_release(struct backing *backing)
{
	backing_pfnmap_put_providers(backing->pfnmap);
	kvfree(backing->pfnmap);
	backing->pfnmap = NULL;
}
