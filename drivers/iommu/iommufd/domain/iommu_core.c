// SPDX-License-Identifier: GPL-2.0-only
/*
 * Wrapper of the IOMMU core: allocation of domains, and the conditions under
 * which user space may own a group. attach_handle.c attaches to domains.
 */
#include <linux/device.h>
#include <linux/iommu.h>
#include <linux/iommufd_refusal.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <uapi/linux/iommufd.h>

#include "hwdirty.h"
#include "iommu_core.h"
#include "lib/range.h"

#undef pr_fmt
#define pr_fmt(fmt) "iommufd: " fmt

static bool allow_unsafe_interrupts;
module_param(allow_unsafe_interrupts, bool, 0644);
MODULE_PARM_DESC(allow_unsafe_interrupts,
		 "accept devices that can raise any interrupt");

/**
 * iommu_core_check_msi() - check that a group cannot raise foreign interrupts
 * @group: group that user space is going to own
 *
 * An MSI is a memory write. Unless the platform filters these writes, a device can
 * raise interrupts that belong to other devices.
 *
 * Return: 0, or -EPERM if the platform does not filter and the module parameter
 * allow_unsafe_interrupts is not set.
 */
int iommu_core_check_msi(struct iommu_group *group)
{
	if (iommu_group_has_isolated_msi(group))
		return 0;
	if (!allow_unsafe_interrupts) {
		pr_warn_ratelimited(
			"No interrupt remapping support for group %d. The module parameter \"allow_unsafe_interrupts\" overrides this\n",
			iommu_group_id(group));
		return -EPERM;
	}
	pr_warn_once("group %d can raise interrupts that are not its own\n",
		     iommu_group_id(group));
	return 0;
}

/**
 * struct core_culprit - a search for a driver that uses a group
 */
struct core_culprit {
	/** @log: where to note the driver */
	struct iommufd_refusal_log *log;
	/** @group: ID of the group */
	int group;
};

/* A driver that manages its DMA itself does not keep others from the group. */
static bool core_driver_manages_dma(const struct device *dev)
{
	const struct device_driver *driver = READ_ONCE(dev->driver);

	if (!driver)
		return true;
	if (!dev_is_pci(dev))
		return false;
	return to_pci_driver(driver)->driver_managed_dma;
}

static int core_refuse_driver(struct device *dev, void *data)
{
	struct core_culprit *culprit = data;

	if (core_driver_manages_dma(dev))
		return 0;
	iommufd_refuse_name(culprit->log, REFUSAL_GROUP_DRIVER, dev_name(dev),
			    dev_driver_string(dev), culprit->group);
	return 1;
}

/**
 * iommu_core_refuse_claim() - note why the DMA of a group could not be claimed
 * @log: where to note it
 * @group: the group
 *
 * The driver may have been unbound since, then another owner is noted.
 *
 * Context: May sleep.
 */
void iommu_core_refuse_claim(struct iommufd_refusal_log *log,
			     struct iommu_group *group)
{
	struct core_culprit culprit = {
		.log = log,
		.group = iommu_group_id(group),
	};

	if (!iommu_group_for_each_dev(group, &culprit, core_refuse_driver))
		iommufd_refuse(log, REFUSAL_GROUP_OWNED, culprit.group);
}

/**
 * iommu_core_domain_alloc() - allocate an empty paging domain
 * @dev: a device that is going to be attached to it
 *
 * Context: May sleep.
 * Return: the domain, to be freed by iommu_domain_free(), or an ERR_PTR.
 */
struct iommu_domain *iommu_core_domain_alloc(struct device *dev)
{
	return iommu_paging_domain_alloc(dev);
}

/**
 * iommu_core_domain_alloc_flags() - allocate an empty paging domain with flags
 * @dev: a device that is going to be attached to it
 * @flags: flags of IOMMU_HWPT_ALLOC
 * @data: driver-specific data of user space, or NULL
 *
 * Context: May sleep.
 * Return: the domain, to be freed by iommu_domain_free(); ERR_PTR(-EOPNOTSUPP) if
 * the driver or this kernel does not support @flags; another ERR_PTR.
 */
struct iommu_domain *
iommu_core_domain_alloc_flags(struct device *dev, u32 flags,
			      const struct iommu_user_data *data)
{
	const struct iommu_ops *ops = dev->iommu->iommu_dev->ops;
	bool dirty = flags & IOMMU_HWPT_ALLOC_DIRTY_TRACKING;
	struct iommu_domain *domain;

	if (!compat_iommu_has_alloc_flags(ops))
		return ERR_PTR(-EOPNOTSUPP);
	if (dirty && !device_iommu_capable(dev, IOMMU_CAP_DIRTY_TRACKING))
		return ERR_PTR(-EOPNOTSUPP);
	domain = compat_iommu_alloc_flags(ops, dev, flags, data);
	if (IS_ERR(domain))
		return domain;
	domain->owner = ops;
	if (dirty && !hwdirty_supported(domain)) {
		iommu_domain_free(domain);
		return ERR_PTR(-EOPNOTSUPP);
	}
	return domain;
}

