// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lifetime of a struct vfio_device: its memory, index and inode, and the
 * reference count that unregistration waits for.
 */
#include <linux/export.h>
#include <linux/fs.h>
#include <linux/idr.h>
#include <linux/kdev_t.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/mount.h>
#include <linux/pm_runtime.h>
#include <linux/pseudo_fs.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "device.h"
#include "devset.h"

/* "VFIO" */
#define VFIO_FS_MAGIC 0x5646494f

static unsigned int vfio_request_interval = 10;
module_param_named(request_interval, vfio_request_interval, uint, 0644);
MODULE_PARM_DESC(request_interval,
		 "Seconds between requests to the user of a device to close it");

static DEFINE_IDA(vfio_device_ida);

/* The file system is mounted as long as there is a device */
static struct vfsmount *vfio_fs_mount;
static int vfio_fs_mount_count;

static int vfio_fs_init_context(struct fs_context *fc)
{
	return init_pseudo(fc, VFIO_FS_MAGIC) ? 0 : -ENOMEM;
}

static struct file_system_type vfio_fs_type = {
	.name = "vfio",
	.owner = THIS_MODULE,
	.init_fs_context = vfio_fs_init_context,
	.kill_sb = kill_anon_super,
};

static struct inode *vfio_inode_create(void)
{
	struct inode *inode;
	int ret;

	ret = simple_pin_fs(&vfio_fs_type, &vfio_fs_mount,
			    &vfio_fs_mount_count);
	if (ret)
		return ERR_PTR(ret);

	inode = alloc_anon_inode(vfio_fs_mount->mnt_sb);
	if (IS_ERR(inode))
		simple_release_fs(&vfio_fs_mount, &vfio_fs_mount_count);
	return inode;
}

static void vfio_inode_destroy(struct inode *inode)
{
	iput(inode);
	simple_release_fs(&vfio_fs_mount, &vfio_fs_mount_count);
}

/* Free all but what ops->init() has set up, which is up to ops->release() */
static void vfio_device_free(struct vfio_device *device)
{
	vfio_inode_destroy(device->inode);
	ida_free(&vfio_device_ida, device->index);
	put_device(device->dev);
	mutex_destroy(&device->attach_lock);
	kvfree(device);
}

static void vfio_device_release(struct device *dev)
{
	struct vfio_device *device =
		container_of(dev, struct vfio_device, device);

	/* A reset of another member uses what ops->release() frees */
	vfio_devset_leave(device);
	if (device->ops->release)
		device->ops->release(device);
	vfio_device_free(device);
}

/**
 * _vfio_alloc_device() - allocate a device, for vfio_alloc_device()
 * @size: size of the driver's struct, which begins with a struct vfio_device
 * @dev: the device to be offered to user space
 * @ops: the driver's ops
 *
 * Context: May sleep.
 * Return: The device, to be freed by vfio_put_device(), or an ERR_PTR.
 */
struct vfio_device *_vfio_alloc_device(size_t size, struct device *dev,
				       const struct vfio_device_ops *ops)
{
	struct vfio_device *device;
	int ret;

	if (WARN_ON(size < sizeof(*device)))
		return ERR_PTR(-EINVAL);

	device = kvzalloc(size, GFP_KERNEL);
	if (!device)
		return ERR_PTR(-ENOMEM);
	device->dev = dev;
	device->ops = ops;
	init_completion(&device->comp);
	iommufd_refusal_init(&device->refusals);
	mutex_init(&device->attach_lock);
	xa_init_flags(&device->pasids, XA_FLAGS_ACCOUNT);

	ret = ida_alloc_max(&vfio_device_ida, MINORMASK, GFP_KERNEL);
	if (ret < 0)
		goto err_free;
	device->index = ret;

	device->inode = vfio_inode_create();
	if (IS_ERR(device->inode)) {
		ret = PTR_ERR(device->inode);
		goto err_index;
	}

	/* Other members of the set use it until the device is freed */
	get_device(dev);
	ret = ops->init ? ops->init(device) : 0;
	if (ret) {
		vfio_devset_leave(device);
		vfio_device_free(device);
		return ERR_PTR(ret);
	}

	device_initialize(&device->device);
	device->device.parent = dev;
	device->device.release = vfio_device_release;
	return device;

err_index:
	ida_free(&vfio_device_ida, device->index);
err_free:
	mutex_destroy(&device->attach_lock);
	kvfree(device);
	return ERR_PTR(ret);
}
EXPORT_SYMBOL_NS_GPL(_vfio_alloc_device, "VFIO_NG");

