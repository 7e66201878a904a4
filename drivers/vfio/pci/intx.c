// SPDX-License-Identifier: GPL-2.0-only
/*
 * Delivery of INTx to an eventfd.
 *
 * The line is level triggered and may be shared. It is masked before user space
 * is notified, and stays masked until user space has served the device and
 * unmasks. It is masked in the function if that is supported, else at the
 * interrupt controller, and then the line cannot be shared.
 */
#include <linux/eventfd.h>
#include <linux/interrupt.h>
#include <linux/irq.h>
#include <linux/slab.h>

#include "intx.h"

/**
 * struct vfio_pci_intx - state of INTx while it is in use
 */
struct vfio_pci_intx {
	/** @vdev: the device */
	struct vfio_pci_core_device *vdev;
	/**
	 * @trigger: signalled for each interrupt, or NULL; written with igate
	 * held, read without it, and put only after all readers are done
	 */
	struct eventfd_ctx *trigger;
	/** @unmask: the eventfd that unmasks, or NULL */
	struct virqfd *unmask;
	/** @mask: the eventfd that masks, or NULL */
	struct virqfd *mask;
	/** @irq: interrupt number, which does not change while in use */
	int irq;
	/** @masked: by the driver or by user space; protected by irqlock */
	bool masked;
	/** @suspended: stays masked until the device is resumed; irqlock */
	bool suspended;
	/** @unmask_on_resume: unmask when the device is resumed; irqlock */
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
 * Leave the lower byte of the command register alone, which has the enable
 * bits. Writers of them hold no lock of this driver, so writing back a stale
 * value would undo their change. Returns true if the register changed.
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
 * Returns true if the line is still asserted. It stays masked then, and the
 * caller notifies user space at once, which saves another interrupt.
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
 * A read-modify-write of another bit of the command register happens without
 * irqlock and may restore INTx Disable as it was before the handler masked.
 * Mask again: the kernel would disable a line that stays asserted.
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
			/* Disabled meanwhile, and disabling again would nest */
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
 * vfio_pci_intx_enable() - enable INTx
 * @vdev: an open device that uses no interrupt
 * @trigger: eventfd to signal, or NULL; taken over on success
 *
 * Context: May sleep; the caller holds igate.
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
		/* Disable at once: a level interrupt must not fire again */
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
 * Context: May sleep; the caller holds igate.
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

/* Called while the eventfd is being signalled: the thread signals back */
static int intx_unmask_handler(void *opaque, void *data)
{
	return intx_unmask(data);
}

/**
 * vfio_pci_intx_set_trigger() - replace the eventfd that INTx signals
 * @vdev: an open device that uses INTx
 * @trigger: new eventfd, or NULL; taken over
 *
 * Context: May sleep; the caller holds igate.
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
 * vfio_pci_intx_signal() - signal the eventfd without an interrupt
 * @vdev: an open device that uses INTx
 *
 * Context: The caller holds igate.
 */
void vfio_pci_intx_signal(struct vfio_pci_core_device *vdev)
{
	lockdep_assert_held(&vdev->igate);

	intx_signal(vdev->intx);
}

/**
 * vfio_pci_intx_mask() - mask INTx for user space
 * @vdev: an open device that uses INTx
 *
 * Context: The caller holds igate.
 */
void vfio_pci_intx_mask(struct vfio_pci_core_device *vdev)
{
	lockdep_assert_held(&vdev->igate);

	intx_mask(vdev->intx);
}

/**
 * vfio_pci_intx_unmask() - unmask INTx, or signal again if it is still asserted
 * @vdev: an open device that uses INTx
 *
 * Context: The caller holds igate.
 */
void vfio_pci_intx_unmask(struct vfio_pci_core_device *vdev)
{
	lockdep_assert_held(&vdev->igate);

	if (intx_unmask(vdev->intx))
		intx_signal(vdev->intx);
}

/**
 * vfio_pci_intx_unmask_by_eventfd() - set the eventfd that unmasks INTx
 * @vdev: an open device that uses INTx
 * @fd: the eventfd, negative for none
 *
 * Context: May sleep; the caller holds igate.
 * Return: 0, -EBUSY if an eventfd is set already, or another negative errno.
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
 * vfio_pci_intx_mask_by_eventfd() - set the eventfd that masks INTx
 * @vdev: an open device that uses INTx
 * @fd: the eventfd, negative for none
 *
 * The kernel's own vfio-pci does not support this.
 *
 * Context: May sleep; the caller holds igate.
 * Return: 0, -EBUSY if an eventfd is set already, or another negative errno.
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
 * vfio_pci_intx_sync() - write the mask state to INTx Disable of the function
 * @vdev: a device, open or not, which the caller keeps from suspending
 *
 * To be called after the command register was written or restored as a whole,
 * because the value written may predate the last mask or unmask.
 *
 * Context: May sleep. Takes igate and the memory lock.
 */
void vfio_pci_intx_sync(struct vfio_pci_core_device *vdev)
{
	guard(mutex)(&vdev->igate);

	if (!vdev->intx || !vdev->pci_2_3)
		return;
	/* Exclude every other read-modify-write of the register */
	guard(rwsem_read)(&vdev->memory_lock);

	scoped_guard(spinlock_irqsave, &vdev->irqlock)
		intx_set_enabled(vdev->pdev, !vdev->intx->masked);
}

/**
 * vfio_pci_intx_suspend() - mask INTx until the device is resumed
 * @vdev: a device, open or not
 *
 * If user space unmasks INTx meanwhile, it is unmasked on resume.
 *
 * Context: May sleep. Takes igate.
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
 * Context: May sleep. Takes igate.
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
 * vfio_pci_intx_set_disabled() - apply the virtual INTx Disable bit
 * @vdev: an open device
 * @disabled: the bit
 *
 * If INTx is not in use, the bit of the function is set to match, so that it is
 * right when user space enables INTx.
 *
 * Context: May sleep. Takes igate.
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
