// SPDX-License-Identifier: GPL-2.0-only
/*
 * Everything at once, on the mock IOMMU and on real devices: threads and
 * processes map, unmap, copy, attach, detach, replace, pin, read, write,
 * destroy, fork, exec and are killed, in the same address spaces.
 *
 * Each thread has an IOVA range of its own in the shared address spaces, for
 * which it knows what must be mapped. All threads compete for the other IOVA,
 * for which only the possible errnos are known. At the end no memory may be
 * pinned, charged or reachable, the user may map as much as the limit allows,
 * and the module of the mock IOMMU can be unloaded; it warns if a domain still
 * maps something when it is freed.
 *
 * A run prints its seed. The same seed gives each thread the same orders again;
 * how the threads interleave depends on the machine.
 */
#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "backend.h"
#include "edu.h"
#include "harness.h"
#include "ioas.h"
#include "mock.h"
#include "pci.h"
#include "stress.h"
#include "sys.h"

#define THREADS_MAX 64U
/* More IDs than are ever in use at once. */
#define IDS_MAX 4096U
/* More than is ever mapped at once, and what check_no_charge() maps. */
#define MEMLOCK_LIMIT MIB(1024)
#define LAST_SIZE MIB(2)

struct stress_state stress;
static struct stress_worker workers[THREADS_MAX];

static void *run_worker(void *arg)
{
	struct stress_worker *worker = arg;

	while (!stress.stop) {
		worker->fn(worker);
		worker->rounds++;
	}
	return NULL;
}

static void set_up(void)
{
	static struct space space = { .backend = BACKEND_IOMMUFD };
	unsigned int i;

	stress.fd = iommufd_open();
	for (i = 0; i < STRESS_NR_SPACES; i++) {
		stress.spaces[i] = ioas_alloc(stress.fd);
		mock_dev(stress.fd, stress.spaces[i], 0, &stress.anchors[i]);
	}
	space.fd = stress.fd;
	space.ioas = stress.spaces[0];
	workers[1].edu = edu_open_in(&space, pci_need(TESTDEV_EDU0));
}

static void prepare_worker(struct stress_worker *worker, unsigned int number,
			   __u64 seed)
{
	worker->number = number;
	worker->random = (seed + number + 1) * 0x9e3779b97f4a7c15ULL | 1;
	worker->memory = sys_mmap_anon(STRESS_OWN_SIZE);
}

static pid_t start_device(__u64 seed)
{
	static struct stress_worker worker;

	/* shared with all processes, so that one maps what another one wrote */
	stress.arena = mmap(NULL, STRESS_ARENA_SIZE, PROT_READ | PROT_WRITE,
			    MAP_ANONYMOUS | MAP_SHARED, -1, 0);
	ASSERT(stress.arena != MAP_FAILED);
	prepare_worker(&worker, THREADS_MAX, seed);
	return child_start(stress_open_devices, &worker);
}

static void start_workers(unsigned int nr, __u64 seed)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		struct stress_worker *worker = &workers[i];

		prepare_worker(worker, i, seed);
		worker->fn = i == 0 ? stress_run_process :
			     i == 1 ? stress_move_cdev :
				      stress_run_order;
		ASSERT(!pthread_create(&worker->thread, NULL, run_worker,
				       worker));
	}
}

static void join_workers(unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		pthread_join(workers[i].thread, NULL);
		printf("# thread %u did %lu rounds\n", i, workers[i].rounds);
	}
	edu_close(workers[1].edu);
}

static bool is_ours(__u32 id)
{
	unsigned int i;

	for (i = 0; i < STRESS_NR_SPACES; i++) {
		if (id == stress.spaces[i] || id == stress.anchors[i].stdev)
			return true;
	}
	return false;
}

/*
 * Destroy the devices and domains that a killed process has left in the shared
 * file. IDs are allocated from the lowest on. An object is destroyed only after
 * all objects that use it, so repeat until no object can be destroyed.
 */
static void destroy_leftovers(void)
{
	bool progress;
	__u32 id;

	do {
		progress = false;
		for (id = 1; id < IDS_MAX; id++) {
			if (!is_ours(id) && !__iommufd_destroy(stress.fd, id))
				progress = true;
		}
	} while (progress);
}

