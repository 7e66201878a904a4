// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dirty tracking of the mapped part of an I/O address space in one domain.
 */
#include <linux/errno.h>
#include <linux/log2.h>
#include <linux/sched.h>

#include "domain/hwdirty.h"
#include "domain/user_bitmap.h"
#include "iopt.h"
#include "iopt_dirty.h"
#include "iopt_iova.h"
#include "iopt_range.h"

/* An area that is being mapped or unmapped right now needs no clearing. */
static int iopt_dirty_clear_area(struct iopt *iopt, struct iommu_domain *domain,
				 const struct iova_range *range)
{
	const struct iopt_range_query query = { .range = *range };
	int ret;

	if (iopt_range_get(iopt, &query))
		return 0;
	ret = hwdirty_clear(domain, &iopt->tables_lock, range);
	iopt_range_put(iopt, range, 0);
	return ret;
}

static int iopt_dirty_clear(struct iopt *iopt, struct iommu_domain *domain)
{
	struct iova_range left = IOVA_RANGE_ALL, area;
	int ret;

	while (iopt_first_area(iopt, &left, &area)) {
		ret = iopt_dirty_clear_area(iopt, domain, &area);
		if (ret)
			return ret;
		if (area.last == ULONG_MAX)
			break;
		left.first = area.last + 1;
		cond_resched();
	}
	return 0;
}

/**
 * iopt_track_dirty() - enable or disable dirty tracking in a domain
 * @iopt: the I/O address space
 * @domain: a domain of it, for which hwdirty_supported()
 * @enable: enable, with all mappings clean
 *
 * Context: May sleep.
 * Return: 0, -EINTR if the current process is being killed, or an error of the
 * IOMMU driver.
 */
int iopt_track_dirty(struct iopt *iopt, struct iommu_domain *domain,
		     bool enable)
{
	int ret = 0;

	might_sleep();
	if (enable)
		ret = iopt_dirty_clear(iopt, domain);
	return ret ?: hwdirty_track(domain, enable);
}

/**
 * iopt_check_dirty() - check that the dirty bits of a range can be reported
 * @iopt: the I/O address space
 * @range: IOVA, mapped or not
 * @page_size: bytes per bit of the report
 *
 * Context: May sleep.
 * Return: 0, -EINVAL if an end of @range is not aligned to @page_size or to the
 * pages of the domains, or if @page_size is not a power of two.
 */
int iopt_check_dirty(struct iopt *iopt, const struct iova_range *range,
		     u64 page_size)
{
	if (!is_power_of_2(page_size) || page_size > ULONG_MAX ||
	    !iova_range_aligned(range, iopt_get_alignment(iopt)) ||
	    !iova_range_aligned(range, page_size))
		return -EINVAL;
	return 0;
}

static int iopt_dirty_read_mapped(struct iopt *iopt,
				  struct iommu_domain *domain,
				  const struct iova_range *range, bool clear,
				  struct user_bitmap *bitmap)
{
	struct iova_range left = *range, part;
	int ret;

	while (iopt_range_get_mapped(iopt, &left, &part)) {
		ret = hwdirty_read(domain, &iopt->tables_lock, &part, clear,
				   bitmap);
		iopt_range_put(iopt, &part, 0);
		if (ret || part.last == left.last)
			return ret;
		left.first = part.last + 1;
		cond_resched();
	}
	return 0;
}

static int iopt_dirty_read_range(struct iopt *iopt, struct iommu_domain *domain,
				 const struct iova_range *range, u64 page_size,
				 bool clear, u8 __user *data)
{
	struct user_bitmap bitmap;
	int flush_ret, ret;

	ret = user_bitmap_init(&bitmap, data, range, page_size);
	if (ret)
		return ret;
	ret = iopt_dirty_read_mapped(iopt, domain, range, clear, &bitmap);
	/* even after an error: bits that were cleared must be reported */
	flush_ret = user_bitmap_flush(&bitmap);
	user_bitmap_destroy(&bitmap);
	return ret ?: flush_ret;
}

/**
 * iopt_read_dirty() - report the dirty bits of a range
 * @iopt: the I/O address space
 * @domain: a domain of it, for which hwdirty_supported(), with dirty tracking
 *	enabled
 * @range: IOVA; only what is mapped is reported
 * @page_size: bytes per bit of the report
 * @clear: clear the dirty bits, except those of I/O pages that are only partly
 *	in @range
 * @data: bitmap of user space; bits that are set already stay set
 *
 * Context: May sleep.
 * Return: 0; -EINVAL if an end of the range is not aligned to @page_size or to
 * the pages of the domain, or @page_size is not a power of two; -EFAULT if @data
 * cannot be written, -ENOMEM, -EINTR if the current process is being killed, or
 * an error of the IOMMU driver. After one of those from -EFAULT on, part may
 * have been reported.
 */
int iopt_read_dirty(struct iopt *iopt, struct iommu_domain *domain,
		    const struct iova_range *range, u64 page_size, bool clear,
		    u8 __user *data)
{
	int ret;

	might_sleep();
	ret = iopt_check_dirty(iopt, range, page_size);
	if (ret)
		return ret;
	return iopt_dirty_read_range(iopt, domain, range, page_size, clear,
				     data);
}
