// SPDX-License-Identifier: GPL-2.0-only
/*
 * A physical device that a driver bound to a context.
 */
#include <linux/bug.h>
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/iommu.h>
#include <linux/iommufd.h>
#include <linux/slab.h>

#include "ctx.h"
#include "device.h"
#include "group.h"

static void device_destroy_object(struct iommufd_object *obj)
{
	struct iommufd_device *idev = device_of(obj);

	WARN_ON(!list_empty(&idev->attached));
	WARN_ON(!xa_empty(&idev->pasids));
	xa_destroy(&idev->pasids);
	group_release(idev->igroup, idev->dev);
	kfree(idev);
}

const struct object_ops device_ops = {
	.destroy = device_destroy_object,
};

/**
 * device_get() - take a reference to a device
 * @ictx: the context
 * @id: its ID
 *
 * Return: the device, given back by object_put(), or -ENOENT.
 */
struct iommufd_device *device_get(struct iommufd_ctx *ictx, u32 id)
{
	struct iommufd_object *obj;

	obj = object_get(&ictx->objects, id, &device_ops);
	return IS_ERR(obj) ? ERR_CAST(obj) : device_of(obj);
}

/**
 * enum bind_how - in which way a device is bound
 */
enum bind_how {
	/** @BIND_DRIVER: by a driver */
	BIND_DRIVER,
	/** @BIND_INTERNAL: by an object of the context */
	BIND_INTERNAL,
	/** @BIND_NOIOMMU: by a driver, behind no IOMMU */
	BIND_NOIOMMU,
};

static struct iommufd_device *bind(struct iommufd_ctx *ictx, struct device *dev,
				   enum bind_how how, u32 *id)
{
	bool noiommu = how == BIND_NOIOMMU;
	bool internal = how == BIND_INTERNAL;
	struct iommufd_device *idev;
	int ret;

	if (!noiommu && !device_iommu_capable(dev, IOMMU_CAP_CACHE_COHERENCY))
		return ERR_PTR(-EINVAL);
	idev = kzalloc_obj(*idev, GFP_KERNEL_ACCOUNT);
	if (!idev)
		return ERR_PTR(-ENOMEM);
	ret = object_init(&ictx->objects, &idev->obj, &device_ops);
	if (ret)
		goto err_free;
	idev->igroup = group_claim(ictx, dev, noiommu);
	if (IS_ERR(idev->igroup)) {
		ret = PTR_ERR(idev->igroup);
		goto err_abort;
	}

	if (!internal)
		iommufd_ctx_get(ictx);
	idev->internal = internal;
	idev->noiommu = noiommu;
	idev->ictx = ictx;
	idev->dev = dev;
	idev->faults.dev = dev;
	idev->faults.dev_id = idev->obj.id;
	idev->coherent =
		device_iommu_capable(dev, IOMMU_CAP_ENFORCE_CACHE_COHERENCY);
	INIT_LIST_HEAD(&idev->attached);
	xa_init_flags(&idev->pasids, XA_FLAGS_ACCOUNT);
	object_get_user(&idev->obj);
	object_publish(&idev->obj);
	*id = idev->obj.id;
	return idev;

err_abort:
	object_abort(&idev->obj);
err_free:
	kfree(idev);
	return ERR_PTR(ret);
}

/**
 * iommufd_device_bind() - put a device into a context
 * @ictx: the context
 * @dev: the device, whose driver sets driver_managed_dma and has not touched
 *	 its DMA yet
 * @id: set to the object's ID
 *
 * On success the context owns the DMA of the whole group: no kernel driver, and
 * no other context, can use a device of it. The device can reach no memory
 * until it is attached.
 *
 * Context: May sleep.
 * Return: the device, given back by iommufd_device_unbind(); -EINVAL where its
 * DMA is not coherent, otherwise an error of group_claim().
 */
struct iommufd_device *iommufd_device_bind(struct iommufd_ctx *ictx,
					   struct device *dev, u32 *id)
{
	return bind(ictx, dev, BIND_DRIVER, id);
}
EXPORT_SYMBOL_NS_GPL(iommufd_device_bind, "IOMMUFD_NG");

