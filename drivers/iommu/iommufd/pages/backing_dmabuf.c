// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of a dma-buf. If its exporter is registered it is memory of a device,
 * which may be revoked; otherwise it is RAM, see backing_import.c.
 *
 * Memory of a device consists of physical ranges, which need not have struct
 * pages. Therefore nothing is pinned page by page; the dma-buf is pinned as
 * long as the backing exists.
 */
#include <linux/cleanup.h>
#include <linux/dma-buf.h>
#include <linux/dma-resv.h>
#include <linux/err.h>
#include <linux/iommufd.h>
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/slab.h>

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

	for (i = 0; i < backing->dmabuf->nr_ranges; i++) {
		const struct iommufd_dmabuf_range *range =
			&backing->dmabuf->ranges[i];

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
	struct dma_buf_attachment *attach = backing->dmabuf->attach;
	struct dma_buf *dmabuf = attach->dmabuf;

	dmabuf_table_remove(&backing->dmabuf->entry);
	dma_resv_lock(dmabuf->resv, NULL);
	dma_buf_unpin(attach);
	dma_resv_unlock(dmabuf->resv);
	dma_buf_detach(dmabuf, attach);
	dma_buf_put(dmabuf);
	kfree(backing->dmabuf);
}

static const struct backing_ops backing_dmabuf_ops = {
	.of_device = true,
	.of_exporter = true,
	.pin = backing_dmabuf_pin,
	.unpin = backing_dmabuf_unpin,
	.release = backing_dmabuf_release,
};

/* Nothing is mapped, and has to be revoked, before the ranges are known. */
static void backing_dmabuf_invalidate(struct dma_buf_attachment *attach)
{
	struct backing *backing = attach->importer_priv;

	dma_resv_assert_held(attach->dmabuf->resv);
	if (backing->dmabuf->nr_ranges)
		backing->dmabuf->revoke(backing);
}

static const struct dma_buf_attach_ops backing_dmabuf_attach_ops = {
	.allow_peer2peer = true,
	.invalidate_mappings = backing_dmabuf_invalidate,
};

static bool backing_dmabuf_ranges_fit(const struct iommufd_dmabuf_range *ranges,
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

static int
backing_dmabuf_get_ranges(struct backing *backing,
			  const struct iommufd_dmabuf_exporter *exporter)
{
	struct dma_buf_attachment *attach = backing->dmabuf->attach;
	const struct iommufd_dmabuf_range *ranges;
	unsigned int nr = 0;

	ranges = exporter->ranges(attach, &nr);
	if (IS_ERR(ranges))
		return PTR_ERR(ranges);
	if (!backing_dmabuf_ranges_fit(ranges, nr, attach->dmabuf->size))
		return -EINVAL;
	backing->dmabuf->ranges = ranges;
	backing->dmabuf->nr_ranges = nr;
	return 0;
}

/* The reservation lock keeps the exporter from revoking it meanwhile. */
static int
backing_dmabuf_pin_ranges(struct backing *backing,
			  const struct iommufd_dmabuf_exporter *exporter)
{
	struct dma_buf_attachment *attach = backing->dmabuf->attach;
	struct dma_buf *dmabuf = attach->dmabuf;
	int ret;

	dma_resv_lock(dmabuf->resv, NULL);
	ret = dma_buf_pin(attach);
	if (!ret) {
		ret = backing_dmabuf_get_ranges(backing, exporter);
		if (ret)
			dma_buf_unpin(attach);
	}
	dma_resv_unlock(dmabuf->resv);
	return ret;
}

static int backing_dmabuf_attach(struct backing *backing,
				 struct dma_buf *dmabuf,
				 const struct iommufd_dmabuf_exporter *exporter)
{
	struct dma_buf_attachment *attach;
	int ret;

	attach = dma_buf_dynamic_attach(dmabuf, backing_import_device(),
					&backing_dmabuf_attach_ops, backing);
	if (IS_ERR(attach))
		return PTR_ERR(attach);
	backing->ops = &backing_dmabuf_ops;
	backing->dmabuf->attach = attach;
	ret = backing_dmabuf_pin_ranges(backing, exporter);
	if (ret)
		dma_buf_detach(dmabuf, attach);
	return ret;
}

/**
 * backing_dmabuf_init() - initialize a backing with the memory of a dma-buf
 * @backing: backing to initialize, with all of the memory; undone by its
 *	release op. The caller adds its entry to a table.
 * @dmabuf: the dma-buf; the caller keeps its own reference
 * @exporter: its exporter, or NULL: the memory is imported as RAM, which is
 *	never revoked
 * @writable: devices may write to the memory
 * @revoke: called with the reservation lock of @dmabuf held if the exporter
 *	revokes the memory; no device can access it any more when @revoke
 *	returns
 *
 * Context: May sleep. Takes the reservation lock of @dmabuf.
 * Return: 0, -ENOMEM, an error of the exporter, which is -ENODEV for revoked
 * memory, or as backing_import_attach().
 */
int backing_dmabuf_init(struct backing *backing, struct dma_buf *dmabuf,
			const struct iommufd_dmabuf_exporter *exporter,
			bool writable, void (*revoke)(struct backing *backing))
{
	int ret;

	*backing = (struct backing){
		.dmabuf = kzalloc_obj(*backing->dmabuf, GFP_KERNEL_ACCOUNT),
		.nr_pages = PFN_DOWN(dmabuf->size),
		.writable = writable,
	};
	if (!backing->dmabuf)
		return -ENOMEM;
	backing->dmabuf->backing = backing;
	backing->dmabuf->revoke = revoke;
	if (exporter)
		ret = backing_dmabuf_attach(backing, dmabuf, exporter);
	else
		ret = backing_import_attach(backing, dmabuf);
	if (ret)
		kfree(backing->dmabuf);
	else
		get_dma_buf(dmabuf);
	return ret;
}
