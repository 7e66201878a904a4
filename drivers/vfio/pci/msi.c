// SPDX-License-Identifier: GPL-2.0-only
/*
 * Delivery of MSI and MSI-X to eventfds.
 *
 * Linux interrupts stay allocated from enabling to disabling, even without an
 * eventfd, so that user space gets them back when it moves vectors around.
 */
#include <linux/eventfd.h>
#include <linux/interrupt.h>
#include <linux/iommufd.h>
#include <linux/irqbypass.h>
#include <linux/log2.h>
#include <linux/msi.h>
#include <linux/slab.h>

#include "bar.h"
#include "msi.h"

/**
 * struct vfio_pci_vector - a vector with an eventfd
 */
struct vfio_pci_vector {
	/** @trigger: signalled for each interrupt */
	struct eventfd_ctx *trigger;
	/** @irq: interrupt number */
	int irq;
	/** @producer: lets KVM post the interrupt directly to the guest */
	struct irq_bypass_producer producer;
	/** @name: in /proc/interrupts */
	char name[48];
};

static bool msi_is_msix(struct vfio_pci_core_device *vdev)
{
	return vdev->irq_type == VFIO_PCI_MSIX_IRQ_INDEX;
}

/**
 * vfio_pci_msix_probe() - find the MSI-X table
 * @vdev: a device that is being opened
 *
 * Context: Process context; the caller holds the set lock.
 */
void vfio_pci_msix_probe(struct vfio_pci_core_device *vdev)
{
	struct pci_dev *pdev = vdev->pdev;
	u32 table;
	u16 flags;

	vdev->msix_bar = 0xff;
	vdev->msix_size = 0;
	vdev->has_dyn_msix = false;
	if (!pdev->msix_cap)
		return;

	pci_read_config_word(pdev, pdev->msix_cap + PCI_MSIX_FLAGS, &flags);
	pci_read_config_dword(pdev, pdev->msix_cap + PCI_MSIX_TABLE, &table);

	vdev->msix_bar = table & PCI_MSIX_TABLE_BIR;
	vdev->msix_offset = table & PCI_MSIX_TABLE_OFFSET;
	vdev->msix_size =
		((flags & PCI_MSIX_FLAGS_QSIZE) + 1) * PCI_MSIX_ENTRY_SIZE;
	vdev->has_dyn_msix = pci_msix_can_alloc_dyn(pdev);
}

/*
 * The domain to which the device is attached must not change while interrupts are
 * allocated. A container changes it only while the device is not open.
 */
static int msi_begin(struct vfio_pci_core_device *vdev)
{
	struct iommufd_device *idev = vdev->vdev.iommufd_device;

	return idev ? iommufd_device_msi_begin(idev) : 0;
}

static void msi_end(struct vfio_pci_core_device *vdev)
{
	if (vdev->vdev.iommufd_device)
		iommufd_device_msi_end(vdev->vdev.iommufd_device);
}

static void msi_release(struct vfio_pci_core_device *vdev)
{
	if (vdev->vdev.iommufd_device)
		iommufd_device_msi_release(vdev->vdev.iommufd_device);
}

static irqreturn_t msi_handler(int irq, void *arg)
{
	eventfd_signal(arg);
	return IRQ_HANDLED;
}

/**
 * vfio_pci_msi_enable() - enable MSI or MSI-X
 * @vdev: an open device that uses no interrupt
 * @nr_vecs: number of vectors
 * @msix: true for MSI-X, false for MSI
 *
 * Context: May sleep; the caller holds igate. Takes the memory lock.
 * Return: 0; the number of vectors available if it is less than @nr_vecs; or a
 * negative errno.
 */
int vfio_pci_msi_enable(struct vfio_pci_core_device *vdev, unsigned int nr_vecs,
			bool msix)
{
	struct pci_dev *pdev = vdev->pdev;
	u16 cmd;
	int ret;

	lockdep_assert_held(&vdev->igate);

	ret = msi_begin(vdev);
	if (ret)
		return ret;
	cmd = vfio_pci_lock_and_force_memory(vdev);
	ret = pci_alloc_irq_vectors(pdev, 1, nr_vecs,
				    msix ? PCI_IRQ_MSIX : PCI_IRQ_MSI);
	if (ret > 0 && ret < nr_vecs)
		pci_free_irq_vectors(pdev);
	vfio_pci_restore_and_unlock_memory(vdev, cmd);
	msi_end(vdev);
	if (ret < 0 || ret < nr_vecs) {
		msi_release(vdev);
		return ret;
	}

	if (msix) {
		vdev->irq_type = VFIO_PCI_MSIX_IRQ_INDEX;
	} else {
		vdev->msi_qmax = order_base_2(nr_vecs);
		vdev->irq_type = VFIO_PCI_MSI_IRQ_INDEX;
	}
	return 0;
}

static void msi_free_vector(struct vfio_pci_core_device *vdev, unsigned int nr)
{
	struct vfio_pci_vector *vec = xa_erase(&vdev->vectors, nr);
	u16 cmd;

	if (!vec)
		return;

	irq_bypass_unregister_producer(&vec->producer);
	/* Freeing masks the vector in the table, which is in a BAR */
	cmd = vfio_pci_lock_and_force_memory(vdev);
	free_irq(vec->irq, vec->trigger);
	vfio_pci_restore_and_unlock_memory(vdev, cmd);
	eventfd_ctx_put(vec->trigger);
	kfree(vec);
}

