/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * IOMMU_IOAS_NOIOMMU_GET_PA
 */
#ifndef IOMMUFD_GET_PA_H
#define IOMMUFD_GET_PA_H

struct iommufd_ucmd;

int get_pa_ioctl(struct iommufd_ucmd *ucmd);

#endif /* IOMMUFD_GET_PA_H */
