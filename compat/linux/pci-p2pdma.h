/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Peer to peer DMA to BARs without struct pages is new in 6.19.
 */
#ifndef _COMPAT_LINUX_PCI_P2PDMA_H
#define _COMPAT_LINUX_PCI_P2PDMA_H

#include_next <linux/pci-p2pdma.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 19, 0)
struct p2pdma_provider;

static inline int pcim_p2pdma_init(struct pci_dev *pdev)
{
	return -EOPNOTSUPP;
}

static inline struct p2pdma_provider *pcim_p2pdma_provider(struct pci_dev *pdev,
							   int bar)
{
	return NULL;
}
#endif

#endif /* _COMPAT_LINUX_PCI_P2PDMA_H */
