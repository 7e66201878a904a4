// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reset of a single function, and of all functions that share its slot or bus.
 *
 * Functions that share one are in one device set. A slot or bus reset hits all
 * of them, so user space has to own all of them. It proves that by a file of
 * each group, or by having all of them in one iommufd context.
 */
#include <linux/cleanup.h>
#include <linux/file.h>
#include <linux/iommu.h>
#include <linux/pm_runtime.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <trace/events/vfio_pci.h>

#include "bar.h"
#include "intx.h"
#include "power_state.h"
#include "reset.h"
#include "runtime_pm.h"
#include "slot_reset.h"

/**
 * struct reset_owner - proof that user space owns all that a reset hits
 */
struct reset_owner {
	/** @ictx: context that has all devices, or NULL to use @groups */
	struct iommufd_ctx *ictx;
	/** @groups: group files */
	struct file **groups;
	/** @nr_groups: entries in @groups */
	unsigned int nr_groups;
};

/**
 * struct reset_info_fill - state of GET_PCI_HOT_RESET_INFO
 */
struct reset_info_fill {
	/** @vdev: the device of the ioctl */
	struct vfio_device *vdev;
	/** @devices: array to fill */
	struct vfio_pci_dependent_device *devices;
	/** @nr_devices: entries in @devices */
	unsigned int nr_devices;
	/** @count: number of entries filled */
	unsigned int count;
	/** @flags: VFIO_PCI_HOT_RESET_FLAG_* to return */
	u32 flags;
};

/**
 * struct reset_walk - walk over all functions that a slot or bus reset hits
 */
struct reset_walk {
	/** @fn: called for each function; nonzero ends the walk */
	int (*fn)(struct pci_dev *pdev, void *data);
	/** @data: argument of @fn */
	void *data;
	/** @slot: limits the walk to functions in or below it, or NULL */
	struct pci_slot *slot;
	/** @ret: last return value of @fn */
	int ret;
};

static bool reset_below_slot(struct pci_dev *pdev, struct pci_slot *slot)
{
	while (pdev && pdev->bus != slot->bus)
		pdev = pdev->bus->self;
	return pdev && pdev->slot == slot;
}

static int reset_walk_one(struct pci_dev *pdev, void *data)
{
	struct reset_walk *walk = data;

	if (!walk->slot || reset_below_slot(pdev, walk->slot))
		walk->ret = walk->fn(pdev, walk->data);
	return walk->ret;
}

static int reset_walk_scope(struct pci_dev *pdev,
			    int (*fn)(struct pci_dev *pdev, void *data),
			    void *data)
{
	struct reset_walk walk = {
		.fn = fn,
		.data = data,
		.slot = pci_probe_reset_slot(pdev->slot) ? NULL : pdev->slot,
	};

	pci_walk_bus(pdev->bus, reset_walk_one, &walk);
	return walk.ret;
}

static bool reset_is_supported(struct pci_dev *pdev)
{
	return !pci_probe_reset_slot(pdev->slot) ||
	       !pci_probe_reset_bus(pdev->bus);
}

static int reset_count_one(struct pci_dev *pdev, void *data)
{
	unsigned int *count = data;

	++*count;
	return 0;
}

static unsigned int reset_scope_size(struct pci_dev *pdev)
{
	unsigned int count = 0;

	reset_walk_scope(pdev, reset_count_one, &count);
	return count;
}

/**
 * vfio_pci_assign_reset_set() - add a device to the set that it is reset with
 * @vdev: a device that is not registered yet
 *
 * Context: May sleep.
 * Return: 0 or a negative errno.
 */
int vfio_pci_assign_reset_set(struct vfio_pci_core_device *vdev)
{
	struct pci_dev *pdev = vdev->pdev;
	void *id = pdev->bus;

	if (pci_is_root_bus(pdev->bus) || pdev->is_virtfn)
		id = vdev;
	else if (!pci_probe_reset_slot(pdev->slot))
		id = pdev->slot;
	return vfio_assign_device_set(&vdev->vdev, id);
}

/**
 * vfio_pci_ioctl_reset() - VFIO_DEVICE_RESET
 * @vdev: an open device
 *
 * Context: May sleep. Takes the memory lock and igate.
 * Return: 0 or a negative errno.
 */
int vfio_pci_ioctl_reset(struct vfio_pci_core_device *vdev)
{
	int ret;

	if (!vdev->reset_works) {
		vfio_refuse(&vdev->vdev, REFUSAL_NO_RESET);
		return -EINVAL;
	}
	ret = vfio_pci_reset_function(vdev);
	trace_vfio_pci_reset(&vdev->pdev->dev, ret);
	vfio_pci_intx_sync(vdev);
	return ret;
}

