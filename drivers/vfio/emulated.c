// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ops by which a driver binds an emulated device to an iommufd and attaches it,
 * and the access of such a device to a container.
 */
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

/* For drivers without dma_unmap(), which may not pin */
static const struct iommufd_access_ops vfio_emulated_access_ops_rw = {};

static const struct iommufd_access_ops *
vfio_emulated_get_ops(struct vfio_device *vdev)
{
	return vdev->ops->dma_unmap ? &vfio_emulated_access_ops :
				      &vfio_emulated_access_ops_rw;
}

/**
 * vfio_iommufd_emulated_bind() - bind an emulated device to an iommufd
 * @vdev: the device, not bound
 * @ictx: the iommufd
 * @out_device_id: set to the ID of the device in @ictx
 *
 * Context: May sleep. The caller holds dev_set->lock.
 * Return: 0, or an errno of iommufd_access_create().
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
 * @vdev: the device; it is detached first if it is attached
 *
 * Context: May sleep. The caller holds dev_set->lock, which the driver's
 * dma_unmap() must not take.
 */
void vfio_iommufd_emulated_unbind(struct vfio_device *vdev)
{
	lockdep_assert_held(&vdev->dev_set->lock);

	iommufd_access_destroy(vdev->iommufd_access);
	vdev->iommufd_access = NULL;
	guard(mutex)(&vdev->attach_lock);
	vdev->iommufd_attached = false;
}
EXPORT_SYMBOL_NS_GPL(vfio_iommufd_emulated_unbind, "VFIO_NG");

/**
 * vfio_iommufd_emulated_attach_ioas() - attach an emulated device to an IOAS
 * @vdev: the device, bound; if it is attached, the IOAS replaces the present
 *	one
 * @pt_id: ID of the IOAS
 *
 * Context: May sleep. The caller holds @vdev->attach_lock, which the driver's
 * dma_unmap() must not take.
 * Return: 0, or an errno of iommufd, which leaves the attachment as it was.
 */
int vfio_iommufd_emulated_attach_ioas(struct vfio_device *vdev, u32 *pt_id)
{
	int ret;

	lockdep_assert_held(&vdev->attach_lock);

	if (vdev->iommufd_attached)
		return iommufd_access_replace(vdev->iommufd_access, *pt_id);

	ret = iommufd_access_attach(vdev->iommufd_access, *pt_id);
	vdev->iommufd_attached = !ret;
	return ret;
}
EXPORT_SYMBOL_NS_GPL(vfio_iommufd_emulated_attach_ioas, "VFIO_NG");

/**
 * vfio_iommufd_emulated_detach_ioas() - detach an emulated device from its IOAS
 * @vdev: the device, bound; need not be attached
 *
 * Context: May sleep. The caller holds @vdev->attach_lock, which the driver's
 * dma_unmap() must not take.
 */
void vfio_iommufd_emulated_detach_ioas(struct vfio_device *vdev)
{
	lockdep_assert_held(&vdev->attach_lock);

	if (!vdev->iommufd_attached)
		return;
	iommufd_access_detach(vdev->iommufd_access);
	vdev->iommufd_attached = false;
}
EXPORT_SYMBOL_NS_GPL(vfio_iommufd_emulated_detach_ioas, "VFIO_NG");

/**
 * vfio_emulated_enter_container() - give a device access to a container
 * @vdev: the device, being opened
 * @cgrp: its group in the container
 *
 * Context: May sleep. The caller holds dev_set->lock.
 * Return: 0, or an errno of iommufd_container_access_create().
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
 * @vdev: the device, closed; need not have access to a container
 *
 * Context: May sleep. The caller holds dev_set->lock, which the driver's
 * dma_unmap() must not take.
 */
void vfio_emulated_leave_container(struct vfio_device *vdev)
{
	lockdep_assert_held(&vdev->dev_set->lock);

	if (!vdev->container_access)
		return;
	iommufd_container_access_destroy(vdev->container_access);
	vdev->container_access = NULL;
}
