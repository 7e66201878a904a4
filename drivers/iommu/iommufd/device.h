/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A physical device that a driver bound to a context.
 */
#ifndef IOMMUFD_DEVICE_H
#define IOMMUFD_DEVICE_H

#include <linux/container_of.h>
#include <linux/list.h>
#include <linux/xarray.h>

#include "domain/iommu_core.h"
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
	 * @internal: an object of the context has bound it; only otherwise
	 * it has a reference to the context
	 */
	bool internal;
	/** @dev: the device */
	struct device *dev;
	/** @faults: it, as to its page requests; under the group's lock */
	struct fault_source faults;
	/** @igroup: its group */
	struct iommufd_group *igroup;
	/** @noiommu: it is behind no IOMMU */
	bool noiommu;
	/** @coherent: its IOMMU can keep it from incoherent requests */
	bool coherent;
	/**
	 * @attached: links into &iommufd_group.attached, under the group's
	 * lock; empty while it is not attached
	 */
	struct list_head attached;
	/**
	 * @pasids: PASID to the struct iommufd_hwpt it is attached to, under
	 * the group's lock
	 */
	struct xarray pasids;
	/**
	 * @vdev: it as a guest sees it, or NULL, under the group's lock. The
	 * vDEVICE has a reference.
	 */
	struct iommufd_vdevice *vdev;
	/**
	 * @unbinding: it is on its way out and cannot get a @vdev any more,
	 * under the group's lock
	 */
	bool unbinding;
};

extern const struct object_ops device_ops;

/**
 * device_of() - the device that an object is
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
