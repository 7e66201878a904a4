// SPDX-License-Identifier: GPL-2.0-only
/* IOMMU_IOAS_CHANGE_PROCESS: charge another process from now on. */
#include <errno.h>
#include <linux/iommufd.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include "edu.h"
#include "harness.h"
#include "ioas.h"
#include "mock.h"
#include "pci.h"
#include "sys.h"
#include "uffd.h"
#include "vdev.h"

#define IOVA 0x10000000ULL

static int __change_process(int fd)
{
	struct iommu_ioas_change_process cmd = { .size = sizeof(cmd) };

	return __sys_ioctl(fd, IOMMU_IOAS_CHANGE_PROCESS, &cmd);
}

/*
 * Open an edu device and map 16 pages of a file twice, charged to the process.
 * To select that mode, the process keeps all capabilities but CAP_IPC_LOCK.
 */
static struct edu *set_up(void)
{
	struct space *space = space_open(BACKEND_IOMMUFD);
	int file = memfd_create("selftest", MFD_CLOEXEC);
	__u64 by_process = 1, iova = IOVA;
	struct edu *edu;

	ASSERT(file >= 0 && !ftruncate(file, 16 * PAGE));
	iommufd_destroy(space->fd, space->ioas);
	ASSERT_RC(__iommufd_option(space->fd, IOMMU_OPTION_RLIMIT_MODE,
				   IOMMU_OPTION_OP_SET, 0, &by_process),
		  0);
	sys_drop_ipc_lock();
	sys_set_memlock(64 * PAGE);
	space->ioas = ioas_alloc(space->fd);
	edu = edu_open_in(space, pci_need(TESTDEV_EDU0));
	ASSERT_RC(__ioas_map_file(space->fd, space->ioas, file, 0, 16 * PAGE,
				  DMA_RW, &iova),
		  0);
	ASSERT_RC(__ioas_copy(space->fd, space->ioas, IOVA, 16 * PAGE,
			      space->ioas, 2 * IOVA, DMA_RW),
		  0);
	ASSERT_EQ(sys_vm_locked(getpid()), 16 * PAGE);
	return edu;
}

static void take_over(void *arg)
{
	struct edu *edu = arg;
	struct space *space = edu->vdev->space;

	ASSERT_EQ(sys_vm_locked(getpid()), 0);
	ASSERT_RC(__change_process(space->fd), 0);
	ASSERT_RC(__change_process(space->fd), 0);
	ASSERT_EQ(sys_vm_locked(getpid()), 16 * PAGE);
	ASSERT_EQ(sys_vm_locked(getppid()), 0);
	space_unmap(space, IOVA, 16 * PAGE);
	ASSERT_EQ(sys_vm_locked(getpid()), 16 * PAGE);
	space_unmap(space, 2 * IOVA, 16 * PAGE);
	ASSERT_EQ(sys_vm_locked(getpid()), 0);
}

TEST(child_takes_over)
{
	struct edu *edu = set_up();

	ASSERT_RC(__change_process(edu->vdev->space->fd), 0);
	ASSERT_EQ(sys_vm_locked(getpid()), 16 * PAGE);
	child_expect(child_start(take_over, edu), 0);
	ASSERT_EQ(sys_vm_locked(getpid()), 0);
	edu_close_with_space(edu);
}

static void fail_to_take_over(void *arg)
{
	struct edu *edu = arg;

	sys_set_memlock(15 * PAGE);
	ASSERT_RC(__change_process(edu->vdev->space->fd), -ENOMEM);
	ASSERT_EQ(sys_vm_locked(getpid()), 0);
	ASSERT_EQ(sys_vm_locked(getppid()), 16 * PAGE);
}

TEST(limit_refuses_new_process)
{
	struct edu *edu = set_up();

	child_expect(child_start(fail_to_take_over, edu), 0);
	ASSERT_EQ(sys_vm_locked(getpid()), 16 * PAGE);
	edu_close_with_space(edu);
}

TEST(memory_of_a_process_stays_its_own)
{
	struct edu *edu = set_up();
	struct space *space = edu->vdev->space;
	char *buf = sys_mmap_anon(PAGE);

	space_map(space, buf, 4 * IOVA, PAGE);
	ASSERT_RC(__change_process(space->fd), -EINVAL);
	space_unmap(space, 4 * IOVA, PAGE);
	ASSERT_RC(__change_process(space->fd), 0);
	edu_close_with_space(edu);
}

/** struct change_map - a map request in a thread, which waits for a page */
struct change_map {
	/** @fd: /dev/iommu */
	int fd;
	/** @ioas: ID of the IOAS, to which a device is attached */
	__u32 ioas;
	/** @page: memory that userfaultfd provides */
	void *page;
};

static void *change_map_run(void *arg)
{
	struct change_map *map = arg;

	ioas_map_fixed(map->fd, map->ioas, map->page, IOVA, PAGE);
	return NULL;
}

/* The memory is not mapped as long as it is waited for. */
TEST(while_a_map_waits_for_memory)
{
	struct change_map map = { .page = sys_mmap_anon(PAGE) };
	int uffd = uffd_over(map.page, PAGE);
	struct mock_dev dev;
	pthread_t thread;

	mock_load();
	map.fd = iommufd_open();
	map.ioas = ioas_alloc(map.fd);
	mock_dev(map.fd, map.ioas, 0, &dev);
	ASSERT(!pthread_create(&thread, NULL, change_map_run, &map));
	uffd_wait(uffd);
	ASSERT_RC(__change_process(map.fd), 0);
	uffd_fill(uffd, map.page, PAGE);
	ASSERT(!pthread_join(thread, NULL));
	ASSERT_RC(__change_process(map.fd), -EINVAL);
}

TEST(bad_input)
{
	struct iommu_ioas_change_process cmd = {
		.size = sizeof(cmd),
		.__reserved = 1,
	};
	int fd = iommufd_open();

	ASSERT_RC(__sys_ioctl(fd, IOMMU_IOAS_CHANGE_PROCESS, &cmd),
		  -EOPNOTSUPP);
	ASSERT_RC(__change_process(fd), 0);
}
