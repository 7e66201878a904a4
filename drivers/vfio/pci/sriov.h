/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SR-IOV of a physical function with a driver in user space, and the token by
 * which users of its virtual functions show that they trust that driver.
 */
#ifndef __VFIO_PCI_SRIOV_H
#define __VFIO_PCI_SRIOV_H

#include <linux/vfio_pci_core.h>

int vfio_pci_sriov_init(struct vfio_pci_core_device *vdev);
void vfio_pci_sriov_destroy(struct vfio_pci_core_device *vdev);
void vfio_pci_sriov_open(struct vfio_pci_core_device *vdev);
void vfio_pci_sriov_close(struct vfio_pci_core_device *vdev);
int vfio_pci_parse_token(const char *options, uuid_t *token, bool *found);
int vfio_pci_check_token(struct vfio_pci_core_device *vdev,
			 const uuid_t *token);
int vfio_pci_feature_token(struct vfio_pci_core_device *vdev, u32 flags,
			   void __user *arg, size_t argsz);

#endif /* __VFIO_PCI_SRIOV_H */
