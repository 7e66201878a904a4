// SPDX-License-Identifier: GPL-2.0-only
/*
 * Providers of vIOMMUs. A provider supports certain physical IOMMUs and types
 * of vIOMMUs.
 */
#include <linux/bug.h>
#include <linux/cleanup.h>
#include <linux/export.h>
#include <linux/iommu.h>
#include <linux/iommufd.h>
#include <linux/module.h>
#include <linux/mutex.h>

#include "viommu_provider.h"

static LIST_HEAD(viommu_providers);
/* Protects viommu_providers. */
static DEFINE_MUTEX(viommu_providers_lock);

/**
 * iommufd_viommu_register() - register a provider of vIOMMUs
 * @provider: the provider
 *
 * If several providers support the same vIOMMU, the first one registered is
 * used.
 *
 * Context: May sleep.
 */
void iommufd_viommu_register(struct iommufd_viommu_provider *provider)
{
	guard(mutex)(&viommu_providers_lock);
	list_add_tail(&provider->entry, &viommu_providers);
}
EXPORT_SYMBOL_NS_GPL(iommufd_viommu_register, "IOMMUFD_NG");

/**
 * iommufd_viommu_unregister() - undo iommufd_viommu_register()
 * @provider: the provider
 *
 * To be called at module exit, when no vIOMMU holds the module any more.
 *
 * Context: May sleep.
 */
void iommufd_viommu_unregister(struct iommufd_viommu_provider *provider)
{
	guard(mutex)(&viommu_providers_lock);
	list_del(&provider->entry);
}
EXPORT_SYMBOL_NS_GPL(iommufd_viommu_unregister, "IOMMUFD_NG");

static size_t
viommu_provider_size(const struct iommufd_viommu_provider *provider,
		     struct device *dev, u32 type)
{
	size_t size;

	if (provider->iommu_ops != dev->iommu->iommu_dev->ops)
		return 0;
	size = provider->get_viommu_size(dev, type);
	if (WARN_ON_ONCE(size && size < sizeof(struct iommufd_viommu)))
		return 0;
	return size;
}

/**
 * viommu_provider_get() - find the provider of a vIOMMU
 * @dev: a device behind the physical IOMMU
 * @type: the type of vIOMMU
 * @size: set to the size in bytes of the provider's structure
 *
 * Context: May sleep.
 * Return: the provider, to be released by viommu_provider_put(), or NULL.
 */
const struct iommufd_viommu_provider *
viommu_provider_get(struct device *dev, u32 type, size_t *size)
{
	const struct iommufd_viommu_provider *provider;

	guard(mutex)(&viommu_providers_lock);
	list_for_each_entry(provider, &viommu_providers, entry) {
		*size = viommu_provider_size(provider, dev, type);
		if (*size && try_module_get(provider->owner))
			return provider;
	}
	return NULL;
}

/**
 * viommu_provider_put() - release a provider
 * @provider: the provider, whose vIOMMU has been freed
 */
void viommu_provider_put(const struct iommufd_viommu_provider *provider)
{
	module_put(provider->owner);
}
