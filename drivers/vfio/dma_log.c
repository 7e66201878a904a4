// SPDX-License-Identifier: GPL-2.0-only
/* DMA logging: features of devices that record which memory they write to. */
#include <linux/cleanup.h>
#include <linux/export.h>
#include <linux/interval_tree.h>
#include <linux/iova_bitmap.h>
#include <linux/log2.h>
#include <linux/overflow.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "dma_log.h"

/* Limit of ranges: as many as fit into one page */
#define DMA_LOG_MAX_RANGES \
	(PAGE_SIZE / sizeof(struct vfio_device_feature_dma_logging_range))

/**
 * vfio_dma_log_valid() - check that a driver sets all logging ops or none
 * @device: the device, before registration
 *
 * Context: Any.
 * Return: False if an op is missing.
 */
bool vfio_dma_log_valid(const struct vfio_device *device)
{
	const struct vfio_log_ops *ops = device->log_ops;

	return !ops ||
	       (ops->log_start && ops->log_stop && ops->log_read_and_clear);
}

/* Merge the two neighbours with the smallest gap between them */
static void dma_log_merge_closest(struct rb_root_cached *root)
{
	struct interval_tree_node *prev, *node, *left = NULL, *right = NULL;

	prev = interval_tree_iter_first(root, 0, ULONG_MAX);
	while ((node = interval_tree_iter_next(prev, 0, ULONG_MAX))) {
		if (!left ||
		    node->start - prev->last < right->start - left->last) {
			left = prev;
			right = node;
		}
		prev = node;
	}

	interval_tree_remove(right, root);
	/* The tree is ordered by both ends: insert the merged node anew */
	interval_tree_remove(left, root);
	left->last = right->last;
	interval_tree_insert(left, root);
}

/**
 * vfio_combine_iova_ranges() - merge ranges until few enough are left
 * @root: tree of disjoint ranges, as passed to log_start()
 * @cur_nodes: number of ranges in the tree
 * @req_nodes: maximum number of ranges to leave, at least 1
 *
 * For devices that can log a limited number of ranges. Each step closes the
 * smallest gap. Spare nodes are removed from the tree, but not freed.
 *
 * Context: Any. The caller owns the tree.
 */
void vfio_combine_iova_ranges(struct rb_root_cached *root, u32 cur_nodes,
			      u32 req_nodes)
{
	if (WARN_ON(!req_nodes))
		return;
	for (; cur_nodes > req_nodes; cur_nodes--)
		dma_log_merge_closest(root);
}
EXPORT_SYMBOL_NS_GPL(vfio_combine_iova_ranges, "VFIO_NG");

static int
dma_log_check_range(const struct vfio_device_feature_dma_logging_range *range,
		    u64 page_size)
{
	u64 end;

	if (!IS_ALIGNED(range->iova, page_size) ||
	    !IS_ALIGNED(range->length, page_size))
		return -EINVAL;
	if (check_add_overflow(range->iova, range->length, &end) ||
	    end > ULONG_MAX)
		return -EOVERFLOW;
	return range->length ? 0 : -EINVAL;
}

static int dma_log_read_ranges(
	const struct vfio_device_feature_dma_logging_control *control,
	struct interval_tree_node *nodes, struct rb_root_cached *root)
{
	struct vfio_device_feature_dma_logging_range __user *ranges =
		u64_to_user_ptr(control->ranges);
	struct vfio_device_feature_dma_logging_range range;
	u32 i;
	int ret;

	for (i = 0; i < control->num_ranges; i++) {
		if (copy_from_user(&range, &ranges[i], sizeof(range)))
			return -EFAULT;
		ret = dma_log_check_range(&range, control->page_size);
		if (ret)
			return ret;

		nodes[i].start = range.iova;
		nodes[i].last = range.iova + (range.length - 1);
		if (interval_tree_iter_first(root, nodes[i].start,
					     nodes[i].last))
			return -EINVAL;
		interval_tree_insert(&nodes[i], root);
	}
	return 0;
}

static int
dma_log_start(struct vfio_device *device,
	      struct vfio_device_feature_dma_logging_control *control)
{
	struct rb_root_cached root = RB_ROOT_CACHED;
	int ret;

	struct interval_tree_node *nodes __free(kfree) =
		kmalloc_objs(*nodes, control->num_ranges, GFP_KERNEL_ACCOUNT);
	if (!nodes)
		return -ENOMEM;
	ret = dma_log_read_ranges(control, nodes, &root);
	if (ret)
		return ret;
	return device->log_ops->log_start(device, &root, control->num_ranges,
					  &control->page_size);
}

