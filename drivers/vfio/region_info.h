/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VFIO_DEVICE_GET_REGION_INFO
 */
#ifndef __VFIO_REGION_INFO_H
#define __VFIO_REGION_INFO_H

#include <linux/vfio.h>

long vfio_device_region_info(struct vfio_device *device,
			     struct vfio_region_info __user *arg);

#endif /* __VFIO_REGION_INFO_H */
