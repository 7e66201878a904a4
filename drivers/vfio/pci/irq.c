// SPDX-License-Identifier: GPL-2.0-only
/*
 * VFIO_DEVICE_GET_IRQ_INFO and VFIO_DEVICE_SET_IRQS, and the two interrupts
 * that software raises: to report an error, and to request the device from user
 * space.
 */
#include <linux/bitfield.h>
#include <linux/eventfd.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/vfio_pci.h>
#include <trace/events/vfio_pci.h>

#include "config.h"
#include "intx.h"
#include "irq.h"
#include "msi.h"
#include "power_state.h"

/**
 * struct irq_request - a validated VFIO_DEVICE_SET_IRQS
 */
struct irq_request {
	/** @flags: data type and action */
	u32 flags;
	/** @index: interrupt type, VFIO_PCI_*_IRQ_INDEX */
	u32 index;
	/** @start: first vector */
	u32 start;
	/** @count: number of vectors */
	u32 count;
	/** @data: an eventfd or a bool per vector; NULL if there is no data */
	const void *data;
};

static bool irq_has_none(const struct irq_request *r)
{
	return r->flags & VFIO_IRQ_SET_DATA_NONE;
}

static bool irq_has_eventfd(const struct irq_request *r)
{
	return r->flags & VFIO_IRQ_SET_DATA_EVENTFD;
}

/* Check if a request without eventfds selects the i-th of its vectors */
static bool irq_selects(const struct irq_request *r, unsigned int i)
{
	const u8 *bools = r->data;

	return irq_has_none(r) || bools[i];
}

static s32 irq_first_fd(const struct irq_request *r)
{
	const s32 *fds = r->data;

	return fds[0];
}

static bool irq_in_use(struct vfio_pci_core_device *vdev)
{
	return vdev->irq_type != VFIO_PCI_NUM_IRQS;
}

static unsigned int irq_nr_msi(struct pci_dev *pdev)
{
	u16 flags;

	if (!pdev->msi_cap)
		return 0;
	pci_read_config_word(pdev, pdev->msi_cap + PCI_MSI_FLAGS, &flags);
	return 1 << FIELD_GET(PCI_MSI_FLAGS_QMASK, flags);
}

static unsigned int irq_nr_vectors(struct vfio_pci_core_device *vdev, u32 index)
{
	switch (index) {
	case VFIO_PCI_INTX_IRQ_INDEX:
		return vdev->vconfig[PCI_INTERRUPT_PIN] ? 1 : 0;
	case VFIO_PCI_MSI_IRQ_INDEX:
		return irq_nr_msi(vdev->pdev);
	case VFIO_PCI_MSIX_IRQ_INDEX:
		return vdev->msix_size / PCI_MSIX_ENTRY_SIZE;
	case VFIO_PCI_ERR_IRQ_INDEX:
		return vfio_pci_has_err_irq(vdev->pdev) ? 1 : 0;
	case VFIO_PCI_REQ_IRQ_INDEX:
		return 1;
	default:
		return 0;
	}
}

/**
 * vfio_pci_get_irq_info() - VFIO_DEVICE_GET_IRQ_INFO
 * @vdev: an open device
 * @arg: user struct
 *
 * Context: May sleep.
 * Return: 0 or a negative errno.
 */
int vfio_pci_get_irq_info(struct vfio_pci_core_device *vdev,
			  struct vfio_irq_info __user *arg)
{
	const size_t minsz = offsetofend(struct vfio_irq_info, count);
	struct vfio_irq_info info = {};

	if (copy_from_user(&info, arg, minsz))
		return -EFAULT;
	if (info.argsz < minsz)
		return -EINVAL;
	if (info.index >= VFIO_PCI_NUM_IRQS ||
	    (info.index == VFIO_PCI_ERR_IRQ_INDEX &&
	     !vfio_pci_has_err_irq(vdev->pdev))) {
		vfio_refuse(&vdev->vdev, REFUSAL_NO_IRQ, info.index);
		return -EINVAL;
	}

