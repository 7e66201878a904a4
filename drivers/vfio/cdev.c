// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device node, /dev/vfio/devices/vfioN: user space opens it, binds the
 * device to an iommufd and attaches it to an IOAS or HWPT.
 */
#include <linux/capability.h>
#include <linux/cleanup.h>
#include <linux/iommufd.h>
#include <linux/kdev_t.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "cdev.h"
#include "device.h"
#include "file.h"
#include "group.h"

/**
 * struct vfio_cdev_file - a file opened through the device node
 */
struct vfio_cdev_file {
	/** @df: the part that is common to both ways to open a device */
	struct vfio_df df;
	/** @ictx: the iommufd, from bind to release; a reference is held */
	struct iommufd_ctx *ictx;
	/** @devid: ID of the device in @ictx */
	u32 devid;
};

static dev_t vfio_cdev_devt;

static struct vfio_cdev_file *vfio_cdev_from_df(struct vfio_df *df)
{
	return container_of(df, struct vfio_cdev_file, df);
}

static int vfio_cdev_df_prepare(struct vfio_df *df)
{
	struct vfio_cdev_file *cf = vfio_cdev_from_df(df);
	struct vfio_device *device = df->device;
	int ret;

	ret = device->ops->bind_iommufd(device, cf->ictx, &cf->devid);
	if (ret)
		return ret;
	vfio_device_get_kvm(device, &df->kvm);
	return 0;
}

static void vfio_cdev_df_finish(struct vfio_df *df)
{
	struct vfio_device *device = df->device;

	vfio_device_put_kvm(device);
	device->ops->unbind_iommufd(device);
}

static int vfio_cdev_read_bind(struct vfio_device_bind_iommufd *bind,
			       struct vfio_device_bind_iommufd __user *arg)
{
	const size_t minsz =
		offsetofend(struct vfio_device_bind_iommufd, out_devid);
	u32 size;
	int ret;

	if (get_user(size, &arg->argsz))
		return -EFAULT;
	if (size < minsz)
		return -EINVAL;

	ret = copy_struct_from_user(bind, sizeof(*bind), arg, size);
	if (ret)
		return ret;
	if (bind->flags & ~VFIO_DEVICE_BIND_FLAG_TOKEN || bind->iommufd < 0)
		return -EINVAL;
	return 0;
}

/* Reads the token if there is one and the driver wants one */
static int vfio_cdev_read_token(const struct vfio_device *device,
				const struct vfio_device_bind_iommufd *bind,
				uuid_t *token)
{
	if (!device->ops->match_token_uuid ||
	    !(bind->flags & VFIO_DEVICE_BIND_FLAG_TOKEN))
		return 0;
	return copy_from_user(token, u64_to_user_ptr(bind->token_uuid_ptr),
			      sizeof(*token)) ?
		       -EFAULT :
		       0;
}

static int vfio_cdev_check_token(struct vfio_device *device,
				 const struct vfio_device_bind_iommufd *bind,
				 const uuid_t *token)
{
	bool has_token = bind->flags & VFIO_DEVICE_BIND_FLAG_TOKEN;

	if (!device->ops->match_token_uuid)
		return has_token ? -EINVAL : 0;
	return device->ops->match_token_uuid(device, has_token ? token : NULL);
}

/* What the context refuses is recorded there as well as for the device. */
static void vfio_cdev_refused(struct iommufd_ctx *ictx,
			      struct vfio_device *device, u32 op, long ret)
{
	struct iommufd_refusal_log *log = iommufd_ctx_refusals(ictx);

	if (!iommufd_refusal_pending(log, ret))
		return;
	iommufd_refusal_move(&device->refusals, log);
	iommufd_refusal_move(log, &device->refusals);
	iommufd_ctx_refused(ictx, op | IOMMUFD_REFUSAL_DEVICE, ret);
}

/* On success, the file is the only user of the device */
static int vfio_cdev_open_device(struct vfio_cdev_file *cf)
{
	struct vfio_device *device = cf->df.device;
	int ret;

	if (device->open_count) {
		vfio_refuse(device, REFUSAL_DEVICE_OPEN);
		return -EINVAL;
	}

	ret = vfio_df_open(&cf->df);
	if (!ret)
		device->cdev_opened = true;
	return ret;
}

