/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The device node, /dev/vfio/devices/vfioN, by which user space opens a device
 * and binds it to an iommufd.
 */
#ifndef __VFIO_CDEV_H
#define __VFIO_CDEV_H

#include <linux/vfio.h>

int vfio_cdev_add(struct vfio_device *device);
void vfio_cdev_del(struct vfio_device *device);
int vfio_cdev_init(void);
void vfio_cdev_exit(void);

#endif /* __VFIO_CDEV_H */
