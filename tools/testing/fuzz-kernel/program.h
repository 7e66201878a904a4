/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Programs: calls of several threads. A program has two forms. As bytes, which
 * libFuzzer mutates, every input is a program. As text it has a call per line:
 *
 *     seed 3
 *     ioctx(ctx0)
 *     1: map(ctx0,ioas0,rw,ram+0x0,0x1000,0x1000000) *8 !uffd
 *
 * A call of thread 0, which needs no number, ends before the next call starts.
 * Those of other threads run meanwhile. "*8" repeats a call, "!uffd" is an
 * attack on the structure of an ioctl.
 */
#ifndef FUZZ_KERNEL_PROGRAM_H
#define FUZZ_KERNEL_PROGRAM_H

#include <stdio.h>

#include "op.h"

#define MAX_CALLS 64
#define NR_THREADS 4
/* Bytes that are enough for every program */
#define MAX_BYTES (2 + MAX_CALLS * (4 + MAX_ARGS * 9))

/* enum twist - attacks on the structure of an ioctl */
enum twist {
	TWIST_NONE,
	/* too short: by 4 bytes, all but 8 bytes, all */
	TWIST_SHORT,
	TWIST_MIN,
	TWIST_ZERO,
	/* too long: with zeroes or something else behind it, by far */
	TWIST_LONG,
	TWIST_TAIL,
	TWIST_ENDLESS,
	/* an unknown flag; bytes that no argument fills in */
	TWIST_FLAG,
	TWIST_RESERVED,
	/* the memory of the structure */
	TWIST_RO,
	TWIST_UFFD,
	TWIST_EDGE,
	TWIST_STRADDLE,
	TWIST_HOLE,
	NR_TWISTS,
};

/** struct call - a call with its arguments */
struct call {
	/** @op: the operation */
	const struct op *op;
	/** @thread: number of the thread */
	unsigned int thread;
	/** @repeat: index in repeat_counts */
	unsigned int repeat;
	/** @twist: attack on the structure, if it is an ioctl */
	enum twist twist;
	/** @arg: values of the arguments */
	__u64 arg[MAX_ARGS];
};

/** struct program - the calls of all threads, in the order of their start */
struct program {
	/** @seed: of the delays, and of the way the program ends */
	unsigned int seed;
	/** @nr: number of calls */
	unsigned int nr;
	/** @call: the calls */
	struct call call[MAX_CALLS];
};

#define NR_REPEATS 8
extern const unsigned int repeat_counts[NR_REPEATS];

void program_decode(struct program *program, const unsigned char *data,
		    size_t size);
size_t program_encode(const struct program *program, unsigned char *data,
		      size_t size);
void program_print(const struct program *program, FILE *file);
bool program_parse_line(struct program *program, const char *line);
void program_remove(struct program *program, unsigned int first,
		    unsigned int nr);

#endif
