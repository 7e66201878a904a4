// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attaching groups and PASIDs to domains, and the hand-over of page requests.
 *
 * An attachment is that of a whole group. Its handle names the devices of the
 * group that user space has attached, so that a page request can be reported
 * with its device.
 */
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/iommu.h>
#include <linux/iommu_internal.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/pci-ats.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "iommu_core.h"

/**
 * struct attached_source - a device of an attachment
 */
struct attached_source {
	/** @entry: links into &attach_handle.sources */
	struct list_head entry;
	/** @source: the device */
	struct fault_source *source;
};

/**
 * struct attach_handle - an attachment
 */
struct attach_handle {
	/** @handle: handle of the IOMMU core, which sets its domain */
	struct iommu_attach_handle handle;
	/** @sink: receiver of page requests, or NULL */
	struct fault_sink *sink;
	/**
	 * @sources: list of struct attached_source. Written under @lock by the
	 * users of the attachment, which exclude each other and read it without.
	 */
	struct list_head sources;
	/**
	 * @lock: protects @closed and @sources; held while a page request is
	 * reported
	 */
	struct mutex lock;
	/** @closed: page requests are refused */
	bool closed;
};

static struct attach_handle *handle_of(const struct iommu_attach_handle *handle)
{
	return container_of(handle, struct attach_handle, handle);
}

/*
 * A VF shares the page request interface of its PF: a failure response to one
 * function may stop the requests of all.
 */
static bool handle_shares_pri(struct device *dev)
{
	return dev_is_pci(dev) && to_pci_dev(dev)->is_virtfn &&
	       pci_pri_supported(to_pci_dev(dev));
}

/* Page requests are enabled once for a device, for any number of domains. */
static int handle_enable_faults(struct fault_source *source)
{
	int ret = 0;

	if (handle_shares_pri(source->dev))
		return -EINVAL;
	if (!source->enabled)
		ret = compat_iommu_enable_iopf(source->dev);
	if (!ret)
		source->enabled++;
	return ret;
}

static void handle_disable_faults(struct fault_source *source)
{
	if (!--source->enabled)
		compat_iommu_disable_iopf(source->dev);
}

static struct attached_source *
handle_find_source(const struct attach_handle *handle, const struct device *dev)
{
	struct attached_source *attached;

	list_for_each_entry(attached, &handle->sources, entry)
		if (attached->source->dev == dev)
			return attached;
	return NULL;
}

static int handle_add_source(struct attach_handle *handle,
			     struct fault_source *source)
{
	struct attached_source *attached;
	int ret;

	attached = kzalloc_obj(*attached, GFP_KERNEL_ACCOUNT);
	if (!attached)
		return -ENOMEM;
	attached->source = source;
	scoped_guard(mutex, &handle->lock)
		list_add_tail(&attached->entry, &handle->sources);
	ret = handle->sink ? handle_enable_faults(source) : 0;
	if (ret) {
		scoped_guard(mutex, &handle->lock)
			list_del(&attached->entry);
		kfree(attached);
	}
	return ret;
}

/* The requests of the device are refused before its source is forgotten. */
static void handle_remove_source(struct attach_handle *handle,
				 struct fault_source *source)
{
	struct fault_sink *sink = handle->sink;
	struct attached_source *attached;

	scoped_guard(mutex, &handle->lock) {
		if (sink)
			sink->ops->detach(sink, &handle->handle, source->dev);
		attached = handle_find_source(handle, source->dev);
		list_del(&attached->entry);
	}
	kfree(attached);
	if (sink)
		handle_disable_faults(source);
}

/*
 * Refuses further page requests and has the reported ones responded to. Call this
 * before the driver stops the page requests of the device, because it takes no
 * responses afterwards.
 */
static void handle_close(struct attach_handle *handle)
{
	struct fault_sink *sink = handle->sink;

	if (!sink)
		return;
	guard(mutex)(&handle->lock);
	handle->closed = true;
	sink->ops->detach(sink, &handle->handle, NULL);
}

static void handle_reopen(struct attach_handle *handle)
{
	guard(mutex)(&handle->lock);
	handle->closed = false;
}

/* @handle is not attached any more. */
static void handle_free(struct attach_handle *handle)
{
	struct attached_source *attached, *next;

	handle_close(handle);
	list_for_each_entry_safe(attached, next, &handle->sources, entry) {
		if (handle->sink)
			handle_disable_faults(attached->source);
		kfree(attached);
	}
	mutex_destroy(&handle->lock);
	kfree(handle);
}

static struct attach_handle *handle_alloc(struct fault_sink *sink)
{
	struct attach_handle *handle;

	handle = kzalloc_obj(*handle, GFP_KERNEL_ACCOUNT);
	if (!handle)
		return ERR_PTR(-ENOMEM);
	handle->sink = sink;
	INIT_LIST_HEAD(&handle->sources);
	mutex_init(&handle->lock);
	return handle;
}

static struct attach_handle *handle_new(const struct fault_target *target)
{
	struct attach_handle *handle;
	int ret = 0;

