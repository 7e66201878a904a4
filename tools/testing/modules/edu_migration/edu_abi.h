/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Registers that edu_migration.c adds to the edu device.
 */
#ifndef EDU_MIGRATION_ABI_H
#define EDU_MIGRATION_ABI_H

#include <linux/types.h>

/* Offset of struct edu_state in BAR 0; accessed by 32 bits */
#define EDU_REGISTERS 0x1000

#define EDU_MAGIC 0x75646521

/* Values of edu_state.status */
#define EDU_IDLE 0
#define EDU_BUSY 1
#define EDU_FAILED 2

/** struct edu_state - the registers, which are also the migrated state */
struct edu_state {
	/** @magic: EDU_MAGIC */
	__u32 magic;
	/** @status: write EDU_BUSY to begin a copy, and read until it ends */
	__u32 status;
	/** @src: address that is read */
	__u64 src;
	/** @dst: address that is written */
	__u64 dst;
	/** @length: bytes, at most 4096 */
	__u32 length;
	/** @count: number of copies since the device was opened first */
	__u32 count;
};

#endif /* EDU_MIGRATION_ABI_H */
