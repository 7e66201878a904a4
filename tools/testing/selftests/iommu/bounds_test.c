// SPDX-License-Identifier: GPL-2.0-only
/* What a request may cost before it fails: time, the kernel's memory, RAM. */
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
/* The limit, in pages, and memory that is more than that. */
#define LIMIT_PAGES 16
#define NR_PAGES 64

/* In a domain that reaches far more IOVA than any process has memory */
#define FAR_IOVA (1ULL << 55)
#define LONG_SIZE (1ULL << 54)

/** struct place - an IOAS with such a domain */
struct place {
	/** @fd: /dev/iommu */
	int fd;
	/** @ioas: the IOAS */
	__u32 ioas;
	/** @hwpt: the domain */
	__u32 hwpt;
};

static void place_open(struct place *place)
{
	struct mock_dev dev;

	mock_load();
	place->fd = iommufd_open();
	mock_dev(place->fd, ioas_alloc(place->fd), 0, &dev);
	place->ioas = ioas_alloc(place->fd);
	place->hwpt = mock_hwpt_huge(place->fd, dev.idev, place->ioas, 0);
}

static int map_long(const struct place *place, const void *mem)
{
	return __ioas_map_fixed(place->fd, place->ioas, mem, FAR_IOVA,
				LONG_SIZE, DMA_RW);
}

/* At the first page that is not there it ends, and that alone is undone. */
TEST(absurd_length)
{
	char *mem = sys_mmap_anon(NR_PAGES * PAGE);
	struct place place;

	place_open(&place);
	/* nothing is behind it, whatever the allocator does */
	ASSERT(!mprotect(mem + (NR_PAGES - 1) * PAGE, PAGE, PROT_NONE));
	ASSERT_RC(map_long(&place, mem), -EFAULT);
	ASSERT_RC(map_long(&place, mem + (NR_PAGES - 2) * PAGE), -EFAULT);
	ASSERT_RC(map_long(&place, BAD_PTR), -EINVAL);
	ASSERT_EQ(sys_pins_held(), 0);
	ASSERT_EQ(sys_vm_pinned(getpid()), 0);

	sys_set_memlock(LIMIT_PAGES * PAGE);
	sys_drop_ipc_lock();
	iommufd_destroy(place.fd, place.hwpt);
	iommufd_destroy(place.fd, place.ioas);
	sys_close(place.fd);
	place_open(&place);
	ASSERT_RC(map_long(&place, mem), -ENOMEM);
	ASSERT_RC(map_long(&place, mem + (NR_PAGES - LIMIT_PAGES) * PAGE),
		  -EFAULT);
	ASSERT_RC(map_long(&place, mem + (NR_PAGES - LIMIT_PAGES - 1) * PAGE),
		  -EFAULT);
	ASSERT_RC(map_long(&place, mem + (NR_PAGES - LIMIT_PAGES - 2) * PAGE),
		  -ENOMEM);
	ASSERT_EQ(sys_pins_held(), 0);
	ioas_map_fixed(place.fd, place.ioas, mem, FAR_IOVA, LIMIT_PAGES * PAGE);
}

/* A file may be said to be as large as you like; what is pinned would be made. */
TEST(absurd_file)
{
	int file = memfd_create("selftest", MFD_CLOEXEC);
	struct place place;
	__u64 iova = FAR_IOVA;

	place_open(&place);
	ASSERT(file >= 0 && !ftruncate(file, LONG_SIZE));
	ASSERT_RC(__ioas_map_file(place.fd, place.ioas, file, 0, LONG_SIZE,
				  DMA_RW, &iova),
		  -ENOMEM);
	ASSERT_EQ(sys_pins_held(), 0);
	ASSERT_RC(__ioas_map_file(place.fd, place.ioas, file, LONG_SIZE - PAGE,
				  PAGE, DMA_RW, &iova),
		  0);
}

static int open_access(int fd, __u32 ioas)
{
	return ASSERT_OK(__mock_access(
		fd, ioas, MOCK_FLAGS_ACCESS_CREATE_NEEDS_PIN_PAGES));
}

/* Without a domain the length does not matter: what is pinned does. */
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
	/* no process has memory there */
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

/* What is no RAM takes a bit for each page of the mapping. */
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
	ASSERT_RC(__access_pin(fd, access, IOVA, PAGE, NULL, 0, &id), -ENOMEM);
}

/** struct stopped - a request in another thread, which waits for a page */
struct stopped {
	/** @thread: that thread */
	pthread_t thread;
	/** @fd: /dev/iommu */
	int fd;
	/** @ioas: where it maps */
	__u32 ioas;
	/** @mem: NR_PAGES pages, the page in the middle of LIMIT_PAGES is not there */
	char *mem;
	/** @uffd: who is asked for it */
	int uffd;
	/** @rc: what it gave */
	int rc;
};

static void *map_all(void *arg)
{
	struct stopped *map = arg;

	map->rc = __ioas_map_fixed(map->fd, map->ioas, map->mem, IOVA,
				   NR_PAGES * PAGE, DMA_RW);
	return NULL;
}

static void start(struct stopped *map)
{
	char *hole = map->mem + LIMIT_PAGES / 2 * PAGE;

	memset(map->mem, 1, NR_PAGES * PAGE);
	ASSERT(!madvise(hole, PAGE, MADV_DONTNEED));
	map->uffd = uffd_over(hole, PAGE);
	ASSERT(!pthread_create(&map->thread, NULL, map_all, map));
	uffd_wait(map->uffd);
}

static void finish(struct stopped *map)
{
	uffd_fill(map->uffd, map->mem + LIMIT_PAGES / 2 * PAGE, PAGE);
	pthread_join(map->thread, NULL);
	close(map->uffd);
}

/* No page is held that nobody has paid for, also where there are too many. */
TEST(charged_before_it_is_held)
{
	struct stopped map = { .mem = sys_mmap_huge_aligned(MIB(2)) };
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
	start(&map);
	ASSERT_EQ(sys_vm_locked(getpid()), LIMIT_PAGES * PAGE);
	/* so nobody else can have it now */
	ASSERT_RC(__ioas_map_fixed(map.fd, map.ioas, map.mem, IOVA + MIB(4),
				   PAGE, DMA_RW),
		  -ENOMEM);
	finish(&map);
	ASSERT_RC(map.rc, -ENOMEM);
	ASSERT_EQ(sys_vm_locked(getpid()), 0);
	ASSERT_EQ(sys_vm_pinned(getpid()), 0);
	ASSERT_EQ(sys_pins_held(), 0);
	ioas_map_fixed(map.fd, map.ioas, map.mem, IOVA, LIMIT_PAGES * PAGE);
}
