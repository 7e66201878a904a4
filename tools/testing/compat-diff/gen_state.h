/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The state of a random sequence of the container, and random arguments that
 * fit the state.
 */
#ifndef COMPAT_DIFF_GEN_STATE_H
#define COMPAT_DIFF_GEN_STATE_H

#include <linux/types.h>
#include <stdbool.h>

#include "draft.h"

/* Pages of IOVA that most mappings lie in */
#define GEN_IOVA_PAGES 24
/* Number of mappings that are recorded */
#define GEN_NR_MAPPED 4

/** struct gen - a sequence that is being generated */
struct gen {
	/** @draft: the calls that were added */
	struct draft draft;
	/** @open: files that are open unless a call has failed */
	bool open[NR_SHARED_FDS];
	/** @mapped: IOVA and size of the last mappings */
	__u64 mapped[GEN_NR_MAPPED][2];
	/** @forked: memory may belong to a process that has ended */
	bool forked;
	/** @nr_mapped: number of mappings recorded so far */
	unsigned int nr_mapped;
	/** @remove: the sequence ends with the removal of a device */
	bool remove;
	/** @held: a device may have users besides the file that has opened it */
	bool held;
};

#define gen_add(gen, ...) draft_add(&(gen)->draft, __VA_ARGS__)

unsigned int gen_below(struct gen *gen, unsigned int n);
bool gen_often(struct gen *gen, unsigned int percent);
__u64 gen_any_fd(struct gen *gen, unsigned int first, unsigned int nr);
__u64 gen_container_fd(struct gen *gen);
__u64 gen_group_fd(struct gen *gen);
__u64 gen_device_fd(struct gen *gen);
__u64 gen_pointer(struct gen *gen);
__u64 gen_argsz(struct gen *gen, __u64 right);
__u64 gen_iova(struct gen *gen);
__u64 gen_size(struct gen *gen);
__u64 gen_vaddr(struct gen *gen);
const __u64 *gen_recent(struct gen *gen);

#endif
