// SPDX-License-Identifier: GPL-2.0-only
/* Allocation, ranges and options of an IOAS. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "backend.h"
#include "harness.h"
#include "ioas.h"
#include "sys.h"

TEST(alloc_struct)
{
	struct iommu_ioas_alloc cmd = { .size = sizeof(cmd) };
	int fd = iommufd_open();
	unsigned int bit;

	check_struct_sizes(fd, IOMMU_IOAS_ALLOC, &cmd, sizeof(cmd), sizeof(cmd),
			   0);
	for (bit = 0; bit < 32; bit++) {
		cmd.flags = 1U << bit;
		ASSERT_RC(__sys_ioctl(fd, IOMMU_IOAS_ALLOC, &cmd), -EOPNOTSUPP);
	}
}

TEST(ranges_of_a_new_ioas)
{
	struct iommu_iova_range range = {};
	int fd = iommufd_open();
	__u32 ioas = ioas_alloc(fd);
	__u64 alignment = 0;
	__u32 nr = 1;

	ASSERT_RC(__ioas_ranges(fd, ioas, &range, &nr, &alignment), 0);
	ASSERT_EQ(nr, 1);
	ASSERT_EQ(range.start, 0);
	ASSERT_EQ(range.last, UINT64_MAX);
	ASSERT(alignment && !(alignment & (alignment - 1)) &&
	       alignment <= PAGE);
}

TEST(ranges_struct)
{
	struct iommu_iova_range ranges[4];
	int fd = iommufd_open();
	__u32 ioas = ioas_alloc(fd);
	struct iommu_ioas_iova_ranges cmd = {
		.size = sizeof(cmd),
		.ioas_id = ioas,
		.num_iovas = 4,
		.allowed_iovas = (uintptr_t)ranges,
	};
	__u32 nr;

	check_struct_sizes(fd, IOMMU_IOAS_IOVA_RANGES, &cmd, sizeof(cmd),
			   sizeof(cmd), 0);
	cmd.__reserved = 1;
	ASSERT_RC(__sys_ioctl(fd, IOMMU_IOAS_IOVA_RANGES, &cmd), -EOPNOTSUPP);
	nr = 4;
	ASSERT_RC(__ioas_ranges(fd, ioas + 1, ranges, &nr, NULL), -ENOENT);
	nr = 4;
	ASSERT_RC(__ioas_ranges(fd, 0, ranges, &nr, NULL), -ENOENT);
	nr = 4;
	ASSERT_RC(__ioas_ranges(fd, ioas, BAD_PTR, &nr, NULL), -EFAULT);
	/* a capacity of zero returns the number of ranges */
	nr = 0;
	ASSERT_RC(__ioas_ranges(fd, ioas, NULL, &nr, NULL), -EMSGSIZE);
	ASSERT_EQ(nr, 1);
}

TEST(allow_struct)
{
	struct iommu_iova_range range = { .start = 0, .last = GIB(1) - 1 };
	int fd = iommufd_open();
	__u32 ioas = ioas_alloc(fd);
	struct iommu_ioas_allow_iovas cmd = {
		.size = sizeof(cmd),
		.ioas_id = ioas,
		.num_iovas = 1,
		.allowed_iovas = (uintptr_t)&range,
	};

	check_struct_sizes(fd, IOMMU_IOAS_ALLOW_IOVAS, &cmd, sizeof(cmd),
			   sizeof(cmd), 0);
	cmd.__reserved = 1;
	ASSERT_RC(__sys_ioctl(fd, IOMMU_IOAS_ALLOW_IOVAS, &cmd), -EOPNOTSUPP);
	ASSERT_RC(__ioas_allow(fd, ioas + 1, &range, 1), -ENOENT);
	ASSERT_RC(__ioas_allow(fd, ioas, BAD_PTR, 1), -EFAULT);
	ASSERT_RC(__ioas_allow(fd, ioas, NULL, 0), 0);
}

TEST(allow_bad_ranges)
{
	struct iommu_iova_range backwards = { .start = PAGE, .last = 0 };
	struct iommu_iova_range empty = { .start = PAGE, .last = PAGE };
	struct iommu_iova_range overlap[] = {
		{ .start = 0, .last = 2 * PAGE - 1 },
		{ .start = PAGE, .last = 4 * PAGE - 1 },
	};
	int fd = iommufd_open();
	__u32 ioas = ioas_alloc(fd);

	ASSERT_RC(__ioas_allow(fd, ioas, &backwards, 1), -EINVAL);
	ASSERT_RC(__ioas_allow(fd, ioas, &empty, 1), -EINVAL);
	ASSERT_RC(__ioas_allow(fd, ioas, overlap, 2), -EINVAL);
}

/* Automatic addresses are in the allowed ranges; fixed ones need not be. */
TEST(allow_rules_automatic_iovas)
{
	struct iommu_iova_range ranges[] = {
		{ .start = MIB(16), .last = MIB(16) + 4 * PAGE - 1 },
		{ .start = MIB(64), .last = MIB(64) + PAGE - 1 },
	};
	char *buf = sys_mmap_anon(16 * PAGE);
	int fd = iommufd_open();
	__u32 ioas = ioas_alloc(fd);
	unsigned int in_first = 0;
	unsigned int i;
	__u64 iova;

	ASSERT_RC(__ioas_allow(fd, ioas, ranges, 2), 0);
	for (i = 0; i < 5; i++) {
		iova = ioas_map(fd, ioas, buf, PAGE);
		if (iova >= ranges[0].start && iova <= ranges[0].last)
			in_first++;
		else
			ASSERT_EQ(iova, MIB(64));
	}
	ASSERT_EQ(in_first, 4);
	ASSERT_RC(__ioas_map(fd, ioas, buf, PAGE, DMA_RW, &iova), -ENOSPC);
	ioas_map_fixed(fd, ioas, buf, GIB(2), PAGE);
	/* an empty list allows all addresses again */
	ASSERT_RC(__ioas_allow(fd, ioas, NULL, 0), 0);
	ioas_map(fd, ioas, buf, 16 * PAGE);
}

