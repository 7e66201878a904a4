/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __VFIO_PCI_BAR_IO_H
#define __VFIO_PCI_BAR_IO_H

#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/io.h>
#include <linux/unaligned.h>
#include <linux/vfio_pci_core.h>

/**
 * vfio_pci_io_write() - write once to a BAR
 * @io: address in the mapping of the BAR
 * @from: value, little endian
 * @width: 1, 2, 4 or 8 bytes. @io is aligned to it unless user space asked for
 * an unaligned access.
 *
 * Context: Any.
 */
static inline void vfio_pci_io_write(void __iomem *io, const u8 *from,
				     unsigned int width)
{
	switch (width) {
	case 1:
		iowrite8(*from, io);
		break;
	case 2:
		iowrite16(get_unaligned_le16(from), io);
		break;
	case 4:
		iowrite32(get_unaligned_le32(from), io);
		break;
	case 8:
		iowrite64(get_unaligned_le64(from), io);
		break;
	}
}

u64 vfio_pci_rom_size(struct pci_dev *pdev);
ssize_t vfio_pci_vga_range_rw(struct vfio_pci_core_device *vdev,
			      void __iomem *io, u64 size, unsigned int rsrc,
			      u64 off, char __user *buf, size_t count,
			      bool write);
ssize_t vfio_pci_bar_rw(struct vfio_pci_core_device *vdev, char __user *buf,
			size_t count, loff_t *ppos, bool write);
ssize_t vfio_pci_rom_read(struct vfio_pci_core_device *vdev, char __user *buf,
			  size_t count, loff_t *ppos);

#endif /* __VFIO_PCI_BAR_IO_H */
