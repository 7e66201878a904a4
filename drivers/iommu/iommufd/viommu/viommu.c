// SPDX-License-Identifier: GPL-2.0-only
/*
 * A guest's share of a physical IOMMU.
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
#include "ucmd.h"
#include "viommu.h"
#include "viommu_provider.h"

/* The provider's part is gone, or was never there. */
static void free_viommu(struct iommufd_viommu *viommu)
{
	WARN_ON(!list_empty(&viommu->veventqs));
	WARN_ON(!xa_empty(&viommu->vdevs));
	xa_destroy(&viommu->vdevs);
	object_put_user(&viommu->hwpt->obj);
	kfree(viommu);
}

static void undo_init(struct iommufd_viommu *viommu)
{
	if (viommu->ops->destroy)
		viommu->ops->destroy(viommu);
}

static void viommu_destroy(struct iommufd_object *obj)
{
	struct iommufd_viommu *viommu = viommu_of(obj);
	const struct iommufd_viommu_provider *provider = viommu->provider;

	undo_init(viommu);
	free_viommu(viommu);
	viommu_provider_put(provider);
}

const struct object_ops viommu_object_ops = {
	.destroy = viommu_destroy,
};

/**
 * viommu_ask() - carry out a request for a vIOMMU
 * @ucmd: the request
 * @id: ID of the vIOMMU
 * @fn: what is to be done; the vIOMMU does not go away meanwhile
 *
 * Return: what @fn returns; -ENOENT where there is no such vIOMMU.
 */
int viommu_ask(struct iommufd_ucmd *ucmd, u32 id,
	       int (*fn)(struct iommufd_ucmd *ucmd,
			 struct iommufd_viommu *viommu))
{
	struct iommufd_object *obj;
	int ret;

	obj = object_get(&ucmd->ictx->objects, id, &viommu_object_ops);
	if (IS_ERR(obj))
		return PTR_ERR(obj);
	ret = fn(ucmd, viommu_of(obj));
	object_put(obj);
	return ret;
}

/**
 * viommu_supports() - is a device behind the physical IOMMU of a vIOMMU?
 * @viommu: the vIOMMU
 * @dev: the device, bound to a context
 *
 * Return: whether it is.
 */
bool viommu_supports(const struct iommufd_viommu *viommu, struct device *dev)
{
	return dev->iommu && dev->iommu->iommu_dev == viommu->iommu_dev;
}

static int check_parent(const struct iommufd_hwpt *hwpt, struct device *dev)
{
	if (hwpt->parent)
		return -ENOENT;
	if (!hwpt->nest_parent ||
	    hwpt->domain->owner != dev->iommu->iommu_dev->ops)
		return -EINVAL;
	return 0;
}

static struct iommufd_viommu *new_viommu(struct iommufd_ctx *ictx, size_t size,
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

static int init_viommu(struct iommufd_viommu *viommu,
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

static int alloc_from(struct iommufd_ucmd *ucmd,
		      const struct iommufd_viommu_provider *provider,
		      size_t size, struct device *dev,
		      struct iommufd_hwpt *hwpt)
{
	struct iommu_viommu_alloc *cmd = ucmd->cmd;
	struct iommufd_viommu *viommu;
	int ret = check_parent(hwpt, dev);

	if (ret)
		return ret;
	viommu = new_viommu(ucmd->ictx, size, hwpt);
	if (IS_ERR(viommu))
		return PTR_ERR(viommu);
	viommu->provider = provider;
	viommu->iommu_dev = dev->iommu->iommu_dev;
	viommu->type = cmd->type;
	ret = init_viommu(viommu, cmd);
	if (ret)
		goto err_free;
	cmd->out_viommu_id = viommu->obj.id;
	ret = ucmd_respond(ucmd, sizeof(*cmd));
	if (ret)
		goto err_init;
	object_publish(&viommu->obj);
	return 0;

err_init:
	undo_init(viommu);
err_free:
	object_abort(&viommu->obj);
	free_viommu(viommu);
	return ret;
}

static int alloc_for(struct iommufd_ucmd *ucmd, struct device *dev)
{
	const struct iommu_viommu_alloc *cmd = ucmd->cmd;
	const struct iommufd_viommu_provider *provider;
	struct iommufd_hwpt *hwpt;
	size_t size;
	int ret;

	provider = viommu_provider_get(dev, cmd->type, &size);
	if (!provider)
		return -EOPNOTSUPP;
	hwpt = hwpt_get(ucmd->ictx, cmd->hwpt_id);
	if (IS_ERR(hwpt)) {
		ret = PTR_ERR(hwpt);
	} else {
		ret = alloc_from(ucmd, provider, size, dev, hwpt);
		object_put(&hwpt->obj);
	}
	if (ret)
		viommu_provider_put(provider);
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
	struct iommufd_device *idev;
	int ret;

	if (cmd->flags || cmd->type == IOMMU_VIOMMU_TYPE_DEFAULT)
		return -EOPNOTSUPP;
	idev = device_get(ucmd->ictx, cmd->dev_id);
	if (IS_ERR(idev))
		return PTR_ERR(idev);
	ret = idev->noiommu ? -EOPNOTSUPP : alloc_for(ucmd, idev->dev);
	object_put(&idev->obj);
	return ret;
}

/**
 * iommufd_viommu_alloc_mmap() - let user space map registers
 * @viommu: to which they belong
 * @mmio_addr: physical address, a multiple of PAGE_SIZE
 * @length: bytes, a multiple of PAGE_SIZE
 * @offset: set to what user space has to give to mmap()
 *
 * They can be mapped once the vIOMMU is complete, and keep it from going while
 * they are.
 *
 * Context: May sleep.
 * Return: as mmio_add().
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
 * @viommu: to which the registers belong, being set up or destroyed
 * @offset: as it was set there
 *
 * Context: May sleep.
 */
void iommufd_viommu_destroy_mmap(struct iommufd_viommu *viommu,
				 unsigned long offset)
{
	mmio_remove(&viommu->ictx->mmio, &viommu->obj, offset);
}
EXPORT_SYMBOL_NS_GPL(iommufd_viommu_destroy_mmap, "IOMMUFD_NG");
