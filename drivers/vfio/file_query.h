/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What others ask about a file that user space handed to them. KVM finds the
 * functions by name; their prototypes are in linux/vfio.h.
 */
#ifndef __VFIO_KVM_H
#define __VFIO_KVM_H

#include <linux/vfio.h>

#endif /* __VFIO_KVM_H */
