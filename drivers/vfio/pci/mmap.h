/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __VFIO_PCI_MMAP_H
#define __VFIO_PCI_MMAP_H

#include <linux/vfio_pci_core.h>

int vfio_pci_mmap_bar(struct vfio_pci_core_device *vdev,
		      struct vm_area_struct *vma);

#endif /* __VFIO_PCI_MMAP_H */