	handle = handle_alloc(target ? target->sink : NULL);
	if (IS_ERR(handle))
		return handle;
	if (target)
		ret = handle_add_source(handle, target->source);
	if (ret) {
		handle_free(handle);
		return ERR_PTR(ret);
	}
	return handle;
}

/* The handle has the same devices as @old. */
static struct attach_handle *handle_copy(struct attach_handle *old,
					 struct fault_sink *sink)
{
	struct attach_handle *handle = handle_alloc(sink);
	struct attached_source *attached;
	int ret;

	if (IS_ERR(handle))
		return handle;
	list_for_each_entry(attached, &old->sources, entry) {
		ret = handle_add_source(handle, attached->source);
		if (ret) {
			handle_free(handle);
			return ERR_PTR(ret);
		}
	}
	return handle;
}

static struct attach_handle *handle_attached(struct iommu_group *group,
					     u32 pasid)
{
	struct iommu_attach_handle *handle;

	handle = iommu_attach_handle_get(group, pasid, 0);
	return WARN_ON(IS_ERR(handle)) ? NULL : handle_of(handle);
}

/*
 * Begins the move of @old to the domain of another handle, which is returned.
 * Without a receiver, the driver is going to stop the page requests.
 */
static struct attach_handle *handle_begin_replace(struct attach_handle *old,
						  struct fault_sink *sink)
{
	struct attach_handle *handle = handle_copy(old, sink);

	if (!IS_ERR(handle) && !sink)
		handle_close(old);
	return handle;
}

/* Frees what is not attached. */
static void handle_end_replace(struct attach_handle *old, bool old_attached,
			       struct attach_handle *handle, bool attached)
{
	if (!attached)
		handle_free(handle);
	if (old_attached)
		handle_reopen(old);
	else
		handle_free(old);
}

/*
 * The group is taken off the list of the device, because the driver of the IOMMU
 * responds to the groups on this list, and frees them, when it stops the page
 * requests of the device. The requests of a device that is not attached are refused,
 * because the receiver has no ID for it.
 */
static int handle_report_fault(struct iopf_group *group)
{
	struct attach_handle *handle = handle_of(group->attach_handle);
	const struct attached_source *attached;
	struct fault_sink *sink = handle->sink;

	iopf_group_dequeue(group);
	guard(mutex)(&handle->lock);
	attached = handle_find_source(handle, group->fault_param->dev);
	if (handle->closed || !attached) {
		iopf_group_response(group, IOMMU_PAGE_RESP_INVALID);
		iopf_free_group(group);
		return 0;
	}
	sink->ops->report(sink, group, attached->source->dev_id);
	return 0;
}

/**
 * iommu_core_take_faults() - deliver page requests of a domain
 * @domain: a domain that has never been attached; each attachment to it has to
 *	name a receiver of page requests
 */
void iommu_core_take_faults(struct iommu_domain *domain)
{
	domain->iopf_handler = handle_report_fault;
}

/**
 * iommu_core_attach() - attach a group to a domain
 * @domain: the domain
 * @group: group whose DMA ownership the caller has claimed
 * @target: receiver of page requests and first device, or NULL
 *
 * Context: May sleep.
 * Return: 0, -EINVAL if @domain is not compatible with @group or if page requests
 * of a VF that shares them were to be delivered, or another negative errno.
 */
int iommu_core_attach(struct iommu_domain *domain, struct iommu_group *group,
		      const struct fault_target *target)
{
	struct attach_handle *handle = handle_new(target);
	int ret;

	if (IS_ERR(handle))
		return PTR_ERR(handle);
	ret = iommu_attach_group_handle(domain, group, &handle->handle);
	if (ret)
		handle_free(handle);
	return ret;
}

static int handle_check_owner(struct device *dev, void *data)
{
	const struct iommu_domain *domain = data;

	return dev->iommu->iommu_dev->ops == domain->owner ? 0 : -EINVAL;
}

static int handle_replace(struct iommu_group *group,
			  struct iommu_domain *domain,
			  struct attach_handle *old, struct fault_sink *sink)
{
	struct attach_handle *handle = handle_begin_replace(old, sink);
	int ret;

	if (IS_ERR(handle))
		return PTR_ERR(handle);
	ret = iommu_replace_group_handle(group, domain, &handle->handle);
	handle_end_replace(old, ret, handle, !ret);
	return ret;
}

/* The domain of a handle is used for page requests only, and there are none. */
static int handle_move(struct iommu_group *group, struct iommu_domain *domain,
		       struct attach_handle *handle)
{
	struct iommu_domain *old = handle->handle.domain;
	int ret;

	ret = iommu_replace_group_handle(group, domain, &handle->handle);
	if (ret)
		handle->handle.domain = old;
	return ret;
}

