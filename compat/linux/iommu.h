/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * On 6.12 the op hw_info does not accept a type of information, drivers do not
 * report whether a device can use ATS, and the op that allocates a domain with
 * the flags of IOMMU_HWPT_ALLOC also allocates nested domains.
 *
 * From 6.19 on drivers share page table code, which reports dirty pages in the
 * range of a flush only if it also clears them.
 *
 * Before 6.12.114 a group of page requests is on the list of its device until the
 * response. The IOMMU driver frees the groups on the list when it stops the page
 * requests of the device, and a group that is not on the list gets no response.
 */
#ifndef _COMPAT_LINUX_IOMMU_H
#define _COMPAT_LINUX_IOMMU_H

#include_next <linux/iommu.h>
#include <linux/cleanup.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
static inline void *compat_iommu_hw_info(struct device *dev, u32 *len,
					 u32 *type)
{
	u32 requested = *type;
	void *data;

	data = dev->iommu->iommu_dev->ops->hw_info(dev, len, type);
	if (!IS_ERR(data) && requested && requested != *type) {
		kfree(data);
		return ERR_PTR(-EOPNOTSUPP);
	}
	return data;
}

/* Drivers of this kernel do not report it. */
static inline bool compat_iommu_ats_unusable(struct device *dev)
{
	return false;
}
#else
static inline void *compat_iommu_hw_info(struct device *dev, u32 *len,
					 u32 *type)
{
	enum iommu_hw_info_type inout_type = *type;
	void *data;

	data = dev->iommu->iommu_dev->ops->hw_info(dev, len, &inout_type);
	*type = inout_type;
	return data;
}

static inline bool compat_iommu_ats_unusable(struct device *dev)
{
	return !device_iommu_capable(dev, IOMMU_CAP_PCI_ATS_SUPPORTED);
}
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 14, 0)
static inline bool compat_iommu_has_alloc_flags(const struct iommu_ops *ops)
{
	return ops->domain_alloc_user;
}

static inline struct iommu_domain *
compat_iommu_alloc_flags(const struct iommu_ops *ops, struct device *dev,
			 u32 flags, const struct iommu_user_data *data)
{
	return ops->domain_alloc_user(dev, flags, NULL, data);
}

static inline struct iommu_domain *
compat_iommu_alloc_nested(const struct iommu_ops *ops, struct device *dev,
			  struct iommu_domain *parent, u32 flags,
			  const struct iommu_user_data *data)
{
	if (!ops->domain_alloc_user)
		return ERR_PTR(-EOPNOTSUPP);
	return ops->domain_alloc_user(dev, flags, parent, data);
}
#else
static inline bool compat_iommu_has_alloc_flags(const struct iommu_ops *ops)
{
	return ops->domain_alloc_paging_flags;
}

static inline struct iommu_domain *
compat_iommu_alloc_flags(const struct iommu_ops *ops, struct device *dev,
			 u32 flags, const struct iommu_user_data *data)
{
	return ops->domain_alloc_paging_flags(dev, flags, data);
}

static inline struct iommu_domain *
compat_iommu_alloc_nested(const struct iommu_ops *ops, struct device *dev,
			  struct iommu_domain *parent, u32 flags,
			  const struct iommu_user_data *data)
{
	if (!ops->domain_alloc_nested)
		return ERR_PTR(-EOPNOTSUPP);
	return ops->domain_alloc_nested(dev, parent, flags, data);
}
#endif

/*
 * Up to 6.14 a PASID cannot be moved from one domain to another without being
 * detached in between. If attaching to the new domain fails, the former domain
 * is attached again, without a guarantee.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 15, 0)
struct iommu_attach_handle *iommu_attach_handle_get(struct iommu_group *group,
						    ioasid_t pasid,
						    unsigned int type);

static inline int iommu_replace_device_pasid(struct iommu_domain *domain,
					     struct device *dev, ioasid_t pasid,
					     struct iommu_attach_handle *handle)
{
	struct iommu_attach_handle *old;
	struct iommu_domain *from;
	int ret;

	old = iommu_attach_handle_get(dev->iommu_group, pasid, 0);
	if (IS_ERR(old))
		return PTR_ERR(old);
	from = old->domain;
	iommu_detach_device_pasid(from, dev, pasid);
	ret = iommu_attach_device_pasid(domain, dev, pasid, handle);
	if (ret)
		iommu_attach_device_pasid(from, dev, pasid, old);
	return ret;
}
#endif

/* Page requests are enabled by the caller up to 6.15, later by the driver. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 16, 0)
static inline int compat_iommu_enable_iopf(struct device *dev)
{
	return iommu_dev_enable_feature(dev, IOMMU_DEV_FEAT_IOPF);
}

static inline void compat_iommu_disable_iopf(struct device *dev)
{
	iommu_dev_disable_feature(dev, IOMMU_DEV_FEAT_IOPF);
}
#else
static inline int compat_iommu_enable_iopf(struct device *dev)
{
	return 0;
}

static inline void compat_iommu_disable_iopf(struct device *dev)
{
}
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 114)
static inline void iopf_group_dequeue(struct iopf_group *group)
{
	guard(mutex)(&group->fault_param->lock);
	list_del_init(&group->pending_node);
}

static inline void
compat_iopf_group_response(struct iopf_group *group,
			   enum iommu_page_response_code status)
{
	struct device *dev = group->fault_param->dev;
	struct iommu_page_response response = {
		.pasid = group->last_fault.fault.prm.pasid,
		.grpid = group->last_fault.fault.prm.grpid,
		.code = status,
	};

	guard(mutex)(&group->fault_param->lock);
	dev->iommu->iommu_dev->ops->page_response(dev, &group->last_fault,
						  &response);
}

#define iopf_group_response compat_iopf_group_response
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 19, 0)
static inline bool compat_iommu_dirty_needs_clear(struct iommu_domain *domain)
{
	return false;
}
#else
static inline bool compat_iommu_dirty_needs_clear(struct iommu_domain *domain)
{
	return domain->is_iommupt;
}
#endif

#endif /* _COMPAT_LINUX_IOMMU_H */
