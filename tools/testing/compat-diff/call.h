/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One call of a sequence: which, and its arguments. Calls are kept as text, such
 * as "map(c0,b0+0x1000,0x100000,0x2000)": what is compared, replayed, shrunk and
 * written by hand is the same.
 */
#ifndef COMPAT_DIFF_CALL_H
#define COMPAT_DIFF_CALL_H

#include <linux/types.h>
#include <stdbool.h>
#include <stdio.h>

#define CALL_MAX_ARGS 10

/** enum fdslot - the files of a sequence, by the names that arguments give them */
enum fdslot {
	/** @FD_CONTAINER0: c0, a container */
	FD_CONTAINER0,
	/** @FD_CONTAINER1: c1, another one */
	FD_CONTAINER1,
	/** @FD_GROUP0: g0; a group of one device, so is g1; g2 has two, d2 and d3 */
	FD_GROUP0,
	/** @FD_GROUP1: g1 */
	FD_GROUP1,
	/** @FD_GROUP2: g2 */
	FD_GROUP2,
	/** @FD_GROUP3: g3; of a device that is software, d4 */
	FD_GROUP3,
	/** @FD_DEVICE0: d0 */
	FD_DEVICE0,
	/** @FD_DEVICE1: d1 */
	FD_DEVICE1,
	/** @FD_DEVICE2: d2 */
	FD_DEVICE2,
	/** @FD_DEVICE3: d3 */
	FD_DEVICE3,
	/** @FD_DEVICE4: d4 */
	FD_DEVICE4,
	/** @FD_EVENT0: e0, an eventfd that is open from the start */
	FD_EVENT0,
	/** @FD_EVENT1: e1 */
	FD_EVENT1,
	/** @FD_NULL: nul, /dev/null */
	FD_NULL,
	/** @FD_NONE: neg, no file at all */
	FD_NONE,
	/** @FD_OTHER_GROUP: gx, the group of the device that is x */
	FD_OTHER_GROUP,
	/** @FD_OTHER: x, a device of any kind that the sequence has picked */
	FD_OTHER,
	/** @NR_FDS: how many there are */
	NR_FDS,
};

/* Those that calls of the container have to do with */
#define NR_SHARED_FDS (FD_NONE + 1)
#define NR_CONTAINERS 2
#define NR_GROUPS 4
#define NR_DEVICES 5

/* Subjects that a run can leave out; of struct op and call_subject() */
#define SUBJECT_DIRTY (1U << 0)
#define SUBJECT_VADDR (1U << 1)
#define SUBJECT_P2P (1U << 2)
#define SUBJECT_SAMPLE (1U << 3)

struct world;
struct call;

/** struct op - a kind of call */
struct op {
	/** @name: as in text */
	const char *name;
	/**
	 * @args: what its arguments are, a letter each: f a file, n a number,
	 * v an address, p where the argument lies
	 */
	const char *args;
	/** @needed: how many of them must be given */
	unsigned int needed;
	/** @defaults: what the others are, where they are not 0 */
	__u64 defaults[CALL_MAX_ARGS];
	/** @run: makes the call and adds to the trace what came of it */
	void (*run)(struct world *world, const struct call *call);
};

/** struct call - a call with its arguments */
struct call {
	/** @op: which */
	const struct op *op;
	/** @arg: arguments, as many as the op has */
	__u64 arg[CALL_MAX_ARGS];
};

const struct op *op_find(const char *name, size_t len);
const char *call_parse(const char *text, struct call *call);
void call_print(const struct call *call, char *buf, size_t size);
unsigned int call_subject(const struct call *call);
unsigned int subject_named(const char *name);

#endif
