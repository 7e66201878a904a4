// SPDX-License-Identifier: GPL-2.0-only
/*
 * Entry points for the drivers that give PCI devices to user space: life cycle
 * of a device, open and close, dispatch of the vfio_device_ops.
 */
#include <linux/export.h>
#include <linux/module.h>
#include <linux/pm_runtime.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "bar.h"
#include "config.h"
#include "config_cap.h"
#include "dev_region.h"
#include "dmabuf.h"
#include "info.h"
#include "intx.h"
#include "ioeventfd.h"
#include "irq.h"
#include "mmap.h"
#include "msi.h"
#include "power_state.h"
#include "reset.h"
#include "runtime_pm.h"
#include "slot_reset.h"
#include "sriov.h"
#include "vga.h"

static const struct vfio_pci_config_ops core_config_ops = {
	.set_intx_disabled = vfio_pci_intx_set_disabled,
	.sync_intx = vfio_pci_intx_sync,
};

static struct vfio_pci_core_device *to_core(struct vfio_device *core_vdev)
{
	return container_of(core_vdev, struct vfio_pci_core_device, vdev);
}

/**
 * vfio_pci_core_init_dev() - vfio_device_ops.init
 * @core_vdev: a device that is being allocated
 *
 * Context: Process context.
 * Return: 0.
 */
int vfio_pci_core_init_dev(struct vfio_device *core_vdev)
{
	struct vfio_pci_core_device *vdev = to_core(core_vdev);

	vdev->pdev = to_pci_dev(core_vdev->dev);
	vdev->irq_type = VFIO_PCI_NUM_IRQS;
	vdev->config_ops = &core_config_ops;
	init_rwsem(&vdev->memory_lock);
	mutex_init(&vdev->rom_lock);
	mutex_init(&vdev->igate);
	spin_lock_init(&vdev->irqlock);
	spin_lock_init(&vdev->trigger_lock);
	mutex_init(&vdev->ioeventfds_lock);
	INIT_LIST_HEAD(&vdev->ioeventfds);
	INIT_LIST_HEAD(&vdev->dmabufs);
	xa_init(&vdev->vectors);
	vfio_pci_runtime_init(vdev);
	vfio_pci_dmabuf_probe(vdev->pdev);
	return 0;
}
EXPORT_SYMBOL_NS_GPL(vfio_pci_core_init_dev, "VFIO_PCI_NG");

/**
 * vfio_pci_core_release_dev() - vfio_device_ops.release
 * @core_vdev: a device without references
 *
 * Context: Process context.
 */
void vfio_pci_core_release_dev(struct vfio_device *core_vdev)
{
	struct vfio_pci_core_device *vdev = to_core(core_vdev);

	mutex_destroy(&vdev->ioeventfds_lock);
	mutex_destroy(&vdev->igate);
	mutex_destroy(&vdev->rom_lock);
	xa_destroy(&vdev->vectors);
	kfree(vdev->pm_save);
}
EXPORT_SYMBOL_NS_GPL(vfio_pci_core_release_dev, "VFIO_PCI_NG");

/**
 * vfio_pci_core_register_device() - make a device available to user space
 * @vdev: the device, which is the driver data of its function
 *
 * The function is runtime suspended while it is closed, unless
 * @vdev->disable_idle_d3 is set. This replaces the power management ops of the
 * driver that the function is bound to.
 *
 * Context: May sleep; from the driver's probe().
 * Return: 0; -EINVAL for bridges; -EBUSY for a function whose virtual functions
 * are enabled; or another negative errno.
 */
int vfio_pci_core_register_device(struct vfio_pci_core_device *vdev)
{
	struct pci_dev *pdev = vdev->pdev;
	int ret;

	if (WARN_ON(vdev != pci_get_drvdata(pdev) || !vdev->vdev.ops->name))
		return -EINVAL;
	if (pdev->hdr_type != PCI_HEADER_TYPE_NORMAL)
		return -EINVAL;
	if (pci_num_vf(pdev)) {
		pci_warn(pdev, "Cannot bind to PF with SR-IOV enabled\n");
		return -EBUSY;
	}

	ret = vfio_pci_assign_reset_set(vdev);
	if (ret)
		return ret;
	ret = vfio_pci_sriov_init(vdev);
	if (ret)
		return ret;
	ret = vfio_pci_vga_register(vdev);
	if (ret) {
		vfio_pci_sriov_destroy(vdev);
		return ret;
	}

	/* From an unknown power state, the PCI core only changes to D0 */
	vfio_pci_set_power_state(vdev, PCI_D0);
	vfio_pci_probe_power_state(vdev);
	vfio_pci_idle_allow(vdev);

	ret = vfio_register_group_dev(&vdev->vdev);
	if (ret) {
		vfio_pci_idle_forbid(vdev);
		vfio_pci_vga_unregister(vdev);
		vfio_pci_sriov_destroy(vdev);
	}
	return ret;
}
EXPORT_SYMBOL_NS_GPL(vfio_pci_core_register_device, "VFIO_PCI_NG");

