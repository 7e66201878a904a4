// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of a device that its driver lends as a dma-buf, until it takes it back.
 *
 * It is physical ranges for which there need not be a struct page, so nothing is
 * pinned page by page; the dma-buf is pinned as long as the backing exists.
 */
#include <linux/cleanup.h>
#include <linux/dma-buf.h>
#include <linux/dma-resv.h>
#include <linux/err.h>
#include <linux/iommufd.h>
#include <linux/mm.h>
#include <linux/pfn.h>

#include "backing_dmabuf.h"
#include "backing_import.h"
#include "dmabuf_exporter.h"
#include "lib/pfn_table.h"

static long backing_dmabuf_pin(struct backing *backing, struct pfn_table *table,
			       unsigned long first, unsigned long end)
{
	unsigned long offset = 0;
	unsigned int i;
	int ret;

	for (i = 0; i < backing->dmabuf.nr_ranges; i++) {
		const struct iommufd_dmabuf_range *range =
			&backing->dmabuf.ranges[i];

		ret = backing_enter(backing, table, offset, range->start,
				    range->length, first, end);
		if (ret) {
			pfn_table_clear(table, first, end);
			return ret;
		}
		offset += range->length;
		cond_resched();
	}
	return 0;
}

static unsigned long backing_dmabuf_unpin(const struct backing *backing,
					  struct pfn_table *table,
					  unsigned long first,
					  unsigned long end)
{
	pfn_table_clear(table, first, end);
	return 0;
}

static void backing_dmabuf_release(struct backing *backing)
{
	struct dma_buf_attachment *attach = backing->dmabuf.attach;
	struct dma_buf *dmabuf = attach->dmabuf;

	dma_resv_lock(dmabuf->resv, NULL);
	dma_buf_unpin(attach);
	dma_resv_unlock(dmabuf->resv);
	dma_buf_detach(dmabuf, attach);
	dma_buf_put(dmabuf);
}

static const struct backing_ops backing_dmabuf_ops = {
	.of_device = true,
	.of_exporter = true,
	.pin = backing_dmabuf_pin,
	.unpin = backing_dmabuf_unpin,
	.release = backing_dmabuf_release,
};

/* Before it is known where the memory is there is nothing to revoke. */
static void invalidate(struct dma_buf_attachment *attach)
{
	struct backing *backing = attach->importer_priv;

	dma_resv_assert_held(attach->dmabuf->resv);
	if (backing->dmabuf.nr_ranges)
		backing->dmabuf.revoke(backing);
}

static const struct dma_buf_attach_ops attach_ops = {
	.allow_peer2peer = true,
	.invalidate_mappings = invalidate,
};

static bool ranges_fit(const struct iommufd_dmabuf_range *ranges,
		       unsigned int nr, size_t size)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		if (!PAGE_ALIGNED(ranges[i].start | ranges[i].length) ||
		    ranges[i].length > size)
			return false;
		size -= ranges[i].length;
	}
	return nr && !size;
}

static int learn_ranges(struct backing *backing,
			const struct iommufd_dmabuf_exporter *exporter)
{
	struct dma_buf_attachment *attach = backing->dmabuf.attach;
	const struct iommufd_dmabuf_range *ranges;
	unsigned int nr = 0;

	ranges = exporter->ranges(attach, &nr);
	if (IS_ERR(ranges))
		return PTR_ERR(ranges);
	if (!ranges_fit(ranges, nr, attach->dmabuf->size))
		return -EINVAL;
	backing->dmabuf.ranges = ranges;
	backing->dmabuf.nr_ranges = nr;
	return 0;
}

/* Both, or neither, while nobody can revoke it */
static int pin_and_learn(struct backing *backing,
			 const struct iommufd_dmabuf_exporter *exporter)
{
	struct dma_buf_attachment *attach = backing->dmabuf.attach;
	struct dma_buf *dmabuf = attach->dmabuf;
	int ret;

	dma_resv_lock(dmabuf->resv, NULL);
	ret = dma_buf_pin(attach);
	if (!ret) {
		ret = learn_ranges(backing, exporter);
		if (ret)
			dma_buf_unpin(attach);
	}
	dma_resv_unlock(dmabuf->resv);
	return ret;
}

/**
 * backing_dmabuf_init() - memory that a driver lends
 * @backing: to be initialized; its release op undoes it
 * @dmabuf: the memory; the caller keeps its own reference
 * @start: where in the dma-buf, a multiple of PAGE_SIZE
 * @nr_pages: size, at least 1
 * @writable: devices may write to it
 * @revoke: called, with the reservation lock of @dmabuf held, when the memory
 *	is taken back: no device reaches it any more when that returns
 *
 * Context: May sleep. Takes the reservation lock of @dmabuf.
 * Return: 0, -EINVAL for what is outside of @dmabuf, what the exporter says,
 * which is -ENODEV for what is revoked, or, where the exporter did not register,
 * as backing_import_init(); such memory is not taken back.
 */
int backing_dmabuf_init(struct backing *backing, struct dma_buf *dmabuf,
			unsigned long start, unsigned long nr_pages,
			bool writable, void (*revoke)(struct backing *backing))
{
	const struct iommufd_dmabuf_exporter *exporter;
	struct dma_buf_attachment *attach;
	int ret;

	if (start >= dmabuf->size || nr_pages > PFN_DOWN(dmabuf->size - start))
		return -EINVAL;
	exporter = dmabuf_exporter_find(dmabuf);
	if (!exporter)
		return backing_import_init(backing, dmabuf, start, nr_pages,
					   writable);
	*backing = (struct backing){
		.ops = &backing_dmabuf_ops,
		.dmabuf.revoke = revoke,
		.start = start,
		.nr_pages = nr_pages,
		.writable = writable,
	};
	attach = dma_buf_dynamic_attach(dmabuf, backing_import_device(),
					&attach_ops, backing);
	if (IS_ERR(attach))
		return PTR_ERR(attach);
	backing->dmabuf.attach = attach;
	ret = pin_and_learn(backing, exporter);
	if (ret) {
		dma_buf_detach(dmabuf, attach);
		return ret;
	}
	get_dma_buf(dmabuf);
	return 0;
}
