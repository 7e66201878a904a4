// SPDX-License-Identifier: GPL-2.0-only
/* Work on the mock IOMMU, by threads and by child processes. */
#include <errno.h>
#include <linux/iommufd.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backend.h"
#include "harness.h"
#include "ioas.h"
#include "mock.h"
#include "stress.h"
#include "sys.h"

/* Pages of the largest piece of the arena. */
#define WORK_PAGES_MAX 700U

/* xorshift64* by Vigna */
__u64 stress_random(__u64 *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1dULL;
}

unsigned int stress_roll(struct stress_worker *worker, unsigned int sides)
{
	return (stress_random(&worker->random) >> 32) % sides;
}

int stress_may_fail(int ret, const char *what)
{
	static const int known[] = { ENOENT,	 EEXIST,     EBUSY, ENOSPC,
				     EINVAL,	 EFAULT,     EPERM, EDEADLK,
				     EADDRINUSE, EOPNOTSUPP, EBADE };
	unsigned int i;

	if (ret >= 0)
		return ret;
	for (i = 0; i < ARRAY_SIZE(known); i++) {
		if (ret == -known[i])
			return ret;
	}
	FAIL("%s: %s", what, strerrorname_np(-ret));
}

__u32 stress_space(struct stress_worker *worker)
{
	return stress.spaces[stress_roll(worker, STRESS_NR_SPACES)];
}

struct stress_piece stress_piece(struct stress_worker *worker)
{
	unsigned int pages = 1 + stress_roll(worker, stress_roll(worker, 8) ?
							     8 :
							     WORK_PAGES_MAX);

	return (struct stress_piece){
		.offset =
			stress_roll(worker, STRESS_ARENA_PAGES - pages) * PAGE,
		.size = pages * PAGE,
	};
}

/*
 * In its own IOVA range a thread finds mapped what it has mapped, and nothing
 * else, no matter what other threads do.
 */
static void own_range(struct stress_worker *worker)
{
	__u64 size = (1 + stress_roll(worker, 64)) * PAGE;
	unsigned int n = stress_roll(worker, STRESS_NR_SPACES);
	char *memory = worker->memory + stress_roll(worker, 64) * PAGE;
	__u64 iova = STRESS_OWN_IOVA + worker->number * STRESS_OWN_SIZE +
		     stress_roll(worker, 256) * PAGE;
	__u64 unmapped = 0, at;

	ASSERT_RC(__ioas_map_fixed(stress.fd, stress.spaces[n], memory, iova,
				   size, DMA_RW),
		  0);
	ASSERT_RC(__mock_check_map(stress.fd, stress.anchors[n].hwpt, memory,
				   iova, size),
		  0);
	ASSERT_RC(__ioas_unmap(stress.fd, stress.spaces[n], iova, size,
			       &unmapped),
		  0);
	ASSERT_EQ(unmapped, size);
	for (at = 0; at < size; at += PAGE)
		ASSERT_RC(__mock_check_map(stress.fd, stress.anchors[n].hwpt,
					   memory + at, iova + at, PAGE),
			  -EINVAL);
}

static void arena_map(struct stress_worker *worker)
{
	struct stress_piece piece = stress_piece(worker);
	unsigned int prot = stress_roll(worker, 4) ? DMA_RW : DMA_READ;

	STRESS_MAY_FAIL(__ioas_map_fixed(
		stress.fd, stress_space(worker),
		stress.arena + stress_piece(worker).offset % MIB(4),
		STRESS_ARENA_IOVA + piece.offset,
		piece.size > MIB(4) ? MIB(4) : piece.size, prot));
}

static void arena_unmap(struct stress_worker *worker)
{
	struct stress_piece piece = stress_piece(worker);

	if (!stress_roll(worker, 8))
		piece = (struct stress_piece){ 0, STRESS_ARENA_SIZE };
	STRESS_MAY_FAIL(__ioas_unmap(stress.fd, stress_space(worker),
				     STRESS_ARENA_IOVA + piece.offset,
				     piece.size, NULL));
}

