// SPDX-License-Identifier: GPL-2.0-only
/*
 * INTx to an eventfd.
 *
 * The line is level triggered and may be shared: it is masked before the user
 * hears of it and stays so until the user has served the device and unmasks.
 * Masking is done in the function where that works, else at the interrupt
 * controller, and then the line must be ours alone.
 */
#include <linux/eventfd.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/slab.h>

#include "intx.h"

/**
 * struct vfio_pci_intx - INTx in use
 */
struct vfio_pci_intx {
	/** @vdev: the device */
	struct vfio_pci_core_device *vdev;
	/**
	 * @trigger: told of each interrupt, or NULL; written with igate held,
	 * read without, and put only after all readers are done
	 */
	struct eventfd_ctx *trigger;
	/** @unmask: the eventfd that unmasks, or NULL */
	struct virqfd *unmask;
	/** @mask: the eventfd that masks, or NULL */
	struct virqfd *mask;
	/** @irq: interrupt number, which does not change under us */
	int irq;
	/** @masked: by us or by the user; protected by irqlock */
	bool masked;
	/** @suspended: stays masked until the device wakes up; irqlock */
	bool suspended;
	/** @unmask_on_resume: unmasked when the device wakes up; irqlock */
	bool unmask_on_resume;
	/** @name: in /proc/interrupts */
	char name[48];
};

static void intx_signal(struct vfio_pci_intx *intx)
{
	struct eventfd_ctx *trigger = READ_ONCE(intx->trigger);

	if (trigger && !READ_ONCE(intx->vdev->virq_disabled))
		eventfd_signal(trigger);
}

/*
 * The lower byte of the command register, where the enable bits are, is left
 * alone: whoever changes them holds none of our locks, and writing back what was
 * read would undo it. Returns whether that changed anything.
 */
static bool intx_set_enabled(struct pci_dev *pdev, bool enable)
{
	const u8 disabled = PCI_COMMAND_INTX_DISABLE >> 8;
	u8 old, new;

	pci_read_config_byte(pdev, PCI_COMMAND + 1, &old);
	new = enable ? old & ~disabled : old | disabled;
	if (new == old)
		return false;
	pci_write_config_byte(pdev, PCI_COMMAND + 1, new);
	return true;
}

static void intx_mask_locked(struct vfio_pci_intx *intx)
{
	struct vfio_pci_core_device *vdev = intx->vdev;

	lockdep_assert_held(&vdev->irqlock);

	if (intx->masked)
		return;
	if (vdev->pci_2_3)
		intx_set_enabled(vdev->pdev, false);
	else
		disable_irq_nosync(intx->irq);
	intx->masked = true;
}

static void intx_mask(struct vfio_pci_intx *intx)
{
	struct vfio_pci_core_device *vdev = intx->vdev;
	unsigned long flags;

	spin_lock_irqsave(&vdev->irqlock, flags);
	intx_mask_locked(intx);
	intx->unmask_on_resume = false;
	spin_unlock_irqrestore(&vdev->irqlock, flags);
}

/*
 * Returns whether the line is still asserted: then it stays masked and the user
 * is to be told at once, which saves the detour over the hardware.
 */
static bool intx_unmask(struct vfio_pci_intx *intx)
{
	struct vfio_pci_core_device *vdev = intx->vdev;
	bool asserted = false;
	unsigned long flags;

	spin_lock_irqsave(&vdev->irqlock, flags);
	if (intx->suspended) {
		intx->unmask_on_resume = true;
	} else if (intx->masked && !vdev->virq_disabled) {
		if (vdev->pci_2_3)
			asserted = !pci_check_and_unmask_intx(vdev->pdev);
		else
			enable_irq(intx->irq);
		intx->masked = asserted;
	}
	spin_unlock_irqrestore(&vdev->irqlock, flags);
	return asserted;
}

/*
 * Whoever changes another bit of the command register reads and writes it
 * without irqlock, and may put back INTx Disable as it was before the handler
 * masked. A line that nobody holds down would be switched off by the kernel.
 */
static irqreturn_t intx_keep_masked(struct pci_dev *pdev)
{
	return IRQ_RETVAL(intx_set_enabled(pdev, false));
}

static irqreturn_t intx_handler(int irq, void *arg)
{
	struct vfio_pci_intx *intx = arg;
	struct vfio_pci_core_device *vdev = intx->vdev;

	scoped_guard(spinlock_irqsave, &vdev->irqlock) {
		if (intx->masked)
			/* Disabling nests, and was done while we were on our way */
			return vdev->pci_2_3 ? intx_keep_masked(vdev->pdev) :
					       IRQ_HANDLED;
		if (!vdev->pci_2_3)
			disable_irq_nosync(irq);
		else if (!pci_check_and_mask_intx(vdev->pdev))
			return IRQ_NONE;
		intx->masked = true;
	}
	intx_signal(intx);
	return IRQ_HANDLED;
}

