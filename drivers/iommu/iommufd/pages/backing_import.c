// SPDX-License-Identifier: GPL-2.0-only
/*
 * RAM that any driver exports as a dma-buf, such as udmabuf and the system heap.
 *
 * An exporter tells importers DMA addresses and nothing else. So there is
 * a device of our own for which they are physical addresses: no IOMMU stands
 * before it, it reaches all of memory, and there is no bounce buffer to which an
 * address could lead instead. Its driver, which is iommufd, cannot follow memory
 * that moves; for such an importer an exporter keeps the memory where it is.
 */
#include <linux/cc_platform.h>
#include <linux/device.h>
#include <linux/dma-buf.h>
#include <linux/dma-direct.h>
#include <linux/dma-map-ops.h>
#include <linux/dma-mapping.h>
#include <linux/err.h>
#include <linux/iommu.h>
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/scatterlist.h>
#include <linux/sched.h>

#include "backing_import.h"
#include "lib/pfn_table.h"

static struct device *importer;

/**
 * backing_import_start() - make the device in whose name dma-bufs are attached to
 *
 * Context: May sleep. Before the first dma-buf is mapped.
 * Return: 0 or a negative errno.
 */
int backing_import_start(void)
{
	struct device *dev = root_device_register("iommufd");
	int ret;

	if (IS_ERR(dev))
		return PTR_ERR(dev);
#ifdef CONFIG_SWIOTLB
	dev->dma_io_tlb_mem = NULL;
#endif
	ret = dma_coerce_mask_and_coherent(dev, DMA_BIT_MASK(64));
	if (ret) {
		root_device_unregister(dev);
		return ret;
	}
	importer = dev;
	return 0;
}

/**
 * backing_import_stop() - undo backing_import_start()
 *
 * Context: May sleep. No dma-buf is mapped any more.
 */
void backing_import_stop(void)
{
	root_device_unregister(importer);
}

/**
 * backing_import_device() - in whose name are dma-bufs attached to?
 *
 * Context: Any.
 * Return: the device, which does no DMA itself.
 */
struct device *backing_import_device(void)
{
	return importer;
}

/* A guest whose memory is encrypted cannot let a device at it. */
static bool addresses_are_physical(void)
{
	return !get_dma_ops(importer) && !device_iommu_mapped(importer) &&
	       !cc_platform_has(CC_ATTR_GUEST_MEM_ENCRYPT);
}

static bool is_ram(phys_addr_t start, unsigned long length)
{
	unsigned long pfn = PHYS_PFN(start), end = pfn + PFN_DOWN(length);

	if (!PAGE_ALIGNED(start | length))
		return false;
	for (; pfn < end; pfn++) {
		if (!pfn_valid(pfn) || is_zone_device_page(pfn_to_page(pfn)))
			return false;
		if (!(pfn & (PFN_SLOT_PAGES - 1)))
			cond_resched();
	}
	return true;
}

static phys_addr_t sg_start(const struct scatterlist *sg)
{
	return dma_to_phys(importer, sg_dma_address(sg));
}

static bool all_ram(struct sg_table *sgt, size_t size)
{
	struct scatterlist *sg;
	unsigned int i;

	for_each_sgtable_dma_sg(sgt, sg, i) {
		if (sg_dma_len(sg) > size ||
		    !is_ram(sg_start(sg), sg_dma_len(sg)))
			return false;
		size -= sg_dma_len(sg);
	}
	return !size;
}

static long backing_import_pin(struct backing *backing, struct pfn_table *table,
			       unsigned long first, unsigned long end)
{
	unsigned long offset = 0;
	struct scatterlist *sg;
	unsigned int i;
	int ret;

	for_each_sgtable_dma_sg(backing->import.sgt, sg, i) {
		ret = backing_enter(backing, table, offset, sg_start(sg),
				    sg_dma_len(sg), first, end);
		if (ret) {
			pfn_table_clear(table, first, end);
			return ret;
		}
		offset += sg_dma_len(sg);
		cond_resched();
	}
	return 0;
}

static unsigned long backing_import_unpin(const struct backing *backing,
					  struct pfn_table *table,
					  unsigned long first,
					  unsigned long end)
{
	pfn_table_clear(table, first, end);
	return 0;
}

static enum dma_data_direction direction(const struct backing *backing)
{
	return backing->writable ? DMA_BIDIRECTIONAL : DMA_TO_DEVICE;
}

static void backing_import_release(struct backing *backing)
{
	struct dma_buf_attachment *attach = backing->import.attach;
	struct dma_buf *dmabuf = attach->dmabuf;

	dma_buf_unmap_attachment_unlocked(attach, backing->import.sgt,
					  direction(backing));
	dma_buf_detach(dmabuf, attach);
	dma_buf_put(dmabuf);
}

static const struct backing_ops backing_import_ops = {
	.of_exporter = true,
	.pin = backing_import_pin,
	.unpin = backing_import_unpin,
	.release = backing_import_release,
};

/**
 * backing_import_init() - RAM that somebody exports
 * @backing: to be initialized; its release op undoes it
 * @dmabuf: the memory; the caller keeps its own reference
 * @start: where in the dma-buf, a multiple of PAGE_SIZE
 * @nr_pages: size, at least 1; the range is inside of @dmabuf
 * @writable: devices may write to it
 *
 * The exporter holds the memory where it is as long as the backing exists.
 *
 * Context: May sleep. Takes the reservation lock of @dmabuf.
 * Return: 0, -EPERM where @dmabuf is not open for writing and @writable is
 * wanted, -EOPNOTSUPP where it is not RAM, or the platform does not let physical
 * addresses be known, or what the exporter says.
 */
int backing_import_init(struct backing *backing, struct dma_buf *dmabuf,
			unsigned long start, unsigned long nr_pages,
			bool writable)
{
	struct dma_buf_attachment *attach;
	struct sg_table *sgt;
	int ret;

	if (writable && !(dmabuf->file->f_mode & FMODE_WRITE))
		return -EPERM;
	if (!addresses_are_physical())
		return -EOPNOTSUPP;
	*backing = (struct backing){
		.ops = &backing_import_ops,
		.start = start,
		.nr_pages = nr_pages,
		.writable = writable,
	};
	attach = dma_buf_attach(dmabuf, importer);
	if (IS_ERR(attach))
		return PTR_ERR(attach);
	sgt = dma_buf_map_attachment_unlocked(attach, direction(backing));
	if (IS_ERR(sgt)) {
		ret = PTR_ERR(sgt);
		goto detach;
	}
	if (!all_ram(sgt, dmabuf->size)) {
		ret = -EOPNOTSUPP;
		goto unmap;
	}
	backing->import.attach = attach;
	backing->import.sgt = sgt;
	get_dma_buf(dmabuf);
	return 0;

unmap:
	dma_buf_unmap_attachment_unlocked(attach, sgt, direction(backing));
detach:
	dma_buf_detach(dmabuf, attach);
	return ret;
}
