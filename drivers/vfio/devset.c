// SPDX-License-Identifier: GPL-2.0-only
#include <linux/bug.h>
#include <linux/export.h>
#include <linux/lockdep.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "devset.h"

/* Every set by its ID */
static DEFINE_XARRAY(devset_index);

/* Protects the index and every device_count; never held with a set's lock */
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

/* The set of that name, which stays for as long as it is counted */
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
 * vfio_assign_device_set() - put a device into a set
 * @device: the device, in no set yet
 * @set_id: name of the set, any non-NULL pointer
 *
 * It stays there until it is freed.
 *
 * Context: Process context, may sleep. Before the device is registered.
 * Return: 0, -ENOMEM, -EINVAL: no @set_id.
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
 * vfio_devset_leave() - take a device out of its set
 * @device: the device; may be in none
 *
 * Context: Process context, may sleep. Without the lock of the set.
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
 * vfio_device_set_open_count() - sum of the open counts of a set
 * @dev_set: the set
 *
 * Context: Caller holds the lock of the set.
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
 * @dev: which one is wanted
 *
 * Context: Caller holds the lock of the set.
 * Return: The member, NULL where there is none.
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
