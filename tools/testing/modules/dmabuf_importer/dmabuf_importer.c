// SPDX-License-Identifier: GPL-2.0-only
/*
 * Import dma-bufs on behalf of a PCI device, like drivers of GPUs and of RDMA
 * do, but without using the memory. The importer unmaps either when it is
 * notified or later, so that a test can check whether the exporter waits for
 * it.
 */
#include <linux/cleanup.h>
#include <linux/dma-buf.h>
#include <linux/dma-fence.h>
#include <linux/dma-resv.h>
#include <linux/err.h>
#include <linux/eventfd.h>
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/sched.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>

#include "importer_abi.h"

#define IMPORTER_ALL_FLAGS                                        \
	(IMPORTER_NO_P2P | IMPORTER_NO_NOTIFY | IMPORTER_STATIC | \
	 IMPORTER_AT_ONCE)

/**
 * struct importer - an open file
 */
struct importer {
	/** @owner: files of the process that opened it */
	fl_owner_t owner;
	/**
	 * @lock: protects all members but @sgt; taken before reservation locks
	 */
	struct mutex lock;
	/** @attach: the attachment, or NULL */
	struct dma_buf_attachment *attach;
	/** @event: counts the notifications to unmap */
	struct eventfd_ctx *event;
	/** @at_once: unmap as soon as notified */
	bool at_once;
	/** @pinned: the dma-buf is pinned */
	bool pinned;
	/** @fence: DMA in progress, or NULL */
	struct dma_fence *fence;
	/** @sgt: the mapping, or NULL; protected by the reservation lock */
	struct sg_table *sgt;
};

/**
 * struct importer_fence - DMA that a test completes
 */
struct importer_fence {
	/** @base: the fence; must be the first member */
	struct dma_fence base;
	/** @lock: lock of @base */
	spinlock_t lock;
};

static const char *importer_fence_name(struct dma_fence *fence)
{
	return KBUILD_MODNAME;
}

/* The dma-buf may keep the fence for longer than the importer exists */
static void importer_fence_release(struct dma_fence *fence)
{
	dma_fence_free(fence);
	module_put(THIS_MODULE);
}

static const struct dma_fence_ops importer_fence_ops = {
	.get_driver_name = importer_fence_name,
	.get_timeline_name = importer_fence_name,
	.release = importer_fence_release,
};

static struct dma_fence *importer_fence_create(void)
{
	struct importer_fence *fence = kzalloc_obj(*fence, GFP_KERNEL);

	if (!fence)
		return NULL;
	__module_get(THIS_MODULE);
	spin_lock_init(&fence->lock);
	dma_fence_init(&fence->base, &importer_fence_ops, &fence->lock,
		       dma_fence_context_alloc(1), 1);
	return &fence->base;
}

static void importer_unmap_locked(struct importer *imp,
				  struct dma_buf_attachment *attach)
{
	if (imp->sgt)
		dma_buf_unmap_attachment(attach, imp->sgt, DMA_BIDIRECTIONAL);
	imp->sgt = NULL;
}

/* Called with the reservation lock held */
static void importer_invalidate(struct dma_buf_attachment *attach)
{
	struct importer *imp = attach->importer_priv;

	if (imp->at_once)
		importer_unmap_locked(imp, attach);
	eventfd_signal(imp->event);
}

/* Indexed by IMPORTER_NO_P2P and IMPORTER_NO_NOTIFY */
static const struct dma_buf_attach_ops importer_attach_ops[] = {
	{ .allow_peer2peer = true, .invalidate_mappings = importer_invalidate },
	{ .allow_peer2peer = false,
	  .invalidate_mappings = importer_invalidate },
	{ .allow_peer2peer = true },
	{ .allow_peer2peer = false },
};

static struct dma_buf_attachment *importer_attach_buffer(struct importer *imp,
							 struct dma_buf *dmabuf,
							 struct pci_dev *pdev,
							 unsigned int flags)
{
	if (flags & IMPORTER_STATIC)
		return dma_buf_attach(dmabuf, &pdev->dev);
	flags &= IMPORTER_NO_P2P | IMPORTER_NO_NOTIFY;
	return dma_buf_dynamic_attach(dmabuf, &pdev->dev,
				      &importer_attach_ops[flags], imp);
}

