// SPDX-License-Identifier: GPL-2.0-only
/* IOMMU_IOAS_COPY: map the memory of a mapping again, pinned only once. */
#include <errno.h>
#include <linux/iommufd.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "edu.h"
#include "harness.h"
#include "ioas.h"
#include "pci.h"
#include "sys.h"
#include "vdev.h"

#define IOVA 0x10000000ULL
#define IOVA2 0x20000000ULL

TEST(reaches_the_same_memory)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU0), BACKEND_IOMMUFD);
	struct space *space = edu->vdev->space;
	char *buf = sys_mmap_anon(4 * PAGE);
	__u32 other = ioas_alloc(space->fd);

	/* from an address space without devices, then within one */
	ioas_map_fixed(space->fd, other, buf, IOVA, 4 * PAGE);
	ASSERT_RC(__ioas_copy(space->fd, other, IOVA + PAGE, 2 * PAGE,
			      space->ioas, IOVA2, DMA_RW),
		  0);
	ASSERT_RC(__ioas_copy(space->fd, space->ioas, IOVA2 + PAGE, PAGE,
			      space->ioas, IOVA, DMA_RW),
		  0);
	fill_pattern(buf + PAGE, PAGE, 1);
	edu_load(edu, IOVA2, PAGE);
	edu_store(edu, IOVA, PAGE);
	ASSERT(is_pattern(buf + 2 * PAGE, PAGE, 1));
	ASSERT(is_byte(buf + 3 * PAGE, PAGE, 0));

	/* the copy outlives its source */
	ioas_unmap(space->fd, other, IOVA, 4 * PAGE);
	ioas_unmap(space->fd, space->ioas, IOVA2, 2 * PAGE);
	memset(buf + 2 * PAGE, 0, PAGE);
	edu_store(edu, IOVA, PAGE);
	ASSERT(is_pattern(buf + 2 * PAGE, PAGE, 1));
	edu_close_with_space(edu);
}

/* One call copies several adjacent mappings. */
TEST(crosses_mappings)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU0), BACKEND_IOMMUFD);
	struct space *space = edu->vdev->space;
	char *buf = sys_mmap_anon(8 * PAGE);
	__u64 unmapped = 0;
	unsigned int i;

	for (i = 0; i < 4; i++)
		space_map(space, buf + (6 - 2 * i) * PAGE, IOVA + i * PAGE,
			  PAGE);
	ASSERT_RC(__ioas_copy(space->fd, space->ioas, IOVA, 4 * PAGE,
			      space->ioas, IOVA2, DMA_RW),
		  0);
	for (i = 0; i < 4; i++) {
		fill_pattern(buf, PAGE, i);
		edu_load(edu, IOVA + 3 * PAGE, PAGE);
		edu_store(edu, IOVA2 + i * PAGE, PAGE);
		ASSERT(is_pattern(buf + (6 - 2 * i) * PAGE, PAGE, i));
	}
	ASSERT_RC(__ioas_copy(space->fd, space->ioas, IOVA, 5 * PAGE,
			      space->ioas, IOVA2 + MIB(1), DMA_RW),
		  -ENOENT);
	ASSERT_RC(__ioas_unmap(space->fd, space->ioas, IOVA2, 4 * PAGE,
			       &unmapped),
		  0);
	ASSERT_EQ(unmapped, 4 * PAGE);
	edu_close_with_space(edu);
}

/* Each page is pinned and charged once, until its last mapping is removed. */
TEST(pins_once)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU0), BACKEND_IOMMUFD);
	struct space *space = edu->vdev->space;
	long long before = sys_pins_held();
	char *buf = sys_mmap_anon(64 * PAGE);

	space_map(space, buf, IOVA, 64 * PAGE);
	ASSERT_EQ(sys_pins_held() - before, 64);
	ASSERT_RC(__ioas_copy(space->fd, space->ioas, IOVA, 64 * PAGE,
			      space->ioas, IOVA2, DMA_RW),
		  0);
	ASSERT_RC(__ioas_copy(space->fd, space->ioas, IOVA + 16 * PAGE,
			      16 * PAGE, space->ioas, IOVA2 + MIB(1), DMA_RW),
		  0);
	ASSERT_EQ(sys_pins_held() - before, 64);
	space_unmap(space, IOVA, 64 * PAGE);
	ASSERT_EQ(sys_pins_held() - before, 64);
	space_unmap(space, IOVA2, 64 * PAGE);
	ASSERT_EQ(sys_pins_held() - before, 16);
	space_unmap(space, IOVA2 + MIB(1), 16 * PAGE);
	ASSERT_EQ(sys_pins_held() - before, 0);
	edu_close_with_space(edu);
}

enum { NR_WINDOWS = 24, NR_PAGES = 64 };

/** struct window - pages that one copy maps */
struct window {
	/** @first: first page */
	unsigned int first;
	/** @nr: number of pages; 0 once it is unmapped */
	unsigned int nr;
};

