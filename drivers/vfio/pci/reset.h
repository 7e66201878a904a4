/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __VFIO_PCI_RESET_H
#define __VFIO_PCI_RESET_H

#include <linux/vfio_pci_core.h>

int vfio_pci_assign_reset_set(struct vfio_pci_core_device *vdev);
int vfio_pci_ioctl_reset(struct vfio_pci_core_device *vdev);
int vfio_pci_get_hot_reset_info(struct vfio_pci_core_device *vdev,
				struct vfio_pci_hot_reset_info __user *arg);
int vfio_pci_hot_reset(struct vfio_pci_core_device *vdev,
		       struct vfio_pci_hot_reset __user *arg);
void vfio_pci_try_reset_unused_set(struct vfio_device_set *dev_set);

#endif /* __VFIO_PCI_RESET_H */
