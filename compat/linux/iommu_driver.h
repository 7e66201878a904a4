/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a driver of an IOMMU provides, where the ops differ. The driver writes
 * its functions for the newer kernel, states them in the DEFINE macros, and
 * names them in its ops by the others.
 *
 * Domains: domain_alloc_paging_flags() and domain_alloc_nested() were one op,
 * domain_alloc_user(), before 6.14, which iommu_paging_domain_alloc() did not
 * know. attach_dev() gets the old domain from 6.19 on. Up to 6.13 a PASID is
 * detached by an op of its own, later by moving it to the blocked domain. Up to
 * 6.15 the driver is asked to enable page requests, where ours have nothing to
 * do: they are enabled by attaching to a domain that takes them.
 */
#ifndef _COMPAT_LINUX_IOMMU_DRIVER_H
#define _COMPAT_LINUX_IOMMU_DRIVER_H

#include <linux/iommu.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 14, 0)
#define COMPAT_DEFINE_DOMAIN_ALLOC(paging, nested)                        \
	static struct iommu_domain *paging##_plain(struct device *dev)    \
	{                                                                 \
		return paging(dev, 0, NULL);                              \
	}                                                                 \
	static struct iommu_domain *paging##_user(                        \
		struct device *dev, u32 flags, struct iommu_domain *over, \
		const struct iommu_user_data *data)                       \
	{                                                                 \
		return over ? nested(dev, over, flags, data) :            \
			      paging(dev, flags, data);                   \
	}
#define COMPAT_DOMAIN_ALLOC_OPS(paging, nested) \
	.domain_alloc_paging = paging##_plain,  \
	.domain_alloc_user = paging##_user

#define COMPAT_DEFINE_REMOVE_PASID(set, blocked)                     \
	static void set##_remove(struct device *dev, ioasid_t pasid, \
				 struct iommu_domain *old)           \
	{                                                            \
		set(blocked, dev, pasid, old);                       \
	}
#define COMPAT_REMOVE_PASID_OPS(set) .remove_dev_pasid = set##_remove,

static inline int compat_iommu_feature(struct device *dev,
				       enum iommu_dev_features feature)
{
	return 0;
}

#define COMPAT_IOPF_OPS                          \
	.dev_enable_feat = compat_iommu_feature, \
	.dev_disable_feat = compat_iommu_feature,
#else
#define COMPAT_IOPF_OPS

#define COMPAT_DEFINE_DOMAIN_ALLOC(paging, nested)
#define COMPAT_DOMAIN_ALLOC_OPS(paging, nested) \
	.domain_alloc_paging_flags = paging, .domain_alloc_nested = nested

#define COMPAT_DEFINE_REMOVE_PASID(set, blocked)
#define COMPAT_REMOVE_PASID_OPS(set)
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 19, 0)
#define COMPAT_DEFINE_ATTACH_DEV(attach)                     \
	static int attach##_new(struct iommu_domain *domain, \
				struct device *dev)          \
	{                                                    \
		return attach(domain, dev, NULL);            \
	}
#define COMPAT_ATTACH_DEV(attach) attach##_new
#else
#define COMPAT_DEFINE_ATTACH_DEV(attach)
#define COMPAT_ATTACH_DEV(attach) attach
#endif

#endif /* _COMPAT_LINUX_IOMMU_DRIVER_H */
