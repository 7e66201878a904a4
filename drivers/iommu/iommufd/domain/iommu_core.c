// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who drives a device's DMA.
 */
#include <linux/iommu.h>
#include <linux/iommu_internal.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <uapi/linux/iommufd.h>

#include "hwdirty.h"
#include "iommu_core.h"

#undef pr_fmt
#define pr_fmt(fmt) "iommufd: " fmt

static bool allow_unsafe_interrupts;
module_param(allow_unsafe_interrupts, bool, 0644);
MODULE_PARM_DESC(allow_unsafe_interrupts,
		 "accept devices that can raise any interrupt");

/**
 * iommu_core_check_msi() - may user space have a group, as to interrupts?
 * @group: the group
 *
 * An MSI is a memory write. Where the platform does not filter them, a device
 * can raise interrupts that belong to others.
 *
 * Return: 0, or -EPERM where the platform does not filter and the module
 * parameter allow_unsafe_interrupts is not set.
 */
int iommu_core_check_msi(struct iommu_group *group)
{
	if (iommu_group_has_isolated_msi(group))
		return 0;
	if (!allow_unsafe_interrupts) {
		pr_warn("No interrupt remapping support for group %d. The module parameter \"allow_unsafe_interrupts\" overrides this\n",
			iommu_group_id(group));
		return -EPERM;
	}
	pr_warn_once("group %d can raise interrupts that are not its own\n",
		     iommu_group_id(group));
	return 0;
}

/**
 * iommu_core_domain_alloc() - a new empty domain for mapping
 * @dev: a device that is going to be attached to it
 *
 * Context: May sleep.
 * Return: the domain, freed by iommu_domain_free(), or an ERR_PTR.
 */
struct iommu_domain *iommu_core_domain_alloc(struct device *dev)
{
	return iommu_paging_domain_alloc(dev);
}

/**
 * iommu_core_domain_alloc_flags() - a new empty domain of a special kind
 * @dev: a device that is going to be attached to it
 * @flags: of IOMMU_HWPT_ALLOC
 * @data: for the driver, or NULL
 *
 * Context: May sleep.
 * Return: the domain, freed by iommu_domain_free(); -EOPNOTSUPP where it cannot
 * be what @flags ask for, another ERR_PTR.
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
 * iommu_core_adopt_nested() - let a nested domain be attached to
 * @dev: a device that is going to be attached to it
 * @domain: the domain, made by the driver of the IOMMU or in its place
 *
 * Return: 0, -EOPNOTSUPP where it is none.
 */
int iommu_core_adopt_nested(struct device *dev, struct iommu_domain *domain)
{
	if (WARN_ON(domain->type != IOMMU_DOMAIN_NESTED))
		return -EOPNOTSUPP;
	domain->owner = dev->iommu->iommu_dev->ops;
	return 0;
}

/**
 * iommu_core_domain_alloc_nested() - a domain whose page table user space makes
 * @dev: a device that is going to be attached to it
 * @parent: translates what comes out of it
 * @flags: of IOMMU_HWPT_ALLOC
 * @data: for the driver
 *
 * Context: May sleep.
 * Return: the domain, freed by iommu_domain_free(), or an ERR_PTR; -EINVAL where
 * @parent belongs to another driver, -EOPNOTSUPP where the driver does not have
 * that.
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
 * iommu_core_dirty_capable() - can it be known what a device writes to?
 * @dev: the device
 *
 * A driver may say so without it being true on this kernel, so it is tried.
 *
 * Context: May sleep.
 * Return: true where it can.
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
 * @domain: a domain in which nothing is mapped yet
 *
 * Return: true where DMA through @domain is coherent whatever the device asks
 * for.
 */
bool iommu_core_enforce_coherency(struct iommu_domain *domain)
{
	return domain->ops->enforce_cache_coherency &&
	       domain->ops->enforce_cache_coherency(domain);
}

/*
 * A window that the hardware reserves for MSI beats one that software may
 * choose, where a driver reports both.
 */
static bool find_sw_msi(const struct list_head *regions, phys_addr_t *base)
{
	struct iommu_resv_region *region;
	bool found = false;

	list_for_each_entry(region, regions, list) {
		if (region->type == IOMMU_RESV_MSI)
			return false;
		if (region->type == IOMMU_RESV_SW_MSI) {
			*base = region->start;
			found = true;
		}
	}
	return found;
}

/**
 * iommu_core_setup_msi() - let MSIs through a domain
 * @domain: the domain, to which @group is going to be attached
 * @group: the group
 *
 * Where interrupt writes are translated like any DMA (not on x86) the doorbells
 * must be mapped, at an IOVA that the driver reserves for it. The core maps them
 * into this one domain when a driver asks for its interrupts; a device that is
 * moved to another domain must set up its interrupts again.
 *
 * Context: May sleep.
 * Return: 0 or a negative errno.
 */
