// SPDX-License-Identifier: GPL-2.0-only
/*
 * The file of an open device: its file operations, and the first open and last
 * close of the device. The two ways to open a device are above this file.
 */
#include <linux/iommu.h>
#include <linux/kobject.h>
#include <linux/lockdep.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <trace/events/vfio.h>

#include "device.h"
#include "feature.h"
#include "file.h"
#include "region_info.h"

/**
 * vfio_df_init() - initialize a file without access to its device
 * @df: the file, zeroed
 * @device: the device; the file takes over the caller's registration reference
 * @ops: ops of the way in which the file is opened
 *
 * Context: Any.
 */
void vfio_df_init(struct vfio_df *df, struct vfio_device *device,
		  const struct vfio_df_ops *ops)
{
	df->device = device;
	df->ops = ops;
	vfio_kvm_link_init(&df->kvm);
}

static int vfio_df_first_open(struct vfio_df *df)
{
	struct vfio_device *device = df->device;
	struct module *owner = device->dev->driver->owner;
	int ret;

	if (!try_module_get(owner))
		return -ENODEV;

	ret = df->ops->prepare(df);
	if (ret)
		goto err_module;
	device->precopy_info_v2 = 0;

	ret = device->ops->open_device ? device->ops->open_device(device) : 0;
	if (ret)
		goto err_finish;
	return 0;

err_finish:
	df->ops->finish(df);
err_module:
	module_put(owner);
	return ret;
}

/**
 * vfio_df_open() - open the device for a file
 * @df: the file
 *
 * Context: May sleep. The caller holds dev_set->lock.
 * Return: 0, -ENODEV, or an errno of ops->prepare() or open_device().
 */
int vfio_df_open(struct vfio_df *df)
{
	struct vfio_device *device = df->device;
	int ret;

	lockdep_assert_held(&device->dev_set->lock);

	/* open_device() and close_device() see this open in open_count */
	ret = device->open_count++ ? 0 : vfio_df_first_open(df);
	if (ret)
		device->open_count--;
	else
		trace_vfio_device_open(device->dev, df->ops->interface,
				       device->open_count);
	return ret;
}

/**
 * vfio_df_close() - undo vfio_df_open()
 * @df: the file
 *
 * Context: May sleep. The caller holds dev_set->lock.
 */
void vfio_df_close(struct vfio_df *df)
{
	struct vfio_device *device = df->device;

	lockdep_assert_held(&device->dev_set->lock);

	if (device->open_count == 1) {
		if (device->ops->close_device)
			device->ops->close_device(device);
		df->ops->finish(df);
		module_put(device->dev->driver->owner);
		/* the next user is none of its business */
		iommufd_refusal_clear(&device->refusals);
	}
	device->open_count--;
	trace_vfio_device_close(device->dev, df->ops->interface,
				device->open_count);
}

/**
 * vfio_df_grant() - grant a file access to its device
 * @df: the file, for which the device is open
 *
 * Context: Any.
 */
void vfio_df_grant(struct vfio_df *df)
{
	if (df->device->noiommu)
		dev_warn(df->device->dev,
			 "opened without an IOMMU by %s (%d)\n", current->comm,
			 task_pid_nr(current));
	/* Paired with vfio_df_granted() */
	smp_store_release(&df->granted, true);
}

static bool vfio_df_granted(struct vfio_df *df)
{
	/* Paired with vfio_df_grant() */
	return smp_load_acquire(&df->granted);
}

/**
 * vfio_df_adopt() - tie a struct file to its device
 * @df: the file of the device
 * @file: the struct file, being opened
 *
 * Context: Process context.
 */
void vfio_df_adopt(struct vfio_df *df, struct file *file)
{
	file->private_data = df;
	file->f_mapping = df->device->inode->i_mapping;
}

static int vfio_df_fop_release(struct inode *inode, struct file *file)
{
	struct vfio_df *df = file->private_data;
	struct vfio_device *device = df->device;

	df->ops->release(df);
	vfio_device_put_registration(device);
	return 0;
}

static long vfio_df_ioctl(struct vfio_df *df, unsigned int cmd,
			  unsigned long arg)
{
	struct vfio_device *device = df->device;
	void __user *uarg = (void __user *)arg;
	long ret;

	if (df->ops->ioctl) {
		ret = df->ops->ioctl(df, cmd, uarg);
		if (ret != -ENOIOCTLCMD)
			return ret;
	}

	switch (cmd) {
	case VFIO_DEVICE_FEATURE:
		return vfio_device_feature(device, uarg);
	case VFIO_DEVICE_GET_REGION_INFO:
		return vfio_device_region_info(device, uarg);
	default:
		if (!device->ops->ioctl)
			return -EINVAL;
		return device->ops->ioctl(device, cmd, arg);
	}
}

static noinline __cold void vfio_df_refused(struct vfio_df *df, u32 op,
					    long ret)
{
	struct iommufd_refusal refusal;

	if (iommufd_refusal_finish(&df->device->refusals,
				   op | IOMMUFD_REFUSAL_DEVICE, ret, &refusal))
		trace_vfio_refused(df->device->dev, &refusal);
}