static void vfio_cdev_close_device(struct vfio_cdev_file *cf)
{
	vfio_df_close(&cf->df);
	cf->df.device->cdev_opened = false;
	iommufd_ctx_put(cf->ictx);
	cf->ictx = NULL;
}

static int vfio_cdev_bind_locked(struct vfio_cdev_file *cf,
				 const struct vfio_device_bind_iommufd *bind)
{
	struct vfio_device *device = cf->df.device;
	struct iommufd_ctx *ictx;
	int ret;

	lockdep_assert_held(&device->dev_set->lock);

	ictx = iommufd_ctx_from_fd(bind->iommufd);
	if (IS_ERR(ictx)) {
		vfio_refuse(device, REFUSAL_NOT_IOMMUFD, bind->iommufd);
		return PTR_ERR(ictx);
	}

	cf->ictx = ictx;
	ret = vfio_cdev_open_device(cf);
	vfio_cdev_refused(ictx, device, VFIO_DEVICE_BIND_IOMMUFD, ret);
	if (ret) {
		cf->ictx = NULL;
		iommufd_ctx_put(ictx);
	}
	return ret;
}

static int vfio_cdev_bind(struct vfio_cdev_file *cf,
			  const struct vfio_device_bind_iommufd *bind,
			  struct vfio_device_bind_iommufd __user *arg)
{
	struct vfio_device *device = cf->df.device;
	uuid_t token;
	int ret, token_ret;

	/* A fault may take long, and other devices of the set need the lock */
	token_ret = vfio_cdev_read_token(device, bind, &token);
	scoped_guard(mutex, &device->dev_set->lock) {
		/* Another thread may be binding the file, too */
		if (cf->ictx) {
			vfio_refuse(device, REFUSAL_BOUND);
			return -EINVAL;
		}
		ret = token_ret ?: vfio_cdev_check_token(device, bind, &token);
		if (!ret)
			ret = vfio_cdev_bind_locked(cf, bind);
	}
	if (ret)
		return ret;

	ret = put_user(cf->devid, &arg->out_devid) ? -EFAULT : 0;
	guard(mutex)(&device->dev_set->lock);
	if (ret)
		vfio_cdev_close_device(cf);
	else
		vfio_df_grant(&cf->df);
	return ret;
}

static long vfio_cdev_df_bind(struct vfio_df *df,
			      struct vfio_device_bind_iommufd __user *arg)
{
	struct vfio_group *group = df->device->group;
	struct vfio_device_bind_iommufd bind;
	int ret;

	ret = vfio_cdev_read_bind(&bind, arg);
	if (ret)
		return ret;

	ret = vfio_group_block(group);
	if (ret == -EBUSY)
		vfio_refuse(df->device, REFUSAL_GROUP_OPEN,
			    iommu_group_id(group->iommu_group));
	if (ret)
		return ret;

	ret = vfio_cdev_bind(vfio_cdev_from_df(df), &bind, arg);
	if (ret)
		vfio_group_unblock(group);
	return ret;
}

/* Read the PASID, which is the last member of a request */
static int vfio_cdev_read_pasid(const struct vfio_device *device, u32 argsz,
				size_t size, u32 *pasid, const u32 __user *arg)
{
	if (!device->ops->pasid_attach_ioas)
		return -EOPNOTSUPP;
	if (argsz < size)
		return -EINVAL;
	return get_user(*pasid, arg) ? -EFAULT : 0;
}

static void vfio_cdev_detach_ioas(struct vfio_device *device, bool by_pasid,
				  u32 pasid)
{
	if (by_pasid)
		device->ops->pasid_detach_ioas(device, pasid);
	else
		device->ops->detach_ioas(device);
}