int iommu_core_setup_msi(struct iommu_domain *domain, struct iommu_group *group)
{
	struct iommu_resv_region *region, *next;
	LIST_HEAD(regions);
	phys_addr_t base;
	int ret;

	ret = iommu_get_group_resv_regions(group, &regions);
	if (!ret && find_sw_msi(&regions, &base)) {
		ret = iommu_get_msi_cookie(domain, base);
		/* set up by an earlier group, or needless on this kernel */
		if (ret == -EEXIST || ret == -ENODEV)
			ret = 0;
	}
	list_for_each_entry_safe(region, next, &regions, list)
		kfree(region);
	return ret;
}

/**
 * struct core_handle - what is kept for as long as something is attached
 */
struct core_handle {
	/** @handle: as the IOMMU core knows it, which sets its domain */
	struct iommu_attach_handle handle;
	/** @target: where page requests go */
	struct fault_target target;
	/** @lock: protects @closed; held while a page request is reported */
	struct mutex lock;
	/** @closed: page requests are refused */
	bool closed;
};

static struct core_handle *
core_handle_of(const struct iommu_attach_handle *handle)
{
	return container_of(handle, struct core_handle, handle);
}

/*
 * The device is told once, whatever number of domains it makes page requests in
 * and moves between. It must be the only one that answers reach: functions of a
 * device share what page requests go by, so that an answer to one may stop it
 * for all.
 */
static int enable_faults(struct fault_source *source)
{
	struct device *dev = source->dev;
	int ret = 0;

	if (dev_is_pci(dev) && to_pci_dev(dev)->is_virtfn)
		return -EINVAL;
	if (!source->enabled)
		ret = compat_iommu_enable_iopf(dev);
	if (!ret)
		source->enabled++;
	return ret;
}

static void disable_faults(struct fault_source *source)
{
	if (!--source->enabled)
		compat_iommu_disable_iopf(source->dev);
}

static struct core_handle *new_handle(const struct fault_target *target)
{
	struct core_handle *handle;
	int ret = 0;

	handle = kzalloc_obj(*handle, GFP_KERNEL);
	if (!handle)
		return ERR_PTR(-ENOMEM);
	mutex_init(&handle->lock);
	if (target)
		handle->target = *target;
	if (handle->target.sink)
		ret = enable_faults(handle->target.source);
	if (ret) {
		kfree(handle);
		return ERR_PTR(ret);
	}
	return handle;
}

/*
 * Refuses further page requests and has the reported ones responded to. This has
 * to precede whatever makes the driver stop page requests of the device: it takes
 * no responses afterwards.
 */
static void close_handle(struct core_handle *handle)
{
	struct fault_sink *sink = handle->target.sink;

	if (!sink)
		return;
	guard(mutex)(&handle->lock);
	handle->closed = true;
	sink->ops->detach(sink, &handle->handle);
}

static void reopen_handle(struct core_handle *handle)
{
	guard(mutex)(&handle->lock);
	handle->closed = false;
}

/* @handle is not attached any more. */
static void free_handle(struct core_handle *handle)
{
	close_handle(handle);
	if (handle->target.sink)
		disable_faults(handle->target.source);
	mutex_destroy(&handle->lock);
	kfree(handle);
}

static struct core_handle *attached_handle(struct iommu_group *group, u32 pasid)
{
	struct iommu_attach_handle *handle;

	handle = iommu_attach_handle_get(group, pasid, 0);
	return WARN_ON(IS_ERR(handle)) ? NULL : core_handle_of(handle);
}

/*
 * The group is taken off the list of the device, because the driver of the IOMMU
 * responds to the groups on this list, and frees them, when it stops the page
 * requests of the device.
 */
static int take_fault(struct iopf_group *group)
{
	struct core_handle *handle = core_handle_of(group->attach_handle);
	struct fault_sink *sink = handle->target.sink;

	iopf_group_dequeue(group);
	guard(mutex)(&handle->lock);
	if (handle->closed) {
		iopf_group_response(group, IOMMU_PAGE_RESP_INVALID);
		iopf_free_group(group);
		return 0;
	}
	sink->ops->report(sink, group);
	return 0;
}

/**
 * iommu_core_take_faults() - let page requests be taken
 * @domain: a domain that nothing was attached to; what is going to be is given a
 *	    sink for them
 */
void iommu_core_take_faults(struct iommu_domain *domain)
{
	domain->iopf_handler = take_fault;
}

/**
 * iommu_core_fault_device() - where does a page request come from?
 * @group: what a sink was brought
 *
 * Return: the ID of the device.
 */
u32 iommu_core_fault_device(const struct iopf_group *group)
{
	return core_handle_of(group->attach_handle)->target.source->dev_id;
}

/**
 * iommu_core_attach() - send a group's DMA through a domain
 * @domain: the domain
 * @group: the group, whose DMA ownership the caller has claimed
 * @target: where page requests go, or NULL
 *
 * Context: May sleep.
 * Return: 0, -EINVAL where @domain does not suit @group or page requests would
 * be those of a PCI virtual function, another negative errno.
 */
int iommu_core_attach(struct iommu_domain *domain, struct iommu_group *group,
		      const struct fault_target *target)
{
	struct core_handle *handle = new_handle(target);
	int ret;

	if (IS_ERR(handle))
		return PTR_ERR(handle);
	ret = iommu_attach_group_handle(domain, group, &handle->handle);
	if (ret)
		free_handle(handle);
	return ret;
}

