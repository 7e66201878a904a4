/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Physical addresses of mapped memory, for devices without an IOMMU.
 */
#ifndef IOMMUFD_IOPT_PHYS_H
#define IOMMUFD_IOPT_PHYS_H

#include <linux/types.h>

struct iopt;

int iopt_phys(struct iopt *iopt, unsigned long iova, u64 *length, u64 *phys);

#endif /* IOMMUFD_IOPT_PHYS_H */
