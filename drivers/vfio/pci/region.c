// SPDX-License-Identifier: GPL-2.0-only
/*
 * Regions of the device file: their description, and dispatch of reads and
 * writes.
 */
#include <linux/export.h>
#include <linux/pm_runtime.h>

#include "bar.h"
#include "bar_io.h"
#include "config.h"
#include "dev_region.h"
#include "intx.h"
#include "power_state.h"
#include "runtime_pm.h"
#include "vga.h"

/* Offsets are bus addresses; the region ends with the last range */
#define VGA_REGION_SIZE 0xc0000

static int region_bar_info(struct vfio_pci_core_device *vdev,
			   struct vfio_region_info *info,
			   struct vfio_info_cap *caps)
{
	struct vfio_info_cap_header mappable = {
		.id = VFIO_REGION_INFO_CAP_MSIX_MAPPABLE,
		.version = 1,
	};
	u32 bar = info->index;

	info->size = pci_resource_len(vdev->pdev, bar);
	if (!info->size)
		return 0;

	info->flags = VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE;
	if (!vdev->bar_mmap_supported[bar])
		return 0;
	info->flags |= VFIO_REGION_INFO_FLAG_MMAP;
	if (bar != vdev->msix_bar)
		return 0;

	/* The IOMMU checks interrupts, so the user may map the MSI-X table */
	return vfio_info_add_capability(caps, &mappable, sizeof(mappable));
}

static bool region_probe_rom(struct vfio_pci_core_device *vdev)
{
	void __iomem *io;
	size_t size;
	u16 cmd;

	guard(mutex)(&vdev->rom_lock);
	cmd = vfio_pci_lock_and_force_memory(vdev);
	io = pci_map_rom(vdev->pdev, &size);
	if (io)
		pci_unmap_rom(vdev->pdev, io);
	vfio_pci_restore_and_unlock_memory(vdev, cmd);
	return io;
}

/* Return whether the ROM BAR, if there is one, shows an image */
static bool region_rom_has_image(struct vfio_pci_core_device *vdev)
{
	pci_power_t state;
	bool found;

	if (!pci_resource_start(vdev->pdev, PCI_ROM_RESOURCE))
		return true;

	guard(mutex)(&vdev->config->lock);
	state = vfio_pci_power_up(vdev);
	found = region_probe_rom(vdev);
	vfio_pci_power_restore(vdev, state);
	vfio_pci_intx_sync(vdev);
	return found;
}

/**
 * vfio_pci_ioctl_get_region_info() - handle VFIO_DEVICE_GET_REGION_INFO
 * @core_vdev: an open device
 * @info: index on entry; the other members are set
 * @caps: chain for capabilities of the region
 *
 * Context: May sleep. Takes the config lock, the ROM lock, igate and the memory
 * lock.
 * Return: 0, or a negative errno.
 */
int vfio_pci_ioctl_get_region_info(struct vfio_device *core_vdev,
				   struct vfio_region_info *info,
				   struct vfio_info_cap *caps)
{
	struct vfio_pci_core_device *vdev =
		container_of(core_vdev, struct vfio_pci_core_device, vdev);

	vfio_pci_runtime_flush(vdev);
	info->offset = VFIO_PCI_INDEX_TO_OFFSET(info->index);
	info->size = 0;
	info->flags = 0;

