/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the memory behind an IOVA is, for devices that are behind no IOMMU.
 */
#ifndef IOMMUFD_IOPT_PHYS_H
#define IOMMUFD_IOPT_PHYS_H

#include <linux/types.h>

struct iopt;

int iopt_phys(struct iopt *iopt, unsigned long iova, u64 *length, u64 *phys);

#endif /* IOMMUFD_IOPT_PHYS_H */
