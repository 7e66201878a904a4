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

#endif /* __VFIO_PCI_RUNTIME_PM_H */
