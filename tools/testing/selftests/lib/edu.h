/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A driver for QEMU's edu device, which has a DMA engine with a buffer of 4 KiB
 * and an interrupt.
 */
#ifndef SELFTESTS_LIB_EDU_H
#define SELFTESTS_LIB_EDU_H

#include <linux/types.h>
#include <stddef.h>

#include "vdev.h"

/* Size of the engine's buffer, the most it transfers at once. */
#define EDU_BUF_SIZE 4096U

/** struct edu - an edu device that is ready for use */
struct edu {
	/** @vdev: the device */
	struct vdev *vdev;
	/** @regs: its BAR 0 */
	volatile void *regs;
};

struct edu *edu_open_in(struct space *space, const char *bdf);
struct edu *edu_open(const char *bdf, enum backend backend);
void edu_close(struct edu *edu);
void edu_close_with_space(struct edu *edu);

void edu_dma_start_in(struct edu *edu, __u64 iova, size_t size);
void edu_dma_start_out(struct edu *edu, __u64 iova, size_t size);
void edu_dma_wait(struct edu *edu);
void edu_load(struct edu *edu, __u64 iova, size_t size);
void edu_store(struct edu *edu, __u64 iova, size_t size);
void edu_round_trip(struct edu *edu, char *page, __u64 iova, unsigned int seed);
void edu_check_round_trip(struct edu *edu, __u64 iova, unsigned int seed);

void edu_raise(struct edu *edu, __u32 bits);
__u32 edu_irq_status(struct edu *edu);
void edu_ack(struct edu *edu, __u32 bits);

#endif
