// SPDX-License-Identifier: GPL-2.0-only
/*
 * Access to mapped memory by the CPU, on behalf of emulated devices: reading,
 * writing and pinning it by IOVA.
 */
#include <linux/bug.h>
#include <linux/cleanup.h>
#include <linux/iommu.h>
#include <linux/mm.h>
#include <linux/pfn.h>

#include "area.h"
#include "iopt.h"
#include "iopt_access.h"
#include "iopt_domain.h"
#include "iopt_range.h"

static int iopt_add_user_locked(struct iopt *iopt, struct iopt_user *user)
{
	int ret;

	if (user->can_pin) {
		ret = iopt_check_alignment(iopt, PAGE_SIZE);
		if (ret)
			return ret;
	}
	ret = xa_alloc(&iopt->users, &user->index, user, xa_limit_32b,
		       GFP_KERNEL_ACCOUNT);
	if (ret)
		return ret;
	iopt->nr_pinners += user->can_pin;
	iopt_update_alignment(iopt);
	return 0;
}

/**
 * iopt_add_user() - add a user to an I/O address space
 * @iopt: the I/O address space
 * @user: the user, whose ops may be called from now on
 *
 * Context: May sleep.
 * Return: 0, -EADDRINUSE if @user pins and some mapping does not consist of
 * whole pages, -ENOMEM, -EINTR if the current process is being killed.
 */
int iopt_add_user(struct iopt *iopt, struct iopt_user *user)
{
	int ret;

	might_sleep();
	if (down_write_killable(&iopt->domains_rwsem))
		return -EINTR;
	ret = iopt_add_user_locked(iopt, user);
	up_write(&iopt->domains_rwsem);
	return ret;
}

/**
 * iopt_has_no_users() - check that no user may access memory
 * @iopt: the I/O address space
 *
 * Context: Any. Users may be added or removed meanwhile.
 * Return: true if there is none.
 */
bool iopt_has_no_users(struct iopt *iopt)
{
	return xa_empty(&iopt->users);
}

/**
 * iopt_remove_user() - undo iopt_add_user()
 * @iopt: the I/O address space
 * @user: has nothing pinned; a call of its ops that is already between get and
 *	put may still be running on return, but no new one begins
 *
 * Context: May sleep.
 */
void iopt_remove_user(struct iopt *iopt, struct iopt_user *user)
{
	might_sleep();
	guard(rwsem_write)(&iopt->domains_rwsem);
	xa_erase(&iopt->users, user->index);
	iopt->nr_pinners -= user->can_pin;
	iopt_update_alignment(iopt);
}

/* Find the pages of @area that @range covers. */
static void iopt_area_pages(const struct area *area,
			    const struct iova_range *range,
			    unsigned long *first, unsigned long *end)
{
	struct iova_range part;

	iova_range_intersect(&area->node.range, range, &part);
	*first = PFN_DOWN(area_offset(area, part.first));
	*end = PFN_DOWN(area_offset(area, part.last)) + 1;
}

/* Unpin up to @last, which is the end of an area or of the range. */
static void iopt_unpin_areas(struct iopt *iopt, const struct iova_range *range,
			     unsigned long last)
{
	const struct iova_range done = { range->first, last };
	unsigned long first, end, iova = done.first;
	struct area *area;

	for (;;) {
		area = iopt_range_area(iopt, iova);
		iopt_area_pages(area, &done, &first, &end);
		pages_unpin(area->pages, first, end);
		if (area->node.range.last >= done.last)
			break;
		iova = area->node.range.last + 1;
	}
}

static int iopt_pin_areas(struct iopt *iopt, const struct iova_range *range,
			  struct page **out)
{
	unsigned long first, end, iova = range->first;
	struct area *area;
	int ret;

	for (;;) {
		area = iopt_range_area(iopt, iova);
		iopt_area_pages(area, range, &first, &end);
		ret = pages_pin(area->pages, first, end, out);
		if (ret || area->node.range.last >= range->last)
			break;
		out += end - first;
		iova = area->node.range.last + 1;
	}
	if (ret && iova != range->first)
		iopt_unpin_areas(iopt, range, iova - 1);
	return ret;
}

static int iopt_pin_range(struct iopt *iopt, const struct iova_range *range,
			  int prot, struct page **out, bool lock)
{
	const struct iopt_range_query query = {
		.range = *range,
		.prot = prot,
		.access = true,
		.whole_pages = true,
	};
	int ret;

	might_sleep();
	ret = iopt_range_get(iopt, &query);
	if (ret)
		return ret;
	ret = iopt_pin_areas(iopt, range, out);
	if (!ret && lock)
		iopt_range_lock(iopt, range, 1);
	iopt_range_put(iopt, range, ret ? 0 : 1);
	return ret;
}

