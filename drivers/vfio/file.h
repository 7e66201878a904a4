/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The file of an open device. User space gets one through the group or through
 * the device node; struct vfio_df_ops holds the differences.
 */
#ifndef __VFIO_FILE_H
#define __VFIO_FILE_H

#include <linux/fs.h>
#include <linux/vfio.h>

#include "kvm_link.h"

struct seq_file;
struct vfio_df;

/**
 * struct vfio_df_ops - ops of one way to open a device
 */
struct vfio_df_ops {
	/**
	 * @prepare: prepare the device for ops->open_device(); called for the
	 * first open only, with dev_set->lock held
	 */
	int (*prepare)(struct vfio_df *df);
	/** @finish: undo @prepare; called with dev_set->lock held */
	void (*finish)(struct vfio_df *df);
	/** @bind: handle VFIO_DEVICE_BIND_IOMMUFD; optional */
	long (*bind)(struct vfio_df *df,
		     struct vfio_device_bind_iommufd __user *arg);
	/** @ioctl: handle further ioctls, or return -ENOIOCTLCMD; optional */
	long (*ioctl)(struct vfio_df *df, unsigned int cmd, void __user *arg);
	/** @show: print what the file is connected to; the file has access */
	void (*show)(struct vfio_df *df, struct seq_file *m);
	/** @interface: name of the way, for fdinfo */
	const char *interface;
	/** @release: close and free @df when the file is released */
	void (*release)(struct vfio_df *df);
};

/**
 * struct vfio_df - one file of a device
 */
struct vfio_df {
	/** @device: the device; the file holds a registration reference */
	struct vfio_device *device;
	/** @ops: ops of the way in which the file was opened */
	const struct vfio_df_ops *ops;
	/**
	 * @granted: the file may access the device. Set once, by a release
	 * store after everything else is set up; paired with an acquire load.
	 */
	bool granted;
	/** @kvm: virtual machine that KVM linked to this file */
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
