// SPDX-License-Identifier: GPL-2.0-only
/*
 * Binding a physical device to a context.
 */
#include <linux/bug.h>
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/iommu.h>
#include <linux/iommufd.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "ctx.h"
#include "device.h"
#include "group.h"
#include "observe/stats.h"

static void device_destroy_object(struct iommufd_object *obj)
{
	struct iommufd_device *idev = device_of(obj);

	WARN_ON(!list_empty(&idev->attached));
	WARN_ON(!list_empty(&idev->msi_uses));
	group_release(idev->igroup, idev->dev);
	kfree(idev);
}

const struct object_ops device_ops = {
	.name = "device",
	.destroy = device_destroy_object,
};

/**
 * device_get() - take a reference to a device
 * @ictx: the context
 * @id: ID of the device
 *
 * Return: the device, to be released by object_put(), or -ENOENT.
 */
struct iommufd_device *device_get(struct iommufd_ctx *ictx, u32 id)
{
	struct iommufd_object *obj;

	obj = object_get(&ictx->objects, id, &device_ops);
	if (IS_ERR(obj))
		iommufd_refuse(&ictx->stats->refusals, REFUSAL_NO_OBJECT, id);
	return IS_ERR(obj) ? ERR_CAST(obj) : device_of(obj);
}

/**
 * enum device_bind_mode - how a device is bound
 */
enum device_bind_mode {
	/** @DEVICE_BIND_DRIVER: by a driver */
	DEVICE_BIND_DRIVER,
	/** @DEVICE_BIND_INTERNAL: by an object of the context */
	DEVICE_BIND_INTERNAL,
	/** @DEVICE_BIND_NOIOMMU: by a driver, behind no IOMMU */
	DEVICE_BIND_NOIOMMU,
};

static struct iommufd_device *device_bind(struct iommufd_ctx *ictx,
					  struct device *dev,
					  enum device_bind_mode mode, u32 *id)
{
	bool noiommu = mode == DEVICE_BIND_NOIOMMU;
	bool internal = mode == DEVICE_BIND_INTERNAL;
	struct iommufd_device *idev;
	int ret;

