/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __VFIO_PCI_INFO_H
#define __VFIO_PCI_INFO_H

#include <linux/vfio_pci_core.h>

int vfio_pci_ioctl_get_info(struct vfio_pci_core_device *vdev,
			    struct vfio_device_info __user *arg);

#endif /* __VFIO_PCI_INFO_H */
