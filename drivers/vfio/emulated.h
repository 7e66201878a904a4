/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A device that is software: ready-made ops by which its driver has it bound and
 * attached to an iommufd, whose prototypes are in linux/vfio.h, and its place in
 * a container.
 */
#ifndef __VFIO_EMULATED_H
#define __VFIO_EMULATED_H

#include <linux/vfio.h>

struct iommufd_container_group;

int vfio_emulated_enter_container(struct vfio_device *vdev,
				  struct iommufd_container_group *cgrp);
void vfio_emulated_leave_container(struct vfio_device *vdev);

#endif /* __VFIO_EMULATED_H */
