// SPDX-License-Identifier: GPL-2.0-only
/*
 * Groups of devices that the IOMMU cannot isolate from each other: their
 * lifetime, their members, and whether user space uses them through the group
 * or through the device nodes.
 */
#include <linux/cleanup.h>
#include <linux/idr.h>
#include <linux/kdev_t.h>
#include <linux/lockdep.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "device.h"
#include "group.h"

/* All groups but those in state REMOVED */
static LIST_HEAD(vfio_groups);

/* Protects the list and each nr_devices; taken outside of a group's lock */
static DEFINE_MUTEX(vfio_groups_lock);

static DEFINE_IDA(vfio_group_ida);
static dev_t vfio_group_devt;
static const struct file_operations *vfio_group_cdev_fops;

static char *vfio_group_devnode(const struct device *dev, umode_t *mode)
{
	return kasprintf(GFP_KERNEL, "vfio/%s", dev_name(dev));
}

static const struct class vfio_group_class = {
	.name = "vfio",
	.devnode = vfio_group_devnode,
};

static void vfio_group_release(struct device *dev)
{
	struct vfio_group *group = container_of(dev, struct vfio_group, dev);

	ida_free(&vfio_group_ida, MINOR(dev->devt));
	iommu_group_put(group->iommu_group);
	mutex_destroy(&group->device_lock);
	mutex_destroy(&group->lock);
	kfree(group);
}

/* Takes a reference on @iommu_group */
static struct vfio_group *vfio_group_alloc(struct iommu_group *iommu_group,
					   enum iommufd_group_kind kind)
{
	struct vfio_group *group;
	int minor;

	group = kzalloc_obj(*group, GFP_KERNEL);
	if (!group)
		return ERR_PTR(-ENOMEM);

	minor = ida_alloc_max(&vfio_group_ida, MINORMASK, GFP_KERNEL);
	if (minor < 0) {
		kfree(group);
		return ERR_PTR(minor);
	}

	mutex_init(&group->lock);
	mutex_init(&group->device_lock);
	INIT_LIST_HEAD(&group->device_list);
	iommufd_refusal_init(&group->refusals);
	vfio_kvm_link_init(&group->kvm);
	group->kind = kind;
	group->iommu_group = iommu_group_ref_get(iommu_group);

	device_initialize(&group->dev);
	group->dev.class = &vfio_group_class;
	group->dev.devt = MKDEV(MAJOR(vfio_group_devt), minor);
	group->dev.release = vfio_group_release;
	cdev_init(&group->cdev, vfio_group_cdev_fops);
	group->cdev.owner = THIS_MODULE;
	return group;
}

static struct vfio_group *vfio_group_create(struct iommu_group *iommu_group,
					    enum iommufd_group_kind kind)
{
	const char *prefix = kind == IOMMUFD_GROUP_NOIOMMU ? "noiommu-" : "";
	struct vfio_group *group;
	int ret;

	lockdep_assert_held(&vfio_groups_lock);

	group = vfio_group_alloc(iommu_group, kind);
	if (IS_ERR(group))
		return group;

	ret = dev_set_name(&group->dev, "%s%d", prefix,
			   iommu_group_id(iommu_group));
	if (!ret)
		ret = cdev_device_add(&group->cdev, &group->dev);
	if (ret) {
		put_device(&group->dev);
		return ERR_PTR(ret);
	}

	list_add(&group->next, &vfio_groups);
	return group;
}

static struct vfio_group *vfio_group_get(struct iommu_group *iommu_group,
					 enum iommufd_group_kind kind)
{
	struct vfio_group *group;

	lockdep_assert_held(&vfio_groups_lock);

	list_for_each_entry(group, &vfio_groups, next) {
		if (group->iommu_group == iommu_group)
			return group;
	}
	return vfio_group_create(iommu_group, kind);
}

/* Allocate an IOMMU group for a device that is not behind an IOMMU */
static struct iommu_group *vfio_group_fake_iommu_group(struct device *dev)
{
	struct iommu_group *group;
	int ret;

	group = iommu_group_alloc();
	if (IS_ERR(group))
		return group;

	ret = iommu_group_set_name(group, "vfio-noiommu");
	if (!ret)
		ret = iommu_group_add_device(group, dev);
	if (ret) {
		iommu_group_put(group);
		return ERR_PTR(ret);
	}
	return group;
}

