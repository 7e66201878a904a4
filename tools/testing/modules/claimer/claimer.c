// SPDX-License-Identifier: GPL-2.0-only
/*
 * Claim physical addresses, like the driver of the boot display does with a BAR
 * without using the device otherwise.
 */
#include <linux/cleanup.h>
#include <linux/fs.h>
#include <linux/ioport.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/uaccess.h>

#include "claimer_abi.h"

/* Protects private_data of the files, which is the claimed resource. */
static DEFINE_MUTEX(claimer_lock);

/* Otherwise private_data would point to the miscdevice */
static int claimer_open(struct inode *inode, struct file *file)
{
	file->private_data = NULL;
	return 0;
}

static ssize_t claimer_write(struct file *file, const char __user *buf,
			     size_t count, loff_t *ppos)
{
	struct claimer_range range;
	struct resource *res;

	if (count != sizeof(range))
		return -EINVAL;
	if (copy_from_user(&range, buf, sizeof(range)))
		return -EFAULT;

	guard(mutex)(&claimer_lock);
	if (file->private_data)
		return -EBUSY;
	res = request_mem_region(range.start, range.size, KBUILD_MODNAME);
	if (!res)
		return -EBUSY;
	file->private_data = res;
	return count;
}

static int claimer_release(struct inode *inode, struct file *file)
{
	struct resource *res = file->private_data;

	if (res)
		release_mem_region(res->start, resource_size(res));
	return 0;
}

static const struct file_operations claimer_fops = {
	.owner = THIS_MODULE,
	.open = claimer_open,
	.write = claimer_write,
	.release = claimer_release,
};

static struct miscdevice claimer_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = KBUILD_MODNAME,
	.fops = &claimer_fops,
	.mode = 0600,
};
module_misc_device(claimer_misc);

MODULE_DESCRIPTION("Claim physical addresses for tests");
MODULE_LICENSE("GPL");
