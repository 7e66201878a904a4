/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a test says to the mock migration driver, by VFIO_DEVICE_FEATURE, and
 * the data that it migrates.
 */
#ifndef MOCK_MIGRATION_ABI_H
#define MOCK_MIGRATION_ABI_H

#include <linux/types.h>

/* GET: steps that were taken since the last GET, struct mock_steps */
#define MOCK_FEATURE_STEPS 0xff00
/* SET: the device writes to memory, struct mock_write */
#define MOCK_FEATURE_WRITE 0xff01
/* SET: the next step to this state fails, __u32 */
#define MOCK_FEATURE_FAIL 0xff02

#define MOCK_MAX_STEPS 30

/** struct mock_steps - states in the order that the device came to them */
struct mock_steps {
	/** @nr: how many */
	__u32 nr;
	/** @states: enum vfio_device_mig_state */
	__u8 states[MOCK_MAX_STEPS + 2];
};

/** struct mock_write - memory that the device writes to */
struct mock_write {
	/** @iova: first IOVA */
	__u64 iova;
	/** @length: bytes */
	__u64 length;
};

#define MOCK_MAGIC 0x6b636f6d

/* As many ranges as the device can log */
#define MOCK_MAX_RANGES 4

/** struct mock_record - registers of the NVMe controller, as data moves */
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
