// SPDX-License-Identifier: GPL-2.0-only
/* Memory that a device can access by DMA, and memory that it cannot. */
#include <errno.h>
#include <linux/pci_regs.h>
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
#define IOVA_ABOVE_4G 0x3f00000000ULL

#define NR_MANY 100

/* From memory to the device and back, with a pattern that only the test has. */
TEST_OVER(round_trip, BACKENDS_ALL)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU0), backend);
	char *buf = sys_mmap_anon(2 * PAGE);

	fill_pattern(buf, PAGE, 1);
	space_map(edu->vdev->space, buf, IOVA, 2 * PAGE);
	edu_load(edu, IOVA, PAGE);
	memset(buf, 0, PAGE);
	edu_store(edu, IOVA + PAGE, PAGE);
	ASSERT(is_byte(buf, PAGE, 0));
	ASSERT(is_pattern(buf + PAGE, PAGE, 1));
	edu_close_with_space(edu);
}

/* Each page of a mapping is translated to its own memory. */
TEST_OVER(every_page_is_its_own, BACKENDS_ALL)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU0), backend);
	size_t size = MIB(4) + 3 * PAGE;
	char *buf = sys_mmap_anon(size);
	size_t offsets[] = {
		0, PAGE, MIB(2) - PAGE, MIB(2), MIB(4), size - PAGE
	};
	unsigned int i;

	space_map(edu->vdev->space, buf, IOVA, size);
	for (i = 0; i < ARRAY_SIZE(offsets); i++) {
		fill_pattern(buf + offsets[i], PAGE, i + 1);
		edu_load(edu, IOVA + offsets[i], PAGE);
		memset(buf + offsets[i], 0, PAGE);
		edu_store(edu, IOVA + offsets[i], PAGE);
		ASSERT(is_pattern(buf + offsets[i], PAGE, i + 1));
		memset(buf + offsets[i], 0, PAGE);
		ASSERT(is_byte(buf, size, 0));
	}
	edu_close_with_space(edu);
}

TEST_OVER(cannot_reach_what_was_never_mapped, BACKENDS_ALL)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU0), backend);
	char *buf = sys_mmap_anon(2 * PAGE);

	memset(buf, 0x5a, 2 * PAGE);
	space_map(edu->vdev->space, buf, IOVA, PAGE);
	/* The next page, and a page far away. */
	edu_store(edu, IOVA + PAGE, PAGE);
	edu_store(edu, IOVA2, PAGE);
	ASSERT(is_byte(buf, 2 * PAGE, 0x5a));
	/* The device still works after a fault. */
	edu_round_trip(edu, buf, IOVA, 2);
	edu_close_with_space(edu);
}

/* Unmapping invalidates a translation that the device has used. */
TEST_OVER(cannot_reach_what_was_unmapped, BACKENDS_ALL)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU0), backend);
	char *buf = sys_mmap_anon(PAGE);

	fill_pattern(buf, PAGE, 3);
	space_map(edu->vdev->space, buf, IOVA, PAGE);
	edu_load(edu, IOVA, PAGE);
	edu_store(edu, IOVA, PAGE);
	space_unmap(edu->vdev->space, IOVA, PAGE);
	memset(buf, 0x5a, PAGE);
	edu_store(edu, IOVA, PAGE);
	ASSERT(is_byte(buf, PAGE, 0x5a));
	edu_close_with_space(edu);
}

