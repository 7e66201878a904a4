// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runtime power management: a device sleeps while nobody has it open, and while
 * the user who has it open lets it.
 *
 * Every call and every access through the device file holds it awake while it
 * lasts. What goes past the file, mappings and eventfds and peers, is cut off
 * while the user lets the device sleep, whether it does so at the moment or not.
 */
#include <linux/eventfd.h>
#include <linux/pm_runtime.h>
#include <linux/workqueue.h>

#include "bar.h"
#include "intx.h"
#include "power_state.h"
#include "runtime_pm.h"

/* Returns whether the device was allowed to sleep; @memory_lock held */
static bool runtime_leave_low_power(struct vfio_pci_core_device *vdev)
{
	lockdep_assert_held_write(&vdev->memory_lock);

	if (!vdev->low_power)
		return false;

	vdev->low_power = false;
	pm_runtime_get_noresume(&vdev->pdev->dev);
	if (vdev->wakeup_trigger)
		eventfd_ctx_put(vdev->wakeup_trigger);
	vdev->wakeup_trigger = NULL;
	return true;
}

/**
 * vfio_pci_low_power_enter() - the user lets the device sleep
 * @vdev: an open device, which the caller keeps awake for the time being
 * @wakeup: signalled when the device is woken up, which then ends this state;
 * taken over on success. NULL: the user alone ends it.
 *
 * Context: Process context, may sleep. Takes the memory lock.
 * Return: 0, -EINVAL where it may sleep already.
 */
int vfio_pci_low_power_enter(struct vfio_pci_core_device *vdev,
			     struct eventfd_ctx *wakeup)
{
	guard(rwsem_write)(&vdev->memory_lock);

	if (vdev->low_power)
		return -EINVAL;

	vfio_pci_zap_bars(vdev);
	vdev->low_power = true;
	vdev->wakeup_trigger = wakeup;
	/* The caller puts once more, and that looks whether it can sleep */
	pm_runtime_put_noidle(&vdev->pdev->dev);
	return 0;
}

/**
 * vfio_pci_low_power_exit() - undo vfio_pci_low_power_enter()
 * @vdev: an open device, whether it may sleep or not
 *
 * Does not wake the device up, but keeps it awake from the next time on.
 *
 * Context: Process context, may sleep. Takes the memory lock.
 */
void vfio_pci_low_power_exit(struct vfio_pci_core_device *vdev)
{
	down_write(&vdev->memory_lock);
	runtime_leave_low_power(vdev);
	vfio_pci_unlock_memory(vdev);
}

/*
 * What the PCI core does next starts from D0. A state that the user chose is
 * given up: nothing is left of it when the device is woken up.
 */
static int runtime_suspend(struct device *dev)
{
	struct vfio_pci_core_device *vdev = dev_get_drvdata(dev);

	scoped_guard(rwsem_write, &vdev->memory_lock) {
		vfio_pci_set_power_state(vdev, PCI_D0);
		/* what is open and awake is kept from sleeping */
		vdev->sleeps_open = vdev->low_power;
	}
	vfio_pci_intx_suspend(vdev);
	return 0;
}

static void runtime_resume_work(struct work_struct *work)
{
	struct vfio_pci_core_device *vdev =
		container_of(work, struct vfio_pci_core_device, woken);

	down_write(&vdev->memory_lock);
	if (vdev->wakeup_trigger) {
		eventfd_signal(vdev->wakeup_trigger);
		runtime_leave_low_power(vdev);
	}
	vfio_pci_unlock_memory(vdev);

	vfio_pci_intx_resume(vdev);
	/* Pairs with vfio_pci_runtime_flush() */
	smp_store_release(&vdev->waking, false);
	pm_runtime_put(&vdev->pdev->dev);
}

/*
 * Who wakes the device up may hold the semaphore of the PCI core's lists, as
 * error recovery does; under our locks the core takes that. So they are for a
 * work, until whose end the device stays awake. Whoever opens a device that
 * nobody had open need not wait for that: there is nothing to do.
 */
static int runtime_resume(struct device *dev)
{
	struct vfio_pci_core_device *vdev = dev_get_drvdata(dev);

	if (!vdev->sleeps_open)
		return 0;

	pm_runtime_get_noresume(dev);
	/* Whoever keeps the device awake then sees it */
	WRITE_ONCE(vdev->waking, true);
	schedule_work(&vdev->woken);
	return 0;
}

/**
 * vfio_pci_runtime_init() - before the device may sleep for the first time
 * @vdev: a fresh device
 *
 * Context: Any.
 */
void vfio_pci_runtime_init(struct vfio_pci_core_device *vdev)
{
	INIT_WORK(&vdev->woken, runtime_resume_work);
}

/*
 * Power management of a driver that uses us.
 *
 * There is nothing to do over a suspend of the host, but without these the PCI
 * core takes it upon itself to disable the device then, and DMA with it.
 */
static const struct dev_pm_ops runtime_pm_ops = { RUNTIME_PM_OPS(
	runtime_suspend, runtime_resume, NULL) };

/**
 * vfio_pci_idle_begin() - nobody has the device open any more
 * @vdev: the device
 *
 * Context: Process context.
 */
void vfio_pci_idle_begin(struct vfio_pci_core_device *vdev)
{
	if (!vdev->disable_idle_d3)
		pm_runtime_put(&vdev->pdev->dev);
}

/**
 * vfio_pci_idle_end() - wake the device up to be opened
 * @vdev: the device
 *
 * Context: Process context, may sleep.
 * Return: 0 or a negative errno.
 */
int vfio_pci_idle_end(struct vfio_pci_core_device *vdev)
{
	if (vdev->disable_idle_d3)
		return 0;
	return vfio_pci_runtime_get(vdev);
}

/**
 * vfio_pci_idle_allow() - the device may sleep from now on
 * @vdev: a device that is being registered
 *
 * Context: Process context, from the driver's probe().
 */
void vfio_pci_idle_allow(struct vfio_pci_core_device *vdev)
{
	struct device *dev = &vdev->pdev->dev;

	dev->driver->pm = &runtime_pm_ops;
	pm_runtime_allow(dev);
	vfio_pci_idle_begin(vdev);
}

/**
 * vfio_pci_idle_forbid() - undo vfio_pci_idle_allow()
 * @vdev: a device that is not open
 *
 * Context: Process context, from the driver's probe() or remove().
 */
void vfio_pci_idle_forbid(struct vfio_pci_core_device *vdev)
{
	struct device *dev = &vdev->pdev->dev;

	if (!vdev->disable_idle_d3)
		pm_runtime_get_noresume(dev);
	pm_runtime_forbid(dev);
	flush_work(&vdev->woken);
}
