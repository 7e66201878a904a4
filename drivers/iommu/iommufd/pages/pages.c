// SPDX-License-Identifier: GPL-2.0-only
/*
 * Creates and frees pages of each kind of memory. Those of a dma-buf are shared
 * by all of its mappings in a context.
 */
#include <linux/bug.h>
#include <linux/cleanup.h>
#include <linux/compiler.h>
#include <linux/dma-buf.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/hugetlb.h>
#include <linux/indirect_call_wrapper.h>
#include <linux/init.h>
#include <linux/iommufd.h>
#include <linux/lockdep.h>
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>
#include <linux/sprintf.h>
#include <trace/events/iommufd.h>

#include "backing_dmabuf.h"
#include "backing_file.h"
#include "backing_user.h"
#include "dmabuf_exporter.h"
#include "observe/stats.h"
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

static struct pages *pages_alloc(unsigned long start, unsigned long nr_pages,
				 gfp_t gfp)
{
	struct pages *pages;
	int ret;

	pages = kmem_cache_zalloc(pages_cache, gfp);
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
	pages->pins = RB_ROOT;
	dmabuf_track_init(&pages->track);
	return pages;
}

static void pages_free(struct pages *pages)
{
	pfn_table_destroy(&pages->table);
	mutex_destroy(&pages->lock);
	kmem_cache_free(pages_cache, pages);
}

/* The number is that of the dma-buf in fdinfo. */
static void pages_trace_revoke(const struct backing *backing)
{
	const struct dma_buf *dmabuf = backing->dmabuf->attach->dmabuf;
	char name[IOMMUFD_P2P_PROVIDER_NAME];

	snprintf(name, sizeof(name), "dmabuf/%llu",
		 (u64)file_inode(dmabuf->file)->i_ino);
	trace_iommufd_revoke(name, 0, backing->nr_pages * PAGE_SIZE);
}

static void pages_revoke(struct backing *backing)
{
	struct pages *pages = container_of(backing, struct pages, backing);

	if (trace_iommufd_revoke_enabled())
		pages_trace_revoke(backing);
	guard(mutex)(&pages->lock);
	dmabuf_track_revoke(&pages->track);
}

/* The file decides which of them it is. */
static void pages_refuse_file(const struct pages_source *source, int ret)
{
	if (ret == -EPERM)
		iommufd_refuse(&source->stats->refusals, REFUSAL_READONLY_FILE);
	else if (!shmem_file(source->file) && !is_file_hugepages(source->file))
		iommufd_refuse(&source->stats->refusals, REFUSAL_FILE_KIND);
	else
		iommufd_refuse(&source->stats->refusals, REFUSAL_FILE_SIZE,
			       source->start, source->nr_pages * PAGE_SIZE);
}

static int pages_init_backing(struct pages *pages,
			      const struct pages_source *source)
{
	int ret;

	if (source->file) {
		ret = backing_file_init(&pages->backing, source->file,
					source->start, source->nr_pages,
					source->writable);
		if (ret)
			pages_refuse_file(source, ret);
		else
			pages->backing.stats = source->stats;
		return ret;
	}
	backing_user_init(&pages->backing, source->start, source->nr_pages,
			  source->writable);
	pages->backing.stats = source->stats;
	pages->backing.no_userfault = source->no_userfault;
	pages->backing.any_pfnmap = source->any_pfnmap;
	return 0;
}

static void pages_destroy_charge(struct pages *pages, struct charge *charge)
{
	if (pages->nr_charged)
		charge_sub(charge, pages->nr_charged);
	charge_destroy(charge);
}

static void pages_over_limit(const struct pages *pages, unsigned long nr)
{
	charge_refuse(&pages->charge, nr);
	charge_warn(&pages->charge, false);
}

/* The exporter keeps all of the memory in place while it is attached. */
static int pages_charge_dmabuf(struct pages *pages,
			       const struct dma_buf *dmabuf)
{
	unsigned long nr = PFN_UP(dmabuf->size);
	int ret = charge_add(&pages->charge, nr);

	if (!ret)
		pages->nr_charged = nr;
	else if (ret == -ENOMEM)
		pages_over_limit(pages, nr);
	return ret;
}

static int pages_init_dmabuf(struct pages *pages,
			     const struct pages_source *source)
{
	/* taken under mmap_lock, itself taken under that of other pages */
	static struct lock_class_key device_key;
	const struct iommufd_dmabuf_exporter *exporter;
	int ret = 0;

	exporter = dmabuf_exporter_find(source->dmabuf);
	if (exporter)
		lockdep_set_class(&pages->lock, &device_key);
	else
		ret = pages_charge_dmabuf(pages, source->dmabuf);
	if (ret)
		return ret;
	ret = backing_dmabuf_init(&pages->backing, source->dmabuf, exporter,
				  source->writable, pages_revoke);
	if (ret == -EPERM)
		iommufd_refuse(&source->stats->refusals, REFUSAL_READONLY_FILE);
	return ret;
}

