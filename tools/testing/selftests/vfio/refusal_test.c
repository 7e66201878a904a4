// SPDX-License-Identifier: GPL-2.0-only
/* The reason of a refused call on devices and groups, in their fdinfo. */
#include <errno.h>
#include <fcntl.h>
#include <linux/iommufd.h>
#include <linux/vfio.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "container.h"
#include "feature.h"
#include "harness.h"
#include "ioas.h"
#include "observe.h"
#include "pci.h"
#include "sample.h"
#include "sys.h"
#include "vdev.h"

#define IOVA 0x10000000ULL
#define MAP_RW (VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE)
#define NO_INDEX 99U
#define FEATURE_SET VFIO_DEVICE_FEATURE_SET

#define expect_ctx(fd, ...) fdinfo_expect(fd, "iommufd-refusal", __VA_ARGS__)
#define expect_dev(fd, ...) fdinfo_expect(fd, "vfio-refusal", __VA_ARGS__)

TEST(set_iommu)
{
	int container = container_open(BACKEND_CONTAINER);
	int group = group_open(pci_need(TESTDEV_EDU0));

	group_set_container(group, container);
	ASSERT_RC(__container_set_iommu(container, 77), -ENODEV);
	expect_ctx(
		container,
		"ENODEV set iommu: type 77 is unknown or does not suit the groups");
}

TEST(container_arguments)
{
	struct vdev *vdev =
		vdev_open(pci_need(TESTDEV_EDU0), BACKEND_CONTAINER);
	char *buf = sys_mmap_anon(PAGE);
	int container = vdev->space->fd;

	ASSERT_RC(__container_map(container, buf, IOVA, PAGE, 0x80), -EINVAL);
	expect_ctx(container,
		   "EINVAL map: unknown or contradictory flags 0x80");
	ASSERT_RC(__container_map(container, buf, IOVA, PAGE, 0), -EINVAL);
	expect_ctx(container,
		   "EINVAL map: neither read nor write access requested");
	ASSERT_RC(__container_map(container, buf, IOVA, 0, MAP_RW), -EINVAL);
	expect_ctx(
		container,
		"EINVAL map: iova 0x10000000 length 0x0: length 0x0 is not possible");
	ASSERT_RC(__container_map(container, buf, IOVA + 1, PAGE, MAP_RW),
		  -EINVAL);
	expect_ctx(
		container,
		"EINVAL map: iova 0x10000001 length 0x1000: iova 0x10000001 is not aligned to 0x1000");
	ASSERT_RC(__container_map(container, buf + 1, IOVA, PAGE, MAP_RW),
		  -EINVAL);
	expect_ctx(
		container,
		"EINVAL map: iova 0x10000000 length 0x1000: length 0x1000 or offset %#llx of the memory is not aligned to 0x1000",
		(unsigned long long)(uintptr_t)buf + 1);
}

TEST(group_of_an_open_device)
{
	struct vdev *vdev =
		vdev_open(pci_need(TESTDEV_EDU0), BACKEND_CONTAINER);
	int group = space_group_fd(vdev->space, vdev->bdf);

	ASSERT_RC(__group_unset_container(group), -EBUSY);
	expect_dev(group,
		   "EBUSY unset container: 1 devices of group %d are open",
		   pci_group(vdev->bdf));
}

/* The files of a group and of a device node exclude each other. */
TEST(group_or_node)
{
	const char *bdf = pci_need(TESTDEV_EDU0);
	int iommufd = iommufd_open();
	int cdev = pci_open_cdev(bdf);
	int group = group_open(bdf);

	ASSERT_RC(__cdev_bind(cdev, iommufd, NULL), -EBUSY);
	expect_dev(cdev, "EBUSY bind: group %d is open already",
		   pci_group(bdf));
	sys_close(group);
}