static int importer_attach_device(struct importer *imp, struct pci_dev *pdev,
				  const struct importer_attach *arg)
{
	struct dma_buf_attachment *attach;
	struct dma_buf *dmabuf;

	dmabuf = dma_buf_get(arg->dmabuf_fd);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);
	attach = importer_attach_buffer(imp, dmabuf, pdev, arg->flags);
	if (IS_ERR(attach)) {
		dma_buf_put(dmabuf);
		return PTR_ERR(attach);
	}
	imp->attach = attach;
	return 0;
}

/* The attachment takes over the references to the dma-buf and the device */
static int importer_do_attach(struct importer *imp,
			      const struct importer_attach *arg)
{
	struct pci_dev *pdev;
	int ret;

	if (imp->event)
		return -EBUSY;
	if (arg->flags & ~IMPORTER_ALL_FLAGS)
		return -EINVAL;
	pdev = pci_get_domain_bus_and_slot(arg->domain, arg->bus, arg->devfn);
	if (!pdev)
		return -ENXIO;
	imp->event = eventfd_ctx_fdget(arg->event_fd);
	if (IS_ERR(imp->event)) {
		ret = PTR_ERR(imp->event);
		goto err_event;
	}
	imp->at_once = arg->flags & IMPORTER_AT_ONCE;
	ret = importer_attach_device(imp, pdev, arg);
	if (ret)
		goto err_attach;
	return 0;

err_attach:
	eventfd_ctx_put(imp->event);
err_event:
	imp->event = NULL;
	pci_dev_put(pdev);
	return ret;
}

static void importer_lock_buffer(struct importer *imp)
{
	dma_resv_lock(imp->attach->dmabuf->resv, NULL);
}

static void importer_unlock_buffer(struct importer *imp)
{
	dma_resv_unlock(imp->attach->dmabuf->resv);
}

DEFINE_GUARD(buffer, struct importer *, importer_lock_buffer(_T),
	     importer_unlock_buffer(_T))

static int importer_do_pin(struct importer *imp)
{
	int ret;

	if (imp->pinned)
		return -EBUSY;
	guard(buffer)(imp);
	ret = dma_buf_pin(imp->attach);
	imp->pinned = !ret;
	return ret;
}

static int importer_do_unpin(struct importer *imp)
{
	if (!imp->pinned)
		return -EINVAL;
	guard(buffer)(imp);
	dma_buf_unpin(imp->attach);
	imp->pinned = false;
	return 0;
}

static void importer_report(const struct sg_table *sgt,
			    struct importer_map *arg)
{
	struct importer_entry *entry;
	struct scatterlist *sg;
	unsigned int i;

	for_each_sgtable_dma_sg(sgt, sg, i) {
		arg->nr++;
		arg->length += sg_dma_len(sg);
		if (i >= IMPORTER_MAX_ENTRIES)
			continue;
		entry = &arg->entries[i];
		entry->address = sg_dma_address(sg);
		entry->length = sg_dma_len(sg);
	}
}

static int importer_do_map(struct importer *imp, struct importer_map *arg)
{
	struct sg_table *sgt;

	guard(buffer)(imp);
	if (imp->sgt)
		return -EBUSY;
	sgt = dma_buf_map_attachment(imp->attach, DMA_BIDIRECTIONAL);
	if (IS_ERR(sgt))
		return PTR_ERR(sgt);
	imp->sgt = sgt;
	importer_report(sgt, arg);
	return 0;
}

static int importer_do_unmap(struct importer *imp)
{
	guard(buffer)(imp);
	if (!imp->sgt)
		return -EINVAL;
	importer_unmap_locked(imp, imp->attach);
	return 0;
}

