/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A mock device, and the files by which its state is saved and resumed.
 */
#ifndef MOCK_MIGRATION_TRANSFER_H
#define MOCK_MIGRATION_TRANSFER_H

#include <linux/mutex.h>
#include <linux/vfio_pci_core.h>
#include <linux/xarray.h>

#include "mock_abi.h"

struct mock_file;

/**
 * struct mock_device - an NVMe controller
 */
struct mock_device {
	/** @core: device of vfio-pci-core; must be the first member */
	struct vfio_pci_core_device core;
	/**
	 * @was_reset: bit 0: a reset has to be applied to the members below.
	 * Deferred to the next access, because resets hold locks that a page
	 * fault may take.
	 */
	unsigned long was_reset;
	/**
	 * @lock: protects the members below; taken before the lock of a file
	 */
	struct mutex lock;
	/** @state: current state */
	enum vfio_device_mig_state state;
	/** @fail: state whose next entry fails */
	u32 fail;
	/** @steps: states entered, for the test */
	struct mock_steps steps;
	/** @file: file of the current transfer, or NULL; holds a reference */
	struct mock_file *file;
	/** @logging: DMA is logged */
	bool logging;
	/** @nr_ranges: entries in @first and @last */
	unsigned int nr_ranges;
	/** @first: first IOVA of each logged range */
	unsigned long first[MOCK_MAX_RANGES];
	/** @last: last IOVA of each logged range */
	unsigned long last[MOCK_MAX_RANGES];
	/** @dirty: written pages of 4 KiB */
	struct xarray dirty;
};

bool mock_is_saving(enum vfio_device_mig_state state);
struct file *mock_begin_transfer(struct mock_device *mdev,
				 enum vfio_device_mig_state next);
void mock_end_transfer(struct mock_device *mdev);
int mock_end_precopy(struct mock_file *file);
int mock_load_device(struct mock_device *mdev);

#endif /* MOCK_MIGRATION_TRANSFER_H */
