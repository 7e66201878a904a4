// SPDX-License-Identifier: GPL-2.0-only
/*
 * Limits to the time, kernel memory and RAM that a request uses before it
 * fails.
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>
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
/* The memlock limit, in pages, and a number of pages above it. */
#define LIMIT_PAGES 16
#define NR_PAGES 64

/* IOVA and size of mappings in a domain that is larger than any process. */
#define FAR_IOVA (1ULL << 55)
#define LONG_SIZE (1ULL << 54)

/** struct far_ioas - an IOAS with such a domain */
struct far_ioas {
	/** @fd: /dev/iommu */
	int fd;
	/** @ioas: ID of the IOAS */
	__u32 ioas;
	/** @hwpt: ID of the domain */
	__u32 hwpt;
};

static void far_open(struct far_ioas *far)
{
	struct mock_dev dev;

	mock_load();
	far->fd = iommufd_open();
	mock_dev(far->fd, ioas_alloc(far->fd), 0, &dev);
	far->ioas = ioas_alloc(far->fd);
	far->hwpt = mock_hwpt_huge(far->fd, dev.idev, far->ioas, 0);
}

static int far_map(const struct far_ioas *far, const void *mem)
{
	return __ioas_map_fixed(far->fd, far->ioas, mem, FAR_IOVA, LONG_SIZE,
				DMA_RW);
}

/*
 * The map fails at the first page that is missing and unpins the pages before
 * it.
 */
TEST(absurd_length)
{
	char *mem = sys_mmap_anon(NR_PAGES * PAGE);
	struct far_ioas far;

	far_open(&far);
	/* no later allocation may follow the memory */
	ASSERT(!mprotect(mem + (NR_PAGES - 1) * PAGE, PAGE, PROT_NONE));
	ASSERT_RC(far_map(&far, mem), -EFAULT);
	ASSERT_RC(far_map(&far, mem + (NR_PAGES - 2) * PAGE), -EFAULT);
	ASSERT_RC(far_map(&far, BAD_PTR), -EINVAL);
	ASSERT_EQ(sys_pins_held(), 0);
	ASSERT_EQ(sys_vm_pinned(getpid()), 0);

	sys_set_memlock(LIMIT_PAGES * PAGE);
	sys_drop_ipc_lock();
	iommufd_destroy(far.fd, far.hwpt);
	iommufd_destroy(far.fd, far.ioas);
	sys_close(far.fd);
	far_open(&far);
	ASSERT_RC(far_map(&far, mem), -ENOMEM);
	ASSERT_RC(far_map(&far, mem + (NR_PAGES - LIMIT_PAGES) * PAGE),
		  -EFAULT);
	ASSERT_RC(far_map(&far, mem + (NR_PAGES - LIMIT_PAGES - 1) * PAGE),
		  -EFAULT);
	ASSERT_RC(far_map(&far, mem + (NR_PAGES - LIMIT_PAGES - 2) * PAGE),
		  -ENOMEM);
	ASSERT_EQ(sys_pins_held(), 0);
	ioas_map_fixed(far.fd, far.ioas, mem, FAR_IOVA, LIMIT_PAGES * PAGE);
}

/* A sparse file may have any size, but all pinned pages would be allocated. */
TEST(absurd_file)
{
	int file = memfd_create("selftest", MFD_CLOEXEC);
	struct far_ioas far;
	__u64 iova = FAR_IOVA;

	far_open(&far);
	ASSERT(file >= 0 && !ftruncate(file, LONG_SIZE));
	ASSERT_RC(__ioas_map_file(far.fd, far.ioas, file, 0, LONG_SIZE, DMA_RW,
				  &iova),
		  -ENOMEM);
	ASSERT_EQ(sys_pins_held(), 0);
	ASSERT_RC(__ioas_map_file(far.fd, far.ioas, file, LONG_SIZE - PAGE,
				  PAGE, DMA_RW, &iova),
		  0);
}

