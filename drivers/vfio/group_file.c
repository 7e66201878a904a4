// SPDX-License-Identifier: GPL-2.0-only
/*
 * The file of a group, /dev/vfio/N: user space adds the group to a container
 * and opens the group's devices.
 */
#include <linux/anon_inodes.h>
#include <linux/capability.h>
#include <linux/cleanup.h>
#include <linux/file.h>
#include <linux/iommufd.h>
#include <linux/lockdep.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <trace/events/vfio.h>

#include "device.h"
#include "emulated.h"
#include "file.h"
#include "group.h"
#include "group_file.h"

static int vfio_group_number(const struct vfio_group *group)
{
	return group->iommu_group ? iommu_group_id(group->iommu_group) : -1;
}

/* Keep the group's file open and the group in its container */
static int vfio_group_pin(struct vfio_group *group)
{
	int ret;

	ret = mutex_lock_killable(&group->lock);
	if (ret)
		return ret;
	if (group->state == VFIO_GROUP_CONTAINED) {
		get_file(group->file);
		group->nr_open++;
	} else {
		iommufd_refuse(&group->refusals, REFUSAL_GROUP_NOT_CONTAINED,
			       vfio_group_number(group));
		ret = -EINVAL;
	}
	mutex_unlock(&group->lock);
	return ret;
}

static void vfio_group_unpin(struct vfio_group *group)
{
	struct file *file = group->file;

	scoped_guard(mutex, &group->lock)
		group->nr_open--;
	fput(file);
}

static int vfio_group_df_prepare(struct vfio_df *df)
{
	struct vfio_group *group = df->device->group;
	int ret;

	ret = iommufd_container_check_open(group->cgrp);
	if (!ret && group->kind == IOMMUFD_GROUP_EMULATED)
		ret = vfio_emulated_enter_container(df->device, group->cgrp);
	if (ret)
		return ret;

	df->device->container_id = iommufd_container_id(group->cgrp);
	vfio_device_get_kvm(df->device, &group->kvm);
	return 0;
}

static void vfio_group_df_finish(struct vfio_df *df)
{
	vfio_device_put_kvm(df->device);
	df->device->container_id = 0;
	vfio_emulated_leave_container(df->device);
}

/*
 * The reason may have been noted for the device, or for the container. There is
 * no file of the device, so it is recorded for the group and the container.
 */
static void vfio_group_refused_open(struct vfio_device *device, int ret)
{
	struct vfio_group *group = device->group;
	struct iommufd_refusal_log *log =
		iommufd_container_refusals(group->cgrp);

	iommufd_refusal_move(&device->refusals, log);
	iommufd_refusal_forget(&device->refusals);
	iommufd_refusal_move(log, &group->refusals);
	iommufd_container_refused(group->cgrp, VFIO_GROUP_GET_DEVICE_FD, ret);
}

/*
 * The lock of the group is not held while a driver opens its device, because
 * other users of the lock must not wait for that.
 */
static int vfio_group_df_open(struct vfio_df *df)
{
	struct vfio_device *device = df->device;
	int ret;

	ret = vfio_group_pin(device->group);
	if (ret)
		return ret;

	scoped_guard(mutex, &device->dev_set->lock) {
		ret = vfio_df_open(df);
		if (!ret)
			vfio_df_grant(df);
	}
	if (ret) {
		vfio_group_refused_open(device, ret);
		vfio_group_unpin(device->group);
	}
	return ret;
}

static void vfio_group_df_release(struct vfio_df *df)
{
	struct vfio_device *device = df->device;

	scoped_guard(mutex, &device->dev_set->lock)
		vfio_df_close(df);
	vfio_group_unpin(device->group);
	kfree(df);
}

static void vfio_group_df_show(struct vfio_df *df, struct seq_file *m)
{
	seq_printf(m, "vfio-context:\t%llu\n",
		   iommufd_container_ctx_id(df->device->group->cgrp));
}

static const struct vfio_df_ops vfio_group_df_ops = {
	.interface = "group",
	.show = vfio_group_df_show,
	.prepare = vfio_group_df_prepare,
	.finish = vfio_group_df_finish,
	.release = vfio_group_df_release,
};

/* On success, the file takes over the registration reference on @device */
static struct file *vfio_group_open_device(struct vfio_device *device)
{
	struct vfio_df *df;
	struct file *file;
	int ret;

	df = kzalloc_obj(*df, GFP_KERNEL_ACCOUNT);
	if (!df)
		return ERR_PTR(-ENOMEM);
	vfio_df_init(df, device, &vfio_group_df_ops);

	ret = vfio_group_df_open(df);
	if (ret) {
		kfree(df);
		return ERR_PTR(ret);
	}