	info.count = irq_nr_vectors(vdev, info.index);
	info.flags = VFIO_IRQ_INFO_EVENTFD;
	if (info.index == VFIO_PCI_INTX_IRQ_INDEX)
		info.flags |= VFIO_IRQ_INFO_MASKABLE | VFIO_IRQ_INFO_AUTOMASKED;
	else if (info.index != VFIO_PCI_MSIX_IRQ_INDEX || !vdev->has_dyn_msix)
		info.flags |= VFIO_IRQ_INFO_NORESIZE;

	return copy_to_user(arg, &info, minsz) ? -EFAULT : 0;
}

static noinline __cold int irq_refuse_state(struct vfio_pci_core_device *vdev,
					    unsigned int index)
{
	vfio_refuse(&vdev->vdev, REFUSAL_IRQ_STATE, index);
	return -EINVAL;
}

static int irq_set_intx_mask(struct vfio_pci_core_device *vdev,
			     const struct irq_request *r)
{
	if (!vdev->intx || r->count != 1)
		return irq_refuse_state(vdev, r->index);
	if (irq_has_eventfd(r))
		return vfio_pci_intx_mask_by_eventfd(vdev, irq_first_fd(r));
	if (irq_selects(r, 0))
		vfio_pci_intx_mask(vdev);
	return 0;
}

static int irq_set_intx_unmask(struct vfio_pci_core_device *vdev,
			       const struct irq_request *r)
{
	if (!vdev->intx || r->count != 1)
		return irq_refuse_state(vdev, r->index);
	if (irq_has_eventfd(r))
		return vfio_pci_intx_unmask_by_eventfd(vdev, irq_first_fd(r));
	if (irq_selects(r, 0))
		vfio_pci_intx_unmask(vdev);
	return 0;
}

static int irq_set_intx_eventfd(struct vfio_pci_core_device *vdev, int fd)
{
	struct eventfd_ctx *trigger = NULL;
	int ret = 0;

	if (fd >= 0) {
		trigger = eventfd_ctx_fdget(fd);
		if (IS_ERR(trigger))
			return PTR_ERR(trigger);
	}

	if (vdev->intx)
		vfio_pci_intx_set_trigger(vdev, trigger);
	else
		ret = vfio_pci_intx_enable(vdev, trigger);
	if (ret && trigger)
		eventfd_ctx_put(trigger);
	return ret;
}

static int irq_set_intx_trigger(struct vfio_pci_core_device *vdev,
				const struct irq_request *r)
{
	if (vdev->intx && !r->count && irq_has_none(r)) {
		vfio_pci_intx_disable(vdev);
		return 0;
	}
	if ((!vdev->intx && irq_in_use(vdev)) || r->count != 1)
		return irq_refuse_state(vdev, r->index);
	if (irq_has_eventfd(r))
		return irq_set_intx_eventfd(vdev, irq_first_fd(r));
	if (!vdev->intx)
		return -EINVAL;
	if (irq_selects(r, 0))
		vfio_pci_intx_signal(vdev);
	return 0;
}

static int irq_set_msi_eventfds(struct vfio_pci_core_device *vdev,
				const struct irq_request *r)
{
	bool enabled = vdev->irq_type == r->index;
	int ret;

	if (!enabled) {
		ret = vfio_pci_msi_enable(vdev, r->start + r->count,
					  r->index == VFIO_PCI_MSIX_IRQ_INDEX);
		if (ret)
			return ret;
	}

	ret = vfio_pci_msi_set_eventfds(vdev, r->start, r->count, r->data);
	if (ret && !enabled)
		vfio_pci_msi_disable(vdev);
	return ret;
}

static int irq_set_msi_trigger(struct vfio_pci_core_device *vdev,
			       const struct irq_request *r)
{
	bool enabled = vdev->irq_type == r->index;
	unsigned int i;

	if (!enabled && (irq_in_use(vdev) || !irq_has_eventfd(r)))
		return irq_refuse_state(vdev, r->index);
	if (irq_has_eventfd(r))
		return irq_set_msi_eventfds(vdev, r);
	if (!r->count && irq_has_none(r)) {
		vfio_pci_msi_disable(vdev);
		return 0;
	}

	for (i = 0; i < r->count; i++)
		if (irq_selects(r, i))
			vfio_pci_msi_signal(vdev, r->start + i);
	return 0;
}

static bool irq_signal_trigger(struct vfio_pci_core_device *vdev,
			       struct eventfd_ctx **trigger)
{
	unsigned long flags;
	bool present;

