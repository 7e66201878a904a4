/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __VFIO_PCI_MSI_H
#define __VFIO_PCI_MSI_H

#include <linux/vfio_pci_core.h>

void vfio_pci_msix_probe(struct vfio_pci_core_device *vdev);
int vfio_pci_msi_enable(struct vfio_pci_core_device *vdev, unsigned int nr_vecs,
			bool msix);
void vfio_pci_msi_disable(struct vfio_pci_core_device *vdev);
int vfio_pci_msi_set_eventfds(struct vfio_pci_core_device *vdev,
			      unsigned int start, unsigned int count,
			      const s32 *fds);
void vfio_pci_msi_signal(struct vfio_pci_core_device *vdev, unsigned int nr);

#endif /* __VFIO_PCI_MSI_H */
