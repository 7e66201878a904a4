// SPDX-License-Identifier: GPL-2.0-only
/*
 * Regions of an Intel display besides the function itself: the OpRegion that
 * firmware set up for it, and config space of the host bridge and of the LPC
 * bridge. All of them are read-only.
 *
 * The OpRegion is described in Intel's "IGD OpRegion/Software SCI" document.
 * Its header refers to a video BIOS table (VBT) that is too big for the
 * OpRegion: by physical address in version 2.0, and by the distance from the
 * OpRegion since version 2.1. The user sees the OpRegion, followed by the
 * table, with a header of version 2.1 for this layout.
 */
#include <linux/err.h>
#include <linux/export.h>
#include <linux/io.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/unaligned.h>

#include "config.h"
#include "igd.h"

/* Register of config space with the physical address of the OpRegion */
#define ASLS 0xfc

#define OPREGION_SIZE 0x2000
#define OPREGION_SIGNATURE "IntelGraphicsMem"
/* Offsets in the OpRegion, and the versions with different layouts */
#define OPREGION_KIB 0x10
#define OPREGION_VERSION 0x16
#define OPREGION_RVDA 0x3ba
#define OPREGION_RVDS 0x3c2
#define VERSION_2_0 0x0200
#define VERSION_2_1 0x0201

/* Size of the buffer from which the region is copied to the user */
#define IGD_CHUNK 64

/**
 * struct opregion - an OpRegion and its table
 */
struct opregion {
	/** @base: the OpRegion, of OPREGION_SIZE bytes */
	void *base;
	/** @vbt: the table, or NULL */
	void *vbt;
	/** @vbt_size: size of @vbt in bytes */
	u32 vbt_size;
};

static void igd_free_opregion(struct opregion *opregion)
{
	if (opregion->vbt)
		memunmap(opregion->vbt);
	memunmap(opregion->base);
	kfree(opregion);
}

/*
 * Copy @bytes, which are @size bytes at offset @at, into the @n bytes at offset
 * @pos in @buf, as far as the two overlap
 */
static void igd_overlay(u8 *buf, u64 pos, size_t n, u64 at, const void *bytes,
			size_t size)
{
	u64 from = max(pos, at);
	u64 to = min(pos + n, at + size);

	if (from < to)
		memcpy(buf + (from - pos), bytes + (from - at), to - from);
}

/* Fill @buf with the @n bytes of the region at @pos */
static void igd_compose(const struct opregion *opregion, u64 pos, u8 *buf,
			size_t n)
{
	__le64 rvda = cpu_to_le64(opregion->vbt ? OPREGION_SIZE : 0);
	__le16 version = cpu_to_le16(VERSION_2_1);

	igd_overlay(buf, pos, n, 0, opregion->base, OPREGION_SIZE);
	if (!opregion->vbt) {
		igd_overlay(buf, pos, n, OPREGION_RVDA, &rvda, sizeof(rvda));
		return;
	}
	igd_overlay(buf, pos, n, OPREGION_SIZE, opregion->vbt,
		    opregion->vbt_size);
	igd_overlay(buf, pos, n, OPREGION_RVDA, &rvda, sizeof(rvda));
	if (get_unaligned_le16(opregion->base + OPREGION_VERSION) ==
	    VERSION_2_0)
		igd_overlay(buf, pos, n, OPREGION_VERSION, &version,
			    sizeof(version));
}

static struct vfio_pci_region *igd_region(struct vfio_pci_core_device *vdev,
					  loff_t pos)
{
	return &vdev->region[VFIO_PCI_OFFSET_TO_INDEX(pos) -
			     VFIO_PCI_NUM_REGIONS];
}