/* Called with the table locked, so that the dma-buf is attached once. */
static struct pages *pages_attach_dmabuf(const struct pages_source *source)
{
	struct pages *pages;
	int ret;

	pages = pages_alloc(0, PFN_UP(source->dmabuf->size),
			    GFP_KERNEL_ACCOUNT);
	if (IS_ERR(pages))
		return pages;
	/* there is no first user any more once the pages can be found */
	pages->inline_taken = true;
	charge_init(&pages->charge, source->charge, source->stats);
	ret = pages_init_dmabuf(pages, source);
	if (ret) {
		pages_destroy_charge(pages, &pages->charge);
		pages_free(pages);
		return ERR_PTR(ret);
	}
	dmabuf_table_add(source->dmabufs, &pages->backing.dmabuf->entry,
			 source->dmabuf, source->writable);
	return pages;
}

/*
 * Pages that are being freed, or whose memory was revoked for good, make way
 * for others.
 */
static struct pages *pages_find_dmabuf(const struct pages_source *source)
{
	struct dmabuf_entry *entry;
	struct pages *pages;

	entry = dmabuf_table_find(source->dmabufs, source->dmabuf,
				  source->writable);
	if (!entry)
		return NULL;
	pages = container_of(
		container_of(entry, struct backing_dmabuf, entry)->backing,
		struct pages, backing);
	if (!READ_ONCE(pages->track.revoked) &&
	    refcount_inc_not_zero(&pages->refs))
		return pages;
	dmabuf_table_remove_locked(entry);
	return NULL;
}

static struct pages *pages_of_dmabuf(const struct pages_source *source)
{
	size_t size = source->dmabuf->size;
	struct pages *pages;

	if (source->start >= size ||
	    source->nr_pages > PFN_DOWN(size - source->start)) {
		iommufd_refuse(&source->stats->refusals, REFUSAL_FILE_SIZE,
			       source->start, source->nr_pages * PAGE_SIZE);
		return ERR_PTR(-EINVAL);
	}
	if (mutex_lock_killable(&source->dmabufs->lock))
		return ERR_PTR(-EINTR);
	pages = pages_find_dmabuf(source) ?: pages_attach_dmabuf(source);
	mutex_unlock(&source->dmabufs->lock);
	return pages;
}

/**
 * pages_create() - create pages, or find those of a dma-buf
 * @source: the memory
 *
 * The pages of a dma-buf are those of all of it, and are shared by all requests
 * of the context for the same kind of access. RAM of a dma-buf is charged here.
 *
 * Context: May sleep. The current task has an mm. Takes the reservation lock of
 * a dma-buf, and mmap_lock of the current process.
 * Return: the pages, dropped by pages_put(), ERR_PTR(-ENOMEM), ERR_PTR(-EINVAL)
 * for an impossible size or a range that is not inside of a dma-buf,
 * ERR_PTR(-EINTR) if the current process is being killed, or an error of
 * backing_file_init() or backing_dmabuf_init().
 */
struct pages *pages_create(const struct pages_source *source)
{
	unsigned long max = ULONG_MAX;
	struct pages *pages;
	int ret;

	if (source->dmabuf)
		return pages_of_dmabuf(source);
	/* memory of a process has no pages beyond its address space */
	if (!source->file)
		max = TASK_SIZE_MAX >> PAGE_SHIFT;
	pages = pages_alloc(source->start, min(source->nr_pages, max),
			    source->uncharged ? GFP_KERNEL :
						GFP_KERNEL_ACCOUNT);
	if (IS_ERR(pages))
		return pages;
	ret = pages_init_backing(pages, source);
	if (ret) {
		pages_free(pages);
		return ERR_PTR(ret);
	}
	charge_init(&pages->charge, source->charge, source->stats);
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
 * Context: May sleep. Takes the lock of a table of dma-bufs, the reservation
 * lock of a dma-buf, and mmap_lock of the charged process.
 */
void pages_put(struct pages *pages)
{
	if (!refcount_dec_and_test(&pages->refs))
		return;
	WARN_ON_ONCE(pages->nr_charged && !pages->backing.ops->of_exporter);
	INDIRECT_CALL_1(pages->backing.ops->release, backing_user_release,
			&pages->backing);
	if (pages->next_charge) {
		pages_destroy_charge(pages, pages->next_charge);
		kfree(pages->next_charge);
	}
	pages_destroy_charge(pages, &pages->charge);
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
