// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cold memory: map what was not touched yet, on a machine that is idle, and on
 * one all of whose other processors are busy.
 */
#include <errno.h>
#include <linux/mman.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "sys.h"

#define COLD_IOVA GIB(4)
#define COLD_MAX_HOGS 64
/* The same if instructions are counted: threads have to be created. */
#define COLD_SIZE MIB(512)

/** struct cold_hog - a thread that needs a processor all the time */
struct cold_hog {
	/** @thread: the thread */
	pthread_t thread;
	/** @cpu: its processor */
	unsigned int cpu;
	/** @seconds: time that it has had the processor */
	double seconds;
};

static struct cold_hog cold_hogs[COLD_MAX_HOGS];
static unsigned int cold_nr_hogs;
static atomic_int cold_started;
static atomic_bool cold_done;
static char *cold_memory;
/* What the kernel had reserved before a benchmark of reserved huge pages. */
static long long cold_nr_huge;

static void cold_reserve(long long nr)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", nr);
	ASSERT_RC(__sys_write_file("/proc/sys/vm/nr_hugepages", text), 0);
	ASSERT_EQ(sys_read_number("/proc/sys/vm/nr_hugepages", ""), nr);
}

static void cold_map_huge(void)
{
	cold_nr_huge = sys_read_number("/proc/sys/vm/nr_hugepages", "");
	cold_reserve(cold_nr_huge + (long long)(COLD_SIZE / MIB(2)));
	cold_memory =
		mmap(NULL, COLD_SIZE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_HUGE_2MB,
		     -1, 0);
	if (cold_memory == MAP_FAILED)
		FAIL("huge pages: %s", strerror(errno));
}

static void cold_setup(struct bench_run *run)
{
	switch (run->bench->memory) {
	case MEMORY_HUGETLB:
		cold_map_huge();
		break;
	case MEMORY_THP:
		cold_memory = sys_mmap_huge_aligned(COLD_SIZE);
		break;
	default:
		cold_memory = sys_mmap_anon(COLD_SIZE);
		madvise(cold_memory, COLD_SIZE, MADV_NOHUGEPAGE);
	}
}

static void cold_teardown(struct bench_run *run)
{
	space_unmap(run->vdev->space, COLD_IOVA, COLD_SIZE);
	sys_munmap(cold_memory, COLD_SIZE);
	if (run->bench->memory == MEMORY_HUGETLB)
		cold_reserve(cold_nr_huge);
}

static double cold_map(const struct bench_run *run)
{
	double start = bench_now();

	space_map(run->vdev->space, cold_memory, COLD_IOVA, COLD_SIZE);
	return bench_now() - start;
}

/* Return the CPU time of the threads of this process but this one, in us. */
static double cold_others(void)
{
	struct rusage self, thread;

	ASSERT(!getrusage(RUSAGE_SELF, &self));
	ASSERT(!getrusage(RUSAGE_THREAD, &thread));
	return (double)(self.ru_stime.tv_sec - thread.ru_stime.tv_sec) * 1e6 +
	       (double)(self.ru_stime.tv_usec - thread.ru_stime.tv_usec);
}

/* Reports the time of the map, and the time that other threads have spent on it. */
static void cold_run(struct bench_run *run)
{
	double others = -cold_others();
	char name[32];

	bench_report(run, run->bench->name, cold_map(run), "us");
	others += cold_others();
	snprintf(name, sizeof(name), "%s_others", run->bench->name);
	if (others > 0)
		bench_report(run, name, others, "us");
}

static double cold_cpu_seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void cold_run_on(unsigned int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	ASSERT(!sched_setaffinity(0, sizeof(set), &set));
}

static void *cold_hog_main(void *data)
{
	struct cold_hog *hog = data;
	double start;

	cold_run_on(hog->cpu);
	atomic_fetch_add(&cold_started, 1);
	start = cold_cpu_seconds();
	while (!atomic_load_explicit(&cold_done, memory_order_relaxed))
		;
	hog->seconds = cold_cpu_seconds() - start;
	return NULL;
}

/* The first processor is left to the thread that maps. */
static void cold_start_hogs(void)
{
	long nr = sysconf(_SC_NPROCESSORS_ONLN) - 1;
	unsigned int i;

	atomic_store(&cold_started, 0);
	atomic_store(&cold_done, false);
	cold_nr_hogs = nr < COLD_MAX_HOGS ? (unsigned int)nr : COLD_MAX_HOGS;
	for (i = 0; i < cold_nr_hogs; i++) {
		cold_hogs[i].cpu = i + 1;
		ASSERT(!pthread_create(&cold_hogs[i].thread, NULL,
				       cold_hog_main, &cold_hogs[i]));
	}
	while (atomic_load(&cold_started) < (int)cold_nr_hogs)
		sched_yield();
}

/* Return the time that the hogs had their processors, in seconds. */
static double cold_stop_hogs(void)
{
	double seconds = 0;
	unsigned int i;

	atomic_store(&cold_done, true);
	for (i = 0; i < cold_nr_hogs; i++) {
		pthread_join(cold_hogs[i].thread, NULL);
		seconds += cold_hogs[i].seconds;
	}
	return seconds;
}

/* Reports the time of the map, and how long a hog waits for a second of its own. */
static void cold_run_busy(struct bench_run *run)
{
	double start, took, hogs;

	cold_start_hogs();
	start = bench_now();
	took = cold_map(run);
	hogs = cold_stop_hogs();
	bench_report(run, "cold_busy", took, "us");
	if (cold_nr_hogs)
		bench_report(run, "cold_busy_others",
			     (bench_now() - start) * cold_nr_hogs / hogs, "us");
}

#define COLD_BACKENDS (BACKEND_CONTAINER | BACKEND_IOMMUFD)
#define COLD(_name, _memory, _run)         \
	{                                  \
		.name = _name,             \
		.backends = COLD_BACKENDS, \
		.reps = 2,                 \
		.memory = _memory,         \
		.setup = cold_setup,       \
		.run = _run,               \
		.teardown = cold_teardown, \
	}

const struct bench cold_benches[] = {
	COLD("cold_4k", MEMORY_4K, cold_run),
	COLD("cold_thp", MEMORY_THP, cold_run),
	COLD("cold_hugetlb", MEMORY_HUGETLB, cold_run),
	COLD("cold_busy", MEMORY_4K, cold_run_busy),
	{},
};
