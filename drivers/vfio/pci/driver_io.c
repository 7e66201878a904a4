// SPDX-License-Identifier: GPL-2.0-only
/*
 * Accesses to I/O memory by drivers that serve a part of a BAR themselves.
 */
#include <linux/export.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/io.h>
#include <linux/vfio_pci_core.h>

static bool driver_io_begin(struct vfio_pci_core_device *vdev, bool test_mem)
{
	if (!test_mem)
		return true;
	down_read(&vdev->memory_lock);
	if (__vfio_pci_memory_enabled(vdev))
		return true;
	up_read(&vdev->memory_lock);
	return false;
}

static void driver_io_end(struct vfio_pci_core_device *vdev, bool test_mem)
{
	if (test_mem)
		up_read(&vdev->memory_lock);
}

/**
 * vfio_pci_core_iowrite8() - write a byte
 * @vdev: an open device
 * @test_mem: fail if the device does not decode memory
 * @val: the value
 * @io: address in a mapping
 *
 * Context: May sleep. Takes the memory lock if @test_mem is set.
 * Return: 0, or -EIO if memory is not decoded.
 */
int vfio_pci_core_iowrite8(struct vfio_pci_core_device *vdev, bool test_mem,
			   u8 val, void __iomem *io)
{
	if (!driver_io_begin(vdev, test_mem))
		return -EIO;
	iowrite8(val, io);
	driver_io_end(vdev, test_mem);
	return 0;
}
EXPORT_SYMBOL_NS_GPL(vfio_pci_core_iowrite8, "VFIO_PCI_NG");

/**
 * vfio_pci_core_ioread8() - read a byte
 * @vdev: an open device
 * @test_mem: fail if the device does not decode memory
 * @val: set to the value
 * @io: address in a mapping
 *
 * Context: May sleep. Takes the memory lock if @test_mem is set.
 * Return: 0, or -EIO if memory is not decoded.
 */
int vfio_pci_core_ioread8(struct vfio_pci_core_device *vdev, bool test_mem,
			  u8 *val, void __iomem *io)
{
	if (!driver_io_begin(vdev, test_mem))
		return -EIO;
	*val = ioread8(io);
	driver_io_end(vdev, test_mem);
	return 0;
}
EXPORT_SYMBOL_NS_GPL(vfio_pci_core_ioread8, "VFIO_PCI_NG");

/**
 * vfio_pci_core_iowrite16() - write 16 bits
 * @vdev: an open device
 * @test_mem: fail if the device does not decode memory
 * @val: the value
 * @io: address in a mapping
 *
 * Context: May sleep. Takes the memory lock if @test_mem is set.
 * Return: 0, or -EIO if memory is not decoded.
 */
int vfio_pci_core_iowrite16(struct vfio_pci_core_device *vdev, bool test_mem,
			    u16 val, void __iomem *io)
{
	if (!driver_io_begin(vdev, test_mem))
		return -EIO;
	iowrite16(val, io);
	driver_io_end(vdev, test_mem);
	return 0;
}
EXPORT_SYMBOL_NS_GPL(vfio_pci_core_iowrite16, "VFIO_PCI_NG");

/**
 * vfio_pci_core_ioread16() - read 16 bits
 * @vdev: an open device
 * @test_mem: fail if the device does not decode memory
 * @val: set to the value
 * @io: address in a mapping
 *
 * Context: May sleep. Takes the memory lock if @test_mem is set.
 * Return: 0, or -EIO if memory is not decoded.
 */
int vfio_pci_core_ioread16(struct vfio_pci_core_device *vdev, bool test_mem,
			   u16 *val, void __iomem *io)
{
	if (!driver_io_begin(vdev, test_mem))
		return -EIO;
	*val = ioread16(io);
	driver_io_end(vdev, test_mem);
	return 0;
}
EXPORT_SYMBOL_NS_GPL(vfio_pci_core_ioread16, "VFIO_PCI_NG");

/**
 * vfio_pci_core_iowrite32() - write 32 bits
 * @vdev: an open device
 * @test_mem: fail if the device does not decode memory
 * @val: the value
 * @io: address in a mapping
 *
 * Context: May sleep. Takes the memory lock if @test_mem is set.
 * Return: 0, or -EIO if memory is not decoded.
 */