/* Get the ID of a function for the caller, or why there is none */
static u32 reset_devid(struct reset_info_fill *fill, struct pci_dev *pdev)
{
	struct vfio_device *vdev;
	int id;

	vdev = vfio_find_device_in_devset(fill->vdev->dev_set, &pdev->dev);
	if (!vdev)
		return VFIO_PCI_DEVID_NOT_OWNED;

	id = vfio_iommufd_get_dev_id(vdev,
				     vfio_iommufd_device_ictx(fill->vdev));
	if (id > 0)
		return id;
	return id == -ENOENT ? VFIO_PCI_DEVID_OWNED : VFIO_PCI_DEVID_NOT_OWNED;
}

static int reset_fill_one(struct pci_dev *pdev, void *data)
{
	struct reset_info_fill *fill = data;
	struct vfio_pci_dependent_device *dep;
	struct iommu_group *group;

	/* A device was added after the count */
	if (fill->count == fill->nr_devices)
		return -EAGAIN;

	dep = &fill->devices[fill->count++];
	dep->segment = pci_domain_nr(pdev->bus);
	dep->bus = pdev->bus->number;
	dep->devfn = pdev->devfn;

	if (fill->flags & VFIO_PCI_HOT_RESET_FLAG_DEV_ID) {
		dep->devid = reset_devid(fill, pdev);
		if (dep->devid == VFIO_PCI_DEVID_NOT_OWNED)
			fill->flags &= ~VFIO_PCI_HOT_RESET_FLAG_DEV_ID_OWNED;
		return 0;
	}

	group = iommu_group_get(&pdev->dev);
	if (!group)
		return -EPERM;
	dep->group_id = iommu_group_id(group);
	iommu_group_put(group);
	return 0;
}

/**
 * vfio_pci_get_hot_reset_info() - VFIO_DEVICE_GET_PCI_HOT_RESET_INFO
 * @vdev: an open device
 * @arg: user struct, followed by space for the devices
 *
 * Context: May sleep. Takes the set lock.
 * Return: 0; -ENODEV if there is no slot or bus reset; -ENOSPC if the space is
 * too small, with the count copied to @arg; or another negative errno.
 */
int vfio_pci_get_hot_reset_info(struct vfio_pci_core_device *vdev,
				struct vfio_pci_hot_reset_info __user *arg)
{
	const size_t minsz = offsetofend(struct vfio_pci_hot_reset_info, count);
	struct vfio_pci_hot_reset_info hdr;
	struct reset_info_fill fill = { .vdev = &vdev->vdev };
	int ret;

	if (copy_from_user(&hdr, arg, minsz))
		return -EFAULT;
	if (hdr.argsz < minsz)
		return -EINVAL;
	if (!reset_is_supported(vdev->pdev)) {
		vfio_refuse(&vdev->vdev, REFUSAL_NO_RESET);
		return -ENODEV;
	}

	hdr.flags = 0;
	hdr.count = reset_scope_size(vdev->pdev);
	if (hdr.count > (hdr.argsz - minsz) / sizeof(*fill.devices))
		return copy_to_user(arg, &hdr, minsz) ? -EFAULT : -ENOSPC;

	struct vfio_pci_dependent_device *devices __free(kfree) =
		kcalloc(hdr.count, sizeof(*devices), GFP_KERNEL);
	if (!devices)
		return -ENOMEM;
	fill.devices = devices;
	fill.nr_devices = hdr.count;

	scoped_guard(mutex, &vdev->vdev.dev_set->lock) {
		if (vfio_device_cdev_opened(&vdev->vdev))
			fill.flags = VFIO_PCI_HOT_RESET_FLAG_DEV_ID |
				     VFIO_PCI_HOT_RESET_FLAG_DEV_ID_OWNED;
		ret = reset_walk_scope(vdev->pdev, reset_fill_one, &fill);
	}
	if (ret)
		return ret;

	hdr.count = fill.count;
	hdr.flags = fill.flags;
	if (copy_to_user(arg->devices, devices,
			 fill.count * sizeof(*devices)) ||
	    copy_to_user(arg, &hdr, minsz))
		return -EFAULT;
	return 0;
}

static int reset_check_in_set(struct pci_dev *pdev, void *data)
{
	return vfio_find_device_in_devset(data, &pdev->dev) ? 0 : -ENODEV;
}

