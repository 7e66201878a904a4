// SPDX-License-Identifier: GPL-2.0-only
/*
 * Kernel memory of mappings, as counted in /proc/meminfo: slab objects, of
 * which the PFN tables consist, and I/O page tables.
 */
#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "sys.h"

/* The limit of the native container is 65535. */
#define NR_MAPPINGS 60000

#define FIRST_IOVA GIB(4)

struct kernel_memory kernel_memory(void)
{
	struct kernel_memory memory = {};
	unsigned long kib;
	char line[128], key[64];
	FILE *file;

	/* sum up the local counts of all CPUs */
	ASSERT_RC(__sys_write_file("/proc/sys/vm/stat_refresh", "1"), 0);
	file = fopen("/proc/meminfo", "re");
	if (!file)
		FAIL("no /proc/meminfo");
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%63[^:]: %lu", key, &kib) != 2)
			continue;
		if (!strcmp(key, "Slab"))
			memory.slab = kib;
		if (!strcmp(key, "SecPageTables"))
			memory.tables = kib;
	}
	fclose(file);
	return memory;
}

static struct kernel_memory kernel_grown(const struct kernel_memory *before)
{
	struct kernel_memory now = kernel_memory();

	now.slab -= before->slab;
	now.tables -= before->tables;
	return now;
}

static void run_mappings(struct bench_run *run)
{
	struct space *space = run->vdev->space;
	void *page = bench_few_pages();
	struct kernel_memory before = kernel_memory(), grown;
	unsigned int i;

	for (i = 0; i < NR_MAPPINGS; i++)
		space_map(space, page, FIRST_IOVA + i * PAGE, PAGE);
	grown = kernel_grown(&before);
	bench_report(run, run->bench->name,
		     (double)(grown.slab + grown.tables) * 1024 / NR_MAPPINGS,
		     "B");
}

static void run_pinned(struct bench_run *run)
{
	struct space *space = run->vdev->space;
	void *memory = bench_memory(run->bench->memory);
	struct kernel_memory before = kernel_memory(), grown;
	char name[40];

	space_map(space, memory, FIRST_IOVA, bench_bulk_size);
	grown = kernel_grown(&before);
	bench_report(run, run->bench->name,
		     (double)(grown.slab + grown.tables) * GIB(1) /
			     bench_bulk_size,
		     "KiB");
	snprintf(name, sizeof(name), "slab_per_gib_%s",
		 bench_memory_name(run->bench->memory));
	bench_report(run, name, (double)grown.slab * GIB(1) / bench_bulk_size,
		     "KiB");
}

#define FOOTPRINT_BACKENDS (BACKEND_CONTAINER | BACKEND_IOMMUFD)
#define PINNED(_name, _memory)                   \
	{                                        \
		.name = "memory_per_gib_" _name, \
		.backends = FOOTPRINT_BACKENDS,  \
		.reps = 1,                       \
		.timed_only = true,              \
		.memory = _memory,               \
		.run = run_pinned,               \
	}

const struct bench footprint_benches[] = {
	{ .name = "memory_per_mapping",
	  .backends = FOOTPRINT_BACKENDS,
	  .reps = 1,
	  .timed_only = true,
	  .run = run_mappings },
	PINNED("4k", MEMORY_4K),
	PINNED("scattered", MEMORY_SCATTERED),
	PINNED("thp", MEMORY_THP),
	PINNED("hugetlb", MEMORY_HUGETLB),
	{},
};
