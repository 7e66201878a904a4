/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Registering and unregistering a device: brings device, group and device node
 * together. The prototypes are in linux/vfio.h.
 */
#ifndef __VFIO_REGISTER_H
#define __VFIO_REGISTER_H

#include <linux/vfio.h>

#endif /* __VFIO_REGISTER_H */