static unsigned int covered_pages(const struct window *windows)
{
	bool covered[NR_PAGES] = {};
	unsigned int i, page, nr = 0;

	for (i = 0; i < NR_WINDOWS; i++)
		for (page = 0; page < windows[i].nr; page++)
			covered[windows[i].first + page] = true;
	for (page = 0; page < NR_PAGES; page++)
		nr += covered[page];
	return nr;
}

static __u64 window_iova(unsigned int i)
{
	return IOVA2 + i * MIB(1);
}

static void map_windows(struct space *space, struct window *windows)
{
	unsigned int i;

	for (i = 0; i < NR_WINDOWS; i++) {
		windows[i].first = rand() % NR_PAGES;
		windows[i].nr = 1 + rand() % (NR_PAGES - windows[i].first);
		if (rand() % 2)
			windows[i].nr = 1;
		ASSERT_RC(__ioas_copy(space->fd, space->ioas,
				      IOVA + windows[i].first * IOVA_PAGE,
				      windows[i].nr * IOVA_PAGE, space->ioas,
				      window_iova(i), DMA_RW),
			  0);
	}
}

/* Parts that overlap in all ways, unmapped in another order */
TEST(overlapping_parts)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU0), BACKEND_IOMMUFD);
	char *buf = sys_mmap_anon(NR_PAGES * PAGE);
	struct space *space = edu->vdev->space;
	struct window windows[NR_WINDOWS] = {};
	long long before = sys_pins_held();
	unsigned int i, j, round;

	for (round = 0; round < 20; round++) {
		srand(round);
		space_map(space, buf, IOVA, NR_PAGES * PAGE);
		map_windows(space, windows);
		space_unmap(space, IOVA, NR_PAGES * PAGE);
		for (i = rand(), j = 0; j < NR_WINDOWS; j++, i += 7) {
			struct window *window = &windows[i % NR_WINDOWS];

			ASSERT_EQ(sys_pins_held() - before,
				  covered_pages(windows));
			space_unmap(space, window_iova(i % NR_WINDOWS),
				    window->nr * IOVA_PAGE);
			window->nr = 0;
		}
		ASSERT_EQ(sys_pins_held() - before, 0);
	}
	edu_close_with_space(edu);
}

TEST(bad_input)
{
	char *buf = sys_mmap_anon(2 * PAGE);
	int fd = iommufd_open();
	__u32 ioas = ioas_alloc(fd);
	__u32 other = ioas_alloc(fd);
	struct iommu_ioas_copy cmd = { .size = sizeof(cmd) };

	ioas_map_fixed(fd, ioas, buf, IOVA, PAGE);
	ASSERT_RC(__ioas_map_fixed(fd, ioas, buf + PAGE, IOVA2, PAGE, DMA_READ),
		  0);
	ASSERT_RC(__ioas_copy(fd, ioas, IOVA, 0, other, IOVA, DMA_RW), -EINVAL);
	ASSERT_RC(__ioas_copy(fd, ioas, IOVA, PAGE, other, IOVA, 0), -EINVAL);
	ASSERT_RC(__ioas_copy(fd, ioas, IOVA, 2 * PAGE, other, IOVA, DMA_RW),
		  -ENOENT);
	ASSERT_RC(__ioas_copy(fd, ioas, IOVA - 1, 2, other, IOVA, DMA_RW),
		  -ENOENT);
	ASSERT_RC(__ioas_copy(fd, 4711, IOVA, PAGE, other, IOVA, DMA_RW),
		  -ENOENT);
	ASSERT_RC(__ioas_copy(fd, ioas, IOVA, PAGE, 4711, IOVA, DMA_RW),
		  -ENOENT);
	/* the length is checked before the object */
	ASSERT_RC(__ioas_copy(fd, ioas, IOVA, 0, 4711, IOVA, DMA_RW), -EINVAL);
	ASSERT_RC(__ioas_copy(fd, ioas, IOVA, PAGE, ioas, IOVA, DMA_RW),
		  -EEXIST);
	ASSERT_RC(__ioas_copy(fd, ioas, IOVA, -1ULL, other, IOVA, DMA_RW),
		  -EOVERFLOW);
	ASSERT_RC(__ioas_copy(fd, ioas, -1ULL, PAGE, other, IOVA, DMA_RW),
		  -EOVERFLOW);
	ASSERT_RC(__ioas_copy(fd, ioas, IOVA2, PAGE, other, IOVA, DMA_RW),
		  -EPERM);
	ASSERT_RC(__ioas_copy(fd, ioas, IOVA2, PAGE, other, IOVA, DMA_READ), 0);
	cmd.flags = 1U << 31;
	ASSERT_RC(__sys_ioctl(fd, IOMMU_IOAS_COPY, &cmd), -EOPNOTSUPP);
	/* only one of these calls has created a mapping */
	ASSERT_RC(__ioas_unmap(fd, other, IOVA, PAGE, NULL), 0);
	ASSERT_RC(__ioas_unmap(fd, other, 0, 1ULL << 40, NULL), -ENOENT);
}
