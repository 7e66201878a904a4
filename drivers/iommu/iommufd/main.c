// SPDX-License-Identifier: GPL-2.0-only
/*
 * iommufd: I/O address spaces for devices that are assigned to user space.
 *
 * Module init, and the files /dev/iommu and /dev/vfio/vfio. Both serve the same
 * ioctls and differ in how pinned memory is charged, and in mmap(), which a
 * container never had. The module vfio registers the second one.
 */
#include <linux/err.h>
#include <linux/export.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/iommufd.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/printk.h>

#include "ctx.h"
#include "debugfs.h"
#include "fdinfo.h"
#include "ioctl.h"
#include "mmio.h"
#include "pages/backing_import.h"
#include "pages/pages.h"
#include "pages/prefault.h"
#include "vfio_compat/container_ioas.h"

#undef pr_fmt
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

static int iommufd_open_as(struct file *file, enum charge_mode charge)
{
	struct iommufd_ctx *ictx;

	ictx = ctx_alloc(file, charge);
	if (!ictx)
		return -ENOMEM;
	file->private_data = ictx;
	iommufd_debugfs_add(ictx);
	return 0;
}

static int iommufd_open(struct inode *inode, struct file *file)
{
	return iommufd_open_as(file, CHARGE_USER);
}

/**
 * iommufd_container_open() - open method of /dev/vfio/vfio
 * @inode: ignored
 * @file: the file
 *
 * The other methods are iommufd_file_release() and iommufd_file_ioctl().
 *
 * Context: May sleep.
 * Return: 0 or -ENOMEM.
 */
int iommufd_container_open(struct inode *inode, struct file *file)
{
	return iommufd_open_as(file, CHARGE_MM);
}
EXPORT_SYMBOL_NS_GPL(iommufd_container_open, "IOMMUFD_NG");

/**
 * iommufd_file_release() - release method of files of iommufd
 * @inode: ignored
 * @file: the file
 *
 * Context: May sleep.
 * Return: 0.
 */
int iommufd_file_release(struct inode *inode, struct file *file)
{
	struct iommufd_ctx *ictx = file->private_data;

	iommufd_debugfs_remove(ictx);
	container_leave_ctx(ictx->container);
	ctx_free(ictx);
	return 0;
}
EXPORT_SYMBOL_NS_GPL(iommufd_file_release, "IOMMUFD_NG");

/**
 * iommufd_file_ioctl() - ioctl method of files of iommufd
 * @file: the file
 * @cmd: ioctl number
 * @arg: its argument
 *
 * Context: May sleep.
 * Return: the result for user space.
 */
long iommufd_file_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	return iommufd_ioctl(file->private_data, cmd, arg);
}
EXPORT_SYMBOL_NS_GPL(iommufd_file_ioctl, "IOMMUFD_NG");

/**
 * iommufd_file_show_fdinfo() - show_fdinfo method of files of iommufd
 * @m: the file to print to
 * @file: the file
 *
 * Context: May sleep.
 */
void iommufd_file_show_fdinfo(struct seq_file *m, struct file *file)
{
	fdinfo_show(m, file->private_data);
}
EXPORT_SYMBOL_NS_GPL(iommufd_file_show_fdinfo, "IOMMUFD_NG");

static int iommufd_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct iommufd_ctx *ictx = file->private_data;

	return mmio_mmap(&ictx->mmio, vma);
}

static const struct file_operations iommufd_fops = {
	.owner = THIS_MODULE,
	.open = iommufd_open,
	.release = iommufd_file_release,
	.unlocked_ioctl = iommufd_file_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.mmap = iommufd_mmap,
	.show_fdinfo = iommufd_file_show_fdinfo,
};

/**
 * iommufd_ctx_from_file() - get the context of a file
 * @file: the file; the caller keeps its own reference
 *
 * Return: the context, to be released by iommufd_ctx_put(), or -EBADFD if @file
 * is not a file of iommufd.
 */
struct iommufd_ctx *iommufd_ctx_from_file(struct file *file)
{
	struct iommufd_ctx *ictx;

	/* the module vfio has file operations of its own */
	if (file->f_op->release != iommufd_file_release)
		return ERR_PTR(-EBADFD);
	ictx = file->private_data;
	iommufd_ctx_get(ictx);
	return ictx;
}
EXPORT_SYMBOL_NS_GPL(iommufd_ctx_from_file, "IOMMUFD_NG");

/**
 * iommufd_ctx_from_fd() - get the context of a file descriptor
 * @fd: the descriptor, of the current process
 *
 * Return: the context, to be released by iommufd_ctx_put(); -EBADF if @fd is
 * not open, -EBADFD if it does not refer to a file of iommufd.
 */
struct iommufd_ctx *iommufd_ctx_from_fd(int fd)
{
	struct iommufd_ctx *ictx;
	struct file *file;

	file = fget(fd);
	if (!file)
		return ERR_PTR(-EBADF);
	ictx = iommufd_ctx_from_file(file);
	fput(file);
	return ictx;
}
EXPORT_SYMBOL_NS_GPL(iommufd_ctx_from_fd, "IOMMUFD_NG");

static struct miscdevice iommu_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "iommu",
	.fops = &iommufd_fops,
	.nodename = "iommu",
	.mode = 0660,
};

/*
 * The kernel's own vfio owns /dev/vfio/vfio and each device that is bound, so
 * that no device could be used with this module. The project's vfio.ko depends
 * on this module: whichever module exports the symbol now is another one.
 */
static int __init iommufd_check_other_vfio(void)
{
	static const char symbol[] __initconst = "vfio_register_group_dev";
	void *other = __symbol_get(symbol);

	if (!other)
		return 0;
	pr_err("the kernel's own VFIO is loaded (%ps): stop its users and run \"modprobe -r vfio-pci vfio_iommu_type1 vfio\", or reboot\n",
	       other);
	__symbol_put(symbol);
	return -EBUSY;
}

static int __init iommufd_init(void)
{
	int ret;

	ret = iommufd_check_other_vfio();
	if (ret)
		return ret;
	ret = pages_init();
	if (ret)
		return ret;
	ret = prefault_init();
	if (ret)
		goto err_pages;
	ret = backing_import_start();
	if (ret)
		goto err_prefault;
	iommufd_debugfs_init();
	ret = misc_register(&iommu_misc);
	if (ret)
		goto err_debugfs;
	return 0;

err_debugfs:
	iommufd_debugfs_exit();
	backing_import_stop();
err_prefault:
	prefault_exit();
err_pages:
	pages_exit();
	return ret;
}

static void __exit iommufd_exit(void)
{
	misc_deregister(&iommu_misc);
	iommufd_debugfs_exit();
	backing_import_stop();
	prefault_exit();
	pages_exit();
}

module_init(iommufd_init);
module_exit(iommufd_exit);

MODULE_IMPORT_NS("DMA_BUF");
MODULE_IMPORT_NS("IOMMUFD_INTERNAL");
MODULE_DESCRIPTION("I/O address spaces for devices assigned to user space");
MODULE_LICENSE("GPL");
MODULE_VERSION(PRODUCT_VERSION);
MODULE_AUTHOR("Seed 63d05a38 maintainers");
