/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __VFIO_PCI_RUNTIME_PM_H
#define __VFIO_PCI_RUNTIME_PM_H

#include <linux/pm.h>
#include <linux/pm_runtime.h>
#include <linux/vfio_pci_core.h>
#include <linux/workqueue.h>

struct eventfd_ctx;

void vfio_pci_runtime_init(struct vfio_pci_core_device *vdev);
int vfio_pci_low_power_enter(struct vfio_pci_core_device *vdev,
			     struct eventfd_ctx *wakeup);
void vfio_pci_low_power_exit(struct vfio_pci_core_device *vdev);
void vfio_pci_idle_allow(struct vfio_pci_core_device *vdev);
void vfio_pci_idle_forbid(struct vfio_pci_core_device *vdev);
int vfio_pci_idle_end(struct vfio_pci_core_device *vdev);
void vfio_pci_idle_begin(struct vfio_pci_core_device *vdev);

/**
 * vfio_pci_runtime_flush() - wait for the work that completes a resume
 * @vdev: a device that the caller keeps from suspending
 *
 * Context: May sleep. Waits for holders of the memory lock and of igate.
 */
static inline void vfio_pci_runtime_flush(struct vfio_pci_core_device *vdev)
{
	/* Every access calls this, and flush_work() is not cheap */
	if (smp_load_acquire(&vdev->resume_pending))
		flush_work(&vdev->resume_work);
}

/**
 * vfio_pci_runtime_get() - resume a device and keep it from suspending
 * @vdev: the device
 *
 * Undone by pm_runtime_put().
 *
 * Context: May sleep. Waits for holders of the memory lock and of igate.
 * Return: 0 or a negative errno.
 */
static inline int vfio_pci_runtime_get(struct vfio_pci_core_device *vdev)
{
	int ret;

	ret = pm_runtime_resume_and_get(&vdev->pdev->dev);
	if (!ret)
		vfio_pci_runtime_flush(vdev);
	return ret;
}

/**
 * vfio_pci_runtime_get_open() - keep an open device from suspending
 * @vdev: an open device
 *
 * Undone by pm_runtime_put(). Does the same as vfio_pci_runtime_get(), but does
 * not take the lock of the PM core unless the device is in low power, because
 * an open device cannot suspend otherwise.
 *
 * Context: May sleep. Waits for holders of the memory lock and of igate.
 * Return: 0 or a negative errno.
 */
static inline int vfio_pci_runtime_get_open(struct vfio_pci_core_device *vdev)
{
	int ret = 0;

	pm_runtime_get_noresume(&vdev->pdev->dev);
	/*
	 * Pairs with the atomic operation on the count that follows the write
	 * in vfio_pci_low_power_enter(): either that task sees this reference,
	 * and the device stays awake, or this one sees low power.
	 */
	smp_mb__after_atomic();
	/* Pairs with smp_store_release() at the end of low power */
	if (unlikely(smp_load_acquire(&vdev->pm_runtime_engaged)))
		ret = pm_runtime_resume(&vdev->pdev->dev);
	if (ret < 0) {
		pm_runtime_put_noidle(&vdev->pdev->dev);
		return ret;
	}
	vfio_pci_runtime_flush(vdev);
	return 0;
}

#endif /* __VFIO_PCI_RUNTIME_PM_H */
