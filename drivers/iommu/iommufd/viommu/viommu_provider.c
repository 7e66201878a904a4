// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who makes vIOMMUs, of which physical IOMMUs and of which types.
 */
#include <linux/bug.h>
#include <linux/cleanup.h>
#include <linux/export.h>
#include <linux/iommu.h>
#include <linux/iommufd.h>
#include <linux/module.h>
#include <linux/mutex.h>

#include "viommu_provider.h"

static LIST_HEAD(providers);
/* Protects the list. */
static DEFINE_MUTEX(providers_lock);

/**
 * iommufd_viommu_register() - offer vIOMMUs
 * @provider: of which IOMMUs, and how
 *
 * Where several provide the same, who came first does it.
 *
 * Context: May sleep.
 */
void iommufd_viommu_register(struct iommufd_viommu_provider *provider)
{
	guard(mutex)(&providers_lock);
	list_add_tail(&provider->entry, &providers);
}
EXPORT_SYMBOL_NS_GPL(iommufd_viommu_register, "IOMMUFD_NG");

/**
 * iommufd_viommu_unregister() - undo iommufd_viommu_register()
 * @provider: given there
 *
 * To be called when the module goes, which no vIOMMU holds any more by then.
 *
 * Context: May sleep.
 */
void iommufd_viommu_unregister(struct iommufd_viommu_provider *provider)
{
	guard(mutex)(&providers_lock);
	list_del(&provider->entry);
}
EXPORT_SYMBOL_NS_GPL(iommufd_viommu_unregister, "IOMMUFD_NG");

static size_t size_from(const struct iommufd_viommu_provider *provider,
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
 * viommu_provider_get() - who makes a type of vIOMMU?
 * @dev: a device behind the physical IOMMU
 * @type: the type
 * @size: set to how many bytes such a vIOMMU has
 *
 * Context: May sleep.
 * Return: the provider, given back by viommu_provider_put(), or NULL.
 */
const struct iommufd_viommu_provider *
viommu_provider_get(struct device *dev, u32 type, size_t *size)
{
	const struct iommufd_viommu_provider *provider;

	guard(mutex)(&providers_lock);
	list_for_each_entry(provider, &providers, entry) {
		*size = size_from(provider, dev, type);
		if (*size && try_module_get(provider->owner))
			return provider;
	}
	return NULL;
}

/**
 * viommu_provider_put() - let a provider go
 * @provider: whose vIOMMU is gone
 */
void viommu_provider_put(const struct iommufd_viommu_provider *provider)
{
	module_put(provider->owner);
}
