/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The parameters of the module vfio_iommu_type1 that apply to containers.
 *
 * Administrators have set these parameters for years, so a module of that name
 * still provides them. A container pins the module while it has a type, and
 * without the module there are no types, as when the module implemented type1.
 */
#ifndef IOMMUFD_VFIO_COMPAT_PARAMS_H
#define IOMMUFD_VFIO_COMPAT_PARAMS_H

#include <linux/types.h>

struct iommufd_type1_params;

bool params_available(void);
const struct iommufd_type1_params *params_get(void);
void params_put(const struct iommufd_type1_params *params);

#endif /* IOMMUFD_VFIO_COMPAT_PARAMS_H */
