// SPDX-License-Identifier: GPL-2.0-only
/*
 * vIOMMUs: a vIOMMU is the share of a guest in a physical IOMMU.
 */
#include <linux/bug.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/iommu.h>
#include <linux/slab.h>
#include <uapi/linux/iommufd.h>

#include "ctx.h"
#include "device.h"
#include "hwpt.h"
#include "mmio.h"
#include "nofault.h"
#include "observe/stats.h"
#include "ucmd.h"
#include "viommu.h"
#include "viommu_provider.h"

/* Without the part of the provider, which viommu_undo_init() undoes. */
static void viommu_free(struct iommufd_viommu *viommu)
{
	WARN_ON(!list_empty(&viommu->veventqs));
	WARN_ON(!xa_empty(&viommu->vdevs));
	xa_destroy(&viommu->vdevs);
	object_put_user(&viommu->hwpt->obj);
	kfree(viommu);
}

static void viommu_undo_init(struct iommufd_viommu *viommu)
{
	if (viommu->ops->destroy)
		viommu->ops->destroy(viommu);
}

static void viommu_destroy(struct iommufd_object *obj)
{
	struct iommufd_viommu *viommu = viommu_of(obj);
	const struct iommufd_viommu_provider *provider = viommu->provider;

	viommu_undo_init(viommu);
	viommu_free(viommu);
	viommu_provider_put(provider);
}

const struct object_ops viommu_object_ops = {
	.name = "viommu",
	.destroy = viommu_destroy,
};

/**
 * viommu_call() - call a function with a reference to a vIOMMU held
 * @ucmd: the request to be passed to @fn
 * @id: ID of the vIOMMU
 * @fn: the function
 *
 * Return: the return value of @fn, or -ENOENT if there is no such vIOMMU.
 */
int viommu_call(struct iommufd_ucmd *ucmd, u32 id,
		int (*fn)(struct iommufd_ucmd *ucmd,
			  struct iommufd_viommu *viommu))
{
	struct iommufd_object *obj;
	int ret;

	obj = object_get(&ucmd->ictx->objects, id, &viommu_object_ops);
	if (IS_ERR(obj)) {
		iommufd_refuse(&ucmd->ictx->stats->refusals, REFUSAL_NO_OBJECT,
			       id);
		return PTR_ERR(obj);
	}
	ret = fn(ucmd, viommu_of(obj));
	object_put(obj);
	return ret;
}

/**
 * viommu_supports() - check if a device can be behind a vIOMMU
 * @viommu: the vIOMMU
 * @dev: the device, bound to a context
 *
 * Return: true if @dev is behind the physical IOMMU of @viommu.
 */
bool viommu_supports(const struct iommufd_viommu *viommu, struct device *dev)
{
	return dev->iommu && dev->iommu->iommu_dev == viommu->iommu_dev;
}

static int viommu_check_parent(const struct iommufd_hwpt *hwpt,
			       struct device *dev)
{
	if (hwpt->parent)
		return -ENOENT;
	if (!hwpt->nest_parent ||
	    hwpt->domain->owner != dev->iommu->iommu_dev->ops)
		return -EINVAL;
	return 0;
}

static struct iommufd_viommu *viommu_new(struct iommufd_ctx *ictx, size_t size,
					 struct iommufd_hwpt *hwpt)
{
	struct iommufd_viommu *viommu;
	int ret;

	viommu = kzalloc(size, GFP_KERNEL_ACCOUNT);
	if (!viommu)
		return ERR_PTR(-ENOMEM);
	ret = object_init(&ictx->objects, &viommu->obj, &viommu_object_ops);
	if (ret) {
		kfree(viommu);
		return ERR_PTR(ret);
	}
	viommu->ictx = ictx;
	xa_init_flags(&viommu->vdevs, XA_FLAGS_ACCOUNT);
	INIT_LIST_HEAD(&viommu->veventqs);
	init_rwsem(&viommu->veventqs_rwsem);
	viommu->hwpt = hwpt;
	object_get_user(&hwpt->obj);
	return viommu;
}

static int viommu_init(struct iommufd_viommu *viommu,
		       const struct iommu_viommu_alloc *cmd)
{
	const struct iommu_user_data data = {
		.type = cmd->type,
		.uptr = u64_to_user_ptr(cmd->data_uptr),
		.len = cmd->data_len,
	};
	int ret;

	ret = viommu->provider->viommu_init(viommu, viommu->hwpt->domain,
					    data.len ? &data : NULL);
	if (!ret && WARN_ON_ONCE(!viommu->ops))
		ret = -EOPNOTSUPP;
	return ret;
}

static int viommu_alloc_on(struct iommufd_ucmd *ucmd,
			   const struct iommufd_viommu_provider *provider,
			   size_t size, struct device *dev,
			   struct iommufd_hwpt *hwpt)
{
	struct iommu_viommu_alloc *cmd = ucmd->cmd;
	struct iommufd_viommu *viommu;
	int ret = viommu_check_parent(hwpt, dev);

