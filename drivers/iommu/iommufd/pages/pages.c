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
					0, SLAB_ACCOUNT, NULL);
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

static struct pages *pages_alloc(unsigned long start, unsigned long nr_pages)
{
	struct pages *pages;
	int ret;

	pages = kmem_cache_zalloc(pages_cache, GFP_KERNEL);
	if (!pages)
		return ERR_PTR(-ENOMEM);
	ret = pfn_table_init(&pages->table, min(nr_pages, PAGES_MAX),
			     start >> PAGE_SHIFT);
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

/**
 * pages_create_user() - create pages of memory of the current process
 * @start: address, a multiple of PAGE_SIZE
 * @nr_pages: size in pages, at least 1
 * @writable: devices may write to the memory
 * @mode: how to charge the current process
 *
 * Context: May sleep. The current task has an mm.
 * Return: the pages, dropped by pages_put(), ERR_PTR(-ENOMEM), or
 * ERR_PTR(-EINVAL) for an impossible size.
 */
struct pages *pages_create_user(unsigned long start, unsigned long nr_pages,
				bool writable, enum charge_mode mode)
{
	/* memory of a process has no pages beyond this */
	unsigned long max = TASK_SIZE_MAX >> PAGE_SHIFT;
	struct pages *pages = pages_alloc(start, min(nr_pages, max));

	if (IS_ERR(pages))
		return pages;
	backing_user_init(&pages->backing, start, nr_pages, writable);
	charge_init(&pages->charge, mode);
	return pages;
}

/**
 * pages_create_file() - create pages of memory of a file
 * @file: file of shared memory or of huge pages
 * @start: offset in @file, a multiple of PAGE_SIZE
 * @nr_pages: size in pages, at least 1
 * @writable: devices may write to the memory
 * @mode: how to charge the current process
 *
 * Context: May sleep. The current task has an mm.
 * Return: as pages_create_user(), or an error of backing_file_init().
 */
struct pages *pages_create_file(struct file *file, unsigned long start,
				unsigned long nr_pages, bool writable,
				enum charge_mode mode)
{
	struct pages *pages = pages_alloc(start, nr_pages);
	int ret;

	if (IS_ERR(pages))
		return pages;
	ret = backing_file_init(&pages->backing, file, start, nr_pages,
				writable);
	if (ret) {
		pages_free(pages);
		return ERR_PTR(ret);
	}
	charge_init(&pages->charge, mode);
	return pages;
}

static void pages_revoke(struct backing *backing)
{
	struct pages *pages = container_of(backing, struct pages, backing);

	guard(mutex)(&pages->lock);
	dmabuf_track_revoke(&pages->track);
}

/**
 * pages_create_dmabuf() - create pages of the memory of a dma-buf
 * @dmabuf: the dma-buf
 * @start: offset in @dmabuf, a multiple of PAGE_SIZE
 * @nr_pages: size in pages, at least 1
 * @writable: devices may write to the memory
 * @mode: unused, because nothing is charged
 *
 * Context: May sleep. The current task has an mm. Takes the reservation lock of
 * @dmabuf.
 * Return: as pages_create_user(), or an error of backing_dmabuf_init().
 */
struct pages *pages_create_dmabuf(struct dma_buf *dmabuf, unsigned long start,
				  unsigned long nr_pages, bool writable,
				  enum charge_mode mode)
{
	/*
	 * taken under mmap_lock, which is taken under the lock of other pages
	 */
	static struct lock_class_key key;
	struct pages *pages = pages_alloc(start, nr_pages);
	int ret;

	if (IS_ERR(pages))
		return pages;
	lockdep_set_class(&pages->lock, &key);
	ret = backing_dmabuf_init(&pages->backing, dmabuf, start, nr_pages,
				  writable, pages_revoke);
	if (ret) {
		pages_free(pages);
		return ERR_PTR(ret);
	}
	charge_init(&pages->charge, mode);
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
