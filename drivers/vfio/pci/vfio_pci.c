// SPDX-License-Identifier: GPL-2.0-only
/* vfio-pci, a driver that offers any PCI function to user space. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/err.h>
#include <linux/module.h>
#include <linux/string.h>
#include <linux/vfio_pci_core.h>

#include "igd.h"

static char vfio_pci_ids[1024] __initdata;
module_param_string(ids, vfio_pci_ids, sizeof(vfio_pci_ids), 0);
MODULE_PARM_DESC(
	ids,
	"Functions to bind: vendor:device[:subvendor[:subdevice[:class[:class_mask]]]],...");

static bool vfio_pci_nointxmask;
module_param_named(nointxmask, vfio_pci_nointxmask, bool, 0644);
MODULE_PARM_DESC(
	nointxmask,
	"Mask INTx at the interrupt controller instead of in the function");

static bool vfio_pci_disable_idle_d3;
module_param_named(disable_idle_d3, vfio_pci_disable_idle_d3, bool, 0644);
MODULE_PARM_DESC(disable_idle_d3,
		 "Keep functions in D0 while they are not open");

static bool vfio_pci_disable_denylist;
module_param_named(disable_denylist, vfio_pci_disable_denylist, bool, 0444);
MODULE_PARM_DESC(disable_denylist,
		 "Also bind to devices that are unsafe for user space");

static bool vfio_pci_disable_vga;
module_param_named(disable_vga, vfio_pci_disable_vga, bool, 0444);
MODULE_PARM_DESC(disable_vga, "Do not offer the VGA region of a display");

static bool vfio_pci_enable_sriov;
module_param_named(enable_sriov, vfio_pci_enable_sriov, bool, 0644);
MODULE_PARM_DESC(
	enable_sriov,
	"Allow sriov_numvfs to enable virtual functions, which depend on the user of the device");

/* A new value of a parameter is in effect for functions that are bound later */
static int vfio_pci_init_dev(struct vfio_device *core_vdev)
{
	struct vfio_pci_core_device *vdev =
		container_of(core_vdev, struct vfio_pci_core_device, vdev);

	vdev->nointxmask = vfio_pci_nointxmask;
	vdev->disable_idle_d3 = vfio_pci_disable_idle_d3;
	return vfio_pci_core_init_dev(core_vdev);
}

static int vfio_pci_open_device(struct vfio_device *core_vdev)
{
	struct vfio_pci_core_device *vdev =
		container_of(core_vdev, struct vfio_pci_core_device, vdev);
	int ret;

	ret = vfio_pci_core_enable(vdev);
	if (ret)
		return ret;
	ret = vfio_pci_igd_add_regions(vdev);
	if (ret) {
		vfio_pci_core_disable(vdev);
		return ret;
	}
	vfio_pci_core_finish_enable(vdev);
	return 0;
}

static const struct vfio_device_ops vfio_pci_ops = {
	.name = "vfio-pci",
	.init = vfio_pci_init_dev,
	.release = vfio_pci_core_release_dev,
	.bind_iommufd = vfio_iommufd_physical_bind,
	.unbind_iommufd = vfio_iommufd_physical_unbind,
	.attach_ioas = vfio_iommufd_physical_attach_ioas,
	.detach_ioas = vfio_iommufd_physical_detach_ioas,
	.pasid_attach_ioas = vfio_iommufd_physical_pasid_attach_ioas,
	.pasid_detach_ioas = vfio_iommufd_physical_pasid_detach_ioas,
	.open_device = vfio_pci_open_device,
	.close_device = vfio_pci_core_close_device,
	.read = vfio_pci_core_read,
	.write = vfio_pci_core_write,
	.ioctl = vfio_pci_core_ioctl,
	.get_region_info_caps = vfio_pci_ioctl_get_region_info,
	.mmap = vfio_pci_core_mmap,
	.request = vfio_pci_core_request,
	.match = vfio_pci_core_match,
	.match_token_uuid = vfio_pci_core_match_token_uuid,
	.device_feature = vfio_pci_core_ioctl_feature,
};

static const struct vfio_pci_device_ops vfio_pci_dev_ops = {
	.get_dmabuf_phys = vfio_pci_core_get_dmabuf_phys,
};

/* User space can crash the host with these devices */
static bool vfio_pci_is_unsafe(struct pci_dev *pdev)
{
	if (pdev->vendor != PCI_VENDOR_ID_INTEL)
		return false;

	switch (pdev->device) {
	case PCI_DEVICE_ID_INTEL_QAT_C3XXX:
	case PCI_DEVICE_ID_INTEL_QAT_C3XXX_VF:
	case PCI_DEVICE_ID_INTEL_QAT_C62X:
	case PCI_DEVICE_ID_INTEL_QAT_C62X_VF:
	case PCI_DEVICE_ID_INTEL_QAT_DH895XCC:
	case PCI_DEVICE_ID_INTEL_QAT_DH895XCC_VF:
	case PCI_DEVICE_ID_INTEL_DSA_SPR0:
	case PCI_DEVICE_ID_INTEL_IAX_SPR0:
		return true;
	default:
		return false;
	}
}

