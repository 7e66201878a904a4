/* SPDX-License-Identifier: GPL-2.0-only */
/* The process that plays a sequence: its files and its state. */
#ifndef COMPAT_DIFF_WORLD_H
#define COMPAT_DIFF_WORLD_H

#include <stdbool.h>
#include <sys/types.h>

#include "call.h"
#include "other.h"

#define MAX_CALLS 128

/** struct hardware - devices of a worker, which are alike for all workers */
struct hardware {
	/** @bdf: addresses of d0 to d3 */
	char bdf[4][16];
	/** @sample: number of the emulated device d4 */
	unsigned int sample;
	/** @group: numbers of the groups g0 to g3 */
	int group[NR_GROUPS];
};

/** struct world - the state of a sequence that is being played */
struct world {
	/** @hardware: devices of the worker */
	struct hardware hardware;
	/** @other: the device x and its group */
	struct other other;
	/** @trace_fd: file that holds the trace */
	int trace_fd;
	/** @fd: files, -1 if not open */
	int fd[NR_FDS];
	/** @started: the DMA engine of the device is started */
	bool started[NR_DEVICES];
	/** @call: calls of the sequence */
	struct call call[MAX_CALLS];
	/** @nr_calls: number of @call */
	unsigned int nr_calls;
	/** @next: index of the next call */
	unsigned int next;
	/** @depth: number of forks between the first process and this one */
	unsigned int depth;
	/** @without: subjects that are left out */
	unsigned int without;
	/** @remover: process that waits for the removal of a device, or 0 */
	pid_t remover;
};

void world_play(struct world *world);
void world_resume(int fd) __attribute__((noreturn));
void world_init(struct world *world, const struct hardware *hardware,
		int trace_fd);

/* For operations. */
int world_fd(const struct world *world, __u64 slot);
void world_close(struct world *world, __u64 slot);
void world_keep(struct world *world, __u64 slot, int fd);

void op_fork(struct world *world, const struct call *call);
void op_exec(struct world *world, const struct call *call);
void op_par(struct world *world, const struct call *call);
void op_die(struct world *world, const struct call *call);
void op_nothing(struct world *world, const struct call *call);

#endif