TEST(other_ioas)
{
	int group = group_open(pci_need(TESTDEV_EDU0));
	int iommufd = iommufd_open();
	__u32 other = ioas_alloc(iommufd);

	group_set_container(group, iommufd);
	container_set_iommu(iommufd);
	ASSERT_RC(__vfio_ioas(iommufd, IOMMU_VFIO_IOAS_SET, &other), -EBUSY);
	expect_ctx(iommufd, "EBUSY vfio ioas: the groups use another IOAS");
}

TEST(bind)
{
	const char *bdf = pci_need(TESTDEV_SHARED0);
	const char *other = pci_need(TESTDEV_SHARED1);
	int iommufd = iommufd_open(), second = iommufd_open();
	int null = sys_open("/dev/null", O_RDWR);
	int cdev = pci_open_cdev(bdf), cdev1 = pci_open_cdev(other);

	ASSERT(__cdev_bind(cdev, null, NULL) < 0);
	expect_dev(cdev, "EBADFD bind: descriptor %d is not a file of iommufd",
		   null);
	ASSERT_RC(__cdev_bind(cdev, iommufd, NULL), 0);
	ASSERT_RC(__cdev_bind(cdev1, second, NULL), -EPERM);
	expect_ctx(
		second,
		"EPERM bind: group %d is in use by another context or container",
		pci_group(bdf));
	expect_dev(
		cdev1,
		"EPERM bind: group %d is in use by another context or container",
		pci_group(bdf));
}

/* A group has one HWPT. */
TEST(attach_of_a_group)
{
	const char *bdf = pci_need(TESTDEV_SHARED0);
	const char *other = pci_need(TESTDEV_SHARED1);
	int iommufd = iommufd_open();
	__u32 ioas = ioas_alloc(iommufd), second = ioas_alloc(iommufd);
	int cdev = pci_open_cdev(bdf), cdev1 = pci_open_cdev(other);
	__u32 hwpt;

	ASSERT_RC(__cdev_bind(cdev, iommufd, NULL), 0);
	ASSERT_RC(__cdev_bind(cdev1, iommufd, NULL), 0);
	ASSERT_RC(__cdev_attach(cdev, ioas, &hwpt), 0);
	ASSERT_RC(__cdev_attach(cdev1, second, NULL), -EINVAL);
	expect_dev(
		cdev1,
		"EINVAL attach: to %u: group %d of %s is attached to HWPT %u",
		second, pci_group(bdf), other, hwpt);
	expect_ctx(
		iommufd,
		"EINVAL attach: to %u: group %d of %s is attached to HWPT %u",
		second, pci_group(bdf), other, hwpt);
}

TEST(attach_over_allowed_iova)
{
	const char *bdf = pci_need(TESTDEV_EDU0);
	struct pci_window msi = pci_msi_window(bdf);
	struct iommu_iova_range range = { msi.first, msi.first + PAGE - 1 };
	int iommufd = iommufd_open();
	__u32 ioas = ioas_alloc(iommufd);
	int cdev = pci_open_cdev(bdf);

	ASSERT_RC(__ioas_allow(iommufd, ioas, &range, 1), 0);
	ASSERT_RC(__cdev_bind(cdev, iommufd, NULL), 0);
	ASSERT_RC(__cdev_attach(cdev, ioas, NULL), -EADDRINUSE);
	expect_dev(
		cdev,
		"EADDRINUSE attach: to %u: %s reserves %#llx-%#llx, of which IOVA is allowed by IOMMU_IOAS_ALLOW_IOVAS",
		ioas, bdf, msi.first, msi.last);
}

