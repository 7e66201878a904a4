/* SPDX-License-Identifier: GPL-2.0-only */
/* State and parts of the stress program. */
#ifndef SELFTESTS_IOMMU_STRESS_H
#define SELFTESTS_IOMMU_STRESS_H

#include <linux/types.h>
#include <pthread.h>
#include <stdatomic.h>

#include "edu.h"
#include "mock.h"
#include "sys.h"

#define STRESS_NR_SPACES 3U
/*
 * IOVA of worker 0 in the shared address spaces, and the size for each worker.
 */
#define STRESS_OWN_IOVA 0x10000000ULL
#define STRESS_OWN_SIZE MIB(4)
/* IOVA and memory that all workers share. */
#define STRESS_ARENA_IOVA 0x40000000ULL
#define STRESS_ARENA_SIZE MIB(8)
#define STRESS_ARENA_PAGES (STRESS_ARENA_SIZE / PAGE)

/** struct stress_worker - a thread and its own resources */
struct stress_worker {
	/** @thread: the thread itself */
	pthread_t thread;
	/** @number: number of the worker, from 0 on */
	unsigned int number;
	/** @random: state of its random number generator */
	__u64 random;
	/** @fn: the work, called again and again */
	void (*fn)(struct stress_worker *worker);
	/** @memory: STRESS_OWN_SIZE bytes that no other worker touches */
	char *memory;
	/** @rounds: number of calls of @fn */
	unsigned long rounds;
	/** @edu: its device */
	struct edu *edu;
};

/** struct stress_piece - some pages of the arena */
struct stress_piece {
	/** @offset: offset of the first page, in bytes */
	__u64 offset;
	/** @size: size in bytes */
	__u64 size;
};

/** struct stress_state - what all workers share */
struct stress_state {
	/** @fd: /dev/iommu */
	int fd;
	/** @spaces: IDs of the shared address spaces */
	__u32 spaces[STRESS_NR_SPACES];
	/** @anchors: mock devices that stay attached, one for each of @spaces */
	struct mock_dev anchors[STRESS_NR_SPACES];
	/** @arena: memory that all workers map and some discard */
	char *arena;
	/** @stop: set to end the workers */
	atomic_bool stop;
};

extern struct stress_state stress;

/* Calls that compete with others may fail, but only with some errnos. */
#define STRESS_MAY_FAIL(call) stress_may_fail(call, #call)
int stress_may_fail(int ret, const char *what);

__u64 stress_random(__u64 *state);
unsigned int stress_roll(struct stress_worker *worker, unsigned int sides);
__u32 stress_space(struct stress_worker *worker);
struct stress_piece stress_piece(struct stress_worker *worker);

void stress_run_order(struct stress_worker *worker);
void stress_run_process(struct stress_worker *worker);

void stress_move_cdev(struct stress_worker *worker);
void stress_open_devices(void *arg);

#endif
