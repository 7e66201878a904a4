// SPDX-License-Identifier: GPL-2.0-only
/*
 * VGA displays. They decode the same fixed ranges, one display at a time, as
 * the arbiter of the PCI core decides.
 */
#include <linux/aperture.h>
#include <linux/io.h>
#include <linux/pci.h>
#include <linux/vgaarb.h>

#include "bar_io.h"
#include "vga.h"

#define RSRC_NORMAL (VGA_RSRC_NORMAL_IO | VGA_RSRC_NORMAL_MEM)
#define RSRC_LEGACY (VGA_RSRC_LEGACY_IO | VGA_RSRC_LEGACY_MEM)

/**
 * struct vga_range - a range that all VGA devices decode
 */
struct vga_range {
	/** @start: bus address, which is also the offset in the region */
	u32 start;
	/** @size: size in bytes */
	u32 size;
	/** @rsrc: VGA_RSRC_ flag for the arbiter */
	unsigned int rsrc;
};

static const struct vga_range vga_ranges[] = {
	{ 0xa0000, 0x20000, VGA_RSRC_LEGACY_MEM },
	{ 0x3b0, 0xc, VGA_RSRC_LEGACY_IO },
	{ 0x3c0, 0x20, VGA_RSRC_LEGACY_IO },
};

/* Return whether another VGA device is on a bus below the bridge above @pdev */
static bool vga_has_neighbour(struct pci_dev *pdev)
{
	unsigned char last = pci_bus_max_busnr(pdev->bus);
	struct pci_dev *other = NULL;

	for_each_pci_dev(other) {
		if (other == pdev || !pci_is_vga(other) ||
		    pci_is_root_bus(other->bus) ||
		    pci_domain_nr(other->bus) != pci_domain_nr(pdev->bus))
			continue;
		if (other->bus->number >= pdev->bus->number &&
		    other->bus->number <= last) {
			pci_dev_put(other);
			return true;
		}
	}
	return false;
}

/*
 * A user without the VGA region does not enable forwarding of the ranges by the
 * bridge, so a display that is alone below its bridge does not take part in the
 * arbitration.
 */
static unsigned int vga_decodes(struct pci_dev *pdev, bool single)
{
	struct vfio_pci_core_device *vdev = pci_get_drvdata(pdev);

	if (single || !vdev->disable_vga || pci_is_root_bus(pdev->bus) ||
	    vga_has_neighbour(pdev))
		return RSRC_NORMAL | RSRC_LEGACY;
	return RSRC_NORMAL;
}

/**
 * vfio_pci_vga_register() - take over a display from the host
 * @vdev: the device, not registered yet; need not be a display
 *
 * A framebuffer that was set up by firmware is removed, because it draws into
 * the BARs.
 *
 * Context: May sleep.
 * Return: 0, or a negative errno.
 */
int vfio_pci_vga_register(struct vfio_pci_core_device *vdev)
{
	struct pci_dev *pdev = vdev->pdev;
	int ret;

	if (!pci_is_vga(pdev))
		return 0;

	ret = aperture_remove_conflicting_pci_devices(pdev,
						      vdev->vdev.ops->name);
	if (ret)
		return ret;
	ret = vga_client_register(pdev, vga_decodes);
	if (ret)
		return ret;
	vga_set_legacy_decoding(pdev, vga_decodes(pdev, false));
	return 0;
}

/**
 * vfio_pci_vga_unregister() - undo vfio_pci_vga_register()
 * @vdev: the device
 *
 * Context: May sleep.
 */
void vfio_pci_vga_unregister(struct vfio_pci_core_device *vdev)
{
	struct pci_dev *pdev = vdev->pdev;

	if (!pci_is_vga(pdev))
		return;
	vga_client_unregister(pdev);
	vga_set_legacy_decoding(pdev, RSRC_NORMAL | RSRC_LEGACY);
}

/**
 * vfio_pci_has_vga() - check that a device has the VGA region
 * @vdev: the device
 *
 * Context: Any.
 * Return: True for a VGA display of an x86 machine, unless the driver has
 * disabled the region.
 */
bool vfio_pci_has_vga(struct vfio_pci_core_device *vdev)
{
	/* The ranges of other machines have other contents at these addresses */
	return IS_ENABLED(CONFIG_X86) && pci_is_vga(vdev->pdev) &&
	       !vdev->disable_vga;
}

static const struct vga_range *vga_find_range(u64 pos)
{
	for (size_t i = 0; i < ARRAY_SIZE(vga_ranges); i++)
		if (pos >= vga_ranges[i].start &&
		    pos - vga_ranges[i].start < vga_ranges[i].size)
			return &vga_ranges[i];
	return NULL;
}

static void __iomem *vga_map_range(const struct vga_range *range)
{
	if (range->rsrc == VGA_RSRC_LEGACY_IO)
		return ioport_map(range->start, range->size);
	return ioremap(range->start, range->size);
}

static void vga_unmap_range(const struct vga_range *range, void __iomem *io)
{
	if (range->rsrc == VGA_RSRC_LEGACY_IO)
		ioport_unmap(io);
	else
		iounmap(io);
}

/**
 * vfio_pci_vga_rw() - read or write the VGA region for the user
 * @vdev: an open device
 * @buf: user's buffer
 * @count: number of bytes
 * @ppos: offset in the device file; advanced by the return value
 * @write: true to write
 *
 * The arbiter keeps other devices from decoding the range. The memory enable
 * bit is not checked, because the ranges are not BARs.
 *
 * Context: May sleep; a signal interrupts the wait for the arbiter.
 * Return: Number of bytes, fewer than @count at the end of a range; -EINVAL
 * outside of the ranges or without the region; -ENOMEM; -ERESTARTSYS for a
 * signal.
 */
ssize_t vfio_pci_vga_rw(struct vfio_pci_core_device *vdev, char __user *buf,
			size_t count, loff_t *ppos, bool write)
{
	u64 pos = *ppos & VFIO_PCI_OFFSET_MASK;
	const struct vga_range *range = vga_find_range(pos);
	void __iomem *io;
	ssize_t ret;

	if (!range || !vfio_pci_has_vga(vdev))
		return -EINVAL;
	io = vga_map_range(range);
	if (!io)
		return -ENOMEM;

	ret = vfio_pci_vga_range_rw(vdev, io, range->size, range->rsrc,
				    pos - range->start, buf, count, write);
	vga_unmap_range(range, io);
	if (ret > 0)
		*ppos += ret;
	return ret;
}
