// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ops by which a driver binds a device that does DMA through the IOMMU to an
 * iommufd, and attaches it. The prototypes are in linux/vfio.h.
 */
#include <linux/bug.h>
#include <linux/cleanup.h>
#include <linux/export.h>
#include <linux/iommufd.h>
#include <linux/lockdep.h>
#include <linux/vfio.h>

/**
 * vfio_iommufd_physical_bind() - bind a device to an iommufd
 * @vdev: the device, not bound
 * @ictx: the iommufd
 * @out_device_id: set to the ID of the device in @ictx
 *
 * Context: May sleep. The caller holds dev_set->lock.
 * Return: 0, or an errno of iommufd_device_bind().
 */
int vfio_iommufd_physical_bind(struct vfio_device *vdev,
			       struct iommufd_ctx *ictx, u32 *out_device_id)
{
	struct iommufd_device *idev;

	lockdep_assert_held(&vdev->dev_set->lock);

	if (vdev->noiommu)
		idev = iommufd_device_bind_noiommu(ictx, vdev->dev,
						   out_device_id);
	else
		idev = iommufd_device_bind(ictx, vdev->dev, out_device_id);
	if (IS_ERR(idev))
		return PTR_ERR(idev);
	vdev->iommufd_device = idev;
	return 0;
}
EXPORT_SYMBOL_NS_GPL(vfio_iommufd_physical_bind, "VFIO_NG");

/**
 * vfio_iommufd_physical_unbind() - undo vfio_iommufd_physical_bind()
 * @vdev: the device; it and its PASIDs are detached first if they are attached
 *
 * Context: May sleep. The caller holds dev_set->lock.
 */
void vfio_iommufd_physical_unbind(struct vfio_device *vdev)
{
	unsigned long pasid;
	void *entry;

	guard(mutex)(&vdev->attach_lock);
	xa_for_each(&vdev->pasids, pasid, entry)
		vfio_iommufd_physical_pasid_detach_ioas(vdev, pasid);
	vfio_iommufd_physical_detach_ioas(vdev);
	iommufd_device_unbind(vdev->iommufd_device);
	vdev->iommufd_device = NULL;
}
EXPORT_SYMBOL_NS_GPL(vfio_iommufd_physical_unbind, "VFIO_NG");

/**
 * vfio_iommufd_physical_attach_ioas() - attach a device to an IOAS or HWPT
 * @vdev: the device, bound; if it is attached, the present HWPT is replaced
 * @pt_id: ID of the IOAS or HWPT; set to the ID of the HWPT in use
 *
 * Context: May sleep. The caller holds @vdev->attach_lock.
 * Return: 0, or an errno of iommufd, which leaves the attachment as it was.
 */
int vfio_iommufd_physical_attach_ioas(struct vfio_device *vdev, u32 *pt_id)
{
	struct iommufd_device *idev = vdev->iommufd_device;
	int ret;

	lockdep_assert_held(&vdev->attach_lock);

	if (WARN_ON(!idev))
		return -EINVAL;

	if (vdev->iommufd_attached)
		return iommufd_device_replace(idev, IOMMU_NO_PASID, pt_id);

	ret = iommufd_device_attach(idev, IOMMU_NO_PASID, pt_id);
	vdev->iommufd_attached = !ret;
	return ret;
}
EXPORT_SYMBOL_NS_GPL(vfio_iommufd_physical_attach_ioas, "VFIO_NG");

/**
 * vfio_iommufd_physical_detach_ioas() - detach a device
 * @vdev: the device, bound; need not be attached
 *
 * Its DMA is blocked afterwards.
 *
 * Context: May sleep. The caller holds @vdev->attach_lock.
 */
void vfio_iommufd_physical_detach_ioas(struct vfio_device *vdev)
{
	lockdep_assert_held(&vdev->attach_lock);

	if (!vdev->iommufd_attached)
		return;
	iommufd_device_detach(vdev->iommufd_device, IOMMU_NO_PASID);
	vdev->iommufd_attached = false;
}
EXPORT_SYMBOL_NS_GPL(vfio_iommufd_physical_detach_ioas, "VFIO_NG");

