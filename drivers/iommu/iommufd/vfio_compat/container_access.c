// SPDX-License-Identifier: GPL-2.0-only
/*
 * Emulated devices in a container: pin, read and write its memory, and log what
 * they write.
 */
#include <linux/bug.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/iommu.h>
#include <linux/iommufd.h>
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/slab.h>
#include <linux/vfio_type1.h>

#include "container.h"
#include "container_access.h"
#include "ctx.h"
#include "dirty.h"
#include "iopt/iopt_access.h"
#include "iopt/iopt_iova.h"
#include "iopt/iopt_range.h"
#include "lib/range.h"
#include "observe/stats.h"
#include "pages/backing.h"

static struct iommufd_container_access *
container_access_of(struct iopt_user *user)
{
	return container_of(user, struct iommufd_container_access, user);
}

static bool container_access_get(struct iopt_user *user)
{
	return refcount_inc_not_zero(&container_access_of(user)->refs);
}

static void container_access_put(struct iopt_user *user)
{
	struct iommufd_container_access *access = container_access_of(user);

	if (refcount_dec_and_test(&access->refs))
		complete(&access->idle);
}

static void container_access_unmap(struct iopt_user *user, unsigned long iova,
				   unsigned long length)
{
	struct iommufd_container_access *access = container_access_of(user);

	access->ops->unmap(access->data, iova, length);
}

static const struct iopt_user_ops container_access_user_ops = {
	.get = container_access_get,
	.put = container_access_put,
	.unmap = container_access_unmap,
};

/**
 * iommufd_container_access_create() - let an emulated device access memory
 * @cgrp: its group, for which iommufd_container_check_open() has succeeded
 * @ops: driver callbacks; a driver that pins memory sets
 *	&iommufd_access_ops.needs_pin_pages and provides an unmap op
 * @data: passed to @ops
 *
 * The unmap op is called for each mapping that is removed while some of it is
 * pinned.
 *
 * Context: May sleep.
 * Return: the access, to be freed by iommufd_container_access_destroy() while
 * the group is still in the container; ERR_PTR(-EINVAL) if the container is of
 * a type without mappings, another ERR_PTR.
 */
struct iommufd_container_access *
iommufd_container_access_create(struct iommufd_container_group *cgrp,
				const struct iommufd_access_ops *ops,
				void *data)
{
	struct container *container = cgrp->container;
	struct iommufd_container_access *access;
	int ret;

	if (!container_is_type1(container))
		return ERR_PTR(-EINVAL);
	access = kzalloc_obj(*access, GFP_KERNEL_ACCOUNT);
	if (!access)
		return ERR_PTR(-ENOMEM);
	access->container = container;
	access->ops = ops;
	access->data = data;
	refcount_set(&access->refs, 1);
	init_completion(&access->idle);
	access->user.ops = &container_access_user_ops;
	access->user.can_pin = ops->needs_pin_pages && ops->unmap;
	ret = iopt_add_user(container->space.iopt, &access->user);
	if (ret) {
		kfree(access);
		return ERR_PTR(ret);
	}
	return access;
}
EXPORT_SYMBOL_NS_GPL(iommufd_container_access_create, "IOMMUFD_NG");

/**
 * iommufd_container_access_destroy() - undo iommufd_container_access_create()
 * @access: the access, which has unpinned everything; freed by this call
 *
 * The unmap op is not running and is not called any more after the return.
 *
 * Context: May sleep; the caller holds no lock that its unmap op takes.
 */
void iommufd_container_access_destroy(struct iommufd_container_access *access)
{
	iopt_remove_user(access->container->space.iopt, &access->user);
	container_access_put(&access->user);
	wait_for_completion(&access->idle);
	kfree(access);
}
EXPORT_SYMBOL_NS_GPL(iommufd_container_access_destroy, "IOMMUFD_NG");

static struct iova_range container_page_range(unsigned long iova, int index)
{
	unsigned long first = iova + index * PAGE_SIZE;

	return (struct iova_range){ first, first + PAGE_SIZE - 1 };
}

/* Pages that the device has not pinned are skipped. */
static void container_unpin_pages(struct container *container,
				  unsigned long iova, int npage)
{
	for (int i = 0; i < npage; i++) {
		const struct iova_range range = container_page_range(iova, i);

		if (dirty_unpin(&container->dirty, range.first))
			iopt_unpin(container->space.iopt, &range);
	}
}

static int container_pin_page(struct container *container,
			      const struct iova_range *range, int prot,
			      struct page **page)
{
	int ret;

	ret = iopt_pin(container->space.iopt, range, prot, page);
	if (ret) {
		/* the driver's task need not be in a call on the container */
		iommufd_refusal_forget(&container->stats->refusals);
		return ret;
	}
	ret = dirty_pin(&container->dirty, range->first);
	if (ret)
		iopt_unpin(container->space.iopt, range);
	return ret;
}

/* Convert to the errno of type1; @dead for a process that has exited. */
static int container_driver_errno(int ret, int dead)
{
	switch (ret) {
	case -ENOENT:
		return -EINVAL;
	case -ESRCH:
		return dead;
	default:
		return ret;
	}
}

/* Page by page, because the driver may unpin in other portions. */
static int container_pin_pages(struct container *container, unsigned long iova,
			       int npage, int prot, struct page **pages)
{
	int ret;

	for (int i = 0; i < npage; i++) {
		const struct iova_range range = container_page_range(iova, i);

		ret = container_pin_page(container, &range, prot, &pages[i]);
		if (ret) {
			container_unpin_pages(container, iova, i);
			return container_driver_errno(ret, -ENODEV);
		}
	}
	return npage;
}

