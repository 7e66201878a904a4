// SPDX-License-Identifier: GPL-2.0-only
/*
 * /dev/iommufd_fail_point: make iommufd.ko fail at one point after the other.
 *
 * Writing the number N arms the N-th point that the writing thread reaches from
 * then on; with 0 points are only counted. Reading disarms it and returns the
 * number of points reached and the one that failed, if any: "REACHED CALL
 * FILE:LINE". The file can be opened by one program at a time.
 */
#include <linux/atomic.h>
#include <linux/errno.h>
#include <linux/fs.h>
#include <linux/kernel.h>
#include <linux/kstrtox.h>
#include <linux/miscdevice.h>
#include <linux/module.h>

#include "fail_point.h"
#include "test_fail.h"

static atomic_t test_fail_users;

static int test_fail_open(struct inode *inode, struct file *file)
{
	if (atomic_cmpxchg(&test_fail_users, 0, 1))
		return -EBUSY;
	fail_points_enable(true);
	return stream_open(inode, file);
}

static int test_fail_release(struct inode *inode, struct file *file)
{
	fail_points_enable(false);
	atomic_set(&test_fail_users, 0);
	return 0;
}

static ssize_t test_fail_write(struct file *file, const char __user *buf,
			       size_t size, loff_t *pos)
{
	unsigned int nth;
	int ret;

	ret = kstrtouint_from_user(buf, size, 10, &nth);
	if (ret)
		return ret;
	fail_points_arm(nth);
	return size;
}

static ssize_t test_fail_read(struct file *file, char __user *buf, size_t size,
			      loff_t *pos)
{
	struct fail_points seen;
	char text[128];
	loff_t zero = 0;
	int length;

	fail_points_disarm(&seen);
	length = scnprintf(text, sizeof(text), "%u %s\n", seen.reached,
			   seen.failed ?: "-");
	return simple_read_from_buffer(buf, size, &zero, text, length);
}

static const struct file_operations test_fail_fops = {
	.owner = THIS_MODULE,
	.open = test_fail_open,
	.release = test_fail_release,
	.write = test_fail_write,
	.read = test_fail_read,
};

static struct miscdevice test_fail_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "iommufd_fail_point",
	.fops = &test_fail_fops,
	.mode = 0600,
};

/**
 * test_fail_init() - create /dev/iommufd_fail_point
 *
 * Return: 0 or a negative errno.
 */
int test_fail_init(void)
{
	return misc_register(&test_fail_misc);
}

/**
 * test_fail_exit() - undo test_fail_init()
 */
void test_fail_exit(void)
{
	misc_deregister(&test_fail_misc);
}
