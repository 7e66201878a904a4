// SPDX-License-Identifier: GPL-2.0-only
/*
 * Maps memory that was not touched before, so that other threads fault it in
 * ahead. The faults of threads that have exited count as those of the process.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "container.h"
#include "harness.h"
#include "ioas.h"
#include "memcg.h"
#include "mock.h"
#include "sys.h"
#include "uffd.h"

#define IOVA 0x10000000ULL
#define SIZE MIB(256)
/* The first part is pinned alone. Other threads are this much ahead, at most. */
#define ALONE MIB(32)
#define AHEAD MIB(128)
#define NR_HUGE "128"

/** struct cold - an I/O address space to map cold memory in */
struct cold {
	/** @fd: /dev/iommu */
	int fd;
	/** @ioas: an IOAS */
	__u32 ioas;
	/** @dev: a device attached to it */
	struct mock_dev dev;
	/** @mem: SIZE bytes */
	char *mem;
};

static void cold_init(struct cold *cold)
{
	mock_load();
	cold->fd = iommufd_open();
	cold->ioas = ioas_alloc(cold->fd);
	mock_dev(cold->fd, cold->ioas, 0, &cold->dev);
	cold->mem = NULL;
}

static void cold_init_small(struct cold *cold)
{
	cold_init(cold);
	cold->mem = sys_mmap_huge_aligned(SIZE);
	ASSERT(!madvise(cold->mem, SIZE, MADV_NOHUGEPAGE));
}

static int cold_map(const struct cold *cold, size_t size)
{
	return __ioas_map_fixed(cold->fd, cold->ioas, cold->mem, IOVA, size,
				DMA_RW);
}

/* Return the number of faults of threads other than this one, the only one. */
static long faults_of_others(void)
{
	struct rusage self, thread;

	ASSERT(!getrusage(RUSAGE_SELF, &self));
	ASSERT(!getrusage(RUSAGE_THREAD, &thread));
	return self.ru_minflt - thread.ru_minflt;
}

static void need_processors(void)
{
	cpu_set_t set;

	ASSERT(!sched_getaffinity(0, sizeof(set), &set));
	if (CPU_COUNT(&set) < 2)
		SKIP("one processor");
}

static void check_nothing_left(void)
{
	ASSERT_EQ(sys_pins_held(), 0);
	ASSERT_EQ(sys_vm_pinned(getpid()), 0);
}

/* Maps memory part of which has contents, and checks that it keeps them. */
static void check_content(struct cold *cold)
{
	size_t at;

	need_processors();
	for (at = 0; at < SIZE; at += MIB(6))
		fill_pattern(cold->mem + at, KIB(100), (unsigned int)at);
	ASSERT_RC(cold_map(cold, SIZE), 0);
	ASSERT_EQ(sys_vm_pinned(getpid()), SIZE);
	ASSERT_RC(__mock_check_map(cold->fd, cold->dev.hwpt, cold->mem, IOVA,
				   SIZE),
		  0);
	for (at = 0; at < SIZE; at += MIB(6)) {
		ASSERT(is_pattern(cold->mem + at, KIB(100), (unsigned int)at));
		if (at + MIB(4) < SIZE)
			ASSERT(is_byte(cold->mem + at + MIB(2), MIB(2), 0));
	}
	test_note("other threads took %ld faults", faults_of_others());
	ASSERT(faults_of_others() > 0);
	ioas_unmap(cold->fd, cold->ioas, IOVA, SIZE);
	check_nothing_left();
}

TEST(content_4k)
{
	struct cold cold;

	cold_init_small(&cold);
	check_content(&cold);
}

TEST(content_thp)
{
	struct cold cold;

	cold_init(&cold);
	cold.mem = sys_mmap_huge_aligned(SIZE);
	check_content(&cold);
}

static void map_huge(struct cold *cold)
{
	ASSERT_RC(__sys_write_file("/proc/sys/vm/nr_hugepages", NR_HUGE), 0);
	cold->mem = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	ASSERT(cold->mem != MAP_FAILED);
}

static void unmap_huge(struct cold *cold)
{
	sys_munmap(cold->mem, SIZE);
	/* what other tests need */
	ASSERT_RC(__sys_write_file("/proc/sys/vm/nr_hugepages", "32"), 0);
}

TEST(content_hugetlb)
{
	struct cold cold;

	cold_init(&cold);
	map_huge(&cold);
	check_content(&cold);
	unmap_huge(&cold);
}