/**
 * iommufd_container_pin_pages() - pin the memory mapped to pages of IOVA
 * @access: the access
 * @iova: any byte of the first page
 * @npage: number of pages, 1 to IOMMUFD_CONTAINER_MAX_PIN
 * @prot: IOMMU_READ, IOMMU_WRITE, or both
 * @pages: array large enough for all pages
 *
 * The pages stay pinned until iommufd_container_unpin_pages(), which the unmap
 * op must call for each range it is given.
 *
 * Context: May sleep.
 * Return: @npage, or with nothing pinned -E2BIG for too many pages, -EACCES if
 * the container is of type VFIO_TYPE1_IOMMU, -EINVAL if part of the range is
 * not mapped, is being unmapped or is not RAM, or if the driver cannot unpin,
 * -EPERM if a mapping does not allow the access, -ENODEV if the process that
 * created the mapping has exited, -EFAULT, -ENOMEM also if a limit is exceeded,
 * -EINTR; for a range that wraps the errno of the type1 driver.
 */
int iommufd_container_pin_pages(struct iommufd_container_access *access,
				unsigned long iova, int npage, int prot,
				struct page **pages)
{
	struct container *container = access->container;
	struct iova_range range;

	if (npage < 0 || npage > IOMMUFD_CONTAINER_MAX_PIN)
		return -E2BIG;
	if (container->state == CONTAINER_TYPE1)
		return -EACCES;
	if (!access->user.can_pin)
		return -EINVAL;
	if (iova_range_from_user(iova, npage * PAGE_SIZE, &range))
		return npage ? TYPE1_EWRAP : -EINVAL;
	return container_pin_pages(container, iova & PAGE_MASK, npage, prot,
				   pages);
}
EXPORT_SYMBOL_NS_GPL(iommufd_container_pin_pages, "IOMMUFD_NG");

/**
 * iommufd_container_unpin_pages() - undo iommufd_container_pin_pages()
 * @access: the access
 * @iova: any byte of the first page
 * @npage: number of pages, which may have been pinned in other portions
 *
 * Context: May sleep.
 */
void iommufd_container_unpin_pages(struct iommufd_container_access *access,
				   unsigned long iova, int npage)
{
	struct iova_range range;

	if (WARN_ON(npage <= 0 || npage > IOMMUFD_CONTAINER_MAX_PIN))
		return;
	iova &= PAGE_MASK;
	if (WARN_ON(iova_range_from_user(iova, npage * PAGE_SIZE, &range)))
		return;
	container_unpin_pages(access->container, iova, npage);
}
EXPORT_SYMBOL_NS_GPL(iommufd_container_unpin_pages, "IOMMUFD_NG");

/* A single page is written completely or not at all, of several some may be. */
static bool container_may_be_written(const struct iova_range *range, int ret)
{
	return !ret || PFN_DOWN(range->first) != PFN_DOWN(range->last);
}

/*
 * A mapping has to allow reading even for a write, which programs rely on.
 * Pages that were written are marked before they can be unmapped.
 */
static int container_rw_mapping(struct container *container,
				const struct iova_range *range, void *data,
				unsigned int copy_flags)
{
	const struct iopt_range_query query = {
		.range = *range,
		.prot = IOMMU_READ |
			(copy_flags & BACKING_WRITE ? IOMMU_WRITE : 0),
		.access = true,
	};
	struct iopt *iopt = container->space.iopt;
	int ret;

	ret = iopt_range_get(iopt, &query);
	if (ret)
		return ret;
	ret = iopt_copy_range(iopt, range, data, copy_flags);
	if (copy_flags & BACKING_WRITE && container_may_be_written(range, ret))
		dirty_mark(&container->dirty, range);
	iopt_range_put(iopt, range, 0);
	return ret;
}

/**
 * iommufd_container_rw() - read or write the memory mapped to a range
 * @access: the access
 * @iova: first byte
 * @data: kernel buffer to copy from or to
 * @length: bytes
 * @flags: same as for iommufd_access_rw()
 *
 * Proceeds mapping by mapping; what precedes an error has been copied. Accesses
 * the memory that the process that created the mapping has there now, even if
 * other pages are pinned for devices. Works only in that process, or in a
 * kernel thread if @flags contain IOMMUFD_ACCESS_RW_KTHREAD.
 *
 * Context: May sleep.
 * Return: 0; -EINVAL if part of the range is not mapped, is being unmapped or
 * is not RAM; -EPERM if a mapping does not allow the access, or its process has
 * exited; -EFAULT if memory is missing, or if the caller is another process.
 * Also -ENOMEM, -EINTR.
 */
int iommufd_container_rw(struct iommufd_container_access *access,
			 unsigned long iova, void *data, size_t length,
			 unsigned int flags)
{
	struct container *container = access->container;
	struct iopt *iopt = container->space.iopt;
	struct iova_range left, mapping, part;
	unsigned int copy_flags = BACKING_OWN;
	int ret;

	if (iova_range_from_user(iova, length, &left))
		return -EINVAL;
	if (flags & IOMMUFD_ACCESS_RW_WRITE)
		copy_flags |= BACKING_WRITE;
	if (flags & IOMMUFD_ACCESS_RW_KTHREAD)
		copy_flags |= BACKING_KTHREAD;
	for (;;) {
		if (!iopt_first_area(iopt, &left, &mapping) ||
		    mapping.first > left.first)
			return -EINVAL;
		iova_range_intersect(&mapping, &left, &part);
		ret = container_rw_mapping(container, &part, data, copy_flags);
		if (ret)
			iommufd_refusal_forget(&container->stats->refusals);
		if (ret || part.last == left.last)
			return container_driver_errno(ret, -EPERM);
		data += iova_range_length(&part);
		left.first = part.last + 1;
	}
}
EXPORT_SYMBOL_NS_GPL(iommufd_container_rw, "IOMMUFD_NG");
