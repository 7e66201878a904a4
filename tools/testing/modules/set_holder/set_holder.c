// SPDX-License-Identifier: GPL-2.0-only
/*
 * Hold the lock of a device set, as an open or a reset that takes long would. The
 * address of a device of vfio-pci is written to /dev/set_holder; the lock is held
 * until the file is closed.
 */
#include <linux/cleanup.h>
#include <linux/completion.h>
#include <linux/device.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/kthread.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/vfio.h>

/**
 * struct set_hold - a lock that is held
 */
struct set_hold {
	/** @vdev: a device of the set, with a reference */
	struct vfio_device *vdev;
	/** @task: the owner of the lock, with a reference */
	struct task_struct *task;
	/** @held: the lock is held */
	struct completion held;
	/** @done: the lock is to be released */
	struct completion done;
};

static int set_hold_thread(void *arg)
{
	struct set_hold *hold = arg;

	guard(mutex)(&hold->vdev->dev_set->lock);
	complete(&hold->held);
	wait_for_completion(&hold->done);
	return 0;
}

static struct vfio_device *set_hold_find(const char *address)
{
	unsigned int domain, bus, slot, function;
	struct vfio_device *vdev = NULL;
	struct pci_dev *pdev;

	if (sscanf(address, "%x:%x:%x.%x", &domain, &bus, &slot, &function) !=
	    4)
		return NULL;
	pdev = pci_get_domain_bus_and_slot(domain, bus,
					   PCI_DEVFN(slot, function));
	if (!pdev)
		return NULL;
	scoped_guard(device, &pdev->dev) {
		if (pdev->driver && !strcmp(pdev->driver->name, "vfio-pci"))
			vdev = pci_get_drvdata(pdev);
		if (vdev)
			get_device(&vdev->device);
	}
	pci_dev_put(pdev);
	return vdev;
}

static struct set_hold *set_hold_create(const char *address)
{
	struct set_hold *hold = kzalloc_obj(*hold, GFP_KERNEL);

	if (!hold)
		return ERR_PTR(-ENOMEM);
	init_completion(&hold->held);
	init_completion(&hold->done);
	hold->vdev = set_hold_find(address);
	if (!hold->vdev) {
		kfree(hold);
		return ERR_PTR(-ENODEV);
	}
	hold->task = kthread_create(set_hold_thread, hold, KBUILD_MODNAME);
	if (IS_ERR(hold->task)) {
		struct set_hold *failed = ERR_CAST(hold->task);

		put_device(&hold->vdev->device);
		kfree(hold);
		return failed;
	}
	get_task_struct(hold->task);
	wake_up_process(hold->task);
	wait_for_completion(&hold->held);
	return hold;
}

/* Otherwise private_data would point to the miscdevice */
static int set_holder_open(struct inode *inode, struct file *file)
{
	file->private_data = NULL;
	return 0;
}

static ssize_t set_holder_write(struct file *file, const char __user *buf,
				size_t count, loff_t *ppos)
{
	char address[32] = {};
	struct set_hold *hold;

	if (file->private_data)
		return -EBUSY;
	if (count >= sizeof(address))
		return -EINVAL;
	if (copy_from_user(address, buf, count))
		return -EFAULT;
	hold = set_hold_create(address);
	if (IS_ERR(hold))
		return PTR_ERR(hold);
	file->private_data = hold;
	return count;
}

static int set_holder_release(struct inode *inode, struct file *file)
{
	struct set_hold *hold = file->private_data;

	if (!hold)
		return 0;
	complete(&hold->done);
	kthread_stop(hold->task);
	put_task_struct(hold->task);
	put_device(&hold->vdev->device);
	kfree(hold);
	return 0;
}

static const struct file_operations set_holder_fops = {
	.owner = THIS_MODULE,
	.open = set_holder_open,
	.write = set_holder_write,
	.release = set_holder_release,
};

static struct miscdevice set_holder_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = KBUILD_MODNAME,
	.fops = &set_holder_fops,
	.mode = 0600,
};
module_misc_device(set_holder_misc);

MODULE_DESCRIPTION("Hold the lock of a device set for tests");
MODULE_LICENSE("GPL");