/* Nor does it keep one of many, which may be invalidated all at once. */
TEST_OVER(cannot_reach_any_of_many, BACKENDS_ALL)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU0), backend);
	const unsigned int used[] = { 0, NR_MANY / 2, NR_MANY - 1 };
	char *buf = sys_mmap_anon(NR_MANY * PAGE);
	unsigned int i;
	__u64 unmapped;

	for (i = 0; i < NR_MANY; i++)
		space_map(edu->vdev->space, buf + i * PAGE, IOVA + 2 * i * PAGE,
			  PAGE);
	for (i = 0; i < ARRAY_SIZE(used); i++)
		edu_store(edu, IOVA + 2 * used[i] * PAGE, PAGE);
	ASSERT_RC(__space_unmap(edu->vdev->space, IOVA, 2 * NR_MANY * PAGE,
				&unmapped),
		  0);
	ASSERT_EQ(unmapped, NR_MANY * PAGE);
	memset(buf, 0x5a, NR_MANY * PAGE);
	for (i = 0; i < ARRAY_SIZE(used); i++)
		edu_store(edu, IOVA + 2 * used[i] * PAGE, PAGE);
	ASSERT(is_byte(buf, NR_MANY * PAGE, 0x5a));
	edu_close_with_space(edu);
}

/* A new mapping at the same IOVA is translated to the new memory only. */
TEST_OVER(remap_leads_to_the_new_memory, BACKENDS_ALL)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU0), backend);
	char *old = sys_mmap_anon(PAGE);
	char *new = sys_mmap_anon(PAGE);

	fill_pattern(old, PAGE, 4);
	space_map(edu->vdev->space, old, IOVA, PAGE);
	edu_load(edu, IOVA, PAGE);
	space_unmap(edu->vdev->space, IOVA, PAGE);
	memset(old, 0x5a, PAGE);
	space_map(edu->vdev->space, new, IOVA, PAGE);
	edu_store(edu, IOVA, PAGE);
	ASSERT(is_byte(old, PAGE, 0x5a));
	ASSERT(is_pattern(new, PAGE, 4));
	edu_close_with_space(edu);
}

TEST_OVER(read_only_mapping_is_not_written, BACKENDS_ALL)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU0), backend);
	char *buf = sys_mmap_anon(2 * PAGE);

	fill_pattern(buf, PAGE, 5);
	ASSERT_RC(__space_map(edu->vdev->space, buf, IOVA, PAGE, DMA_READ), 0);
	space_map(edu->vdev->space, buf + PAGE, IOVA + PAGE, PAGE);
	edu_load(edu, IOVA, PAGE);
	memset(buf, 0x5a, PAGE);
	edu_store(edu, IOVA, PAGE);
	ASSERT(is_byte(buf, PAGE, 0x5a));
	edu_store(edu, IOVA + PAGE, PAGE);
	ASSERT(is_pattern(buf + PAGE, PAGE, 5));
	edu_close_with_space(edu);
}

/* Memory that the process cannot write can only be mapped for reading. */
TEST_OVER(read_only_memory, BACKENDS_ALL)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU0), backend);
	char *buf = sys_mmap_anon(PAGE);
	char *out = sys_mmap_anon(PAGE);

	fill_pattern(buf, PAGE, 6);
	ASSERT(!mprotect(buf, PAGE, PROT_READ));
	ASSERT_RC(__space_map(edu->vdev->space, buf, IOVA, PAGE, DMA_RW),
		  -EFAULT);
	ASSERT_RC(__space_map(edu->vdev->space, buf, IOVA, PAGE, DMA_READ), 0);
	space_map(edu->vdev->space, out, IOVA2, PAGE);
	edu_load(edu, IOVA, PAGE);
	edu_store(edu, IOVA2, PAGE);
	ASSERT(is_pattern(out, PAGE, 6));
	edu_close_with_space(edu);
}

/* A device with bus mastering disabled cannot do DMA. */
TEST_OVER(no_bus_master_no_dma, BACKENDS_ALL)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU0), backend);
	char *buf = sys_mmap_anon(PAGE);

	fill_pattern(buf, PAGE, 7);
	space_map(edu->vdev->space, buf, IOVA, PAGE);
	edu_load(edu, IOVA, PAGE);
	memset(buf, 0x5a, PAGE);
	vdev_enable(edu->vdev, false);
	edu_store(edu, IOVA, PAGE);
	ASSERT(is_byte(buf, PAGE, 0x5a));
	vdev_enable(edu->vdev, true);
	edu_store(edu, IOVA, PAGE);
	ASSERT(is_pattern(buf, PAGE, 7));
	edu_close_with_space(edu);
}