/* Allowed ranges do not affect present mappings. */
TEST(allow_does_not_touch_mappings)
{
	struct iommu_iova_range range = { .start = GIB(8), .last = GIB(9) - 1 };
	char *buf = sys_mmap_anon(PAGE);
	int fd = iommufd_open();
	__u32 ioas = ioas_alloc(fd);
	__u64 iova = ioas_map(fd, ioas, buf, PAGE);

	ASSERT_RC(__ioas_allow(fd, ioas, &range, 1), 0);
	ioas_unmap(fd, ioas, iova, PAGE);
	iova = ioas_map(fd, ioas, buf, PAGE);
	ASSERT(iova >= range.start && iova <= range.last);
}

TEST(option_struct)
{
	struct iommu_option cmd = {
		.size = sizeof(cmd),
		.option_id = IOMMU_OPTION_RLIMIT_MODE,
		.op = IOMMU_OPTION_OP_GET,
	};
	int fd = iommufd_open();

	check_struct_sizes(fd, IOMMU_OPTION, &cmd, sizeof(cmd), sizeof(cmd), 0);
	cmd.__reserved = 1;
	ASSERT_RC(__sys_ioctl(fd, IOMMU_OPTION, &cmd), -EOPNOTSUPP);
	cmd.__reserved = 0;
	cmd.op = 2;
	ASSERT_RC(__sys_ioctl(fd, IOMMU_OPTION, &cmd), -EOPNOTSUPP);
	cmd.op = IOMMU_OPTION_OP_GET;
	cmd.option_id = 1000;
	ASSERT_RC(__sys_ioctl(fd, IOMMU_OPTION, &cmd), -EOPNOTSUPP);
}

TEST(option_rlimit_mode)
{
	int fd = iommufd_open();
	__u64 value = 55;

	ASSERT_RC(__iommufd_option(fd, IOMMU_OPTION_RLIMIT_MODE,
				   IOMMU_OPTION_OP_GET, 0, &value),
		  0);
	ASSERT_EQ(value, 0);
	ASSERT_RC(__iommufd_option(fd, IOMMU_OPTION_RLIMIT_MODE,
				   IOMMU_OPTION_OP_GET, 1, &value),
		  -EOPNOTSUPP);
	value = 2;
	ASSERT_RC(__iommufd_option(fd, IOMMU_OPTION_RLIMIT_MODE,
				   IOMMU_OPTION_OP_SET, 0, &value),
		  -EINVAL);
	value = 1;
	ASSERT_RC(__iommufd_option(fd, IOMMU_OPTION_RLIMIT_MODE,
				   IOMMU_OPTION_OP_SET, 0, &value),
		  0);
	value = 55;
	ASSERT_RC(__iommufd_option(fd, IOMMU_OPTION_RLIMIT_MODE,
				   IOMMU_OPTION_OP_GET, 0, &value),
		  0);
	ASSERT_EQ(value, 1);
	/* the mode cannot change once an object exists */
	ioas_alloc(fd);
	value = 0;
	ASSERT_RC(__iommufd_option(fd, IOMMU_OPTION_RLIMIT_MODE,
				   IOMMU_OPTION_OP_SET, 0, &value),
		  -EBUSY);
}

TEST(option_huge_pages)
{
	int fd = iommufd_open();
	__u32 ioas = ioas_alloc(fd);
	__u64 value = 55;

	ASSERT_RC(__iommufd_option(fd, IOMMU_OPTION_HUGE_PAGES,
				   IOMMU_OPTION_OP_GET, ioas, &value),
		  0);
	ASSERT_EQ(value, 1);
	ASSERT_RC(__iommufd_option(fd, IOMMU_OPTION_HUGE_PAGES,
				   IOMMU_OPTION_OP_GET, ioas + 1, &value),
		  -ENOENT);
	ASSERT_RC(__iommufd_option(fd, IOMMU_OPTION_HUGE_PAGES, 2, ioas,
				   &value),
		  -EOPNOTSUPP);
	value = 2;
	ASSERT_RC(__iommufd_option(fd, IOMMU_OPTION_HUGE_PAGES,
				   IOMMU_OPTION_OP_SET, ioas, &value),
		  -EINVAL);
	value = 0;
	ASSERT_RC(__iommufd_option(fd, IOMMU_OPTION_HUGE_PAGES,
				   IOMMU_OPTION_OP_SET, ioas, &value),
		  0);
	value = 55;
	ASSERT_RC(__iommufd_option(fd, IOMMU_OPTION_HUGE_PAGES,
				   IOMMU_OPTION_OP_GET, ioas, &value),
		  0);
	ASSERT_EQ(value, 0);
	value = 1;
	ASSERT_RC(__iommufd_option(fd, IOMMU_OPTION_HUGE_PAGES,
				   IOMMU_OPTION_OP_SET, ioas, &value),
		  0);
}
