// SPDX-License-Identifier: GPL-2.0-only
/* /dev/iommu itself: its file, its object IDs, its dispatch. */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

#include "harness.h"
#include "ioas.h"
#include "sys.h"
#include "vdev.h"

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

/* Numbers that are known but not served yet say so, and do nothing. */
TEST(commands_not_served_say_so)
{
	static const unsigned long cmds[] = {
		IOMMU_FAULT_QUEUE_ALLOC,	IOMMU_VIOMMU_ALLOC,
		IOMMU_VDEVICE_ALLOC,		IOMMU_VEVENTQ_ALLOC,
		IOMMU_HW_QUEUE_ALLOC,		IOMMU_HWPT_INVALIDATE,
		IOMMU_HWPT_SET_DIRTY_TRACKING,	IOMMU_HWPT_GET_DIRTY_BITMAP,
	};
	__u32 cmd[32] = { 0 };
	int fd = iommufd_open();
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cmds); i++) {
		int rc;

		/* Short, and with an object that is not there: an error. */
		cmd[0] = 4;
		rc = __sys_ioctl(fd, cmds[i], cmd);
		ASSERT(rc == -EINVAL || rc == -EOPNOTSUPP || rc == -ENOTTY);
		cmd[0] = sizeof(cmd);
		rc = __sys_ioctl(fd, cmds[i], cmd);
		ASSERT(rc < 0 && rc != -EFAULT);
	}
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
