// SPDX-License-Identifier: GPL-2.0-only
/* The device's own node: bind, attach, replace, detach. */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "container.h"
#include "edu.h"
#include "harness.h"
#include "ioas.h"
#include "pci.h"
#include "sys.h"
#include "vdev.h"

#define IOVA 0x10000000ULL

static int cdev(enum testdev which)
{
	return pci_open_cdev(pci_need(which));
}

TEST(nothing_works_before_bind)
{
	struct vfio_device_info info = { .argsz = sizeof(info) };
	int iommufd = iommufd_open();
	int fd = cdev(TESTDEV_EDU0);
	char byte;

	ASSERT_RC(__sys_ioctl(fd, VFIO_DEVICE_GET_INFO, &info), -EINVAL);
	ASSERT_RC(__sys_ioctl(fd, VFIO_DEVICE_RESET, NULL), -EINVAL);
	ASSERT_RC(__sys_ioctl(fd, _IO(VFIO_TYPE, 250), NULL), -EINVAL);
	ASSERT_RC(__cdev_attach(fd, ioas_alloc(iommufd), NULL), -EINVAL);
	ASSERT_RC(__cdev_detach(fd), -EINVAL);
	ASSERT(read(fd, &byte, 1) < 0 && errno == EINVAL);
	ASSERT(write(fd, &byte, 1) < 0 && errno == EINVAL);
}

TEST(bind_bad_struct)
{
	size_t min = offsetof(struct vfio_device_bind_iommufd, out_devid) + 4;
	int iommufd = iommufd_open();
	int fd = cdev(TESTDEV_EDU0);
	struct vfio_device_bind_iommufd bind[2] = {
		{ .argsz = min - 1, .iommufd = iommufd },
	};

	ASSERT_RC(__sys_ioctl(fd, VFIO_DEVICE_BIND_IOMMUFD, bind), -EINVAL);
	bind->argsz = 0;
	ASSERT_RC(__sys_ioctl(fd, VFIO_DEVICE_BIND_IOMMUFD, bind), -EINVAL);
	ASSERT_RC(__sys_ioctl(fd, VFIO_DEVICE_BIND_IOMMUFD, BAD_PTR), -EFAULT);
	bind->argsz = sizeof(bind);
	bind[1].flags = 1;
	ASSERT_RC(__sys_ioctl(fd, VFIO_DEVICE_BIND_IOMMUFD, bind), -E2BIG);
	bind[1].flags = 0;
	bind->flags = 1U << 31;
	ASSERT_RC(__sys_ioctl(fd, VFIO_DEVICE_BIND_IOMMUFD, bind), -EINVAL);
	bind->flags = 0;
	/* A clean tail is welcome. */
	ASSERT_RC(__sys_ioctl(fd, VFIO_DEVICE_BIND_IOMMUFD, bind), 0);
	ASSERT(bind->out_devid);
}

TEST(bind_wrong_files)
{
	int iommufd = iommufd_open();
	int fd = cdev(TESTDEV_EDU0);
	int null = sys_open("/dev/null", O_RDWR);
	struct vfio_device_info info = { .argsz = sizeof(info) };

	ASSERT_RC(__cdev_bind(fd, -1, NULL), -EINVAL);
	ASSERT_RC(__cdev_bind(fd, 9999, NULL), -EBADF);
	ASSERT_RC(__cdev_bind(fd, null, NULL), -EBADFD);
	ASSERT_RC(__cdev_bind(fd, fd, NULL), -EBADFD);
	/* None of these has opened the device. */
	ASSERT_RC(__sys_ioctl(fd, VFIO_DEVICE_GET_INFO, &info), -EINVAL);
	ASSERT_RC(__cdev_bind(fd, iommufd, NULL), 0);
	ASSERT_RC(__sys_ioctl(fd, VFIO_DEVICE_GET_INFO, &info), 0);
	ASSERT_RC(__cdev_bind(fd, iommufd, NULL), -EINVAL);
}

TEST(bind_is_exclusive)
{
	const char *bdf = pci_need(TESTDEV_EDU0);
	int iommufd = iommufd_open();
	int fd = pci_open_cdev(bdf);
	int other = pci_open_cdev(bdf);
	int group;

	ASSERT_RC(__cdev_bind(fd, iommufd, NULL), 0);
	ASSERT_RC(__cdev_bind(other, iommufd, NULL), -EINVAL);
	ASSERT_RC(__group_open(bdf), -EBUSY);
	sys_close(fd);
	ASSERT_RC(__cdev_bind(other, iommufd, NULL), 0);
	sys_close(other);

	group = group_open(bdf);
	fd = pci_open_cdev(bdf);
	ASSERT_RC(__cdev_bind(fd, iommufd, NULL), -EBUSY);
	sys_close(group);
	ASSERT_RC(__cdev_bind(fd, iommufd, NULL), 0);
}