	file = anon_inode_getfile("[vfio-device]", &vfio_df_fops, df, O_RDWR);
	if (IS_ERR(file)) {
		vfio_group_df_release(df);
		return file;
	}
	vfio_df_adopt(df, file);
	/* Each region has its own range of file offsets */
	file->f_mode |= FMODE_PREAD | FMODE_PWRITE;
	return file;
}

static long vfio_group_get_device_fd(struct vfio_group *group,
				     char __user *name)
{
	struct vfio_device *device;
	struct file *file;

	char *buf __free(kfree) = strndup_user(name, PAGE_SIZE);
	if (IS_ERR(buf))
		return PTR_ERR(buf);

	device = vfio_group_find_device(group, buf);
	if (IS_ERR(device)) {
		if (device == ERR_PTR(-ENODEV))
			iommufd_refuse(&group->refusals, REFUSAL_DEVICE_NAME,
				       vfio_group_number(group));
		return PTR_ERR(device);
	}

	CLASS(get_unused_fd, fd)(O_CLOEXEC);
	file = fd < 0 ? ERR_PTR(fd) : vfio_group_open_device(device);
	if (IS_ERR(file)) {
		vfio_device_put_registration(device);
		return PTR_ERR(file);
	}

	fd_install(fd, file);
	return take_fd(fd);
}

static int vfio_group_get_flags(struct vfio_group *group, u32 *flags)
{
	lockdep_assert_held(&group->lock);

	*flags = 0;
	switch (group->state) {
	case VFIO_GROUP_REMOVED:
		return -ENODEV;
	case VFIO_GROUP_CONTAINED:
		*flags = VFIO_GROUP_FLAGS_CONTAINER_SET |
			 VFIO_GROUP_FLAGS_VIABLE;
		break;
	case VFIO_GROUP_IDLE:
		if (!iommu_group_dma_owner_claimed(group->iommu_group))
			*flags = VFIO_GROUP_FLAGS_VIABLE;
		break;
	}
	return 0;
}

static long vfio_group_get_status(struct vfio_group *group,
				  struct vfio_group_status __user *arg)
{
	const size_t minsz = offsetofend(struct vfio_group_status, flags);
	struct vfio_group_status status;
	int ret;

	if (copy_from_user(&status, arg, minsz))
		return -EFAULT;
	if (status.argsz < minsz)
		return -EINVAL;

	ret = mutex_lock_killable(&group->lock);
	if (ret)
		return ret;
	ret = vfio_group_get_flags(group, &status.flags);
	mutex_unlock(&group->lock);
	if (ret)
		return ret;
	return copy_to_user(arg, &status, minsz) ? -EFAULT : 0;
}

/* The group keeps the container alive after the container's file is closed */
static int vfio_group_enter_container(struct vfio_group *group,
				      struct file *container)
{
	struct iommufd_container_group *cgrp;
	struct iommufd_ctx *ictx;
	int ret;

	lockdep_assert_held(&group->lock);

	if (group->state == VFIO_GROUP_CONTAINED) {
		iommufd_refuse(&group->refusals, REFUSAL_GROUP_CONTAINED,
			       vfio_group_number(group));
		return -EINVAL;
	}
	if (group->state == VFIO_GROUP_REMOVED)
		return -ENODEV;

	ictx = iommufd_ctx_from_file(container);
	if (IS_ERR(ictx))
		return -EBADFD;

	cgrp = iommufd_container_add_group(ictx, group->iommu_group,
					   group->kind);
	ret = PTR_ERR_OR_ZERO(cgrp);
	if (ret) {
		iommufd_refusal_move(iommufd_ctx_refusals(ictx),
				     &group->refusals);
		iommufd_ctx_refused(ictx, VFIO_GROUP_SET_CONTAINER, ret);
	}
	iommufd_ctx_put(ictx);
	if (ret)
		return ret;

	group->cgrp = cgrp;
	group->state = VFIO_GROUP_CONTAINED;
	return 0;
}

static long vfio_group_set_container(struct vfio_group *group, int __user *arg)
{
	int fd, ret;

	if (get_user(fd, arg))
		return -EFAULT;

	CLASS(fd, container)(fd);
	if (fd_empty(container))
		return -EBADF;

	ret = mutex_lock_killable(&group->lock);
	if (ret)
		return ret;
	ret = vfio_group_enter_container(group, fd_file(container));
	mutex_unlock(&group->lock);
	return ret;
}

static int vfio_group_check_leave(struct vfio_group *group)
{
	if (group->state != VFIO_GROUP_CONTAINED) {
		iommufd_refuse(&group->refusals, REFUSAL_GROUP_NOT_CONTAINED,
			       vfio_group_number(group));
		return -EINVAL;
	}
	if (!group->nr_open)
		return 0;
	iommufd_refuse(&group->refusals, REFUSAL_GROUP_DEVICES_OPEN,
		       group->nr_open, vfio_group_number(group));
	return -EBUSY;
}

