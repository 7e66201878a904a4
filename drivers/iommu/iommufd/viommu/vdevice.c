// SPDX-License-Identifier: GPL-2.0-only
/*
 * vDEVICEs: a vDEVICE is a device as the guest sees it, behind a vIOMMU.
 */
#include <linux/bug.h>
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/iommufd.h>
#include <linux/limits.h>
#include <linux/lockdep.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <uapi/linux/iommufd.h>

#include "ctx.h"
#include "device.h"
#include "group.h"
#include "nofault.h"
#include "observe/stats.h"
#include "ucmd.h"
#include "vdevice.h"
#include "viommu.h"

/*
 * Remove the virtual ID first: the provider must not find a destroyed vDEVICE.
 */
static void vdevice_disconnect(struct iommufd_vdevice *vdev)
{
	lockdep_assert_held(&vdev->idev->igroup->lock);

	xa_erase(&vdev->viommu->vdevs, vdev->virt_id);
	if (vdev->destroy)
		vdev->destroy(vdev);
	vdev->idev->vdev = NULL;
}

static void vdevice_free(struct iommufd_vdevice *vdev)
{
	object_put_user(&vdev->viommu->obj);
	kfree(vdev);
}

static void vdevice_destroy(struct iommufd_object *obj)
{
	struct iommufd_vdevice *vdev =
		container_of(obj, struct iommufd_vdevice, obj);
	struct iommufd_device *idev = vdev->idev;

	scoped_guard(mutex, &idev->igroup->lock)
		vdevice_disconnect(vdev);
	vdevice_free(vdev);
	/* last, because iommufd_device_unbind() waits for this reference */
	object_put(&idev->obj);
}

static const struct object_ops vdevice_ops = {
	.name = "vdevice",
	.destroy = vdevice_destroy,
};

static struct iommufd_vdevice *vdevice_new(struct iommufd_viommu *viommu,
					   struct iommufd_device *idev)
{
	const struct iommufd_viommu_ops *ops = viommu->ops;
	size_t size = ops->vdevice_size ?: sizeof(struct iommufd_vdevice);
	struct iommufd_vdevice *vdev;
	int ret;

	if (WARN_ON_ONCE(size < sizeof(*vdev) ||
			 (ops->vdevice_size && !ops->vdevice_init)))
		return ERR_PTR(-EOPNOTSUPP);
	vdev = kzalloc(size, GFP_KERNEL_ACCOUNT);
	if (!vdev)
		return ERR_PTR(-ENOMEM);
	ret = object_init(&viommu->ictx->objects, &vdev->obj, &vdevice_ops);
	if (ret) {
		kfree(vdev);
		return ERR_PTR(ret);
	}
	vdev->idev = idev;
	vdev->viommu = viommu;
	object_get_user(&viommu->obj);
	return vdev;
}

/* Reserve the virtual ID first; lookups return NULL until setup is complete. */
static int vdevice_connect(struct iommufd_vdevice *vdev)
{
	const struct iommufd_viommu_ops *ops = vdev->viommu->ops;
	struct xarray *vdevs = &vdev->viommu->vdevs;
	int ret;

	ret = xa_insert(vdevs, vdev->virt_id, NULL, GFP_KERNEL_ACCOUNT);
	if (ret == -EBUSY) {
		iommufd_refuse(&vdev->viommu->ictx->stats->refusals,
			       REFUSAL_VIRT_ID, vdev->virt_id,
			       vdev->viommu->obj.id);
		return -EEXIST;
	}
	if (ret)
		return ret;
	if (ops->vdevice_init)
		ret = ops->vdevice_init(vdev);
	if (ret) {
		xa_release(vdevs, vdev->virt_id);
		return ret;
	}
	/* cannot fail, because the entry is reserved */
	xa_store(vdevs, vdev->virt_id, vdev, 0);
	vdev->idev->vdev = vdev;
	return 0;
}

/*
 * The lock orders this against iommufd_device_unbind(), which either has set
 * @unbinding before or finds the new vDEVICE.
 */
static int vdevice_alloc_locked(struct iommufd_ucmd *ucmd,
				struct iommufd_viommu *viommu,
				struct iommufd_device *idev)
{
	struct iommu_vdevice_alloc *cmd = ucmd->cmd;
	struct iommufd_vdevice *vdev;
	int ret;

	lockdep_assert_held(&idev->igroup->lock);

	if (idev->unbinding)
		return -ENOENT;
	if (idev->vdev) {
		iommufd_refuse_name(&ucmd->ictx->stats->refusals,
				    REFUSAL_VDEVICE_EXISTS, dev_name(idev->dev),
				    NULL, idev->vdev->obj.id);
		return -EEXIST;
	}
	vdev = vdevice_new(viommu, idev);
	if (IS_ERR(vdev))
		return PTR_ERR(vdev);
	vdev->virt_id = cmd->virt_id;
	ret = vdevice_connect(vdev);
	if (ret)
		goto err_free;
	cmd->out_vdevice_id = vdev->obj.id;
	ret = ucmd_respond(ucmd, sizeof(*cmd));
	if (ret)
		goto err_connect;
	object_publish(&vdev->obj);
	return 0;

err_connect:
	vdevice_disconnect(vdev);
err_free:
	object_abort(&vdev->obj);
	vdevice_free(vdev);
	return ret;
}