static int open_access(int fd, __u32 ioas)
{
	return ASSERT_OK(__mock_access(
		fd, ioas, MOCK_FLAGS_ACCESS_CREATE_NEEDS_PIN_PAGES));
}

/* Without a domain only the pinned pages count, not the length. */
TEST(one_page_of_an_absurd_length)
{
	char *mem = sys_mmap_anon(PAGE);
	int fd = iommufd_open(), access, file;
	__u32 ioas = ioas_alloc(fd), id;
	__u64 iova = IOVA + (1ULL << 63);

	mock_load();
	access = open_access(fd, ioas);
	ASSERT_RC(__ioas_map_fixed(fd, ioas, mem, IOVA, 1ULL << 62, DMA_RW), 0);
	ASSERT_RC(__access_pin(fd, access, IOVA, PAGE, mem,
			       MOCK_FLAGS_ACCESS_WRITE, &id),
		  0);
	ASSERT_RC(__access_unpin(fd, access, id), 0);
	/* beyond the address space of a process */
	ASSERT_RC(__access_pin(fd, access, IOVA + (1ULL << 61), PAGE, NULL,
			       MOCK_FLAGS_ACCESS_WRITE, &id),
		  -EFAULT);

	file = memfd_create("selftest", MFD_CLOEXEC);
	ASSERT(file >= 0 && !ftruncate(file, 1ULL << 62));
	ASSERT_RC(__ioas_map_file(fd, ioas, file, 0, 1ULL << 62, DMA_RW, &iova),
		  0);
	ASSERT_RC(__access_pin(fd, access, iova, PAGE, NULL,
			       MOCK_FLAGS_ACCESS_WRITE, &id),
		  0);
	ASSERT_RC(__access_unpin(fd, access, id), 0);
	ASSERT_RC(__access_pin(fd, access, iova + (1ULL << 50) - PAGE, PAGE,
			       NULL, MOCK_FLAGS_ACCESS_WRITE, &id),
		  0);
	ASSERT_RC(__access_unpin(fd, access, id), 0);
	ASSERT_RC(__access_pin(fd, access, iova + (1ULL << 50), PAGE, NULL,
			       MOCK_FLAGS_ACCESS_WRITE, &id),
		  -ENOMEM);
	ASSERT_EQ(sys_pins_held(), 0);
}

/*
 * A mapping of memory that is not RAM needs a bitmap with a bit for each page,
 * which larger mappings than any BAR do not get.
 */
TEST(bar_in_an_absurd_length)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU1), BACKEND_IOMMUFD);
	char *bar = vdev_mmap(edu->vdev, 0, NULL);
	int fd = iommufd_open(), access;
	__u32 ioas = ioas_alloc(fd), id;

	mock_load();
	access = open_access(fd, ioas);
	ASSERT_RC(__ioas_map_fixed(fd, ioas, bar, IOVA, 2 * PAGE, DMA_RW), 0);
	/* the CPU cannot reach it */
	ASSERT_RC(__access_pin(fd, access, IOVA, PAGE, NULL, 0, &id), -EINVAL);
	ioas_unmap(fd, ioas, IOVA, 2 * PAGE);
	ASSERT_RC(__ioas_map_fixed(fd, ioas, bar, IOVA, (1ULL << 42) + PAGE,
				   DMA_RW),
		  0);
	ASSERT_RC(__access_pin(fd, access, IOVA, PAGE, NULL, 0, &id), -EFAULT);
}

/** struct paused_map - a map request in a thread, which waits for a page */
struct paused_map {
	/** @thread: the thread */
	pthread_t thread;
	/** @fd: /dev/iommu */
	int fd;
	/** @ioas: ID of the IOAS */
	__u32 ioas;
	/** @mem: the memory */
	char *mem;
	/** @size: bytes of @mem */
	size_t size;
	/** @hole: a page of @mem, which is missing */
	char *hole;
	/** @uffd: userfaultfd that provides the missing page */
	int uffd;
	/** @ret: return value of the request */
	int ret;
};

