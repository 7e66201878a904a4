// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sets of devices that are opened and reset together. Each set has an ID, and
 * exists as long as it has a member.
 */
#include <linux/bug.h>
#include <linux/export.h>
#include <linux/lockdep.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "devset.h"

/* All sets by ID */
static DEFINE_XARRAY(devset_index);

/* Protects the index and each device_count; never nested with a set's lock */
static DEFINE_MUTEX(devset_index_lock);

static struct vfio_device_set *devset_create(void *set_id)
{
	struct vfio_device_set *set;
	int ret;

	set = kzalloc_obj(*set, GFP_KERNEL);
	if (!set)
		return ERR_PTR(-ENOMEM);

	set->set_id = set_id;
	mutex_init(&set->lock);
	INIT_LIST_HEAD(&set->device_list);

	ret = xa_insert(&devset_index, (unsigned long)set_id, set, GFP_KERNEL);
	if (ret) {
		kfree(set);
		return ERR_PTR(ret);
	}
	return set;
}

/* Find or create the set and count one more member, which keeps it allocated */
static struct vfio_device_set *devset_get(void *set_id)
{
	struct vfio_device_set *set;

	guard(mutex)(&devset_index_lock);
	set = xa_load(&devset_index, (unsigned long)set_id);
	if (!set)
		set = devset_create(set_id);
	if (!IS_ERR(set))
		set->device_count++;
	return set;
}

static void devset_put(struct vfio_device_set *set)
{
	guard(mutex)(&devset_index_lock);
	if (--set->device_count)
		return;
	xa_erase(&devset_index, (unsigned long)set->set_id);
	mutex_destroy(&set->lock);
	kfree(set);
}

/**
 * vfio_assign_device_set() - add a device to a set
 * @device: the device, not in a set
 * @set_id: ID of the set, any pointer but NULL
 *
 * The device stays in the set until it is freed.
 *
 * Context: May sleep. Before the device is registered.
 * Return: 0, -ENOMEM, or -EINVAL if @set_id is NULL.
 */
int vfio_assign_device_set(struct vfio_device *device, void *set_id)
{
	struct vfio_device_set *set;

	if (WARN_ON(!set_id))
		return -EINVAL;

	set = devset_get(set_id);
	if (IS_ERR(set))
		return PTR_ERR(set);

	guard(mutex)(&set->lock);
	device->dev_set = set;
	list_add_tail(&device->dev_set_list, &set->device_list);
	return 0;
}
EXPORT_SYMBOL_NS_GPL(vfio_assign_device_set, "VFIO_NG");

/**
 * vfio_devset_leave() - remove a device from its set
 * @device: the device; need not be in a set
 *
 * Context: May sleep. The caller does not hold the lock of the set.
 */
void vfio_devset_leave(struct vfio_device *device)
{
	struct vfio_device_set *set = device->dev_set;

	if (!set)
		return;

	scoped_guard(mutex, &set->lock)
		list_del(&device->dev_set_list);
	device->dev_set = NULL;
	devset_put(set);
}

/**
 * vfio_device_set_open_count() - sum up the open counts of a set
 * @dev_set: the set
 *
 * Context: The caller holds dev_set->lock.
 * Return: The sum.
 */
unsigned int vfio_device_set_open_count(struct vfio_device_set *dev_set)
{
	struct vfio_device *device;
	unsigned int sum = 0;

	lockdep_assert_held(&dev_set->lock);

	list_for_each_entry(device, &dev_set->device_list, dev_set_list)
		sum += device->open_count;
	return sum;
}
EXPORT_SYMBOL_NS_GPL(vfio_device_set_open_count, "VFIO_NG");

/**
 * vfio_find_device_in_devset() - find a member of a set
 * @dev_set: the set
 * @dev: the device of the member
 *
 * Context: The caller holds dev_set->lock.
 * Return: The member, or NULL.
 */
struct vfio_device *vfio_find_device_in_devset(struct vfio_device_set *dev_set,
					       struct device *dev)
{
	struct vfio_device *device;

	lockdep_assert_held(&dev_set->lock);

	list_for_each_entry(device, &dev_set->device_list, dev_set_list) {
		if (device->dev == dev)
			return device;
	}
	return NULL;
}
EXPORT_SYMBOL_NS_GPL(vfio_find_device_in_devset, "VFIO_NG");