/**
 * vfio_pci_core_unregister_device() - undo vfio_pci_core_register_device()
 * @vdev: the device
 *
 * Disables its virtual functions first.
 *
 * Context: May sleep; from the driver's remove(). Waits for user space to close
 * the device and its virtual functions.
 */
void vfio_pci_core_unregister_device(struct vfio_pci_core_device *vdev)
{
	vfio_pci_core_sriov_configure(vdev, 0);
	vfio_unregister_group_dev(&vdev->vdev);
	vfio_pci_p2p_unregister(vdev);
	vfio_pci_vga_unregister(vdev);
	vfio_pci_sriov_destroy(vdev);
	vfio_pci_idle_forbid(vdev);
}
EXPORT_SYMBOL_NS_GPL(vfio_pci_core_unregister_device, "VFIO_PCI_NG");

/*
 * These controllers assert INTx without setting Interrupt Status, and their
 * INTx cannot be masked. A shared line would be stuck.
 */
static bool core_intx_is_broken(struct pci_dev *pdev)
{
	if (pdev->vendor != PCI_VENDOR_ID_INTEL)
		return false;

	switch (pdev->device) {
	/* Ethernet controllers X710, XL710, XXV710, X722, X550 */
	case 0x1563:
	case 0x1572:
	case 0x1574:
	case 0x1580 ... 0x1581:
	case 0x1583 ... 0x158b:
	case 0x37d0 ... 0x37d2:
		return true;
	default:
		return false;
	}
}

/* Find out if INTx can be masked in the function, and leave it unmasked */
static void core_probe_intx(struct vfio_pci_core_device *vdev)
{
	struct pci_dev *pdev = vdev->pdev;
	u16 cmd;

	vdev->virq_disabled = false;
	vdev->nointx = !vdev->nointxmask && core_intx_is_broken(pdev);
	vdev->pci_2_3 = !vdev->nointxmask && !vdev->nointx &&
			pci_intx_mask_supported(pdev);
	if (vdev->nointx) {
		pci_info(pdev, "Masking broken INTx support\n");
		pci_intx(pdev, 0);
	}

	pci_read_config_word(pdev, PCI_COMMAND, &cmd);
	if (vdev->pci_2_3 && (cmd & PCI_COMMAND_INTX_DISABLE))
		pci_write_config_word(pdev, PCI_COMMAND,
				      cmd & ~PCI_COMMAND_INTX_DISABLE);
}

static int core_check_accessible(struct pci_dev *pdev)
{
	if (vfio_pci_is_accessible(pdev))
		return 0;
	pci_info_ratelimited(pdev, "does not respond, not opened\n");
	return -EIO;
}

static int core_enable_function(struct vfio_pci_core_device *vdev)
{
	struct pci_dev *pdev = vdev->pdev;
	int ret;

	ret = core_check_accessible(pdev);
	if (ret)
		return ret;

	/* The state saved below has DMA disabled, and is restored at close */
	pci_clear_master(pdev);
	ret = pci_enable_device(pdev);
	if (ret)
		return ret;

	/* -EAGAIN: the lock is contended, and it is not known if resets work */
	ret = pci_try_reset_function(pdev);
	if (ret == -EAGAIN)
		goto err;
	vdev->reset_works = !ret;
	ret = core_check_accessible(pdev);
	if (ret)
		goto err;

	pci_save_state(pdev);
	vdev->pci_saved_state = pci_store_saved_state(pdev);
	return 0;

err:
	pci_disable_device(pdev);
	return ret;
}

