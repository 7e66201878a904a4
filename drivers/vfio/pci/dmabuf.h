/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __VFIO_PCI_DMABUF_H
#define __VFIO_PCI_DMABUF_H

#include <linux/vfio_pci_core.h>

struct dma_buf;

void vfio_pci_dmabuf_probe(struct pci_dev *pdev);
struct dma_buf *
vfio_pci_dmabuf_create(struct vfio_pci_core_device *vdev,
		       const struct vfio_device_feature_dma_buf *req,
		       struct vfio_region_dma_range *ranges);
void vfio_pci_dmabuf_revoke_all(struct vfio_pci_core_device *vdev);
void vfio_pci_dmabuf_restore_all(struct vfio_pci_core_device *vdev);
void vfio_pci_dmabuf_remove_all(struct vfio_pci_core_device *vdev);
void vfio_pci_dmabuf_init(void);
void vfio_pci_dmabuf_exit(void);

#endif /* __VFIO_PCI_DMABUF_H */
