// SPDX-License-Identifier: GPL-2.0-only
/* Init and exit of vfio.ko, and its module parameter. */
#include <linux/init.h>
#include <linux/iommufd.h>
#include <linux/module.h>

#include "cdev.h"
#include "group_file.h"
#include "virqfd.h"

module_param_named(enable_unsafe_noiommu_mode, iommufd_noiommu, bool, 0644);
MODULE_PARM_DESC(enable_unsafe_noiommu_mode,
		 "Accept devices that are not behind an IOMMU, which is unsafe");

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
	return 0;

err_group:
	vfio_group_file_exit();
err_virqfd:
	vfio_virqfd_exit();
	return ret;
}
module_init(vfio_init);

static void __exit vfio_exit(void)
{
	vfio_cdev_exit();
	vfio_group_file_exit();
	vfio_virqfd_exit();
	/* The variable is in iommufd.ko and outlives the parameter */
	iommufd_noiommu = false;
}
module_exit(vfio_exit);

MODULE_IMPORT_NS("IOMMUFD_NG");
/* its parameters must be in effect before a container is used */
MODULE_SOFTDEP("post: vfio_iommu_type1");
MODULE_DESCRIPTION("VFIO: access to devices from user space");
MODULE_LICENSE("GPL");
MODULE_VERSION(PRODUCT_VERSION);
