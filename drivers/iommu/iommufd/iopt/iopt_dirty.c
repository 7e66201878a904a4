// SPDX-License-Identifier: GPL-2.0-only
#include <linux/errno.h>
#include <linux/log2.h>
#include <linux/sched.h>

#include "domain/hwdirty.h"
#include "domain/user_bitmap.h"
#include "iopt.h"
#include "iopt_dirty.h"
#include "iopt_iova.h"
#include "iopt_range.h"

/* What is being mapped or unmapped just now needs no attention. */
static int iopt_dirty_clear_area(struct iopt *iopt, struct iommu_domain *domain,
				 const struct iova_range *range)
{
	const struct iopt_range_query query = { .range = *range };
	int ret;

	if (iopt_range_get(iopt, &query))
		return 0;
	ret = hwdirty_clear(domain, range);
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
 * iopt_track_dirty() - begin or cease to keep track of what devices write to
 * @iopt: the I/O address space
 * @domain: a domain of it, for which hwdirty_supported()
 * @enable: begin, with everything clean
 *
 * Context: May sleep.
 * Return: 0, -EINTR where the current process is being killed, or what the IOMMU
 * driver says.
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
 * iopt_check_dirty() - can a report be about a range?
 * @iopt: the I/O address space
 * @range: IOVA, mapped or not
 * @page_size: bytes that a bit of the report stands for
 *
 * Context: May sleep.
 * Return: 0, -EINVAL where an end is not aligned to @page_size or the pages of
 * the domains, or that is no power of two.
 */
int iopt_check_dirty(struct iopt *iopt, const struct iova_range *range,
		     u64 page_size)
{
	unsigned long alignment;

	iopt_usable_ranges(iopt, NULL, 0, &alignment);
	if (!is_power_of_2(page_size) || page_size > ULONG_MAX ||
	    !iova_range_aligned(range, alignment) ||
	    !iova_range_aligned(range, page_size))
		return -EINVAL;
	return 0;
}

static int iopt_dirty_read_range(struct iommu_domain *domain,
				 const struct iova_range *range, u64 page_size,
				 bool clear, u8 __user *data)
{
	struct user_bitmap bitmap;
	int flush_ret, ret;

	ret = user_bitmap_init(&bitmap, data, range, page_size);
	if (ret)
		return ret;
	ret = hwdirty_read(domain, range, clear, &bitmap);
	/* even after an error: what was cleared must be told */
	flush_ret = user_bitmap_flush(&bitmap);
	user_bitmap_destroy(&bitmap);
	return ret ?: flush_ret;
}

/**
 * iopt_read_dirty() - report what devices wrote to
 * @iopt: the I/O address space
 * @domain: a domain of it, for which hwdirty_supported() and which keeps track
 * @range: mapped IOVA
 * @page_size: bytes that a bit of the report stands for
 * @clear: let it be clean afterwards, but for an I/O page that is not in @range
 *	   as a whole
 * @data: user's bitmap; bits are added to what is set there
 *
 * Context: May sleep.
 * Return: 0; -EINVAL where part of the range is not mapped, an end is not aligned
 * to @page_size or the pages of the domain, or that is no power of two; -EFAULT
 * where @data cannot be written, -ENOMEM, -EINTR where the current process is
 * being killed, or what the IOMMU driver says. With one of the latter part may
 * have been done.
 */
int iopt_read_dirty(struct iopt *iopt, struct iommu_domain *domain,
		    const struct iova_range *range, u64 page_size, bool clear,
		    u8 __user *data)
{
	const struct iopt_range_query query = { .range = *range };
	int ret;

	might_sleep();
	ret = iopt_check_dirty(iopt, range, page_size);
	if (ret)
		return ret;
	if (iopt_range_get(iopt, &query))
		return -EINVAL;
	ret = iopt_dirty_read_range(domain, range, page_size, clear, data);
	iopt_range_put(iopt, range, 0);
	return ret;
}