static ssize_t igd_opregion_rw(struct vfio_pci_core_device *vdev,
			       char __user *buf, size_t count, loff_t *ppos,
			       bool write)
{
	const struct vfio_pci_region *region = igd_region(vdev, *ppos);
	u64 pos = *ppos & VFIO_PCI_OFFSET_MASK;
	u8 chunk[IGD_CHUNK];
	size_t done, n;

	if (write || pos >= region->size)
		return -EINVAL;
	count = min_t(u64, count, region->size - pos);

	for (done = 0; done < count; done += n) {
		n = min_t(size_t, count - done, IGD_CHUNK);
		igd_compose(region->data, pos + done, chunk, n);
		if (copy_to_user(buf + done, chunk, n))
			return -EFAULT;
	}
	*ppos += count;
	return count;
}

static void igd_opregion_release(struct vfio_pci_core_device *vdev,
				 struct vfio_pci_region *region)
{
	igd_free_opregion(region->data);
}

static const struct vfio_pci_regops igd_opregion_ops = {
	.rw = igd_opregion_rw,
	.release = igd_opregion_release,
};

/* The header has the position of the table, or zeroes if there is none */
static int igd_map_vbt(struct opregion *opregion, u32 base_phys)
{
	u16 version = get_unaligned_le16(opregion->base + OPREGION_VERSION);
	u64 phys = get_unaligned_le64(opregion->base + OPREGION_RVDA);
	u32 size = get_unaligned_le32(opregion->base + OPREGION_RVDS);

	if (version < VERSION_2_0 || !phys || !size)
		return 0;
	if (version > VERSION_2_0)
		phys += base_phys;

	opregion->vbt = memremap(phys, size, MEMREMAP_WB);
	if (!opregion->vbt)
		return -ENOMEM;
	opregion->vbt_size = size;
	return 0;
}

static struct opregion *igd_map_opregion(u32 phys)
{
	struct opregion *opregion;
	int ret = -EINVAL;

	opregion = kzalloc_obj(*opregion, GFP_KERNEL_ACCOUNT);
	if (!opregion)
		return ERR_PTR(-ENOMEM);
	opregion->base = memremap(phys, OPREGION_SIZE, MEMREMAP_WB);
	if (!opregion->base) {
		kfree(opregion);
		return ERR_PTR(-ENOMEM);
	}

	if (!memcmp(opregion->base, OPREGION_SIGNATURE,
		    strlen(OPREGION_SIGNATURE)) &&
	    get_unaligned_le32(opregion->base + OPREGION_KIB))
		ret = igd_map_vbt(opregion, phys);
	if (ret) {
		igd_free_opregion(opregion);
		return ERR_PTR(ret);
	}
	return opregion;
}

static int igd_add_opregion(struct vfio_pci_core_device *vdev)
{
	struct opregion *opregion;
	u32 phys;
	int ret;

	ret = pci_read_config_dword(vdev->pdev, ASLS, &phys);
	if (ret)
		return pcibios_err_to_errno(ret);
	if (!phys || phys == U32_MAX)
		return -ENODEV;

	opregion = igd_map_opregion(phys);
	if (IS_ERR(opregion))
		return PTR_ERR(opregion);
	ret = vfio_pci_core_register_dev_region(
		vdev, PCI_VENDOR_ID_INTEL | VFIO_REGION_TYPE_PCI_VENDOR_TYPE,
		VFIO_REGION_SUBTYPE_INTEL_IGD_OPREGION, &igd_opregion_ops,
		OPREGION_SIZE + (size_t)opregion->vbt_size,
		VFIO_REGION_INFO_FLAG_READ, opregion);
	if (ret) {
		igd_free_opregion(opregion);
		return ret;
	}

	/* A guest may write its own address; the host's stays unchanged */
	put_unaligned_le32(phys, &vdev->vconfig[ASLS]);
	vfio_pci_perm_set(&vdev->config->perm, ASLS, 4, U32_MAX, U32_MAX);
	return 0;
}

static int igd_read_config(struct pci_dev *pdev, unsigned int pos,
			   unsigned int n, u8 *to)
{
	u32 dword;
	u16 word;
	int ret;

	switch (n) {
	case 1:
		return pci_user_read_config_byte(pdev, pos, to);
	case 2:
		ret = pci_user_read_config_word(pdev, pos, &word);
		put_unaligned_le16(word, to);
		return ret;
	default:
		ret = pci_user_read_config_dword(pdev, pos, &dword);
		put_unaligned_le32(dword, to);
		return ret;
	}
}

