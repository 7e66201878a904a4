// SPDX-License-Identifier: GPL-2.0-only
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "backing_user.h"
#include "pages.h"

/**
 * pages_create_user() - memory of the current process, not yet pinned
 * @start: address, a multiple of PAGE_SIZE
 * @nr_pages: size, at least 1
 * @writable: devices may write to it
 * @mode: how the current process pays for it
 *
 * Context: Process context of a process with an mm. May sleep.
 * Return: the pages, ERR_PTR(-ENOMEM), or ERR_PTR(-EINVAL) for a size that
 * cannot be.
 */
struct pages *pages_create_user(unsigned long start, unsigned long nr_pages,
				bool writable, enum charge_mode mode)
{
	struct pages *pages;
	int rc;

	pages = kzalloc_obj(*pages, GFP_KERNEL_ACCOUNT);
	if (!pages)
		return ERR_PTR(-ENOMEM);
	rc = pfn_table_init(&pages->table, nr_pages, start >> PAGE_SHIFT);
	if (rc) {
		kfree(pages);
		return ERR_PTR(rc);
	}
	backing_user_init(&pages->backing, start, nr_pages, writable);
	charge_init(&pages->charge, mode);
	return pages;
}

/**
 * pages_destroy() - the memory is not needed any more
 * @pages: not pinned
 *
 * Context: May sleep.
 */
void pages_destroy(struct pages *pages)
{
	WARN_ON_ONCE(pages->pinned);
	charge_destroy(&pages->charge);
	pages->backing.ops->release(&pages->backing);
	pfn_table_destroy(&pages->table);
	kfree(pages);
}

/**
 * pages_pin() - charge for all pages, then hold them
 * @pages: not pinned
 *
 * Context: May sleep. Takes mmap_lock of the process whose memory it is.
 * Return: 0, or with nothing held -ENOMEM also where the limit does not allow
 * it, -EFAULT where memory is missing or does not allow the access, -EINTR
 * where the current process is being killed.
 */
int pages_pin(struct pages *pages)
{
	struct backing *backing = &pages->backing;
	int rc;

	rc = charge_add(&pages->charge, backing->nr_pages);
	if (rc)
		return rc;
	rc = backing->ops->pin(backing, &pages->table, 0, backing->nr_pages);
	if (rc)
		charge_sub(&pages->charge, backing->nr_pages);
	pages->pinned = !rc;
	return rc;
}

/**
 * pages_unpin() - let go of all pages, then uncharge them
 * @pages: no device reaches them any more; nothing happens if not pinned
 *
 * Context: May sleep. Takes mmap_lock of who pays.
 */
void pages_unpin(struct pages *pages)
{
	struct backing *backing = &pages->backing;

	if (!pages->pinned)
		return;
	backing->ops->unpin(backing, &pages->table, 0, backing->nr_pages);
	charge_sub(&pages->charge, backing->nr_pages);
	pages->pinned = false;
}
