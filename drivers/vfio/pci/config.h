/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef __VFIO_PCI_CONFIG_H
#define __VFIO_PCI_CONFIG_H

#include <linux/mutex.h>
#include <linux/unaligned.h>
#include <linux/vfio_pci_core.h>

#include "config_perm.h"

/**
 * struct vfio_pci_config_ops - notifications from config space to higher layers
 */
struct vfio_pci_config_ops {
	/**
	 * @set_intx_disabled: the user changed INTx Disable in the command
	 * register; called with the config lock held
	 */
	void (*set_intx_disabled)(struct vfio_pci_core_device *vdev,
				  bool disabled);
	/**
	 * @sync_intx: the command register of the function was written or
	 * restored; called with the config lock held
	 */
	void (*sync_intx)(struct vfio_pci_core_device *vdev);
};

/**
 * struct vfio_pci_config_write - a write to config space
 */
struct vfio_pci_config_write {
	/** @cap: offset of the capability that the hook was added for */
	unsigned int cap;
	/** @pos: offset of the write, aligned to @count */
	unsigned int pos;
	/** @count: size of the write: 1, 2 or 4 bytes */
	unsigned int count;
	/** @val: value that the user wrote, before masks */
	u32 val;
};

/* Called with the config lock held. Returns 0, or an errno for the user. */
typedef int (*vfio_pci_config_written_t)(struct vfio_pci_core_device *vdev,
					 const struct vfio_pci_config_write *w);

/**
 * struct vfio_pci_config_hook - a register whose writes have side effects
 */
struct vfio_pci_config_hook {
	/** @cap: offset of its capability */
	u16 cap;
	/** @pos: offset of the register */
	u16 pos;
	/** @written: called after a write that touched the byte at @pos */
	vfio_pci_config_written_t written;
};

#define VFIO_PCI_MAX_HOOKS 8

/**
 * struct vfio_pci_config - config space of an open function
 */
struct vfio_pci_config {
	/**
	 * @lock: serializes accesses, so that masks, virtual copy and function
	 * agree; the outermost lock of the driver
	 */
	struct mutex lock;
	/** @perm: masks of virtual and of writable bits */
	struct vfio_pci_perm perm;
	/** @nr_hooks: number of entries in @hooks */
	unsigned int nr_hooks;
	/** @hooks: hooks to call after writes */
	struct vfio_pci_config_hook hooks[VFIO_PCI_MAX_HOOKS];
};

/**
 * vfio_pci_vconfig_get16() - read a word of the virtual copy
 * @vdev: an open device
 * @pos: offset in config space
 *
 * Context: The caller holds the config lock or opens the device.
 * Return: The word.
 */
static inline u16 vfio_pci_vconfig_get16(struct vfio_pci_core_device *vdev,
					 unsigned int pos)
{
	return get_unaligned_le16(&vdev->vconfig[pos]);
}

/**
 * vfio_pci_vconfig_set16() - write a word of the virtual copy
 * @vdev: an open device
 * @pos: offset in config space
 * @val: the word
 *
 * Context: The caller holds the config lock or opens the device.
 */
static inline void vfio_pci_vconfig_set16(struct vfio_pci_core_device *vdev,
					  unsigned int pos, u16 val)
{
	put_unaligned_le16(val, &vdev->vconfig[pos]);
}

int vfio_pci_config_init(struct vfio_pci_core_device *vdev);
void vfio_pci_config_destroy(struct vfio_pci_core_device *vdev);
int vfio_pci_config_fill(struct vfio_pci_core_device *vdev, unsigned int pos,
			 unsigned int len);
void vfio_pci_config_add_hook(struct vfio_pci_core_device *vdev,
			      unsigned int cap, unsigned int pos,
			      vfio_pci_config_written_t written);
void vfio_pci_config_set_master(struct vfio_pci_core_device *vdev, bool master);
ssize_t vfio_pci_config_rw(struct vfio_pci_core_device *vdev, char __user *buf,
			   size_t count, loff_t *ppos, bool write);

#endif /* __VFIO_PCI_CONFIG_H */
