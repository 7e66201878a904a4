/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lifetime of a struct vfio_device: its memory, index and inode, and the
 * reference count that unregistration waits for. The functions for drivers are
 * declared in linux/vfio.h.
 */
#ifndef __VFIO_DEVICE_H
#define __VFIO_DEVICE_H

#include <linux/vfio.h>

void vfio_device_start_registration(struct vfio_device *device);
void vfio_device_end_registration(struct vfio_device *device);
int vfio_device_pm_get(struct vfio_device *device);
void vfio_device_pm_put(struct vfio_device *device);

#endif /* __VFIO_DEVICE_H */
