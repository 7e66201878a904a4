/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __VFIO_PCI_IGD_H
#define __VFIO_PCI_IGD_H

#include <linux/vfio_pci_core.h>

int vfio_pci_igd_add_regions(struct vfio_pci_core_device *vdev);

#endif /* __VFIO_PCI_IGD_H */
