/* SPDX-License-Identifier: GPL-2.0-only */
/* The process of a sequence: its files, and what it is in the middle of. */
#ifndef COMPAT_DIFF_WORLD_H
#define COMPAT_DIFF_WORLD_H

#include <stdbool.h>
#include <sys/types.h>

#include "call.h"
#include "other.h"

#define MAX_CALLS 128

/** struct hardware - what a worker has to itself, the same kinds for each */
struct hardware {
	/** @bdf: the devices d0 to d3 */
	char bdf[4][16];
	/** @sample: number of the device that is d4 */
	unsigned int sample;
	/** @group: numbers of the groups g0 to g3, -1 where there is none */
	int group[NR_GROUPS];
};

/** struct world - the state of a sequence that is being played */
struct world {
	/** @hardware: the worker's */
	struct hardware hardware;
	/** @other: the device x, and its group */
	struct other other;
	/** @trace_fd: the file that is the trace's memory */
	int trace_fd;
	/** @fd: files, -1 for those that are not open */
	int fd[NR_FDS];
	/** @started: whether the DMA engine of a device is */
	bool started[NR_DEVICES];
	/** @call: the calls of the sequence */
	struct call call[MAX_CALLS];
	/** @nr_calls: how many */
	unsigned int nr_calls;
	/** @next: the call to make next */
	unsigned int next;
	/** @depth: of processes below the first */
	unsigned int depth;
	/** @without: subjects that are left out */
	unsigned int without;
	/** @remover: who waits for a device to be removed, 0 for nobody */
	pid_t remover;
};

void world_play(struct world *world);
void world_resume(int fd) __attribute__((noreturn));
void world_init(struct world *world, const struct hardware *hardware,
		int trace_fd);

/* What the calls use. */
int world_fd(const struct world *world, __u64 slot);
void world_close(struct world *world, __u64 slot);
void world_keep(struct world *world, __u64 slot, int fd);

void op_fork(struct world *world, const struct call *call);
void op_exec(struct world *world, const struct call *call);
void op_par(struct world *world, const struct call *call);
void op_die(struct world *world, const struct call *call);
void op_nothing(struct world *world, const struct call *call);

#endif