	switch (info->index) {
	case VFIO_PCI_BAR0_REGION_INDEX ... VFIO_PCI_BAR5_REGION_INDEX:
		return region_bar_info(vdev, info, caps);
	case VFIO_PCI_ROM_REGION_INDEX:
		if (vfio_pci_rom_size(vdev->pdev) &&
		    region_rom_has_image(vdev)) {
			info->size = vfio_pci_rom_size(vdev->pdev);
			info->flags = VFIO_REGION_INFO_FLAG_READ;
		}
		return 0;
	case VFIO_PCI_CONFIG_REGION_INDEX:
		info->size = vdev->pdev->cfg_size;
		info->flags = VFIO_REGION_INFO_FLAG_READ |
			      VFIO_REGION_INFO_FLAG_WRITE;
		return 0;
	case VFIO_PCI_VGA_REGION_INDEX:
		if (!vfio_pci_has_vga(vdev))
			return -EINVAL;
		info->size = VGA_REGION_SIZE;
		info->flags = VFIO_REGION_INFO_FLAG_READ |
			      VFIO_REGION_INFO_FLAG_WRITE;
		return 0;
	default:
		return vfio_pci_dev_region_info(vdev, info, caps);
	}
}
EXPORT_SYMBOL_NS_GPL(vfio_pci_ioctl_get_region_info, "VFIO_PCI_NG");

static ssize_t region_dispatch(struct vfio_pci_core_device *vdev,
			       char __user *buf, size_t count, loff_t *ppos,
			       bool write)
{
	switch (VFIO_PCI_OFFSET_TO_INDEX(*ppos)) {
	case VFIO_PCI_BAR0_REGION_INDEX ... VFIO_PCI_BAR5_REGION_INDEX:
		return vfio_pci_bar_rw(vdev, buf, count, ppos, write);
	case VFIO_PCI_ROM_REGION_INDEX:
		if (write)
			return -EINVAL;
		return vfio_pci_rom_read(vdev, buf, count, ppos);
	case VFIO_PCI_CONFIG_REGION_INDEX:
		return vfio_pci_config_rw(vdev, buf, count, ppos, write);
	case VFIO_PCI_VGA_REGION_INDEX:
		return vfio_pci_vga_rw(vdev, buf, count, ppos, write);
	default:
		return vfio_pci_dev_region_rw(vdev, buf, count, ppos, write);
	}
}

/* Resume the device, even if the access then fails */
static ssize_t region_rw(struct vfio_device *core_vdev, char __user *buf,
			 size_t count, loff_t *ppos, bool write)
{
	struct vfio_pci_core_device *vdev =
		container_of(core_vdev, struct vfio_pci_core_device, vdev);
	ssize_t ret;

	if (!count)
		return 0;

	if (vfio_pci_runtime_get_open(vdev))
		return -EIO;
	ret = region_dispatch(vdev, buf, count, ppos, write);
	pm_runtime_put(&vdev->pdev->dev);
	return ret;
}

/**
 * vfio_pci_core_read() - read from a region, for vfio_device_ops.read
 * @core_vdev: an open device
 * @buf: user's buffer
 * @count: number of bytes
 * @ppos: offset in the device file; advanced by the return value
 *
 * Context: May sleep. Takes the config or the memory lock.
 * Return: Number of bytes read, -EIO if the device cannot be resumed, or
 * another negative errno.
 */
ssize_t vfio_pci_core_read(struct vfio_device *core_vdev, char __user *buf,
			   size_t count, loff_t *ppos)
{
	return region_rw(core_vdev, buf, count, ppos, false);
}
EXPORT_SYMBOL_NS_GPL(vfio_pci_core_read, "VFIO_PCI_NG");

/**
 * vfio_pci_core_write() - write to a region, for vfio_device_ops.write
 * @core_vdev: an open device
 * @buf: user's buffer
 * @count: number of bytes
 * @ppos: offset in the device file; advanced by the return value
 *
 * Context: May sleep. Takes the config or the memory lock.
 * Return: Number of bytes written, -EIO if the device cannot be resumed, or
 * another negative errno.
 */
ssize_t vfio_pci_core_write(struct vfio_device *core_vdev,
			    const char __user *buf, size_t count, loff_t *ppos)
{
	return region_rw(core_vdev, (char __user *)buf, count, ppos, true);
}
EXPORT_SYMBOL_NS_GPL(vfio_pci_core_write, "VFIO_PCI_NG");
