// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dirty tracking by the IOMMU: queries of the driver, reports into a bitmap.
 */
#include <linux/cleanup.h>
#include <linux/iommu.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mutex.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>

#include "hwdirty.h"
#include "user_bitmap.h"

/* Bytes that one query covers before single pages are queried. */
#define DIRTY_SCAN_SIZE SZ_2M

/**
 * struct hwdirty_reader - state of one call of hwdirty_read()
 */
struct hwdirty_reader {
	/** @domain: domain to read */
	struct iommu_domain *domain;
	/** @tables_lock: held for each query */
	struct mutex *tables_lock;
	/** @page: bytes, the smallest I/O page */
	unsigned long page;
	/** @clear: clear each page that was reported as a whole */
	bool clear;
	/** @flush: cleared pages whose dirty state may still be cached */
	struct iommu_iotlb_gather flush;
	/** @bitmap: bitmap for the report */
	struct user_bitmap *bitmap;
};

/*
 * Sets @any if something in @range is dirty. @dirty is then set to the bounds
 * of all that is dirty.
 */
static int hwdirty_query(struct iommu_domain *domain,
			 const struct iova_range *range, bool clear, bool *any,
			 struct iova_range *dirty)
{
	struct iommu_iotlb_gather gather;
	struct iommu_dirty_bitmap state;
	int ret;

	iommu_dirty_bitmap_init(&state, NULL, &gather);
	ret = domain->dirty_ops->read_and_clear_dirty(
		domain, range->first, iova_range_length(range),
		clear ? 0 : IOMMU_DIRTY_NO_CLEAR, &state);
	if (ret)
		return ret;
	*any = gather.start <= gather.end;
	dirty->first = gather.start;
	dirty->last = gather.end;
	return 0;
}

/* The page table may not be freed, nor change its shape, while it is walked. */
static int hwdirty_query_locked(struct iommu_domain *domain,
				struct mutex *tables_lock,
				const struct iova_range *range, bool clear,
				bool *any, struct iova_range *dirty)
{
	guard(mutex)(tables_lock);
	return hwdirty_query(domain, range, clear, any, dirty);
}

static int hwdirty_reader_query(const struct hwdirty_reader *reader,
				const struct iova_range *range, bool clear,
				bool *any, struct iova_range *dirty)
{
	return hwdirty_query_locked(reader->domain, reader->tables_lock, range,
				    clear, any, dirty);
}

/**
 * hwdirty_supported() - test whether a domain can track dirty pages
 * @domain: a new domain that is not in use yet, because the test walks its page
 *	table
 *
 * Some drivers offer the ops although their page table code does not implement
 * them on this kernel. A domain that reports dirty pages only to queries that
 * also clear them is not supported.
 *
 * Context: May sleep.
 * Return: true if @domain can be used with the functions below.
 */
bool hwdirty_supported(struct iommu_domain *domain)
{
	const struct iommu_dirty_ops *ops = domain->dirty_ops;
	const struct iova_range probe = {
		.first = domain->geometry.aperture_start,
		.last = domain->geometry.aperture_start + PAGE_SIZE - 1,
	};
	struct iova_range dirty;
	bool any;

	if (!ops || !ops->read_and_clear_dirty || !ops->set_dirty_tracking)
		return false;
	if (compat_iommu_dirty_needs_clear(domain))
		return false;
	return hwdirty_query(domain, &probe, false, &any, &dirty) !=
	       -EOPNOTSUPP;
}

/**
 * hwdirty_track() - start or stop dirty tracking
 * @domain: a domain for which hwdirty_supported()
 * @enable: true to start
 *
 * Context: May sleep.
 * Return: 0, or an errno of the IOMMU driver.
 */
int hwdirty_track(struct iommu_domain *domain, bool enable)
{
	return domain->dirty_ops->set_dirty_tracking(domain, enable);
}

/**
 * hwdirty_clear() - clear the dirty state of a range
 * @domain: a domain for which hwdirty_supported()
 * @tables_lock: held while a page table is freed, or a device is attached
 * @range: mapped IOVA
 *
 * Context: May sleep.
 * Return: 0, -EINTR if the current process is being killed, or an errno of the
 * IOMMU driver.
 */
int hwdirty_clear(struct iommu_domain *domain, struct mutex *tables_lock,
		  const struct iova_range *range)
{
	struct iova_range dirty, part = *range;
	struct iommu_iotlb_gather flush;
	bool any, flush_needed = false;
	int ret;

	iommu_iotlb_gather_init(&flush);
	for (;;) {
		part.last = min(part.first | (SZ_1G - 1), range->last);
		ret = fatal_signal_pending(current) ?
			      -EINTR :
			      hwdirty_query_locked(domain, tables_lock, &part,
						   true, &any, &dirty);
		if (ret)
			break;
		if (any) {
			iommu_iotlb_gather_add_range(&flush, dirty.first,
						     iova_range_length(&dirty));
			flush_needed = true;
		}
		if (part.last == range->last)
			break;
		part.first = part.last + 1;
		cond_resched();
	}
	if (flush_needed)
		iommu_iotlb_sync(domain, &flush);
	return ret;
}

/*
 * Returns the I/O page of @iova. @dirty is the result of a query at @iova,
 * which is as long as the page. It begins at the page or at @iova, depending on
 * the driver.
 */
