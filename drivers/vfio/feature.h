/* SPDX-License-Identifier: GPL-2.0-only */
/* Dispatch of VFIO_DEVICE_FEATURE */
#ifndef __VFIO_FEATURE_H
#define __VFIO_FEATURE_H

#include <linux/vfio.h>

long vfio_device_feature(struct vfio_device *device,
			 struct vfio_device_feature __user *arg);

#endif /* __VFIO_FEATURE_H */