TEST(regions)
{
	struct vdev *vdev =
		vdev_open(pci_need(TESTDEV_EDU0), BACKEND_CONTAINER);
	struct vfio_region_info info = {
		.argsz = sizeof(info),
		.index = NO_INDEX,
	};
	unsigned long long size;
	char byte[4];

	ASSERT_RC(__sys_ioctl(vdev->fd, VFIO_DEVICE_GET_REGION_INFO, &info),
		  -EINVAL);
	expect_dev(vdev->fd, "EINVAL get region info: %s has no region 99",
		   vdev->bdf);
	vdev_region(vdev, VFIO_PCI_BAR0_REGION_INDEX, &info);
	size = info.size;
	ASSERT_RC(__vdev_pread(vdev, VFIO_PCI_BAR5_REGION_INDEX, 0, byte, 4),
		  -EINVAL);
	/* the offset is that in the file */
	expect_dev(vdev->fd,
		   "EINVAL read: offset %#llx length 0x4: %s has no region 5",
		   5ULL << 40, vdev->bdf);
	vdev_set_memory(vdev, true);
	ASSERT_RC(__vdev_pread(vdev, VFIO_PCI_BAR0_REGION_INDEX, size, byte, 4),
		  -EINVAL);
	expect_dev(
		vdev->fd,
		"EINVAL read: offset %#llx length 0x4: region 0 of %s has %#llx bytes, 0x4 bytes at %#llx requested",
		size, vdev->bdf, size, size);
	ASSERT(mmap(NULL, 2 * size, PROT_READ, MAP_SHARED, vdev->fd, 0) ==
	       MAP_FAILED);
	expect_dev(
		vdev->fd,
		"EINVAL mmap: offset 0x0 length %#llx: region 0 of %s has %#llx bytes, %#llx bytes at 0x0 requested",
		2 * size, vdev->bdf, size, 2 * size);
	vdev_set_memory(vdev, false);
	ASSERT_RC(__vdev_pwrite(vdev, VFIO_PCI_BAR0_REGION_INDEX, 0, byte, 4),
		  -EIO);
	expect_dev(
		vdev->fd,
		"EIO write: offset 0x0 length 0x4: BAR 0 of %s is disabled (memory space off, reset or power state)",
		vdev->bdf);
}

TEST(interrupts)
{
	const unsigned int mask = VFIO_IRQ_SET_DATA_NONE |
				  VFIO_IRQ_SET_ACTION_MASK;
	struct vdev *vdev =
		vdev_open(pci_need(TESTDEV_EDU0), BACKEND_CONTAINER);
	struct vfio_irq_info info = {
		.argsz = sizeof(info),
		.index = NO_INDEX,
	};

	ASSERT_RC(__sys_ioctl(vdev->fd, VFIO_DEVICE_GET_IRQ_INFO, &info),
		  -EINVAL);
	expect_dev(vdev->fd,
		   "EINVAL get irq info: %s has no interrupt of index 99",
		   vdev->bdf);
	ASSERT_RC(__vdev_set_irqs(vdev, mask, NO_INDEX, 0, 1, NULL, 0),
		  -EINVAL);
	expect_dev(vdev->fd, "EINVAL set irqs: %s has no interrupt of index 99",
		   vdev->bdf);
	ASSERT_RC(__vdev_set_irqs(vdev, mask, VFIO_PCI_INTX_IRQ_INDEX, 0, 1,
				  NULL, 0),
		  -EINVAL);
	expect_dev(
		vdev->fd,
		"EINVAL set irqs: interrupts of index 0 are not set up, or those of another index are");
	ASSERT_RC(__vdev_set_irqs(vdev, 0x1000, VFIO_PCI_INTX_IRQ_INDEX, 0, 1,
				  NULL, 0),
		  -EINVAL);
	expect_dev(vdev->fd,
		   "EINVAL set irqs: unknown or contradictory flags 0x1000");
}

TEST(features)
{
	struct vdev *vdev =
		vdev_open(pci_need(TESTDEV_NVME), BACKEND_CONTAINER);
	const __u32 enter = VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY | FEATURE_SET;
	const __u32 leave = VFIO_DEVICE_FEATURE_LOW_POWER_EXIT | FEATURE_SET;

	ASSERT_RC(__vdev_feature(vdev, 999 | FEATURE_SET, NULL, 0), -ENOTTY);
	expect_dev(vdev->fd, "ENOTTY feature: feature 999 is not supported");
	ASSERT_RC(__vdev_feature(vdev, enter, NULL, 0), 0);
	ASSERT_RC(__vdev_feature(vdev, enter, NULL, 0), -EINVAL);
	expect_dev(vdev->fd, "EINVAL feature: %s is in low power", vdev->bdf);
	ASSERT_RC(__vdev_feature(vdev, leave, NULL, 0), 0);
}