static int check_owner(struct device *dev, void *data)
{
	const struct iommu_domain *domain = data;

	return dev->iommu->iommu_dev->ops == domain->owner ? 0 : -EINVAL;
}

/**
 * iommu_core_replace() - move a group to another domain
 * @domain: the new domain
 * @group: a group attached by iommu_core_attach()
 * @target: where page requests go, or NULL
 *
 * Between the two the group's DMA is translated by one of them, as far as the
 * driver can do that.
 *
 * Context: May sleep.
 * Return: 0 or a negative errno, and the old domain stays attached; -EINVAL
 * where @domain does not suit @group.
 */
int iommu_core_replace(struct iommu_domain *domain, struct iommu_group *group,
		       const struct fault_target *target)
{
	struct core_handle *old = attached_handle(group, IOMMU_NO_PASID);
	struct core_handle *handle;
	bool stops;
	int ret;

	/*
	 * Unlike attaching, this takes any domain to the device's driver, which
	 * would believe that the domain is its own.
	 */
	ret = iommu_group_for_each_dev(group, domain, check_owner);
	if (ret)
		return ret;
	handle = new_handle(target);
	if (IS_ERR(handle))
		return PTR_ERR(handle);
	stops = !handle->target.sink;
	if (stops)
		close_handle(old);
	ret = iommu_replace_group_handle(group, domain, &handle->handle);
	if (ret && stops)
		reopen_handle(old);
	free_handle(ret ? handle : old);
	return ret;
}

/**
 * iommu_core_detach() - stop a group's DMA
 * @domain: the domain it goes through
 * @group: a group attached by iommu_core_attach()
 *
 * Until the group's ownership is released everything it sends is blocked.
 *
 * Context: May sleep.
 */
void iommu_core_detach(struct iommu_domain *domain, struct iommu_group *group)
{
	struct core_handle *handle = attached_handle(group, IOMMU_NO_PASID);

	close_handle(handle);
	iommu_detach_group_handle(domain, group);
	free_handle(handle);
}

/**
 * iommu_core_attach_pasid() - send the DMA with a PASID through a domain
 * @domain: the domain
 * @pasid: the PASID
 * @target: the device, and where its page requests go
 *
 * Context: May sleep.
 * Return: 0, -EINVAL where @domain does not suit the device, another negative
 * errno.
 */
int iommu_core_attach_pasid(struct iommu_domain *domain, u32 pasid,
			    const struct fault_target *target)
{
	struct device *dev = target->source->dev;
	struct core_handle *handle;
	int ret;

	if (!dev->iommu->max_pasids)
		return -EINVAL;
	handle = new_handle(target);
	if (IS_ERR(handle))
		return PTR_ERR(handle);
	ret = iommu_attach_device_pasid(domain, dev, pasid, &handle->handle);
	if (ret)
		free_handle(handle);
	return ret;
}

/**
 * iommu_core_replace_pasid() - move a PASID to another domain
 * @domain: the new domain
 * @pasid: attached by iommu_core_attach_pasid()
 * @target: the device, and where its page requests go
 *
 * An older kernel detaches the PASID for a moment. On failure it goes back, and
 * if that fails too the PASID is not attached any more: iommu_core_has_pasid()
 * tells.
 *
 * Context: May sleep.
 * Return: 0 or a negative errno.
 */
int iommu_core_replace_pasid(struct iommu_domain *domain, u32 pasid,
			     const struct fault_target *target)
{
	struct device *dev = target->source->dev;
	struct core_handle *old = attached_handle(dev->iommu_group, pasid);
	struct core_handle *handle = new_handle(target);
	bool stops;
	int ret;

	if (IS_ERR(handle))
		return PTR_ERR(handle);
	stops = !handle->target.sink;
	if (stops)
		close_handle(old);
	ret = iommu_replace_device_pasid(domain, dev, pasid, &handle->handle);
	if (ret)
		free_handle(handle);
	if (!ret || !iommu_core_has_pasid(dev, pasid))
		free_handle(old);
	else if (stops)
		reopen_handle(old);
	return ret;
}

/**
 * iommu_core_has_pasid() - is a PASID attached?
 * @dev: the device
 * @pasid: the PASID
 *
 * Return: true where it is.
 */
bool iommu_core_has_pasid(struct device *dev, u32 pasid)
{
	return !IS_ERR(iommu_attach_handle_get(dev->iommu_group, pasid, 0));
}

/**
 * iommu_core_detach_pasid() - stop the DMA with a PASID
 * @domain: the domain it goes through
 * @dev: the device
 * @pasid: attached by iommu_core_attach_pasid()
 *
 * Context: May sleep.
 */
void iommu_core_detach_pasid(struct iommu_domain *domain, struct device *dev,
			     u32 pasid)
{
	struct core_handle *handle = attached_handle(dev->iommu_group, pasid);

	close_handle(handle);
	iommu_detach_device_pasid(domain, dev, pasid);
	free_handle(handle);
}