static int vdevice_alloc_for(struct iommufd_ucmd *ucmd,
			     struct iommufd_viommu *viommu,
			     struct iommufd_device *idev)
{
	struct mutex *lock = &idev->igroup->lock;
	int ret;

	if (!viommu_supports(viommu, idev->dev)) {
		iommufd_refuse_name(&ucmd->ictx->stats->refusals,
				    REFUSAL_VIOMMU_OTHER, dev_name(idev->dev),
				    NULL, viommu->obj.id);
		return -EINVAL;
	}
	if (mutex_lock_killable(lock))
		return -EINTR;
	ret = vdevice_alloc_locked(ucmd, viommu, idev);
	mutex_unlock(lock);
	return ret;
}

static int vdevice_alloc_on(struct iommufd_ucmd *ucmd,
			    struct iommufd_viommu *viommu)
{
	const struct iommu_vdevice_alloc *cmd = ucmd->cmd;
	struct iommufd_device *idev;
	int ret;

	idev = device_get(ucmd->ictx, cmd->dev_id);
	if (IS_ERR(idev))
		return PTR_ERR(idev);
	ret = vdevice_alloc_for(ucmd, viommu, idev);
	/* on success the vDEVICE keeps the reference */
	if (ret)
		object_put(&idev->obj);
	return ret;
}

static int vdevice_alloc(struct iommufd_ucmd *ucmd)
{
	const struct iommu_vdevice_alloc *cmd = ucmd->cmd;

	return viommu_call(ucmd, cmd->viommu_id, vdevice_alloc_on);
}

/**
 * vdevice_alloc_ioctl() - IOMMU_VDEVICE_ALLOC
 * @ucmd: with a struct iommu_vdevice_alloc
 *
 * Return: 0 or a negative errno.
 */
int vdevice_alloc_ioctl(struct iommufd_ucmd *ucmd)
{
	const struct iommu_vdevice_alloc *cmd = ucmd->cmd;

	/* the virtual ID is an index of an xarray */
	if (cmd->virt_id > ULONG_MAX)
		return -EINVAL;
	return nofault_call(ucmd, 0, 0, vdevice_alloc);
}

/**
 * iommufd_vdevice_to_device() - get the device of a vDEVICE
 * @vdev: the vDEVICE
 *
 * Return: the device, valid as long as @vdev is.
 */
struct device *iommufd_vdevice_to_device(struct iommufd_vdevice *vdev)
{
	return vdev->idev->dev;
}
EXPORT_SYMBOL_NS_GPL(iommufd_vdevice_to_device, "IOMMUFD_NG");

/**
 * iommufd_viommu_find_dev() - find a device by its virtual ID
 * @viommu: the vIOMMU
 * @vdev_id: the virtual ID
 *
 * Context: Any. The caller holds the lock of &iommufd_viommu.vdevs.
 * Return: the device, valid as long as the lock is held, or NULL.
 */
struct device *iommufd_viommu_find_dev(struct iommufd_viommu *viommu,
				       unsigned long vdev_id)
{
	struct iommufd_vdevice *vdev;

	lockdep_assert_held(&viommu->vdevs.xa_lock);

	vdev = xa_load(&viommu->vdevs, vdev_id);
	return vdev ? iommufd_vdevice_to_device(vdev) : NULL;
}
EXPORT_SYMBOL_NS_GPL(iommufd_viommu_find_dev, "IOMMUFD_NG");

/**
 * iommufd_viommu_get_vdev_id() - get the virtual ID of a device
 * @viommu: the vIOMMU
 * @dev: the device
 * @vdev_id: set to the virtual ID
 *
 * Context: Any but interrupts.
 * Return: 0, -ENOENT if @viommu has no vDEVICE of @dev.
 */
int iommufd_viommu_get_vdev_id(struct iommufd_viommu *viommu,
			       struct device *dev, unsigned long *vdev_id)
{
	struct iommufd_vdevice *vdev;
	unsigned long index;
	int ret = -ENOENT;

	xa_lock(&viommu->vdevs);
	xa_for_each(&viommu->vdevs, index, vdev) {
		if (iommufd_vdevice_to_device(vdev) != dev)
			continue;
		*vdev_id = index;
		ret = 0;
		break;
	}
	xa_unlock(&viommu->vdevs);
	return ret;
}
EXPORT_SYMBOL_NS_GPL(iommufd_viommu_get_vdev_id, "IOMMUFD_NG");