static int core_enable_config(struct vfio_pci_core_device *vdev)
{
	int ret;

	ret = vfio_pci_config_init(vdev);
	if (ret)
		return ret;
	ret = vfio_pci_config_init_caps(vdev);
	if (ret)
		vfio_pci_config_destroy(vdev);
	return ret;
}

/**
 * vfio_pci_core_enable() - first half of vfio_device_ops.open_device
 * @vdev: the device
 *
 * Resumes the function, resets it if it can be reset, and probes its
 * capabilities and BARs.
 *
 * Context: May sleep; the caller holds the set lock.
 * Return: 0; -EAGAIN if the device lock is contended; -EIO if the function does
 * not respond; or another negative errno.
 */
int vfio_pci_core_enable(struct vfio_pci_core_device *vdev)
{
	struct pci_dev *pdev = vdev->pdev;
	int ret;

	ret = vfio_pci_idle_end(vdev);
	if (ret)
		return ret;
	ret = core_enable_function(vdev);
	if (ret)
		goto err_power;

	core_probe_intx(vdev);
	ret = core_enable_config(vdev);
	if (ret)
		goto err_function;
	vfio_pci_msix_probe(vdev);
	vfio_pci_map_bars(vdev);
	return 0;

err_function:
	kfree(vdev->pci_saved_state);
	vdev->pci_saved_state = NULL;
	pci_disable_device(pdev);
err_power:
	vfio_pci_idle_begin(vdev);
	return ret;
}
EXPORT_SYMBOL_NS_GPL(vfio_pci_core_enable, "VFIO_PCI_NG");

/**
 * vfio_pci_core_finish_enable() - second half of vfio_device_ops.open_device
 * @vdev: the device
 *
 * Cannot fail. Drivers do their own setup between the two halves.
 *
 * Context: May sleep; the caller holds the set lock.
 */
void vfio_pci_core_finish_enable(struct vfio_pci_core_device *vdev)
{
	vfio_pci_probe_bar_mmap(vdev);
	vfio_pci_p2p_register(vdev);
	vfio_pci_sriov_open(vdev);
}
EXPORT_SYMBOL_NS_GPL(vfio_pci_core_finish_enable, "VFIO_PCI_NG");

/* Restore with the lock held, so that an open does not find a reset function */
static int core_reset_locked(struct pci_dev *pdev)
{
	int ret;

	if (!pci_dev_trylock(pdev))
		return -EAGAIN;
	ret = __pci_reset_function_locked(pdev);
	pci_restore_state(pdev);
	pci_dev_unlock(pdev);
	return ret;
}

/*
 * Only try the locks: if the device is being removed, its lock is held by the
 * task that waits for this close. Do not let the reset save config space,
 * because that would overwrite the state that was loaded before.
 */
static int core_reset_and_restore(struct pci_dev *pdev)
{
	struct pci_dev *bridge = pci_upstream_bridge(pdev);
	int ret = -EAGAIN;

	if (!bridge || pci_dev_trylock(bridge)) {
		ret = core_reset_locked(pdev);
		if (bridge)
			pci_dev_unlock(bridge);
	}
	/* Has no effect if the state was restored above */
	pci_restore_state(pdev);
	return ret;
}

static void core_disable_function(struct vfio_pci_core_device *vdev)
{
	struct pci_dev *pdev = vdev->pdev;

	vdev->needs_reset = true;
	if (pci_load_and_free_saved_state(pdev, &vdev->pci_saved_state)) {
		pci_info(pdev, "%s: Couldn't reload saved state\n", __func__);
		pci_save_state(pdev);
	}

	/* The reset must not raise an interrupt */
	pci_write_config_word(pdev, PCI_COMMAND, PCI_COMMAND_INTX_DISABLE);
	/* After the reset of a bus, the state of a lost function is lost, too */
	if (!vdev->reset_works || !vfio_pci_is_accessible(pdev))
		pci_restore_state(pdev);
	else if (!vfio_pci_reset_at_close(pdev, core_reset_and_restore))
		vdev->needs_reset = false;
	pci_disable_device(pdev);
}

/**
 * vfio_pci_core_disable() - undo vfio_pci_core_enable()
 * @vdev: the device
 *
 * Stops the function, frees all that was set up for the open, and restores the
 * state in which the function was found.
 *
 * Context: May sleep; the caller holds the set lock.
 */