static noinline __cold void
reset_refuse_foreign(struct vfio_pci_core_device *vdev, struct pci_dev *foreign)
{
	iommufd_refuse_name(&vdev->vdev.refusals, REFUSAL_RESET_FOREIGN,
			    pci_name(foreign), NULL);
}

static int reset_refuse_outside(struct pci_dev *pdev, void *data)
{
	struct vfio_pci_core_device *vdev = data;
	int ret = reset_check_in_set(pdev, vdev->vdev.dev_set);

	if (ret)
		reset_refuse_foreign(vdev, pdev);
	return ret;
}

/* Check that a slot or bus reset hits no function outside of the set */
static bool reset_covers_only_set(struct vfio_device_set *dev_set,
				  struct pci_dev *pdev)
{
	lockdep_assert_held(&dev_set->lock);

	return reset_is_supported(pdev) &&
	       !reset_walk_scope(pdev, reset_check_in_set, dev_set);
}

static bool reset_is_owned(struct vfio_pci_core_device *vdev,
			   const struct reset_owner *owner)
{
	unsigned int i;
	int id;

	if (owner->ictx) {
		id = vfio_iommufd_get_dev_id(&vdev->vdev, owner->ictx);
		return id > 0 || id == -ENOENT;
	}

	for (i = 0; i < owner->nr_groups; i++)
		if (vfio_file_has_dev(owner->groups[i], &vdev->vdev))
			return true;
	return false;
}

#define for_each_in_set(_vdev, _dev_set) \
	list_for_each_entry(_vdev, &(_dev_set)->device_list, vdev.dev_set_list)

static void reset_put_power(struct vfio_device_set *dev_set,
			    struct vfio_pci_core_device *end)
{
	struct vfio_pci_core_device *vdev;

	for_each_in_set(vdev, dev_set) {
		if (vdev == end)
			break;
		pm_runtime_put(&vdev->pdev->dev);
	}
}

/* Resume all devices of the set and keep them from suspending */
static int reset_get_power(struct vfio_device_set *dev_set)
{
	struct vfio_pci_core_device *vdev;
	int ret;

	for_each_in_set(vdev, dev_set) {
		ret = vfio_pci_runtime_get(vdev);
		if (ret) {
			reset_put_power(dev_set, vdev);
			return ret;
		}
	}
	return 0;
}

static void reset_unlock_memory(struct vfio_device_set *dev_set,
				struct vfio_pci_core_device *end)
{
	struct vfio_pci_core_device *vdev;

	for_each_in_set(vdev, dev_set) {
		if (vdev == end)
			break;
		vfio_pci_unlock_memory(vdev);
	}
}

/*
 * The memory locks of a set have no order among them, so only try them. User
 * space can retry.
 */
static int reset_lock_memory(struct vfio_pci_core_device *target,
			     const struct reset_owner *owner)
{
	struct vfio_device_set *dev_set = target->vdev.dev_set;
	struct vfio_pci_core_device *vdev;
	int ret = -EINVAL;

	for_each_in_set(vdev, dev_set) {
		if (!reset_is_owned(vdev, owner)) {
			reset_refuse_foreign(target, vdev->pdev);
			goto err;
		}
		if (!down_write_trylock(&vdev->memory_lock)) {
			ret = -EBUSY;
			goto err;
		}
		vfio_pci_zap_bars(vdev);
	}
	return 0;

err:
	reset_unlock_memory(dev_set, vdev);
	return ret;
}

static int reset_dev_set(struct vfio_pci_core_device *vdev,
			 const struct reset_owner *owner)
{
	struct vfio_device_set *dev_set = vdev->vdev.dev_set;
	struct vfio_pci_core_device *cur;
	int ret;

	guard(mutex)(&dev_set->lock);

	if (!reset_covers_only_set(dev_set, vdev->pdev)) {
		reset_walk_scope(vdev->pdev, reset_refuse_outside, vdev);
		return -EINVAL;
	}
	ret = reset_get_power(dev_set);
	if (ret)
		return ret;

	ret = reset_lock_memory(vdev, owner);
	if (!ret) {
		for_each_in_set(cur, dev_set)
			vfio_pci_set_power_state(cur, PCI_D0);
		ret = pci_reset_bus(vdev->pdev);
		trace_vfio_pci_hot_reset(&vdev->pdev->dev, ret);
		reset_unlock_memory(dev_set, NULL);
		for_each_in_set(cur, dev_set)
			vfio_pci_intx_sync(cur);
	}
	reset_put_power(dev_set, NULL);
	return ret;
}

