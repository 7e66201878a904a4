// SPDX-License-Identifier: GPL-2.0-only
/* Page tables that the user allocates, and devices that move between them. */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#include "edu.h"
#include "harness.h"
#include "ioas.h"
#include "pci.h"
#include "sys.h"
#include "vdev.h"

#define IOVA 0x10000000ULL
/* Duration of a race between two threads */
#define SECONDS 4

static struct edu *open_edu(void)
{
	return edu_open(pci_need(TESTDEV_EDU0), BACKEND_IOMMUFD);
}

TEST(alloc_struct)
{
	struct edu *edu = open_edu();
	struct space *space = edu->vdev->space;
	struct iommu_hwpt_alloc cmd = {
		.size = sizeof(cmd),
		.dev_id = edu->vdev->id,
		.pt_id = space->ioas,
	};

	check_struct_sizes(space->fd, IOMMU_HWPT_ALLOC, &cmd, sizeof(cmd),
			   offsetof(struct iommu_hwpt_alloc, __reserved) + 4,
			   0);
	cmd.__reserved = 1;
	ASSERT_RC(__sys_ioctl(space->fd, IOMMU_HWPT_ALLOC, &cmd), -EOPNOTSUPP);
	cmd.__reserved = 0;
	cmd.data_len = 8;
	ASSERT_RC(__sys_ioctl(space->fd, IOMMU_HWPT_ALLOC, &cmd), -EINVAL);
	cmd.data_len = 0;
	cmd.data_type = IOMMU_HWPT_DATA_VTD_S1;
	ASSERT_RC(__sys_ioctl(space->fd, IOMMU_HWPT_ALLOC, &cmd), -EINVAL);
	/* flags are checked after that */
	cmd.flags = 1U << 31;
	ASSERT_RC(__sys_ioctl(space->fd, IOMMU_HWPT_ALLOC, &cmd), -EINVAL);
	edu_close_with_space(edu);
}

TEST(alloc_bad_input)
{
	struct edu *edu = open_edu();
	struct space *space = edu->vdev->space;
	unsigned int bit;

	for (bit = 4; bit < 32; bit++)
		ASSERT_RC(__hwpt_alloc(space->fd, edu->vdev->id, space->ioas,
				       1U << bit, NULL),
			  -EOPNOTSUPP);
	ASSERT_RC(__hwpt_alloc(space->fd, 9999, space->ioas, 0, NULL), -ENOENT);
	ASSERT_RC(__hwpt_alloc(space->fd, space->ioas, space->ioas, 0, NULL),
		  -ENOENT);
	ASSERT_RC(__hwpt_alloc(space->fd, edu->vdev->id, 9999, 0, NULL),
		  -EINVAL);
	ASSERT_RC(__hwpt_alloc(space->fd, edu->vdev->id, edu->vdev->id, 0,
			       NULL),
		  -EINVAL);
	/* flags are checked after the objects */
	ASSERT_RC(__hwpt_alloc(space->fd, 9999, space->ioas, 1U << 31, NULL),
		  -ENOENT);
	ASSERT_RC(__hwpt_alloc(space->fd, edu->vdev->id, 9999, 1U << 31, NULL),
		  -EINVAL);
	ASSERT_RC(__hwpt_alloc(space->fd, edu->vdev->id, 9999,
			       IOMMU_HWPT_FAULT_ID_VALID, NULL),
		  -EINVAL);
	edu_close_with_space(edu);
}

/*
 * A page table that the user allocates has all mappings, present and later
 * ones.
 */
TEST(attach_to_own_hwpt)
{
	struct edu *edu = open_edu();
	struct space *space = edu->vdev->space;
	__u32 other = ioas_alloc(space->fd);
	char *buf = sys_mmap_anon(2 * PAGE);
	__u32 attached = 0;
	__u32 hwpt;

	ioas_map_fixed(space->fd, other, buf, IOVA, PAGE);
	hwpt = hwpt_alloc(space->fd, edu->vdev->id, other);
	ioas_map_fixed(space->fd, other, buf + PAGE, IOVA + PAGE, PAGE);
	ASSERT_RC(__iommufd_destroy(space->fd, other), -EBUSY);
	ASSERT_RC(__cdev_attach(edu->vdev->fd, hwpt, &attached), 0);
	ASSERT_EQ(attached, hwpt);
	fill_pattern(buf, PAGE, 1);
	edu_load(edu, IOVA, PAGE);
	edu_store(edu, IOVA + PAGE, PAGE);
	ASSERT(is_pattern(buf + PAGE, PAGE, 1));
	ASSERT_RC(__iommufd_destroy(space->fd, hwpt), -EBUSY);

	/* the page table exists until the user destroys it */
	ASSERT_RC(__cdev_attach(edu->vdev->fd, space->ioas, NULL), 0);
	iommufd_destroy(space->fd, hwpt);
	iommufd_destroy(space->fd, other);
	edu_close_with_space(edu);
}

