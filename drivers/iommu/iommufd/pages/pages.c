// SPDX-License-Identifier: GPL-2.0-only
/*
 * Creates and frees pages of each kind of memory.
 */
#include <linux/bug.h>
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/indirect_call_wrapper.h>
#include <linux/init.h>
#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "backing_dmabuf.h"
#include "backing_file.h"
#include "backing_user.h"
#include "pages.h"

static struct kmem_cache *pages_cache;

/**
 * pages_init() - create the cache of struct pages
 *
 * Context: May sleep.
 * Return: 0 or -ENOMEM.
 */
int __init pages_init(void)
{
	pages_cache = kmem_cache_create("iommufd_pages", sizeof(struct pages),
					0, 0, NULL);
	return pages_cache ? 0 : -ENOMEM;
}

/**
 * pages_exit() - undo pages_init()
 *
 * Context: May sleep. There are no pages.
 */
void pages_exit(void)
{
	kmem_cache_destroy(pages_cache);
}

static struct pages *pages_alloc(const struct pages_source *source,
				 unsigned long nr_pages)
{
	struct pages *pages;
	int ret;

	pages = kmem_cache_zalloc(pages_cache, source->uncharged ?
						       GFP_KERNEL :
						       GFP_KERNEL_ACCOUNT);
	if (!pages)
		return ERR_PTR(-ENOMEM);
	ret = pfn_table_init(&pages->table, min(nr_pages, PAGES_MAX),
			     source->start >> PAGE_SHIFT);
	if (ret) {
		kmem_cache_free(pages_cache, pages);
		return ERR_PTR(ret);
	}
	refcount_set(&pages->refs, 1);
	mutex_init(&pages->lock);
	pages->holds = RB_ROOT_CACHED;
	dmabuf_track_init(&pages->track);
	return pages;
}

static void pages_free(struct pages *pages)
{
	pfn_table_destroy(&pages->table);
	mutex_destroy(&pages->lock);
	kmem_cache_free(pages_cache, pages);
}

static void pages_revoke(struct backing *backing)
{
	struct pages *pages = container_of(backing, struct pages, backing);

	guard(mutex)(&pages->lock);
	dmabuf_track_revoke(&pages->track);
}

static int pages_init_backing(struct pages *pages,
			      const struct pages_source *source)
{
	/* taken under mmap_lock, itself taken under that of other pages */
	static struct lock_class_key dmabuf_key;

	if (source->file)
		return backing_file_init(&pages->backing, source->file,
					 source->start, source->nr_pages,
					 source->writable);
	if (source->dmabuf) {
		lockdep_set_class(&pages->lock, &dmabuf_key);
		return backing_dmabuf_init(&pages->backing, source->dmabuf,
					   source->start, source->nr_pages,
					   source->writable, pages_revoke);
	}
	backing_user_init(&pages->backing, source->start, source->nr_pages,
			  source->writable, source->no_userfault);
	pages->backing.any_pfnmap = source->any_pfnmap;
	return 0;
}

/**
 * pages_create() - create pages
 * @source: the memory
 *
 * Context: May sleep. The current task has an mm. Takes the reservation lock of
 * a dma-buf.
 * Return: the pages, dropped by pages_put(), ERR_PTR(-ENOMEM), ERR_PTR(-EINVAL)
 * for an impossible size, or an error of backing_file_init() or
 * backing_dmabuf_init().
 */
struct pages *pages_create(const struct pages_source *source)
{
	unsigned long max = ULONG_MAX;
	struct pages *pages;
	int ret;

	/* memory of a process has no pages beyond its address space */
	if (!source->file && !source->dmabuf)
		max = TASK_SIZE_MAX >> PAGE_SHIFT;
	pages = pages_alloc(source, min(source->nr_pages, max));
	if (IS_ERR(pages))
		return pages;
	ret = pages_init_backing(pages, source);
	if (ret) {
		pages_free(pages);
		return ERR_PTR(ret);
	}
	charge_init(&pages->charge, source->charge);
	return pages;
}

/**
 * pages_get() - take a reference
 * @pages: the pages, of which the caller has a reference
 *
 * Context: Any.
 * Return: @pages, dropped by pages_put().
 */
struct pages *pages_get(struct pages *pages)
{
	refcount_inc(&pages->refs);
	return pages;
}

/**
 * pages_put() - drop a reference
 * @pages: the pages, freed with the last reference, when no hold exists
 *
 * Context: May sleep.
 */
void pages_put(struct pages *pages)
{
	if (!refcount_dec_and_test(&pages->refs))
		return;
	WARN_ON_ONCE(pages->nr_charged);
	if (pages->next_charge) {
		charge_destroy(pages->next_charge);
		kfree(pages->next_charge);
	}
	charge_destroy(&pages->charge);
	INDIRECT_CALL_1(pages->backing.ops->release, backing_user_release,
			&pages->backing);
	pages_free(pages);
}

/**
 * pages_take_inline() - take the inline memory of pages
 * @pages: the pages; not shared yet, unless the memory was taken before
 *
 * Context: Any.
 * Return: PAGES_INLINE_SIZE zeroed bytes, freed with @pages, or NULL if they
 * were taken before.
 */
void *pages_take_inline(struct pages *pages)
{
	if (pages->inline_taken)
		return NULL;
	pages->inline_taken = true;
	return pages->inline_data;
}
