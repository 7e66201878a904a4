/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Listeners on eventfds. The functions for drivers are declared in
 * linux/vfio.h.
 */
#ifndef __VFIO_VIRQFD_H
#define __VFIO_VIRQFD_H

#include <linux/vfio.h>

int vfio_virqfd_init(void);
void vfio_virqfd_exit(void);

#endif /* __VFIO_VIRQFD_H */