/**
 * vfio_iommufd_physical_pasid_attach_ioas() - attach a PASID of a device
 * @vdev: the device, bound
 * @pasid: the PASID; if it is attached, the present HWPT is replaced
 * @pt_id: ID of the IOAS or HWPT; set to the ID of the HWPT in use
 *
 * Context: May sleep. The caller holds @vdev->attach_lock.
 * Return: 0, -ENOMEM, or an errno of iommufd, which leaves the attachment as it
 * was.
 */
int vfio_iommufd_physical_pasid_attach_ioas(struct vfio_device *vdev, u32 pasid,
					    u32 *pt_id)
{
	struct iommufd_device *idev = vdev->iommufd_device;
	int ret;

	lockdep_assert_held(&vdev->attach_lock);

	if (WARN_ON(!idev))
		return -EINVAL;

	ret = xa_insert(&vdev->pasids, pasid, xa_mk_value(0),
			GFP_KERNEL_ACCOUNT);
	if (ret == -EBUSY)
		return iommufd_device_replace(idev, pasid, pt_id);
	if (ret)
		return ret;

	ret = iommufd_device_attach(idev, pasid, pt_id);
	if (ret)
		xa_erase(&vdev->pasids, pasid);
	return ret;
}
EXPORT_SYMBOL_NS_GPL(vfio_iommufd_physical_pasid_attach_ioas, "VFIO_NG");

/**
 * vfio_iommufd_physical_pasid_detach_ioas() - detach a PASID of a device
 * @vdev: the device, bound
 * @pasid: the PASID; need not be attached
 *
 * The DMA of the PASID is blocked afterwards.
 *
 * Context: May sleep. The caller holds @vdev->attach_lock.
 */
void vfio_iommufd_physical_pasid_detach_ioas(struct vfio_device *vdev,
					     u32 pasid)
{
	lockdep_assert_held(&vdev->attach_lock);

	if (xa_erase(&vdev->pasids, pasid))
		iommufd_device_detach(vdev->iommufd_device, pasid);
}
EXPORT_SYMBOL_NS_GPL(vfio_iommufd_physical_pasid_detach_ioas, "VFIO_NG");

/**
 * vfio_iommufd_device_ictx() - get the iommufd that a device is bound to
 * @vdev: the device
 *
 * Context: The caller holds dev_set->lock.
 * Return: The iommufd without a reference, or NULL if the device is not bound.
 */
struct iommufd_ctx *vfio_iommufd_device_ictx(struct vfio_device *vdev)
{
	if (!vdev->iommufd_device)
		return NULL;
	return iommufd_device_to_ictx(vdev->iommufd_device);
}
EXPORT_SYMBOL_NS_GPL(vfio_iommufd_device_ictx, "VFIO_NG");

/**
 * vfio_iommufd_get_dev_id() - get the ID of a device in an iommufd
 * @vdev: the device
 * @ictx: the iommufd
 *
 * Context: The caller holds dev_set->lock.
 * Return: The ID; -ENOENT if @ictx owns the device's group, but the device is
 * not bound to @ictx; -ENODEV if @ictx does not own the group.
 */
int vfio_iommufd_get_dev_id(struct vfio_device *vdev, struct iommufd_ctx *ictx)
{
	struct iommu_group *group;
	bool owned;

	if (ictx && vfio_iommufd_device_ictx(vdev) == ictx)
		return iommufd_device_to_id(vdev->iommufd_device);

	group = iommu_group_get(vdev->dev);
	if (!group)
		return -ENODEV;
	owned = iommufd_ctx_has_group(ictx, group);
	iommu_group_put(group);
	return owned ? -ENOENT : -ENODEV;
}
EXPORT_SYMBOL_NS_GPL(vfio_iommufd_get_dev_id, "VFIO_NG");
