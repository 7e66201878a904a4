// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runtime power management: a device is suspended while it is closed, and while
 * user space keeps it open in low power.
 *
 * Each ioctl and each access through the device file keeps the device from
 * suspending while it lasts. Mappings, eventfds and peers bypass the file, so
 * they are cut off in low power, whether the device is suspended at the moment
 * or not.
 */
#include <linux/eventfd.h>
#include <linux/pm_runtime.h>
#include <linux/workqueue.h>

#include "bar.h"
#include "intx.h"
#include "power_state.h"
#include "runtime_pm.h"

/* End low power, if the device is in it */
static void runtime_leave_low_power(struct vfio_pci_core_device *vdev)
{
	lockdep_assert_held_write(&vdev->memory_lock);

	if (!vdev->pm_runtime_engaged)
		return;

	pm_runtime_get_noresume(&vdev->pdev->dev);
	/* vfio_pci_runtime_get_open() relies on the reference from now on */
	smp_store_release(&vdev->pm_runtime_engaged, false);
	if (vdev->wakeup_trigger)
		eventfd_ctx_put(vdev->wakeup_trigger);
	vdev->wakeup_trigger = NULL;
}

/**
 * vfio_pci_low_power_enter() - let an open device suspend
 * @vdev: an open device, for which the caller holds a runtime PM reference
 * @wakeup: eventfd to signal when the device is resumed, which then ends low
 * power; taken over on success. If NULL, only user space ends it.
 *
 * Context: May sleep. Takes the memory lock.
 * Return: 0, -EINVAL if the device is in low power already.
 */
int vfio_pci_low_power_enter(struct vfio_pci_core_device *vdev,
			     struct eventfd_ctx *wakeup)
{
	guard(rwsem_write)(&vdev->memory_lock);

	if (vdev->pm_runtime_engaged) {
		vfio_refuse(&vdev->vdev, REFUSAL_LOW_POWER);
		return -EINVAL;
	}

	vfio_pci_zap_bars(vdev);
	WRITE_ONCE(vdev->pm_runtime_engaged, true);
	vdev->wakeup_trigger = wakeup;
	/* The caller's own put checks if the device can be suspended */
	pm_runtime_put_noidle(&vdev->pdev->dev);
	return 0;
}

/**
 * vfio_pci_low_power_exit() - undo vfio_pci_low_power_enter()
 * @vdev: an open device, in low power or not
 *
 * Does not resume the device, but it stays awake once it has been resumed.
 *
 * Context: May sleep. Takes the memory lock.
 */
void vfio_pci_low_power_exit(struct vfio_pci_core_device *vdev)
{
	down_write(&vdev->memory_lock);
	runtime_leave_low_power(vdev);
	vfio_pci_unlock_memory(vdev);
}

/*
 * The PCI core continues from D0, and saves the state that a resume restores. A
 * power state that user space selected is dropped, because a resume does not
 * restore it.
 */
static int runtime_suspend(struct device *dev)
{
	struct vfio_pci_core_device *vdev = dev_get_drvdata(dev);

	if (!vfio_pci_is_accessible(vdev->pdev))
		return -EBUSY;

	scoped_guard(rwsem_write, &vdev->memory_lock) {
		vfio_pci_set_power_state(vdev, PCI_D0);
		/* An open device is suspended in low power only */
		vdev->suspended_open = vdev->pm_runtime_engaged;
	}
	vfio_pci_intx_suspend(vdev);
	return 0;
}

static void runtime_resume_work(struct work_struct *work)
{
	struct vfio_pci_core_device *vdev =
		container_of(work, struct vfio_pci_core_device, resume_work);

	down_write(&vdev->memory_lock);
	if (vdev->wakeup_trigger) {
		eventfd_signal(vdev->wakeup_trigger);
		runtime_leave_low_power(vdev);
	}
	vfio_pci_unlock_memory(vdev);

	vfio_pci_intx_resume(vdev);
	/* Pairs with vfio_pci_runtime_flush() */
	smp_store_release(&vdev->resume_pending, false);
	pm_runtime_put(&vdev->pdev->dev);
}

/*
 * A task that resumes the device may hold the semaphore of the PCI core's
 * lists, as error recovery does, and the PCI core takes that semaphore under
 * our locks. So take our locks in a work, which keeps the device awake until it
 * is done. If the device was suspended while it was closed, there is no work to
 * wait for.
 */
static int runtime_resume(struct device *dev)
{
	struct vfio_pci_core_device *vdev = dev_get_drvdata(dev);

	if (!vdev->suspended_open)
		return 0;

	pm_runtime_get_noresume(dev);
	/* Seen by every task that keeps the device awake from now on */
	WRITE_ONCE(vdev->resume_pending, true);
	schedule_work(&vdev->resume_work);
	return 0;
}

/**
 * vfio_pci_runtime_init() - prepare a device for runtime power management
 * @vdev: a device that is being allocated
 *
 * Context: Any.
 */
void vfio_pci_runtime_init(struct vfio_pci_core_device *vdev)
{
	INIT_WORK(&vdev->resume_work, runtime_resume_work);
}

/*
 * Power management ops of the drivers that use this module.
 *
 * A suspend of the host requires nothing of them, but without these ops the PCI
 * core would disable the device then, and DMA with it.
 */
static const struct dev_pm_ops runtime_pm_ops = { RUNTIME_PM_OPS(
	runtime_suspend, runtime_resume, NULL) };

/**
 * vfio_pci_idle_begin() - let a closed device suspend
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
 * vfio_pci_idle_end() - resume a device that is being opened
 * @vdev: the device
 *
 * Context: May sleep.
 * Return: 0 or a negative errno.
 */
int vfio_pci_idle_end(struct vfio_pci_core_device *vdev)
{
	if (vdev->disable_idle_d3)
		return 0;
	return vfio_pci_runtime_get(vdev);
}

/**
 * vfio_pci_idle_allow() - enable runtime power management
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
 * Context: May sleep; from the driver's probe() or remove().
 */
void vfio_pci_idle_forbid(struct vfio_pci_core_device *vdev)
{
	struct device *dev = &vdev->pdev->dev;

	if (!vdev->disable_idle_d3)
		pm_runtime_get_noresume(dev);
	pm_runtime_forbid(dev);
	flush_work(&vdev->resume_work);
}