static void reset_put_groups(struct file **files, unsigned int count)
{
	while (count--)
		fput(files[count]);
}

static int reset_get_groups(struct file **files, const s32 *fds,
			    unsigned int count)
{
	unsigned int i;
	int ret;

	for (i = 0; i < count; i++) {
		files[i] = fget(fds[i]);
		if (!files[i]) {
			ret = -EBADF;
			goto err;
		}
		if (!vfio_file_is_group(files[i])) {
			fput(files[i]);
			ret = -EINVAL;
			goto err;
		}
	}
	return 0;

err:
	reset_put_groups(files, i);
	return ret;
}

static int reset_by_groups(struct vfio_pci_core_device *vdev,
			   const s32 __user *ufds, unsigned int count)
{
	struct reset_owner owner;
	int ret;

	/* At most one group per device */
	if (count > reset_scope_size(vdev->pdev))
		return -EINVAL;

	s32 *fds __free(kfree) = kcalloc(count, sizeof(*fds), GFP_KERNEL);
	struct file **files __free(kfree) =
		kcalloc(count, sizeof(*files), GFP_KERNEL);
	if (!fds || !files)
		return -ENOMEM;
	if (copy_from_user(fds, ufds, count * sizeof(*fds)))
		return -EFAULT;
	ret = reset_get_groups(files, fds, count);
	if (ret)
		return ret;

	owner = (struct reset_owner){ .groups = files, .nr_groups = count };
	ret = reset_dev_set(vdev, &owner);
	reset_put_groups(files, count);
	return ret;
}

/**
 * vfio_pci_hot_reset() - VFIO_DEVICE_PCI_HOT_RESET
 * @vdev: an open device
 * @arg: user struct with group files, or without any for a device that was
 * opened through its device node
 *
 * Context: May sleep. Takes the set lock, the memory locks, and the igates.
 * Return: 0 or a negative errno.
 */
int vfio_pci_hot_reset(struct vfio_pci_core_device *vdev,
		       struct vfio_pci_hot_reset __user *arg)
{
	const size_t minsz = offsetofend(struct vfio_pci_hot_reset, count);
	struct vfio_pci_hot_reset hdr;
	struct reset_owner owner = {};

	if (copy_from_user(&hdr, arg, minsz))
		return -EFAULT;
	if (hdr.argsz < minsz || hdr.flags)
		return -EINVAL;
	if (!hdr.count != vfio_device_cdev_opened(&vdev->vdev))
		return -EINVAL;
	if (!reset_is_supported(vdev->pdev)) {
		vfio_refuse(&vdev->vdev, REFUSAL_NO_RESET);
		return -ENODEV;
	}

	if (hdr.count)
		return reset_by_groups(vdev, arg->group_fds, hdr.count);

	owner.ictx = vfio_iommufd_device_ictx(&vdev->vdev);
	return owner.ictx ? reset_dev_set(vdev, &owner) : -EINVAL;
}

/* The reset would save the state of all functions, and restore it. */
static bool reset_set_accessible(struct vfio_device_set *dev_set)
{
	struct vfio_pci_core_device *vdev;

	for_each_in_set(vdev, dev_set)
		if (!vfio_pci_is_accessible(vdev->pdev))
			return false;
	return true;
}

/**
 * vfio_pci_try_reset_unused_set() - reset a set that is no longer in use
 * @dev_set: the set, of which one device is being closed
 *
 * Does nothing if each device was closed with a reset of its own, while another
 * device of the set is open, if one does not respond, or if a slot or bus reset
 * would hit a device outside of the set.
 *
 * Context: May sleep; the caller holds the set lock.
 */
void vfio_pci_try_reset_unused_set(struct vfio_device_set *dev_set)
{
	struct vfio_pci_core_device *vdev;
	struct pci_dev *pdev = NULL;

	if (vfio_device_set_open_count(dev_set) > 1)
		return;
	for_each_in_set(vdev, dev_set)
		if (vdev->needs_reset)
			pdev = vdev->pdev;
	if (!pdev || !reset_covers_only_set(dev_set, pdev) ||
	    reset_get_power(dev_set))
		return;

	if (reset_set_accessible(dev_set) &&
	    !vfio_pci_reset_at_close(pdev, pci_reset_bus))
		for_each_in_set(vdev, dev_set)
			vdev->needs_reset = false;
	reset_put_power(dev_set, NULL);
}