static long vfio_group_unset_container(struct vfio_group *group)
{
	int ret;

	ret = mutex_lock_killable(&group->lock);
	if (ret)
		return ret;
	ret = vfio_group_check_leave(group);
	if (!ret)
		vfio_group_leave_container(group);
	mutex_unlock(&group->lock);
	return ret;
}

static long vfio_group_ioctl(struct vfio_group *group, unsigned int cmd,
			     unsigned long arg)
{
	void __user *uarg = (void __user *)arg;

	switch (cmd) {
	case VFIO_GROUP_GET_STATUS:
		return vfio_group_get_status(group, uarg);
	case VFIO_GROUP_SET_CONTAINER:
		return vfio_group_set_container(group, uarg);
	case VFIO_GROUP_UNSET_CONTAINER:
		return vfio_group_unset_container(group);
	case VFIO_GROUP_GET_DEVICE_FD:
		return vfio_group_get_device_fd(group, uarg);
	default:
		return -ENOTTY;
	}
}

static noinline __cold void vfio_group_refused(struct vfio_group *group, u32 op,
					       long ret)
{
	struct iommufd_refusal refusal;

	if (iommufd_refusal_finish(&group->refusals, op, ret, &refusal))
		trace_vfio_refused(&group->dev, &refusal);
}

static long vfio_group_fop_ioctl(struct file *file, unsigned int cmd,
				 unsigned long arg)
{
	struct vfio_group *group = file->private_data;
	long ret = vfio_group_ioctl(group, cmd, arg);

	if (iommufd_refusal_pending(&group->refusals, ret))
		vfio_group_refused(group, cmd, ret);
	return ret;
}

static int vfio_group_open_locked(struct vfio_group *group, struct file *file)
{
	lockdep_assert_held(&group->lock);

	if (group->state == VFIO_GROUP_REMOVED)
		return -ENODEV;
	if (group->kind == IOMMUFD_GROUP_NOIOMMU && !capable(CAP_SYS_RAWIO)) {
		iommufd_refuse(&group->refusals, REFUSAL_CAP_RAWIO);
		return -EPERM;
	}
	if (group->file) {
		iommufd_refuse(&group->refusals, REFUSAL_GROUP_OPEN,
			       vfio_group_number(group));
		return -EBUSY;
	}
	if (group->nr_cdev) {
		iommufd_refuse(&group->refusals, REFUSAL_GROUP_CDEV,
			       group->nr_cdev, vfio_group_number(group));
		return -EBUSY;
	}

	group->file = file;
	file->private_data = group;
	return 0;
}

static int vfio_group_fop_open(struct inode *inode, struct file *file)
{
	struct vfio_group *group =
		container_of(inode->i_cdev, struct vfio_group, cdev);
	int ret;

	ret = mutex_lock_killable(&group->lock);
	if (ret)
		return ret;
	ret = vfio_group_open_locked(group, file);
	if (ret)
		vfio_group_refused(group, IOMMUFD_REFUSAL_OPEN, ret);
	mutex_unlock(&group->lock);
	return ret;
}

static int vfio_group_fop_release(struct inode *inode, struct file *file)
{
	struct vfio_group *group = file->private_data;

	guard(mutex)(&group->lock);
	if (group->state == VFIO_GROUP_CONTAINED)
		vfio_group_leave_container(group);
	group->file = NULL;
	iommufd_refusal_clear(&group->refusals);
	return 0;
}

static void vfio_group_fop_show_fdinfo(struct seq_file *m, struct file *file)
{
	struct vfio_group *group = file->private_data;

	iommufd_refusal_show(&group->refusals, m, "vfio");
}

static const struct file_operations vfio_group_fops = {
	.owner = THIS_MODULE,
	.open = vfio_group_fop_open,
	.release = vfio_group_fop_release,
	.show_fdinfo = vfio_group_fop_show_fdinfo,
	.unlocked_ioctl = vfio_group_fop_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

/**
 * vfio_group_from_file() - get the group of a file
 * @file: any file
 *
 * Context: Any.
 * Return: The group, or NULL if @file is not the file of a group.
 */
struct vfio_group *vfio_group_from_file(struct file *file)
{
	return file->f_op == &vfio_group_fops ? file->private_data : NULL;
}

/**
 * vfio_group_file_init() - set up groups and their files
 *
 * Context: May sleep. At module load.
 * Return: 0, or a negative errno.
 */
int vfio_group_file_init(void)
{
	return vfio_group_init(&vfio_group_fops);
}

/**
 * vfio_group_file_exit() - undo vfio_group_file_init()
 *
 * Context: May sleep. At module unload.
 */
void vfio_group_file_exit(void)
{
	vfio_group_exit();
}