/* Two page tables of one IOAS: each unmap applies to both. */
TEST(two_hwpts_of_one_ioas)
{
	const char *bdf1 = pci_need(TESTDEV_EDU1);
	struct edu *edu0 = open_edu();
	struct space *space = edu0->vdev->space;
	struct edu *edu1 = edu_open_in(space, bdf1);
	char *buf = sys_mmap_anon(MIB(4));
	__u32 hwpt;

	space_map(space, buf, IOVA, MIB(2));
	hwpt = hwpt_alloc(space->fd, edu1->vdev->id, space->ioas);
	ASSERT_RC(__cdev_attach(edu1->vdev->fd, hwpt, NULL), 0);
	space_map(space, buf + MIB(2), IOVA + MIB(2), MIB(2));
	fill_pattern(buf, PAGE, 2);
	edu_load(edu0, IOVA, PAGE);
	edu_load(edu1, IOVA, PAGE);
	memset(buf, 0, PAGE);
	edu_store(edu0, IOVA + MIB(2), PAGE);
	ASSERT(is_pattern(buf + MIB(2), PAGE, 2));
	edu_store(edu1, IOVA + MIB(3), PAGE);
	ASSERT(is_pattern(buf + MIB(3), PAGE, 2));
	space_unmap(space, IOVA, MIB(2));
	memset(buf, 0x5a, MIB(2));
	edu_store(edu0, IOVA, PAGE);
	edu_store(edu1, IOVA, PAGE);
	ASSERT(is_byte(buf, MIB(2), 0x5a));
	edu_close(edu1);
	edu_close(edu0);
	iommufd_destroy(space->fd, hwpt);
	space_close(space);
}

/* Memory is pinned and charged once for all page tables. */
TEST(second_hwpt_pins_nothing)
{
	struct edu *edu = open_edu();
	struct space *space = edu->vdev->space;
	char *buf = sys_mmap_anon(MIB(16));
	long long pins = sys_pins_held();
	__u32 hwpt;

	space_map(space, buf, IOVA, MIB(16));
	ASSERT(sys_pins_held() >= pins + 4096);
	hwpt = hwpt_alloc(space->fd, edu->vdev->id, space->ioas);
	ASSERT(sys_pins_held() < pins + 2 * 4096);
	space_unmap(space, IOVA, MIB(16));
	ASSERT(sys_pins_held() < pins + 4096);
	iommufd_destroy(space->fd, hwpt);
	edu_close_with_space(edu);
}

/* A page table without large pages, so that mappings can be split later. */
TEST(small_pages_only)
{
	struct edu *edu = open_edu();
	struct space *space = edu->vdev->space;
	__u32 other = ioas_alloc(space->fd);
	char *buf = sys_mmap_huge_aligned(MIB(4));
	__u64 value = 0;

	memset(buf, 1, MIB(4));
	ASSERT_RC(__iommufd_option(space->fd, IOMMU_OPTION_HUGE_PAGES,
				   IOMMU_OPTION_OP_SET, other, &value),
		  0);
	ioas_map_fixed(space->fd, other, buf, IOVA, MIB(4));
	ASSERT_RC(__cdev_attach(edu->vdev->fd, other, NULL), 0);
	fill_pattern(buf + MIB(3), PAGE, 3);
	edu_load(edu, IOVA + MIB(3), PAGE);
	edu_store(edu, IOVA, PAGE);
	ASSERT(is_pattern(buf, PAGE, 3));
	edu_close_with_space(edu);
}

static __u64 last_usable(int fd, __u32 ioas)
{
	struct iommu_iova_range ranges[16];
	__u32 nr = ARRAY_SIZE(ranges);

	ASSERT_RC(__ioas_ranges(fd, ioas, ranges, &nr, NULL), 0);
	return ranges[nr - 1].last;
}

/* The device must reach all IOVA that its page table reports. */
TEST(reaches_reported_range)
{
	struct edu *edu = open_edu();
	struct space *space = edu->vdev->space;
	char *page = sys_mmap_anon(PAGE);
	__u32 ioas = ioas_alloc(space->fd), hwpt;
	__u64 top;

	hwpt = hwpt_alloc(space->fd, edu->vdev->id, ioas);
	top = last_usable(space->fd, ioas) - (PAGE - 1);
	ioas_map_fixed(space->fd, ioas, page, top, PAGE);
	ASSERT_RC(__cdev_attach(edu->vdev->fd, hwpt, NULL), 0);
	ASSERT_EQ(last_usable(space->fd, ioas), top + PAGE - 1);
	edu_round_trip(edu, page, top, 4);
	edu_close(edu);
	iommufd_destroy(space->fd, hwpt);
	space_close(space);
}

/** struct mapper - a thread that maps and unmaps while a device is attached */
struct mapper {
	/** @fd: /dev/iommu */
	int fd;
	/** @ioas: IDs of two IOAS */
	__u32 ioas[2];
	/** @page: the memory to map */
	char *page;
	/** @stop: set to end it */
	atomic_bool stop;
};

static void *map_and_unmap(void *arg)
{
	struct mapper *mapper = arg;
	unsigned int i;

	for (i = 0; !mapper->stop; i++) {
		__u64 iova = IOVA + i % 64 * PAGE;
		__u32 ioas = mapper->ioas[i % 2];

		ioas_map_fixed(mapper->fd, ioas, mapper->page, iova, PAGE);
		ioas_unmap(mapper->fd, ioas, iova, PAGE);
	}
	return NULL;
}

/*
 * A page table may get its final format when the first device is attached,
 * while another thread maps and unmaps. The kernel warns if a mapping is lost.
 */
TEST(mapping_while_a_device_moves)
{
	struct edu *edu = open_edu();
	struct mapper mapper = {
		.fd = edu->vdev->space->fd,
		.page = sys_mmap_anon(PAGE),
	};
	pthread_t thread;
	unsigned int i;
	time_t end;

	for (i = 0; i < ARRAY_SIZE(mapper.ioas); i++)
		mapper.ioas[i] = ioas_alloc(mapper.fd);
	ASSERT_EQ(pthread_create(&thread, NULL, map_and_unmap, &mapper), 0);
	end = time(NULL) + SECONDS;
	for (i = 0; time(NULL) < end; i++)
		ASSERT_RC(__cdev_attach(edu->vdev->fd, mapper.ioas[i % 2],
					NULL),
			  0);
	mapper.stop = true;
	ASSERT_EQ(pthread_join(thread, NULL), 0);
	test_note("%u moves", i);
	edu_close_with_space(edu);
}
