/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The features of VFIO_DEVICE_FEATURE by which a test controls the mock
 * migration driver, and the migrated data.
 */
#ifndef MOCK_MIGRATION_ABI_H
#define MOCK_MIGRATION_ABI_H

#include <linux/types.h>

/* GET: steps taken since the last GET, struct mock_steps */
#define MOCK_FEATURE_STEPS 0xff00
/* SET: make the device write to memory, struct mock_write */
#define MOCK_FEATURE_WRITE 0xff01
/* SET: make the next step to this state fail, __u32 */
#define MOCK_FEATURE_FAIL 0xff02

#define MOCK_MAX_STEPS 30

/** struct mock_steps - states entered by the device, in order */
struct mock_steps {
	/** @nr: number of states */
	__u32 nr;
	/** @states: enum vfio_device_mig_state */
	__u8 states[MOCK_MAX_STEPS + 2];
};

/** struct mock_write - a write by the device */
struct mock_write {
	/** @iova: first IOVA */
	__u64 iova;
	/** @length: bytes */
	__u64 length;
};

#define MOCK_MAGIC 0x6b636f6d

/* Maximum number of ranges that the device can log */
#define MOCK_MAX_RANGES 4

/** struct mock_record - migrated registers of the NVMe controller */
struct mock_record {
	/** @magic: MOCK_MAGIC */
	__u32 magic;
	/** @aqa: Admin Queue Attributes */
	__u32 aqa;
	/** @asq: Admin Submission Queue Base Address */
	__u64 asq;
	/** @acq: Admin Completion Queue Base Address */
	__u64 acq;
};

#endif /* MOCK_MIGRATION_ABI_H */
