// SPDX-License-Identifier: GPL-2.0-only
/* Regions that a driver adds to the regions that all PCI functions have. */
#include <linux/export.h>
#include <linux/mm.h>
#include <linux/nospec.h>
#include <linux/slab.h>

#include "dev_region.h"

/**
 * vfio_pci_core_register_dev_region() - add a region to a device
 * @vdev: the device, after vfio_pci_core_enable() and before
 *	vfio_pci_core_finish_enable()
 * @type: VFIO_REGION_TYPE_ of the region
 * @subtype: VFIO_REGION_SUBTYPE_ of the region, in the name space of @type
 * @ops: ops of the region
 * @size: size in bytes
 * @flags: VFIO_REGION_INFO_FLAG_ to report to the user
 * @data: data for @ops, released by ops->release when the device is closed
 *
 * The index of the region is VFIO_PCI_NUM_REGIONS plus the number of regions
 * that were added before.
 *
 * Context: May sleep. The caller holds dev_set->lock.
 * Return: 0, or -ENOMEM, in which case the caller keeps @data.
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
 * vfio_pci_dev_regions_release() - remove all regions that were added
 * @vdev: the device, being closed
 *
 * Context: May sleep. The caller holds dev_set->lock.
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

/* The user controls the index, also during speculative execution */
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
 * @info: index on entry; size and flags are set
 * @caps: chain for the type and for the region's own capabilities
 *
 * Context: May sleep.
 * Return: 0, -EINVAL if there is no such region, or -ENOMEM.
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

	if (!region) {
		vfio_refuse(&vdev->vdev, REFUSAL_NO_REGION, info->index);
		return -EINVAL;
	}

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
 * vfio_pci_dev_region_rw() - read or write a region that was added
 * @vdev: an open device
 * @buf: user's buffer
 * @count: number of bytes
 * @ppos: offset in the device file; advanced by the return value
 * @write: true to write
 *
 * Context: May sleep.
 * Return: Number of bytes, -EINVAL if there is no such region, or an errno of
 * the region.
 */
ssize_t vfio_pci_dev_region_rw(struct vfio_pci_core_device *vdev,
			       char __user *buf, size_t count, loff_t *ppos,
			       bool write)
{
	struct vfio_pci_region *region =
		dev_region_find(vdev, VFIO_PCI_OFFSET_TO_INDEX(*ppos));

	if (!region) {
		vfio_refuse(&vdev->vdev, REFUSAL_NO_REGION,
			    VFIO_PCI_OFFSET_TO_INDEX(*ppos));
		return -EINVAL;
	}
	return region->ops->rw(vdev, buf, count, ppos, write);
}

/**
 * vfio_pci_dev_region_mmap() - map a region that was added
 * @vdev: an open device
 * @vma: the mapping
 *
 * Context: May sleep. The caller holds mmap_lock for writing.
 * Return: 0; -EINVAL if there is no such region, if it cannot be mapped, or if
 * the mapping is private; or an errno of the region.
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
