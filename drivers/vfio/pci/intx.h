/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __VFIO_PCI_INTX_H
#define __VFIO_PCI_INTX_H

#include <linux/vfio_pci_core.h>

int vfio_pci_intx_enable(struct vfio_pci_core_device *vdev,
			 struct eventfd_ctx *trigger);
void vfio_pci_intx_disable(struct vfio_pci_core_device *vdev);
void vfio_pci_intx_set_trigger(struct vfio_pci_core_device *vdev,
			       struct eventfd_ctx *trigger);
void vfio_pci_intx_signal(struct vfio_pci_core_device *vdev);
void vfio_pci_intx_mask(struct vfio_pci_core_device *vdev);
void vfio_pci_intx_unmask(struct vfio_pci_core_device *vdev);
int vfio_pci_intx_mask_by_eventfd(struct vfio_pci_core_device *vdev, int fd);
int vfio_pci_intx_unmask_by_eventfd(struct vfio_pci_core_device *vdev, int fd);
void vfio_pci_intx_sync(struct vfio_pci_core_device *vdev);
void vfio_pci_intx_suspend(struct vfio_pci_core_device *vdev);
void vfio_pci_intx_resume(struct vfio_pci_core_device *vdev);
void vfio_pci_intx_set_disabled(struct vfio_pci_core_device *vdev,
				bool disabled);

#endif /* __VFIO_PCI_INTX_H */
