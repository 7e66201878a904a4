// SPDX-License-Identifier: GPL-2.0-only
/*
 * Registration of devices: joins a device, its group and its device node. The
 * prototypes are in linux/vfio.h.
 */
#include <linux/bug.h>
#include <linux/export.h>
#include <linux/panic.h>
#include <linux/vfio.h>

#include "cdev.h"
#include "device.h"
#include "devset.h"
#include "dma_log.h"
#include "group.h"
#include "migration.h"

static bool register_has_ops(const struct vfio_device_ops *ops)
{
	return ops->bind_iommufd && ops->unbind_iommufd && ops->attach_ioas &&
	       ops->detach_ioas;
}

/* User space cannot compensate for DMA that is not coherent */
static bool register_is_coherent(struct vfio_device *device)
{
	return device->group->kind != IOMMUFD_GROUP_PHYSICAL ||
	       device_iommu_capable(device->dev, IOMMU_CAP_CACHE_COHERENCY);
}

/* From now on, the device may cause any failure of the kernel */
static void register_taint(struct vfio_device *device)
{
	add_taint(TAINT_USER, LOCKDEP_STILL_OK);
	dev_warn(device->dev,
		 "without an IOMMU: kernel tainted, as user space gets it\n");
}

static int register_dev(struct vfio_device *device,
			enum iommufd_group_kind kind)
{
	int ret;

	if (WARN_ON(!register_has_ops(device->ops)))
		return -EINVAL;
	if (!vfio_migration_valid(device) || !vfio_dma_log_valid(device))
		return -EINVAL;

	if (!device->dev_set) {
		ret = vfio_assign_device_set(device, device);
		if (ret)
			return ret;
	}

	ret = vfio_group_join(device, kind);
	if (ret)
		return ret;

	if (!register_is_coherent(device)) {
		ret = -EINVAL;
		goto err_leave;
	}

	/* User space can open the node before vfio_cdev_add() returns */
	vfio_device_start_registration(device);
	ret = vfio_cdev_add(device);
	if (ret)
		goto err_end;

	vfio_group_list_device(device);
	if (device->noiommu)
		register_taint(device);
	return 0;

err_end:
	vfio_device_end_registration(device);
err_leave:
	vfio_group_leave(device);
	return ret;
}

/**
 * vfio_register_group_dev() - offer a device to user space
 * @device: the device, from vfio_alloc_device()
 *
 * A device that is not behind an IOMMU is accepted if the module parameter
 * enable_unsafe_noiommu_mode is set. That taints the kernel.
 *
 * Context: May sleep. In the driver's probe().
 * Return: 0; -EINVAL if ops are missing or the device is not behind an IOMMU
 * that keeps its DMA cache coherent; -ENOMEM; or another negative errno.
 */
int vfio_register_group_dev(struct vfio_device *device)
{
	return register_dev(device, IOMMUFD_GROUP_PHYSICAL);
}
EXPORT_SYMBOL_NS_GPL(vfio_register_group_dev, "VFIO_NG");

/**
 * vfio_register_emulated_iommu_dev() - offer an emulated device to user space
 * @device: the device, from vfio_alloc_device()
 *
 * The device accesses memory only by vfio_pin_pages() and vfio_dma_rw(), and is
 * not in an IOMMU group of the host.
 *
 * Context: May sleep. In the driver's probe().
 * Return: 0, -EINVAL if ops are missing, -ENOMEM, or another negative errno.
 */
int vfio_register_emulated_iommu_dev(struct vfio_device *device)
{
	return register_dev(device, IOMMUFD_GROUP_EMULATED);
}
EXPORT_SYMBOL_NS_GPL(vfio_register_emulated_iommu_dev, "VFIO_NG");

/**
 * vfio_unregister_group_dev() - withdraw a device from user space
 * @device: the device, registered
 *
 * Asks the user to close the device, through ops->request(), and waits until it
 * is closed.
 *
 * Context: May sleep, for any length of time. In the driver's remove().
 */
void vfio_unregister_group_dev(struct vfio_device *device)
{
	/* Prevent new opens ... */
	vfio_group_unlist_device(device);
	vfio_cdev_del(device);
	/* ... wait until the present ones are closed ... */
	vfio_device_end_registration(device);
	/* ... and remove the device from its group */
	vfio_group_leave(device);
}
EXPORT_SYMBOL_NS_GPL(vfio_unregister_group_dev, "VFIO_NG");
