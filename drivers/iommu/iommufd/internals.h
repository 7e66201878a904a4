/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Functions of iommufd that an extension (see extension.h) may call. There is
 * one exported symbol for all of them, because their own names are too short to
 * be exported.
 */
#ifndef IOMMUFD_INTERNALS_H
#define IOMMUFD_INTERNALS_H

#include <linux/types.h>

struct device;
struct iommufd_ctx;
struct iommufd_device;
struct iommufd_hwpt;
struct iommufd_ioas;
struct iommufd_object;
struct iopt;
struct list_head;
struct object_ops;
struct object_table;

/**
 * struct iommufd_internals - functions and types; see their definitions
 */
struct iommufd_internals {
	/** @object_init: object_init() */
	int (*object_init)(struct object_table *table,
			   struct iommufd_object *obj,
			   const struct object_ops *ops);
	/** @object_publish: object_publish() */
	void (*object_publish)(struct iommufd_object *obj);
	/** @object_abort: object_abort() */
	void (*object_abort)(struct iommufd_object *obj);
	/** @object_get: object_get() */
	struct iommufd_object *(*object_get)(struct object_table *table, u32 id,
					     const struct object_ops *ops);
	/** @object_put: object_put() */
	void (*object_put)(struct iommufd_object *obj);
	/** @ioas_get: ioas_get() */
	struct iommufd_ioas *(*ioas_get)(struct iommufd_ctx *ictx, u32 id);
	/** @iopt_reserve_regions: iopt_reserve_regions() */
	int (*iopt_reserve_regions)(struct iopt *iopt,
				    const struct list_head *regions,
				    const struct iopt_owner *owner);
	/** @device_get: device_get() */
	struct iommufd_device *(*device_get)(struct iommufd_ctx *ictx, u32 id);
	/** @device_bind: device_bind_internal() */
	struct iommufd_device *(*device_bind)(struct iommufd_ctx *ictx,
					      struct device *dev, u32 *id);
	/** @pasid_hwpt: pasid_hwpt() */
	struct iommufd_hwpt *(*pasid_hwpt)(struct iommufd_device *idev,
					   u32 pasid);
	/** @hwpt_ops: the object type of HWPTs */
	const struct object_ops *hwpt_ops;
};

extern const struct iommufd_internals iommufd_internals;

#endif /* IOMMUFD_INTERNALS_H */
