/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a driver of a device that is software reaches the memory of user space.
 * The prototypes are in linux/vfio.h.
 */
#ifndef __VFIO_PIN_H
#define __VFIO_PIN_H

#include <linux/vfio.h>

#endif /* __VFIO_PIN_H */
