/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __VFIO_PCI_BAR_H
#define __VFIO_PCI_BAR_H

#include <linux/vfio_pci_core.h>

/**
 * vfio_pci_state_decodes() - check if a power state allows decoding
 * @state: power state
 *
 * Context: Any.
 * Return: False in D3 and if the state is unknown.
 */
static inline bool vfio_pci_state_decodes(pci_power_t state)
{
	return state == PCI_D0 || state == PCI_D1 || state == PCI_D2;
}

bool vfio_pci_memory_usable(struct vfio_pci_core_device *vdev);
bool vfio_pci_bar_enabled(struct vfio_pci_core_device *vdev, bool is_mem);
void vfio_pci_zap_bars(struct vfio_pci_core_device *vdev);
void vfio_pci_lock_and_zap_memory(struct vfio_pci_core_device *vdev);
void vfio_pci_unlock_memory(struct vfio_pci_core_device *vdev);
u16 vfio_pci_lock_and_force_memory(struct vfio_pci_core_device *vdev);
void vfio_pci_restore_and_unlock_memory(struct vfio_pci_core_device *vdev,
					u16 cmd);
void vfio_pci_map_bars(struct vfio_pci_core_device *vdev);
void vfio_pci_unmap_bars(struct vfio_pci_core_device *vdev);
void vfio_pci_probe_bar_mmap(struct vfio_pci_core_device *vdev);
void vfio_pci_p2p_register(struct vfio_pci_core_device *vdev);
void vfio_pci_p2p_suspend(struct vfio_pci_core_device *vdev);
void vfio_pci_p2p_unregister(struct vfio_pci_core_device *vdev);

#endif /* __VFIO_PCI_BAR_H */
