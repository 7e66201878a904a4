// SPDX-License-Identifier: GPL-2.0-only
/*
 * Queries about a file that user space passed to another subsystem. KVM looks
 * these functions up by name; the prototypes are in linux/vfio.h.
 */
#include <linux/export.h>
#include <linux/vfio.h>

#include "file.h"
#include "group.h"
#include "group_file.h"

/**
 * vfio_file_is_valid() - check that a file belongs to VFIO
 * @file: any file
 *
 * Context: Any.
 * Return: True for the file of a group or of a device.
 */
bool vfio_file_is_valid(struct file *file)
{
	return vfio_group_from_file(file) || vfio_df_from_file(file);
}
EXPORT_SYMBOL_NS_GPL(vfio_file_is_valid, "VFIO_NG");

/**
 * vfio_file_enforced_coherent() - check that DMA behind a file is coherent
 * @file: any file
 *
 * If it is not, a guest that uses the device must be able to flush caches.
 *
 * Context: May sleep.
 * Return: True if the IOMMU can enforce cache coherency, and for files that do
 * not belong to VFIO.
 */
bool vfio_file_enforced_coherent(struct file *file)
{
	struct vfio_group *group = vfio_group_from_file(file);
	struct vfio_df *df = vfio_df_from_file(file);

	if (group)
		return vfio_group_coherent(group);
	if (df)
		return device_iommu_capable(df->device->dev,
					    IOMMU_CAP_ENFORCE_CACHE_COHERENCY);
	return true;
}
EXPORT_SYMBOL_NS_GPL(vfio_file_enforced_coherent, "VFIO_NG");

/**
 * vfio_file_set_kvm() - link a file to a virtual machine
 * @file: any file
 * @kvm: the virtual machine, or NULL
 *
 * Sets vfio_device.kvm of devices that are opened through the file afterwards.
 *
 * Context: Any.
 */
void vfio_file_set_kvm(struct file *file, struct kvm *kvm)
{
	struct vfio_group *group = vfio_group_from_file(file);
	struct vfio_df *df = vfio_df_from_file(file);

	if (group)
		vfio_kvm_link_set(&group->kvm, kvm);
	if (df)
		vfio_kvm_link_set(&df->kvm, kvm);
}
EXPORT_SYMBOL_NS_GPL(vfio_file_set_kvm, "VFIO_NG");

/**
 * vfio_file_iommu_group() - get the IOMMU group behind the file of a group
 * @file: any file
 *
 * Context: May sleep.
 * Return: The IOMMU group with a reference, or NULL.
 */
struct iommu_group *vfio_file_iommu_group(struct file *file)
{
	struct vfio_group *group = vfio_group_from_file(file);

	if (!group)
		return NULL;

	guard(mutex)(&group->lock);
	if (group->state == VFIO_GROUP_REMOVED)
		return NULL;
	return iommu_group_ref_get(group->iommu_group);
}
EXPORT_SYMBOL_NS_GPL(vfio_file_iommu_group, "VFIO_NG");

/**
 * vfio_file_is_group() - check that a file is the file of a group
 * @file: any file
 *
 * Context: Any.
 * Return: True for the file of a group.
 */
bool vfio_file_is_group(struct file *file)
{
	return vfio_group_from_file(file);
}
EXPORT_SYMBOL_NS_GPL(vfio_file_is_group, "VFIO_NG");

/**
 * vfio_file_has_dev() - check that a file is that of a device's group
 * @file: any file
 * @device: the device, registered
 *
 * Context: Any.
 * Return: True for the file of the device's group.
 */
bool vfio_file_has_dev(struct file *file, struct vfio_device *device)
{
	struct vfio_group *group = vfio_group_from_file(file);

	return group && group == device->group;
}
EXPORT_SYMBOL_NS_GPL(vfio_file_has_dev, "VFIO_NG");
