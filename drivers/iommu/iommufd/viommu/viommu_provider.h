/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Providers of vIOMMUs. A provider supports certain physical IOMMUs and types
 * of vIOMMUs.
 */
#ifndef IOMMUFD_VIOMMU_PROVIDER_H
#define IOMMUFD_VIOMMU_PROVIDER_H

#include <linux/types.h>

struct device;
struct iommufd_viommu_provider;

const struct iommufd_viommu_provider *
viommu_provider_get(struct device *dev, u32 type, size_t *size);
void viommu_provider_put(const struct iommufd_viommu_provider *provider);

#endif /* IOMMUFD_VIOMMU_PROVIDER_H */