/* Both devices can access mappings made before and after the second open. */
TEST_OVER(two_devices_one_space, BACKENDS_ALL)
{
	const char *bdf1 = pci_need(TESTDEV_EDU1);
	struct edu *edu0 = edu_open(pci_need(TESTDEV_EDU0), backend);
	struct space *space = edu0->vdev->space;
	char *buf = sys_mmap_anon(2 * PAGE);
	struct edu *edu1;

	fill_pattern(buf, PAGE, 8);
	space_map(space, buf, IOVA, PAGE);
	edu1 = edu_open_in(space, bdf1);
	space_map(space, buf + PAGE, IOVA2, PAGE);
	edu_load(edu1, IOVA, PAGE);
	edu_store(edu1, IOVA2, PAGE);
	ASSERT(is_pattern(buf + PAGE, PAGE, 8));

	memset(buf, 0, PAGE);
	edu_load(edu0, IOVA2, PAGE);
	edu_store(edu0, IOVA, PAGE);
	ASSERT(is_pattern(buf, PAGE, 8));

	/* Unmapping applies to both devices. */
	space_unmap(space, IOVA, PAGE);
	memset(buf, 0x5a, PAGE);
	edu_store(edu0, IOVA, PAGE);
	edu_store(edu1, IOVA, PAGE);
	ASSERT(is_byte(buf, PAGE, 0x5a));
	edu_close(edu0);
	/* Closing one device does not affect the other. */
	memset(buf + PAGE, 0, PAGE);
	edu_store(edu1, IOVA2, PAGE);
	ASSERT(is_pattern(buf + PAGE, PAGE, 8));
	edu_close(edu1);
	space_close(space);
}

/* Two devices that the IOMMU cannot distinguish. */
TEST_OVER(two_devices_one_group, BACKENDS_ALL)
{
	const char *bdf1 = pci_need(TESTDEV_SHARED1);
	const char *bdf0 = pci_need(TESTDEV_SHARED0);
	struct space *space = space_open(backend);
	struct edu *edu0 = edu_open_in(space, bdf0);
	struct edu *edu1 = edu_open_in(space, bdf1);
	char *buf = sys_mmap_anon(PAGE);

	ASSERT_EQ(pci_group(bdf0), pci_group(bdf1));
	space_map(space, buf, IOVA, PAGE);
	fill_pattern(buf, PAGE, 9);
	edu_load(edu0, IOVA, PAGE);
	memset(buf, 0, PAGE);
	edu_store(edu0, IOVA, PAGE);
	ASSERT(is_pattern(buf, PAGE, 9));
	edu_close(edu0);
	edu_load(edu1, IOVA, PAGE);
	memset(buf, 0, PAGE);
	edu_store(edu1, IOVA, PAGE);
	ASSERT(is_pattern(buf, PAGE, 9));
	edu_close(edu1);
	space_close(space);
}

/* The same IOVA in two address spaces is translated independently. */
TEST_OVER(two_spaces_are_apart, BACKENDS_ALL)
{
	const char *bdf1 = pci_need(TESTDEV_EDU1);
	struct edu *edu0 = edu_open(pci_need(TESTDEV_EDU0), backend);
	struct edu *edu1 = edu_open(bdf1, backend);
	char *buf0 = sys_mmap_anon(PAGE);
	char *buf1 = sys_mmap_anon(PAGE);

	space_map(edu0->vdev->space, buf0, IOVA, PAGE);
	space_map(edu1->vdev->space, buf1, IOVA, PAGE);
	fill_pattern(buf0, PAGE, 10);
	fill_pattern(buf1, PAGE, 11);
	edu_load(edu0, IOVA, PAGE);
	edu_load(edu1, IOVA, PAGE);
	memset(buf0, 0, PAGE);
	memset(buf1, 0, PAGE);
	edu_store(edu1, IOVA, PAGE);
	ASSERT(is_byte(buf0, PAGE, 0));
	ASSERT(is_pattern(buf1, PAGE, 11));
	edu_store(edu0, IOVA, PAGE);
	ASSERT(is_pattern(buf0, PAGE, 10));
	/* A mapping in one space does not exist in the other. */
	space_unmap(edu1->vdev->space, IOVA, PAGE);
	memset(buf0, 0x5a, PAGE);
	memset(buf1, 0x5a, PAGE);
	edu_store(edu1, IOVA, PAGE);
	ASSERT(is_byte(buf0, PAGE, 0x5a));
	ASSERT(is_byte(buf1, PAGE, 0x5a));
	edu_close_with_space(edu0);
	edu_close_with_space(edu1);
}

