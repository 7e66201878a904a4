// SPDX-License-Identifier: GPL-2.0-only
/*
 * Emulated devices for tests, which access user memory as requested by a test.
 * Written for the common subset of all versions of linux/vfio.h.
 */
#include <linux/cleanup.h>
#include <linux/eventfd.h>
#include <linux/highmem.h>
#include <linux/iommu.h>
#include <linux/list.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/platform_device.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/vfio.h>
#include <linux/workqueue.h>

#include "vfio_sample_abi.h"

#define NR_DEVICES (VFIO_SAMPLE_PLAIN + 1)

/* Maximum number of bytes of one VFIO_SAMPLE_RW */
#define MAX_RW (64 * 1024)

/**
 * struct sample - a device
 */
struct sample {
	/** @vdev: the VFIO device; must be the first member */
	struct vfio_device vdev;
	/** @lock: protects the members below; taken by dma_unmap() */
	struct mutex lock;
	/** @pins: list of struct sample_pin */
	struct list_head pins;
	/** @stats: statistics; @stats.nr_pages is computed on request */
	struct vfio_sample_stats stats;
	/** @stubborn: dma_unmap() does not unpin */
	bool stubborn;
	/** @trigger: eventfd of the interrupt, or NULL */
	struct eventfd_ctx *trigger;
	/** @region: the one region */
	u8 region[VFIO_SAMPLE_REGION_SIZE];
};

/**
 * struct sample_pin - pages pinned at once
 */
struct sample_pin {
	/** @entry: links into &sample.pins */
	struct list_head entry;
	/** @iova: IOVA of the first page */
	u64 iova;
	/** @nr: number of pages */
	int nr;
	/**
	 * @pages: pages that are still pinned; the first ones may be unpinned
	 */
	struct page **pages;
	/** @array: all pages, into which @pages points */
	struct page *array[];
};

/**
 * struct sample_rw - a vfio_dma_rw() in a kernel thread
 */
struct sample_rw {
	/** @work: runs sample_rw_work() */
	struct work_struct work;
	/** @sample: the device */
	struct sample *sample;
	/** @dma: the request */
	const struct vfio_sample_dma *dma;
	/** @buf: kernel memory */
	void *buf;
	/** @ret: the result */
	int ret;
};

static struct platform_device *sample_devices[NR_DEVICES];

static struct sample *sample_of(struct vfio_device *vdev)
{
	return container_of(vdev, struct sample, vdev);
}

static void sample_unpin(struct sample *sample, struct sample_pin *pin, int nr)
{
	vfio_unpin_pages(&sample->vdev, pin->iova, nr);
	pin->iova += (u64)nr * PAGE_SIZE;
	pin->pages += nr;
	pin->nr -= nr;
	if (pin->nr)
		return;
	list_del(&pin->entry);
	kvfree(pin);
}

static bool sample_pin_overlaps(const struct sample_pin *pin, u64 first,
				u64 last)
{
	return pin->iova <= last &&
	       pin->iova + (u64)pin->nr * PAGE_SIZE - 1 >= first;
}

static void sample_unpin_range(struct sample *sample, u64 first, u64 last)
{
	struct sample_pin *pin, *next;

	list_for_each_entry_safe(pin, next, &sample->pins, entry)
		if (sample_pin_overlaps(pin, first, last))
			sample_unpin(sample, pin, pin->nr);
}

static void sample_dma_unmap(struct vfio_device *vdev, u64 iova, u64 length)
{
	struct sample *sample = sample_of(vdev);

	guard(mutex)(&sample->lock);
	sample->stats.nr_unmaps++;
	sample->stats.iova = iova;
	sample->stats.length = length;
	if (!sample->stubborn)
		sample_unpin_range(sample, iova, iova + length - 1);
}

static long sample_do_pin(struct sample *sample,
			  const struct vfio_sample_dma *dma)
{
	bool no_array = dma->flags & VFIO_SAMPLE_NO_ARRAY;
	struct sample_pin *pin;
	int ret;

	pin = kvzalloc(struct_size(pin, array, max(dma->count, 1)),
		       GFP_KERNEL | __GFP_NOWARN);
	if (!pin)
		return -ENOMEM;
	pin->iova = dma->iova;
	pin->nr = dma->count;
	pin->pages = pin->array;
	ret = vfio_pin_pages(&sample->vdev, dma->iova, dma->count,
			     dma->flags & (IOMMU_READ | IOMMU_WRITE),
			     no_array ? NULL : pin->array);
	if (ret > 0)
		list_add_tail(&pin->entry, &sample->pins);
	else
		kvfree(pin);
	return ret;
}

