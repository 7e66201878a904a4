// SPDX-License-Identifier: GPL-2.0-only
/*
 * The floor: what pinning and mapping costs without any bookkeeping, measured by
 * the module bench_floor, under the names of the benchmarks.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "../modules/bench_floor/bench_floor_abi.h"
#include "bench.h"
#include "sys.h"

#define FLOOR_IOVA GIB(4)

/* Operations per measurement, and number of measurements. */
#define BATCH (FEW_PAGES / 2)
#define BATCHES 8

static void floor_report(const char *what, const char *kind, double value,
			 const char *unit)
{
	printf("floor/kernel/%s_%s %.3f %s\n", what, kind, value, unit);
	fflush(stdout);
}

static double floor_call(int fd, unsigned long cmd,
			 const struct floor_request *request)
{
	double start = bench_now();

	ASSERT_RC(__sys_ioctl(fd, cmd, (void *)request), 0);
	return bench_now() - start;
}

static void floor_bulk(int fd, enum memory kind)
{
	const char *name = bench_memory_name(kind);
	const struct floor_request request = {
		.addr = (unsigned long)bench_memory(kind),
		.length = bench_bulk_size,
		.iova = FLOOR_IOVA,
	};
	unsigned int i;

	for (i = 0; i < 3; i++) {
		floor_report("map", name, floor_call(fd, FLOOR_MAP, &request),
			     "us");
		floor_report("second", name,
			     floor_call(fd, FLOOR_MAP_SECOND, &request), "us");
		floor_call(fd, FLOOR_UNMAP_SECOND, &request);
		floor_report("unmap", name,
			     floor_call(fd, FLOOR_UNMAP, &request), "us");
	}
}

static void floor_each(int fd, unsigned long cmd)
{
	struct floor_request request = { .length = PAGE };
	char *memory = bench_few_pages();
	unsigned int i;

	for (i = 0; i < BATCH; i++) {
		request.slot = i;
		request.addr = (unsigned long)(memory + i * PAGE);
		request.iova = FLOOR_IOVA + i * 2 * PAGE;
		ASSERT_RC(__sys_ioctl(fd, cmd, &request), 0);
	}
}

/* The number of mappings that are present makes no difference here. */
static void floor_small(int fd)
{
	double maps = 1e12, unmaps = 1e12, start, mapped, end;
	static const char *const present[] = { "1k", "16k" };
	unsigned int i;

	for (i = 0; i < BATCHES; i++) {
		start = bench_now();
		floor_each(fd, FLOOR_MAP);
		mapped = bench_now();
		floor_each(fd, FLOOR_UNMAP);
		end = bench_now();
		if (mapped - start < maps)
			maps = mapped - start;
		if (end - mapped < unmaps)
			unmaps = end - mapped;
	}
	for (i = 0; i < ARRAY_SIZE(present); i++) {
		floor_report("small_map", present[i], maps * 1000 / BATCH,
			     "ns");
		floor_report("small_unmap", present[i], unmaps * 1000 / BATCH,
			     "ns");
	}
}

void bench_floor(char *const *patterns)
{
	int fd = sys_open("/dev/bench_floor", O_RDWR);
	enum memory kind;
	char name[32];

	for (kind = 0; kind < MEMORY_KINDS; kind++) {
		snprintf(name, sizeof(name), "map_%s second_%s",
			 bench_memory_name(kind), bench_memory_name(kind));
		if (bench_selected(name, patterns))
			floor_bulk(fd, kind);
	}
	if (bench_selected("small_1k small_16k", patterns))
		floor_small(fd);
	sys_close(fd);
}