static void arena_copy(struct stress_worker *worker)
{
	struct stress_piece from = stress_piece(worker),
			    to = stress_piece(worker);
	__u64 size = from.size < to.size ? from.size : to.size;

	STRESS_MAY_FAIL(
		__ioas_copy(stress.fd, stress_space(worker),
			    STRESS_ARENA_IOVA + from.offset, size,
			    stress_space(worker), STRESS_ARENA_IOVA + to.offset,
			    stress_roll(worker, 4) ? DMA_RW : DMA_READ));
}

/*
 * Discard pages, replace them by others or by huge ones. Pinned pages must not
 * be affected.
 */
static void arena_memory(struct stress_worker *worker)
{
	static const int advice[] = { MADV_DONTNEED, MADV_HUGEPAGE,
				      MADV_NOHUGEPAGE, MADV_WILLNEED };
	struct stress_piece piece = stress_piece(worker);

	madvise(stress.arena + piece.offset, piece.size,
		advice[stress_roll(worker, ARRAY_SIZE(advice))]);
	if (!stress_roll(worker, 4)) {
		mprotect(stress.arena + piece.offset, piece.size, PROT_READ);
		mprotect(stress.arena + piece.offset, piece.size,
			 PROT_READ | PROT_WRITE);
	}
}

/*
 * Create a device, attach it to one address space after the other, remove it.
 */
static void use_mock_device(struct stress_worker *worker)
{
	struct mock_dev dev;
	unsigned int moves = stress_roll(worker, 4);

	if (STRESS_MAY_FAIL(
		    __mock_dev(stress.fd, stress_space(worker), 0, &dev)))
		return;
	while (moves--)
		STRESS_MAY_FAIL(__mock_replace(stress.fd, dev.stdev,
					       stress_space(worker)));
	iommufd_destroy(stress.fd, dev.stdev);
}

static void read_dirty(__u32 hwpt, __u64 offset)
{
	__u64 bitmap[STRESS_ARENA_PAGES / 64];

	ASSERT_RC(__hwpt_set_tracking(stress.fd, hwpt,
				      IOMMU_HWPT_DIRTY_TRACKING_ENABLE),
		  0);
	STRESS_MAY_FAIL(
		__hwpt_get_dirty(stress.fd, hwpt, 0,
				 STRESS_ARENA_IOVA + offset / MIB(1) * MIB(1),
				 MIB(1), PAGE, bitmap));
}

/* Create a domain, which is filled with all present mappings. */
static void use_domain(struct stress_worker *worker)
{
	unsigned int n = stress_roll(worker, STRESS_NR_SPACES);
	bool dirty = stress_roll(worker, 2);
	struct mock_dev dev;
	__u32 hwpt;

	if (STRESS_MAY_FAIL(__hwpt_alloc(
		    stress.fd, stress.anchors[n].idev, stress_space(worker),
		    dirty ? IOMMU_HWPT_ALLOC_DIRTY_TRACKING : 0, &hwpt)))
		return;
	if (dirty)
		read_dirty(hwpt, stress_piece(worker).offset);
	if (stress_roll(worker, 2) &&
	    !STRESS_MAY_FAIL(__mock_dev(stress.fd, hwpt, 0, &dev))) {
		STRESS_MAY_FAIL(__iommufd_destroy(stress.fd, hwpt));
		iommufd_destroy(stress.fd, dev.stdev);
	}
	iommufd_destroy(stress.fd, hwpt);
}

static void access_pages(struct stress_worker *worker, int fd)
{
	struct stress_piece piece = stress_piece(worker);
	unsigned int tries = 1 + stress_roll(worker, 8);
	__u32 id;

	while (tries--) {
		if (STRESS_MAY_FAIL(__access_pin(
			    stress.fd, fd, STRESS_ARENA_IOVA + piece.offset + 1,
			    PAGE + stress_roll(worker, 4 * PAGE), NULL,
			    stress_roll(worker, 2), &id)))
			continue;
		/* an unmap may have released the pages already */
		if (stress_roll(worker, 2))
			STRESS_MAY_FAIL(__access_unpin(stress.fd, fd, id));
	}
}