static struct sample_pin *sample_find_pin(struct sample *sample, u64 iova)
{
	struct sample_pin *pin;

	list_for_each_entry(pin, &sample->pins, entry)
		if (sample_pin_overlaps(pin, iova, iova))
			return pin;
	return NULL;
}

static long sample_do_unpin(struct sample *sample,
			    const struct vfio_sample_dma *dma)
{
	struct sample_pin *pin = sample_find_pin(sample, dma->iova);

	if (!pin || pin->iova != dma->iova || dma->count < 1 ||
	    dma->count > pin->nr)
		return -ENXIO;
	sample_unpin(sample, pin, dma->count);
	return 0;
}

static long sample_do_touch(struct sample *sample,
			    const struct vfio_sample_dma *dma)
{
	void __user *data = u64_to_user_ptr(dma->data);
	struct sample_pin *pin = sample_find_pin(sample, dma->iova);
	unsigned int offset = offset_in_page(dma->iova);
	unsigned long left;
	struct page *page;
	void *memory;

	if (!pin)
		return -ENXIO;
	if (dma->count < 0 || dma->count > PAGE_SIZE - offset)
		return -EINVAL;
	page = pin->pages[(dma->iova >> PAGE_SHIFT) - (pin->iova >> PAGE_SHIFT)];
	memory = kmap_local_page(page) + offset;
	if (dma->flags & VFIO_SAMPLE_WRITE)
		left = copy_from_user(memory, data, dma->count);
	else
		left = copy_to_user(data, memory, dma->count);
	kunmap_local(memory);
	return left ? -EFAULT : 0;
}

static int sample_rw_here(struct sample *sample,
			  const struct vfio_sample_dma *dma, void *buf)
{
	return vfio_dma_rw(&sample->vdev, dma->iova, buf, dma->count,
			   dma->flags & VFIO_SAMPLE_WRITE);
}

static void sample_rw_work(struct work_struct *work)
{
	struct sample_rw *rw = container_of(work, struct sample_rw, work);

	rw->ret = sample_rw_here(rw->sample, rw->dma, rw->buf);
}

static int sample_rw_kthread(struct sample *sample,
			     const struct vfio_sample_dma *dma, void *buf)
{
	struct sample_rw rw = { .sample = sample, .dma = dma, .buf = buf };

	INIT_WORK_ONSTACK(&rw.work, sample_rw_work);
	schedule_work(&rw.work);
	flush_work(&rw.work);
	destroy_work_on_stack(&rw.work);
	return rw.ret;
}

/* Without the lock, so that several tasks can do this concurrently */
static long sample_do_rw(struct sample *sample,
			 const struct vfio_sample_dma *dma)
{
	void __user *data = u64_to_user_ptr(dma->data);
	bool write = dma->flags & VFIO_SAMPLE_WRITE;
	void *buf;
	long ret;

	if (dma->count < 0 || dma->count > MAX_RW)
		return -EINVAL;
	buf = kvzalloc(max(dma->count, 1), GFP_KERNEL);
	if (!buf)
		return -ENOMEM;
	ret = write && copy_from_user(buf, data, dma->count) ? -EFAULT : 0;
	if (!ret && dma->flags & VFIO_SAMPLE_KTHREAD)
		ret = sample_rw_kthread(sample, dma, buf);
	else if (!ret)
		ret = sample_rw_here(sample, dma, buf);
	if (!ret && !write && copy_to_user(data, buf, dma->count))
		ret = -EFAULT;
	kvfree(buf);
	return ret;
}

static long sample_do_dma(struct sample *sample, unsigned int cmd,
			  void __user *arg)
{
	struct vfio_sample_dma dma;

	if (copy_from_user(&dma, arg, sizeof(dma)))
		return -EFAULT;
	if (cmd == VFIO_SAMPLE_RW)
		return sample_do_rw(sample, &dma);

	guard(mutex)(&sample->lock);
	switch (cmd) {
	case VFIO_SAMPLE_PIN:
		return sample_do_pin(sample, &dma);
	case VFIO_SAMPLE_UNPIN:
		return sample_do_unpin(sample, &dma);
	default:
		return sample_do_touch(sample, &dma);
	}
}