/**
 * vfio_pci_intx_enable() - start to use INTx
 * @vdev: an open device that uses no interrupt
 * @trigger: eventfd to signal, or NULL; taken over on success
 *
 * Context: Process context, may sleep; igate held.
 * Return: 0 or a negative errno.
 */
int vfio_pci_intx_enable(struct vfio_pci_core_device *vdev,
			 struct eventfd_ctx *trigger)
{
	struct pci_dev *pdev = vdev->pdev;
	unsigned long flags = IRQF_SHARED;
	struct vfio_pci_intx *intx;
	int ret;

	lockdep_assert_held(&vdev->igate);

	if (!pdev->irq || pdev->irq == IRQ_NOTCONNECTED)
		return -ENODEV;

	intx = kzalloc_obj(*intx, GFP_KERNEL_ACCOUNT);
	if (!intx)
		return -ENOMEM;
	intx->vdev = vdev;
	intx->trigger = trigger;
	intx->irq = pdev->irq;
	intx->masked = vdev->virq_disabled;
	snprintf(intx->name, sizeof(intx->name), "vfio-intx(%s)",
		 pci_name(pdev));

	if (vdev->pci_2_3) {
		intx_set_enabled(pdev, !intx->masked);
	} else {
		flags = intx->masked ? IRQF_NO_AUTOEN : 0;
		/* A level interrupt must not fire once more after disabling */
		irq_set_status_flags(intx->irq, IRQ_DISABLE_UNLAZY);
	}

	ret = request_irq(intx->irq, intx_handler, flags, intx->name, intx);
	if (ret) {
		if (!vdev->pci_2_3)
			irq_clear_status_flags(intx->irq, IRQ_DISABLE_UNLAZY);
		kfree(intx);
		return ret;
	}

	vdev->intx = intx;
	vdev->irq_type = VFIO_PCI_INTX_IRQ_INDEX;
	return 0;
}

/**
 * vfio_pci_intx_disable() - undo vfio_pci_intx_enable()
 * @vdev: an open device that uses INTx
 *
 * Context: Process context, may sleep; igate held.
 */
void vfio_pci_intx_disable(struct vfio_pci_core_device *vdev)
{
	struct vfio_pci_intx *intx = vdev->intx;

	lockdep_assert_held(&vdev->igate);

	vfio_virqfd_disable(&intx->unmask);
	vfio_virqfd_disable(&intx->mask);
	free_irq(intx->irq, intx);
	if (!vdev->pci_2_3)
		irq_clear_status_flags(intx->irq, IRQ_DISABLE_UNLAZY);
	if (intx->trigger)
		eventfd_ctx_put(intx->trigger);
	vdev->intx = NULL;
	vdev->irq_type = VFIO_PCI_NUM_IRQS;
	kfree(intx);
}

static void intx_unmask_thread(void *opaque, void *data)
{
	intx_signal(data);
}

/* Runs where the user signals: signalling back is left to the thread */
static int intx_unmask_handler(void *opaque, void *data)
{
	return intx_unmask(data);
}

/**
 * vfio_pci_intx_set_trigger() - signal another eventfd from now on
 * @vdev: an open device that uses INTx
 * @trigger: eventfd, or NULL; taken over
 *
 * Context: Process context, may sleep; igate held.
 */
void vfio_pci_intx_set_trigger(struct vfio_pci_core_device *vdev,
			       struct eventfd_ctx *trigger)
{
	struct vfio_pci_intx *intx = vdev->intx;
	struct eventfd_ctx *old = intx->trigger;

	lockdep_assert_held(&vdev->igate);

	WRITE_ONCE(intx->trigger, trigger);
	if (!old)
		return;
	synchronize_irq(intx->irq);
	vfio_virqfd_flush_thread(&intx->unmask);
	eventfd_ctx_put(old);
}

/**
 * vfio_pci_intx_signal() - signal the eventfd as if the device had interrupted
 * @vdev: an open device that uses INTx
 *
 * Context: igate held.
 */
void vfio_pci_intx_signal(struct vfio_pci_core_device *vdev)
{
	lockdep_assert_held(&vdev->igate);
	intx_signal(vdev->intx);
}

/**
 * vfio_pci_intx_mask() - mask at the user's wish
 * @vdev: an open device that uses INTx
 *
 * Context: igate held.
 */
void vfio_pci_intx_mask(struct vfio_pci_core_device *vdev)
{
	lockdep_assert_held(&vdev->igate);
	intx_mask(vdev->intx);
}

/**
 * vfio_pci_intx_unmask() - unmask, and tell the user if there is more to do
 * @vdev: an open device that uses INTx
 *
 * Context: igate held.
 */
