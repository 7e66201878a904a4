/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __VFIO_PCI_SLOT_RESET_H
#define __VFIO_PCI_SLOT_RESET_H

#include <linux/pci.h>

int vfio_pci_reset_at_close(struct pci_dev *pdev,
			    int (*fn)(struct pci_dev *pdev));
int vfio_pci_slot_reset_init(void);
void vfio_pci_slot_reset_exit(void);

#endif /* __VFIO_PCI_SLOT_RESET_H */
