// SPDX-License-Identifier: GPL-2.0-only
/* IOMMU_IOAS_MAP_FILE: map the memory of a file that no process maps. */
#include <errno.h>
#include <fcntl.h>
#include <linux/iommufd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "edu.h"
#include "harness.h"
#include "ioas.h"
#include "pci.h"
#include "sys.h"
#include "vdev.h"

static int memfd(size_t size, unsigned int flags)
{
	int fd = memfd_create("selftest", MFD_CLOEXEC | flags);

	if (fd < 0 && errno == EINVAL)
		SKIP("no such memfd");
	ASSERT(fd >= 0 && !ftruncate(fd, size));
	return fd;
}

static char *map_of(int fd, size_t size)
{
	char *buf = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (buf == MAP_FAILED && errno == ENOMEM)
		SKIP("no huge pages");
	ASSERT(buf != MAP_FAILED);
	return buf;
}

static void round_trip(struct edu *edu, int fd, size_t size)
{
	struct space *space = edu->vdev->space;
	size_t offsets[] = { 0, PAGE, size / 2, size - PAGE };
	long long before = sys_pins_held();
	__u64 iova = 0;
	unsigned int i;
	char *buf;

	ASSERT_RC(__ioas_map_file(space->fd, space->ioas, fd, 0, size, DMA_RW,
				  &iova),
		  0);
	ASSERT_EQ(sys_pins_held() - before, size / PAGE);
	buf = map_of(fd, size);
	for (i = 0; i < ARRAY_SIZE(offsets); i++) {
		edu_round_trip(edu, buf + offsets[i], iova + offsets[i], i);
		memset(buf + offsets[i], 0, PAGE);
		ASSERT(is_byte(buf, size, 0));
	}
	sys_munmap(buf, size);
	space_unmap(space, iova, size);
	ASSERT_EQ(sys_pins_held() - before, 0);
}

TEST(memfd_round_trip)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU0), BACKEND_IOMMUFD);

	round_trip(edu, memfd(MIB(4) + 3 * PAGE, 0), MIB(4) + 3 * PAGE);
	edu_close_with_space(edu);
}

TEST(hugetlb_round_trip)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU0), BACKEND_IOMMUFD);
	int fd = memfd(MIB(4), MFD_HUGETLB);

	sys_munmap(map_of(fd, MIB(4)), MIB(4));
	round_trip(edu, fd, MIB(4));
	edu_close_with_space(edu);
}

static long long huge_pages(const char *key)
{
	return sys_read_number("/proc/meminfo", key);
}

/*
 * Huge pages are allocated without a reservation, and those of others stay as they
 * are. /proc/meminfo has their count.
 */
TEST(hugetlb_not_reserved)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU0), BACKEND_IOMMUFD);
	struct space *space = edu->vdev->space;
	int fd = memfd(MIB(4), MFD_HUGETLB);
	long long reserved = huge_pages("HugePages_Rsvd:");
	long long left = huge_pages("HugePages_Free:");
	__u64 iova = 0;

	if (left - reserved < 2)
		SKIP("no huge pages");
	ASSERT_RC(__ioas_map_file(space->fd, space->ioas, fd, 0, MIB(4), DMA_RW,
				  &iova),
		  0);
	ASSERT_EQ(huge_pages("HugePages_Rsvd:"), reserved);
	ASSERT_EQ(huge_pages("HugePages_Free:"), left - 2);
	space_unmap(space, iova, MIB(4));
	sys_close(fd);
	ASSERT_EQ(huge_pages("HugePages_Rsvd:"), reserved);
	ASSERT_EQ(huge_pages("HugePages_Free:"), left);
	edu_close_with_space(edu);
}

/* Without free pages there is an error, which changes nothing. */
TEST(hugetlb_none_left)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU0), BACKEND_IOMMUFD);
	struct space *space = edu->vdev->space;
	long long reserved = huge_pages("HugePages_Rsvd:");
	long long left = huge_pages("HugePages_Free:");
	size_t size = MIB(2) * (left - reserved + 1);
	int fd = memfd(size, MFD_HUGETLB);
	__u64 iova = 0;

	ASSERT_RC(__ioas_map_file(space->fd, space->ioas, fd, 0, size, DMA_RW,
				  &iova),
		  -ENOMEM);
	ASSERT_EQ(huge_pages("HugePages_Rsvd:"), reserved);
	ASSERT_EQ(sys_pins_held(), 0);
	sys_close(fd);
	ASSERT_EQ(huge_pages("HugePages_Free:"), left);
	edu_close_with_space(edu);
}

static atomic_bool punching_over;

static void *punch_holes(void *arg)
{
	int fd = *(int *)arg;

	while (!punching_over)
		fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
			  MIB(4));
	return NULL;
}

