// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of a container, and bitmaps of its log, that user space provides when
 * it is accessed. Tests named memory_... run on the kernel's own VFIO, too.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>
#include <unistd.h>

#include "container.h"
#include "dirty.h"
#include "harness.h"
#include "pci.h"
#include "sample.h"
#include "sys.h"
#include "uffd.h"

#define IOVA 0x10000000ULL
#define MEM_SIZE (4 * PAGE)
#define MAP_RW (VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE)

static void expect_fault(int container, void *mem, size_t size)
{
	unsigned int avail = container_dma_avail(container);

	ASSERT_RC(__container_map(container, mem, IOVA, size, MAP_RW), -EFAULT);
	ASSERT_EQ(container_dma_avail(container), avail);
	ASSERT_EQ(sys_vm_locked(getpid()), 0);
	ASSERT_EQ(sys_pins_held(), 0);
}

static void expect_mapped(int container, void *mem, size_t size)
{
	container_map(container, mem, IOVA, size);
	ASSERT_EQ(sys_vm_locked(getpid()), size);
	container_unmap(container, IOVA, size);
	ASSERT_EQ(sys_pins_held(), 0);
}

static void check_missing(int container, char *mem)
{
	int uffd = uffd_over(mem, MEM_SIZE);

	expect_fault(container, mem, MEM_SIZE);
	uffd_fill(uffd, mem, MEM_SIZE - PAGE);
	expect_fault(container, mem, MEM_SIZE);
	uffd_fill(uffd, mem + MEM_SIZE - PAGE, PAGE);
	expect_mapped(container, mem, MEM_SIZE);
	sys_close(uffd);
	sys_munmap(mem, MEM_SIZE);
}

/* A map request does not wait for user space to provide the memory. */
TEST_OVER(memory_missing, BACKENDS_LEGACY)
{
	int container = container_ready(backend);
	int file = memfd_create("memory", MFD_CLOEXEC);
	char *shared;

	check_missing(container, sys_mmap_anon(MEM_SIZE));
	ASSERT(file >= 0);
	ASSERT(!ftruncate(file, MEM_SIZE));
	shared = mmap(NULL, MEM_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, file,
		      0);
	ASSERT(shared != MAP_FAILED);
	check_missing(container, shared);
}

TEST_OVER(memory_missing_huge, BACKENDS_LEGACY)
{
	int container = container_ready(backend);
	char *mem = mmap(NULL, MIB(2), PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0);
	int uffd;

	ASSERT(mem != MAP_FAILED);
	uffd = uffd_over(mem, MIB(2));
	expect_fault(container, mem, MIB(2));
	sys_close(uffd);
	expect_mapped(container, mem, MIB(2));
}

TEST_OVER(memory_protected, BACKENDS_LEGACY)
{
	int container = container_ready(backend);
	char *mem = sys_mmap_anon(MEM_SIZE);
	int uffd;

	fill_pattern(mem, MEM_SIZE, 1);
	uffd = uffd_protect(mem + PAGE, PAGE);
	expect_fault(container, mem, MEM_SIZE);
	ASSERT_RC(__container_map(container, mem, IOVA, MEM_SIZE,
				  VFIO_DMA_MAP_FLAG_READ),
		  0);
	container_unmap(container, IOVA, MEM_SIZE);
	uffd_unprotect(uffd, mem + PAGE, PAGE);
	expect_mapped(container, mem, MEM_SIZE);
}

/* Memory that the kernel provides is waited for: of a file, not read yet. */
TEST_OVER(memory_of_a_file, BACKENDS_LEGACY)
{
	int container = container_ready(backend);
	int file = sys_open("/proc/self/exe", O_RDONLY);
	char *mem;

	posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
	mem = mmap(NULL, MEM_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE, file,
		   0);
	ASSERT(mem != MAP_FAILED);
	expect_mapped(container, mem, MEM_SIZE);
	ASSERT(mem[1] == 'E' && mem[2] == 'L' && mem[3] == 'F');
}

/*
 * The memory is pinned when a device pins it, or when the first group with an
 * IOMMU is added.
 */
TEST_OVER(memory_pinned_later, BACKENDS_LEGACY)
{
	const char *bdf = pci_need(TESTDEV_EDU0);
	struct space *space = space_open(backend);
	char *mem = sys_mmap_anon(MEM_SIZE);
	int uffd = uffd_over(mem, MEM_SIZE);
	int group = group_open(bdf);
	int fd = sample_open_in(space, 0);

	space_map(space, mem, IOVA, MEM_SIZE);
	ASSERT_RC(__sample_pin(fd, IOVA, 1, SAMPLE_RW), -EFAULT);
	ASSERT_RC(__group_set_container(group, space->fd), -EFAULT);
	uffd_fill(uffd, mem, MEM_SIZE);
	sample_pin(fd, IOVA, 1);
	ASSERT_RC(__group_set_container(group, space->fd), 0);
}