	if (ret) {
		iommufd_refuse(&ucmd->ictx->stats->refusals,
			       REFUSAL_NO_NEST_PARENT, hwpt->obj.id);
		return ret;
	}
	viommu = viommu_new(ucmd->ictx, size, hwpt);
	if (IS_ERR(viommu))
		return PTR_ERR(viommu);
	viommu->provider = provider;
	viommu->iommu_dev = dev->iommu->iommu_dev;
	viommu->type = cmd->type;
	ret = viommu_init(viommu, cmd);
	if (ret)
		goto err_free;
	cmd->out_viommu_id = viommu->obj.id;
	ret = ucmd_respond(ucmd, sizeof(*cmd));
	if (ret)
		goto err_init;
	object_publish(&viommu->obj);
	return 0;

err_init:
	viommu_undo_init(viommu);
err_free:
	object_abort(&viommu->obj);
	viommu_free(viommu);
	return ret;
}

static int viommu_alloc_for(struct iommufd_ucmd *ucmd, struct device *dev)
{
	const struct iommu_viommu_alloc *cmd = ucmd->cmd;
	const struct iommufd_viommu_provider *provider;
	struct iommufd_hwpt *hwpt;
	size_t size;
	int ret;

	provider = viommu_provider_get(dev, cmd->type, &size);
	if (!provider) {
		iommufd_refuse_name(&ucmd->ictx->stats->refusals,
				    REFUSAL_VIOMMU_TYPE, dev_name(dev), NULL,
				    cmd->type);
		return -EOPNOTSUPP;
	}
	hwpt = hwpt_get(ucmd->ictx, cmd->hwpt_id);
	if (IS_ERR(hwpt)) {
		ret = PTR_ERR(hwpt);
	} else {
		ret = viommu_alloc_on(ucmd, provider, size, dev, hwpt);
		object_put(&hwpt->obj);
	}
	if (ret)
		viommu_provider_put(provider);
	return ret;
}

static int viommu_alloc(struct iommufd_ucmd *ucmd)
{
	const struct iommu_viommu_alloc *cmd = ucmd->cmd;
	struct iommufd_device *idev;
	int ret;

	idev = device_get(ucmd->ictx, cmd->dev_id);
	if (IS_ERR(idev))
		return PTR_ERR(idev);
	ret = idev->noiommu ? -EOPNOTSUPP : viommu_alloc_for(ucmd, idev->dev);
	object_put(&idev->obj);
	return ret;
}

/**
 * viommu_alloc_ioctl() - IOMMU_VIOMMU_ALLOC
 * @ucmd: with a struct iommu_viommu_alloc
 *
 * Return: 0 or a negative errno.
 */
int viommu_alloc_ioctl(struct iommufd_ucmd *ucmd)
{
	const struct iommu_viommu_alloc *cmd = ucmd->cmd;

	if (cmd->flags || cmd->type == IOMMU_VIOMMU_TYPE_DEFAULT)
		return -EOPNOTSUPP;
	return nofault_call(ucmd, cmd->data_uptr, cmd->data_len, viommu_alloc);
}

/**
 * iommufd_viommu_alloc_mmap() - allow user space to map registers
 * @viommu: the vIOMMU that owns the registers
 * @mmio_addr: physical address, a multiple of PAGE_SIZE
 * @length: length in bytes, a multiple of PAGE_SIZE
 * @offset: set to the offset that user space has to pass to mmap()
 *
 * The registers can be mapped once the vIOMMU is published. The vIOMMU cannot
 * be destroyed while they are mapped.
 *
 * Context: May sleep.
 * Return: the return value of mmio_add().
 */
int iommufd_viommu_alloc_mmap(struct iommufd_viommu *viommu,
			      phys_addr_t mmio_addr, size_t length,
			      unsigned long *offset)
{
	return mmio_add(&viommu->ictx->mmio, &viommu->obj, mmio_addr, length,
			offset);
}
EXPORT_SYMBOL_NS_GPL(iommufd_viommu_alloc_mmap, "IOMMUFD_NG");

/**
 * iommufd_viommu_destroy_mmap() - undo iommufd_viommu_alloc_mmap()
 * @viommu: the vIOMMU that owns the registers, being created or destroyed
 * @offset: offset that iommufd_viommu_alloc_mmap() has set
 *
 * Context: May sleep.
 */
void iommufd_viommu_destroy_mmap(struct iommufd_viommu *viommu,
				 unsigned long offset)
{
	mmio_remove(&viommu->ictx->mmio, &viommu->obj, offset);
}
EXPORT_SYMBOL_NS_GPL(iommufd_viommu_destroy_mmap, "IOMMUFD_NG");
