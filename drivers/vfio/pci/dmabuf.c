// SPDX-License-Identifier: GPL-2.0-only
/*
 * Parts of a BAR as a dma-buf, through which other devices access it.
 *
 * The memory is revoked whenever the function stops decoding it and is restored
 * afterwards, but importers have to map it anew. Closing the device revokes it
 * for good.
 *
 * iommufd gets the physical ranges and maps them itself. All other importers
 * get a scatter list, which requires kernel support for peer-to-peer DMA.
 */
#include <linux/cleanup.h>
#include <linux/dma-buf-mapping.h>
#include <linux/dma-buf.h>
#include <linux/dma-resv.h>
#include <linux/err.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/iommufd.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/pci-p2pdma.h>
#include <linux/slab.h>
#include <linux/wait.h>

#include "dmabuf.h"

/**
 * struct vfio_pci_dmabuf - parts of a BAR as a dma-buf
 */
struct vfio_pci_dmabuf {
	/** @dmabuf: the dma-buf that user space holds a descriptor of */
	struct dma_buf *dmabuf;
	/**
	 * @vdev: the device, with a registration held. Closing the device and
	 * releasing the dma-buf both exchange it for NULL; the first of them
	 * puts the registration.
	 */
	struct vfio_pci_core_device *vdev;
	/** @entry: in the list of the device, protected by its memory lock */
	struct list_head entry;
	/** @provider: the BAR as a provider of peer-to-peer DMA, or NULL */
	struct p2pdma_provider *provider;
	/** @size: total bytes */
	size_t size;
	/**
	 * @revoked: the memory cannot be mapped; written with the memory lock
	 * and the reservation lock held, so either is enough to read
	 */
	bool revoked;
	/** @nr_maps: scatter lists in use; protected by the reservation lock */
	unsigned int nr_maps;
	/** @unmapped: woken when @nr_maps drops to zero */
	wait_queue_head_t unmapped;
	/** @nr_ranges: entries in @ranges */
	unsigned int nr_ranges;
	/** @ranges: physical ranges of the parts, in order */
	struct iommufd_dmabuf_range ranges[] __counted_by(nr_ranges);
};

static int dmabuf_attach(struct dma_buf *dmabuf,
			 struct dma_buf_attachment *attachment)
{
	struct vfio_pci_dmabuf *buf = dmabuf->priv;

	if (!attachment->peer2peer || !dma_buf_attach_revocable(attachment))
		return -EOPNOTSUPP;
	return READ_ONCE(buf->revoked) ? -ENODEV : 0;
}

/*
 * Pinning does not prevent revocation. The ops exist because old kernels assume
 * that a dma-buf without them never moves, and map it when it is attached to.
 */
static int dmabuf_pin(struct dma_buf_attachment *attachment)
{
	return 0;
}

static void dmabuf_unpin(struct dma_buf_attachment *attachment)
{
}

static struct phys_vec *dmabuf_phys_vecs(const struct vfio_pci_dmabuf *buf)
{
	struct phys_vec *vecs;
	unsigned int i;

	vecs = kvmalloc_array(buf->nr_ranges, sizeof(*vecs), GFP_KERNEL);
	for (i = 0; vecs && i < buf->nr_ranges; i++) {
		vecs[i].paddr = buf->ranges[i].start;
		vecs[i].len = buf->ranges[i].length;
	}
	return vecs;
}

static struct sg_table *dmabuf_map(struct dma_buf_attachment *attachment,
				   enum dma_data_direction dir)
{
	struct vfio_pci_dmabuf *buf = attachment->dmabuf->priv;
	struct phys_vec *vecs;
	struct sg_table *sgt;

	dma_resv_assert_held(buf->dmabuf->resv);

	if (buf->revoked)
		return ERR_PTR(-ENODEV);
	if (!buf->provider)
		return ERR_PTR(-EOPNOTSUPP);

	vecs = dmabuf_phys_vecs(buf);
	if (!vecs)
		return ERR_PTR(-ENOMEM);
	sgt = dma_buf_phys_vec_to_sgt(attachment, buf->provider, vecs,
				      buf->nr_ranges, buf->size, dir);
	kvfree(vecs);
	if (!IS_ERR(sgt))
		buf->nr_maps++;
	return sgt;
}

static void dmabuf_unmap(struct dma_buf_attachment *attachment,
			 struct sg_table *sgt, enum dma_data_direction dir)
{
	struct vfio_pci_dmabuf *buf = attachment->dmabuf->priv;