/**
 * iommufd_device_bind_noiommu() - put a device without an IOMMU into a context
 * @ictx: the context
 * @dev: the device, of which the driver knows that no IOMMU keeps it from
 *	 reaching all memory; in a group that nobody else is in
 * @id: set to the object's ID
 *
 * What is mapped where it is attached is pinned, and no more. User space learns
 * by IOMMU_IOAS_NOIOMMU_GET_PA where it is.
 *
 * Context: May sleep.
 * Return: the device, given back by iommufd_device_unbind(); -ENODEV without a
 * group, another ERR_PTR.
 */
struct iommufd_device *iommufd_device_bind_noiommu(struct iommufd_ctx *ictx,
						   struct device *dev, u32 *id)
{
	return bind(ictx, dev, BIND_NOIOMMU, id);
}
EXPORT_SYMBOL_NS_GPL(iommufd_device_bind_noiommu, "IOMMUFD_NG");

/**
 * device_bind_internal() - bind a device on behalf of an object of the context
 * @ictx: the context
 * @dev: the device
 * @id: set to the object's ID
 *
 * As iommufd_device_bind(), but the device does not keep the context alive: it
 * is unbound when the context destroys its objects at the latest.
 *
 * Context: May sleep.
 * Return: as iommufd_device_bind().
 */
struct iommufd_device *device_bind_internal(struct iommufd_ctx *ictx,
					    struct device *dev, u32 *id)
{
	return bind(ictx, dev, BIND_INTERNAL, id);
}

/* Whoever destroys the vDEVICE, its reference is waited for afterwards. */
static void remove_vdevice(struct iommufd_device *idev)
{
	struct iommufd_vdevice *vdev;

	scoped_guard(mutex, &idev->igroup->lock) {
		idev->unbinding = true;
		vdev = idev->vdev;
		if (vdev && !object_begin_remove(&vdev->obj))
			vdev = NULL;
	}
	if (vdev)
		object_tombstone(&vdev->obj);
}

/**
 * iommufd_device_unbind() - take a device out of its context
 * @idev: the device, not attached; gone afterwards
 *
 * What a guest sees of it goes as well.
 *
 * Context: May sleep, waits for ioctls that work with the device.
 */
void iommufd_device_unbind(struct iommufd_device *idev)
{
	struct iommufd_ctx *ictx = idev->internal ? NULL : idev->ictx;

	remove_vdevice(idev);
	/* the object's number is in the context, so that goes last */
	WARN_ON(!object_put_user_destroy(&idev->obj));
	if (ictx)
		iommufd_ctx_put(ictx);
}
EXPORT_SYMBOL_NS_GPL(iommufd_device_unbind, "IOMMUFD_NG");

/**
 * iommufd_ctx_has_group() - is a device of a group bound to a context?
 * @ictx: the context
 * @group: the group
 *
 * Context: May sleep.
 * Return: true where one is, so that the context owns the group's DMA.
 */
bool iommufd_ctx_has_group(struct iommufd_ctx *ictx, struct iommu_group *group)
{
	struct iommufd_group *igroup;

	guard(mutex)(&ictx->groups_lock);
	list_for_each_entry(igroup, &ictx->groups, entry)
		if (igroup->group == group)
			return true;
	return false;
}
EXPORT_SYMBOL_NS_GPL(iommufd_ctx_has_group, "IOMMUFD_NG");

/**
 * iommufd_device_to_ictx() - the context of a device
 * @idev: the device
 *
 * Return: the context, without a reference.
 */
struct iommufd_ctx *iommufd_device_to_ictx(struct iommufd_device *idev)
{
	return idev->ictx;
}
EXPORT_SYMBOL_NS_GPL(iommufd_device_to_ictx, "IOMMUFD_NG");

/**
 * iommufd_device_to_id() - the ID of a device
 * @idev: the device
 *
 * Return: its ID in its context.
 */
u32 iommufd_device_to_id(struct iommufd_device *idev)
{
	return idev->obj.id;
}
EXPORT_SYMBOL_NS_GPL(iommufd_device_to_id, "IOMMUFD_NG");
