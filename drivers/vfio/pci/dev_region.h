/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __VFIO_PCI_DEV_REGION_H
#define __VFIO_PCI_DEV_REGION_H

#include <linux/vfio_pci_core.h>

int vfio_pci_dev_region_info(struct vfio_pci_core_device *vdev,
			     struct vfio_region_info *info,
			     struct vfio_info_cap *caps);
ssize_t vfio_pci_dev_region_rw(struct vfio_pci_core_device *vdev,
			       char __user *buf, size_t count, loff_t *ppos,
			       bool write);
int vfio_pci_dev_region_mmap(struct vfio_pci_core_device *vdev,
			     struct vm_area_struct *vma);
void vfio_pci_dev_regions_release(struct vfio_pci_core_device *vdev);

#endif /* __VFIO_PCI_DEV_REGION_H */
