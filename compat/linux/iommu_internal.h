/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Functions that the IOMMU core exports in the namespace IOMMUFD_INTERNAL and
 * declares in a header that is not part of the kernel's headers package. They
 * are the same on all supported kernels, except iommu_replace_device_pasid(),
 * which is new in 6.15. scripts/check-prototypes compares them with the
 * sources.
 */
#ifndef _COMPAT_LINUX_IOMMU_INTERNAL_H
#define _COMPAT_LINUX_IOMMU_INTERNAL_H

#include <linux/iommu.h>
#include <linux/version.h>

struct iommu_attach_handle *iommu_attach_handle_get(struct iommu_group *group,
						    ioasid_t pasid,
						    unsigned int type);
int iommu_attach_group_handle(struct iommu_domain *domain,
			      struct iommu_group *group,
			      struct iommu_attach_handle *handle);
void iommu_detach_group_handle(struct iommu_domain *domain,
			       struct iommu_group *group);
int iommu_replace_group_handle(struct iommu_group *group,
			       struct iommu_domain *new_domain,
			       struct iommu_attach_handle *handle);

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 15, 0)
int iommu_replace_device_pasid(struct iommu_domain *domain, struct device *dev,
			       ioasid_t pasid,
			       struct iommu_attach_handle *handle);
#endif

#endif /* _COMPAT_LINUX_IOMMU_INTERNAL_H */
