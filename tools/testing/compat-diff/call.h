/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One call of a sequence: its operation and its arguments. Calls are stored as
 * text, such as "map(c0,b0+0x1000,0x100000,0x2000)", so that the same format is
 * compared, replayed, shrunk and written by hand.
 */
#ifndef COMPAT_DIFF_CALL_H
#define COMPAT_DIFF_CALL_H

#include <linux/types.h>
#include <stdbool.h>
#include <stdio.h>

#define CALL_MAX_ARGS 10

/** enum fdslot - files of a sequence, each with its name in arguments */
enum fdslot {
	/** @FD_CONTAINER0: c0, a container */
	FD_CONTAINER0,
	/** @FD_CONTAINER1: c1, a container */
	FD_CONTAINER1,
	/** @FD_GROUP0: g0, the group of d0 */
	FD_GROUP0,
	/** @FD_GROUP1: g1, the group of d1 */
	FD_GROUP1,
	/** @FD_GROUP2: g2, the group of d2 and d3 */
	FD_GROUP2,
	/** @FD_GROUP3: g3, the group of d4 */
	FD_GROUP3,
	/** @FD_DEVICE0: d0 */
	FD_DEVICE0,
	/** @FD_DEVICE1: d1 */
	FD_DEVICE1,
	/** @FD_DEVICE2: d2 */
	FD_DEVICE2,
	/** @FD_DEVICE3: d3 */
	FD_DEVICE3,
	/** @FD_DEVICE4: d4, an emulated device */
	FD_DEVICE4,
	/** @FD_EVENT0: e0, an eventfd that is open from the start */
	FD_EVENT0,
	/** @FD_EVENT1: e1 */
	FD_EVENT1,
	/** @FD_NULL: nul, /dev/null */
	FD_NULL,
	/** @FD_NONE: neg, an invalid descriptor */
	FD_NONE,
	/** @FD_OTHER_GROUP: gx, the group of x */
	FD_OTHER_GROUP,
	/** @FD_OTHER: x, the device that the call "other" has selected */
	FD_OTHER,
	/** @NR_FDS: number of files */
	NR_FDS,
};

/* Files that sequences of the container use */
#define NR_SHARED_FDS (FD_NONE + 1)
#define NR_CONTAINERS 2
#define NR_GROUPS 4
#define NR_DEVICES 5

/* Subjects that a run can leave out; see call_subject() */
#define SUBJECT_DIRTY (1U << 0)
#define SUBJECT_VADDR (1U << 1)
#define SUBJECT_P2P (1U << 2)
#define SUBJECT_SAMPLE (1U << 3)
#define SUBJECT_BAR_IO (1U << 4)

struct world;
struct call;

/** struct op - an operation, that is, a kind of call */
struct op {
	/** @name: name in text */
	const char *name;
	/**
	 * @args: kinds of the arguments, one letter each: f is a file, n a
	 * number, v an address, p the placement of the argument (enum ptr)
	 */
	const char *args;
	/** @needed: number of arguments that have no default */
	unsigned int needed;
	/** @defaults: values of the other arguments */
	__u64 defaults[CALL_MAX_ARGS];
	/** @run: makes the call and adds its result to the trace */
	void (*run)(struct world *world, const struct call *call);
};

/** struct call - a call with its arguments */
struct call {
	/** @op: the operation */
	const struct op *op;
	/** @arg: values of the arguments that @op has */
	__u64 arg[CALL_MAX_ARGS];
};

const struct op *op_find(const char *name, size_t len);
const char *call_parse(const char *text, struct call *call);
void call_print(const struct call *call, char *buf, size_t size);
unsigned int call_subject(const struct call *call);
unsigned int subject_named(const char *name);

#endif
