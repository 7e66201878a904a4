// SPDX-License-Identifier: GPL-2.0-only
#include <linux/iommu.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/sched/signal.h>
#include <linux/sizes.h>

#include "hwdirty.h"
#include "user_bitmap.h"

/* So much is looked at in one go to see that all of it is clean. */
#define DIRTY_SCAN_SIZE SZ_2M

/**
 * struct dirty_reader - one run of hwdirty_read()
 */
struct dirty_reader {
	/** @domain: whose pages */
	struct iommu_domain *domain;
	/** @page: bytes, the smallest I/O page */
	unsigned long page;
	/** @clear: a page that was read as a whole is clean afterwards */
	bool clear;
	/** @flush: what was cleared, and may be cached as dirty still */
	struct iommu_iotlb_gather flush;
	/** @bitmap: where to report */
	struct user_bitmap *bitmap;
};

/* Returns 1 where something is dirty, which is then no more than @dirty */
static int ask(struct iommu_domain *domain, const struct iova_range *range,
	       bool clear, struct iova_range *dirty)
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
	if (gather.start > gather.end)
		return 0;
	dirty->first = gather.start;
	dirty->last = gather.end;
	return 1;
}

/**
 * hwdirty_supported() - can it be known what is dirty?
 * @domain: a new domain, which nobody else uses yet: to try it is to walk its
 *	    page table
 *
 * Some drivers announce what the code for the page tables does not do on this
 * kernel. Where it would answer that all is clean unless it is told to clear, it
 * is not asked at all.
 *
 * Context: May sleep.
 * Return: true where all of the below can be done with @domain.
 */
bool hwdirty_supported(struct iommu_domain *domain)
{
	const struct iommu_dirty_ops *ops = domain->dirty_ops;
	const struct iova_range probe = {
		.first = domain->geometry.aperture_start,
		.last = domain->geometry.aperture_start + PAGE_SIZE - 1,
	};
	struct iova_range dirty;

	if (!ops || !ops->read_and_clear_dirty || !ops->set_dirty_tracking)
		return false;
	if (compat_iommu_dirty_needs_clear(domain))
		return false;
	return ask(domain, &probe, false, &dirty) != -EOPNOTSUPP;
}

/**
 * hwdirty_track() - begin or cease to keep track
 * @domain: a domain for which hwdirty_supported()
 * @enable: begin
 *
 * Context: May sleep.
 * Return: 0, or what the IOMMU driver says.
 */
int hwdirty_track(struct iommu_domain *domain, bool enable)
{
	return domain->dirty_ops->set_dirty_tracking(domain, enable);
}

/**
 * hwdirty_clear() - let everything be clean
 * @domain: a domain for which hwdirty_supported()
 * @range: mapped IOVA
 *
 * Context: May sleep.
 * Return: 0, -EINTR where the current process is being killed, or what the IOMMU
 * driver says.
 */