/**
 * vfio_feature_dma_log_start() - handle VFIO_DEVICE_FEATURE_DMA_LOGGING_START
 * @device: an open device
 * @flags: flags of the request
 * @arg: struct vfio_device_feature_dma_logging_control; its page size is set to
 *	the one in use
 * @argsz: size of @arg in bytes
 *
 * Context: May sleep.
 * Return: 0; -ENOTTY if the device does not support logging; -EINVAL if there
 * is no range, if the page size is not a power of two, or if a range is empty,
 * unaligned or overlaps another; -E2BIG for too many ranges; -EOVERFLOW if a
 * range ends outside of the address space; -EFAULT; -ENOMEM; or an errno of the
 * driver.
 */
int vfio_feature_dma_log_start(struct vfio_device *device, u32 flags,
			       void __user *arg, size_t argsz)
{
	struct vfio_device_feature_dma_logging_control control;
	int ret;

	if (!device->log_ops)
		return -ENOTTY;
	ret = vfio_check_feature(flags, argsz, VFIO_DEVICE_FEATURE_SET,
				 sizeof(control));
	if (ret != 1)
		return ret;

	if (copy_from_user(&control, arg, sizeof(control)))
		return -EFAULT;
	if (!control.num_ranges)
		return -EINVAL;
	if (control.num_ranges > DMA_LOG_MAX_RANGES)
		return -E2BIG;
	if (!is_power_of_2(control.page_size))
		return -EINVAL;

	ret = dma_log_start(device, &control);
	if (ret)
		return ret;
	if (copy_to_user(arg, &control, sizeof(control))) {
		device->log_ops->log_stop(device);
		return -EFAULT;
	}
	return 0;
}

/**
 * vfio_feature_dma_log_stop() - handle VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP
 * @device: an open device
 * @flags: flags of the request
 * @argsz: size of the data in bytes, which is ignored
 *
 * Context: May sleep.
 * Return: 0, -ENOTTY if the device does not support logging, -EINVAL, or an
 * errno of the driver.
 */
int vfio_feature_dma_log_stop(struct vfio_device *device, u32 flags,
			      size_t argsz)
{
	int ret;

	if (!device->log_ops)
		return -ENOTTY;
	ret = vfio_check_feature(flags, argsz, VFIO_DEVICE_FEATURE_SET, 0);
	if (ret != 1)
		return ret;
	return device->log_ops->log_stop(device);
}

static int dma_log_report_range(struct iova_bitmap *bitmap, unsigned long iova,
				size_t length, void *opaque)
{
	struct vfio_device *device = opaque;

	return device->log_ops->log_read_and_clear(device, iova, length,
						   bitmap);
}

/**
 * vfio_feature_dma_log_report() - handle VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT
 * @device: an open device
 * @flags: flags of the request
 * @arg: struct vfio_device_feature_dma_logging_report
 * @argsz: size of @arg in bytes
 *
 * Context: May sleep.
 * Return: 0; -ENOTTY if the device does not support logging; -EINVAL if the
 * page size is less than 4 KiB or not a power of two, or if the range is empty
 * or unaligned; -EOVERFLOW if the range ends outside of the address space;
 * -EFAULT; -ENOMEM; or an errno of the driver.
 */
int vfio_feature_dma_log_report(struct vfio_device *device, u32 flags,
				void __user *arg, size_t argsz)
{
	struct vfio_device_feature_dma_logging_report report;
	struct iova_bitmap *bitmap;
	u64 end;
	int ret;

	if (!device->log_ops)
		return -ENOTTY;
	ret = vfio_check_feature(flags, argsz, VFIO_DEVICE_FEATURE_GET,
				 sizeof(report));
	if (ret != 1)
		return ret;

	if (copy_from_user(&report, arg, sizeof(report)))
		return -EFAULT;
	if (report.page_size < SZ_4K || !is_power_of_2(report.page_size))
		return -EINVAL;
	if (check_add_overflow(report.iova, report.length, &end) ||
	    end > ULONG_MAX)
		return -EOVERFLOW;

	bitmap = iova_bitmap_alloc(report.iova, report.length, report.page_size,
				   u64_to_user_ptr(report.bitmap));
	if (IS_ERR(bitmap))
		return PTR_ERR(bitmap);
	ret = iova_bitmap_for_each(bitmap, device, dma_log_report_range);
	iova_bitmap_free(bitmap);
	return ret;
}
