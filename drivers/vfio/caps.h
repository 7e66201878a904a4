/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Helpers for the structs that drivers exchange with user space: capability
 * chains and interrupt sets. Their prototypes are in linux/vfio.h.
 */
#ifndef __VFIO_CAPS_H
#define __VFIO_CAPS_H

#include <linux/vfio.h>

#endif /* __VFIO_CAPS_H */
