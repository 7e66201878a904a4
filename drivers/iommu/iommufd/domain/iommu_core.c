// SPDX-License-Identifier: GPL-2.0-only
/*
 * Wrapper of the IOMMU core: allocation of domains, attachment of groups and
 * PASIDs, and the hand-over of page requests.
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
		pr_warn("No interrupt remapping support for group %d. The module parameter \"allow_unsafe_interrupts\" overrides this\n",
			iommu_group_id(group));
		return -EPERM;
	}
	pr_warn_once("group %d can raise interrupts that are not its own\n",
		     iommu_group_id(group));
	return 0;
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
static bool core_find_sw_msi(const struct list_head *regions, phys_addr_t *base)
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
 * iommu_core_setup_msi() - prepare a domain for MSIs of a group
 * @domain: domain to which @group is going to be attached
 * @group: the group
 *
 * If interrupt writes are translated like other DMA (not on x86), the doorbells
 * have to be mapped at an IOVA that the driver reserves. The core maps them into
 * this one domain when a driver requests its interrupts. After a device has moved
 * to another domain, its interrupts have to be set up again.
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
	if (!ret && core_find_sw_msi(&regions, &base)) {
		ret = iommu_get_msi_cookie(domain, base);
		/* set up by an earlier group, or not needed on this kernel */
		if (ret == -EEXIST || ret == -ENODEV)
			ret = 0;
	}
	list_for_each_entry_safe(region, next, &regions, list)
		kfree(region);
	return ret;
}

/**
 * struct core_handle - an attachment
 */
struct core_handle {
	/** @handle: handle of the IOMMU core, which sets its domain */
	struct iommu_attach_handle handle;
	/** @target: receiver of page requests */
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
 * Page requests are enabled once for a device, for any number of domains. A VF is
 * refused, because it shares the page request interface with its PF: a failure
 * response to one function may stop the requests of all.
 */
static int core_enable_faults(struct fault_source *source)
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

static void core_disable_faults(struct fault_source *source)
{
	if (!--source->enabled)
		compat_iommu_disable_iopf(source->dev);
}

static struct core_handle *core_handle_alloc(const struct fault_target *target)
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
		ret = core_enable_faults(handle->target.source);
	if (ret) {
		kfree(handle);
		return ERR_PTR(ret);
	}
	return handle;
}

/*
 * Refuses further page requests and has the reported ones responded to. Call this
 * before the driver stops the page requests of the device, because it takes no
 * responses afterwards.
 */
static void core_handle_close(struct core_handle *handle)
{
	struct fault_sink *sink = handle->target.sink;

	if (!sink)
		return;
	guard(mutex)(&handle->lock);
	handle->closed = true;
	sink->ops->detach(sink, &handle->handle);
}

static void core_handle_reopen(struct core_handle *handle)
{
	guard(mutex)(&handle->lock);
	handle->closed = false;
}

/* @handle is not attached any more. */
static void core_handle_free(struct core_handle *handle)
{
	core_handle_close(handle);
	if (handle->target.sink)
		core_disable_faults(handle->target.source);
	mutex_destroy(&handle->lock);
	kfree(handle);
}

static struct core_handle *core_handle_get_attached(struct iommu_group *group,
						    u32 pasid)
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
static int core_report_fault(struct iopf_group *group)
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
 * iommu_core_take_faults() - deliver page requests of a domain
 * @domain: a domain that has never been attached; each attachment to it has to
 *	name a receiver of page requests
 */
void iommu_core_take_faults(struct iommu_domain *domain)
{
	domain->iopf_handler = core_report_fault;
}

/**
 * iommu_core_fault_device() - get the device of a page request
 * @group: page request group that was reported to a sink
 *
 * Return: the ID of the device.
 */
u32 iommu_core_fault_device(const struct iopf_group *group)
{
	return core_handle_of(group->attach_handle)->target.source->dev_id;
}

/**
 * iommu_core_attach() - attach a group to a domain
 * @domain: the domain
 * @group: group whose DMA ownership the caller has claimed
 * @target: receiver of page requests, or NULL
 *
 * Context: May sleep.
 * Return: 0, -EINVAL if @domain is not compatible with @group or if page requests
 * of a VF were to be delivered, or another negative errno.
 */
int iommu_core_attach(struct iommu_domain *domain, struct iommu_group *group,
		      const struct fault_target *target)
{
	struct core_handle *handle = core_handle_alloc(target);
	int ret;

	if (IS_ERR(handle))
		return PTR_ERR(handle);
	ret = iommu_attach_group_handle(domain, group, &handle->handle);
	if (ret)
		core_handle_free(handle);
	return ret;
}

static int core_check_owner(struct device *dev, void *data)
{
	const struct iommu_domain *domain = data;

	return dev->iommu->iommu_dev->ops == domain->owner ? 0 : -EINVAL;
}

