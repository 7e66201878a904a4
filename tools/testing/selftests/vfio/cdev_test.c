// SPDX-License-Identifier: GPL-2.0-only
/* Device nodes: bind, attach, replace and detach. */
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
/* Above the address width of the device */
#define IOVA_HIGH (1ULL << 60)

static int cdev_open(enum testdev which)
{
	return pci_open_cdev(pci_need(which));
}

TEST(nothing_works_before_bind)
{
	struct vfio_device_info info = { .argsz = sizeof(info) };
	int iommufd = iommufd_open();
	int fd = cdev_open(TESTDEV_EDU0);
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
	int fd = cdev_open(TESTDEV_EDU0);
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
	/* Trailing bytes are accepted if they are zero. */
	ASSERT_RC(__sys_ioctl(fd, VFIO_DEVICE_BIND_IOMMUFD, bind), 0);
	ASSERT(bind->out_devid);
}

TEST(bind_wrong_files)
{
	int iommufd = iommufd_open();
	int fd = cdev_open(TESTDEV_EDU0);
	int null = sys_open("/dev/null", O_RDWR);
	struct vfio_device_info info = { .argsz = sizeof(info) };

	ASSERT_RC(__cdev_bind(fd, -1, NULL), -EINVAL);
	ASSERT_RC(__cdev_bind(fd, 9999, NULL), -EBADF);
	ASSERT_RC(__cdev_bind(fd, null, NULL), -EBADFD);
	ASSERT_RC(__cdev_bind(fd, fd, NULL), -EBADFD);
	/* None of these calls has opened the device. */
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

/* Files from VFIO_GROUP_GET_DEVICE_FD do not support the calls of a node. */
TEST_OVER(group_device_cannot_bind, BACKENDS_LEGACY)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_EDU0), backend);
	int iommufd = iommufd_open();

	ASSERT_RC(__cdev_bind(vdev->fd, iommufd, NULL), -ENOTTY);
	ASSERT_RC(__cdev_attach(vdev->fd, ioas_alloc(iommufd), NULL), -ENOTTY);
	ASSERT_RC(__cdev_detach(vdev->fd), -ENOTTY);
}

/* All devices of a group must be bound to the same iommufd. */
TEST(group_uses_one_iommufd)
{
	int iommufd = iommufd_open();
	int other = iommufd_open();
	int fd0 = cdev_open(TESTDEV_SHARED0);
	int fd1 = cdev_open(TESTDEV_SHARED1);

	ASSERT_RC(__cdev_bind(fd0, iommufd, NULL), 0);
	ASSERT_RC(__cdev_bind(fd1, other, NULL), -EPERM);
	ASSERT_RC(__cdev_bind(fd1, iommufd, NULL), 0);
	sys_close(fd0);
	sys_close(fd1);
	fd1 = cdev_open(TESTDEV_SHARED1);
	ASSERT_RC(__cdev_bind(fd1, other, NULL), 0);
}

TEST(attach_bad_input)
{
	size_t min = offsetof(struct vfio_device_attach_iommufd_pt, pt_id) + 4;
	int iommufd = iommufd_open();
	int fd = cdev_open(TESTDEV_EDU0);
	struct vfio_device_attach_iommufd_pt attach = { .argsz = min - 1 };
	__u32 ioas = ioas_alloc(iommufd);
	__u32 dead = ioas_alloc(iommufd);
	__u32 id;

	ASSERT_RC(__cdev_bind(fd, iommufd, &id), 0);
	/* Not before the bind, which could reuse the ID for the device. */
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
	/* The ID of a device is neither an IOAS nor an HWPT. */
	ASSERT_RC(__cdev_attach(fd, id, NULL), -EINVAL);
	/* None of these calls has attached the device to the IOAS. */
	iommufd_destroy(iommufd, ioas);
}

TEST(detach_bad_input)
{
	size_t min = offsetof(struct vfio_device_detach_iommufd_pt, flags) + 4;
	int iommufd = iommufd_open();
	int fd = cdev_open(TESTDEV_EDU0);
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
	/* Detaching a device that is not attached succeeds. */
	ASSERT_RC(__cdev_detach(fd), 0);
}

/* An object can only be destroyed after its last use has ended. */
TEST(objects_in_use)
{
	int iommufd = iommufd_open();
	int fd = cdev_open(TESTDEV_EDU0);
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
	/*
	 * The HWPT was created by the attach, and is destroyed by the detach.
	 */
	ASSERT_RC(__iommufd_destroy(iommufd, hwpt), -ENOENT);
	iommufd_destroy(iommufd, ioas);
	ASSERT_RC(__iommufd_destroy(iommufd, id), -EBUSY);
	sys_close(fd);
	ASSERT_RC(__iommufd_destroy(iommufd, id), -ENOENT);
}