	spin_lock_irqsave(&vdev->trigger_lock, flags);
	present = *trigger;
	if (present)
		eventfd_signal(*trigger);
	spin_unlock_irqrestore(&vdev->trigger_lock, flags);
	return present;
}

static void irq_replace_trigger(struct vfio_pci_core_device *vdev,
				struct eventfd_ctx **trigger,
				struct eventfd_ctx *new)
{
	struct eventfd_ctx *old;

	scoped_guard(spinlock_irqsave, &vdev->trigger_lock) {
		old = *trigger;
		*trigger = new;
	}
	if (old)
		eventfd_ctx_put(old);
}

static int irq_set_eventfd_trigger(struct vfio_pci_core_device *vdev,
				   struct eventfd_ctx **trigger, int fd)
{
	struct eventfd_ctx *new = NULL;

	if (fd < -1)
		return -EINVAL;
	if (fd >= 0) {
		new = eventfd_ctx_fdget(fd);
		if (IS_ERR(new))
			return PTR_ERR(new);
	}
	irq_replace_trigger(vdev, trigger, new);
	return 0;
}

/* Configure an interrupt that software raises, or signal it as a test */
static int irq_set_soft_trigger(struct vfio_pci_core_device *vdev,
				const struct irq_request *r,
				struct eventfd_ctx **trigger)
{
	if (r->count > 1)
		return -EINVAL;

	if (irq_has_none(r)) {
		if (!*trigger)
			return -EINVAL;
		if (r->count)
			irq_signal_trigger(vdev, trigger);
		else
			irq_replace_trigger(vdev, trigger, NULL);
		return 0;
	}

	if (!r->count)
		return -EINVAL;
	if (irq_has_eventfd(r))
		return irq_set_eventfd_trigger(vdev, trigger, irq_first_fd(r));
	if (irq_selects(r, 0))
		irq_signal_trigger(vdev, trigger);
	return 0;
}

static int irq_set_intx(struct vfio_pci_core_device *vdev,
			const struct irq_request *r, u32 action)
{
	switch (action) {
	case VFIO_IRQ_SET_ACTION_MASK:
		return irq_set_intx_mask(vdev, r);
	case VFIO_IRQ_SET_ACTION_UNMASK:
		return irq_set_intx_unmask(vdev, r);
	case VFIO_IRQ_SET_ACTION_TRIGGER:
		return irq_set_intx_trigger(vdev, r);
	default:
		return -ENOTTY;
	}
}

static int irq_apply(struct vfio_pci_core_device *vdev,
		     const struct irq_request *r)
{
	u32 action = r->flags & VFIO_IRQ_SET_ACTION_TYPE_MASK;

	guard(mutex)(&vdev->igate);

	if (r->index == VFIO_PCI_INTX_IRQ_INDEX)
		return irq_set_intx(vdev, r, action);
	if (action != VFIO_IRQ_SET_ACTION_TRIGGER)
		return -ENOTTY;

	switch (r->index) {
	case VFIO_PCI_MSI_IRQ_INDEX:
	case VFIO_PCI_MSIX_IRQ_INDEX:
		return irq_set_msi_trigger(vdev, r);
	case VFIO_PCI_ERR_IRQ_INDEX:
		return irq_set_soft_trigger(vdev, r, &vdev->err_trigger);
	case VFIO_PCI_REQ_IRQ_INDEX:
		return irq_set_soft_trigger(vdev, r, &vdev->req_trigger);
	default:
		return -ENOTTY;
	}
}

/* Check if vectors change, in the MSI-X table or in config space */
static bool irq_changes_vectors(const struct irq_request *r)
{
	return (r->index == VFIO_PCI_MSI_IRQ_INDEX ||
		r->index == VFIO_PCI_MSIX_IRQ_INDEX) &&
	       (irq_has_eventfd(r) || !r->count);
}

static int irq_apply_in_d0(struct vfio_pci_core_device *vdev,
			   const struct irq_request *r)
{
	pci_power_t state;
	int ret;

	guard(mutex)(&vdev->config->lock);

	state = vfio_pci_power_up(vdev);
	ret = irq_apply(vdev, r);
	vfio_pci_power_restore(vdev, state);
	vfio_pci_intx_sync(vdev);
	return ret;
}

