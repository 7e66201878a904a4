// SPDX-License-Identifier: GPL-2.0-only
#include <linux/bug.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/iommufd.h>
#include <linux/lockdep.h>

#include "emulated.h"

static void vfio_emulated_unmap(void *data, unsigned long iova,
				unsigned long length)
{
	struct vfio_device *vdev = data;

	vdev->ops->dma_unmap(vdev, iova, length);
}

static const struct iommufd_access_ops vfio_emulated_access_ops = {
	.needs_pin_pages = 1,
	.unmap = vfio_emulated_unmap,
};

/* For a driver that cannot unpin, and therefore cannot pin */
static const struct iommufd_access_ops vfio_emulated_access_ops_rw = {};

static const struct iommufd_access_ops *
vfio_emulated_get_ops(struct vfio_device *vdev)
{
	return vdev->ops->dma_unmap ? &vfio_emulated_access_ops :
				      &vfio_emulated_access_ops_rw;
}

/**
 * vfio_iommufd_emulated_bind() - bind to an iommufd
 * @vdev: the device, not bound
 * @ictx: the iommufd
 * @out_device_id: gets the ID of the device there
 *
 * Context: Caller holds the lock of the device's set. May sleep.
 * Return: 0, -errno of iommufd_access_create().
 */
int vfio_iommufd_emulated_bind(struct vfio_device *vdev,
			       struct iommufd_ctx *ictx, u32 *out_device_id)
{
	struct iommufd_access *access;

	lockdep_assert_held(&vdev->dev_set->lock);

	access = iommufd_access_create(ictx, vfio_emulated_get_ops(vdev), vdev,
				       out_device_id);
	if (IS_ERR(access))
		return PTR_ERR(access);
	vdev->iommufd_access = access;
	return 0;
}
EXPORT_SYMBOL_NS_GPL(vfio_iommufd_emulated_bind, "VFIO_NG");

/**
 * vfio_iommufd_emulated_unbind() - undo vfio_iommufd_emulated_bind()
 * @vdev: the device; is detached first where it is attached
 *
 * Context: Caller holds the lock of the device's set, which the driver's
 * dma_unmap() must not take. May sleep.
 */
void vfio_iommufd_emulated_unbind(struct vfio_device *vdev)
{
	lockdep_assert_held(&vdev->dev_set->lock);

	iommufd_access_destroy(vdev->iommufd_access);
	vdev->iommufd_access = NULL;
	vdev->iommufd_attached = false;
}
EXPORT_SYMBOL_NS_GPL(vfio_iommufd_emulated_unbind, "VFIO_NG");

/**
 * vfio_iommufd_emulated_attach_ioas() - attach to an IOAS
 * @vdev: the device, bound; where it is attached it moves over
 * @pt_id: ID of the IOAS
 *
 * Context: Caller holds the lock of the device's set, which the driver's
 * dma_unmap() must not take. May sleep.
 * Return: 0, -errno of iommufd; the device stays where it was then.
 */
int vfio_iommufd_emulated_attach_ioas(struct vfio_device *vdev, u32 *pt_id)
{
	int ret;

	lockdep_assert_held(&vdev->dev_set->lock);

	if (vdev->iommufd_attached)
		return iommufd_access_replace(vdev->iommufd_access, *pt_id);

	ret = iommufd_access_attach(vdev->iommufd_access, *pt_id);
	vdev->iommufd_attached = !ret;
	return ret;
}
EXPORT_SYMBOL_NS_GPL(vfio_iommufd_emulated_attach_ioas, "VFIO_NG");

/**
 * vfio_iommufd_emulated_detach_ioas() - take the device's memory away
 * @vdev: the device, bound; may be detached already
 *
 * Context: Caller holds the lock of the device's set, which the driver's
 * dma_unmap() must not take. May sleep.
 */
void vfio_iommufd_emulated_detach_ioas(struct vfio_device *vdev)
{
	lockdep_assert_held(&vdev->dev_set->lock);

	if (!vdev->iommufd_attached)
		return;
	iommufd_access_detach(vdev->iommufd_access);
	vdev->iommufd_attached = false;
}
EXPORT_SYMBOL_NS_GPL(vfio_iommufd_emulated_detach_ioas, "VFIO_NG");

/**
 * vfio_emulated_enter_container() - reach what a container has mapped
 * @vdev: the device, being opened
 * @cgrp: its group in the container
 *
 * Context: Caller holds the lock of the device's set. May sleep.
 * Return: 0, -errno of iommufd_container_access_create().
 */
int vfio_emulated_enter_container(struct vfio_device *vdev,
				  struct iommufd_container_group *cgrp)
{
	struct iommufd_container_access *access;

	lockdep_assert_held(&vdev->dev_set->lock);

	access = iommufd_container_access_create(
		cgrp, vfio_emulated_get_ops(vdev), vdev);
	if (IS_ERR(access))
		return PTR_ERR(access);
	vdev->container_access = access;
	return 0;
}

/**
 * vfio_emulated_leave_container() - undo vfio_emulated_enter_container()
 * @vdev: the device, closed; nothing happens where it is in no container
 *
 * Context: Caller holds the lock of the device's set, which the driver's
 * dma_unmap() must not take. May sleep.
 */
void vfio_emulated_leave_container(struct vfio_device *vdev)
{
	lockdep_assert_held(&vdev->dev_set->lock);

	if (!vdev->container_access)
		return;
	iommufd_container_access_destroy(vdev->container_access);
	vdev->container_access = NULL;
}
