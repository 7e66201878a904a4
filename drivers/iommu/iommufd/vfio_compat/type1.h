/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mapping and unmapping in a container. Return values, and the order in which a
 * request is checked, match the kernel's native type1 driver.
 */
#ifndef IOMMUFD_VFIO_COMPAT_TYPE1_H
#define IOMMUFD_VFIO_COMPAT_TYPE1_H

struct container;
struct iopt;

unsigned long type1_pgsizes(struct iopt *iopt);
long type1_map(struct container *container, void __user *arg);
long type1_unmap(struct container *container, void __user *arg);

#endif /* IOMMUFD_VFIO_COMPAT_TYPE1_H */