void vfio_pci_core_disable(struct vfio_pci_core_device *vdev)
{
	struct pci_dev *pdev = vdev->pdev;

	lockdep_assert_held(&vdev->vdev.dev_set->lock);

	vfio_pci_dmabuf_remove_all(vdev);
	vfio_pci_p2p_suspend(vdev);
	vfio_pci_drop_ioeventfds(vdev);
	vfio_pci_low_power_exit(vdev);
	pm_runtime_resume(&pdev->dev);
	vfio_pci_runtime_flush(vdev);
	/* The host may be resuming the device to enable virtual functions */
	scoped_guard(rwsem_write, &vdev->memory_lock) {
		vfio_pci_set_power_state(vdev, PCI_D0);
		pci_clear_master(pdev);
	}
	vfio_pci_disable_irqs(vdev);
	vfio_pci_dev_regions_release(vdev);
	vfio_pci_config_destroy(vdev);
	vfio_pci_unmap_bars(vdev);
	core_disable_function(vdev);
	vfio_pci_try_reset_unused_set(vdev->vdev.dev_set);
	vfio_pci_idle_begin(vdev);
}
EXPORT_SYMBOL_NS_GPL(vfio_pci_core_disable, "VFIO_PCI_NG");

/**
 * vfio_pci_core_close_device() - vfio_device_ops.close_device
 * @core_vdev: the device
 *
 * Context: May sleep; the caller holds the set lock.
 */
void vfio_pci_core_close_device(struct vfio_device *core_vdev)
{
	struct vfio_pci_core_device *vdev = to_core(core_vdev);

	vfio_pci_sriov_close(vdev);
	vfio_pci_core_disable(vdev);
	vfio_pci_drop_triggers(vdev);
}
EXPORT_SYMBOL_NS_GPL(vfio_pci_core_close_device, "VFIO_PCI_NG");

/**
 * vfio_pci_core_ioctl() - vfio_device_ops.ioctl
 * @core_vdev: an open device
 * @cmd: command
 * @arg: its argument
 *
 * Context: May sleep.
 * Return: 0; for VFIO_DEVICE_SET_IRQS also a positive number; -ENOTTY for an
 * unknown command; or another negative errno.
 */
long vfio_pci_core_ioctl(struct vfio_device *core_vdev, unsigned int cmd,
			 unsigned long arg)
{
	struct vfio_pci_core_device *vdev = to_core(core_vdev);
	void __user *uarg = (void __user *)arg;

	vfio_pci_runtime_flush(vdev);
	switch (cmd) {
	case VFIO_DEVICE_GET_INFO:
		return vfio_pci_ioctl_get_info(vdev, uarg);
	case VFIO_DEVICE_GET_IRQ_INFO:
		return vfio_pci_get_irq_info(vdev, uarg);
	case VFIO_DEVICE_SET_IRQS:
		return vfio_pci_set_irqs(vdev, uarg);
	case VFIO_DEVICE_IOEVENTFD:
		return vfio_pci_ioctl_ioeventfd(vdev, uarg);
	case VFIO_DEVICE_RESET:
		return vfio_pci_ioctl_reset(vdev);
	case VFIO_DEVICE_GET_PCI_HOT_RESET_INFO:
		return vfio_pci_get_hot_reset_info(vdev, uarg);
	case VFIO_DEVICE_PCI_HOT_RESET:
		return vfio_pci_hot_reset(vdev, uarg);
	default:
		return -ENOTTY;
	}
}
EXPORT_SYMBOL_NS_GPL(vfio_pci_core_ioctl, "VFIO_PCI_NG");

/**
 * vfio_pci_core_mmap() - vfio_device_ops.mmap
 * @core_vdev: an open device
 * @vma: the mapping
 *
 * Context: The caller holds mmap_lock for writing.
 * Return: 0 or a negative errno.
 */
int vfio_pci_core_mmap(struct vfio_device *core_vdev,
		       struct vm_area_struct *vma)
{
	struct vfio_pci_core_device *vdev = to_core(core_vdev);

	if (VFIO_PCI_OFFSET_TO_INDEX((u64)vma->vm_pgoff << PAGE_SHIFT) >=
	    VFIO_PCI_NUM_REGIONS)
		return vfio_pci_dev_region_mmap(vdev, vma);
	return vfio_pci_mmap_bar(vdev, vma);
}
EXPORT_SYMBOL_NS_GPL(vfio_pci_core_mmap, "VFIO_PCI_NG");