/** struct blocked - a container whose lock a thread holds for long */
struct blocked {
	/** @container: the container */
	int container;
	/** @group: a group that is not in the container */
	int group;
	/** @uffd: userfaultfd for @bitmap */
	int uffd;
	/** @bitmap: bitmap of the log that the thread waits to write to */
	void *bitmap;
	/** @thread: the thread */
	pthread_t thread;
};

static void *blocked_run(void *arg)
{
	struct blocked *blocked = arg;

	log_get(blocked->container, IOVA, 1, blocked->bitmap);
	return NULL;
}

static void blocked_begin(struct blocked *blocked)
{
	container_map(blocked->container, sys_mmap_anon(PAGE), IOVA, PAGE);
	log_start(blocked->container);
	blocked->bitmap = sys_mmap_anon(PAGE);
	blocked->uffd = uffd_over(blocked->bitmap, PAGE);
	ASSERT(!pthread_create(&blocked->thread, NULL, blocked_run, blocked));
	uffd_wait(blocked->uffd);
}

static void blocked_end(struct blocked *blocked)
{
	uffd_fill(blocked->uffd, blocked->bitmap, PAGE);
	ASSERT(!pthread_join(blocked->thread, NULL));
}

/*
 * Devices are opened and closed, and extensions are checked, while a request
 * waits for user space. If these requests waited, then so would other groups
 * with devices on the same bus.
 */
TEST_OVER(open_while_blocked, BACKENDS_LEGACY)
{
	const char *bdf = pci_need(TESTDEV_EDU0);
	struct blocked blocked = { .container = container_open(backend) };
	int container = blocked.container;
	int group = group_open(bdf);

	group_set_container(group, container);
	container_set_iommu(container);
	blocked_begin(&blocked);

	sys_close(group_device(group, bdf));
	ASSERT_RC(__container_extension(container, VFIO_TYPE1v2_IOMMU), 1);
	ASSERT_RC(__container_extension(container, VFIO_NOIOMMU_IOMMU), 0);

	blocked_end(&blocked);
	container_unmap(container, IOVA, PAGE);
	ASSERT_EQ(sys_pins_held(), 0);
}

static void wait_in_map(void *arg)
{
	const struct blocked *blocked = arg;

	container_map(blocked->container, sys_mmap_anon(PAGE), IOVA + PAGE,
		      PAGE);
}

static void wait_in_unmap(void *arg)
{
	const struct blocked *blocked = arg;

	container_unmap(blocked->container, IOVA, PAGE);
}

static void wait_in_get_info(void *arg)
{
	const struct blocked *blocked = arg;

	container_dma_avail(blocked->container);
}

static void wait_in_log(void *arg)
{
	const struct blocked *blocked = arg;

	log_stop(blocked->container);
}

static void wait_in_dma_cc(void *arg)
{
	const struct blocked *blocked = arg;

	__container_extension(blocked->container, VFIO_DMA_CC_IOMMU);
}

static void wait_in_update_vaddr(void *arg)
{
	const struct blocked *blocked = arg;

	__container_extension(blocked->container, VFIO_UPDATE_VADDR);
}

static void wait_in_set_iommu(void *arg)
{
	const struct blocked *blocked = arg;

	__container_set_iommu(blocked->container, VFIO_TYPE1v2_IOMMU);
}

static void wait_in_set_container(void *arg)
{
	const struct blocked *blocked = arg;

	__group_set_container(blocked->group, blocked->container);
}

/* What waits for a request that waits for user space can be killed. */
TEST_OVER(kill_while_blocked, BACKENDS_LEGACY)
{
	static void (*const waiters[])(void *) = {
		wait_in_map,	   wait_in_unmap,	  wait_in_get_info,
		wait_in_log,	   wait_in_dma_cc,	  wait_in_update_vaddr,
		wait_in_set_iommu, wait_in_set_container,
	};
	struct blocked blocked = { .container = container_ready(backend) };
	size_t i;
	pid_t pid;

	blocked.group = group_open(pci_need(TESTDEV_EDU1));
	blocked_begin(&blocked);
	for (i = 0; i < ARRAY_SIZE(waiters); i++) {
		test_note("request %zu", i);
		pid = child_start(waiters[i], &blocked);
		while (!sys_is_stuck(pid, "[iommufd]"))
			sched_yield();
		child_kill(pid);
	}
	blocked_end(&blocked);
	/* nothing is left half done */
	group_set_container(blocked.group, blocked.container);
	container_unmap(blocked.container, IOVA, PAGE);
	ASSERT_EQ(sys_pins_held(), 0);
}