	if (!noiommu && !device_iommu_capable(dev, IOMMU_CAP_CACHE_COHERENCY)) {
		/* a device behind no IOMMU has no capability at all */
		iommufd_refuse_name(&ictx->stats->refusals,
				    device_iommu_mapped(dev) ?
					    REFUSAL_NOT_COHERENT :
					    REFUSAL_NO_GROUP,
				    dev_name(dev), NULL);
		return ERR_PTR(-EINVAL);
	}
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
	strscpy(idev->owner.name, dev_name(dev));
	idev->faults.dev = dev;
	idev->faults.dev_id = idev->obj.id;
	idev->coherent =
		device_iommu_capable(dev, IOMMU_CAP_ENFORCE_CACHE_COHERENCY);
	INIT_LIST_HEAD(&idev->attached);
	INIT_LIST_HEAD(&idev->msi_uses);
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
 * iommufd_device_bind() - bind a device to a context
 * @ictx: the context
 * @dev: the device, whose driver sets driver_managed_dma and has not set up DMA
 *	 yet
 * @id: set to the ID of the device
 *
 * On success the context owns the DMA of the whole group: no kernel driver and
 * no other context can use a device of the group. The device cannot reach any
 * memory until it is attached.
 *
 * Context: May sleep.
 * Return: the device, to be released by iommufd_device_unbind(); -EINVAL if its
 * DMA is not coherent, an error of group_claim(), another ERR_PTR.
 */
struct iommufd_device *iommufd_device_bind(struct iommufd_ctx *ictx,
					   struct device *dev, u32 *id)
{
	return device_bind(ictx, dev, DEVICE_BIND_DRIVER, id);
}
EXPORT_SYMBOL_NS_GPL(iommufd_device_bind, "IOMMUFD_NG");

/**
 * iommufd_device_bind_noiommu() - bind a device without an IOMMU to a context
 * @ictx: the context
 * @dev: the device, which can reach all memory because it is behind no IOMMU;
 *	 the only device of its group
 * @id: set to the ID of the device
 *
 * Attaching the device translates nothing; the mappings of the IOAS are only
 * pinned. User space obtains their physical addresses by
 * IOMMU_IOAS_NOIOMMU_GET_PA.
 *
 * Context: May sleep.
 * Return: the device, to be released by iommufd_device_unbind(); -ENODEV if it
 * has no group, another ERR_PTR.
 */
struct iommufd_device *iommufd_device_bind_noiommu(struct iommufd_ctx *ictx,
						   struct device *dev, u32 *id)
{
	return device_bind(ictx, dev, DEVICE_BIND_NOIOMMU, id);
}
EXPORT_SYMBOL_NS_GPL(iommufd_device_bind_noiommu, "IOMMUFD_NG");

/**
 * device_bind_internal() - bind a device on behalf of an object of the context
 * @ictx: the context
 * @dev: the device
 * @id: set to the ID of the device
 *
 * Works like iommufd_device_bind(), but the device does not keep the context
 * alive. It has to be unbound by the time the context destroys its objects.
 *
 * Context: May sleep.
 * Return: as iommufd_device_bind().
 */
struct iommufd_device *device_bind_internal(struct iommufd_ctx *ictx,
					    struct device *dev, u32 *id)
{
	return device_bind(ictx, dev, DEVICE_BIND_INTERNAL, id);
}

/*
 * The vDEVICE may be destroyed by user space at the same time. In either case
 * the caller waits afterwards for the reference that it holds.
 */
static void device_remove_vdevice(struct iommufd_device *idev)
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
 * iommufd_device_unbind() - unbind a device from its context
 * @idev: the device, not attached; it is freed
 *
 * The vDEVICE of the device, if any, is destroyed as well.
 *
 * Context: May sleep. Waits for ioctls that work with the device, none of which
 * waits for user memory meanwhile.
 */
void iommufd_device_unbind(struct iommufd_device *idev)
{
	struct iommufd_ctx *ictx = idev->internal ? NULL : idev->ictx;

	device_remove_vdevice(idev);
	if (!WARN_ON(!object_put_user_retire(&idev->obj)))
		object_destroy_retired(&idev->obj);
	/* after the object, because its ID lives in the context */
	if (ictx)
		iommufd_ctx_put(ictx);
}
EXPORT_SYMBOL_NS_GPL(iommufd_device_unbind, "IOMMUFD_NG");

/**
 * iommufd_ctx_has_group() - check for a bound device of a group
 * @ictx: the context
 * @group: the group
 *
 * Context: May sleep.
 * Return: true if a device of @group is bound to @ictx, which then owns the DMA
 * of the group.
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
 * iommufd_device_to_ictx() - get the context of a device
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
 * iommufd_device_to_id() - get the ID of a device
 * @idev: the device
 *
 * Return: the ID of the device in its context.
 */
u32 iommufd_device_to_id(struct iommufd_device *idev)
{
	return idev->obj.id;
}
EXPORT_SYMBOL_NS_GPL(iommufd_device_to_id, "IOMMUFD_NG");

/**
 * iommufd_device_attachment() - get what a device is attached to
 * @idev: the device
 * @hwpt_id: set to the ID of the HWPT, or to 0 if the device is not attached
 * @ioas_id: set to the ID of its IOAS, or to 0
 *
 * The device may be attached or detached meanwhile.
 *
 * Context: Any.
 */
void iommufd_device_attachment(const struct iommufd_device *idev, u32 *hwpt_id,
			       u32 *ioas_id)
{
	*hwpt_id = READ_ONCE(idev->hwpt_id);
	*ioas_id = READ_ONCE(idev->ioas_id);
}
EXPORT_SYMBOL_NS_GPL(iommufd_device_attachment, "IOMMUFD_NG");
