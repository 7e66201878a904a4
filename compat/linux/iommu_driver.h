/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ops of IOMMU drivers that differ between kernels. A driver implements the
 * functions for the newest kernel, passes them to the DEFINE macros, and refers
 * to them in its ops by the other macros.
 *
 * Before 6.14, domain_alloc_paging_flags() and domain_alloc_nested() are one
 * op, domain_alloc_user(), which iommu_paging_domain_alloc() does not use. Up
 * to 6.13 a PASID is detached by an op of its own, later by moving it to the
 * blocked domain, and before 6.12.114 set_dev_pasid() does not have the old domain
 * as an argument. Up to 6.15 the core calls the driver to enable page requests.
 * Drivers that use this header have nothing to do then, because they enable
 * page requests when a domain with a fault handler is attached. From 6.19 on
 * attach_dev() has the old domain as an argument.
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

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 12, 114)
#define COMPAT_DEFINE_SET_DEV_PASID(set)                                      \
	static int set##_old(struct iommu_domain *domain, struct device *dev, \
			     ioasid_t pasid)                                  \
	{                                                                     \
		return set(domain, dev, pasid, NULL);                         \
	}
#define COMPAT_SET_DEV_PASID(set) set##_old
#else
#define COMPAT_DEFINE_SET_DEV_PASID(set)
#define COMPAT_SET_DEV_PASID(set) set
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