/* Writes the ID of the HWPT, or detaches the device again */
static int vfio_cdev_attach_ioas(struct vfio_device *device,
				 struct vfio_device_attach_iommufd_pt *attach,
				 u32 __user *pt_id)
{
	bool by_pasid = attach->flags & VFIO_DEVICE_ATTACH_PASID;
	int ret;

	lockdep_assert_held(&device->attach_lock);

	if (by_pasid)
		ret = device->ops->pasid_attach_ioas(device, attach->pasid,
						     &attach->pt_id);
	else
		ret = device->ops->attach_ioas(device, &attach->pt_id);
	if (ret || !put_user(attach->pt_id, pt_id))
		return ret;
	vfio_cdev_detach_ioas(device, by_pasid, attach->pasid);
	return -EFAULT;
}

static long
vfio_cdev_ioctl_attach(struct vfio_device *device,
		       struct vfio_device_attach_iommufd_pt __user *arg)
{
	const size_t minsz =
		offsetofend(struct vfio_device_attach_iommufd_pt, pt_id);
	struct vfio_device_attach_iommufd_pt attach;
	u32 pt_id;
	int ret;

	if (copy_from_user(&attach, arg, minsz))
		return -EFAULT;
	if (attach.argsz < minsz || attach.flags & ~VFIO_DEVICE_ATTACH_PASID)
		return -EINVAL;
	pt_id = attach.pt_id;
	if (attach.flags & VFIO_DEVICE_ATTACH_PASID) {
		ret = vfio_cdev_read_pasid(device, attach.argsz, sizeof(attach),
					   &attach.pasid, &arg->pasid);
		if (ret)
			return ret;
	}

	if (mutex_lock_killable(&device->attach_lock))
		return -EINTR;
	ret = vfio_cdev_attach_ioas(device, &attach, &arg->pt_id);
	mutex_unlock(&device->attach_lock);
	if (ret)
		iommufd_refusal_ask(&device->refusals, pt_id, 0);
	return ret;
}

static long
vfio_cdev_ioctl_detach(struct vfio_device *device,
		       struct vfio_device_detach_iommufd_pt __user *arg)
{
	const size_t minsz =
		offsetofend(struct vfio_device_detach_iommufd_pt, flags);
	struct vfio_device_detach_iommufd_pt req;
	bool by_pasid;
	int ret;

	if (copy_from_user(&req, arg, minsz))
		return -EFAULT;
	if (req.argsz < minsz || req.flags & ~VFIO_DEVICE_DETACH_PASID)
		return -EINVAL;
	by_pasid = req.flags & VFIO_DEVICE_DETACH_PASID;
	if (by_pasid) {
		ret = vfio_cdev_read_pasid(device, req.argsz, sizeof(req),
					   &req.pasid, &arg->pasid);
		if (ret)
			return ret;
	}

	if (mutex_lock_killable(&device->attach_lock))
		return -EINTR;
	vfio_cdev_detach_ioas(device, by_pasid, req.pasid);
	mutex_unlock(&device->attach_lock);
	return 0;
}

static long vfio_cdev_df_ioctl(struct vfio_df *df, unsigned int cmd,
			       void __user *arg)
{
	struct iommufd_ctx *ictx = vfio_cdev_from_df(df)->ictx;
	long ret;

	switch (cmd) {
	case VFIO_DEVICE_ATTACH_IOMMUFD_PT:
		ret = vfio_cdev_ioctl_attach(df->device, arg);
		vfio_cdev_refused(ictx, df->device, cmd, ret);
		return ret;
	case VFIO_DEVICE_DETACH_IOMMUFD_PT:
		return vfio_cdev_ioctl_detach(df->device, arg);
	default:
		return -ENOIOCTLCMD;
	}
}

static void vfio_cdev_df_release(struct vfio_df *df)
{
	struct vfio_cdev_file *cf = vfio_cdev_from_df(df);
	struct vfio_device *device = df->device;

	if (df->granted) {
		scoped_guard(mutex, &device->dev_set->lock)
			vfio_cdev_close_device(cf);
		vfio_group_unblock(device->group);
	}
	kfree(cf);
}

