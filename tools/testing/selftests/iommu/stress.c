// SPDX-License-Identifier: GPL-2.0-only
/*
 * All at once, on the mock IOMMU and on real devices: threads and processes map,
 * unmap, copy, attach, detach, replace, pin, read, write, destroy, fork, exec and
 * are killed, in the same address spaces.
 *
 * Each thread has IOVA of its own in the shared address spaces, where it knows
 * what must be mapped, and all fight for the rest, where only the kind of error
 * is known. At the end nothing may be pinned, charged or reachable, the user may
 * map as much as the limit allows, and nothing
 * may hold the mock IOMMU; its module complains of what a dying domain still
 * maps.
 *
 * A run prints its seed. The same one gives each thread the same orders again;
 * how they interleave is up to the machine.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <linux/iommufd.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "edu.h"
#include "harness.h"
#include "ioas.h"
#include "mock.h"
#include "pci.h"
#include "sys.h"
#include "vdev.h"

#define NR_SPACES 3U
#define NR_THREADS_MAX 64U
#define OWN_IOVA 0x10000000ULL
#define OWN_SIZE MIB(4)
#define ARENA_IOVA 0x40000000ULL
#define ARENA_SIZE MIB(8)
#define ARENA_PAGES (ARENA_SIZE / PAGE)
#define MAX_PAGES 700U
/* more than there ever are at once */
#define NR_IDS 4096U
/* More than is ever mapped at once, and what a run leaves for the last map. */
#define LIMIT MIB(1024)
#define LAST_SIZE MIB(2)

/** struct worker - a thread and what it has for itself */
struct worker {
	/** @thread: itself */
	pthread_t thread;
	/** @number: from 0 on */
	unsigned int number;
	/** @random: state of its generator */
	__u64 random;
	/** @fn: what it does, again and again */
	void (*fn)(struct worker *worker);
	/** @memory: OWN_SIZE bytes that nobody else touches */
	char *memory;
	/** @rounds: how often it did it */
	unsigned long rounds;
	/** @edu: its device */
	struct edu *edu;
};

static int iommufd;
static __u32 spaces[NR_SPACES];
/* Mock devices that stay attached, so that there is always a domain to check. */
static struct mock_dev anchors[NR_SPACES];
/* Memory that everybody maps and some take away. */
static char *arena;
static struct worker workers[NR_THREADS_MAX];
static atomic_bool stop;

/* xorshift64* by Vigna */
static __u64 next_random(__u64 *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dULL;
}

static unsigned int roll(struct worker *worker, unsigned int sides)
{
	return (next_random(&worker->random) >> 32) % sides;
}

/* In a fight a call may fail, but not in any way. */
static int may_fail(int rc, const char *what)
{
	static const int known[] = { ENOENT,	 EEXIST,     EBUSY, ENOSPC,
				     EINVAL,	 EFAULT,     EPERM, EDEADLK,
				     EADDRINUSE, EOPNOTSUPP, EBADE };
	unsigned int i;

	if (rc >= 0)
		return rc;
	for (i = 0; i < ARRAY_SIZE(known); i++) {
		if (rc == -known[i])
			return rc;
	}
	FAIL("%s: %s", what, strerrorname_np(-rc));
}

#define MAY_FAIL(call) may_fail(call, #call)

static __u32 some_space(struct worker *worker)
{
	return spaces[roll(worker, NR_SPACES)];
}

/** struct piece - some pages of the arena */
struct piece {
	/** @offset: of the first one, in bytes */
	__u64 offset;
	/** @size: in bytes */
	__u64 size;
};

static struct piece some_piece(struct worker *worker)
{
	unsigned int pages = 1 + roll(worker, roll(worker, 8) ? 8 : MAX_PAGES);

	return (struct piece){
		.offset = roll(worker, ARENA_PAGES - pages) * PAGE,
		.size = pages * PAGE,
	};
}