/* The same memory at two IOVAs, of which one is unmapped. */
TEST_OVER(aliases, BACKENDS_ALL)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU0), backend);
	struct space *space = edu->vdev->space;
	char *buf = sys_mmap_anon(PAGE);

	space_map(space, buf, IOVA, PAGE);
	space_map(space, buf, IOVA2, PAGE);
	fill_pattern(buf, PAGE, 12);
	edu_load(edu, IOVA, PAGE);
	space_unmap(space, IOVA, PAGE);
	memset(buf, 0, PAGE);
	edu_store(edu, IOVA2, PAGE);
	ASSERT(is_pattern(buf, PAGE, 12));
	edu_close_with_space(edu);
}

/* Mapped memory stays pinned after the process unmaps it. */
TEST_OVER(memory_outlives_munmap, BACKENDS_ALL)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU0), backend);
	struct space *space = edu->vdev->space;
	char *buf = sys_mmap_anon(PAGE);
	char *out = sys_mmap_anon(PAGE);

	fill_pattern(buf, PAGE, 13);
	space_map(space, buf, IOVA, PAGE);
	space_map(space, out, IOVA2, PAGE);
	sys_munmap(buf, PAGE);
	edu_load(edu, IOVA, PAGE);
	edu_store(edu, IOVA2, PAGE);
	ASSERT(is_pattern(out, PAGE, 13));
	space_unmap(space, IOVA, PAGE);
	edu_close_with_space(edu);
}

/* The device and the IOMMU support IOVAs of more than 32 bits. */
TEST_OVER(above_4g, BACKENDS_ALL)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU0), backend);

	edu_check_round_trip(edu, IOVA_ABOVE_4G, 14);
	edu_close_with_space(edu);
}

/* Huge pages, a memfd, and shared anonymous memory. */
TEST_OVER(kinds_of_memory, BACKENDS_ALL)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU0), backend);
	struct space *space = edu->vdev->space;
	int memfd = memfd_create("selftest", MFD_CLOEXEC);
	char *kinds[3];
	unsigned int i;

	ASSERT(memfd >= 0 && !ftruncate(memfd, MIB(2)));
	kinds[0] = sys_mmap_huge_aligned(MIB(2));
	kinds[1] = mmap(NULL, MIB(2), PROT_READ | PROT_WRITE, MAP_SHARED, memfd,
			0);
	ASSERT(kinds[1] != MAP_FAILED);
	kinds[2] = mmap(NULL, MIB(2), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT(kinds[2] != MAP_FAILED);
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		size_t offset = MIB(1) + i * PAGE;

		space_map(space, kinds[i], IOVA, MIB(2));
		fill_pattern(kinds[i] + offset, PAGE, 20 + i);
		edu_load(edu, IOVA + offset, PAGE);
		memset(kinds[i] + offset, 0, PAGE);
		edu_store(edu, IOVA + offset, PAGE);
		ASSERT(is_pattern(kinds[i] + offset, PAGE, 20 + i));
		space_unmap(space, IOVA, MIB(2));
	}
	sys_close(memfd);
	edu_close_with_space(edu);
}
