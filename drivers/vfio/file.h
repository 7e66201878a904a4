/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The file of an open device. There are two ways to get one, group and device
 * node; what they do differently is behind struct vfio_df_ops.
 */
#ifndef __VFIO_FILE_H
#define __VFIO_FILE_H

#include <linux/fs.h>
#include <linux/vfio.h>

#include "kvm_link.h"

struct vfio_df;

/**
 * struct vfio_df_ops - what one way to open a device does in its own manner
 */
struct vfio_df_ops {
	/**
	 * @prepare: makes the device ready for ops->open_device(); the first
	 * open only; lock of the device's set held
	 */
	int (*prepare)(struct vfio_df *df);
	/** @finish: undoes @prepare; lock of the device's set held */
	void (*finish)(struct vfio_df *df);
	/** @bind: VFIO_DEVICE_BIND_IOMMUFD; optional */
	long (*bind)(struct vfio_df *df,
		     struct vfio_device_bind_iommufd __user *arg);
	/** @ioctl: further ioctls, else -ENOIOCTLCMD; optional */
	long (*ioctl)(struct vfio_df *df, unsigned int cmd, void __user *arg);
	/** @release: closes and frees @df, the file is gone */
	void (*release)(struct vfio_df *df);
};

/**
 * struct vfio_df - one file of a device
 */
struct vfio_df {
	/** @device: the device; the file holds a registration reference */
	struct vfio_device *device;
	/** @ops: the way it was opened */
	const struct vfio_df_ops *ops;
	/**
	 * @granted: the file may reach the device. Set once, when everything
	 * that it vouches for is in place: release, paired with acquire.
	 */
	bool granted;
	/** @kvm: what KVM linked to this file */
	struct vfio_kvm_link kvm;
};

void vfio_df_init(struct vfio_df *df, struct vfio_device *device,
		  const struct vfio_df_ops *ops);
int vfio_df_open(struct vfio_df *df);
void vfio_df_close(struct vfio_df *df);
void vfio_df_grant(struct vfio_df *df);
void vfio_df_adopt(struct vfio_df *df, struct file *file);
struct vfio_df *vfio_df_from_file(struct file *file);

extern const struct file_operations vfio_df_fops;

#endif /* __VFIO_FILE_H */
