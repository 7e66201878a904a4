// SPDX-License-Identifier: GPL-2.0-only
/*
 * Parameters of containers, in a module of the name that administrators expect.
 * Containers themselves are in iommufd.ko.
 */
#include <linux/init.h>
#include <linux/iommufd.h>
#include <linux/limits.h>
#include <linux/module.h>

static struct iommufd_type1_params type1_params = {
	.owner = THIS_MODULE,
	.dma_entry_limit = U16_MAX,
};

module_param_named(allow_unsafe_interrupts,
		   type1_params.allow_unsafe_interrupts, bool, 0644);
MODULE_PARM_DESC(allow_unsafe_interrupts,
		 "Accept devices that can raise any interrupt of the host");

module_param_named(disable_hugepages, type1_params.disable_hugepages, bool,
		   0644);
MODULE_PARM_DESC(disable_hugepages, "Map single pages only");

module_param_named(dma_entry_limit, type1_params.dma_entry_limit, uint, 0644);
MODULE_PARM_DESC(
	dma_entry_limit,
	"Maximum number of mappings of a new container (default 65535)");

static int __init vfio_iommu_type1_init(void)
{
	iommufd_type1_register(&type1_params);
	return 0;
}
module_init(vfio_iommu_type1_init);

static void __exit vfio_iommu_type1_exit(void)
{
	iommufd_type1_unregister();
}
module_exit(vfio_iommu_type1_exit);

MODULE_IMPORT_NS("IOMMUFD_NG");
/* the kernel's own module needs vfio, so some systems load only this one */
MODULE_SOFTDEP("pre: vfio");
MODULE_DESCRIPTION("Parameters of VFIO containers");
MODULE_LICENSE("GPL");
MODULE_VERSION(PRODUCT_VERSION);
MODULE_AUTHOR("Seed 63d05a38 maintainers");