static struct iova_range hwdirty_io_page(const struct hwdirty_reader *reader,
					 unsigned long iova,
					 const struct iova_range *dirty)
{
	unsigned long size = max(reader->page, iova_range_length(dirty));
	unsigned long mask = roundup_pow_of_two(size) - 1;

	return (struct iova_range){ iova & ~mask, iova | mask };
}

static int hwdirty_clear_page(struct hwdirty_reader *reader,
			      const struct iova_range *page)
{
	struct iova_range dirty;
	bool any;
	int ret;

	ret = hwdirty_reader_query(reader, page, true, &any, &dirty);
	if (!ret && any)
		iommu_iotlb_gather_add_range(&reader->flush, page->first,
					     iova_range_length(page));
	return ret;
}

/*
 * Reads the I/O page at @iova and sets @last to its end. A page is cleared only
 * after all of it was reported. A page that the request covers in part stays
 * dirty, so that a request for the rest reports it too.
 */
static int hwdirty_read_page(struct hwdirty_reader *reader,
			     const struct iova_range *within,
			     unsigned long iova, unsigned long *last)
{
	struct iova_range page = { iova, iova + reader->page - 1 };
	struct iova_range dirty, part;
	bool any;
	int ret;

	*last = page.last;
	ret = hwdirty_reader_query(reader, &page, false, &any, &dirty);
	if (ret || !any)
		return ret;
	page = hwdirty_io_page(reader, iova, &dirty);
	*last = page.last;
	if (!iova_range_intersect(&page, within, &part))
		return 0;
	ret = user_bitmap_set(reader->bitmap, part);
	if (!ret && reader->clear &&
	    iova_range_length(&part) == iova_range_length(&page))
		ret = hwdirty_clear_page(reader, &page);
	return ret;
}

static int hwdirty_read_pages(struct hwdirty_reader *reader,
			      const struct iova_range *within,
			      const struct iova_range *dirty,
			      unsigned long *last)
{
	unsigned long iova = dirty->first & ~(reader->page - 1);
	int ret;

	for (;;) {
		ret = hwdirty_read_page(reader, within, iova, last);
		if (ret || *last >= dirty->last)
			return ret;
		iova = *last + 1;
	}
}

/*
 * Drivers advance from the address of a query by the size of the I/O page
 * there. A query that begins in the middle of a page misses what follows that
 * page. So each scan is aligned to its size: no I/O page then begins or ends in
 * the middle of another scan.
 */
static unsigned long hwdirty_scan_size(unsigned long first)
{
	return (first | DIRTY_SCAN_SIZE) & -(first | DIRTY_SCAN_SIZE);
}

/*
 * Reads from @first on as much as one scan covers and sets @last to the end of
 * it. Single pages are queried only if the scan finds that something is dirty.
 */
static int hwdirty_read_scan(struct hwdirty_reader *reader,
			     const struct iova_range *within,
			     unsigned long first, unsigned long *last)
{
	struct iova_range scan = { .first = first }, dirty;
	bool any;
	int ret;

	if (fatal_signal_pending(current))
		return -EINTR;
	ret = user_bitmap_move(reader->bitmap, first, &scan.last);
	if (ret)
		return ret;
	scan.last = min3(scan.last, first + (hwdirty_scan_size(first) - 1),
			 within->last);
	*last = scan.last;
	ret = hwdirty_reader_query(reader, &scan, false, &any, &dirty);
	if (ret || !any)
		return ret;
	if (!iova_range_intersect(&dirty, &scan, &dirty))
		return 0;
	ret = hwdirty_read_pages(reader, within, &dirty, last);
	*last = max(*last, scan.last);
	return ret;
}

static int hwdirty_read_range(struct hwdirty_reader *reader,
			      const struct iova_range *range)
{
	unsigned long first = range->first, last;
	int ret;

	for (;;) {
		ret = hwdirty_read_scan(reader, range, first, &last);
		if (ret || last >= range->last)
			return ret;
		first = last + 1;
		cond_resched();
	}
}

/**
 * hwdirty_read() - report the dirty pages of a range
 * @domain: a domain for which hwdirty_supported()
 * @tables_lock: held while a page table is freed, or a device is attached
 * @range: mapped IOVA, both ends aligned to the domain's smallest page
 * @clear: clear the dirty state of each I/O page that lies in @range as a whole
 * @bitmap: bitmap for the report; its range contains @range
 *
 * Context: May sleep.
 * Return: 0, -EFAULT if @bitmap cannot be written, -EINTR if the current
 * process is being killed, or an errno of the IOMMU driver. On failure part of
 * the range may have been reported and cleared.
 */
int hwdirty_read(struct iommu_domain *domain, struct mutex *tables_lock,
		 const struct iova_range *range, bool clear,
		 struct user_bitmap *bitmap)
{
	struct hwdirty_reader reader = {
		.domain = domain,
		.tables_lock = tables_lock,
		.page = domain->pgsize_bitmap & -domain->pgsize_bitmap,
		.clear = clear,
		.bitmap = bitmap,
	};
	int ret;

	iommu_iotlb_gather_init(&reader.flush);
	ret = hwdirty_read_range(&reader, range);
	if (reader.flush.start <= reader.flush.end)
		iommu_iotlb_sync(domain, &reader.flush);
	return ret;
}
