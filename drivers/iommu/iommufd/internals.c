// SPDX-License-Identifier: GPL-2.0-only
/*
 * Functions of iommufd that an extension may call. Part of iommufd.ko in a
 * build for tests.
 */
#include <linux/export.h>

#include "device.h"
#include "hwpt.h"
#include "internals.h"
#include "ioas.h"
#include "iopt/iopt_iova.h"
#include "object.h"
#include "pasid.h"

const struct iommufd_internals iommufd_internals = {
	.object_init = object_init,
	.object_publish = object_publish,
	.object_abort = object_abort,
	.object_get = object_get,
	.object_put = object_put,
	.ioas_get = ioas_get,
	.iopt_reserve_regions = iopt_reserve_regions,
	.device_get = device_get,
	.device_bind = device_bind_internal,
	.pasid_hwpt = pasid_hwpt,
	.hwpt_ops = &hwpt_ops,
};
EXPORT_SYMBOL_NS_GPL(iommufd_internals, "IOMMUFD_MOCK");