/* What this thread maps is mapped, and what it unmaps is not, whatever others do */
static void own_range(struct worker *worker)
{
	__u64 size = (1 + roll(worker, 64)) * PAGE;
	unsigned int n = roll(worker, NR_SPACES);
	char *memory = worker->memory + roll(worker, 64) * PAGE;
	__u64 iova =
		OWN_IOVA + worker->number * OWN_SIZE + roll(worker, 256) * PAGE;
	__u64 unmapped = 0, at;

	ASSERT_RC(__ioas_map_fixed(iommufd, spaces[n], memory, iova, size,
				   DMA_RW),
		  0);
	ASSERT_RC(__mock_check_map(iommufd, anchors[n].hwpt, memory, iova,
				   size),
		  0);
	ASSERT_RC(__ioas_unmap(iommufd, spaces[n], iova, size, &unmapped), 0);
	ASSERT_EQ(unmapped, size);
	for (at = 0; at < size; at += PAGE)
		ASSERT_RC(__mock_check_map(iommufd, anchors[n].hwpt,
					   memory + at, iova + at, PAGE),
			  -EINVAL);
}

static void arena_map(struct worker *worker)
{
	struct piece piece = some_piece(worker);
	unsigned int prot = roll(worker, 4) ? DMA_RW : DMA_READ;

	MAY_FAIL(__ioas_map_fixed(iommufd, some_space(worker),
				  arena + some_piece(worker).offset % MIB(4),
				  ARENA_IOVA + piece.offset,
				  piece.size > MIB(4) ? MIB(4) : piece.size,
				  prot));
}

static void arena_unmap(struct worker *worker)
{
	struct piece piece = some_piece(worker);

	if (!roll(worker, 8))
		piece = (struct piece){ 0, ARENA_SIZE };
	MAY_FAIL(__ioas_unmap(iommufd, some_space(worker),
			      ARENA_IOVA + piece.offset, piece.size, NULL));
}

static void arena_copy(struct worker *worker)
{
	struct piece from = some_piece(worker), to = some_piece(worker);
	__u64 size = from.size < to.size ? from.size : to.size;

	MAY_FAIL(__ioas_copy(iommufd, some_space(worker),
			     ARENA_IOVA + from.offset, size, some_space(worker),
			     ARENA_IOVA + to.offset,
			     roll(worker, 4) ? DMA_RW : DMA_READ));
}

/* The pages go, come back as others, or become huge: pins do not care. */
static void arena_memory(struct worker *worker)
{
	static const int advice[] = { MADV_DONTNEED, MADV_HUGEPAGE,
				      MADV_NOHUGEPAGE, MADV_WILLNEED };
	struct piece piece = some_piece(worker);

	madvise(arena + piece.offset, piece.size,
		advice[roll(worker, ARRAY_SIZE(advice))]);
	if (!roll(worker, 4)) {
		mprotect(arena + piece.offset, piece.size, PROT_READ);
		mprotect(arena + piece.offset, piece.size,
			 PROT_READ | PROT_WRITE);
	}
}

/* A device comes, moves about, and goes. */
static void mock_device(struct worker *worker)
{
	struct mock_dev dev;
	unsigned int moves = roll(worker, 4);

	if (MAY_FAIL(__mock_dev(iommufd, some_space(worker), 0, &dev)))
		return;
	while (moves--)
		MAY_FAIL(
			__mock_replace(iommufd, dev.stdev, some_space(worker)));
	iommufd_destroy(iommufd, dev.stdev);
}

static void read_dirty(__u32 hwpt, __u64 offset)
{
	__u64 bitmap[ARENA_PAGES / 64];

	ASSERT_RC(__hwpt_set_tracking(iommufd, hwpt,
				      IOMMU_HWPT_DIRTY_TRACKING_ENABLE),
		  0);
	MAY_FAIL(__hwpt_get_dirty(iommufd, hwpt, 0,
				  ARENA_IOVA + offset / MIB(1) * MIB(1), MIB(1),
				  PAGE, bitmap));
}

/* A domain of its own, filled with what is mapped right now. */
static void domain(struct worker *worker)
{
	unsigned int n = roll(worker, NR_SPACES);
	bool dirty = roll(worker, 2);
	struct mock_dev dev;
	__u32 hwpt;

	if (MAY_FAIL(__hwpt_alloc(iommufd, anchors[n].idev, some_space(worker),
				  dirty ? IOMMU_HWPT_ALLOC_DIRTY_TRACKING : 0,
				  &hwpt)))
		return;
	if (dirty)
		read_dirty(hwpt, some_piece(worker).offset);
	if (roll(worker, 2) && !MAY_FAIL(__mock_dev(iommufd, hwpt, 0, &dev))) {
		MAY_FAIL(__iommufd_destroy(iommufd, hwpt));
		iommufd_destroy(iommufd, dev.stdev);
	}
	iommufd_destroy(iommufd, hwpt);
}