/* Return the device's group with a reference. @kind may change to noiommu. */
static struct iommu_group *
vfio_group_get_iommu_group(struct device *dev, enum iommufd_group_kind *kind)
{
	struct iommu_group *group;

	if (*kind == IOMMUFD_GROUP_PHYSICAL) {
		group = iommu_group_get(dev);
		if (group)
			return group;
		if (!READ_ONCE(iommufd_noiommu))
			return ERR_PTR(-EINVAL);
		*kind = IOMMUFD_GROUP_NOIOMMU;
	}
	return vfio_group_fake_iommu_group(dev);
}

/**
 * vfio_group_join() - add a device to its group
 * @device: the device; its @group and @noiommu are set
 * @kind: kind of the device; a physical device without an IOMMU may become a
 *	noiommu one
 *
 * The first device creates /dev/vfio/N or /dev/vfio/noiommu-N.
 *
 * Context: May sleep.
 * Return: 0; -EINVAL if the device is not behind an IOMMU and the module
 * parameter enable_unsafe_noiommu_mode is not set; -ENOMEM; or another negative
 * errno.
 */
int vfio_group_join(struct vfio_device *device, enum iommufd_group_kind kind)
{
	struct iommu_group *iommu_group;
	struct vfio_group *group;

	iommu_group = vfio_group_get_iommu_group(device->dev, &kind);
	if (IS_ERR(iommu_group))
		return PTR_ERR(iommu_group);

	scoped_guard(mutex, &vfio_groups_lock) {
		group = vfio_group_get(iommu_group, kind);
		if (!IS_ERR(group))
			group->nr_devices++;
	}
	if (IS_ERR(group) && kind != IOMMUFD_GROUP_PHYSICAL)
		iommu_group_remove_device(device->dev);
	iommu_group_put(iommu_group);
	if (IS_ERR(group))
		return PTR_ERR(group);

	device->group = group;
	device->noiommu = kind == IOMMUFD_GROUP_NOIOMMU;
	return 0;
}

/**
 * vfio_group_leave_container() - remove a group from its container
 * @group: the group, CONTAINED, no device open
 *
 * Context: May sleep. The caller holds the lock of the group.
 */
void vfio_group_leave_container(struct vfio_group *group)
{
	lockdep_assert_held(&group->lock);

	iommufd_container_remove_group(group->cgrp);
	group->cgrp = NULL;
	group->state = VFIO_GROUP_IDLE;
}

/**
 * vfio_group_leave() - undo vfio_group_join()
 * @device: the device, neither listed nor open
 *
 * With its last device, /dev/vfio/N is removed and the group leaves its
 * container, even if the group's file is open.
 *
 * Context: May sleep.
 */
void vfio_group_leave(struct vfio_device *device)
{
	struct vfio_group *group = device->group;

	device->group = NULL;
	if (group->kind != IOMMUFD_GROUP_PHYSICAL)
		iommu_group_remove_device(device->dev);

	guard(mutex)(&vfio_groups_lock);
	if (--group->nr_devices)
		return;

	/* A new group of the same name waits for the lock */
	list_del(&group->next);
	cdev_device_del(&group->cdev, &group->dev);

	scoped_guard(mutex, &group->lock) {
		if (group->state == VFIO_GROUP_CONTAINED)
			vfio_group_leave_container(group);
		group->state = VFIO_GROUP_REMOVED;
		iommu_group_put(group->iommu_group);
		group->iommu_group = NULL;
	}
	put_device(&group->dev);
}

/**
 * vfio_group_list_device() - let a device be found by its name
 * @device: the device, which has joined its group
 *
 * Context: May sleep.
 */
void vfio_group_list_device(struct vfio_device *device)
{
	struct vfio_group *group = device->group;

	guard(mutex)(&group->device_lock);
	list_add_tail(&device->group_next, &group->device_list);
}

/**
 * vfio_group_unlist_device() - undo vfio_group_list_device()
 * @device: the device
 *
 * Context: May sleep.
 */
void vfio_group_unlist_device(struct vfio_device *device)
{
	struct vfio_group *group = device->group;

	guard(mutex)(&group->device_lock);
	list_del(&device->group_next);
}

/*
 * Return a positive number if the name matches, 0 if it does not, or a negative
 * errno that ends the search
 */