/**
 * vfio_device_try_get_registration() - keep a device registered
 * @device: the device; the caller keeps the memory allocated
 *
 * Context: Any.
 * Return: True if vfio_unregister_group_dev() now waits for
 * vfio_device_put_registration(), false if the device is unregistered already.
 */
bool vfio_device_try_get_registration(struct vfio_device *device)
{
	return refcount_inc_not_zero(&device->refcount);
}
EXPORT_SYMBOL_NS_GPL(vfio_device_try_get_registration, "VFIO_NG");

/**
 * vfio_device_put_registration() - undo vfio_device_try_get_registration()
 * @device: the device, which may be freed during the call
 *
 * Context: Any.
 */
void vfio_device_put_registration(struct vfio_device *device)
{
	if (refcount_dec_and_test(&device->refcount))
		complete(&device->comp);
}
EXPORT_SYMBOL_NS_GPL(vfio_device_put_registration, "VFIO_NG");

/**
 * vfio_device_start_registration() - enable vfio_device_try_get_registration()
 * @device: the device
 *
 * Context: Any.
 */
void vfio_device_start_registration(struct vfio_device *device)
{
	reinit_completion(&device->comp);
	refcount_set(&device->refcount, 1);
}

static unsigned long vfio_request_timeout(void)
{
	return (unsigned long)HZ *
	       clamp(READ_ONCE(vfio_request_interval), 1U, 3600U);
}

/*
 * The first signal only ends the interruptible wait and logs a warning, because
 * a device cannot stay half unbound. Returns true if no reference is left.
 */
static bool vfio_device_wait(struct vfio_device *device, bool *interrupted)
{
	long left;

	if (*interrupted)
		return wait_for_completion_timeout(&device->comp,
						   vfio_request_timeout());

	left = wait_for_completion_interruptible_timeout(
		&device->comp, vfio_request_timeout());
	if (left >= 0)
		return left;

	*interrupted = true;
	dev_warn(device->dev,
		 "%s (%d) is blocked until the device is closed by its user\n",
		 current->comm, task_pid_nr(current));
	return false;
}

/**
 * vfio_device_end_registration() - wait until no registration reference is left
 * @device: the device, which can no longer be found
 *
 * Meanwhile, the driver asks the user to close the device, again and again.
 *
 * Context: May sleep, for any length of time.
 */
void vfio_device_end_registration(struct vfio_device *device)
{
	bool interrupted = false, done;
	unsigned int count = 0;

	vfio_device_put_registration(device);

	done = try_wait_for_completion(&device->comp);
	while (!done) {
		if (device->ops->request)
			device->ops->request(device, count++);
		done = vfio_device_wait(device, &interrupted);
	}
}

static bool vfio_device_has_pm(struct vfio_device *device)
{
	return device->dev->driver && device->dev->driver->pm;
}

/**
 * vfio_device_pm_get() - resume the device for a request
 * @device: the device
 *
 * Context: May sleep.
 * Return: 0, or -EIO if the device cannot be resumed.
 */
int vfio_device_pm_get(struct vfio_device *device)
{
	int ret;

	if (!vfio_device_has_pm(device))
		return 0;

	ret = pm_runtime_resume_and_get(device->dev);
	if (!ret)
		return 0;

	dev_info_ratelimited(device->dev, "runtime resume failed: %d\n", ret);
	return -EIO;
}

/**
 * vfio_device_pm_put() - undo vfio_device_pm_get()
 * @device: the device
 *
 * Context: Process context.
 */
void vfio_device_pm_put(struct vfio_device *device)
{
	if (vfio_device_has_pm(device))
		pm_runtime_put(device->dev);
}