void vfio_pci_intx_unmask(struct vfio_pci_core_device *vdev)
{
	lockdep_assert_held(&vdev->igate);
	if (intx_unmask(vdev->intx))
		intx_signal(vdev->intx);
}

/**
 * vfio_pci_intx_unmask_by_eventfd() - let an eventfd unmask
 * @vdev: an open device that uses INTx
 * @fd: the eventfd, negative for none
 *
 * Context: Process context, may sleep; igate held.
 * Return: 0, -EBUSY where one is set already, or another negative errno.
 */
int vfio_pci_intx_unmask_by_eventfd(struct vfio_pci_core_device *vdev, int fd)
{
	struct vfio_pci_intx *intx = vdev->intx;

	lockdep_assert_held(&vdev->igate);

	if (fd >= 0)
		return vfio_virqfd_enable(vdev, intx_unmask_handler,
					  intx_unmask_thread, intx,
					  &intx->unmask, fd);
	vfio_virqfd_disable(&intx->unmask);
	return 0;
}

static int intx_mask_handler(void *opaque, void *data)
{
	intx_mask(data);
	return 0;
}

/**
 * vfio_pci_intx_mask_by_eventfd() - let an eventfd mask
 * @vdev: an open device that uses INTx
 * @fd: the eventfd, negative for none
 *
 * The kernel's own vfio-pci has no such thing.
 *
 * Context: Process context, may sleep; igate held.
 * Return: 0, -EBUSY where one is set already, or another negative errno.
 */
int vfio_pci_intx_mask_by_eventfd(struct vfio_pci_core_device *vdev, int fd)
{
	struct vfio_pci_intx *intx = vdev->intx;

	lockdep_assert_held(&vdev->igate);

	if (fd >= 0)
		return vfio_virqfd_enable(vdev, intx_mask_handler, NULL, intx,
					  &intx->mask, fd);
	vfio_virqfd_disable(&intx->mask);
	return 0;
}

/**
 * vfio_pci_intx_sync() - let the function's INTx Disable bit say what we think
 * @vdev: a device, open or not, which the caller keeps awake
 *
 * To be called after the command register was written or restored as a whole:
 * what was written back may be older than the last mask or unmask.
 *
 * Context: Process context, may sleep. Takes igate and the memory lock.
 */
void vfio_pci_intx_sync(struct vfio_pci_core_device *vdev)
{
	guard(mutex)(&vdev->igate);

	if (!vdev->intx || !vdev->pci_2_3)
		return;
	/* Nobody else may be between reading the register and writing it */
	guard(rwsem_read)(&vdev->memory_lock);
	scoped_guard(spinlock_irqsave, &vdev->irqlock)
		intx_set_enabled(vdev->pdev, !vdev->intx->masked);
}

/**
 * vfio_pci_intx_suspend() - the device goes to sleep
 * @vdev: a device, open or not
 *
 * In its sleep nobody serves it. Who unmasks meanwhile is heard when it wakes.
 *
 * Context: Process context, may sleep. Takes igate.
 */
void vfio_pci_intx_suspend(struct vfio_pci_core_device *vdev)
{
	struct vfio_pci_intx *intx;

	guard(mutex)(&vdev->igate);

	intx = vdev->intx;
	if (!intx)
		return;
	scoped_guard(spinlock_irqsave, &vdev->irqlock) {
		intx->unmask_on_resume = !intx->masked;
		intx_mask_locked(intx);
		intx->suspended = true;
	}
}

/**
 * vfio_pci_intx_resume() - undo vfio_pci_intx_suspend()
 * @vdev: a device, open or not
 *
 * Context: Process context, may sleep. Takes igate.
 */
void vfio_pci_intx_resume(struct vfio_pci_core_device *vdev)
{
	struct vfio_pci_intx *intx;

	guard(mutex)(&vdev->igate);

	intx = vdev->intx;
	if (!intx || !intx->suspended)
		return;
	scoped_guard(spinlock_irqsave, &vdev->irqlock)
		intx->suspended = false;
	if (intx->unmask_on_resume && intx_unmask(intx))
		intx_signal(intx);
}

/**
 * vfio_pci_intx_set_disabled() - follow the virtual INTx Disable bit
 * @vdev: an open device
 * @disabled: the bit
 *
 * Where INTx is not in use the bit of the function follows, so that it is right
 * when the user comes to use it.
 *
 * Context: Process context, may sleep. Takes igate.
 */
void vfio_pci_intx_set_disabled(struct vfio_pci_core_device *vdev,
				bool disabled)
{
	guard(mutex)(&vdev->igate);

	WRITE_ONCE(vdev->virq_disabled, disabled);
	if (!vdev->intx) {
		if (vdev->pci_2_3)
			intx_set_enabled(vdev->pdev, !disabled);
	} else if (disabled) {
		intx_mask(vdev->intx);
	} else if (intx_unmask(vdev->intx)) {
		intx_signal(vdev->intx);
	}
}
