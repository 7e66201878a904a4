// SPDX-License-Identifier: GPL-2.0-only
/*
 * The longest time that a thread waits for the map of a page while another thread
 * maps, then unmaps, 4 GiB in the same address space.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

#include "bench.h"
#include "dmabuf.h"
#include "sys.h"

#define BULK_IOVA GIB(4)
#define BULK_SIZE GIB(4)
#define PAGE_IOVA GIB(16)

/* The file that fills the bulk range, again and again */
#define FILE_SIZE MIB(256)

/** struct waiter - the thread that maps single pages */
struct waiter {
	/** @space: the address space */
	struct space *space;
	/** @pages: a page to map */
	void *pages;
	/** @stop: the other thread has finished */
	atomic_bool stop;
	/** @nr: number of maps so far */
	atomic_uint nr;
	/** @longest: longest map, in microseconds */
	double longest;
};

static void *latency_wait(void *data)
{
	struct waiter *waiter = data;
	double start, took;

	while (!atomic_load(&waiter->stop)) {
		start = bench_now();
		space_map(waiter->space, waiter->pages, PAGE_IOVA, PAGE);
		took = bench_now() - start;
		space_unmap(waiter->space, PAGE_IOVA, PAGE);
		if (took > waiter->longest)
			waiter->longest = took;
		atomic_fetch_add(&waiter->nr, 1);
	}
	return NULL;
}

/* Small pages of one file, so that 4 GiB of addresses need few of them. */
static char *latency_bulk(void)
{
	static char *memory;
	size_t at;
	int fd;

	if (memory)
		return memory;
	fd = dmabuf_memfd(FILE_SIZE, 0);
	memory = sys_mmap_anon(BULK_SIZE);
	for (at = 0; at < BULK_SIZE; at += FILE_SIZE) {
		if (mmap(memory + at, FILE_SIZE, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_FIXED | MAP_POPULATE, fd,
			 0) == MAP_FAILED)
			FAIL("memfd: %s", strerror(errno));
	}
	sys_close(fd);
	return memory;
}

static void latency_fill(struct bench_run *run)
{
	(void)run;
	latency_bulk();
}

static void latency_measure(struct bench_run *run, const char *name,
			    void (*bulk)(struct space *space))
{
	struct waiter waiter = {
		.space = run->vdev->space,
		.pages = bench_few_pages(),
	};
	pthread_t thread;

	ASSERT_EQ(pthread_create(&thread, NULL, latency_wait, &waiter), 0);
	while (!atomic_load(&waiter.nr))
		sched_yield();
	bulk(run->vdev->space);
	atomic_store(&waiter.stop, true);
	ASSERT_EQ(pthread_join(thread, NULL), 0);
	bench_report(run, name, waiter.longest, "us");
}

static void latency_map(struct space *space)
{
	space_map(space, latency_bulk(), BULK_IOVA, BULK_SIZE);
}

static void latency_unmap(struct space *space)
{
	space_unmap(space, BULK_IOVA, BULK_SIZE);
}

static void run_latency(struct bench_run *run)
{
	latency_measure(run, "wait_map", latency_map);
	latency_measure(run, "wait_unmap", latency_unmap);
}

const struct bench latency_benches[] = {
	{ .name = "wait_map_unmap",
	  .backends = BACKEND_CONTAINER | BACKEND_IOMMUFD,
	  .reps = 1,
	  .timed_only = true,
	  .setup = latency_fill,
	  .run = run_latency },
	{},
};