static void access_pages(struct worker *worker, int fd)
{
	struct piece piece = some_piece(worker);
	unsigned int tries = 1 + roll(worker, 8);
	__u32 id;

	while (tries--) {
		if (MAY_FAIL(__access_pin(iommufd, fd,
					  ARENA_IOVA + piece.offset + 1,
					  PAGE + roll(worker, 4 * PAGE), NULL,
					  roll(worker, 2), &id)))
			continue;
		/* an unmap may have taken it back already */
		if (roll(worker, 2))
			MAY_FAIL(__access_unpin(iommufd, fd, id));
	}
}

static void access_memory(struct worker *worker)
{
	struct iommu_test_cmd replace = {
		.access_replace_ioas.ioas_id = some_space(worker),
	};
	char data[3 * PAGE];
	int fd;

	fd = MAY_FAIL(__mock_access(iommufd, some_space(worker),
				    MOCK_FLAGS_ACCESS_CREATE_NEEDS_PIN_PAGES));
	if (fd < 0)
		return;
	access_pages(worker, fd);
	memset(data, 0, sizeof(data));
	MAY_FAIL(__access_rw(iommufd, fd,
			     ARENA_IOVA + some_piece(worker).offset +
				     roll(worker, PAGE),
			     data, roll(worker, sizeof(data)),
			     roll(worker, 2) ? MOCK_ACCESS_RW_WRITE : 0));
	if (roll(worker, 2))
		MAY_FAIL(__mock_op(iommufd, IOMMU_TEST_OP_ACCESS_REPLACE_IOAS,
				   fd, &replace));
	access_pages(worker, fd);
	sys_close(fd);
}

/* An address space, or all of /dev/iommu, that goes with what it has. */
static void short_life(struct worker *worker)
{
	int fd = roll(worker, 2) ? iommufd_open() : dup(iommufd);
	struct mock_dev dev;
	__u32 ioas = ioas_alloc(fd);

	ioas_map_fixed(fd, ioas, worker->memory, ARENA_IOVA,
		       (1 + roll(worker, 64)) * PAGE);
	ASSERT_RC(__mock_dev(fd, ioas, 0, &dev), 0);
	ASSERT_RC(__iommufd_destroy(fd, ioas), -EBUSY);
	iommufd_destroy(fd, dev.stdev);
	iommufd_destroy(fd, ioas);
	close(fd);
}

static void say_something(struct worker *worker)
{
	struct iommu_iova_range ranges[8];
	struct iommu_ioas_change_process pays = { .size = sizeof(pays) };
	__u32 nr = ARRAY_SIZE(ranges);
	__u64 value = 0;

	ASSERT_RC(__ioas_ranges(iommufd, some_space(worker), ranges, &nr, NULL),
		  0);
	MAY_FAIL(__iommufd_option(iommufd, IOMMU_OPTION_HUGE_PAGES,
				  IOMMU_OPTION_OP_GET, some_space(worker),
				  &value));
	MAY_FAIL(__sys_ioctl(iommufd, IOMMU_IOAS_CHANGE_PROCESS, &pays));
}

/*
 * A process does all that until it is killed, ends, or becomes another program.
 * Only system calls: the threads of its parent are not there, their locks are.
 */
static void be_a_process(struct worker *worker)
{
	static void (*const deeds[])(struct worker *worker) = {
		arena_map, arena_unmap,	 arena_copy,  access_memory,
		domain,	   arena_memory, mock_device,
	};
	unsigned int left = roll(worker, 64);
	char *const args[] = { "stress", "--nothing", NULL };

	while (left--)
		deeds[roll(worker, ARRAY_SIZE(deeds))](worker);
	if (roll(worker, 2))
		execv("/proc/self/exe", args);
	_exit(RESULT_PASS);
}

static void process(struct worker *worker)
{
	__u64 seed = next_random(&worker->random);
	unsigned int patience = roll(worker, 200);
	pid_t pid = fork();
	int status;

	ASSERT(pid >= 0);
	if (!pid) {
		worker->random = seed;
		be_a_process(worker);
	}
	/* it is killed wherever it happens to be after so many turns */
	while (patience--)
		own_range(worker);
	if (seed % 2)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0)
		ASSERT_EQ(errno, EINTR);
	if (WIFSIGNALED(status))
		ASSERT_EQ(WTERMSIG(status), SIGKILL);
	else
		ASSERT_EQ(WEXITSTATUS(status), RESULT_PASS);
}

