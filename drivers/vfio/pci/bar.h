/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __VFIO_PCI_BAR_H
#define __VFIO_PCI_BAR_H

#include <linux/vfio_pci_core.h>

bool vfio_pci_memory_enabled(struct vfio_pci_core_device *vdev);
void vfio_pci_zap_bars(struct vfio_pci_core_device *vdev);
void vfio_pci_lock_and_zap_memory(struct vfio_pci_core_device *vdev);
u16 vfio_pci_lock_and_force_memory(struct vfio_pci_core_device *vdev);
void vfio_pci_restore_and_unlock_memory(struct vfio_pci_core_device *vdev,
					u16 cmd);
void vfio_pci_map_bars(struct vfio_pci_core_device *vdev);
void vfio_pci_unmap_bars(struct vfio_pci_core_device *vdev);
void vfio_pci_probe_bar_mmap(struct vfio_pci_core_device *vdev);

#endif /* __VFIO_PCI_BAR_H */