static long sample_get_stats(struct sample *sample, void __user *arg)
{
	struct vfio_sample_stats stats;
	struct sample_pin *pin;

	scoped_guard(mutex, &sample->lock) {
		stats = sample->stats;
		list_for_each_entry(pin, &sample->pins, entry)
			stats.nr_pages += pin->nr;
	}
	return copy_to_user(arg, &stats, sizeof(stats)) ? -EFAULT : 0;
}

static long sample_get_info(void __user *arg)
{
	const size_t minsz = offsetofend(struct vfio_device_info, num_irqs);
	struct vfio_device_info info;

	if (copy_from_user(&info, arg, minsz))
		return -EFAULT;
	if (info.argsz < minsz)
		return -EINVAL;
	info.flags = 0;
	info.num_regions = 1;
	info.num_irqs = 1;
	return copy_to_user(arg, &info, minsz) ? -EFAULT : 0;
}

static void sample_set_trigger(struct sample *sample,
			       struct eventfd_ctx *trigger)
{
	scoped_guard(mutex, &sample->lock)
		swap(sample->trigger, trigger);
	if (trigger)
		eventfd_ctx_put(trigger);
}

static long sample_set_irqs(struct sample *sample, void __user *arg)
{
	const size_t minsz = offsetofend(struct vfio_irq_set, count);
	struct eventfd_ctx *trigger = NULL;
	struct vfio_irq_set hdr;
	size_t size;
	int ret;
	s32 fd;

	if (copy_from_user(&hdr, arg, minsz))
		return -EFAULT;
	ret = vfio_set_irqs_validate_and_prepare(&hdr, 1, 1, &size);
	if (ret)
		return ret;
	if (size && size != sizeof(fd))
		return -EINVAL;
	if (size) {
		if (get_user(fd, (s32 __user *)(arg + minsz)))
			return -EFAULT;
		trigger = eventfd_ctx_fdget(fd);
		if (IS_ERR(trigger))
			return PTR_ERR(trigger);
	}
	sample_set_trigger(sample, trigger);
	return 0;
}

static long sample_set_stubborn(struct sample *sample, bool stubborn)
{
	guard(mutex)(&sample->lock);
	sample->stubborn = stubborn;
	return 0;
}

static long sample_raise_irq(struct sample *sample)
{
	guard(mutex)(&sample->lock);
	if (!sample->trigger)
		return -ENXIO;
	eventfd_signal(sample->trigger);
	return 0;
}

static long sample_ioctl(struct vfio_device *vdev, unsigned int cmd,
			 unsigned long arg)
{
	struct sample *sample = sample_of(vdev);
	void __user *uarg = (void __user *)arg;

	switch (cmd) {
	case VFIO_DEVICE_GET_INFO:
		return sample_get_info(uarg);
	case VFIO_DEVICE_SET_IRQS:
		return sample_set_irqs(sample, uarg);
	case VFIO_SAMPLE_PIN:
	case VFIO_SAMPLE_UNPIN:
	case VFIO_SAMPLE_TOUCH:
	case VFIO_SAMPLE_RW:
		return sample_do_dma(sample, cmd, uarg);
	case VFIO_SAMPLE_STATS:
		return sample_get_stats(sample, uarg);
	case VFIO_SAMPLE_STUBBORN:
		return sample_set_stubborn(sample, arg);
	case VFIO_SAMPLE_RAISE:
		return sample_raise_irq(sample);
	default:
		return -ENOTTY;
	}
}

#ifndef VFIO_SAMPLE_STOCK
static int sample_region_info(struct vfio_device *vdev,
			      struct vfio_region_info *info,
			      struct vfio_info_cap *caps)
{
	if (info->index)
		return -EINVAL;
	info->flags = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
	info->offset = 0;
	info->size = VFIO_SAMPLE_REGION_SIZE;
	return 0;
}
#endif

static ssize_t sample_read(struct vfio_device *vdev, char __user *buf,
			   size_t count, loff_t *ppos)
{
	return simple_read_from_buffer(buf, count, ppos,
				       sample_of(vdev)->region,
				       VFIO_SAMPLE_REGION_SIZE);
}

