// SPDX-License-Identifier: GPL-2.0-only
/* /dev/iommu itself: the file, object IDs and dispatch of ioctls. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "backend.h"
#include "harness.h"
#include "ioas.h"
#include "sys.h"
#include "uffd.h"

TEST(destroy)
{
	int fd = iommufd_open();
	__u32 first = ioas_alloc(fd);
	__u32 second = ioas_alloc(fd);

	ASSERT(first != second);
	ASSERT_RC(__iommufd_destroy(fd, 0), -ENOENT);
	ASSERT_RC(__iommufd_destroy(fd, second + 1000), -ENOENT);
	ASSERT_RC(__iommufd_destroy(fd, ~0U), -ENOENT);
	iommufd_destroy(fd, first);
	ASSERT_RC(__iommufd_destroy(fd, first), -ENOENT);
	iommufd_destroy(fd, second);
}

/** struct query - a thread that queries the ranges of an IOAS */
struct query {
	/** @fd: /dev/iommu */
	int fd;
	/** @ioas: ID of the IOAS */
	__u32 ioas;
	/** @ranges: buffer for the ranges, a page */
	void *ranges;
};

static void *query_ranges(void *arg)
{
	struct query *query = arg;
	struct iommu_ioas_iova_ranges cmd = {
		.size = sizeof(cmd),
		.ioas_id = query->ioas,
		.num_iovas = 1,
		.allowed_iovas = (uintptr_t)query->ranges,
	};

	ASSERT_RC(__sys_ioctl(query->fd, IOMMU_IOAS_IOVA_RANGES, &cmd), 0);
	return NULL;
}

/* An object that a request is using is not destroyed and stays usable. */
TEST(destroy_while_in_use)
{
	struct query query = { .fd = iommufd_open(),
			       .ranges = sys_mmap_anon(PAGE) };
	int uffd = uffd_over(query.ranges, PAGE);
	char *page = sys_mmap_anon(PAGE);
	pthread_t querying;
	__u64 iova;

	query.ioas = ioas_alloc(query.fd);
	ASSERT(!pthread_create(&querying, NULL, query_ranges, &query));
	uffd_wait(uffd);
	ASSERT_RC(__iommufd_destroy(query.fd, query.ioas), -EBUSY);
	iova = ioas_map(query.fd, query.ioas, page, PAGE);
	ioas_unmap(query.fd, query.ioas, iova, PAGE);
	ASSERT_RC(__iommufd_destroy(query.fd, query.ioas), -EBUSY);
	uffd_fill(uffd, query.ranges, PAGE);
	ASSERT(!pthread_join(querying, NULL));
	iommufd_destroy(query.fd, query.ioas);
	/* the ID is free again */
	ASSERT_EQ(ioas_alloc(query.fd), query.ioas);
}

TEST(destroy_struct)
{
	struct iommu_destroy cmd = { .size = sizeof(cmd), .id = 4321 };

	check_struct_sizes(iommufd_open(), IOMMU_DESTROY, &cmd, sizeof(cmd),
			   sizeof(cmd), -ENOENT);
}

/* An ID is valid for one file; another file can neither use nor destroy it. */
TEST(files_are_apart)
{
	char *page = sys_mmap_anon(PAGE);
	int fd = iommufd_open();
	int other = iommufd_open();
	__u32 ioas;

	ioas_alloc(fd);
	ioas_alloc(fd);
	ioas = ioas_alloc(fd);
	ASSERT_RC(__iommufd_destroy(other, ioas), -ENOENT);
	ASSERT_RC(__ioas_map_fixed(other, ioas, page, MIB(1), PAGE, DMA_RW),
		  -ENOENT);
	sys_close(other);
	iommufd_destroy(fd, ioas);
}

TEST(unknown_commands)
{
	__u32 size[16] = { sizeof(size) };
	int fd = iommufd_open();

	ASSERT_RC(__sys_ioctl(fd, _IO(IOMMUFD_TYPE, 0xc0), size), -ENOTTY);
	ASSERT_RC(__sys_ioctl(fd, _IO(IOMMUFD_TYPE, 0xff), size), -ENOTTY);
	/* the number of a command with another type or direction */
	ASSERT_RC(__sys_ioctl(fd, _IO('x', _IOC_NR(IOMMU_DESTROY)), size),
		  -ENOTTY);
	ASSERT_RC(__sys_ioctl(fd,
			      _IOWR(IOMMUFD_TYPE, _IOC_NR(IOMMU_DESTROY), int),
			      size),
		  -ENOTTY);
}

/* All commands refuse undefined flags and objects. */
TEST(garbage)
{
	static const unsigned long cmds[] = {
		IOMMU_DESTROY,
		IOMMU_IOAS_ALLOC,
		IOMMU_IOAS_ALLOW_IOVAS,
		IOMMU_IOAS_COPY,
		IOMMU_IOAS_IOVA_RANGES,
		IOMMU_IOAS_MAP,
		IOMMU_IOAS_UNMAP,
		IOMMU_OPTION,
		IOMMU_VFIO_IOAS,
		IOMMU_HWPT_ALLOC,
		IOMMU_GET_HW_INFO,
		IOMMU_HWPT_SET_DIRTY_TRACKING,
		IOMMU_HWPT_GET_DIRTY_BITMAP,
		IOMMU_HWPT_INVALIDATE,
		IOMMU_FAULT_QUEUE_ALLOC,
		IOMMU_IOAS_MAP_FILE,
		IOMMU_VIOMMU_ALLOC,
		IOMMU_VDEVICE_ALLOC,
		IOMMU_IOAS_CHANGE_PROCESS,
		IOMMU_VEVENTQ_ALLOC,
		IOMMU_HW_QUEUE_ALLOC,
	};
	int fd = iommufd_open();
	__u32 cmd[32];
	unsigned int i;
	int ret;

	for (i = 0; i < ARRAY_SIZE(cmds); i++) {
		memset(cmd, 0xff, sizeof(cmd));
		/* larger than any struct, with a tail that is not zero */
		cmd[0] = sizeof(cmd);
		ret = __sys_ioctl(fd, cmds[i], cmd);
		ASSERT(ret == -E2BIG || ret == -EOPNOTSUPP || ret == -ENOTTY);
		/* 24 bytes that are set, then zeros */
		memset(cmd + 6, 0, sizeof(cmd) - 6 * sizeof(*cmd));
		ret = __sys_ioctl(fd, cmds[i], cmd);
		ASSERT(ret < 0);
		cmd[0] = 4;
		ret = __sys_ioctl(fd, cmds[i], cmd);
		ASSERT(ret == -EINVAL || ret == -EOPNOTSUPP || ret == -ENOTTY);
		ASSERT_RC(__sys_ioctl(fd, cmds[i], BAD_PTR) < 0, 1);
	}
	/* no call has created an object: the first ID is free */
	ASSERT_EQ(ioas_alloc(fd), 1);
}

TEST(file_has_nothing_to_read_or_map)
{
	int fd = iommufd_open();
	char byte = 0;

	ASSERT(read(fd, &byte, 1) < 0);
	ASSERT(write(fd, &byte, 1) < 0);
	ASSERT(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED);
}

/* Many objects, which are destroyed with the file. */
TEST(many_objects)
{
	int fd = iommufd_open();
	__u32 last = 0;
	unsigned int i;

	for (i = 0; i < 2000; i++) {
		__u32 id = ioas_alloc(fd);

		ASSERT(id != last);
		last = id;
	}
	sys_close(fd);
}