TEST(no_reset)
{
	struct {
		struct vfio_pci_hot_reset_info info;
		struct vfio_pci_dependent_device devices[8];
	} arg = { .info.argsz = sizeof(arg) };
	struct vdev *vdev =
		vdev_open(pci_need(TESTDEV_EDU0), BACKEND_CONTAINER);

	ASSERT_RC(__vdev_hot_reset(vdev), -ENODEV);
	expect_dev(vdev->fd, "ENODEV hot reset: %s cannot be reset", vdev->bdf);
	ASSERT_RC(__sys_ioctl(vdev->fd, VFIO_DEVICE_GET_PCI_HOT_RESET_INFO,
			      &arg),
		  -ENODEV);
	expect_dev(vdev->fd, "ENODEV hot reset info: %s cannot be reset",
		   vdev->bdf);
	ASSERT_RC(__vdev_reset(vdev), -EINVAL);
	expect_dev(vdev->fd, "EINVAL reset: %s cannot be reset", vdev->bdf);
	ASSERT_EQ(fdinfo_number(vdev->fd, "vfio-refusals"), 3);
}

TEST_OVER(hot_reset_of_others, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_SHARED0), backend);
	const char *other = pci_need(TESTDEV_SHARED1);

	pci_unbind(other);
	ASSERT_RC(__vdev_hot_reset(vdev), -EINVAL);
	expect_dev(
		vdev->fd,
		"EINVAL hot reset: the reset affects %s, which the caller does not own",
		other);
	pci_bind(other);
	ASSERT_RC(__vdev_hot_reset(vdev), 0);
}

/* Functions of one slot in groups of their own, each with a user of its own. */
TEST(hot_reset_of_another_user)
{
	struct vdev *vdev =
		vdev_open(pci_need(TESTDEV_SLOT0), BACKEND_CONTAINER);
	struct vdev *other =
		vdev_open(pci_need(TESTDEV_SLOT1), BACKEND_CONTAINER);

	ASSERT_RC(__vdev_hot_reset(vdev), -EINVAL);
	expect_dev(
		vdev->fd,
		"EINVAL hot reset: the reset affects %s, which the caller does not own",
		other->bdf);
	ASSERT_EQ(fdinfo_number(other->fd, "vfio-refusals"), 0);
}

/* The driver of an emulated device that does not unpin in time. */
TEST_OVER(still_pinned, BACKEND_CONTAINER | BACKEND_IOMMUFD)
{
	struct sample_setup s = sample_set_up(backend, DMA_RW);
	const unsigned long long last = SAMPLE_IOVA + SAMPLE_NR * PAGE - 1;
	const __u64 size = SAMPLE_NR * PAGE;
	__u64 unmapped;

	sample_pin(s.fd, SAMPLE_IOVA, 1);
	ASSERT_RC(__sys_ioctl_val(s.fd, VFIO_SAMPLE_STUBBORN, 1), 0);
	ASSERT_RC(__space_unmap(s.space, SAMPLE_IOVA, size, &unmapped),
		  -EDEADLK);
	expect_ctx(
		s.space->fd,
		"EDEADLK unmap: iova %#llx length %#llx: area %#llx-%#llx is pinned by the driver of an emulated device",
		SAMPLE_IOVA, (unsigned long long)size, SAMPLE_IOVA, last);
	ASSERT_RC(__sys_ioctl_val(s.fd, VFIO_SAMPLE_STUBBORN, 0), 0);
	sample_tear_down(&s);
}
