/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __VFIO_PCI_POWER_STATE_H
#define __VFIO_PCI_POWER_STATE_H

#include <linux/vfio_pci_core.h>

bool vfio_pci_is_accessible(struct pci_dev *pdev);
void vfio_pci_probe_power_state(struct vfio_pci_core_device *vdev);
int vfio_pci_set_power_state(struct vfio_pci_core_device *vdev,
			     pci_power_t state);
void vfio_pci_user_power_state(struct vfio_pci_core_device *vdev,
			       pci_power_t state);
pci_power_t vfio_pci_power_up(struct vfio_pci_core_device *vdev);
void vfio_pci_power_restore(struct vfio_pci_core_device *vdev,
			    pci_power_t state);
int vfio_pci_reset_function(struct vfio_pci_core_device *vdev);

#endif /* __VFIO_PCI_POWER_STATE_H */