/**
 * vfio_pci_core_request() - vfio_device_ops.request
 * @core_vdev: a device that the host wants back
 * @count: number of earlier requests
 *
 * Context: Process context.
 */
void vfio_pci_core_request(struct vfio_device *core_vdev, unsigned int count)
{
	struct vfio_pci_core_device *vdev = to_core(core_vdev);
	struct pci_dev *pdev = vdev->pdev;

	if (vfio_pci_signal_request(vdev)) {
		if (count % 10 == 0)
			pci_notice_ratelimited(
				pdev, "Relaying device request to user (#%u)\n",
				count);
	} else if (count == 0) {
		pci_warn(
			pdev,
			"No device request channel registered, blocked until released by user\n");
	}
}
EXPORT_SYMBOL_NS_GPL(vfio_pci_core_request, "VFIO_PCI_NG");

/**
 * vfio_pci_core_match_token_uuid() - vfio_device_ops.match_token_uuid
 * @core_vdev: a registered device
 * @uuid: token that user space presents, or NULL
 *
 * Context: May sleep.
 * Return: 0; -EACCES if the token is missing or wrong; -EINVAL for a token if
 * the device has none.
 */
int vfio_pci_core_match_token_uuid(struct vfio_device *core_vdev,
				   const uuid_t *uuid)
{
	return vfio_pci_check_token(to_core(core_vdev), uuid);
}
EXPORT_SYMBOL_NS_GPL(vfio_pci_core_match_token_uuid, "VFIO_PCI_NG");

/**
 * vfio_pci_core_match() - vfio_device_ops.match
 * @core_vdev: a registered device
 * @buf: name of the device that user space asks for, optionally followed by a
 * token
 *
 * A driver that uses this has to set vfio_device_ops.match_token_uuid as well.
 *
 * Context: May sleep.
 * Return: 1 if the device matches, 0 if it does not, -EINVAL for an unknown
 * option, -EACCES if the device matches but the token is missing or wrong.
 */
int vfio_pci_core_match(struct vfio_device *core_vdev, char *buf)
{
	const char *name = pci_name(to_core(core_vdev)->pdev);
	size_t len = strlen(name);
	bool has_token;
	uuid_t uuid;
	int ret;

	if (strncmp(buf, name, len) || (buf[len] && buf[len] != ' '))
		return 0;

	ret = vfio_pci_parse_token(buf + len, &uuid, &has_token);
	if (!ret)
		ret = core_vdev->ops->match_token_uuid(
			core_vdev, has_token ? &uuid : NULL);
	return ret ?: 1;
}
EXPORT_SYMBOL_NS_GPL(vfio_pci_core_match, "VFIO_PCI_NG");

/**
 * vfio_pci_core_aer_err_detected() - pci_error_handlers.error_detected
 * @pdev: function that reported an error
 * @state: state of the channel to it
 *
 * Context: Process context.
 * Return: PCI_ERS_RESULT_CAN_RECOVER, because user space decides what to do.
 */
pci_ers_result_t vfio_pci_core_aer_err_detected(struct pci_dev *pdev,
						pci_channel_state_t state)
{
	vfio_pci_signal_error(pci_get_drvdata(pdev));
	return PCI_ERS_RESULT_CAN_RECOVER;
}
EXPORT_SYMBOL_NS_GPL(vfio_pci_core_aer_err_detected, "VFIO_PCI_NG");

const struct pci_error_handlers vfio_pci_core_err_handlers = {
	.error_detected = vfio_pci_core_aer_err_detected,
};
EXPORT_SYMBOL_NS_GPL(vfio_pci_core_err_handlers, "VFIO_PCI_NG");

static int __init vfio_pci_core_init(void)
{
	int ret = vfio_pci_slot_reset_init();

	if (!ret)
		vfio_pci_dmabuf_init();
	return ret;
}
module_init(vfio_pci_core_init);

static void __exit vfio_pci_core_exit(void)
{
	vfio_pci_dmabuf_exit();
	vfio_pci_slot_reset_exit();
}
module_exit(vfio_pci_core_exit);

MODULE_LICENSE("GPL");
MODULE_VERSION(PRODUCT_VERSION);
MODULE_AUTHOR("Seed 63d05a38 maintainers");
MODULE_DESCRIPTION("Common code of the VFIO drivers of PCI devices");
MODULE_IMPORT_NS("VFIO_NG");
