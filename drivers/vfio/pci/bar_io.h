/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __VFIO_PCI_BAR_IO_H
#define __VFIO_PCI_BAR_IO_H

#include <linux/vfio_pci_core.h>

u64 vfio_pci_rom_size(struct pci_dev *pdev);
void vfio_pci_io_write(void __iomem *io, const u8 *from, unsigned int width);
ssize_t vfio_pci_io_rw(struct vfio_pci_core_device *vdev, void __iomem *io,
		       u64 size, u64 off, char __user *buf, size_t count,
		       bool write);
ssize_t vfio_pci_bar_rw(struct vfio_pci_core_device *vdev, char __user *buf,
			size_t count, loff_t *ppos, bool write);
ssize_t vfio_pci_rom_read(struct vfio_pci_core_device *vdev, char __user *buf,
			  size_t count, loff_t *ppos);

#endif /* __VFIO_PCI_BAR_IO_H */
