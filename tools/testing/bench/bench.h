/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Benchmarks: each subject has a table of struct bench. main.c runs all tables
 * in turn, on the modules of this project and on both peers of the kernel.
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include <stddef.h>

#include "harness.h"
#include "vdev.h"

/* Number of pages for benchmarks of small mappings. */
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
	/** @MEMORY_KINDS: number of kinds */
	MEMORY_KINDS,
};

/** struct bench_run - one run of one benchmark */
struct bench_run {
	/** @bench: the benchmark */
	const struct bench *bench;
	/** @set: the modules that are loaded: "ours", "native" or "in-tree" */
	const char *set;
	/** @backend: how the device is reached */
	enum backend backend;
	/** @vdev: a device in an address space; in a container, its file is not open */
	struct vdev *vdev;
	/** @other: a second device, for @bench to open */
	struct vdev *other;
};

/**
 * struct bench - one benchmark
 *
 * @setup, @run and @teardown are called in this order, each once, with a device
 * in an empty address space. A failure ends the program.
 */
struct bench {
	/** @name: name, which is matched with each PATTERN */
	const char *name;
	/** @backends: mask of enum backend that it supports */
	unsigned int backends;
	/** @reps: number of consecutive runs */
	unsigned int reps;
	/** @timed_only: takes too long if instructions are counted */
	bool timed_only;
	/** @ours_only: there is no peer to compare with */
	bool ours_only;
	/** @memory: kind of memory to map */
	enum memory memory;
	/** @present: number of mappings before the measurement */
	unsigned int present;
	/** @setup: preparation that is not measured, or NULL */
	void (*setup)(struct bench_run *run);
	/** @run: measures and reports */
	void (*run)(struct bench_run *run);
	/** @teardown: cleanup that is not measured, or NULL */
	void (*teardown)(struct bench_run *run);
};

/** struct kernel_memory - memory of the kernel, in KiB */
struct kernel_memory {
	/** @slab: slab objects */
	long slab;
	/** @tables: I/O page tables */
	long tables;
};

/* Size of bulk mappings, in bytes; less if instructions are counted. */
extern size_t bench_bulk_size;

/* The clock counts instructions. */
extern bool bench_counted;

/* Tables of benchmarks, each terminated by an entry without a name. */
extern const struct bench bulk_benches[];
extern const struct bench cold_benches[];
extern const struct bench small_benches[];
extern const struct bench footprint_benches[];
extern const struct bench device_benches[];
extern const struct bench file_benches[];
extern const struct bench bar_benches[];
extern const struct bench many_benches[];
extern const struct bench dirty_log_benches[];
extern const struct bench latency_benches[];
extern const struct bench mock_benches[];

double bench_now(void);
bool bench_selected(const char *name, char *const *patterns);
void bench_report(const struct bench_run *run, const char *name, double value,
		  const char *unit);
void *bench_memory(enum memory kind);
void *bench_few_pages(void);
const char *bench_memory_name(enum memory kind);

struct kernel_memory kernel_memory(void);

/* Measures the growth of cost; the modules of this project are loaded. */
void bench_scale(char *const *patterns);

/* Measures the floor; the module bench_floor is loaded. */
void bench_floor(char *const *patterns);

#endif