static void iopt_unpin_range(struct iopt *iopt, const struct iova_range *range,
			     bool lock)
{
	const struct iopt_range_query query = { .range = *range };

	might_sleep();
	if (WARN_ON(iopt_range_get(iopt, &query)))
		return;
	iopt_unpin_areas(iopt, range, range->last);
	if (lock)
		iopt_range_lock(iopt, range, -1);
	iopt_range_put(iopt, range, -1);
}

/**
 * iopt_pin() - pin the memory of a range
 * @iopt: the I/O address space
 * @range: IOVA; begins at a page boundary of the memory
 * @prot: IOMMU_READ or IOMMU_WRITE, which the mappings must allow
 * @out: array that takes all pages
 *
 * The caller is one of the users, and unpins when its unmap op is called.
 *
 * Context: May sleep.
 * Return: 0, or with nothing pinned an error of iopt_range_get() or
 * pages_pin().
 */
int iopt_pin(struct iopt *iopt, const struct iova_range *range, int prot,
	     struct page **out)
{
	return iopt_pin_range(iopt, range, prot, out, false);
}

/**
 * iopt_unpin() - undo iopt_pin()
 * @iopt: the I/O address space
 * @range: as given to iopt_pin()
 *
 * Context: May sleep.
 */
void iopt_unpin(struct iopt *iopt, const struct iova_range *range)
{
	iopt_unpin_range(iopt, range, false);
}

/**
 * iopt_lock() - pin the memory of a range permanently
 * @iopt: the I/O address space
 * @range: IOVA; begins at a page boundary of the memory
 * @prot: IOMMU_READ or IOMMU_WRITE, which the mappings must allow
 * @out: array that takes all pages
 *
 * The mappings of the range cannot be unmapped until iopt_unlock().
 *
 * Context: May sleep.
 * Return: as iopt_pin().
 */
int iopt_lock(struct iopt *iopt, const struct iova_range *range, int prot,
	      struct page **out)
{
	return iopt_pin_range(iopt, range, prot, out, true);
}

/**
 * iopt_unlock() - undo iopt_lock()
 * @iopt: the I/O address space
 * @range: as given to iopt_lock()
 *
 * Context: May sleep.
 */
void iopt_unlock(struct iopt *iopt, const struct iova_range *range)
{
	iopt_unpin_range(iopt, range, true);
}

/**
 * iopt_copy_range() - read or write the memory of a range that is held
 * @iopt: the I/O address space
 * @range: held by iopt_range_get() for the access that @flags ask for
 * @data: buffer to copy from or to
 * @flags: BACKING_WRITE and so on
 *
 * Context: May sleep.
 * Return: 0, or an error of pages_copy(), after which part may have been
 * copied.
 */
int iopt_copy_range(struct iopt *iopt, const struct iova_range *range,
		    void *data, unsigned int flags)
{
	struct iova_range part, left = *range;
	struct area *area;
	int ret;

	for (;;) {
		area = iopt_range_area(iopt, left.first);
		iova_range_intersect(&area->node.range, &left, &part);
		ret = pages_copy(area->pages, area_offset(area, part.first),
				 data, iova_range_length(&part), flags);
		if (ret || part.last == range->last)
			return ret;
		data += iova_range_length(&part);
		left.first = part.last + 1;
	}
}

/**
 * iopt_rw() - read or write the memory of a range
 * @iopt: the I/O address space
 * @range: IOVA, any alignment
 * @data: buffer to copy from or to
 * @flags: BACKING_WRITE and so on
 *
 * Context: May sleep.
 * Return: 0, an error of iopt_range_get(), or an error of pages_copy(), after
 * which part may have been copied.
 */
int iopt_rw(struct iopt *iopt, const struct iova_range *range, void *data,
	    unsigned int flags)
{
	const struct iopt_range_query query = {
		.range = *range,
		.prot = flags & BACKING_WRITE ? IOMMU_WRITE : IOMMU_READ,
		.access = true,
	};
	int ret;

	might_sleep();
	ret = iopt_range_get(iopt, &query);
	if (ret)
		return ret;
	ret = iopt_copy_range(iopt, range, data, flags);
	iopt_range_put(iopt, range, 0);
	return ret;
}