	dma_resv_assert_held(buf->dmabuf->resv);

	dma_buf_free_sgt(attachment, sgt, dir);
	WRITE_ONCE(buf->nr_maps, buf->nr_maps - 1);
	if (!buf->nr_maps)
		wake_up(&buf->unmapped);
}

static void dmabuf_release(struct dma_buf *dmabuf)
{
	struct vfio_pci_dmabuf *buf = dmabuf->priv;
	struct vfio_pci_core_device *vdev = xchg(&buf->vdev, NULL);

	/* NULL if closing the device removed the dma-buf before */
	if (vdev) {
		scoped_guard(rwsem_write, &vdev->memory_lock)
			list_del(&buf->entry);
		vfio_device_put_registration(&vdev->vdev);
	}
	kvfree(buf);
}

static const struct dma_buf_ops dmabuf_ops = {
	.attach = dmabuf_attach,
	.pin = dmabuf_pin,
	.unpin = dmabuf_unpin,
	.map_dma_buf = dmabuf_map,
	.unmap_dma_buf = dmabuf_unmap,
	.release = dmabuf_release,
};

static const struct iommufd_dmabuf_range *
dmabuf_ranges(struct dma_buf_attachment *attachment, unsigned int *nr)
{
	const struct vfio_pci_dmabuf *buf = attachment->dmabuf->priv;

	dma_resv_assert_held(buf->dmabuf->resv);

	if (buf->revoked)
		return ERR_PTR(-ENODEV);
	*nr = buf->nr_ranges;
	return buf->ranges;
}

static struct iommufd_dmabuf_exporter dmabuf_exporter = {
	.ops = &dmabuf_ops,
	.ranges = dmabuf_ranges,
};

static int dmabuf_add_sizes(struct vfio_pci_dmabuf *buf,
			    const struct vfio_region_dma_range *ranges)
{
	unsigned int i;

	for (i = 0; i < buf->nr_ranges; i++)
		if (!ranges[i].length ||
		    !PAGE_ALIGNED(ranges[i].offset | ranges[i].length) ||
		    check_add_overflow(buf->size, ranges[i].length, &buf->size))
			return -EINVAL;
	/* The DMA API would not refuse larger sizes but warn about them */
	return buf->size & BIT_ULL(63) ? -EINVAL : 0;
}

/**
 * vfio_pci_core_fill_phys_vec() - convert parts of a region to physical ranges
 * @phys_vec: filled in, @nr_ranges entries
 * @dma_ranges: the parts, @nr_ranges of them
 * @nr_ranges: number of parts
 * @start: physical address of the region
 * @len: bytes in the region
 *
 * Context: Any.
 * Return: 0; -EINVAL for a part that is empty or exceeds the region; -EOVERFLOW
 * for one that exceeds the address space.
 */
int vfio_pci_core_fill_phys_vec(struct phys_vec *phys_vec,
				struct vfio_region_dma_range *dma_ranges,
				size_t nr_ranges, phys_addr_t start,
				phys_addr_t len)
{
	phys_addr_t first, end;
	size_t i;

	for (i = 0; i < nr_ranges; i++) {
		if (!dma_ranges[i].length)
			return -EINVAL;
		if (check_add_overflow(start, dma_ranges[i].offset, &first) ||
		    check_add_overflow(first, dma_ranges[i].length, &end))
			return -EOVERFLOW;
		if (end > start + len)
			return -EINVAL;
		phys_vec[i].paddr = first;
		phys_vec[i].len = dma_ranges[i].length;
	}
	return 0;
}
EXPORT_SYMBOL_NS_GPL(vfio_pci_core_fill_phys_vec, "VFIO_PCI_NG");

/**
 * vfio_pci_core_get_dmabuf_phys() - find the memory behind parts of a BAR
 * @vdev: an open device
 * @provider: set to the BAR as a provider of peer-to-peer DMA, or to NULL if it
 * is none, so that only iommufd can map the dma-buf
 * @region_index: index of the BAR
 * @phys_vec: filled in, @nr_ranges entries
 * @dma_ranges: the parts, @nr_ranges of them
 * @nr_ranges: number of parts
 *
 * The get_dmabuf_phys op of a driver whose regions are those of the function.
 *
 * Context: May sleep.
 * Return: 0; -EINVAL for ranges that are not in memory of the BAR; -EOVERFLOW
 * for ranges beyond the address space.
 */
