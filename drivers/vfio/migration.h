/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Migration: the features by which user space saves and restores the state of a
 * device, and the order of the states. The functions for drivers are declared
 * in linux/vfio.h.
 */
#ifndef __VFIO_MIGRATION_H
#define __VFIO_MIGRATION_H

#include <linux/vfio.h>

bool vfio_migration_valid(const struct vfio_device *device);
int vfio_feature_migration(struct vfio_device *device, u32 flags,
			   void __user *arg, size_t argsz);
int vfio_feature_mig_state(struct vfio_device *device, u32 flags,
			   void __user *arg, size_t argsz);
int vfio_feature_mig_data_size(struct vfio_device *device, u32 flags,
			       void __user *arg, size_t argsz);
int vfio_feature_mig_precopy_info(struct vfio_device *device, u32 flags,
				  size_t argsz);

#endif /* __VFIO_MIGRATION_H */
