// SPDX-License-Identifier: GPL-2.0-only
/*
 * VFIO_DEVICE_FEATURE: features of a PCI function besides its regions and
 * interrupts.
 */
#include <linux/cleanup.h>
#include <linux/dma-buf.h>
#include <linux/err.h>
#include <linux/eventfd.h>
#include <linux/export.h>
#include <linux/log2.h>
#include <linux/pci-ats.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/vfio_pci_core.h>

#include "bar.h"
#include "config.h"
#include "dmabuf.h"
#include "runtime_pm.h"
#include "sriov.h"

static int feature_low_power_entry(struct vfio_pci_core_device *vdev, u32 flags,
				   void __user *arg, size_t argsz)
{
	int ret = vfio_check_feature(flags, argsz, VFIO_DEVICE_FEATURE_SET, 0);

	return ret == 1 ? vfio_pci_low_power_enter(vdev, NULL) : ret;
}

static int
feature_low_power_entry_with_wakeup(struct vfio_pci_core_device *vdev,
				    u32 flags, void __user *arg, size_t argsz)
{
	struct vfio_device_low_power_entry_with_wakeup entry;
	struct eventfd_ctx *wakeup;
	int ret;

	ret = vfio_check_feature(flags, argsz, VFIO_DEVICE_FEATURE_SET,
				 sizeof(entry));
	if (ret != 1)
		return ret;
	if (copy_from_user(&entry, arg, sizeof(entry)))
		return -EFAULT;
	if (entry.wakeup_eventfd < 0)
		return -EINVAL;

	wakeup = eventfd_ctx_fdget(entry.wakeup_eventfd);
	if (IS_ERR(wakeup))
		return PTR_ERR(wakeup);
	ret = vfio_pci_low_power_enter(vdev, wakeup);
	if (ret)
		eventfd_ctx_put(wakeup);
	return ret;
}

static int feature_low_power_exit(struct vfio_pci_core_device *vdev, u32 flags,
				  void __user *arg, size_t argsz)
{
	int ret = vfio_check_feature(flags, argsz, VFIO_DEVICE_FEATURE_SET, 0);

	if (ret != 1)
		return ret;
	vfio_pci_low_power_exit(vdev);
	return 0;
}

static int feature_bus_master(struct vfio_pci_core_device *vdev, u32 flags,
			      void __user *arg, size_t argsz)
{
	struct vfio_device_feature_bus_master master;
	int ret;

	ret = vfio_check_feature(flags, argsz, VFIO_DEVICE_FEATURE_SET,
				 sizeof(master));
	if (ret != 1)
		return ret;
	if (copy_from_user(&master, arg, sizeof(master)))
		return -EFAULT;

	switch (master.op) {
	case VFIO_DEVICE_FEATURE_CLEAR_MASTER:
	case VFIO_DEVICE_FEATURE_SET_MASTER:
		vfio_pci_config_set_master(
			vdev, master.op == VFIO_DEVICE_FEATURE_SET_MASTER);
		return 0;
	default:
		return -EINVAL;
	}
}

/* A new dma-buf is revoked. Enable it before its descriptor exists. */
static int feature_create_dmabuf(struct vfio_pci_core_device *vdev,
				 const struct vfio_device_feature_dma_buf *req,
				 struct vfio_region_dma_range *ranges)
{
	struct dma_buf *dmabuf;
	int fd;

	dmabuf = vfio_pci_dmabuf_create(vdev, req, ranges);
	if (IS_ERR(dmabuf))
		return PTR_ERR(dmabuf);

	down_write(&vdev->memory_lock);
	vfio_pci_unlock_memory(vdev);

	fd = dma_buf_fd(dmabuf, req->open_flags);
	if (fd < 0)
		dma_buf_put(dmabuf);
	return fd;
}

