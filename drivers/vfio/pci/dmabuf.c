// SPDX-License-Identifier: GPL-2.0-only
/*
 * Parts of a BAR as a dma-buf, by which other devices reach it.
 *
 * The memory is provided: it is revoked whenever the function stops to decode it and
 * provided again afterwards, but what was mapped before has to be mapped anew. When
 * the device is closed it is revoked for good.
 *
 * iommufd asks for the physical ranges and maps them itself. Everybody else gets
 * a scatter list, which takes a kernel that knows of peer to peer DMA.
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
 * struct vfio_pci_dmabuf - parts of a BAR
 */
struct vfio_pci_dmabuf {
	/** @dmabuf: what user space holds a descriptor of */
	struct dma_buf *dmabuf;
	/**
	 * @vdev: the device, of which a registration is held. Who exchanges it
	 * for NULL, the close of the device or the end of the dma-buf, gives
	 * that back.
	 */
	struct vfio_pci_core_device *vdev;
	/** @entry: in the list of the device, protected by its memory lock */
	struct list_head entry;
	/** @provider: the BAR as a peer of DMA, or NULL */
	struct p2pdma_provider *provider;
	/** @size: bytes in all */
	size_t size;
	/**
	 * @revoked: nobody may map; written with the memory lock and the
	 * reservation lock held, so either is enough to read
	 */
	bool revoked;
	/** @nr_maps: scatter lists out there; protected by the reservation lock */
	unsigned int nr_maps;
	/** @unmapped: woken when @nr_maps comes to zero */
	wait_queue_head_t unmapped;
	/** @nr_ranges: entries in @ranges */
	unsigned int nr_ranges;
	/** @ranges: where the parts are, in order */
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
 * Pinning does not keep from revoking. The ops are there as 6.12 takes a dma-buf
 * without them for one that never moves, and maps it when it is attached to.
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

	/* Where the device was closed first nobody knows of this any more */
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
	/* What the DMA API cannot hold it would not refuse but complain of */
	return buf->size & BIT_ULL(63) ? -EINVAL : 0;
}

static int dmabuf_fill_ranges(struct vfio_pci_dmabuf *buf, struct pci_dev *pdev,
			      unsigned int bar,
			      const struct vfio_region_dma_range *ranges)
{
	u64 bar_start = pci_resource_start(pdev, bar);
	u64 bar_end = bar_start + pci_resource_len(pdev, bar);
	u64 start, end;
	unsigned int i;

	for (i = 0; i < buf->nr_ranges; i++) {
		if (check_add_overflow(bar_start, ranges[i].offset, &start) ||
		    check_add_overflow(start, ranges[i].length, &end))
			return -EOVERFLOW;
		if (end > bar_end)
			return -EINVAL;
		buf->ranges[i].start = start;
		buf->ranges[i].length = ranges[i].length;
	}
	return 0;
}

static struct vfio_pci_dmabuf *
dmabuf_alloc(struct pci_dev *pdev,
	     const struct vfio_device_feature_dma_buf *req,
	     const struct vfio_region_dma_range *ranges)
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
		ret = dmabuf_fill_ranges(buf, pdev, req->region_index, ranges);
	if (ret) {
		kvfree(buf);
		return ERR_PTR(ret);
	}
	buf->provider = pcim_p2pdma_provider(pdev, req->region_index);
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
 * vfio_pci_dmabuf_probe() - prepare a function to be a peer of DMA
 * @pdev: the function, which is being probed
 *
 * Context: Process context, may sleep.
 */
void vfio_pci_dmabuf_probe(struct pci_dev *pdev)
{
	/* Without it there is still iommufd */
	if (pcim_p2pdma_init(pdev))
		pci_dbg(pdev, "no peer to peer DMA by scatter lists\n");
}

/**
 * vfio_pci_dmabuf_create() - parts of a BAR as a dma-buf
 * @vdev: an open device
 * @req: which BAR, and the flags of the file; the caller has checked the index
 * @ranges: the parts, as many as @req says
 *
 * It is revoked until the memory is found enabled, see vfio_pci_unlock_memory().
 *
 * Context: Process context, may sleep. Takes the memory lock.
 * Return: The dma-buf; ERR_PTR(-EINVAL) for ranges that are no pages of the BAR,
 * -EOVERFLOW for those beyond all addresses, -ENODEV for a device on its way out,
 * -ENOMEM.
 */
struct dma_buf *
vfio_pci_dmabuf_create(struct vfio_pci_core_device *vdev,
		       const struct vfio_device_feature_dma_buf *req,
		       const struct vfio_region_dma_range *ranges)
{
	struct vfio_pci_dmabuf *buf;
	struct dma_buf *dmabuf;

	if (!(pci_resource_flags(vdev->pdev, req->region_index) &
	      IORESOURCE_MEM))
		return ERR_PTR(-EINVAL);
	buf = dmabuf_alloc(vdev->pdev, req, ranges);
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
 * Nobody reaches the memory any more when this returns. A dma-buf outlives its
 * file, which must not be touched: who has opened it by path holds its dentry.
 * But it is there as long as it is on the list, as release() takes it off with
 * the memory lock held.
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
 * vfio_pci_dmabuf_revoke_all() - take the dma-bufs of a device back
 * @vdev: the device
 *
 * Context: Process context, may sleep; memory lock held for writing. No peer
 * reaches the BARs any more when it returns.
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
 * @vdev: an open device, whose memory is enabled
 *
 * Context: Process context, may sleep; memory lock held for writing.
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
 * vfio_pci_dmabuf_remove_all() - take the dma-bufs back for good
 * @vdev: a device that is being closed
 *
 * Context: Process context, may sleep. Takes the memory lock.
 */
void vfio_pci_dmabuf_remove_all(struct vfio_pci_core_device *vdev)
{
	struct vfio_pci_dmabuf *buf, *next;

	guard(rwsem_write)(&vdev->memory_lock);

	list_for_each_entry_safe(buf, next, &vdev->dmabufs, entry) {
		if (!buf->revoked)
			dmabuf_revoke(buf);
		list_del_init(&buf->entry);
		/* It may be gone from then on */
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
 * Context: Process context, at module unload: every dma-buf holds the module.
 */
void vfio_pci_dmabuf_exit(void)
{
	iommufd_dmabuf_unregister(&dmabuf_exporter);
}

MODULE_IMPORT_NS("DMA_BUF");
MODULE_IMPORT_NS("IOMMUFD_NG");