static noinline __cold void irq_refuse_range(struct vfio_pci_core_device *vdev,
					     const struct vfio_irq_set *hdr)
{
	u64 end = (u64)hdr->start + hdr->count;
	unsigned int nr = irq_nr_vectors(vdev, hdr->index);

	if (hdr->index >= VFIO_PCI_NUM_IRQS)
		vfio_refuse(&vdev->vdev, REFUSAL_NO_IRQ, hdr->index);
	else if (hdr->start >= nr || end > nr)
		vfio_refuse(&vdev->vdev, REFUSAL_IRQ_RANGE, hdr->index,
			    hdr->start, end, nr);
	else
		vfio_refuse(&vdev->vdev, REFUSAL_FLAGS, hdr->flags);
}

/**
 * vfio_pci_set_irqs() - VFIO_DEVICE_SET_IRQS
 * @vdev: an open device
 * @arg: user struct with its data
 *
 * If MSI or MSI-X vectors change, the device is in D0 for as long as it takes,
 * regardless of the power state that user space has selected.
 *
 * Context: May sleep. Takes the config lock, igate and the memory lock.
 * Return: 0; the number of MSI or MSI-X vectors available if more were
 * requested; or a negative errno.
 */
int vfio_pci_set_irqs(struct vfio_pci_core_device *vdev,
		      struct vfio_irq_set __user *arg)
{
	const size_t minsz = offsetofend(struct vfio_irq_set, count);
	struct vfio_irq_set hdr;
	struct irq_request r;
	size_t data_size = 0;
	void *data = NULL;
	int ret;

	if (copy_from_user(&hdr, arg, minsz))
		return -EFAULT;
	ret = vfio_set_irqs_validate_and_prepare(
		&hdr, irq_nr_vectors(vdev, hdr.index), VFIO_PCI_NUM_IRQS,
		&data_size);
	if (ret) {
		irq_refuse_range(vdev, &hdr);
		return ret;
	}

	if (data_size) {
		data = vmemdup_user(&arg->data, data_size);
		if (IS_ERR(data))
			return PTR_ERR(data);
	}

	r = (struct irq_request){
		.flags = hdr.flags,
		.index = hdr.index,
		.start = hdr.start,
		.count = hdr.count,
		.data = data,
	};
	ret = irq_changes_vectors(&r) ? irq_apply_in_d0(vdev, &r) :
					irq_apply(vdev, &r);
	trace_vfio_pci_set_irqs(&vdev->pdev->dev, r.index, r.flags, r.start,
				r.count, ret);
	kvfree(data);
	return ret;
}

/**
 * vfio_pci_disable_irqs() - disable INTx, MSI or MSI-X
 * @vdev: a device that is being closed
 *
 * Context: May sleep. Takes igate and the memory lock.
 */
void vfio_pci_disable_irqs(struct vfio_pci_core_device *vdev)
{
	guard(mutex)(&vdev->igate);

	if (vdev->intx)
		vfio_pci_intx_disable(vdev);
	else if (irq_in_use(vdev))
		vfio_pci_msi_disable(vdev);
}

/**
 * vfio_pci_drop_triggers() - put the eventfds of errors and requests
 * @vdev: a device that is being closed
 *
 * Context: Process context.
 */
void vfio_pci_drop_triggers(struct vfio_pci_core_device *vdev)
{
	irq_replace_trigger(vdev, &vdev->err_trigger, NULL);
	irq_replace_trigger(vdev, &vdev->req_trigger, NULL);
}

/**
 * vfio_pci_signal_error() - report a device error to user space
 * @vdev: a device, open or not
 *
 * Context: Any.
 * Return: True if user space has set an eventfd for it.
 */
bool vfio_pci_signal_error(struct vfio_pci_core_device *vdev)
{
	return irq_signal_trigger(vdev, &vdev->err_trigger);
}

/**
 * vfio_pci_signal_request() - request user space to release the device
 * @vdev: a device, open or not
 *
 * Context: Any.
 * Return: True if user space has set an eventfd for it.
 */
bool vfio_pci_signal_request(struct vfio_pci_core_device *vdev)
{
	return irq_signal_trigger(vdev, &vdev->req_trigger);
}
