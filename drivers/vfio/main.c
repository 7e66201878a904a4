// SPDX-License-Identifier: GPL-2.0-only
/*
 * Init and exit of vfio.ko, its module parameter, and the file of a container,
 * /dev/vfio/vfio, which iommufd.ko serves.
 */
#include <linux/fs.h>
#include <linux/init.h>
#include <linux/iommufd.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/printk.h>

#include "cdev.h"
#include "group_file.h"
#include "virqfd.h"

module_param_named(enable_unsafe_noiommu_mode, iommufd_noiommu, bool, 0644);
MODULE_PARM_DESC(enable_unsafe_noiommu_mode,
		 "Accept devices that are not behind an IOMMU, which is unsafe");

static const struct file_operations vfio_container_fops = {
	.owner = THIS_MODULE,
	.open = iommufd_container_open,
	.release = iommufd_file_release,
	.unlocked_ioctl = iommufd_file_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.show_fdinfo = iommufd_file_show_fdinfo,
};

static struct miscdevice vfio_container_misc = {
	.minor = VFIO_MINOR,
	.name = "vfio",
	.fops = &vfio_container_fops,
	.nodename = "vfio/vfio",
	.mode = 0666,
};

static int __init vfio_init(void)
{
	int ret;

	ret = vfio_virqfd_init();
	if (ret)
		return ret;

	ret = vfio_group_file_init();
	if (ret)
		goto err_virqfd;

	ret = vfio_cdev_init();
	if (ret)
		goto err_group;

	ret = misc_register(&vfio_container_misc);
	if (ret)
		goto err_cdev;

	/* Guides name this line as the sign that the module is loaded. */
	pr_info("VFIO - User Level meta-driver version: " PRODUCT_VERSION "\n");
	return 0;

err_cdev:
	vfio_cdev_exit();
err_group:
	vfio_group_file_exit();
err_virqfd:
	vfio_virqfd_exit();
	return ret;
}
module_init(vfio_init);

static void __exit vfio_exit(void)
{
	misc_deregister(&vfio_container_misc);
	vfio_cdev_exit();
	vfio_group_file_exit();
	vfio_virqfd_exit();
	/* The variable is in iommufd.ko and outlives the parameter */
	iommufd_noiommu = false;
}
module_exit(vfio_exit);

MODULE_ALIAS_MISCDEV(VFIO_MINOR);
MODULE_ALIAS("devname:vfio/vfio");
MODULE_IMPORT_NS("IOMMUFD_NG");
/* its parameters must be in effect before a container is used */
MODULE_SOFTDEP("post: vfio_iommu_type1");
MODULE_DESCRIPTION("VFIO: access to devices from user space");
MODULE_LICENSE("GPL");
MODULE_VERSION(PRODUCT_VERSION);
MODULE_AUTHOR("Seed 63d05a38 maintainers");