/* Closing the node detaches and unbinds the device. */
TEST(close_detaches)
{
	int iommufd = iommufd_open();
	int fd = cdev_open(TESTDEV_EDU0);
	__u32 ioas = ioas_alloc(iommufd);
	char *buf = sys_mmap_anon(MIB(16));
	long long pins = sys_pins_held();

	ASSERT_RC(__cdev_bind(fd, iommufd, NULL), 0);
	ASSERT_RC(__cdev_attach(fd, ioas, NULL), 0);
	ioas_map_fixed(iommufd, ioas, buf, IOVA, MIB(16));
	ASSERT(sys_pins_held() >= pins + 4096);
	sys_close(fd);
	/* The mapping remains, but no domain needs its pages. */
	ASSERT(sys_pins_held() < pins + 4096);
	fd = cdev_open(TESTDEV_EDU0);
	ASSERT_RC(__cdev_bind(fd, iommufd, NULL), 0);
	ASSERT_RC(__cdev_attach(fd, ioas, NULL), 0);
	ASSERT(sys_pins_held() >= pins + 4096);
	ioas_unmap(iommufd, ioas, IOVA, MIB(16));
	sys_close(fd);
	iommufd_destroy(iommufd, ioas);
}

/* Attaching to another IOAS takes effect immediately. */
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
	/* The first IOAS is not in use any more. */
	iommufd_destroy(space->fd, space->ioas);
	/* Attaching to the current IOAS succeeds. */
	ASSERT_RC(__cdev_attach(edu->vdev->fd, other, NULL), 0);
	memset(second, 0, PAGE);
	edu_store(edu, IOVA, PAGE);
	ASSERT(is_pattern(second, PAGE, 1));
	/* If replacing fails, the device stays attached. */
	ASSERT_RC(__cdev_attach(edu->vdev->fd, ~0U, NULL), -ENOENT);
	memset(second, 0, PAGE);
	edu_store(edu, IOVA, PAGE);
	ASSERT(is_pattern(second, PAGE, 1));
	edu_close_with_space(edu);
}

/* The DMA of a detached device is blocked. */
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

/* Replacing the IOAS of a device replaces it for its whole group. */
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

/* Mappings in reserved ranges of the device make the attach fail. */
TEST(attach_conflict)
{
	int iommufd = iommufd_open();
	int fd = cdev_open(TESTDEV_EDU0);
	__u32 high = ioas_alloc(iommufd);
	__u32 msi = ioas_alloc(iommufd);
	__u32 good = ioas_alloc(iommufd);
	struct pci_window window = pci_msi_window(pci_need(TESTDEV_EDU0));
	char *buf = sys_mmap_anon(PAGE);

	ioas_map_fixed(iommufd, high, buf, IOVA_HIGH, PAGE);
	ioas_map_fixed(iommufd, msi, buf, window.first, PAGE);
	ASSERT_RC(__cdev_bind(fd, iommufd, NULL), 0);
	ASSERT_RC(__cdev_attach(fd, high, NULL), -EADDRINUSE);
	ASSERT_RC(__cdev_attach(fd, msi, NULL), -EADDRINUSE);
	ASSERT_RC(__cdev_attach(fd, good, NULL), 0);
	ASSERT_RC(__cdev_attach(fd, msi, NULL), -EADDRINUSE);
	iommufd_destroy(iommufd, high);
	iommufd_destroy(iommufd, msi);
	ASSERT_RC(__iommufd_destroy(iommufd, good), -EBUSY);
	/* The IOAS has the reserved ranges of the device now. */
	ASSERT_RC(__ioas_map_fixed(iommufd, good, buf, window.first, PAGE,
				   DMA_RW),
		  -EINVAL);
	ASSERT_RC(__ioas_map_fixed(iommufd, good, buf, IOVA_HIGH, PAGE, DMA_RW),
		  -EINVAL);
	ASSERT_RC(__cdev_detach(fd), 0);
	ioas_map_fixed(iommufd, good, buf, window.first, PAGE);
}

/* Memory that cannot be pinned makes the first attach fail. */
TEST(attach_to_bad_memory)
{
	int iommufd = iommufd_open();
	int fd = cdev_open(TESTDEV_EDU0);
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
	int fd = cdev_open(TESTDEV_EDU0);
	struct vfio_device_attach_iommufd_pt attach = {
		.argsz = sizeof(attach),
		.flags = VFIO_DEVICE_ATTACH_PASID,
		.pt_id = ioas_alloc(iommufd),
		.pasid = 1,
	};
	int ret;

	ASSERT_RC(__cdev_bind(fd, iommufd, NULL), 0);
	ret = __sys_ioctl(fd, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach);
	ASSERT(ret == -EOPNOTSUPP || ret == -EINVAL);
}