static bool vfio_pci_is_denied(struct pci_dev *pdev)
{
	if (!vfio_pci_is_unsafe(pdev))
		return false;

	if (vfio_pci_disable_denylist) {
		pci_warn(
			pdev,
			"device denylist disabled - allowing device %04x:%04x.\n",
			pdev->vendor, pdev->device);
		return false;
	}
	pci_warn(
		pdev,
		"%04x:%04x exists in vfio-pci device denylist, driver probing disallowed.\n",
		pdev->vendor, pdev->device);
	return true;
}

static int vfio_pci_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct vfio_pci_core_device *vdev;
	int ret;

	if (vfio_pci_is_denied(pdev))
		return -EINVAL;

	vdev = vfio_alloc_device(vfio_pci_core_device, vdev, &pdev->dev,
				 &vfio_pci_ops);
	if (IS_ERR(vdev))
		return PTR_ERR(vdev);

	vdev->disable_vga = vfio_pci_disable_vga;
	vdev->pci_ops = &vfio_pci_dev_ops;
	pci_set_drvdata(pdev, vdev);
	ret = vfio_pci_core_register_device(vdev);
	if (ret)
		vfio_put_device(&vdev->vdev);
	return ret;
}

static void vfio_pci_remove(struct pci_dev *pdev)
{
	struct vfio_pci_core_device *vdev = pci_get_drvdata(pdev);

	vfio_pci_core_unregister_device(vdev);
	vfio_put_device(&vdev->vdev);
}

static int vfio_pci_sriov_configure(struct pci_dev *pdev, int nr_virtfn)
{
	if (!vfio_pci_enable_sriov)
		return -ENOENT;
	return vfio_pci_core_sriov_configure(pci_get_drvdata(pdev), nr_virtfn);
}

/* Matches nothing by itself: driver_override or new_id selects the functions */
static const struct pci_device_id vfio_pci_table[] = {
	{ PCI_DRIVER_OVERRIDE_DEVICE_VFIO(PCI_ANY_ID, PCI_ANY_ID) },
	{}
};
MODULE_DEVICE_TABLE(pci, vfio_pci_table);

static struct pci_driver vfio_pci_driver = {
	.name = "vfio-pci",
	.id_table = vfio_pci_table,
	.probe = vfio_pci_probe,
	.remove = vfio_pci_remove,
	.sriov_configure = vfio_pci_sriov_configure,
	.err_handler = &vfio_pci_core_err_handlers,
	.driver_managed_dma = true,
};

static void __init vfio_pci_add_id(const char *id)
{
	u32 vendor, device, subvendor = PCI_ANY_ID, subdevice = PCI_ANY_ID;
	u32 class = 0, class_mask = 0;
	int ret;

	if (sscanf(id, "%x:%x:%x:%x:%x:%x", &vendor, &device, &subvendor,
		   &subdevice, &class, &class_mask) < 2) {
		pr_warn("invalid id string \"%s\"\n", id);
		return;
	}

	ret = pci_add_dynid(&vfio_pci_driver, vendor, device, subvendor,
			    subdevice, class, class_mask, 0);
	if (ret)
		pr_warn("failed to add dynamic id [%04x:%04x[%04x:%04x]] class %#08x/%08x (%d)\n",
			vendor, device, subvendor, subdevice, class, class_mask,
			ret);
	else
		pr_info("add [%04x:%04x[%04x:%04x]] class %#08x/%08x\n", vendor,
			device, subvendor, subdevice, class, class_mask);
}

/* A bad ID does not keep the driver from being loaded */
static void __init vfio_pci_add_ids(void)
{
	char *rest = vfio_pci_ids;
	char *id;

	while ((id = strsep(&rest, ",")))
		if (*id)
			vfio_pci_add_id(id);
}

static int __init vfio_pci_init(void)
{
	int ret = pci_register_driver(&vfio_pci_driver);

	if (ret)
		return ret;
	vfio_pci_add_ids();
	if (vfio_pci_disable_denylist)
		pr_warn("device denylist disabled.\n");
	return 0;
}
module_init(vfio_pci_init);

static void __exit vfio_pci_exit(void)
{
	pci_unregister_driver(&vfio_pci_driver);
}
module_exit(vfio_pci_exit);

MODULE_LICENSE("GPL");
MODULE_VERSION(PRODUCT_VERSION);
MODULE_AUTHOR("Seed 63d05a38 maintainers");
MODULE_DESCRIPTION("VFIO: access to PCI functions from user space");
MODULE_IMPORT_NS("VFIO_NG");
MODULE_IMPORT_NS("VFIO_PCI_NG");
