// SPDX-License-Identifier: GPL-2.0-only
/*
 * The interrupts of devices that move between domains, if the IOMMU translates the
 * writes of interrupts like other DMA.
 *
 * A driver announces that it is going to allocate interrupts, so that the kernel
 * maps the doorbell into a domain whose doorbells are known (struct msi_home), and
 * until the interrupts are free again the device's doorbells are mapped in each
 * domain to which it is attached.
 */
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/export.h>
#include <linux/iommu.h>
#include <linux/iommufd.h>
#include <linux/list.h>
#include <linux/lockdep.h>
#include <linux/slab.h>

#include "ctx.h"
#include "device.h"
#include "group.h"
#include "hwpt.h"
#include "ioas.h"
#include "iopt/iopt_iova.h"
#include "msi.h"
#include "observe/stats.h"

/**
 * struct msi_use - a home from which a device has interrupts
 */
struct msi_use {
	/** @entry: links into &iommufd_device.msi_uses */
	struct list_head entry;
	/** @home: the home, with a reference */
	struct msi_home *home;
};

/* The writes of devices in a nested HWPT are translated by its parent as well. */
static struct iommufd_hwpt *msi_paging(struct iommufd_hwpt *hwpt)
{
	return hwpt->parent ?: hwpt;
}

/*
 * No device need be attached while doorbells are mapped in the domain, so that the
 * HWPT reserves the window as well.
 */
static int msi_reserve(struct iommufd_hwpt *hwpt,
		       const struct iova_range *window)
{
	int ret;

	if (hwpt->msi_reserved)
		return 0;
	ret = iopt_reserve_range(hwpt->ioas->iopt, window, IOMMU_RESV_SW_MSI,
				 &hwpt->msi_owner);
	if (!ret)
		hwpt->msi_reserved = true;
	return ret;
}

static int msi_set_home(struct iommufd_device *idev, struct iommufd_hwpt *hwpt,
			const struct iova_range *window)
{
	struct msi_space *space = &idev->ictx->msi;
	struct msi_home *home;
	int ret;

	lockdep_assert_held(&space->lock);

	if (hwpt->msi_home)
		return 0;
	ret = msi_reserve(hwpt, window);
	if (ret)
		return ret;
	home = msi_home_create(space, window, hwpt->domain);
	if (IS_ERR(home))
		return PTR_ERR(home);
	hwpt->msi_home = home;
	return 0;
}

static int msi_add_use(struct iommufd_device *idev, struct msi_home *home)
{
	struct msi_use *use;

	list_for_each_entry(use, &idev->msi_uses, entry)
		if (use->home == home)
			return 0;
	use = kzalloc_obj(*use, GFP_KERNEL_ACCOUNT);
	if (!use)
		return -ENOMEM;
	refcount_inc(&home->refs);
	use->home = home;
	list_add(&use->entry, &idev->msi_uses);
	return 0;
}

static int msi_begin_locked(struct iommufd_device *idev,
			    const struct iova_range *window)
{
	struct iommufd_hwpt *hwpt;
	int ret;

	lockdep_assert_held(&idev->igroup->lock);

	if (list_empty(&idev->attached))
		return -EOPNOTSUPP;
	hwpt = msi_paging(idev->igroup->hwpt);
	guard(mutex)(&idev->ictx->msi.lock);
	ret = msi_set_home(idev, hwpt, window);
	if (ret)
		return ret;
	if (msi_home_full(hwpt->msi_home))
		return -ENOSPC;
	return msi_add_use(idev, hwpt->msi_home);
}

/**
 * iommufd_device_msi_begin() - announce that interrupts are going to be allocated
 * @idev: the device
 *
 * A driver calls it before it allocates MSI or MSI-X interrupts. The device cannot
 * be attached, moved or detached until iommufd_device_msi_end().
 *
 * Context: May sleep. The caller serializes the calls for a device, and holds no
 * lock that a page fault takes.
 * Return: 0, then iommufd_device_msi_end() has to be called; -EOPNOTSUPP if the
 * device is not attached, and its IOMMU translates interrupts; -ENOSPC if devices
 * of the context have interrupts from too many domains, or too many doorbells;
 * -EINTR if the current process is being killed; another negative errno.
 */
int iommufd_device_msi_begin(struct iommufd_device *idev)
{
	struct iova_range window;
	int ret;

	idev->msi_locked = false;
	if (idev->noiommu || !iommu_core_msi_window(idev->dev, &window))
		return 0;
	if (mutex_lock_killable(&idev->igroup->lock))
		return -EINTR;
	ret = msi_begin_locked(idev, &window);
	if (ret)
		mutex_unlock(&idev->igroup->lock);
	else
		idev->msi_locked = true;
	return ret;
}
EXPORT_SYMBOL_NS_GPL(iommufd_device_msi_begin, "IOMMUFD_NG");

/**
 * iommufd_device_msi_end() - announce that interrupts were allocated, or not
 * @idev: the device, after iommufd_device_msi_begin()
 *
 * Context: The task that called iommufd_device_msi_begin().
 */
void iommufd_device_msi_end(struct iommufd_device *idev)
{
	if (idev->msi_locked)
		mutex_unlock(&idev->igroup->lock);
}
EXPORT_SYMBOL_NS_GPL(iommufd_device_msi_end, "IOMMUFD_NG");

/**
 * iommufd_device_msi_release() - announce that a device has no more interrupts
 * @idev: the device; may have had none
 *
 * Context: May sleep. Does not wait for user memory.
 */
void iommufd_device_msi_release(struct iommufd_device *idev)
{
	struct msi_use *use, *next;

	guard(mutex)(&idev->ictx->msi.lock);
	list_for_each_entry_safe(use, next, &idev->msi_uses, entry) {
		list_del(&use->entry);
		msi_home_put(use->home);
		kfree(use);
	}
}
EXPORT_SYMBOL_NS_GPL(iommufd_device_msi_release, "IOMMUFD_NG");

/**
 * msi_setup_internal() - prepare an HWPT for devices that are bound internally
 * @idev: a device bound by an object of the context, whose driver does not
 *	  announce its interrupts; it has none while it is attached or detached
 * @hwpt: the HWPT to which it is going to be attached
 *
 * Context: May sleep. The caller holds the lock of the group.
 * Return: 0 or a negative errno.
 */
int msi_setup_internal(struct iommufd_device *idev, struct iommufd_hwpt *hwpt)
{
	struct iova_range window;

	if (!iommu_core_msi_window(idev->dev, &window))
		return 0;
	guard(mutex)(&idev->ictx->msi.lock);
	return msi_set_home(idev, msi_paging(hwpt), &window);
}

/**
 * msi_follow() - map the doorbells of a device in an HWPT
 * @idev: the device
 * @hwpt: HWPT to which it is, or is going to be attached, with its IOVA reserved
 *
 * Context: May sleep. The caller holds the lock of the group.
 * Return: 0 or a negative errno.
 */
int msi_follow(struct iommufd_device *idev, struct iommufd_hwpt *hwpt)
{
	struct iommufd_hwpt *paging = msi_paging(hwpt);
	struct msi_space *space = &idev->ictx->msi;
	struct msi_use *use;
	int ret;

	lockdep_assert_held(&idev->igroup->lock);

	guard(mutex)(&space->lock);
	list_for_each_entry(use, &idev->msi_uses, entry) {
		if (use->home->domain == paging->domain)
			continue;
		ret = msi_reserve(paging, &space->window);
		if (!ret)
			ret = msi_home_copy(use->home, paging->domain);
		if (ret)
			return ret;
	}
	return 0;
}
