/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __VFIO_PCI_CONFIG_CAP_H
#define __VFIO_PCI_CONFIG_CAP_H

#include <linux/vfio_pci_core.h>

int vfio_pci_config_init_caps(struct vfio_pci_core_device *vdev);

#endif /* __VFIO_PCI_CONFIG_CAP_H */