static int vfio_group_match_device(struct vfio_device *device, char *buf)
{
	if (device->ops->match)
		return device->ops->match(device, buf);
	return !strcmp(dev_name(device->dev), buf);
}

/**
 * vfio_group_find_device() - find a device by its name
 * @group: the group
 * @buf: the name, perhaps with options for the driver, which may modify it
 *
 * Context: May sleep.
 * Return: The device with a registration reference; ERR_PTR(-ENODEV) if no
 * device matches; or an ERR_PTR of the driver.
 */
struct vfio_device *vfio_group_find_device(struct vfio_group *group, char *buf)
{
	struct vfio_device *device;
	int ret;

	guard(mutex)(&group->device_lock);
	list_for_each_entry(device, &group->device_list, group_next) {
		ret = vfio_group_match_device(device, buf);
		if (ret < 0) {
			iommufd_refusal_move(&device->refusals,
					     &group->refusals);
			iommufd_refusal_forget(&device->refusals);
			return ERR_PTR(ret);
		}
		if (ret && vfio_device_try_get_registration(device))
			return device;
	}
	return ERR_PTR(-ENODEV);
}

/**
 * vfio_group_coherent() - check that the IOMMU can make all DMA coherent
 * @group: the group
 *
 * Context: May sleep.
 * Return: True if the IOMMU can enforce cache coherency for each device.
 */
bool vfio_group_coherent(struct vfio_group *group)
{
	struct vfio_device *device;

	guard(mutex)(&group->device_lock);
	list_for_each_entry(device, &group->device_list, group_next) {
		if (!device_iommu_capable(device->dev,
					  IOMMU_CAP_ENFORCE_CACHE_COHERENCY))
			return false;
	}
	return true;
}

/**
 * vfio_device_dma_refusals() - get the log of the context that maps for a device
 * @device: an open device
 *
 * Context: Any.
 * Return: the log of its iommufd or of its container, or NULL; it exists until
 * the device is closed.
 */
struct iommufd_refusal_log *vfio_device_dma_refusals(struct vfio_device *device)
{
	const struct vfio_group *group = device->group;

	if (device->iommufd_device)
		return iommufd_ctx_refusals(
			iommufd_device_to_ictx(device->iommufd_device));
	return group && group->cgrp ? iommufd_container_refusals(group->cgrp) :
				      NULL;
}
EXPORT_SYMBOL_NS_GPL(vfio_device_dma_refusals, "VFIO_NG");

/**
 * vfio_group_block() - keep the group's file from being opened
 * @group: the group
 *
 * Context: May sleep. The caller does not hold a dev_set->lock.
 * Return: 0, -EBUSY if the file is open, -EINTR.
 */
int vfio_group_block(struct vfio_group *group)
{
	int ret;

	ret = mutex_lock_killable(&group->lock);
	if (ret)
		return ret;
	if (group->file)
		ret = -EBUSY;
	else
		group->nr_cdev++;
	mutex_unlock(&group->lock);
	return ret;
}

/**
 * vfio_group_unblock() - undo vfio_group_block()
 * @group: the group
 *
 * Context: May sleep. The caller does not hold a dev_set->lock.
 */
void vfio_group_unblock(struct vfio_group *group)
{
	guard(mutex)(&group->lock);
	group->nr_cdev--;
}

/**
 * vfio_group_init() - set up the class and the numbers of groups
 * @fops: file operations of /dev/vfio/N
 *
 * Context: May sleep. At module load.
 * Return: 0, or a negative errno.
 */
int vfio_group_init(const struct file_operations *fops)
{
	int ret;

	vfio_group_cdev_fops = fops;

	ret = class_register(&vfio_group_class);
	if (ret)
		return ret;

	ret = alloc_chrdev_region(&vfio_group_devt, 0, MINORMASK + 1, "vfio");
	if (ret)
		class_unregister(&vfio_group_class);
	return ret;
}

/**
 * vfio_group_exit() - undo vfio_group_init()
 *
 * Context: May sleep. At module unload, when no group is left.
 */
void vfio_group_exit(void)
{
	unregister_chrdev_region(vfio_group_devt, MINORMASK + 1);
	class_unregister(&vfio_group_class);
	ida_destroy(&vfio_group_ida);
}
