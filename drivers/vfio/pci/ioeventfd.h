/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __VFIO_PCI_IOEVENTFD_H
#define __VFIO_PCI_IOEVENTFD_H

#include <linux/vfio_pci_core.h>

long vfio_pci_ioctl_ioeventfd(struct vfio_pci_core_device *vdev,
			      struct vfio_device_ioeventfd __user *arg);
void vfio_pci_drop_ioeventfds(struct vfio_pci_core_device *vdev);

#endif /* __VFIO_PCI_IOEVENTFD_H */
