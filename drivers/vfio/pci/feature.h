/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VFIO_DEVICE_FEATURE. The call that drivers use is in linux/vfio_pci_core.h.
 */
#ifndef __VFIO_PCI_FEATURE_H
#define __VFIO_PCI_FEATURE_H

#include <linux/vfio_pci_core.h>

#endif /* __VFIO_PCI_FEATURE_H */