TEST(content_shared)
{
	struct cold cold;

	cold_init(&cold);
	cold.mem = mmap(NULL, SIZE, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT(cold.mem != MAP_FAILED);
	check_content(&cold);
}

TEST_OVER(content_container, BACKENDS_LEGACY)
{
	int container = container_ready(backend);
	char *mem = sys_mmap_anon(SIZE);

	need_processors();
	container_map(container, mem, IOVA, SIZE);
	ASSERT_EQ(sys_vm_locked(getpid()), SIZE);
	ASSERT(faults_of_others() > 0);
	ASSERT(is_byte(mem, SIZE, 0));
	container_unmap(container, IOVA, SIZE);
	ASSERT_EQ(sys_vm_locked(getpid()), 0);
	ASSERT_EQ(sys_pins_held(), 0);
}

/* A thread with one processor gets no help. */
TEST(one_processor)
{
	struct cold cold;
	cpu_set_t set;

	cold_init_small(&cold);
	CPU_ZERO(&set);
	CPU_SET(sched_getcpu(), &set);
	ASSERT(!sched_setaffinity(0, sizeof(set), &set));
	ASSERT_RC(cold_map(&cold, SIZE), 0);
	ASSERT_EQ(faults_of_others(), 0);
}

TEST(little_memory)
{
	struct cold cold;

	cold_init_small(&cold);
	ASSERT_RC(cold_map(&cold, 2 * ALONE - PAGE), 0);
	ASSERT_EQ(faults_of_others(), 0);
}

TEST(warm_memory)
{
	struct cold cold;

	cold_init_small(&cold);
	memset(cold.mem, 1, SIZE);
	ASSERT_RC(cold_map(&cold, SIZE), 0);
	ASSERT_EQ(faults_of_others(), 0);
}

static void check_no_pages(const char *mem, size_t size)
{
	unsigned char present[SIZE / PAGE];
	size_t i;

	ASSERT(!mincore((void *)mem, size, present));
	for (i = 0; i < size / PAGE; i++)
		if (present[i] & 1)
			FAIL("page %zu of %zu is present", i,
			     (size_t)(size / PAGE));
}

/* Fails because of the page at @bad, and leaves what is far beyond it alone. */
static void check_failure(struct cold *cold, size_t bad)
{
	size_t far = bad + ALONE + AHEAD;

	ASSERT_RC(cold_map(cold, SIZE), -EFAULT);
	check_nothing_left();
	check_no_pages(cold->mem + far, SIZE - far);
}

TEST(page_missing)
{
	struct cold cold;

	cold_init_small(&cold);
	sys_munmap(cold.mem + 2 * ALONE + PAGE, PAGE);
	check_failure(&cold, 2 * ALONE + PAGE);
}

TEST(page_without_access)
{
	struct cold cold;

	cold_init_small(&cold);
	ASSERT(!mprotect(cold.mem + 2 * ALONE + PAGE, PAGE, PROT_NONE));
	check_failure(&cold, 2 * ALONE + PAGE);
	ASSERT(!mprotect(cold.mem + 2 * ALONE + PAGE, PAGE,
			 PROT_READ | PROT_WRITE));
	ASSERT_RC(cold_map(&cold, SIZE), 0);
}

TEST(page_read_only)
{
	struct cold cold;

	cold_init_small(&cold);
	ASSERT(!mprotect(cold.mem + 2 * ALONE + PAGE, PAGE, PROT_READ));
	check_failure(&cold, 2 * ALONE + PAGE);
}

/* What the limit does not allow is not faulted in. */
TEST(memlock_limit)
{
	struct cold cold;

	cold_init_small(&cold);
	sys_set_memlock(2 * ALONE + PAGE);
	sys_drop_ipc_lock();
	ASSERT_RC(cold_map(&cold, SIZE), -ENOMEM);
	check_nothing_left();
	check_no_pages(cold.mem + 2 * ALONE + 2 * PAGE,
		       SIZE - 2 * ALONE - 2 * PAGE);
	ASSERT_RC(cold_map(&cold, 2 * ALONE), 0);
}

/* A program with one thread still has one after the call. */
TEST(threads_have_exited)
{
	struct cold cold;
	unsigned int i;

	need_processors();
	cold_init_small(&cold);
	for (i = 0; i < 8; i++) {
		ASSERT_RC(cold_map(&cold, SIZE), 0);
		ASSERT(!unshare(CLONE_THREAD));
		ioas_unmap(cold.fd, cold.ioas, IOVA, SIZE);
		ASSERT(!madvise(cold.mem, SIZE, MADV_DONTNEED));
	}
	ASSERT(faults_of_others() > 0);
}

static void check_charged(struct cold *cold, const char *what, long long more)
{
	long long before, after;

	before = memcg_charged();
	ASSERT_RC(cold_map(cold, SIZE), 0);
	ASSERT(faults_of_others() > 0);
	after = memcg_charged();
	if (after - before < more)
		FAIL("%s: %lld of %lld bytes are charged", what, after - before,
		     more);
	ioas_unmap(cold->fd, cold->ioas, IOVA, SIZE);
	sys_munmap(cold->mem, SIZE);
	after = memcg_charged();
	if (after - before > (long long)MIB(4))
		FAIL("%s: %lld bytes are still charged", what, after - before);
}

/* The memory is charged to the group of the process, and uncharged from it. */
TEST(charged_to_group)
{
	struct cold cold;

	need_processors();
	cold_init_small(&cold);
	memcg_enter();
	check_charged(&cold, "small pages", SIZE);
}

/* Reserved huge pages have a controller, which looks at the thread that faults. */
TEST(hugetlb_charged_to_group)
{
	char path[80];
	struct cold cold;

	need_processors();
	cold_init(&cold);
	map_huge(&cold);
	memcg_enter();
	if (__sys_write_file("/sys/fs/cgroup/cgroup.subtree_control",
			     "+hugetlb"))
		SKIP("no controller of huge pages");
	snprintf(path, sizeof(path),
		 "/sys/fs/cgroup/test.%d/hugetlb.2MB.current", getpid());
	ASSERT_RC(cold_map(&cold, SIZE), 0);
	ASSERT(faults_of_others() > 0);
	ASSERT_EQ(sys_read_number(path, ""), SIZE);
	ioas_unmap(cold.fd, cold.ioas, IOVA, SIZE);
	unmap_huge(&cold);
	ASSERT_EQ(sys_read_number(path, ""), 0);
}

/** struct waiting - a map request that waits for a page of user space */
struct waiting {
	/** @cold: the address space and the memory */
	struct cold cold;
	/** @uffd: provides the last part of the memory */
	int uffd;
	/** @event: signalled when the request waits */
	int event;
};

#define LAST (SIZE - MIB(32))

static void waiting_init(struct waiting *waiting)
{
	cold_init_small(&waiting->cold);
	waiting->event = sys_eventfd();
	waiting->uffd = uffd_over(waiting->cold.mem + LAST, SIZE - LAST);
}

static void *provide_memory(void *arg)
{
	struct waiting *waiting = arg;

	uffd_wait(waiting->uffd);
	uffd_fill(waiting->uffd, waiting->cold.mem + LAST, SIZE - LAST);
	return NULL;
}

/* Memory of userfaultfd is left to the thread that maps, which waits for it. */
TEST(userfaultfd)
{
	struct waiting waiting;
	pthread_t thread;

	waiting_init(&waiting);
	ASSERT(!pthread_create(&thread, NULL, provide_memory, &waiting));
	ASSERT_RC(cold_map(&waiting.cold, SIZE), 0);
	ASSERT(!pthread_join(thread, NULL));
	ASSERT_RC(__mock_check_map(waiting.cold.fd, waiting.cold.dev.hwpt,
				   waiting.cold.mem, IOVA, SIZE),
		  0);
}

static void *report_wait(void *arg)
{
	struct waiting *waiting = arg;
	const unsigned long long one = 1;

	uffd_wait(waiting->uffd);
	ASSERT_EQ(write(waiting->event, &one, sizeof(one)), sizeof(one));
	pause();
	return NULL;
}

static void map_and_wait(void *arg)
{
	struct waiting *waiting = arg;
	pthread_t thread;

	/* the child of a fork has no userfaultfd: use memory of its own */
	cold_init_small(&waiting->cold);
	waiting->uffd = uffd_over(waiting->cold.mem + LAST, SIZE - LAST);
	ASSERT(!pthread_create(&thread, NULL, report_wait, waiting));
	cold_map(&waiting->cold, SIZE);
	FAIL("the request did not wait");
}

/* Other threads exist while the request waits; all of them are killed. */
TEST(kill_waiting)
{
	struct waiting waiting = { .event = sys_eventfd() };
	pid_t pid = child_start(map_and_wait, &waiting);

	sys_eventfd_wait(waiting.event);
	child_kill(pid);
	ASSERT_EQ(sys_pins_held(), 0);
}

static void map_again_and_again(void *arg)
{
	struct cold cold;

	(void)arg;
	cold_init_small(&cold);
	for (;;) {
		ASSERT_RC(cold_map(&cold, SIZE), 0);
		ioas_unmap(cold.fd, cold.ioas, IOVA, SIZE);
		ASSERT(!madvise(cold.mem, SIZE, MADV_DONTNEED));
	}
}

static long long resident(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	return sys_read_number(path, "VmRSS:") * 1024;
}

static void wait_for_resident(pid_t pid, long long bytes)
{
	while (resident(pid) < bytes)
		sched_yield();
}

TEST(kill_faulting)
{
	unsigned int i;
	pid_t pid;

	for (i = 1; i < 8; i++) {
		pid = child_start(map_again_and_again, NULL);
		wait_for_resident(pid, i * ALONE);
		child_kill(pid);
		ASSERT_EQ(sys_pins_held(), 0);
	}
}

/* A process that is stopped while it maps can continue. */
TEST(stop_and_continue)
{
	pid_t pid = child_start(map_again_and_again, NULL);
	unsigned int i;
	int status;

	for (i = 1; i < 8; i++) {
		wait_for_resident(pid, i * ALONE);
		ASSERT(!kill(pid, SIGSTOP));
		ASSERT_EQ(waitpid(pid, &status, WUNTRACED), pid);
		ASSERT(WIFSTOPPED(status));
		ASSERT(!kill(pid, SIGCONT));
	}
	child_kill(pid);
	ASSERT_EQ(sys_pins_held(), 0);
}
