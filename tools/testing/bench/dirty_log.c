// SPDX-License-Identifier: GPL-2.0-only
/*
 * The dirty log of a container over much memory. Its device has no log of its own,
 * so that all pages are dirty.
 */
#include <stdint.h>

#include "bench.h"
#include "dirty.h"
#include "sys.h"

#define LOG_IOVA GIB(4)

/* The same memory this many times: 64 GiB, or 8 GiB if instructions are counted */
#define LOG_COPIES 128

static __u64 log_iova(unsigned int i)
{
	return LOG_IOVA + (__u64)i * bench_bulk_size;
}

static void log_fill(struct bench_run *run)
{
	struct space *space = run->vdev->space;
	unsigned int i;

	for (i = 0; i < LOG_COPIES; i++)
		space_map(space, bench_memory(MEMORY_THP), log_iova(i),
			  bench_bulk_size);
	log_start(space->fd);
}

static void run_log(struct bench_run *run)
{
	size_t pages = bench_bulk_size / PAGE;
	char *bitmap = sys_mmap_anon(LOG_COPIES * pages / 8);
	int container = run->vdev->space->fd;
	struct log_unmap unmap;
	double start;
	unsigned int i;

	for (i = 0; i < LOG_COPIES * pages / 8; i += PAGE)
		bitmap[i] = 1;
	start = bench_now();
	log_get(container, LOG_IOVA, LOG_COPIES * pages, bitmap);
	bench_report(run, "log_get", bench_now() - start, "us");
	start = bench_now();
	for (i = 0; i < LOG_COPIES; i++) {
		unmap = log_unmap_request(log_iova(i), pages, bitmap);
		ASSERT_RC(__log_unmap(container, &unmap), 0);
	}
	bench_report(run, "log_unmap", bench_now() - start, "us");
	log_stop(container);
	sys_munmap(bitmap, LOG_COPIES * pages / 8);
}

const struct bench dirty_log_benches[] = {
	{ .name = "log_get_unmap",
	  .backends = BACKEND_CONTAINER,
	  .reps = 1,
	  .setup = log_fill,
	  .run = run_log },
	{},
};
