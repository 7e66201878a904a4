/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vIOMMUs: a vIOMMU is the share of a guest in a physical IOMMU.
 */
#ifndef IOMMUFD_VIOMMU_H
#define IOMMUFD_VIOMMU_H

#include <linux/container_of.h>
#include <linux/iommufd.h>

#include "object.h"

struct iommufd_ucmd;

extern const struct object_ops viommu_object_ops;

/**
 * viommu_of() - convert an object to its vIOMMU
 * @obj: an object of type &viommu_object_ops
 *
 * Return: the vIOMMU.
 */
static inline struct iommufd_viommu *viommu_of(struct iommufd_object *obj)
{
	return container_of(obj, struct iommufd_viommu, obj);
}

int viommu_call(struct iommufd_ucmd *ucmd, u32 id,
		int (*fn)(struct iommufd_ucmd *ucmd,
			  struct iommufd_viommu *viommu));
bool viommu_supports(const struct iommufd_viommu *viommu, struct device *dev);
int viommu_alloc_ioctl(struct iommufd_ucmd *ucmd);

#endif /* IOMMUFD_VIOMMU_H */
