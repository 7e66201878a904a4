/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sets of devices that are opened and reset together. The functions for drivers
 * are declared in linux/vfio.h.
 */
#ifndef __VFIO_DEVSET_H
#define __VFIO_DEVSET_H

#include <linux/vfio.h>

void vfio_devset_leave(struct vfio_device *device);

#endif /* __VFIO_DEVSET_H */
