// SPDX-License-Identifier: GPL-2.0-only
/* /dev/iommu itself: its file, its object IDs, its dispatch. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
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

/** struct asker - a thread that asks which IOVA there are */
struct asker {
	/** @fd: /dev/iommu */
	int fd;
	/** @ioas: of which IOAS */
	__u32 ioas;
	/** @answer: where to, a page */
	void *answer;
	/** @destroyer: the thread that destroys the IOAS, once it runs */
	atomic_int destroyer;
};

static void *ask(void *arg)
{
	struct asker *asker = arg;
	struct iommu_ioas_iova_ranges cmd = {
		.size = sizeof(cmd),
		.ioas_id = asker->ioas,
		.num_iovas = 1,
		.allowed_iovas = (uintptr_t)asker->answer,
	};

	ASSERT_RC(__sys_ioctl(asker->fd, IOMMU_IOAS_IOVA_RANGES, &cmd), 0);
	return NULL;
}

static void *destroy_ioas(void *arg)
{
	struct asker *asker = arg;

	asker->destroyer = gettid();
	iommufd_destroy(asker->fd, asker->ioas);
	return NULL;
}

/* Who destroys an object waits for the request that works with it. */
TEST(destroy_waits)
{
	struct asker asker = { .fd = iommufd_open(),
			       .answer = sys_mmap_anon(PAGE) };
	int uffd = uffd_over(asker.answer, PAGE);
	pthread_t asking, destroying;

	asker.ioas = ioas_alloc(asker.fd);
	ASSERT(!pthread_create(&asking, NULL, ask, &asker));
	uffd_wait(uffd);
	ASSERT(!pthread_create(&destroying, NULL, destroy_ioas, &asker));
	while (!asker.destroyer || !sys_is_stuck(asker.destroyer, "")) {
		ASSERT_EQ(pthread_tryjoin_np(destroying, NULL), EBUSY);
		sched_yield();
	}
	uffd_fill(uffd, asker.answer, PAGE);
	ASSERT(!pthread_join(asking, NULL));
	ASSERT(!pthread_join(destroying, NULL));
	/* its ID is free again */
	ASSERT_EQ(ioas_alloc(asker.fd), asker.ioas);
}

TEST(destroy_struct)
{
	struct iommu_destroy cmd = { .size = sizeof(cmd), .id = 4321 };

	check_struct_sizes(iommufd_open(), IOMMU_DESTROY, &cmd, sizeof(cmd),
			   sizeof(cmd), -ENOENT);
}

/* IDs are of one file, and no other file can use or destroy them. */
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
	/* The right number with another type or direction is another one. */
	ASSERT_RC(__sys_ioctl(fd, _IO('x', _IOC_NR(IOMMU_DESTROY)), size),
		  -ENOTTY);
	ASSERT_RC(__sys_ioctl(fd,
			      _IOWR(IOMMUFD_TYPE, _IOC_NR(IOMMU_DESTROY), int),
			      size),
		  -ENOTTY);
}

/* Flags and objects that do not exist: no command takes them. */
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
	int rc;

	for (i = 0; i < ARRAY_SIZE(cmds); i++) {
		memset(cmd, 0xff, sizeof(cmd));
		/* Larger than any struct is; its tail is not zero. */
		cmd[0] = sizeof(cmd);
		rc = __sys_ioctl(fd, cmds[i], cmd);
		ASSERT(rc == -E2BIG || rc == -EOPNOTSUPP || rc == -ENOTTY);
		/* Of the size that fits all: 24 bytes and zeros behind. */
		memset(cmd + 6, 0, sizeof(cmd) - 6 * sizeof(*cmd));
		rc = __sys_ioctl(fd, cmds[i], cmd);
		ASSERT(rc < 0);
		cmd[0] = 4;
		rc = __sys_ioctl(fd, cmds[i], cmd);
		ASSERT(rc == -EINVAL || rc == -EOPNOTSUPP || rc == -ENOTTY);
		ASSERT_RC(__sys_ioctl(fd, cmds[i], BAD_PTR) < 0, 1);
	}
	/* All that has left nothing behind: the first ID is free. */
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

/* Many objects, gone with the file. */
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