/* Pages that vanish again at once are not taken from the reservations either. */
TEST(hugetlb_holes)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU0), BACKEND_IOMMUFD);
	struct space *space = edu->vdev->space;
	long long reserved = huge_pages("HugePages_Rsvd:");
	int fd = memfd(MIB(4), MFD_HUGETLB);
	pthread_t thread;

	if (huge_pages("HugePages_Free:") - reserved < 4)
		SKIP("no huge pages");
	punching_over = false;
	ASSERT(!pthread_create(&thread, NULL, punch_holes, &fd));
	for (int round = 0; round < 200; round++) {
		__u64 iova = 0;

		ASSERT_RC(__ioas_map_file(space->fd, space->ioas, fd, 0, MIB(4),
					  DMA_RW, &iova),
			  0);
		ASSERT_EQ(huge_pages("HugePages_Rsvd:"), reserved);
		space_unmap(space, iova, MIB(4));
	}
	punching_over = true;
	pthread_join(thread, NULL);
	sys_close(fd);
	edu_close_with_space(edu);
}

/* Map part of a file, then truncate and close it. */
TEST(parts_and_their_life)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU0), BACKEND_IOMMUFD);
	struct space *space = edu->vdev->space;
	int fd = memfd(MIB(4), 0);
	char *buf = map_of(fd, MIB(4));
	__u64 iova = 0;

	fill_pattern(buf + MIB(2) - PAGE, 2 * PAGE, 1);
	ASSERT_RC(__ioas_map_file(space->fd, space->ioas, fd, MIB(2) - PAGE,
				  2 * PAGE, DMA_RW, &iova),
		  0);
	ASSERT(!ftruncate(fd, 0));
	sys_close(fd);
	edu_load(edu, iova, PAGE);
	edu_store(edu, iova + PAGE, PAGE);
	space_unmap(space, iova, 2 * PAGE);
	edu_close_with_space(edu);
}

TEST(bad_input)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU0), BACKEND_IOMMUFD);
	struct space *space = edu->vdev->space;
	int fd = memfd(4 * PAGE, 0), pipes[2];
	__u64 iova = 0;

#define MAP_PART(file, start, size, prot) \
	__ioas_map_file(space->fd, space->ioas, file, start, size, prot, &iova)
	ASSERT_RC(MAP_PART(fd, 0, 0, DMA_RW), -EINVAL);
	ASSERT_RC(MAP_PART(fd, 0, PAGE, 0), -EINVAL);
	ASSERT_RC(MAP_PART(fd, 0, 5 * PAGE, DMA_RW), -EINVAL);
	ASSERT_RC(MAP_PART(fd, 4 * PAGE, PAGE, DMA_RW), -EINVAL);
	ASSERT_RC(MAP_PART(fd, 1ULL << 63, PAGE, DMA_RW), -EINVAL);
	ASSERT_RC(MAP_PART(fd, -1ULL, PAGE, DMA_RW), -EOVERFLOW);
	ASSERT_RC(MAP_PART(fd, 0, -1ULL, DMA_RW), -EOVERFLOW);
	ASSERT_RC(MAP_PART(4711, 0, PAGE, DMA_RW), -EBADF);
	ASSERT(!pipe(pipes));
	ASSERT_RC(MAP_PART(pipes[0], 0, PAGE, DMA_RW), -EINVAL);
	ASSERT_RC(MAP_PART(space->fd, 0, PAGE, DMA_RW), -EINVAL);
	ASSERT_EQ(iova, 0);
	edu_close_with_space(edu);
}

/* A device gets write access only if the process has it. */
TEST(needs_the_right_to_write)
{
	int fd = iommufd_open();
	__u32 ioas = ioas_alloc(fd);
	int file = memfd(PAGE, MFD_ALLOW_SEALING), ro;
	char path[64];
	__u64 iova = 0;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	ro = sys_open(path, O_RDONLY);
	ASSERT_RC(__ioas_map_file(fd, ioas, ro, 0, PAGE, DMA_RW, &iova),
		  -EPERM);
	ASSERT_RC(__ioas_map_file(fd, ioas, ro, 0, PAGE, DMA_READ, &iova), 0);
	ioas_unmap(fd, ioas, iova, PAGE);

	/* a writable mapping keeps the file from being sealed */
	ASSERT_RC(__ioas_map_file(fd, ioas, file, 0, PAGE, DMA_RW, &iova), 0);
	ASSERT(fcntl(file, F_ADD_SEALS, F_SEAL_WRITE) < 0 && errno == EBUSY);
	ioas_unmap(fd, ioas, iova, PAGE);
	ASSERT(!fcntl(file, F_ADD_SEALS, F_SEAL_WRITE));
	ASSERT_RC(__ioas_map_file(fd, ioas, file, 0, PAGE, DMA_RW, &iova),
		  -EPERM);
	ASSERT_RC(__ioas_map_file(fd, ioas, file, 0, PAGE, DMA_READ, &iova), 0);
}