/**
 * iommu_core_replace() - move a group to another domain
 * @domain: the new domain
 * @group: group attached by iommu_core_attach()
 * @target: receiver of page requests, or NULL
 *
 * As far as the driver supports it, DMA of the group is translated by the old or
 * by the new domain at any time. If @target is NULL, pending page requests of the
 * old domain are refused even if this fails.
 *
 * Context: May sleep.
 * Return: 0, or a negative errno with the old domain still attached; -EINVAL if
 * @domain is not compatible with @group.
 */
int iommu_core_replace(struct iommu_domain *domain, struct iommu_group *group,
		       const struct fault_target *target)
{
	struct core_handle *old =
		core_handle_get_attached(group, IOMMU_NO_PASID);
	struct core_handle *handle;
	bool stops;
	int ret;

	/*
	 * Unlike iommu_attach_group_handle(), the replacement hands any domain
	 * to the driver of the device, which takes it for its own.
	 */
	ret = iommu_group_for_each_dev(group, domain, core_check_owner);
	if (ret)
		return ret;
	handle = core_handle_alloc(target);
	if (IS_ERR(handle))
		return PTR_ERR(handle);
	stops = !handle->target.sink;
	if (stops)
		core_handle_close(old);
	ret = iommu_replace_group_handle(group, domain, &handle->handle);
	if (ret && stops)
		core_handle_reopen(old);
	core_handle_free(ret ? handle : old);
	return ret;
}

/**
 * iommu_core_detach() - detach a group from a domain
 * @domain: the domain
 * @group: group attached by iommu_core_attach()
 *
 * All DMA of the group is blocked until its ownership is released.
 *
 * Context: May sleep.
 */
void iommu_core_detach(struct iommu_domain *domain, struct iommu_group *group)
{
	struct core_handle *handle =
		core_handle_get_attached(group, IOMMU_NO_PASID);

	core_handle_close(handle);
	iommu_detach_group_handle(domain, group);
	core_handle_free(handle);
}

/**
 * iommu_core_attach_pasid() - attach a PASID to a domain
 * @domain: the domain
 * @pasid: the PASID
 * @target: the device, and the receiver of its page requests
 *
 * Context: May sleep.
 * Return: 0, -EINVAL if @domain is not compatible with the device, or another
 * negative errno.
 */
int iommu_core_attach_pasid(struct iommu_domain *domain, u32 pasid,
			    const struct fault_target *target)
{
	struct device *dev = target->source->dev;
	struct core_handle *handle;
	int ret;

	if (!dev->iommu->max_pasids)
		return -EINVAL;
	handle = core_handle_alloc(target);
	if (IS_ERR(handle))
		return PTR_ERR(handle);
	ret = iommu_attach_device_pasid(domain, dev, pasid, &handle->handle);
	if (ret)
		core_handle_free(handle);
	return ret;
}

/**
 * iommu_core_replace_pasid() - move a PASID to another domain
 * @domain: the new domain
 * @pasid: PASID attached by iommu_core_attach_pasid()
 * @target: the device, and the receiver of its page requests
 *
 * Kernels without iommu_replace_device_pasid() detach the PASID in between. If this
 * fails and the old domain cannot be attached again, the PASID ends detached:
 * iommu_core_has_pasid() returns false then.
 *
 * Context: May sleep.
 * Return: 0 or a negative errno.
 */
int iommu_core_replace_pasid(struct iommu_domain *domain, u32 pasid,
			     const struct fault_target *target)
{
	struct device *dev = target->source->dev;
	struct core_handle *old =
		core_handle_get_attached(dev->iommu_group, pasid);
	struct core_handle *handle = core_handle_alloc(target);
	bool stops;
	int ret;

	if (IS_ERR(handle))
		return PTR_ERR(handle);
	stops = !handle->target.sink;
	if (stops)
		core_handle_close(old);
	ret = iommu_replace_device_pasid(domain, dev, pasid, &handle->handle);
	if (ret)
		core_handle_free(handle);
	if (!ret || !iommu_core_has_pasid(dev, pasid))
		core_handle_free(old);
	else if (stops)
		core_handle_reopen(old);
	return ret;
}

/**
 * iommu_core_has_pasid() - test whether a PASID is attached
 * @dev: the device
 * @pasid: the PASID
 *
 * Return: true if it is.
 */
bool iommu_core_has_pasid(struct device *dev, u32 pasid)
{
	return !IS_ERR(iommu_attach_handle_get(dev->iommu_group, pasid, 0));
}

/**
 * iommu_core_detach_pasid() - detach a PASID from a domain
 * @domain: the domain
 * @dev: the device
 * @pasid: PASID attached by iommu_core_attach_pasid()
 *
 * Context: May sleep.
 */
void iommu_core_detach_pasid(struct iommu_domain *domain, struct device *dev,
			     u32 pasid)
{
	struct core_handle *handle =
		core_handle_get_attached(dev->iommu_group, pasid);

	core_handle_close(handle);
	iommu_detach_device_pasid(domain, dev, pasid);
	core_handle_free(handle);
}