static long vfio_df_dispatch(struct vfio_df *df, unsigned int cmd,
			     unsigned long arg)
{
	long ret;

	if (cmd == VFIO_DEVICE_BIND_IOMMUFD) {
		if (!df->ops->bind)
			return -ENOTTY;
		return df->ops->bind(df, (void __user *)arg);
	}

	if (!vfio_df_granted(df)) {
		vfio_refuse(df->device, REFUSAL_NOT_BOUND);
		return -EINVAL;
	}

	ret = vfio_device_pm_get(df->device);
	if (ret)
		return ret;
	ret = vfio_df_ioctl(df, cmd, arg);
	vfio_device_pm_put(df->device);
	return ret;
}

static long vfio_df_fop_ioctl(struct file *file, unsigned int cmd,
			      unsigned long arg)
{
	struct vfio_df *df = file->private_data;
	long ret = vfio_df_dispatch(df, cmd, arg);

	if (iommufd_refusal_pending(&df->device->refusals, ret))
		vfio_df_refused(df, cmd, ret);
	return ret;
}

static noinline __cold ssize_t vfio_df_refused_access(struct vfio_df *df,
						      u32 op, u64 offset,
						      size_t count, ssize_t ret)
{
	if (!vfio_df_granted(df))
		vfio_refuse(df->device, REFUSAL_NOT_BOUND);
	iommufd_refusal_ask(&df->device->refusals, offset, count);
	vfio_df_refused(df, op, ret);
	return ret;
}

static ssize_t vfio_df_fop_read(struct file *file, char __user *buf,
				size_t count, loff_t *ppos)
{
	struct vfio_df *df = file->private_data;
	struct vfio_device *device = df->device;

	ssize_t ret = -EINVAL;

	if (vfio_df_granted(df) && device->ops->read)
		ret = device->ops->read(device, buf, count, ppos);
	if (iommufd_refusal_pending(&device->refusals, ret))
		vfio_df_refused_access(df, IOMMUFD_REFUSAL_READ, *ppos, count,
				       ret);
	return ret;
}

static ssize_t vfio_df_fop_write(struct file *file, const char __user *buf,
				 size_t count, loff_t *ppos)
{
	struct vfio_df *df = file->private_data;
	struct vfio_device *device = df->device;

	ssize_t ret = -EINVAL;

	if (vfio_df_granted(df) && device->ops->write)
		ret = device->ops->write(device, buf, count, ppos);
	if (iommufd_refusal_pending(&device->refusals, ret))
		vfio_df_refused_access(df, IOMMUFD_REFUSAL_WRITE, *ppos, count,
				       ret);
	return ret;
}

static int vfio_df_fop_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct vfio_df *df = file->private_data;
	struct vfio_device *device = df->device;

	int ret = -EINVAL;

	if (vfio_df_granted(df) && device->ops->mmap)
		ret = device->ops->mmap(device, vma);
	if (iommufd_refusal_pending(&device->refusals, ret))
		vfio_df_refused_access(df, IOMMUFD_REFUSAL_MMAP,
				       (u64)vma->vm_pgoff << PAGE_SHIFT,
				       vma->vm_end - vma->vm_start, ret);
	return ret;
}

static void vfio_df_show_group(struct seq_file *m, struct vfio_device *device)
{
	struct iommu_group *group = iommu_group_get(device->dev);

	if (group)
		seq_printf(m, "vfio-group:\t%d\n", iommu_group_id(group));
	else
		seq_puts(m, "vfio-group:\tnone\n");
	iommu_group_put(group);
}

static void vfio_df_fop_show_fdinfo(struct seq_file *m, struct file *file)
{
	struct vfio_df *df = file->private_data;
	struct vfio_device *device = df->device;
	char *path;

	seq_printf(m, "vfio-device:\t%s\n", dev_name(device->dev));
	vfio_df_show_group(m, device);
	seq_printf(m, "vfio-interface:\t%s\n", df->ops->interface);
	if (vfio_df_granted(df))
		df->ops->show(df, m);
	iommufd_refusal_show(&device->refusals, m, "vfio");

	path = kobject_get_path(&device->dev->kobj, GFP_KERNEL);
	if (!path)
		return;
	seq_printf(m, "vfio-device-syspath: /sys%s\n", path);
	kfree(path);
}

/** vfio_df_fops - file operations of all files of devices */
const struct file_operations vfio_df_fops = {
	.owner = THIS_MODULE,
	.release = vfio_df_fop_release,
	.read = vfio_df_fop_read,
	.write = vfio_df_fop_write,
	.unlocked_ioctl = vfio_df_fop_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.mmap = vfio_df_fop_mmap,
	.show_fdinfo = vfio_df_fop_show_fdinfo,
};

/**
 * vfio_df_from_file() - get the vfio_df of a struct file
 * @file: any file
 *
 * Context: Any.
 * Return: The vfio_df, or NULL if @file is not the file of a device.
 */
struct vfio_df *vfio_df_from_file(struct file *file)
{
	return file->f_op == &vfio_df_fops ? file->private_data : NULL;
}