/* A device that came by its group is no node: these calls are not for it. */
TEST_OVER(group_device_cannot_bind, BACKENDS_LEGACY)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_EDU0), backend);
	int iommufd = iommufd_open();

	ASSERT_RC(__cdev_bind(vdev->fd, iommufd, NULL), -ENOTTY);
	ASSERT_RC(__cdev_attach(vdev->fd, ioas_alloc(iommufd), NULL), -ENOTTY);
	ASSERT_RC(__cdev_detach(vdev->fd), -ENOTTY);
}

/* All of a group's devices go to one /dev/iommu. */
TEST(group_goes_to_one_iommufd)
{
	int iommufd = iommufd_open();
	int other = iommufd_open();
	int fd0 = cdev(TESTDEV_SHARED0);
	int fd1 = cdev(TESTDEV_SHARED1);

	ASSERT_RC(__cdev_bind(fd0, iommufd, NULL), 0);
	ASSERT_RC(__cdev_bind(fd1, other, NULL), -EPERM);
	ASSERT_RC(__cdev_bind(fd1, iommufd, NULL), 0);
	sys_close(fd0);
	sys_close(fd1);
	fd1 = cdev(TESTDEV_SHARED1);
	ASSERT_RC(__cdev_bind(fd1, other, NULL), 0);
}

TEST(attach_bad_input)
{
	size_t min = offsetof(struct vfio_device_attach_iommufd_pt, pt_id) + 4;
	int iommufd = iommufd_open();
	int fd = cdev(TESTDEV_EDU0);
	struct vfio_device_attach_iommufd_pt attach = { .argsz = min - 1 };
	__u32 ioas = ioas_alloc(iommufd);
	__u32 dead = ioas_alloc(iommufd);
	__u32 id;

	ASSERT_RC(__cdev_bind(fd, iommufd, &id), 0);
	/* Not before: the device could get the number. */
	iommufd_destroy(iommufd, dead);
	attach.pt_id = ioas;
	ASSERT_RC(__sys_ioctl(fd, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach),
		  -EINVAL);
	ASSERT_RC(__sys_ioctl(fd, VFIO_DEVICE_ATTACH_IOMMUFD_PT, BAD_PTR),
		  -EFAULT);
	attach.argsz = min;
	attach.flags = 1U << 31;
	ASSERT_RC(__sys_ioctl(fd, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach),
		  -EINVAL);
	ASSERT_RC(__cdev_attach(fd, dead, NULL), -ENOENT);
	ASSERT_RC(__cdev_attach(fd, 0, NULL), -ENOENT);
	ASSERT_RC(__cdev_attach(fd, ~0U, NULL), -ENOENT);
	/* A device is no page table. */
	ASSERT_RC(__cdev_attach(fd, id, NULL), -EINVAL);
	/* None of them attached it: the IOAS is free to go. */
	iommufd_destroy(iommufd, ioas);
}

TEST(detach_bad_input)
{
	size_t min = offsetof(struct vfio_device_detach_iommufd_pt, flags) + 4;
	int iommufd = iommufd_open();
	int fd = cdev(TESTDEV_EDU0);
	struct vfio_device_detach_iommufd_pt detach = { .argsz = min - 1 };

	ASSERT_RC(__cdev_bind(fd, iommufd, NULL), 0);
	ASSERT_RC(__sys_ioctl(fd, VFIO_DEVICE_DETACH_IOMMUFD_PT, &detach),
		  -EINVAL);
	ASSERT_RC(__sys_ioctl(fd, VFIO_DEVICE_DETACH_IOMMUFD_PT, BAD_PTR),
		  -EFAULT);
	detach.argsz = min;
	detach.flags = 1U << 31;
	ASSERT_RC(__sys_ioctl(fd, VFIO_DEVICE_DETACH_IOMMUFD_PT, &detach),
		  -EINVAL);
	/* What is not attached may be detached. */
	ASSERT_RC(__cdev_detach(fd), 0);
}

