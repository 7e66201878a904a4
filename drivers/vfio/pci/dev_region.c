// SPDX-License-Identifier: GPL-2.0-only
/*
 * Regions that a driver adds behind those that every PCI function has.
 */
#include <linux/export.h>
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/slab.h>

#include "dev_region.h"

/**
 * vfio_pci_core_register_dev_region() - add a region to a device
 * @vdev: the device, between the halves of open_device()
 * @type: VFIO_REGION_TYPE_
 * @subtype: VFIO_REGION_SUBTYPE_, in the space of @type
 * @ops: who serves it
 * @size: bytes
 * @flags: VFIO_REGION_INFO_FLAG_ that the user is told
 * @data: for @ops; released by ops->release when the device is closed
 *
 * Its index is VFIO_PCI_NUM_REGIONS plus the number of those before it.
 *
 * Context: Process context, may sleep; set lock held.
 * Return: 0 or -ENOMEM; @data is the caller's then.
 */
int vfio_pci_core_register_dev_region(struct vfio_pci_core_device *vdev,
				      unsigned int type, unsigned int subtype,
				      const struct vfio_pci_regops *ops,
				      size_t size, u32 flags, void *data)
{
	struct vfio_pci_region *region;

	region = krealloc_array(vdev->region, vdev->num_regions + 1,
				sizeof(*region), GFP_KERNEL_ACCOUNT);
	if (!region)
		return -ENOMEM;

	vdev->region = region;
	region[vdev->num_regions++] = (struct vfio_pci_region){
		.type = type,
		.subtype = subtype,
		.ops = ops,
		.size = size,
		.flags = flags,
		.data = data,
	};
	return 0;
}
EXPORT_SYMBOL_NS_GPL(vfio_pci_core_register_dev_region, "VFIO_PCI_NG");

/**
 * vfio_pci_dev_regions_release() - drop the regions that were added
 * @vdev: the device, on its way to being closed
 *
 * Context: Process context, may sleep; set lock held.
 */
void vfio_pci_dev_regions_release(struct vfio_pci_core_device *vdev)
{
	while (vdev->num_regions) {
		struct vfio_pci_region *region =
			&vdev->region[--vdev->num_regions];

		region->ops->release(vdev, region);
	}
	kfree(vdev->region);
	vdev->region = NULL;
}

/* The index comes from the user, also on the paths that are speculated */
static struct vfio_pci_region *
dev_region_find(struct vfio_pci_core_device *vdev, u64 index)
{
	if (index < VFIO_PCI_NUM_REGIONS ||
	    index - VFIO_PCI_NUM_REGIONS >= vdev->num_regions)
		return NULL;
	index = array_index_nospec(index - VFIO_PCI_NUM_REGIONS,
				   vdev->num_regions);
	return &vdev->region[index];
}

/**
 * vfio_pci_dev_region_info() - describe a region that was added
 * @vdev: an open device
 * @info: index in, size and flags out
 * @caps: the type is appended, and what the region itself adds
 *
 * Context: Process context, may sleep.
 * Return: 0; -EINVAL where there is no such region; -ENOMEM.
 */
int vfio_pci_dev_region_info(struct vfio_pci_core_device *vdev,
			     struct vfio_region_info *info,
			     struct vfio_info_cap *caps)
{
	struct vfio_pci_region *region = dev_region_find(vdev, info->index);
	struct vfio_region_info_cap_type type = {
		.header.id = VFIO_REGION_INFO_CAP_TYPE,
		.header.version = 1,
	};
	int ret;

	if (!region)
		return -EINVAL;

	info->size = region->size;
	info->flags = region->flags;
	type.type = region->type;
	type.subtype = region->subtype;
	ret = vfio_info_add_capability(caps, &type.header, sizeof(type));
	if (ret || !region->ops->add_capability)
		return ret;
	return region->ops->add_capability(vdev, region, caps);
}

/**
 * vfio_pci_dev_region_rw() - the user reads or writes a region that was added
 * @vdev: an open device
 * @buf: user's buffer
 * @count: bytes
 * @ppos: where in the device file; advanced by what was done
 * @write: direction
 *
 * Context: Process context, may sleep.
 * Return: Bytes done; -EINVAL where there is no such region; what the region
 * returns.
 */
ssize_t vfio_pci_dev_region_rw(struct vfio_pci_core_device *vdev,
			       char __user *buf, size_t count, loff_t *ppos,
			       bool write)
{
	struct vfio_pci_region *region =
		dev_region_find(vdev, VFIO_PCI_OFFSET_TO_INDEX(*ppos));

	if (!region)
		return -EINVAL;
	return region->ops->rw(vdev, buf, count, ppos, write);
}

/**
 * vfio_pci_dev_region_mmap() - the user maps a region that was added
 * @vdev: an open device
 * @vma: the mapping
 *
 * Context: mmap_lock held for writing.
 * Return: 0; -EINVAL where there is no such region, it cannot be mapped, or not
 * by a private mapping; what the region returns.
 */
int vfio_pci_dev_region_mmap(struct vfio_pci_core_device *vdev,
			     struct vm_area_struct *vma)
{
	struct vfio_pci_region *region;

	region = dev_region_find(vdev,
				 VFIO_PCI_OFFSET_TO_INDEX((u64)vma->vm_pgoff
							  << PAGE_SHIFT));
	if (!region || !region->ops->mmap ||
	    !(region->flags & VFIO_REGION_INFO_FLAG_MMAP) ||
	    !(vma->vm_flags & VM_SHARED))
		return -EINVAL;
	return region->ops->mmap(vdev, region, vma);
}