static void vfio_cdev_df_show(struct vfio_df *df, struct seq_file *m)
{
	struct vfio_cdev_file *cf = vfio_cdev_from_df(df);
	struct vfio_device *device = df->device;
	u32 hwpt = 0, ioas = 0;

	if (device->iommufd_device)
		iommufd_device_attachment(device->iommufd_device, &hwpt, &ioas);
	else if (device->iommufd_access)
		ioas = iommufd_access_ioas_id(device->iommufd_access);
	seq_printf(m, "vfio-context:\t%llu\n", iommufd_ctx_id(cf->ictx));
	seq_printf(m, "vfio-object:\tid=%u hwpt=%u ioas=%u\n", cf->devid, hwpt,
		   ioas);
}

static const struct vfio_df_ops vfio_cdev_df_ops = {
	.interface = "cdev",
	.show = vfio_cdev_df_show,
	.prepare = vfio_cdev_df_prepare,
	.finish = vfio_cdev_df_finish,
	.bind = vfio_cdev_df_bind,
	.ioctl = vfio_cdev_df_ioctl,
	.release = vfio_cdev_df_release,
};

static int vfio_cdev_fop_open(struct inode *inode, struct file *file)
{
	struct vfio_device *device =
		container_of(inode->i_cdev, struct vfio_device, cdev);
	struct vfio_cdev_file *cf;

	if (!vfio_device_try_get_registration(device))
		return -ENODEV;
	if (device->noiommu && !capable(CAP_SYS_RAWIO)) {
		vfio_device_put_registration(device);
		return -EPERM;
	}

	cf = kzalloc_obj(*cf, GFP_KERNEL_ACCOUNT);
	if (!cf) {
		vfio_device_put_registration(device);
		return -ENOMEM;
	}
	vfio_df_init(&cf->df, device, &vfio_cdev_df_ops);
	vfio_df_adopt(&cf->df, file);
	replace_fops(file, fops_get(&vfio_df_fops));
	return 0;
}

/* The open method replaces these with vfio_df_fops */
static const struct file_operations vfio_cdev_fops = {
	.owner = THIS_MODULE,
	.open = vfio_cdev_fop_open,
};

static char *vfio_cdev_devnode(const struct device *dev, umode_t *mode)
{
	return kasprintf(GFP_KERNEL, "vfio/devices/%s", dev_name(dev));
}

static const struct class vfio_cdev_class = {
	.name = "vfio-dev",
	.devnode = vfio_cdev_devnode,
};

/**
 * vfio_cdev_add() - create the device node and the sysfs entry
 * @device: the device, in its group and set, ready to be opened
 *
 * Context: May sleep.
 * Return: 0, or a negative errno.
 */
int vfio_cdev_add(struct vfio_device *device)
{
	int ret;

	ret = dev_set_name(&device->device, "%svfio%u",
			   device->noiommu ? "noiommu-" : "", device->index);
	if (ret)
		return ret;

	device->device.class = &vfio_cdev_class;
	device->device.devt = MKDEV(MAJOR(vfio_cdev_devt), device->index);
	cdev_init(&device->cdev, &vfio_cdev_fops);
	/* The last close may release the device, which calls the driver */
	device->cdev.owner = device->dev->driver->owner;
	return cdev_device_add(&device->cdev, &device->device);
}

/**
 * vfio_cdev_del() - remove the device node and the sysfs entry
 * @device: the device; files that are open stay open
 *
 * Context: May sleep.
 */
void vfio_cdev_del(struct vfio_device *device)
{
	cdev_device_del(&device->cdev, &device->device);
}

/**
 * vfio_cdev_init() - set up the class and the numbers of device nodes
 *
 * Context: May sleep. At module load.
 * Return: 0, or a negative errno.
 */
int vfio_cdev_init(void)
{
	int ret;

	ret = class_register(&vfio_cdev_class);
	if (ret)
		return ret;

	ret = alloc_chrdev_region(&vfio_cdev_devt, 0, MINORMASK + 1,
				  "vfio-dev");
	if (ret)
		class_unregister(&vfio_cdev_class);
	return ret;
}

/**
 * vfio_cdev_exit() - undo vfio_cdev_init()
 *
 * Context: May sleep. At module unload, when no device is registered.
 */
void vfio_cdev_exit(void)
{
	unregister_chrdev_region(vfio_cdev_devt, MINORMASK + 1);
	class_unregister(&vfio_cdev_class);
}