static int feature_dma_buf(struct vfio_pci_core_device *vdev, u32 flags,
			   void __user *arg, size_t argsz)
{
	struct vfio_device_feature_dma_buf __user *ureq = arg;
	struct vfio_device_feature_dma_buf req;
	struct vfio_region_dma_range *ranges;
	int ret;

	if (!vdev->pci_ops || !vdev->pci_ops->get_dmabuf_phys)
		return -EOPNOTSUPP;
	ret = vfio_check_feature(flags, argsz, VFIO_DEVICE_FEATURE_GET,
				 sizeof(req));
	if (ret != 1)
		return ret;
	if (copy_from_user(&req, ureq, sizeof(req)))
		return -EFAULT;
	if (!req.nr_ranges || req.flags)
		return -EINVAL;
	if (req.region_index > VFIO_PCI_BAR5_REGION_INDEX ||
	    IS_ERR(vdev->barmap[req.region_index]))
		return -ENODEV;

	ranges = memdup_array_user(ureq->dma_ranges, req.nr_ranges,
				   sizeof(*ranges));
	if (IS_ERR(ranges))
		return PTR_ERR(ranges);
	ret = feature_create_dmabuf(vdev, &req, ranges);
	kfree(ranges);
	return ret;
}

/* A virtual function uses the PASID capability of its physical function */
static void feature_get_pasid(struct pci_dev *pdev,
			      struct vfio_device_feature_pasid *pasid)
{
	int features = pci_pasid_features(pdev);
	int nr = pci_max_pasids(pdev);

	if (!pci_physfn(pdev)->pasid_enabled || features < 0 || nr <= 0)
		return;
	if (features & PCI_PASID_CAP_EXEC)
		pasid->capabilities |= VFIO_DEVICE_PASID_CAP_EXEC;
	if (features & PCI_PASID_CAP_PRIV)
		pasid->capabilities |= VFIO_DEVICE_PASID_CAP_PRIV;
	pasid->width = ilog2(nr);
}

static int feature_pasid(struct vfio_pci_core_device *vdev, u32 flags,
			 void __user *arg, size_t argsz)
{
	struct vfio_device_feature_pasid pasid = {};
	int ret;

	ret = vfio_check_feature(flags, argsz, VFIO_DEVICE_FEATURE_GET,
				 sizeof(pasid));
	if (ret != 1)
		return ret;
	feature_get_pasid(vdev->pdev, &pasid);
	return copy_to_user(arg, &pasid, sizeof(pasid)) ? -EFAULT : 0;
}

/**
 * vfio_pci_core_ioctl_feature() - handle VFIO_DEVICE_FEATURE for the driver
 * @device: an open device
 * @flags: feature and operation
 * @arg: data of the request
 * @argsz: size of @arg in bytes
 *
 * Context: May sleep. Takes the config and the memory lock.
 * Return: 0, a file descriptor from a feature that returns one, -ENOTTY for an
 * unknown feature, or another negative errno.
 */
int vfio_pci_core_ioctl_feature(struct vfio_device *device, u32 flags,
				void __user *arg, size_t argsz)
{
	struct vfio_pci_core_device *vdev =
		container_of(device, struct vfio_pci_core_device, vdev);

	vfio_pci_runtime_flush(vdev);
	switch (flags & VFIO_DEVICE_FEATURE_MASK) {
	case VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY:
		return feature_low_power_entry(vdev, flags, arg, argsz);
	case VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP:
		return feature_low_power_entry_with_wakeup(vdev, flags, arg,
							   argsz);
	case VFIO_DEVICE_FEATURE_LOW_POWER_EXIT:
		return feature_low_power_exit(vdev, flags, arg, argsz);
	case VFIO_DEVICE_FEATURE_BUS_MASTER:
		return feature_bus_master(vdev, flags, arg, argsz);
	case VFIO_DEVICE_FEATURE_DMA_BUF:
		return feature_dma_buf(vdev, flags, arg, argsz);
	case VFIO_DEVICE_FEATURE_PASID:
		return feature_pasid(vdev, flags, arg, argsz);
	case VFIO_DEVICE_FEATURE_PCI_VF_TOKEN:
		return vfio_pci_feature_token(vdev, flags, arg, argsz);
	default:
		return -ENOTTY;
	}
}
EXPORT_SYMBOL_NS_GPL(vfio_pci_core_ioctl_feature, "VFIO_PCI_NG");