/**
 * iommu_core_adopt_nested() - make a nested domain attachable
 * @dev: a device that is going to be attached to it
 * @domain: domain allocated by the driver of the IOMMU or by a vIOMMU provider
 *
 * Return: 0, or -EOPNOTSUPP if @domain is not a nested domain.
 */
int iommu_core_adopt_nested(struct device *dev, struct iommu_domain *domain)
{
	if (WARN_ON(domain->type != IOMMU_DOMAIN_NESTED))
		return -EOPNOTSUPP;
	domain->owner = dev->iommu->iommu_dev->ops;
	return 0;
}

/**
 * iommu_core_domain_alloc_nested() - allocate a domain with a page table of user space
 * @dev: a device that is going to be attached to it
 * @parent: domain that translates the output addresses of the page table
 * @flags: flags of IOMMU_HWPT_ALLOC
 * @data: driver-specific data of user space
 *
 * Context: May sleep.
 * Return: the domain, to be freed by iommu_domain_free(); ERR_PTR(-EINVAL) if
 * @parent belongs to another driver; ERR_PTR(-EOPNOTSUPP) if the driver does not
 * support nesting; another ERR_PTR.
 */
struct iommu_domain *
iommu_core_domain_alloc_nested(struct device *dev, struct iommu_domain *parent,
			       u32 flags, const struct iommu_user_data *data)
{
	const struct iommu_ops *ops = dev->iommu->iommu_dev->ops;
	struct iommu_domain *domain;
	int ret;

	if (parent->owner != ops)
		return ERR_PTR(-EINVAL);
	domain = compat_iommu_alloc_nested(ops, dev, parent, flags, data);
	if (IS_ERR(domain))
		return domain;
	ret = iommu_core_adopt_nested(dev, domain);
	if (ret) {
		iommu_domain_free(domain);
		return ERR_PTR(ret);
	}
	return domain;
}

/**
 * iommu_core_dirty_capable() - test whether dirty tracking works for a device
 * @dev: the device
 *
 * A driver may report the capability although its domains do not have it on this
 * kernel. Therefore allocate a domain.
 *
 * Context: May sleep.
 * Return: true if it works.
 */
bool iommu_core_dirty_capable(struct device *dev)
{
	struct iommu_domain *domain;

	domain = iommu_core_domain_alloc_flags(
		dev, IOMMU_HWPT_ALLOC_DIRTY_TRACKING, NULL);
	if (IS_ERR(domain))
		return false;
	iommu_domain_free(domain);
	return true;
}

/**
 * iommu_core_enforce_coherency() - make a domain ignore no-snoop requests
 * @domain: a domain without mappings
 *
 * Return: true if all DMA through @domain is coherent, including DMA for which the
 * device requests no-snoop.
 */
bool iommu_core_enforce_coherency(struct iommu_domain *domain)
{
	return domain->ops->enforce_cache_coherency &&
	       domain->ops->enforce_cache_coherency(domain);
}

/*
 * If a driver reports both, the MSI window of the hardware takes precedence over
 * the one that software may choose.
 */
static const struct iommu_resv_region *
core_find_sw_msi(const struct list_head *regions)
{
	const struct iommu_resv_region *region, *found = NULL;

	list_for_each_entry(region, regions, list) {
		if (region->type == IOMMU_RESV_MSI)
			return NULL;
		if (region->type == IOMMU_RESV_SW_MSI)
			found = region;
	}
	return found;
}

/**
 * iommu_core_msi_window() - get the IOVA that is reserved for doorbells
 * @dev: a device
 * @window: set to the IOVA
 *
 * Context: May sleep.
 * Return: true if the writes of the device's interrupts are translated like other
 * DMA, so that the doorbells have to be mapped.
 */
bool iommu_core_msi_window(struct device *dev, struct iova_range *window)
{
	const struct iommu_resv_region *region;
	LIST_HEAD(regions);
	bool found;

	iommu_get_resv_regions(dev, &regions);
	region = core_find_sw_msi(&regions);
	found = region &&
		!iova_range_from_user(region->start, region->length, window);
	iommu_put_resv_regions(dev, &regions);
	return found;
}

/**
 * iommu_core_setup_msi() - prepare a domain for MSIs of a group
 * @domain: a domain that is not prepared yet, with @group alone
 * @group: the group
 *
 * If interrupt writes are translated like other DMA (not on x86), the doorbells
 * have to be mapped at an IOVA that the driver reserves. The core maps them into
 * this one domain when a driver requests its interrupts, so the devices of @group
 * must have none while they are attached or detached. A group that joins later finds
 * the domain prepared. msi_home.h is for devices that move with their interrupts.
 *
 * Context: May sleep.
 * Return: 0 or a negative errno.
 */
int iommu_core_setup_msi(struct iommu_domain *domain, struct iommu_group *group)
{
	const struct iommu_resv_region *window;
	struct iommu_resv_region *region, *next;
	LIST_HEAD(regions);
	int ret;

	ret = iommu_get_group_resv_regions(group, &regions);
	window = ret ? NULL : core_find_sw_msi(&regions);
	if (window) {
		ret = iommu_get_msi_cookie(domain, window->start);
		/* not needed on this kernel */
		if (ret == -ENODEV)
			ret = 0;
	}
	list_for_each_entry_safe(region, next, &regions, list)
		kfree(region);
	return ret;
}