static ssize_t sample_write(struct vfio_device *vdev, const char __user *buf,
			    size_t count, loff_t *ppos)
{
	return simple_write_to_buffer(sample_of(vdev)->region,
				      VFIO_SAMPLE_REGION_SIZE, ppos, buf,
				      count);
}

static int sample_open(struct vfio_device *vdev)
{
	struct sample *sample = sample_of(vdev);

	sample->stats = (struct vfio_sample_stats){};
	sample->stubborn = false;
	return 0;
}

static void sample_close(struct vfio_device *vdev)
{
	struct sample *sample = sample_of(vdev);

	sample_set_trigger(sample, NULL);
	guard(mutex)(&sample->lock);
	sample_unpin_range(sample, 0, U64_MAX);
}

static int sample_init(struct vfio_device *vdev)
{
	struct sample *sample = sample_of(vdev);

	mutex_init(&sample->lock);
	INIT_LIST_HEAD(&sample->pins);
	return 0;
}

static void sample_release(struct vfio_device *vdev)
{
	mutex_destroy(&sample_of(vdev)->lock);
}

/* Without dma_unmap() no page can be pinned */
#define PLAIN_OPS                                                              \
	.name = "vfio_sample", .init = sample_init, .release = sample_release, \
	.bind_iommufd = vfio_iommufd_emulated_bind,                            \
	.unbind_iommufd = vfio_iommufd_emulated_unbind,                        \
	.attach_ioas = vfio_iommufd_emulated_attach_ioas,                      \
	.detach_ioas = vfio_iommufd_emulated_detach_ioas,                      \
	.open_device = sample_open, .close_device = sample_close,              \
	.read = sample_read, .write = sample_write, .ioctl = sample_ioctl

static const struct vfio_device_ops sample_ops = {
	PLAIN_OPS,
	.dma_unmap = sample_dma_unmap,
#ifndef VFIO_SAMPLE_STOCK
	.get_region_info_caps = sample_region_info,
#endif
};

static const struct vfio_device_ops sample_plain_ops = {
	PLAIN_OPS,
};

static int sample_probe(struct platform_device *pdev)
{
	bool plain = pdev->id == VFIO_SAMPLE_PLAIN;
	struct sample *sample;
	int ret;

	sample = vfio_alloc_device(sample, vdev, &pdev->dev,
				   plain ? &sample_plain_ops : &sample_ops);
	if (IS_ERR(sample))
		return PTR_ERR(sample);
	ret = vfio_register_emulated_iommu_dev(&sample->vdev);
	if (ret) {
		vfio_put_device(&sample->vdev);
		return ret;
	}
	platform_set_drvdata(pdev, sample);
	return 0;
}

static void sample_remove(struct platform_device *pdev)
{
	struct sample *sample = platform_get_drvdata(pdev);

	vfio_unregister_group_dev(&sample->vdev);
	vfio_put_device(&sample->vdev);
}

static struct platform_driver sample_driver = {
	.probe = sample_probe,
	.remove = sample_remove,
	.driver = { .name = "vfio_sample" },
};

static void sample_remove_devices(void)
{
	for (int i = 0; i < NR_DEVICES; i++)
		platform_device_unregister(sample_devices[i]);
}

static int __init sample_module_init(void)
{
	int ret;

	ret = platform_driver_register(&sample_driver);
	if (ret)
		return ret;
	for (int i = 0; i < NR_DEVICES; i++) {
		sample_devices[i] = platform_device_register_simple(
			"vfio_sample", i, NULL, 0);
		if (IS_ERR(sample_devices[i])) {
			ret = PTR_ERR(sample_devices[i]);
			sample_devices[i] = NULL;
			sample_remove_devices();
			platform_driver_unregister(&sample_driver);
			return ret;
		}
	}
	return 0;
}
module_init(sample_module_init);

static void __exit sample_module_exit(void)
{
	sample_remove_devices();
	platform_driver_unregister(&sample_driver);
}
module_exit(sample_module_exit);

MODULE_IMPORT_NS("VFIO_NG");
MODULE_DESCRIPTION("Emulated VFIO devices for tests");
MODULE_LICENSE("GPL");
