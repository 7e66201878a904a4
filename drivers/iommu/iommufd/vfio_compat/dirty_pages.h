/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VFIO_IOMMU_DIRTY_PAGES. Return values, and the order in which a request is
 * checked, match the kernel's native type1 driver.
 */
#ifndef IOMMUFD_VFIO_COMPAT_DIRTY_PAGES_H
#define IOMMUFD_VFIO_COMPAT_DIRTY_PAGES_H

struct container;

long type1_dirty_pages(struct container *container, void __user *arg);

#endif /* IOMMUFD_VFIO_COMPAT_DIRTY_PAGES_H */
