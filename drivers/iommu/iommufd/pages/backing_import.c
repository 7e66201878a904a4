// SPDX-License-Identifier: GPL-2.0-only
/*
 * RAM that any driver exports as a dma-buf, such as udmabuf and the system
 * heap.
 *
 * An exporter only returns DMA addresses for the device that is attached. The
 * devices of a context cannot be attached: memory is mapped before there are
 * any, stays mapped while they are replaced, and has an IOVA that iommufd
 * chooses. Page frames are needed instead. Therefore a root device is attached,
 * whose DMA addresses are physical addresses: it is behind no IOMMU, can
 * address all memory and uses no bounce buffers. It does no DMA itself.
 *
 * Limits:
 *
 * - The importer is not dynamic, so the exporter keeps the memory in place, and
 *   cannot revoke it.
 * - An attachment is one to the whole dma-buf, even if only a part is mapped.
 *   Therefore all of it is charged, once for a context and direction of DMA.
 *   The charge also bounds the memory that the exporter allocates for the
 *   attachment, which no memory control group is charged for.
 * - The exporter does not see the devices that will access the memory. It can
 *   neither choose memory that suits them nor refuse them.
 * - Each address is checked to be that of RAM. An exporter of memory of a
 *   device may return addresses that only the bus of that device knows; it is
 *   refused, like platforms that translate the addresses of such a root device,
 *   and guests with encrypted memory.
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
#include <linux/slab.h>

#include "backing_import.h"
#include "lib/pfn_table.h"

static struct device *backing_importer;

/**
 * backing_import_start() - create the device that attaches to dma-bufs
 *
 * Context: May sleep. Called before the first dma-buf is mapped.
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
	backing_importer = dev;
	return 0;
}

/**
 * backing_import_stop() - undo backing_import_start()
 *
 * Context: May sleep. No dma-buf is mapped.
 */
void backing_import_stop(void)
{
	root_device_unregister(backing_importer);
}

/**
 * backing_import_device() - get the device that attaches to dma-bufs
 *
 * Context: Any.
 * Return: the device, which does no DMA itself.
 */
struct device *backing_import_device(void)
{
	return backing_importer;
}

/* Devices cannot access the encrypted memory of a guest. */
static bool backing_import_is_physical(void)
{
	return !get_dma_ops(backing_importer) &&
	       !device_iommu_mapped(backing_importer) &&
	       !cc_platform_has(CC_ATTR_GUEST_MEM_ENCRYPT);
}

static bool backing_import_is_ram(phys_addr_t start, unsigned long length)
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

static phys_addr_t backing_import_phys(const struct scatterlist *sg)
{
	return dma_to_phys(backing_importer, sg_dma_address(sg));
}

static bool backing_import_all_ram(struct sg_table *sgt, size_t size)
{
	struct scatterlist *sg;
	unsigned int i;

	for_each_sgtable_dma_sg(sgt, sg, i) {
		if (sg_dma_len(sg) > size ||
		    !backing_import_is_ram(backing_import_phys(sg),
					   sg_dma_len(sg)))
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

	for_each_sgtable_dma_sg(backing->dmabuf->sgt, sg, i) {
		ret = backing_enter(backing, table, offset,
				    backing_import_phys(sg), sg_dma_len(sg),
				    first, end);
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

static enum dma_data_direction backing_import_dir(const struct backing *backing)
{
	return backing->writable ? DMA_BIDIRECTIONAL : DMA_TO_DEVICE;
}

static void backing_import_release(struct backing *backing)
{
	struct dma_buf_attachment *attach = backing->dmabuf->attach;
	struct dma_buf *dmabuf = attach->dmabuf;

	dmabuf_table_remove(&backing->dmabuf->entry);
	dma_buf_unmap_attachment_unlocked(attach, backing->dmabuf->sgt,
					  backing_import_dir(backing));
	dma_buf_detach(dmabuf, attach);
	dma_buf_put(dmabuf);
	kfree(backing->dmabuf);
}

static const struct backing_ops backing_import_ops = {
	.of_exporter = true,
	.pin = backing_import_pin,
	.unpin = backing_import_unpin,
	.release = backing_import_release,
};

/**
 * backing_import_attach() - initialize a backing with RAM of a dma-buf
 * @backing: backing whose ops are set; undone by its release op
 * @dmabuf: the dma-buf, of which the caller has a reference for @backing
 *
 * The exporter keeps the memory in place as long as the backing exists.
 *
 * Context: May sleep. Takes the reservation lock of @dmabuf.
 * Return: 0, -EPERM if devices may write to the memory and @dmabuf is not open
 * for writing, -EOPNOTSUPP if the memory is not RAM or DMA addresses are not
 * physical addresses on this platform, or an error of the exporter.
 */
int backing_import_attach(struct backing *backing, struct dma_buf *dmabuf)
{
	struct dma_buf_attachment *attach;
	struct sg_table *sgt;
	int ret;

	if (backing->writable && !(dmabuf->file->f_mode & FMODE_WRITE))
		return -EPERM;
	if (!backing_import_is_physical())
		return -EOPNOTSUPP;
	attach = dma_buf_attach(dmabuf, backing_importer);
	if (IS_ERR(attach))
		return PTR_ERR(attach);
	sgt = dma_buf_map_attachment_unlocked(attach,
					      backing_import_dir(backing));
	if (IS_ERR(sgt)) {
		ret = PTR_ERR(sgt);
		goto detach;
	}
	if (!backing_import_all_ram(sgt, dmabuf->size)) {
		ret = -EOPNOTSUPP;
		goto unmap;
	}
	backing->ops = &backing_import_ops;
	backing->dmabuf->attach = attach;
	backing->dmabuf->sgt = sgt;
	return 0;

unmap:
	dma_buf_unmap_attachment_unlocked(attach, sgt,
					  backing_import_dir(backing));
detach:
	dma_buf_detach(dmabuf, attach);
	return ret;
}
