// SPDX-License-Identifier: GPL-2.0-only
/*
 * Power states and the reset of a single function. Both take the BARs away from
 * user space while they last.
 */
#include <linux/slab.h>

#include "bar.h"
#include "power_state.h"

/**
 * vfio_pci_is_accessible() - check if a function responds to config accesses
 * @pdev: the function
 *
 * A function does not respond while its link is down or while it hangs. Reads
 * return all ones then, which must not be saved as its state.
 *
 * Context: Any.
 * Return: False if the function does not respond.
 */
bool vfio_pci_is_accessible(struct pci_dev *pdev)
{
	u32 val;

	/* Unlike the ID, valid for a virtual function, too */
	pci_read_config_dword(pdev, PCI_COMMAND, &val);
	return !PCI_POSSIBLE_ERROR(val);
}

/**
 * vfio_pci_probe_power_state() - find out if leaving D3hot resets the function
 * @vdev: the device
 *
 * Context: Process context; the device is in D0 or its state is unknown.
 */
void vfio_pci_probe_power_state(struct vfio_pci_core_device *vdev)
{
	struct pci_dev *pdev = vdev->pdev;
	u16 pmcsr;

	if (!pdev->pm_cap)
		return;

	/* It is not harmful to restore what was not lost */
	pci_read_config_word(pdev, pdev->pm_cap + PCI_PM_CTRL, &pmcsr);
	vdev->needs_pm_restore = PCI_POSSIBLE_ERROR(pmcsr) ||
				 !(pmcsr & PCI_PM_CTRL_NO_SOFT_RESET);
}

/* Restore decode and bus master enables from command register @was */
static void power_restore_enables(struct pci_dev *pdev, u16 was)
{
	const u16 enables = PCI_COMMAND_IO | PCI_COMMAND_MEMORY |
			    PCI_COMMAND_MASTER;
	u16 cmd;

	pci_read_config_word(pdev, PCI_COMMAND, &cmd);
	if ((cmd ^ was) & enables)
		pci_write_config_word(pdev, PCI_COMMAND,
				      (cmd & ~enables) | (was & enables));
}

/**
 * vfio_pci_set_power_state() - change the power state
 * @vdev: the device
 * @state: new state
 *
 * If leaving D3hot resets the function, config space is saved on entry to D3hot
 * and restored on the way back. It is kept apart from the state that the PCI
 * core saves, which a reset in between would consume. The decode and bus master
 * enables keep the value that they have when D3hot is left, because user space
 * may have changed them in D3hot. INTx Disable is restored to its value on
 * entry, for the caller to correct.
 *
 * Context: May sleep. The caller holds the memory lock for writing unless the
 * device is not open.
 * Return: 0; -EBUSY if virtual functions are enabled, which would be suspended
 * with it; or another negative errno.
 */
int vfio_pci_set_power_state(struct vfio_pci_core_device *vdev,
			     pci_power_t state)
{
	struct pci_dev *pdev = vdev->pdev;
	bool decoded = vfio_pci_state_decodes(pdev->current_state);
	bool save = decoded && !vfio_pci_state_decodes(state);
	bool restore = !decoded && state == PCI_D0;
	u16 cmd = ~0;
	int ret;

	if (state != PCI_D0 && vdev->sriov_active)
		return -EBUSY;
	if (!vdev->needs_pm_restore)
		return pci_set_power_state(pdev, state);

	if (save)
		pci_save_state(pdev);
	if (restore && pdev->current_state == PCI_D3hot)
		pci_read_config_word(pdev, PCI_COMMAND, &cmd);

	ret = pci_set_power_state(pdev, state);
	if (ret)
		return ret;

	/* A quirk may have kept the device out of D3hot */
	if (save && !vfio_pci_state_decodes(pdev->current_state)) {
		kfree(vdev->pm_save);
		vdev->pm_save = pci_store_saved_state(pdev);
	}
	if (restore) {
		pci_load_and_free_saved_state(pdev, &vdev->pm_save);
		pci_restore_state(pdev);
		if (!PCI_POSSIBLE_ERROR(cmd))
			power_restore_enables(pdev, cmd);
	}
	return 0;
}

/**
 * vfio_pci_user_power_state() - change the power state for user space
 * @vdev: an open device
 * @state: new state
 *
 * Context: May sleep. Takes the memory lock.
 */
void vfio_pci_user_power_state(struct vfio_pci_core_device *vdev,
			       pci_power_t state)
{
	if (vfio_pci_state_decodes(state))
		down_write(&vdev->memory_lock);
	else
		vfio_pci_lock_and_zap_memory(vdev);

	vfio_pci_set_power_state(vdev, state);
	vfio_pci_unlock_memory(vdev);
}

/* A state that user space has selected and that makes BARs inaccessible */
static bool power_is_low(pci_power_t state)
{
	return state == PCI_D1 || state == PCI_D2 || state == PCI_D3hot;
}

/**
 * vfio_pci_power_up() - bring a device to D0 for the host's own accesses
 * @vdev: an open device, in the power state that user space has selected
 *
 * In any state but D0 the MSI-X table and the ROM are inaccessible, and the PCI
 * core writes no MSI message.
 *
 * Context: May sleep. The caller holds the config lock until
 * vfio_pci_power_restore(). Takes the memory lock.
 * Return: State for vfio_pci_power_restore().
 */
pci_power_t vfio_pci_power_up(struct vfio_pci_core_device *vdev)
{
	pci_power_t state = vdev->pdev->current_state;

	if (power_is_low(state))
		vfio_pci_user_power_state(vdev, PCI_D0);
	return state;
}

/**
 * vfio_pci_power_restore() - undo vfio_pci_power_up()
 * @vdev: an open device
 * @state: state that vfio_pci_power_up() returned
 *
 * Context: May sleep; the caller holds the config lock. Takes the memory lock.
 */
void vfio_pci_power_restore(struct vfio_pci_core_device *vdev,
			    pci_power_t state)
{
	if (power_is_low(state))
		vfio_pci_user_power_state(vdev, state);
}

/**
 * vfio_pci_reset_function() - reset an open function
 * @vdev: an open device
 *
 * A reset leaves the function in D0. Change to D0 before it, so that what is
 * lost on leaving D3hot is restored.
 *
 * Context: May sleep. Takes the memory lock.
 * Return: 0, -EAGAIN if the device lock is contended, or the error of the reset
 * method.
 */
int vfio_pci_reset_function(struct vfio_pci_core_device *vdev)
{
	int ret;

	vfio_pci_lock_and_zap_memory(vdev);
	vfio_pci_set_power_state(vdev, PCI_D0);
	ret = pci_try_reset_function(vdev->pdev);
	vfio_pci_unlock_memory(vdev);
	return ret;
}