static int importer_begin_dma(struct importer *imp)
{
	struct dma_resv *resv = imp->attach->dmabuf->resv;
	struct dma_fence *fence;
	int ret;

	if (imp->fence)
		return -EBUSY;
	fence = importer_fence_create();
	if (!fence)
		return -ENOMEM;
	guard(buffer)(imp);
	ret = dma_resv_reserve_fences(resv, 1);
	if (ret) {
		dma_fence_put(fence);
		return ret;
	}
	dma_resv_add_fence(resv, fence, DMA_RESV_USAGE_BOOKKEEP);
	imp->fence = fence;
	return 0;
}

static int importer_end_dma(struct importer *imp)
{
	if (!imp->fence)
		return -EINVAL;
	dma_fence_signal(imp->fence);
	dma_fence_put(imp->fence);
	imp->fence = NULL;
	return 0;
}

static int importer_run(struct importer *imp, unsigned int cmd,
			struct importer_map *result)
{
	switch (cmd) {
	case IMPORTER_PIN:
		return importer_do_pin(imp);
	case IMPORTER_UNPIN:
		return importer_do_unpin(imp);
	case IMPORTER_MAP:
		return importer_do_map(imp, result);
	case IMPORTER_UNMAP:
		return importer_do_unmap(imp);
	case IMPORTER_BEGIN_DMA:
		return importer_begin_dma(imp);
	case IMPORTER_END_DMA:
		return importer_end_dma(imp);
	default:
		return -ENOTTY;
	}
}

static long importer_ioctl(struct file *file, unsigned int cmd,
			   unsigned long arg)
{
	struct importer *imp = file->private_data;
	void __user *user = (void __user *)arg;
	struct importer_map result = {};
	struct importer_attach request;
	int ret;

	guard(mutex)(&imp->lock);
	if (cmd == IMPORTER_ATTACH) {
		if (copy_from_user(&request, user, sizeof(request)))
			return -EFAULT;
		return importer_do_attach(imp, &request);
	}
	if (!imp->attach)
		return -EINVAL;
	ret = importer_run(imp, cmd, &result);
	if (!ret && cmd == IMPORTER_MAP &&
	    copy_to_user(user, &result, sizeof(result)))
		return -EFAULT;
	return ret;
}

static int importer_open(struct inode *inode, struct file *file)
{
	struct importer *imp = kzalloc_obj(*imp, GFP_KERNEL);

	if (!imp)
		return -ENOMEM;
	mutex_init(&imp->lock);
	imp->owner = current->files;
	file->private_data = imp;
	return 0;
}

static void importer_stop(struct importer *imp)
{
	guard(mutex)(&imp->lock);
	if (imp->fence)
		importer_end_dma(imp);
	if (!imp->attach)
		return;
	guard(buffer)(imp);
	importer_unmap_locked(imp, imp->attach);
}

/*
 * An exiting process closes its files one by one; if it closed the device
 * before the importer, the device would wait forever. But all files are flushed
 * before any is released. A child that closes inherited files must not stop the
 * importer.
 */
static int importer_flush(struct file *file, fl_owner_t id)
{
	struct importer *imp = file->private_data;

	if (id == imp->owner)
		importer_stop(imp);
	return 0;
}

static int importer_release(struct inode *inode, struct file *file)
{
	struct importer *imp = file->private_data;
	struct dma_buf *dmabuf;
	struct device *dev;

	if (imp->attach) {
		importer_stop(imp);
		if (imp->pinned)
			importer_do_unpin(imp);
		dmabuf = imp->attach->dmabuf;
		dev = imp->attach->dev;
		dma_buf_detach(dmabuf, imp->attach);
		dma_buf_put(dmabuf);
		put_device(dev);
		eventfd_ctx_put(imp->event);
	}
	kfree(imp);
	return 0;
}

static const struct file_operations importer_fops = {
	.owner = THIS_MODULE,
	.open = importer_open,
	.flush = importer_flush,
	.release = importer_release,
	.unlocked_ioctl = importer_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice importer_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "dmabuf_importer",
	.fops = &importer_fops,
	.mode = 0600,
};
module_misc_device(importer_misc);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Importer of dma-bufs for tests");
MODULE_IMPORT_NS("DMA_BUF");
