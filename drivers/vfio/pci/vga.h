/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __VFIO_PCI_VGA_H
#define __VFIO_PCI_VGA_H

#include <linux/vfio_pci_core.h>

int vfio_pci_vga_register(struct vfio_pci_core_device *vdev);
void vfio_pci_vga_unregister(struct vfio_pci_core_device *vdev);
bool vfio_pci_has_vga(struct vfio_pci_core_device *vdev);
ssize_t vfio_pci_vga_rw(struct vfio_pci_core_device *vdev, char __user *buf,
			size_t count, loff_t *ppos, bool write);

#endif /* __VFIO_PCI_VGA_H */
