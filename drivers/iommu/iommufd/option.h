/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * IOMMU_OPTION: settings of a context and of its objects.
 */
#ifndef IOMMUFD_OPTION_H
#define IOMMUFD_OPTION_H

struct iommufd_ucmd;

int option_ioctl(struct iommufd_ucmd *ucmd);

#endif /* IOMMUFD_OPTION_H */
