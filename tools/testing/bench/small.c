// SPDX-License-Identifier: GPL-2.0-only
/* Small mappings, with few or many others present. */
#include <stdio.h>

#include "bench.h"
#include "ioas.h"
#include "sys.h"

/* Operations per measurement, and number of measurements. */
#define BATCH (FEW_PAGES / 2)
#define BATCHES 8

/*
 * Present mappings have holes of their own size between them. No larger mapping
 * fits into the holes: the worst case for the allocation of IOVA.
 */
#define FIRST_IOVA GIB(4)
#define STRIDE (2 * PAGE)

static __u64 iova_of(unsigned int i)
{
	return FIRST_IOVA + i * STRIDE;
}

static void fill(struct bench_run *run)
{
	void *page = bench_few_pages();
	unsigned int i;

	for (i = 0; i < run->bench->present; i++)
		space_map(run->vdev->space, page, iova_of(i), PAGE);
}

static void report_best(const struct bench_run *run, const char *what,
			double us)
{
	char name[32];

	snprintf(name, sizeof(name), "%s_%uk", what,
		 run->bench->present / 1024);
	bench_report(run, name, us * 1000 / BATCH, "ns");
}

static double min_us(double a, double b)
{
	return a < b ? a : b;
}

/* Map into holes in the middle of the present mappings. */
static void run_small(struct bench_run *run)
{
	unsigned int middle = run->bench->present / 2 - BATCH / 2;
	struct space *space = run->vdev->space;
	char *memory = bench_few_pages();
	double maps = 1e12, unmaps = 1e12, start, mapped;
	unsigned int batch, i;

	for (batch = 0; batch < BATCHES; batch++) {
		start = bench_now();
		for (i = 0; i < BATCH; i++)
			space_map(space, memory + i * PAGE,
				  iova_of(middle + i) + PAGE, PAGE);
		mapped = bench_now();
		for (i = 0; i < BATCH; i++)
			space_unmap(space, iova_of(middle + i) + PAGE, PAGE);
		unmaps = min_us(unmaps, bench_now() - mapped);
		maps = min_us(maps, mapped - start);
	}
	report_best(run, "small_map", maps);
	report_best(run, "small_unmap", unmaps);
}

static void run_auto(struct bench_run *run)
{
	struct space *space = run->vdev->space;
	char *memory = bench_few_pages();
	double maps = 1e12, start;
	unsigned int batch, i;
	__u64 iovas[BATCH];

	for (batch = 0; batch < BATCHES; batch++) {
		start = bench_now();
		for (i = 0; i < BATCH; i++)
			iovas[i] = ioas_map(space->fd, space->ioas,
					    memory + i * STRIDE, STRIDE);
		maps = min_us(maps, bench_now() - start);
		for (i = 0; i < BATCH; i++)
			space_unmap(space, iovas[i], STRIDE);
	}
	report_best(run, "auto_map", maps);
}

#define SMALL(_name, _present)                                   \
	{                                                        \
		.name = "small_" _name,                          \
		.backends = BACKEND_CONTAINER | BACKEND_IOMMUFD, \
		.reps = 1,                                       \
		.present = (_present),                           \
		.setup = fill,                                   \
		.run = run_small,                                \
	}
#define AUTO(_name, _present, _timed_only)   \
	{                                    \
		.name = "auto_" _name,       \
		.backends = BACKEND_IOMMUFD, \
		.timed_only = _timed_only,   \
		.reps = 1,                   \
		.present = (_present),       \
		.setup = fill,               \
		.run = run_auto,             \
	}

const struct bench small_benches[] = {
	SMALL("1k", 1024),
	SMALL("16k", 16 * 1024),
	AUTO("1k", 1024, false),
	AUTO("16k", 16 * 1024, false),
	AUTO("256k", 256 * 1024, true),
	{},
};