static void access_memory(struct stress_worker *worker)
{
	struct iommu_test_cmd replace = {
		.access_replace_ioas.ioas_id = stress_space(worker),
	};
	char data[3 * PAGE];
	int fd;

	fd = STRESS_MAY_FAIL(
		__mock_access(stress.fd, stress_space(worker),
			      MOCK_FLAGS_ACCESS_CREATE_NEEDS_PIN_PAGES));
	if (fd < 0)
		return;
	access_pages(worker, fd);
	memset(data, 0, sizeof(data));
	STRESS_MAY_FAIL(
		__access_rw(stress.fd, fd,
			    STRESS_ARENA_IOVA + stress_piece(worker).offset +
				    stress_roll(worker, PAGE),
			    data, stress_roll(worker, sizeof(data)),
			    stress_roll(worker, 2) ? MOCK_ACCESS_RW_WRITE : 0));
	if (stress_roll(worker, 2))
		STRESS_MAY_FAIL(__mock_op(stress.fd,
					  IOMMU_TEST_OP_ACCESS_REPLACE_IOAS, fd,
					  &replace));
	access_pages(worker, fd);
	sys_close(fd);
}

/* Create and destroy an address space, in a /dev/iommu of its own or not. */
static void use_new_ioas(struct stress_worker *worker)
{
	int fd = stress_roll(worker, 2) ? iommufd_open() : dup(stress.fd);
	struct mock_dev dev;
	__u32 ioas = ioas_alloc(fd);
	int ret;

	ioas_map_fixed(fd, ioas, worker->memory, STRESS_ARENA_IOVA,
		       (1 + stress_roll(worker, 64)) * PAGE);
	ASSERT_RC(__mock_dev(fd, ioas, 0, &dev), 0);
	ASSERT_RC(__iommufd_destroy(fd, ioas), -EBUSY);
	iommufd_destroy(fd, dev.stdev);
	/* CHANGE_PROCESS of another thread uses each IOAS for a moment. */
	do
		ret = __iommufd_destroy(fd, ioas);
	while (ret == -EBUSY);
	ASSERT_RC(ret, 0);
	close(fd);
}

static void send_queries(struct stress_worker *worker)
{
	struct iommu_iova_range ranges[8];
	struct iommu_ioas_change_process cmd = { .size = sizeof(cmd) };
	__u32 nr = ARRAY_SIZE(ranges);
	__u64 value = 0;

	ASSERT_RC(__ioas_ranges(stress.fd, stress_space(worker), ranges, &nr,
				NULL),
		  0);
	STRESS_MAY_FAIL(__iommufd_option(stress.fd, IOMMU_OPTION_HUGE_PAGES,
					 IOMMU_OPTION_OP_GET,
					 stress_space(worker), &value));
	STRESS_MAY_FAIL(
		__sys_ioctl(stress.fd, IOMMU_IOAS_CHANGE_PROCESS, &cmd));
}

/*
 * A child process does all that until it is killed, exits or executes another
 * program. It may do system calls only: it has copies of the locks of the
 * parent's threads, but not the threads that would release them.
 */
static void run_child(struct stress_worker *worker)
{
	static void (*const orders[])(struct stress_worker *worker) = {
		arena_map,  arena_unmap,  arena_copy,	   access_memory,
		use_domain, arena_memory, use_mock_device,
	};
	unsigned int nr = stress_roll(worker, 64);
	char *const args[] = { "stress", "--nothing", NULL };

	while (nr--)
		orders[stress_roll(worker, ARRAY_SIZE(orders))](worker);
	if (stress_roll(worker, 2))
		execv("/proc/self/exe", args);
	_exit(RESULT_PASS);
}

/*
 * Start a child process and let it run while own_range() is called some times.
 */
void stress_run_process(struct stress_worker *worker)
{
	__u64 seed = stress_random(&worker->random);
	unsigned int rounds = stress_roll(worker, 200);
	pid_t pid = fork();
	int status;

	ASSERT(pid >= 0);
	if (!pid) {
		worker->random = seed;
		run_child(worker);
	}
	/* the kill then hits the child at a random point of its work */
	while (rounds--)
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

/* Do one of the orders, chosen at random. */
void stress_run_order(struct stress_worker *worker)
{
	static void (*const orders[])(struct stress_worker *worker) = {
		own_range,    own_range,     arena_map,	      arena_map,
		arena_map,    arena_unmap,   arena_unmap,     arena_copy,
		arena_copy,   arena_memory,  use_mock_device, use_domain,
		use_domain,   access_memory, access_memory,   use_new_ioas,
		send_queries,
	};

	orders[stress_roll(worker, ARRAY_SIZE(orders))](worker);
}
