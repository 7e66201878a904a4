/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Benchmarks: a table of struct bench for each subject, all of which main.c
 * runs in turn on our modules and on the kernel's own.
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <stddef.h>

#include "harness.h"
#include "vdev.h"

/* What rows about small mappings have to map. */
#define FEW_PAGES 256

/** enum memory - kinds of user memory, bench_bulk_size bytes of each */
enum memory {
	/** @MEMORY_4K: small pages, in the order the kernel gave them */
	MEMORY_4K,
	/** @MEMORY_SCATTERED: small pages, no two neighbours contiguous */
	MEMORY_SCATTERED,
	/** @MEMORY_THP: transparent huge pages */
	MEMORY_THP,
	/** @MEMORY_HUGETLB: reserved huge pages of 2 MiB */
	MEMORY_HUGETLB,
	/** @MEMORY_KINDS: how many there are */
	MEMORY_KINDS,
};

/** struct bench_run - one run of one benchmark */
struct bench_run {
	/** @bench: which one */
	const struct bench *bench;
	/** @set: whose modules are loaded: "ours" or "native" */
	const char *set;
	/** @backend: how the device is reached */
	enum backend backend;
	/** @vdev: a device in an address space; without a file in a container */
	struct vdev *vdev;
	/** @other: a second device, for @bench to open */
	struct vdev *other;
};

/**
 * struct bench - one benchmark
 *
 * @setup, @run and @teardown are called in this order, each once, with a device
 * in an empty address space. Whatever fails ends the program.
 */
struct bench {
	/** @name: what a PATTERN is looked for in */
	const char *name;
	/** @backends: mask of enum backend that it makes sense for */
	unsigned int backends;
	/** @reps: runs in a row */
	unsigned int reps;
	/** @timed_only: takes too long where instructions are counted */
	bool timed_only;
	/** @memory: kind of memory it is about */
	enum memory memory;
	/** @present: mappings that are there already */
	unsigned int present;
	/** @setup: what is not measured, before; may be NULL */
	void (*setup)(struct bench_run *run);
	/** @run: measures and reports */
	void (*run)(struct bench_run *run);
	/** @teardown: what is not measured, after; may be NULL */
	void (*teardown)(struct bench_run *run);
};

/* How much memory rows about much memory move, less where it is slow. */
extern size_t bench_bulk_size;

/* The tables, each ended by an entry without a name. */
extern const struct bench bulk_benches[];
extern const struct bench small_benches[];
extern const struct bench footprint_benches[];
extern const struct bench device_benches[];

double bench_now(void);
void bench_report(const struct bench_run *run, const char *name, double value,
		  const char *unit);
void *bench_memory(enum memory kind);
void *bench_few_pages(void);
const char *bench_memory_name(enum memory kind);

#endif