int vfio_pci_core_get_dmabuf_phys(struct vfio_pci_core_device *vdev,
				  struct p2pdma_provider **provider,
				  unsigned int region_index,
				  struct phys_vec *phys_vec,
				  struct vfio_region_dma_range *dma_ranges,
				  size_t nr_ranges)
{
	struct pci_dev *pdev = vdev->pdev;

	if (!(pci_resource_flags(pdev, region_index) & IORESOURCE_MEM))
		return -EINVAL;
	*provider = pcim_p2pdma_provider(pdev, region_index);
	return vfio_pci_core_fill_phys_vec(
		phys_vec, dma_ranges, nr_ranges,
		pci_resource_start(pdev, region_index),
		pci_resource_len(pdev, region_index));
}
EXPORT_SYMBOL_NS_GPL(vfio_pci_core_get_dmabuf_phys, "VFIO_PCI_NG");

/* The driver of the device decides which memory the ranges are */
static int dmabuf_fill_ranges(struct vfio_pci_dmabuf *buf,
			      struct vfio_pci_core_device *vdev,
			      unsigned int bar,
			      struct vfio_region_dma_range *ranges)
{
	struct phys_vec *vecs;
	unsigned int i;
	int ret;

	vecs = kvcalloc(buf->nr_ranges, sizeof(*vecs), GFP_KERNEL);
	if (!vecs)
		return -ENOMEM;
	ret = vdev->pci_ops->get_dmabuf_phys(vdev, &buf->provider, bar, vecs,
					     ranges, buf->nr_ranges);
	for (i = 0; !ret && i < buf->nr_ranges; i++) {
		buf->ranges[i].start = vecs[i].paddr;
		buf->ranges[i].length = vecs[i].len;
	}
	kvfree(vecs);
	return ret;
}

static struct vfio_pci_dmabuf *
dmabuf_alloc(struct vfio_pci_core_device *vdev,
	     const struct vfio_device_feature_dma_buf *req,
	     struct vfio_region_dma_range *ranges)
{
	struct vfio_pci_dmabuf *buf;
	int ret;

	buf = kvzalloc(struct_size(buf, ranges, req->nr_ranges),
		       GFP_KERNEL_ACCOUNT);
	if (!buf)
		return ERR_PTR(-ENOMEM);
	buf->nr_ranges = req->nr_ranges;
	ret = dmabuf_add_sizes(buf, ranges);
	if (!ret)
		ret = dmabuf_fill_ranges(buf, vdev, req->region_index, ranges);
	if (ret) {
		kvfree(buf);
		return ERR_PTR(ret);
	}
	buf->revoked = true;
	init_waitqueue_head(&buf->unmapped);
	return buf;
}

static struct dma_buf *dmabuf_export(struct vfio_pci_dmabuf *buf,
				     unsigned int flags)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);

	info.ops = &dmabuf_ops;
	info.size = buf->size;
	info.flags = flags;
	info.priv = buf;
	return dma_buf_export(&info);
}

/**
 * vfio_pci_dmabuf_probe() - prepare a function for peer-to-peer DMA
 * @pdev: the function, which is being probed
 *
 * Context: May sleep.
 */
void vfio_pci_dmabuf_probe(struct pci_dev *pdev)
{
	/* iommufd can map the dma-bufs without it */
	if (pcim_p2pdma_init(pdev))
		pci_dbg(pdev, "no peer to peer DMA by scatter lists\n");
}

/**
 * vfio_pci_dmabuf_create() - create a dma-buf of parts of a BAR
 * @vdev: an open device whose driver has the op get_dmabuf_phys
 * @req: index of the BAR, which the caller has checked, and flags of the file
 * @ranges: the parts, @req->nr_ranges of them
 *
 * The dma-buf is revoked until vfio_pci_unlock_memory() finds the memory
 * enabled.
 *
 * Context: May sleep. Takes the memory lock.
 * Return: The dma-buf; ERR_PTR(-EINVAL) for ranges that are not pages of the
 * BAR, -EOVERFLOW for ranges beyond the address space, -ENODEV if the device is
 * being unregistered, -ENOMEM.
 */
struct dma_buf *
vfio_pci_dmabuf_create(struct vfio_pci_core_device *vdev,
		       const struct vfio_device_feature_dma_buf *req,
		       struct vfio_region_dma_range *ranges)
{
	struct vfio_pci_dmabuf *buf;
	struct dma_buf *dmabuf;

	buf = dmabuf_alloc(vdev, req, ranges);
	if (IS_ERR(buf))
		return ERR_CAST(buf);