static void anything(struct worker *worker)
{
	static void (*const deeds[])(struct worker *worker) = {
		own_range,     own_range,     arena_map,     arena_map,
		arena_map,     arena_unmap,   arena_unmap,   arena_copy,
		arena_copy,    arena_memory,  mock_device,   domain,
		domain,	       access_memory, access_memory, short_life,
		say_something,
	};

	deeds[roll(worker, ARRAY_SIZE(deeds))](worker);
}

static void end_of_life(int signal __attribute__((unused)))
{
	stop = true;
}

/* A real device reaches what is mapped for it, and nothing once it is not. */
static void check_dma(struct worker *worker, struct space *space, __u64 iova)
{
	struct edu *edu = worker->edu;
	unsigned int seed = next_random(&worker->random);
	char *page = worker->memory;

	space_map(space, page, iova, 2 * PAGE);
	fill_pattern(page, PAGE, seed);
	memset(page + PAGE, 0, PAGE);
	edu_load(edu, iova, PAGE);
	edu_store(edu, iova + PAGE, PAGE);
	ASSERT(is_pattern(page + PAGE, PAGE, seed));
	space_unmap(space, iova, 2 * PAGE);
	memset(page, 0, 2 * PAGE);
	if (!roll(worker, 16)) {
		edu_store(edu, iova, PAGE);
		ASSERT(is_byte(page, 2 * PAGE, 0));
	}
}

/* A device on the shared address spaces moves from one to the other. */
static void cdev(struct worker *worker)
{
	__u64 iova = OWN_IOVA + worker->number * OWN_SIZE;
	struct vdev *vdev = worker->edu->vdev;
	struct space *space = vdev->space;
	unsigned int rounds;

	for (rounds = 1 + roll(worker, 8); rounds; rounds--) {
		if (!roll(worker, 4))
			ASSERT_RC(__cdev_detach(vdev->fd), 0);
		space->ioas = some_space(worker);
		ASSERT_RC(__cdev_attach(vdev->fd, space->ioas, NULL), 0);
		check_dma(worker, space, iova);
	}
}

/* Another device is opened, used and closed by all the ways there are. */
static void device_life(struct worker *worker)
{
	static const enum backend backends[] = {
		BACKEND_CONTAINER,
		BACKEND_SYMLINK,
		BACKEND_IOMMUFD,
	};
	struct space *space;
	unsigned int rounds;

	worker->edu = edu_open(pci_need(TESTDEV_EDU1),
			       backends[roll(worker, ARRAY_SIZE(backends))]);
	space = worker->edu->vdev->space;
	for (rounds = 1 + roll(worker, 16); rounds; rounds--) {
		struct piece piece = some_piece(worker);

		check_dma(worker, space, OWN_IOVA);
		if (!MAY_FAIL(__space_map(space, arena + piece.offset,
					  ARENA_IOVA + piece.offset, piece.size,
					  DMA_RW)) &&
		    roll(worker, 2))
			space_unmap(space, ARENA_IOVA + piece.offset,
				    piece.size);
	}
	edu_close_with_space(worker->edu);
}

/*
 * In a process of its own, which nobody forks: a child would keep the group
 * open.
 */
static void live_with_device(void *arg)
{
	struct worker *worker = arg;

	signal(SIGTERM, end_of_life);
	while (!stop)
		device_life(worker);
}

static void *work(void *arg)
{
	struct worker *worker = arg;

	while (!stop) {
		worker->fn(worker);
		worker->rounds++;
	}
	return NULL;
}

static void set_up(void)
{
	static struct space space = { .backend = BACKEND_IOMMUFD };
	unsigned int i;

	iommufd = iommufd_open();
	for (i = 0; i < NR_SPACES; i++) {
		spaces[i] = ioas_alloc(iommufd);
		mock_dev(iommufd, spaces[i], 0, &anchors[i]);
	}
	space.fd = iommufd;
	space.ioas = spaces[0];
	workers[1].edu = edu_open_in(&space, pci_need(TESTDEV_EDU0));
}

static void prepare(struct worker *worker, unsigned int number, __u64 seed)
{
	worker->number = number;
	worker->random = (seed + number + 1) * 0x9e3779b97f4a7c15ULL | 1;
	worker->memory = sys_mmap_anon(OWN_SIZE);
}