static void *paused_map_run(void *arg)
{
	struct paused_map *map = arg;

	map->ret = __ioas_map_fixed(map->fd, map->ioas, map->mem, IOVA,
				    map->size, DMA_RW);
	return NULL;
}

static void paused_map_start(struct paused_map *map, char *hole)
{
	map->hole = hole;
	map->uffd = uffd_over(hole, PAGE);
	ASSERT(!pthread_create(&map->thread, NULL, paused_map_run, map));
	uffd_wait(map->uffd);
}

static void paused_map_finish(struct paused_map *map)
{
	uffd_fill(map->uffd, map->hole, PAGE);
	pthread_join(map->thread, NULL);
	close(map->uffd);
}

/*
 * Pages are charged before they are pinned, even if the limit refuses some of
 * them.
 */
TEST(charged_before_it_is_held)
{
	struct paused_map map = {
		.mem = sys_mmap_huge_aligned(MIB(2)),
		.size = NR_PAGES * PAGE,
	};
	char *hole = map.mem + LIMIT_PAGES / 2 * PAGE;
	struct mock_dev dev;
	__u64 by_process = 1;

	mock_load();
	ASSERT(!madvise(map.mem, MIB(2), MADV_NOHUGEPAGE));
	map.fd = iommufd_open();
	ASSERT_RC(__iommufd_option(map.fd, IOMMU_OPTION_RLIMIT_MODE,
				   IOMMU_OPTION_OP_SET, 0, &by_process),
		  0);
	sys_set_memlock(LIMIT_PAGES * PAGE);
	sys_drop_ipc_lock();
	map.ioas = ioas_alloc(map.fd);
	mock_dev(map.fd, map.ioas, 0, &dev);
	memset(map.mem, 1, map.size);
	ASSERT(!madvise(hole, PAGE, MADV_DONTNEED));
	paused_map_start(&map, hole);
	ASSERT_EQ(sys_vm_locked(getpid()), LIMIT_PAGES * PAGE);
	/* the limit is exhausted, so another map fails */
	ASSERT_RC(__ioas_map_fixed(map.fd, map.ioas, map.mem, IOVA + MIB(4),
				   PAGE, DMA_RW),
		  -ENOMEM);
	paused_map_finish(&map);
	ASSERT_RC(map.ret, -ENOMEM);
	ASSERT_EQ(sys_vm_locked(getpid()), 0);
	ASSERT_EQ(sys_vm_pinned(getpid()), 0);
	ASSERT_EQ(sys_pins_held(), 0);
	ioas_map_fixed(map.fd, map.ioas, map.mem, IOVA, LIMIT_PAGES * PAGE);
}

/*
 * Most of the memory is charged when its turn to be pinned has come, so that the
 * process can lock other memory until then.
 */
TEST(charged_in_steps)
{
	struct paused_map map = { .size = MIB(128) };
	struct mock_dev dev;
	__u64 by_process = 1;

	mock_load();
	map.mem = sys_mmap_anon(map.size);
	map.fd = iommufd_open();
	ASSERT_RC(__iommufd_option(map.fd, IOMMU_OPTION_RLIMIT_MODE,
				   IOMMU_OPTION_OP_SET, 0, &by_process),
		  0);
	sys_set_memlock(map.size);
	sys_drop_ipc_lock();
	map.ioas = ioas_alloc(map.fd);
	mock_dev(map.fd, map.ioas, 0, &dev);
	paused_map_start(&map, map.mem);
	ASSERT_EQ(sys_vm_locked(getpid()), MIB(32));
	paused_map_finish(&map);
	ASSERT_RC(map.ret, 0);
	ASSERT_EQ(sys_vm_locked(getpid()), map.size);
}