/* Get the Linux interrupt of a vector; dynamic MSI-X adds it on demand */
static int msi_linux_irq(struct vfio_pci_core_device *vdev, unsigned int nr)
{
	struct msi_map map;
	int irq, ret;
	u16 cmd;

	irq = pci_irq_vector(vdev->pdev, nr);
	if (irq > 0 || !msi_is_msix(vdev) || !vdev->has_dyn_msix)
		return irq ?: -EINVAL;

	ret = msi_begin(vdev);
	if (ret)
		return ret;
	cmd = vfio_pci_lock_and_force_memory(vdev);
	map = pci_msix_alloc_irq_at(vdev->pdev, nr, NULL);
	vfio_pci_restore_and_unlock_memory(vdev, cmd);
	msi_end(vdev);
	return map.index < 0 ? map.index : map.virq;
}

static int msi_request_vector(struct vfio_pci_core_device *vdev,
			      struct vfio_pci_vector *vec)
{
	u16 cmd = vfio_pci_lock_and_force_memory(vdev);
	struct msi_msg msg;
	int ret;

	/* A reset outside of this driver may have cleared the table */
	if (msi_is_msix(vdev)) {
		get_cached_msi_msg(vec->irq, &msg);
		pci_write_msi_msg(vec->irq, &msg);
	}
	ret = request_irq(vec->irq, msi_handler, 0, vec->name, vec->trigger);
	vfio_pci_restore_and_unlock_memory(vdev, cmd);
	return ret;
}

static int msi_setup_vector(struct vfio_pci_core_device *vdev, unsigned int nr,
			    struct vfio_pci_vector *vec, int fd)
{
	struct pci_dev *pdev = vdev->pdev;
	int ret;

	vec->irq = msi_linux_irq(vdev, nr);
	if (vec->irq < 0)
		return vec->irq;
	snprintf(vec->name, sizeof(vec->name), "vfio-msi%s[%u](%s)",
		 msi_is_msix(vdev) ? "x" : "", nr, pci_name(pdev));

	vec->trigger = eventfd_ctx_fdget(fd);
	if (IS_ERR(vec->trigger))
		return PTR_ERR(vec->trigger);

	ret = msi_request_vector(vdev, vec);
	if (ret) {
		eventfd_ctx_put(vec->trigger);
		return ret;
	}

	/* Not fatal: interrupts are still delivered by the eventfd */
	ret = irq_bypass_register_producer(&vec->producer, vec->trigger,
					   vec->irq);
	if (ret)
		pci_info_ratelimited(pdev, "%s cannot bypass the host: %d\n",
				     vec->name, ret);
	return 0;
}

static int msi_set_eventfd(struct vfio_pci_core_device *vdev, unsigned int nr,
			   int fd)
{
	struct vfio_pci_vector *vec;
	int ret;

	msi_free_vector(vdev, nr);
	if (fd < 0)
		return 0;

	vec = kzalloc_obj(*vec, GFP_KERNEL_ACCOUNT);
	if (!vec)
		return -ENOMEM;

	ret = xa_insert(&vdev->vectors, nr, vec, GFP_KERNEL_ACCOUNT);
	if (ret)
		goto err_free;
	ret = msi_setup_vector(vdev, nr, vec, fd);
	if (ret)
		goto err_erase;
	return 0;

err_erase:
	xa_erase(&vdev->vectors, nr);
err_free:
	kfree(vec);
	return ret;
}

/**
 * vfio_pci_msi_set_eventfds() - set the eventfds of vectors
 * @vdev: an open device that uses MSI or MSI-X
 * @start: first vector
 * @count: number of vectors
 * @fds: an eventfd for each, negative for none
 *
 * Context: May sleep; the caller holds igate. Takes the memory lock.
 * Return: 0, or a negative errno and none of these vectors has an eventfd.
 */
int vfio_pci_msi_set_eventfds(struct vfio_pci_core_device *vdev,
			      unsigned int start, unsigned int count,
			      const s32 *fds)
{
	unsigned int i;
	int ret;

	lockdep_assert_held(&vdev->igate);

	for (i = 0; i < count; i++) {
		ret = msi_set_eventfd(vdev, start + i, fds[i]);
		if (ret)
			goto err;
	}
	return 0;

err:
	while (i--)
		msi_free_vector(vdev, start + i);
	return ret;
}

/**
 * vfio_pci_msi_disable() - undo vfio_pci_msi_enable()
 * @vdev: an open device that uses MSI or MSI-X
 *
 * Context: May sleep; the caller holds igate. Takes the memory lock.
 */
void vfio_pci_msi_disable(struct vfio_pci_core_device *vdev)
{
	struct vfio_pci_vector *vec;
	unsigned long nr;
	u16 cmd;

	lockdep_assert_held(&vdev->igate);

	xa_for_each(&vdev->vectors, nr, vec)
		msi_free_vector(vdev, nr);

	cmd = vfio_pci_lock_and_force_memory(vdev);
	pci_free_irq_vectors(vdev->pdev);
	/* The PCI core masks INTx for MSI and has just unmasked it */
	if (vdev->nointx || (vdev->pci_2_3 && vdev->virq_disabled))
		pci_intx(vdev->pdev, 0);
	vfio_pci_restore_and_unlock_memory(vdev, cmd);
	msi_release(vdev);
	vdev->irq_type = VFIO_PCI_NUM_IRQS;
}

/**
 * vfio_pci_msi_signal() - signal an eventfd without an interrupt
 * @vdev: an open device that uses MSI or MSI-X
 * @nr: the vector; one without an eventfd is ignored
 *
 * Context: The caller holds igate.
 */
void vfio_pci_msi_signal(struct vfio_pci_core_device *vdev, unsigned int nr)
{
	struct vfio_pci_vector *vec;

	lockdep_assert_held(&vdev->igate);

	vec = xa_load(&vdev->vectors, nr);
	if (vec)
		eventfd_signal(vec->trigger);
}
