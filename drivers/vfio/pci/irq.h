/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __VFIO_PCI_IRQ_H
#define __VFIO_PCI_IRQ_H

#include <linux/vfio_pci_core.h>

int vfio_pci_get_irq_info(struct vfio_pci_core_device *vdev,
			  struct vfio_irq_info __user *arg);
int vfio_pci_set_irqs(struct vfio_pci_core_device *vdev,
		      struct vfio_irq_set __user *arg);
void vfio_pci_disable_irqs(struct vfio_pci_core_device *vdev);
void vfio_pci_drop_triggers(struct vfio_pci_core_device *vdev);
bool vfio_pci_signal_error(struct vfio_pci_core_device *vdev);
bool vfio_pci_signal_request(struct vfio_pci_core_device *vdev);

#endif /* __VFIO_PCI_IRQ_H */
