/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Physical devices that drivers have bound to a context.
 */
#ifndef IOMMUFD_DEVICE_H
#define IOMMUFD_DEVICE_H

#include <linux/container_of.h>
#include <linux/list.h>

#include "domain/iommu_core.h"
#include "iopt/iopt.h"
#include "object.h"

struct device;
struct iommufd_ctx;
struct iommufd_group;

/**
 * struct iommufd_device - a device bound to a context
 */
struct iommufd_device {
	/** @obj: the ID; the driver that bound the device is a user of it */
	struct iommufd_object obj;
	/** @ictx: the context */
	struct iommufd_ctx *ictx;
	/**
	 * @internal: bound by an object of the context, without a reference to
	 * the context
	 */
	bool internal;
	/** @dev: the device */
	struct device *dev;
	/** @owner: owner of the IOVA that the device reserves */
	struct iopt_owner owner;
	/**
	 * @hwpt_id: ID of the HWPT that the device is attached to, or 0;
	 * written under the lock of the group, read without it
	 */
	u32 hwpt_id;
	/** @ioas_id: ID of the IOAS of that HWPT, or 0; as @hwpt_id */
	u32 ioas_id;
	/** @faults: the device's page requests; under the lock of the group */
	struct fault_source faults;
	/** @igroup: the group of the device */
	struct iommufd_group *igroup;
	/** @noiommu: the device is behind no IOMMU */
	bool noiommu;
	/** @coherent: the IOMMU can prevent incoherent requests */
	bool coherent;
	/**
	 * @attached: links into &iommufd_group.attached, under the lock of the
	 * group; empty while the device is not attached
	 */
	struct list_head attached;
	/**
	 * @msi_uses: list of struct msi_use, under the lock of &iommufd_ctx.msi
	 */
	struct list_head msi_uses;
	/**
	 * @msi_locked: iommufd_device_msi_begin() has locked the group; written
	 * by the driver, which serializes that
	 */
	bool msi_locked;
	/**
	 * @vdev: vDEVICE of the device, which holds a reference to it, or NULL;
	 * under the lock of the group
	 */
	struct iommufd_vdevice *vdev;
	/**
	 * @unbinding: the device is being unbound and cannot get a new @vdev;
	 * under the lock of the group
	 */
	bool unbinding;
};

extern const struct object_ops device_ops;

/**
 * device_of() - convert an object to its device
 * @obj: an object of type &device_ops
 *
 * Return: the device.
 */
static inline struct iommufd_device *device_of(struct iommufd_object *obj)
{
	return container_of(obj, struct iommufd_device, obj);
}

struct iommufd_device *device_bind_internal(struct iommufd_ctx *ictx,
					    struct device *dev, u32 *id);
struct iommufd_device *device_get(struct iommufd_ctx *ictx, u32 id);

#endif /* IOMMUFD_DEVICE_H */
