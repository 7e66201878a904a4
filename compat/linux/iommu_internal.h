/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Functions that the IOMMU core exports in the namespace IOMMUFD_INTERNAL and
 * declares in a header that the kernel's headers package leaves out. They are
 * the same on every kernel we build for; scripts compare them with the
 * sources.
 */
#ifndef _COMPAT_LINUX_IOMMU_INTERNAL_H
#define _COMPAT_LINUX_IOMMU_INTERNAL_H

#include <linux/iommu.h>

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

#endif /* _COMPAT_LINUX_IOMMU_INTERNAL_H */
