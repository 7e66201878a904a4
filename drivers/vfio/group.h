/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A group of devices that the IOMMU cannot tell apart: the object behind
 * /dev/vfio/N. The file on it is in group_file.
 */
#ifndef __VFIO_GROUP_H
#define __VFIO_GROUP_H

#include <linux/cdev.h>
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/iommufd.h>
#include <linux/vfio.h>

#include "kvm_link.h"

/**
 * enum vfio_group_state - what a group can be used for
 */
enum vfio_group_state {
	/** @VFIO_GROUP_IDLE: in no container */
	VFIO_GROUP_IDLE,
	/** @VFIO_GROUP_CONTAINED: in a container, DMA ownership claimed */
	VFIO_GROUP_CONTAINED,
	/** @VFIO_GROUP_GONE: the last device has left; files may remain */
	VFIO_GROUP_REMOVED,
};

/**
 * struct vfio_group - devices of one IOMMU group
 *
 * Exists from the first device that joins to the last that leaves, and then
 * until the last file is closed.
 */
struct vfio_group {
	/** @dev: the group in sysfs; its reference count is our lifetime */
	struct device dev;
	/** @cdev: /dev/vfio/N */
	struct cdev cdev;
	/** @next: link in the list of groups, protected by its lock */
	struct list_head next;
	/** @nr_devices: devices that have joined, protected by the same lock */
	unsigned int nr_devices;
	/**
	 * @kind: what its devices are; of kinds other than the physical one
	 * there is one device, and @iommu_group was made for it
	 */
	enum iommufd_group_kind kind;
	/** @iommu_group: the IOMMU's group, a reference; NULL when GONE */
	struct iommu_group *iommu_group;
	/**
	 * @lock: protects what follows up to @kvm; never held with the lock of
	 * a device's set. @state, @cgrp and @file stay as they are while
	 * @nr_open is not 0.
	 */
	struct mutex lock;
	/** @state: what it can be used for */
	enum vfio_group_state state;
	/** @cgrp: our place in the container, when CONTAINED */
	struct iommufd_container_group *cgrp;
	/** @file: the one open file, or NULL */
	struct file *file;
	/** @nr_open: files of devices, open or about to be; each holds @file */
	unsigned int nr_open;
	/** @nr_cdev: devices bound through their device nodes */
	unsigned int nr_cdev;
	/** @kvm: what KVM linked to @file; has a lock of its own */
	struct vfio_kvm_link kvm;
	/** @device_lock: protects @device_list; taken inside of @lock */
	struct mutex device_lock;
	/** @device_list: registered devices, by vfio_device.group_next */
	struct list_head device_list;
};

int vfio_group_join(struct vfio_device *device, enum iommufd_group_kind kind);
void vfio_group_leave(struct vfio_device *device);
void vfio_group_list_device(struct vfio_device *device);
void vfio_group_unlist_device(struct vfio_device *device);

struct vfio_device *vfio_group_find_device(struct vfio_group *group, char *buf);
bool vfio_group_coherent(struct vfio_group *group);

int vfio_group_block(struct vfio_group *group);
void vfio_group_unblock(struct vfio_group *group);
void vfio_group_leave_container(struct vfio_group *group);

int vfio_group_init(const struct file_operations *fops);
void vfio_group_exit(void);

#endif /* __VFIO_GROUP_H */