int hwdirty_clear(struct iommu_domain *domain, const struct iova_range *range)
{
	struct iova_range dirty, part = *range;
	struct iommu_iotlb_gather flush;
	bool flush_needed = false;
	int ret;

	iommu_iotlb_gather_init(&flush);
	for (;;) {
		part.last = min(part.first | (SZ_1G - 1), range->last);
		ret = fatal_signal_pending(current) ?
			      -EINTR :
			      ask(domain, &part, true, &dirty);
		if (ret < 0)
			break;
		if (ret) {
			iommu_iotlb_gather_add_range(&flush, dirty.first,
						     iova_range_length(&dirty));
			flush_needed = true;
		}
		ret = 0;
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
 * The I/O page at an IOVA that was asked about, if @dirty was the answer. Drivers
 * differ in where an answer begins: at the page or at the IOVA. It is as long as
 * the page either way.
 */
static struct iova_range io_page(const struct dirty_reader *reader,
				 unsigned long iova,
				 const struct iova_range *dirty)
{
	unsigned long size = max(reader->page, iova_range_length(dirty));
	unsigned long mask = roundup_pow_of_two(size) - 1;

	return (struct iova_range){ iova & ~mask, iova | mask };
}

static int clean_page(struct dirty_reader *reader,
		      const struct iova_range *page)
{
	struct iova_range dirty;
	int ret;

	ret = ask(reader->domain, page, true, &dirty);
	if (ret > 0)
		iommu_iotlb_gather_add_range(&reader->flush, page->first,
					     iova_range_length(page));
	return min(ret, 0);
}

/*
 * Reads the page at an IOVA; @last is set to its end. It is cleared only after
 * all of it was reported: one that the request has but a part of stays dirty,
 * for whoever asks about the rest.
 */
static int read_page(struct dirty_reader *reader,
		     const struct iova_range *within, unsigned long iova,
		     unsigned long *last)
{
	struct iova_range page = { iova, iova + reader->page - 1 };
	struct iova_range dirty, part;
	int ret;

	*last = page.last;
	ret = ask(reader->domain, &page, false, &dirty);
	if (ret <= 0)
		return ret;
	page = io_page(reader, iova, &dirty);
	*last = page.last;
	if (!iova_range_intersect(&page, within, &part))
		return 0;
	ret = user_bitmap_set(reader->bitmap, part);
	if (!ret && reader->clear &&
	    iova_range_length(&part) == iova_range_length(&page))
		ret = clean_page(reader, &page);
	return ret;
}

static int read_pages(struct dirty_reader *reader,
		      const struct iova_range *within,
		      const struct iova_range *dirty, unsigned long *last)
{
	unsigned long iova = dirty->first & ~(reader->page - 1);
	int ret;

	for (;;) {
		ret = read_page(reader, within, iova, last);
		if (ret || *last >= dirty->last)
			return ret;
		iova = *last + 1;
	}
}

/*
 * Drivers go on from where they are by the size of the I/O page there: asked
 * from the middle of a page on they miss what follows it. So what a glance takes
 * in is aligned to its size, which has no page begin or end in the middle of
 * another.
 */
static unsigned long glance_size(unsigned long first)
{
	return (first | DIRTY_SCAN_SIZE) & -(first | DIRTY_SCAN_SIZE);
}

static int read_glance(struct dirty_reader *reader,
		       const struct iova_range *within, unsigned long first,
		       unsigned long *last)
{
	struct iova_range glance = { .first = first }, dirty;
	int ret;

	if (fatal_signal_pending(current))
		return -EINTR;
	ret = user_bitmap_move(reader->bitmap, first, &glance.last);
	if (ret)
		return ret;
	glance.last = min3(glance.last, first + (glance_size(first) - 1),
			   within->last);
	*last = glance.last;
	ret = ask(reader->domain, &glance, false, &dirty);
	if (ret <= 0)
		return ret;
	if (!iova_range_intersect(&dirty, &glance, &dirty))
		return 0;
	ret = read_pages(reader, within, &dirty, last);
	*last = max(*last, glance.last);
	return ret;
}

static int read_range(struct dirty_reader *reader,
		      const struct iova_range *range)
{
	unsigned long first = range->first, last;
	int ret;

	for (;;) {
		ret = read_glance(reader, range, first, &last);
		if (ret || last >= range->last)
			return ret;
		first = last + 1;
		cond_resched();
	}
}

/**
 * hwdirty_read() - report what is dirty
 * @domain: a domain for which hwdirty_supported()
 * @range: mapped IOVA, both ends aligned to the domain's smallest page
 * @clear: let it be clean afterwards, but for an I/O page that is not in @range
 *	   as a whole
 * @bitmap: where to report; its range contains @range
 *
 * Context: May sleep.
 * Return: 0; -EFAULT where @bitmap cannot be written, -EINTR where the current
 * process is being killed, or what the IOMMU driver says, and then part of the
 * range was done.
 */
int hwdirty_read(struct iommu_domain *domain, const struct iova_range *range,
		 bool clear, struct user_bitmap *bitmap)
{
	struct dirty_reader reader = {
		.domain = domain,
		.page = domain->pgsize_bitmap & -domain->pgsize_bitmap,
		.clear = clear,
		.bitmap = bitmap,
	};
	int ret;

	iommu_iotlb_gather_init(&reader.flush);
	ret = read_range(&reader, range);
	if (reader.flush.start <= reader.flush.end)
		iommu_iotlb_sync(domain, &reader.flush);
	return ret;
}
