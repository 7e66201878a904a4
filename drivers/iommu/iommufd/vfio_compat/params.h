/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How containers behave, by the parameters of the module vfio_iommu_type1.
 *
 * Administrators have set those for years, so they have a module of that name.
 * A container keeps it while it is set to a type, as if it were the one that does
 * the work. Without the module the parameters have their defaults.
 */
#ifndef IOMMUFD_VFIO_COMPAT_PARAMS_H
#define IOMMUFD_VFIO_COMPAT_PARAMS_H

struct iommufd_type1_params;

const struct iommufd_type1_params *params_get(void);
void params_put(const struct iommufd_type1_params *params);

#endif /* IOMMUFD_VFIO_COMPAT_PARAMS_H */
