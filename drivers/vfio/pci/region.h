/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __VFIO_PCI_REGION_H
#define __VFIO_PCI_REGION_H

#include <linux/vfio_pci_core.h>

ssize_t vfio_pci_region_rw(struct vfio_pci_core_device *vdev, char __user *buf,
			   size_t count, loff_t *ppos, bool write);

#endif /* __VFIO_PCI_REGION_H */