static ssize_t igd_bridge_rw(struct vfio_pci_core_device *vdev,
			     char __user *buf, size_t count, loff_t *ppos,
			     bool write)
{
	const struct vfio_pci_region *region = igd_region(vdev, *ppos);
	u64 pos = *ppos & VFIO_PCI_OFFSET_MASK;
	size_t done, n;
	u8 bytes[4];
	int ret;

	if (write || pos >= region->size)
		return -EINVAL;
	count = min_t(u64, count, region->size - pos);

	for (done = 0; done < count; done += n) {
		for (n = 4; n > count - done || (pos + done) % n;)
			n /= 2;
		ret = igd_read_config(region->data, pos + done, n, bytes);
		if (ret)
			return ret;
		if (copy_to_user(buf + done, bytes, n))
			return -EFAULT;
	}
	*ppos += count;
	return count;
}

static void igd_bridge_release(struct vfio_pci_core_device *vdev,
			       struct vfio_pci_region *region)
{
	pci_dev_put(region->data);
}

static const struct vfio_pci_regops igd_bridge_ops = {
	.rw = igd_bridge_rw,
	.release = igd_bridge_release,
};

static int igd_add_bridge(struct vfio_pci_core_device *vdev, unsigned int slot,
			  u32 class, unsigned int subtype)
{
	struct pci_dev *bridge;
	int ret = -EINVAL;

	bridge = pci_get_domain_bus_and_slot(0, 0, PCI_DEVFN(slot, 0));
	if (!bridge)
		return -ENODEV;

	if (bridge->vendor == PCI_VENDOR_ID_INTEL &&
	    bridge->class == class << 8)
		ret = vfio_pci_core_register_dev_region(
			vdev,
			PCI_VENDOR_ID_INTEL | VFIO_REGION_TYPE_PCI_VENDOR_TYPE,
			subtype, &igd_bridge_ops, bridge->cfg_size,
			VFIO_REGION_INFO_FLAG_READ, bridge);
	if (ret)
		pci_dev_put(bridge);
	return ret;
}

static int igd_add_regions(struct vfio_pci_core_device *vdev)
{
	int ret;

	ret = igd_add_opregion(vdev);
	if (ret)
		return ret;
	ret = igd_add_bridge(vdev, 0, PCI_CLASS_BRIDGE_HOST,
			     VFIO_REGION_SUBTYPE_INTEL_IGD_HOST_CFG);
	if (ret)
		return ret;
	return igd_add_bridge(vdev, 0x1f, PCI_CLASS_BRIDGE_ISA,
			      VFIO_REGION_SUBTYPE_INTEL_IGD_LPC_CFG);
}

/**
 * vfio_pci_igd_add_regions() - add the regions of an Intel display
 * @vdev: the device, after vfio_pci_core_enable(); need not be a display
 *
 * It is not an error if the OpRegion or a bridge of Intel's chipsets is
 * missing, because graphics cards have none of them. Only machines with an x86
 * processor have them.
 *
 * Context: May sleep. The caller holds dev_set->lock.
 * Return: 0; -EINVAL if an OpRegion or a bridge is found that is not Intel's;
 * or another negative errno. Regions that were added are removed when the
 * device is disabled.
 */
int vfio_pci_igd_add_regions(struct vfio_pci_core_device *vdev)
{
	struct pci_dev *pdev = vdev->pdev;
	int ret;

	if (!IS_ENABLED(CONFIG_X86) || pdev->vendor != PCI_VENDOR_ID_INTEL ||
	    pdev->class >> 16 != PCI_BASE_CLASS_DISPLAY)
		return 0;

	ret = igd_add_regions(vdev);
	if (ret == -ENODEV)
		return 0;
	if (ret)
		pci_warn(pdev, "Failed to setup Intel IGD regions (%d)\n", ret);
	return ret;
}
EXPORT_SYMBOL_NS_GPL(vfio_pci_igd_add_regions, "VFIO_PCI_NG");
