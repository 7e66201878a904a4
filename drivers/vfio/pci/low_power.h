/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __VFIO_PCI_LOW_POWER_H
#define __VFIO_PCI_LOW_POWER_H

#include <linux/pm.h>
#include <linux/vfio_pci_core.h>

struct eventfd_ctx;

extern const struct dev_pm_ops vfio_pci_low_power_pm_ops;

void vfio_pci_low_power_init(struct vfio_pci_core_device *vdev);
void vfio_pci_low_power_settle(struct vfio_pci_core_device *vdev);
int vfio_pci_get_awake(struct vfio_pci_core_device *vdev);
int vfio_pci_low_power_enter(struct vfio_pci_core_device *vdev,
			     struct eventfd_ctx *wakeup);
void vfio_pci_low_power_exit(struct vfio_pci_core_device *vdev);
void vfio_pci_idle_allow(struct vfio_pci_core_device *vdev);
void vfio_pci_idle_forbid(struct vfio_pci_core_device *vdev);
int vfio_pci_idle_end(struct vfio_pci_core_device *vdev);
void vfio_pci_idle_begin(struct vfio_pci_core_device *vdev);

#endif /* __VFIO_PCI_LOW_POWER_H */
