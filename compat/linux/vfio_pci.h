/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Differences between the native vfio-pci drivers of kernels. Devices behave as
 * with the native driver of the running kernel, as programs expect.
 */
#ifndef _COMPAT_LINUX_VFIO_PCI_H
#define _COMPAT_LINUX_VFIO_PCI_H

#include <linux/pci.h>
#include <linux/version.h>

/* Whether a device has VFIO_PCI_ERR_IRQ_INDEX: every one from 7.3 on. */
static inline bool vfio_pci_has_err_irq(struct pci_dev *pdev)
{
	return LINUX_VERSION_CODE >= KERNEL_VERSION(7, 3, 0) ||
	       pci_is_pcie(pdev);
}

#endif /* _COMPAT_LINUX_VFIO_PCI_H */