static pid_t start_device(__u64 seed)
{
	static struct worker worker;

	/* for all processes, so that one maps what another one has made */
	arena = mmap(NULL, ARENA_SIZE, PROT_READ | PROT_WRITE,
		     MAP_ANONYMOUS | MAP_SHARED, -1, 0);
	ASSERT(arena != MAP_FAILED);
	prepare(&worker, NR_THREADS_MAX, seed);
	return child_start(live_with_device, &worker);
}

static void start(unsigned int nr, __u64 seed)
{
	unsigned int i;

	for (i = 0; i < nr; i++) {
		struct worker *worker = &workers[i];

		prepare(worker, i, seed);
		worker->fn = i == 0 ? process : i == 1 ? cdev : anything;
		ASSERT(!pthread_create(&worker->thread, NULL, work, worker));
	}
}

static void join(unsigned int nr)
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

	for (i = 0; i < NR_SPACES; i++) {
		if (id == spaces[i] || id == anchors[i].stdev)
			return true;
	}
	return false;
}

/*
 * A process that was killed leaves the devices and domains which it had not come
 * to destroy, since the file is not its own. IDs are given from the lowest on;
 * users have to go first.
 */
static void destroy_leftovers(void)
{
	bool progress;
	__u32 id;

	do {
		progress = false;
		for (id = 1; id < NR_IDS; id++) {
			if (!is_ours(id) && !__iommufd_destroy(iommufd, id))
				progress = true;
		}
	} while (progress);
}

/* What a user is charged for cannot be seen; the limit to the page tells. */
static void check_user_pays_nothing(void)
{
	int fd = iommufd_open();
	__u32 ioas = ioas_alloc(fd);
	struct mock_dev dev;

	mock_dev(fd, ioas, 0, &dev);
	sys_set_memlock(LAST_SIZE);
	ioas_map_fixed(fd, ioas, arena, ARENA_IOVA, LAST_SIZE);
	ASSERT_RC(__ioas_map_fixed(fd, ioas, arena, OWN_IOVA, PAGE, DMA_RW),
		  -ENOMEM);
	sys_close(fd);
}

/* Everything is given back; a device reaches nothing where all was unmapped. */
static void tear_down(long long pins)
{
	struct space space = { .backend = BACKEND_IOMMUFD, .fd = iommufd };
	struct edu *edu;
	unsigned int i;
	__u64 at;

	for (i = 0; i < NR_SPACES; i++) {
		int rc = __ioas_unmap(iommufd, spaces[i], 0, UINT64_MAX, NULL);

		ASSERT(!rc || rc == -ENOENT);
	}
	ASSERT_EQ(sys_vm_pinned(getpid()), 0);
	ASSERT_EQ(sys_vm_locked(getpid()), 0);
	ASSERT_EQ(sys_pins_held(), pins);

	memset(arena, 0x11, ARENA_SIZE);
	space.ioas = spaces[0];
	edu = edu_open_in(&space, pci_need(TESTDEV_EDU0));
	for (at = 0; at < ARENA_SIZE; at += MIB(1) + 3 * PAGE)
		edu_store(edu, ARENA_IOVA + at, PAGE);
	ASSERT(is_byte(arena, ARENA_SIZE, 0x11));
	edu_close(edu);

	destroy_leftovers();
	for (i = 0; i < NR_SPACES; i++) {
		iommufd_destroy(iommufd, anchors[i].stdev);
		iommufd_destroy(iommufd, spaces[i]);
	}
	sys_close(iommufd);
	check_user_pays_nothing();
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
	if (threads < 4 || threads > NR_THREADS_MAX) {
		fprintf(stderr, "stress: 4 to %u threads\n", NR_THREADS_MAX);
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	printf("# SEED=%llu, %u seconds, %u threads\n", seed, seconds, threads);
	mock_load();
	/* with the capability nothing is charged to a user */
	sys_set_memlock(LIMIT);
	sys_drop_ipc_lock();
	pins = sys_pins_held();
	device = start_device(seed);
	set_up();
	start(threads, seed);
	wait_seconds(seconds);
	stop = true;
	join(threads);
	kill(device, SIGTERM);
	child_expect(device, RESULT_PASS);
	tear_down(pins);
	printf("ok 1 stress\n");
	return RESULT_PASS;
}