/* What is in use cannot be destroyed; what is no longer, can. */
TEST(objects_in_use)
{
	int iommufd = iommufd_open();
	int fd = cdev(TESTDEV_EDU0);
	__u32 ioas = ioas_alloc(iommufd);
	__u32 hwpt;
	__u32 id;

	ASSERT_RC(__cdev_bind(fd, iommufd, &id), 0);
	ASSERT(id && id != ioas);
	ASSERT_RC(__iommufd_destroy(iommufd, id), -EBUSY);
	ASSERT_RC(__cdev_attach(fd, ioas, &hwpt), 0);
	ASSERT(hwpt != ioas && hwpt != id);
	ASSERT_RC(__iommufd_destroy(iommufd, ioas), -EBUSY);
	ASSERT_RC(__iommufd_destroy(iommufd, hwpt), -EBUSY);
	ASSERT_RC(__cdev_detach(fd), 0);
	/* The page table was made for the device, and goes with it. */
	ASSERT_RC(__iommufd_destroy(iommufd, hwpt), -ENOENT);
	iommufd_destroy(iommufd, ioas);
	ASSERT_RC(__iommufd_destroy(iommufd, id), -EBUSY);
	sys_close(fd);
	ASSERT_RC(__iommufd_destroy(iommufd, id), -ENOENT);
}

/* Closing the node detaches and unbinds. */
TEST(close_detaches)
{
	int iommufd = iommufd_open();
	int fd = cdev(TESTDEV_EDU0);
	__u32 ioas = ioas_alloc(iommufd);
	char *buf = sys_mmap_anon(MIB(16));
	long long pins = sys_pins_held();

	ASSERT_RC(__cdev_bind(fd, iommufd, NULL), 0);
	ASSERT_RC(__cdev_attach(fd, ioas, NULL), 0);
	ioas_map_fixed(iommufd, ioas, buf, IOVA, MIB(16));
	ASSERT(sys_pins_held() >= pins + 4096);
	sys_close(fd);
	/* The mapping is there, but no domain that wants its pages. */
	ASSERT(sys_pins_held() < pins + 4096);
	fd = cdev(TESTDEV_EDU0);
	ASSERT_RC(__cdev_bind(fd, iommufd, NULL), 0);
	ASSERT_RC(__cdev_attach(fd, ioas, NULL), 0);
	ASSERT(sys_pins_held() >= pins + 4096);
	ioas_unmap(iommufd, ioas, IOVA, MIB(16));
	sys_close(fd);
	iommufd_destroy(iommufd, ioas);
}

/* From one IOAS to another, and the device follows at once. */
TEST(replace)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU0), BACKEND_IOMMUFD);
	struct space *space = edu->vdev->space;
	__u32 other = ioas_alloc(space->fd);
	char *first = sys_mmap_anon(PAGE);
	char *second = sys_mmap_anon(PAGE);

	space_map(space, first, IOVA, PAGE);
	ioas_map_fixed(space->fd, other, second, IOVA, PAGE);
	fill_pattern(first, PAGE, 1);
	edu_load(edu, IOVA, PAGE);
	ASSERT_RC(__cdev_attach(edu->vdev->fd, other, NULL), 0);
	memset(first, 0x5a, PAGE);
	edu_store(edu, IOVA, PAGE);
	ASSERT(is_byte(first, PAGE, 0x5a));
	ASSERT(is_pattern(second, PAGE, 1));
	/* The first one is free now. */
	iommufd_destroy(space->fd, space->ioas);
	/* To what it has already is fine, too. */
	ASSERT_RC(__cdev_attach(edu->vdev->fd, other, NULL), 0);
	memset(second, 0, PAGE);
	edu_store(edu, IOVA, PAGE);
	ASSERT(is_pattern(second, PAGE, 1));
	/* A replacement that fails leaves it where it was. */
	ASSERT_RC(__cdev_attach(edu->vdev->fd, ~0U, NULL), -ENOENT);
	memset(second, 0, PAGE);
	edu_store(edu, IOVA, PAGE);
	ASSERT(is_pattern(second, PAGE, 1));
	edu_close_with_space(edu);
}

/* Detached from all, the device reaches nothing. */
TEST(detach_blocks_dma)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU0), BACKEND_IOMMUFD);
	struct space *space = edu->vdev->space;
	char *buf = sys_mmap_anon(PAGE);

	space_map(space, buf, IOVA, PAGE);
	fill_pattern(buf, PAGE, 2);
	edu_load(edu, IOVA, PAGE);
	ASSERT_RC(__cdev_detach(edu->vdev->fd), 0);
	memset(buf, 0x5a, PAGE);
	edu_store(edu, IOVA, PAGE);
	ASSERT(is_byte(buf, PAGE, 0x5a));
	ASSERT_RC(__cdev_attach(edu->vdev->fd, space->ioas, NULL), 0);
	edu_store(edu, IOVA, PAGE);
	ASSERT(is_pattern(buf, PAGE, 2));
	edu_close_with_space(edu);
}