/*
 * The charge of a user cannot be read. If it is zero, memory up to the limit
 * can be mapped, and not one page more.
 */
static void check_no_charge(void)
{
	int fd = iommufd_open();
	__u32 ioas = ioas_alloc(fd);
	struct mock_dev dev;

	mock_dev(fd, ioas, 0, &dev);
	sys_set_memlock(LAST_SIZE);
	ioas_map_fixed(fd, ioas, stress.arena, STRESS_ARENA_IOVA, LAST_SIZE);
	ASSERT_RC(__ioas_map_fixed(fd, ioas, stress.arena, STRESS_OWN_IOVA,
				   PAGE, DMA_RW),
		  -ENOMEM);
	sys_close(fd);
}

/* No memory may be pinned, charged or reachable for a device any more. */
static void tear_down(long long pins)
{
	struct space space = { .backend = BACKEND_IOMMUFD, .fd = stress.fd };
	struct edu *edu;
	unsigned int i;
	__u64 at;

	for (i = 0; i < STRESS_NR_SPACES; i++) {
		int ret = __ioas_unmap(stress.fd, stress.spaces[i], 0,
				       UINT64_MAX, NULL);

		ASSERT(!ret || ret == -ENOENT);
	}
	ASSERT_EQ(sys_vm_pinned(getpid()), 0);
	ASSERT_EQ(sys_vm_locked(getpid()), 0);
	ASSERT_EQ(sys_pins_held(), pins);

	memset(stress.arena, 0x11, STRESS_ARENA_SIZE);
	space.ioas = stress.spaces[0];
	edu = edu_open_in(&space, pci_need(TESTDEV_EDU0));
	for (at = 0; at < STRESS_ARENA_SIZE; at += MIB(1) + 3 * PAGE)
		edu_store(edu, STRESS_ARENA_IOVA + at, PAGE);
	ASSERT(is_byte(stress.arena, STRESS_ARENA_SIZE, 0x11));
	edu_close(edu);

	destroy_leftovers();
	for (i = 0; i < STRESS_NR_SPACES; i++) {
		iommufd_destroy(stress.fd, stress.anchors[i].stdev);
		iommufd_destroy(stress.fd, stress.spaces[i]);
	}
	sys_close(stress.fd);
	check_no_charge();
	ASSERT_RC(__mock_unload(), 0);
}

static void wait_seconds(unsigned int seconds)
{
	struct timespec left = { .tv_sec = seconds };

	while (nanosleep(&left, &left) && errno == EINTR)
		;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "seed", required_argument, NULL, 's' },
		{ "seconds", required_argument, NULL, 't' },
		{ "threads", required_argument, NULL, 'n' },
		{ "nothing", no_argument, NULL, 'x' },
		{},
	};
	unsigned int seconds = 20, threads = 8;
	__u64 seed = 0;
	long long pins;
	pid_t device;
	int option;

	ASSERT(getrandom(&seed, 4, 0) == 4);
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		switch (option) {
		case 's':
			seed = strtoull(optarg, NULL, 0);
			break;
		case 't':
			seconds = strtoul(optarg, NULL, 0);
			break;
		case 'n':
			threads = strtoul(optarg, NULL, 0);
			break;
		case 'x':
			return RESULT_PASS;
		default:
			fprintf(stderr,
				"usage: stress [--seed N] [--seconds N] [--threads N]\n");
			return 2;
		}
	}
	if (threads < 4 || threads > THREADS_MAX) {
		fprintf(stderr, "stress: 4 to %u threads\n", THREADS_MAX);
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("# SEED=%llu, %u seconds, %u threads\n", seed, seconds, threads);
	mock_load();
	/* a user with the capability is not charged */
	sys_set_memlock(MEMLOCK_LIMIT);
	sys_drop_ipc_lock();
	pins = sys_pins_held();
	device = start_device(seed);
	set_up();
	start_workers(threads, seed);
	wait_seconds(seconds);
	stress.stop = true;
	join_workers(threads);
	kill(device, SIGTERM);
	child_expect(device, RESULT_PASS);
	tear_down(pins);
	printf("ok 1 stress\n");
	return RESULT_PASS;
}
