// SPDX-License-Identifier: GPL-2.0-only
/* Bulk memory: map and unmap it, and attach a second device to it. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"
#include "ioas.h"
#include "pci.h"
#include "sys.h"

#define BULK_IOVA GIB(4)

static void report_kind(const struct bench_run *run, const char *what,
			double value)
{
	char name[32];

	snprintf(name, sizeof(name), "%s_%s", what,
		 bench_memory_name(run->bench->memory));
	bench_report(run, name, value, "us");
}

static double map_bulk(struct space *space, enum memory kind)
{
	void *memory = bench_memory(kind);
	double start = bench_now();

	space_map(space, memory, BULK_IOVA, bench_bulk_size);
	return bench_now() - start;
}

static void get_memory(struct bench_run *run)
{
	bench_memory(run->bench->memory);
}

static void run_map_unmap(struct bench_run *run)
{
	struct space *space = run->vdev->space;
	double start;

	report_kind(run, "map", map_bulk(space, run->bench->memory));
	start = bench_now();
	space_unmap(space, BULK_IOVA, bench_bulk_size);
	report_kind(run, "unmap", bench_now() - start);
}

static void map_first(struct bench_run *run)
{
	map_bulk(run->vdev->space, run->bench->memory);
}

/* Create a domain for a second device in the same I/O address space. */
static double second_hwpt(struct bench_run *run)
{
	struct space *space = run->vdev->space;
	struct vdev *vdev;
	char path[128];
	double start;
	__u32 hwpt;

	vdev = sys_zalloc(sizeof(*vdev));
	vdev->space = space;
	vdev->bdf = pci_need(TESTDEV_EDU1);
	pci_cdev_path(vdev->bdf, path, sizeof(path));
	vdev->fd = sys_open(path, O_RDWR);
	ASSERT_RC(__cdev_bind(vdev->fd, space->fd, &vdev->id), 0);
	run->other = vdev;

	start = bench_now();
	hwpt = hwpt_alloc(space->fd, vdev->id, space->ioas);
	ASSERT_RC(__cdev_attach(vdev->fd, hwpt, NULL), 0);
	return bench_now() - start;
}

/*
 * A container has one domain for all compatible devices. To give a device a
 * domain of its own, open a second container and map all memory again.
 */
static double second_container(struct bench_run *run)
{
	run->other = sys_zalloc(sizeof(*run->other));
	run->other->space = space_open(run->backend);
	space_group_fd(run->other->space, pci_need(TESTDEV_EDU1));
	return map_bulk(run->other->space, run->bench->memory);
}

static void run_second(struct bench_run *run)
{
	report_kind(run, "second",
		    run->backend == BACKEND_IOMMUFD ? second_hwpt(run) :
						      second_container(run));
}

static void close_second(struct bench_run *run)
{
	if (run->backend == BACKEND_IOMMUFD)
		vdev_close(run->other);
	else
		space_close(run->other->space);
	run->other = NULL;
}

#define BULK_BACKENDS (BACKEND_CONTAINER | BACKEND_IOMMUFD)
#define MAP_UNMAP(_name, _memory, _reps)   \
	{                                  \
		.name = "map_" _name,      \
		.backends = BULK_BACKENDS, \
		.reps = _reps,             \
		.memory = _memory,         \
		.setup = get_memory,       \
		.run = run_map_unmap,      \
	}
#define SECOND(_name, _memory, _reps)      \
	{                                  \
		.name = "second_" _name,   \
		.backends = BULK_BACKENDS, \
		.reps = _reps,             \
		.memory = _memory,         \
		.setup = map_first,        \
		.run = run_second,         \
		.teardown = close_second,  \
	}

const struct bench bulk_benches[] = {
	MAP_UNMAP("4k", MEMORY_4K, 3),
	MAP_UNMAP("scattered", MEMORY_SCATTERED, 3),
	MAP_UNMAP("thp", MEMORY_THP, 5),
	MAP_UNMAP("hugetlb", MEMORY_HUGETLB, 5),
	SECOND("4k", MEMORY_4K, 3),
	SECOND("scattered", MEMORY_SCATTERED, 3),
	SECOND("thp", MEMORY_THP, 3),
	SECOND("hugetlb", MEMORY_HUGETLB, 3),
	{},
};