/* Devices of one group share what they are attached to. */
TEST(group_moves_together)
{
	struct space *space = space_open(BACKEND_IOMMUFD);
	struct edu *edu0 = edu_open_in(space, pci_need(TESTDEV_SHARED0));
	struct edu *edu1 = edu_open_in(space, pci_need(TESTDEV_SHARED1));
	__u32 other = ioas_alloc(space->fd);
	char *first = sys_mmap_anon(PAGE);
	char *second = sys_mmap_anon(PAGE);

	space_map(space, first, IOVA, PAGE);
	ioas_map_fixed(space->fd, other, second, IOVA, PAGE);
	fill_pattern(first, PAGE, 3);
	edu_load(edu1, IOVA, PAGE);
	ASSERT_RC(__cdev_attach(edu0->vdev->fd, other, NULL), 0);
	memset(first, 0x5a, PAGE);
	edu_store(edu1, IOVA, PAGE);
	ASSERT(is_byte(first, PAGE, 0x5a));
	ASSERT(is_pattern(second, PAGE, 3));
	edu_close(edu0);
	edu_close(edu1);
	space_close(space);
}

/* Mappings that the device cannot have keep it out, and it stays usable. */
TEST(attach_conflict)
{
	int iommufd = iommufd_open();
	int fd = cdev(TESTDEV_EDU0);
	__u32 high = ioas_alloc(iommufd);
	__u32 msi = ioas_alloc(iommufd);
	__u32 good = ioas_alloc(iommufd);
	char *buf = sys_mmap_anon(PAGE);

	ioas_map_fixed(iommufd, high, buf, 1ULL << 60, PAGE);
	ioas_map_fixed(iommufd, msi, buf, 0xfee00000, PAGE);
	ASSERT_RC(__cdev_bind(fd, iommufd, NULL), 0);
	ASSERT_RC(__cdev_attach(fd, high, NULL), -EADDRINUSE);
	ASSERT_RC(__cdev_attach(fd, msi, NULL), -EADDRINUSE);
	ASSERT_RC(__cdev_attach(fd, good, NULL), 0);
	ASSERT_RC(__cdev_attach(fd, msi, NULL), -EADDRINUSE);
	iommufd_destroy(iommufd, high);
	iommufd_destroy(iommufd, msi);
	ASSERT_RC(__iommufd_destroy(iommufd, good), -EBUSY);
	/* The reserved ranges of the device are the IOAS's now. */
	ASSERT_RC(__ioas_map_fixed(iommufd, good, buf, 0xfee00000, PAGE,
				   DMA_RW),
		  -EINVAL);
	ASSERT_RC(__ioas_map_fixed(iommufd, good, buf, 1ULL << 60, PAGE,
				   DMA_RW),
		  -EINVAL);
	ASSERT_RC(__cdev_detach(fd), 0);
	ioas_map_fixed(iommufd, good, buf, 0xfee00000, PAGE);
}

/* Memory that cannot be pinned shows when the first device comes. */
TEST(attach_to_bad_memory)
{
	int iommufd = iommufd_open();
	int fd = cdev(TESTDEV_EDU0);
	__u32 ioas = ioas_alloc(iommufd);
	char *buf = sys_mmap_anon(MIB(2));
	long long pins = sys_pins_held();

	ioas_map_fixed(iommufd, ioas, buf, IOVA, MIB(2));
	sys_munmap(buf + MIB(1), MIB(1));
	ASSERT_RC(__cdev_bind(fd, iommufd, NULL), 0);
	ASSERT_RC(__cdev_attach(fd, ioas, NULL), -EFAULT);
	ASSERT(sys_pins_held() < pins + 256);
	ioas_unmap(iommufd, ioas, IOVA, MIB(2));
	ASSERT_RC(__cdev_attach(fd, ioas, NULL), 0);
}

/* A device without PASIDs. */
TEST(pasid_of_none)
{
	int iommufd = iommufd_open();
	int fd = cdev(TESTDEV_EDU0);
	struct vfio_device_attach_iommufd_pt attach = {
		.argsz = sizeof(attach),
		.flags = VFIO_DEVICE_ATTACH_PASID,
		.pt_id = ioas_alloc(iommufd),
		.pasid = 1,
	};
	int rc;

	ASSERT_RC(__cdev_bind(fd, iommufd, NULL), 0);
	rc = __sys_ioctl(fd, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach);
	ASSERT(rc == -EOPNOTSUPP || rc == -EINVAL);
}
