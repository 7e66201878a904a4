/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A group of devices that the IOMMU cannot isolate from each other, which is
 * the object behind /dev/vfio/N. group_file.h has its file.
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
 * enum vfio_group_state - state of a group
 */
enum vfio_group_state {
	/** @VFIO_GROUP_IDLE: not in a container */
	VFIO_GROUP_IDLE,
	/** @VFIO_GROUP_CONTAINED: in a container, which owns the group's DMA */
	VFIO_GROUP_CONTAINED,
	/** @VFIO_GROUP_REMOVED: no device is left; files may be open */
	VFIO_GROUP_REMOVED,
};

/**
 * struct vfio_group - devices of one IOMMU group
 *
 * Created for the first device that joins. Removed when the last device leaves,
 * and freed when the last file is closed after that.
 */
struct vfio_group {
	/**
	 * @dev: the group in sysfs; its reference count is the group's lifetime
	 */
	struct device dev;
	/** @cdev: /dev/vfio/N */
	struct cdev cdev;
	/** @next: link in the list of groups, protected by vfio_groups_lock */
	struct list_head next;
	/**
	 * @nr_devices: number of devices that have joined, protected by the
	 * same lock
	 */
	unsigned int nr_devices;
	/**
	 * @kind: kind of its devices; unless it is the physical one, there is
	 * one device, and @iommu_group was allocated for it
	 */
	enum iommufd_group_kind kind;
	/**
	 * @iommu_group: the IOMMU group, with a reference; NULL when REMOVED
	 */
	struct iommu_group *iommu_group;
	/**
	 * @lock: protects the members up to @kvm; never held together with a
	 * dev_set->lock. @state, @cgrp and @file do not change while @nr_open
	 * is not 0.
	 */
	struct mutex lock;
	/** @state: state of the group */
	enum vfio_group_state state;
	/** @cgrp: the group in the container, when CONTAINED */
	struct iommufd_container_group *cgrp;
	/** @file: the only open file of the group, or NULL */
	struct file *file;
	/**
	 * @nr_open: number of device files, open or being opened; each holds
	 * @file
	 */
	unsigned int nr_open;
	/**
	 * @nr_cdev: number of devices that are bound through their device nodes
	 */
	unsigned int nr_cdev;
	/** @kvm: virtual machine that KVM linked to @file; has its own lock */
	struct vfio_kvm_link kvm;
	/** @refusals: calls on the group that were refused */
	struct iommufd_refusal_log refusals;
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
