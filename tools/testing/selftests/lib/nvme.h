/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A small NVMe driver in user space: one admin queue, one I/O queue with up to
 * NVME_DEPTH commands in flight, PRP lists, interrupts by eventfd.
 */
#ifndef SELFTESTS_LIB_NVME_H
#define SELFTESTS_LIB_NVME_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

#include "vdev.h"

/* Maximum number of commands in flight in the I/O queue. */
#define NVME_DEPTH 16U
/* Size of the IOVA range of the driver itself, in bytes. */
#define NVME_IOVA_SIZE (64 * 4096ULL)

/** struct nvme_queue - a submission queue and its completion queue */
struct nvme_queue {
	/** @id: ID of both queues, 0 for the admin queue */
	unsigned int id;
	/** @sq: submission entries, one page */
	void *sq;
	/** @cq: completion entries, one page */
	void *cq;
	/** @sq_iova: IOVA of @sq */
	__u64 sq_iova;
	/** @cq_iova: IOVA of @cq */
	__u64 cq_iova;
	/** @sq_tail: next submission entry to use */
	unsigned int sq_tail;
	/** @cq_head: next completion entry to read */
	unsigned int cq_head;
	/** @phase: phase bit of a new completion entry */
	unsigned int phase;
	/** @irq_fd: signalled for completions */
	int irq_fd;
};

/** struct nvme - a controller with its first namespace */
struct nvme {
	/** @vdev: the device */
	struct vdev *vdev;
	/** @regs: its BAR 0 */
	volatile char *regs;
	/** @regs_size: bytes in @regs */
	size_t regs_size;
	/** @mem: queues and PRP lists, NVME_IOVA_SIZE bytes */
	char *mem;
	/** @iova: IOVA of @mem */
	__u64 iova;
	/** @stride: bytes between doorbells */
	unsigned int stride;
	/** @admin: the admin queue */
	struct nvme_queue admin;
	/** @io: the I/O queue */
	struct nvme_queue io;
	/** @irq_index: VFIO_PCI_..._IRQ_INDEX in use */
	unsigned int irq_index;
	/** @irq_fds: eventfds, only one if the queues share it */
	int irq_fds[2];
	/** @nr_irqs: number of @irq_fds in use */
	unsigned int nr_irqs;
	/** @irqs_taken: number of interrupts received */
	unsigned long long irqs_taken;
	/** @free_slots: bit i is set while I/O slot i is free */
	__u32 free_slots;
	/** @block_size: size of a logical block, in bytes */
	unsigned int block_size;
	/** @nr_blocks: number of logical blocks of the namespace */
	unsigned long long nr_blocks;
	/** @max_bytes: maximum size of the transfer of one command */
	size_t max_bytes;
};

struct nvme *nvme_open(struct vdev *vdev, __u64 iova, unsigned int irq_index);
void nvme_close(struct nvme *nvme);
void nvme_abandon(struct nvme *nvme);
void nvme_start(struct nvme *nvme, bool write, __u64 offset, __u64 iova,
		size_t size);
void nvme_wait_one(struct nvme *nvme);
void nvme_wait_all(struct nvme *nvme);
void nvme_transfer(struct nvme *nvme, bool write, __u64 offset, __u64 iova,
		   size_t size);
void nvme_flush(struct nvme *nvme);

#endif