/**
 * iommu_core_replace() - move a group to another domain
 * @domain: the new domain
 * @group: group attached by iommu_core_attach()
 * @sink: receiver of page requests, or NULL
 *
 * As far as the driver supports it, DMA of the group is translated by the old or
 * by the new domain at any time. If @sink is NULL, pending page requests of the
 * old domain are refused even if this fails.
 *
 * Context: May sleep.
 * Return: 0, or a negative errno with the old domain still attached; -EINVAL if
 * @domain is not compatible with @group.
 */
int iommu_core_replace(struct iommu_domain *domain, struct iommu_group *group,
		       struct fault_sink *sink)
{
	struct attach_handle *old = handle_attached(group, IOMMU_NO_PASID);
	int ret;

	/*
	 * Unlike iommu_attach_group_handle(), the replacement hands any domain
	 * to the driver of the device, which takes it for its own.
	 */
	ret = iommu_group_for_each_dev(group, domain, handle_check_owner);
	if (ret)
		return ret;
	return old->sink || sink ? handle_replace(group, domain, old, sink) :
				   handle_move(group, domain, old);
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
	struct attach_handle *handle = handle_attached(group, IOMMU_NO_PASID);

	handle_close(handle);
	iommu_detach_group_handle(domain, group);
	handle_free(handle);
}

/**
 * iommu_core_attach_pasid() - attach a PASID of a group to a domain
 * @domain: the domain
 * @pasid: the PASID
 * @target: receiver of page requests and first device
 *
 * Context: May sleep.
 * Return: 0, -EINVAL if @domain is not compatible with the device, or another
 * negative errno.
 */
int iommu_core_attach_pasid(struct iommu_domain *domain, u32 pasid,
			    const struct fault_target *target)
{
	struct device *dev = target->source->dev;
	struct attach_handle *handle;
	int ret;

	if (!dev->iommu->max_pasids)
		return -EINVAL;
	handle = handle_new(target);
	if (IS_ERR(handle))
		return PTR_ERR(handle);
	ret = iommu_attach_device_pasid(domain, dev, pasid, &handle->handle);
	if (ret)
		handle_free(handle);
	return ret;
}

/**
 * iommu_core_replace_pasid() - move a PASID of a group to another domain
 * @domain: the new domain
 * @dev: a device of the group
 * @pasid: PASID attached by iommu_core_attach_pasid()
 * @sink: receiver of page requests, or NULL
 *
 * Kernels without iommu_replace_device_pasid() detach the PASID in between. If this
 * fails and the old domain cannot be attached again, the PASID ends detached:
 * iommu_core_has_pasid() returns false then.
 *
 * Context: May sleep.
 * Return: 0 or a negative errno.
 */
int iommu_core_replace_pasid(struct iommu_domain *domain, struct device *dev,
			     u32 pasid, struct fault_sink *sink)
{
	struct attach_handle *old = handle_attached(dev->iommu_group, pasid);
	struct attach_handle *handle = handle_begin_replace(old, sink);
	int ret;

	if (IS_ERR(handle))
		return PTR_ERR(handle);
	ret = iommu_replace_device_pasid(domain, dev, pasid, &handle->handle);
	handle_end_replace(old, ret && iommu_core_has_pasid(dev, pasid), handle,
			   !ret);
	return ret;
}

/**
 * iommu_core_has_pasid() - test whether a PASID is attached
 * @dev: a device of the group
 * @pasid: the PASID
 *
 * Return: true if it is.
 */
bool iommu_core_has_pasid(struct device *dev, u32 pasid)
{
	return !IS_ERR(iommu_attach_handle_get(dev->iommu_group, pasid, 0));
}

/**
 * iommu_core_detach_pasid() - detach a PASID of a group from a domain
 * @domain: the domain
 * @dev: a device of the group
 * @pasid: PASID attached by iommu_core_attach_pasid()
 *
 * Context: May sleep.
 */
void iommu_core_detach_pasid(struct iommu_domain *domain, struct device *dev,
			     u32 pasid)
{
	struct attach_handle *handle = handle_attached(dev->iommu_group, pasid);

	handle_close(handle);
	iommu_detach_device_pasid(domain, dev, pasid);
	handle_free(handle);
}

/**
 * iommu_core_join() - deliver page requests of a further device of a group
 * @pasid: the PASID of the attachment, or IOMMU_NO_PASID
 * @source: the device, whose group is attached; iommu_core_leave() has to follow
 *	    unless the group is detached
 *
 * Context: May sleep.
 * Return: 0; -EINVAL if the device is a VF that shares its page requests, another
 * negative errno.
 */
int iommu_core_join(u32 pasid, struct fault_source *source)
{
	return handle_add_source(
		handle_attached(source->dev->iommu_group, pasid), source);
}

/**
 * iommu_core_leave() - refuse the page requests of a device of a group
 * @pasid: the PASID of the attachment, or IOMMU_NO_PASID
 * @source: the device
 *
 * Context: May sleep.
 */
void iommu_core_leave(u32 pasid, struct fault_source *source)
{
	handle_remove_source(handle_attached(source->dev->iommu_group, pasid),
			     source);
}