int vfio_pci_core_iowrite32(struct vfio_pci_core_device *vdev, bool test_mem,
			    u32 val, void __iomem *io)
{
	if (!driver_io_begin(vdev, test_mem))
		return -EIO;
	iowrite32(val, io);
	driver_io_end(vdev, test_mem);
	return 0;
}
EXPORT_SYMBOL_NS_GPL(vfio_pci_core_iowrite32, "VFIO_PCI_NG");

/**
 * vfio_pci_core_ioread32() - read 32 bits
 * @vdev: an open device
 * @test_mem: fail if the device does not decode memory
 * @val: set to the value
 * @io: address in a mapping
 *
 * Context: May sleep. Takes the memory lock if @test_mem is set.
 * Return: 0, or -EIO if memory is not decoded.
 */
int vfio_pci_core_ioread32(struct vfio_pci_core_device *vdev, bool test_mem,
			   u32 *val, void __iomem *io)
{
	if (!driver_io_begin(vdev, test_mem))
		return -EIO;
	*val = ioread32(io);
	driver_io_end(vdev, test_mem);
	return 0;
}
EXPORT_SYMBOL_NS_GPL(vfio_pci_core_ioread32, "VFIO_PCI_NG");

/**
 * vfio_pci_core_iowrite64() - write 64 bits
 * @vdev: an open device
 * @test_mem: fail if the device does not decode memory
 * @val: the value
 * @io: address in a mapping
 *
 * Context: May sleep. Takes the memory lock if @test_mem is set.
 * Return: 0, or -EIO if memory is not decoded.
 */
int vfio_pci_core_iowrite64(struct vfio_pci_core_device *vdev, bool test_mem,
			    u64 val, void __iomem *io)
{
	if (!driver_io_begin(vdev, test_mem))
		return -EIO;
	iowrite64(val, io);
	driver_io_end(vdev, test_mem);
	return 0;
}
EXPORT_SYMBOL_NS_GPL(vfio_pci_core_iowrite64, "VFIO_PCI_NG");

/**
 * vfio_pci_core_ioread64() - read 64 bits
 * @vdev: an open device
 * @test_mem: fail if the device does not decode memory
 * @val: set to the value
 * @io: address in a mapping
 *
 * Context: May sleep. Takes the memory lock if @test_mem is set.
 * Return: 0, or -EIO if memory is not decoded.
 */
int vfio_pci_core_ioread64(struct vfio_pci_core_device *vdev, bool test_mem,
			   u64 *val, void __iomem *io)
{
	if (!driver_io_begin(vdev, test_mem))
		return -EIO;
	*val = ioread64(io);
	driver_io_end(vdev, test_mem);
	return 0;
}
EXPORT_SYMBOL_NS_GPL(vfio_pci_core_ioread64, "VFIO_PCI_NG");

/**
 * vfio_pci_core_range_intersect_range() - find the part of a buffer that is a
 * register
 * @buf_start: offset of the buffer in a region
 * @buf_cnt: bytes in the buffer
 * @reg_start: offset of the register in the region
 * @reg_cnt: bytes of the register
 * @buf_offset: set to the offset of the common part in the buffer
 * @intersect_count: set to the bytes of the common part
 * @register_offset: set to the offset of the common part in the register
 *
 * Context: Any.
 * Return: False if there is no common part; nothing is set then.
 */
bool vfio_pci_core_range_intersect_range(loff_t buf_start, size_t buf_cnt,
					 loff_t reg_start, size_t reg_cnt,
					 loff_t *buf_offset,
					 size_t *intersect_count,
					 size_t *register_offset)
{
	loff_t start = max(buf_start, reg_start);
	loff_t end =
		min(buf_start + (loff_t)buf_cnt, reg_start + (loff_t)reg_cnt);

	if (start >= end)
		return false;
	*buf_offset = start - buf_start;
	*intersect_count = end - start;
	*register_offset = start - reg_start;
	return true;
}
EXPORT_SYMBOL_NS_GPL(vfio_pci_core_range_intersect_range, "VFIO_PCI_NG");