	if (!vfio_device_try_get_registration(&vdev->vdev)) {
		kvfree(buf);
		return ERR_PTR(-ENODEV);
	}
	dmabuf = dmabuf_export(buf, req->open_flags);
	if (IS_ERR(dmabuf)) {
		vfio_device_put_registration(&vdev->vdev);
		kvfree(buf);
		return dmabuf;
	}

	guard(rwsem_write)(&vdev->memory_lock);

	buf->dmabuf = dmabuf;
	buf->vdev = vdev;
	list_add_tail(&buf->entry, &vdev->dmabufs);
	return dmabuf;
}

/*
 * No peer accesses the memory once this returns. A dma-buf outlives its file,
 * because a task that has opened it by path holds its dentry, so the file must
 * not be touched. The dma-buf itself exists as long as it is on the list:
 * dmabuf_release() removes it with the memory lock held.
 */
static void dmabuf_revoke(struct vfio_pci_dmabuf *buf)
{
	struct dma_resv *resv = buf->dmabuf->resv;

	dma_resv_lock(resv, NULL);
	WRITE_ONCE(buf->revoked, true);
	dma_buf_invalidate_mappings(buf->dmabuf);
	dma_resv_wait_timeout(resv, DMA_RESV_USAGE_BOOKKEEP, false,
			      MAX_SCHEDULE_TIMEOUT);
	dma_resv_unlock(resv);
	wait_event(buf->unmapped, !READ_ONCE(buf->nr_maps));
}

static void dmabuf_restore(struct vfio_pci_dmabuf *buf)
{
	dma_resv_lock(buf->dmabuf->resv, NULL);
	WRITE_ONCE(buf->revoked, false);
	dma_resv_unlock(buf->dmabuf->resv);
}

/**
 * vfio_pci_dmabuf_revoke_all() - revoke the dma-bufs of a device
 * @vdev: the device
 *
 * No peer accesses the BARs through them once this returns.
 *
 * Context: May sleep; the caller holds the memory lock for writing.
 */
void vfio_pci_dmabuf_revoke_all(struct vfio_pci_core_device *vdev)
{
	struct vfio_pci_dmabuf *buf;

	lockdep_assert_held_write(&vdev->memory_lock);

	list_for_each_entry(buf, &vdev->dmabufs, entry)
		if (!buf->revoked)
			dmabuf_revoke(buf);
}

/**
 * vfio_pci_dmabuf_restore_all() - undo vfio_pci_dmabuf_revoke_all()
 * @vdev: an open device with memory enabled
 *
 * Context: May sleep; the caller holds the memory lock for writing.
 */
void vfio_pci_dmabuf_restore_all(struct vfio_pci_core_device *vdev)
{
	struct vfio_pci_dmabuf *buf;

	lockdep_assert_held_write(&vdev->memory_lock);

	list_for_each_entry(buf, &vdev->dmabufs, entry)
		if (buf->revoked)
			dmabuf_restore(buf);
}

/**
 * vfio_pci_dmabuf_remove_all() - revoke the dma-bufs of a device for good
 * @vdev: a device that is being closed
 *
 * Context: May sleep. Takes the memory lock.
 */
void vfio_pci_dmabuf_remove_all(struct vfio_pci_core_device *vdev)
{
	struct vfio_pci_dmabuf *buf, *next;

	guard(rwsem_write)(&vdev->memory_lock);

	list_for_each_entry_safe(buf, next, &vdev->dmabufs, entry) {
		if (!buf->revoked)
			dmabuf_revoke(buf);
		list_del_init(&buf->entry);
		/* The dma-buf may be freed once this is NULL */
		if (xchg(&buf->vdev, NULL))
			vfio_device_put_registration(&vdev->vdev);
	}
}

/**
 * vfio_pci_dmabuf_init() - let iommufd map the dma-bufs
 *
 * Context: Process context, at module load.
 */
void vfio_pci_dmabuf_init(void)
{
	iommufd_dmabuf_register(&dmabuf_exporter);
}

/**
 * vfio_pci_dmabuf_exit() - undo vfio_pci_dmabuf_init()
 *
 * Context: Process context, at module unload. No dma-buf is left, because each
 * of them holds a reference to the module.
 */
void vfio_pci_dmabuf_exit(void)
{
	iommufd_dmabuf_unregister(&dmabuf_exporter);
}

MODULE_IMPORT_NS("DMA_BUF");
MODULE_IMPORT_NS("IOMMUFD_NG");
