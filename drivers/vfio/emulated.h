/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Emulated devices: ops by which a driver binds the device to an iommufd and
 * attaches it, declared in linux/vfio.h, and the access to a container.
 */
#ifndef __VFIO_EMULATED_H
#define __VFIO_EMULATED_H

#include <linux/vfio.h>

struct iommufd_container_group;

int vfio_emulated_enter_container(struct vfio_device *vdev,
				  struct iommufd_container_group *cgrp);
void vfio_emulated_leave_container(struct vfio_device *vdev);

#endif /* __VFIO_EMULATED_H */
