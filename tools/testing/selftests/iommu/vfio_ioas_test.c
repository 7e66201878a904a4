// SPDX-License-Identifier: GPL-2.0-only
/* IOMMU_VFIO_IOAS: the container's ioctls on an IOAS of the user's choice. */
#include <errno.h>
#include <linux/iommufd.h>
#include <linux/vfio.h>
#include <stdlib.h>
#include <string.h>

#include "container.h"
#include "edu.h"
#include "harness.h"
#include "ioas.h"
#include "pci.h"
#include "sys.h"
#include "vdev.h"

#define IOVA 0x10000000ULL
#define MAP_RW (VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE)

TEST(set_get_clear)
{
	int fd = iommufd_open();
	__u32 none = 0, got = 0, id;

	ASSERT_RC(__vfio_ioas(fd, IOMMU_VFIO_IOAS_GET, &none), -ENODEV);
	ASSERT_RC(__vfio_ioas(fd, IOMMU_VFIO_IOAS_SET, &none), -ENOENT);
	ASSERT_RC(__vfio_ioas(fd, 3, &none), -EOPNOTSUPP);
	id = ioas_alloc(fd);
	ASSERT_RC(__vfio_ioas(fd, IOMMU_VFIO_IOAS_SET, &id), 0);
	ASSERT_RC(__vfio_ioas(fd, IOMMU_VFIO_IOAS_GET, &got), 0);
	ASSERT_EQ(got, id);
	ASSERT_RC(__vfio_ioas(fd, IOMMU_VFIO_IOAS_CLEAR, &none), 0);
	ASSERT_RC(__vfio_ioas(fd, IOMMU_VFIO_IOAS_GET, &none), -ENODEV);

	/* the choice holds no reference, and ends if the IOAS is destroyed */
	ASSERT_RC(__vfio_ioas(fd, IOMMU_VFIO_IOAS_SET, &id), 0);
	iommufd_destroy(fd, id);
	id = ioas_alloc(fd);
	ASSERT_RC(__vfio_ioas(fd, IOMMU_VFIO_IOAS_GET, &none), -ENODEV);
}

TEST(nothing_to_work_on)
{
	struct vfio_iommu_type1_info info = { .argsz = sizeof(info) };
	char *buf = sys_mmap_anon(PAGE);
	int fd = iommufd_open();

	ASSERT_RC(__sys_ioctl(fd, VFIO_GET_API_VERSION, NULL),
		  VFIO_API_VERSION);
	ASSERT_RC(__container_set_iommu(fd, VFIO_TYPE1v2_IOMMU), -ENODEV);
	ASSERT_RC(__container_map(fd, buf, IOVA, PAGE, MAP_RW), -ENODEV);
	ASSERT_RC(__container_unmap(fd, IOVA, PAGE, 0, NULL), -ENODEV);
	ASSERT_RC(__sys_ioctl(fd, VFIO_IOMMU_GET_INFO, &info), -ENODEV);
	info.argsz = 1;
	ASSERT_RC(__sys_ioctl(fd, VFIO_IOMMU_GET_INFO, &info), -EINVAL);
}

/* A device attached to the IOAS reaches what the container's ioctls map. */
TEST(type1v2)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU0), BACKEND_IOMMUFD);
	struct space *space = edu->vdev->space;
	char *buf = sys_mmap_anon(4 * PAGE);
	__u64 unmapped = 1;
	int fd = space->fd;

	ASSERT_RC(__vfio_ioas(fd, IOMMU_VFIO_IOAS_SET, &space->ioas), 0);
	ASSERT_RC(__container_set_iommu(fd, 1000), -EINVAL);
	container_set_iommu(fd);
	container_map(fd, buf, IOVA, 4 * PAGE);
	fill_pattern(buf, PAGE, 1);
	edu_load(edu, IOVA, PAGE);
	edu_store(edu, IOVA + 3 * PAGE, PAGE);
	ASSERT(is_pattern(buf + 3 * PAGE, PAGE, 1));
	ASSERT_RC(__container_unmap(fd, IOVA + PAGE, PAGE, 0, NULL), -ENOENT);
	ASSERT_RC(__container_map(fd, buf, IOVA, PAGE, MAP_RW), -EEXIST);
	ASSERT_RC(__container_unmap(fd, IOVA, 4 * PAGE, 0, &unmapped), 0);
	ASSERT_EQ(unmapped, 4 * PAGE);
	ASSERT_RC(__container_unmap(fd, IOVA, 4 * PAGE, 0, &unmapped), 0);
	ASSERT_EQ(unmapped, 0);
	ASSERT_RC(__container_unmap(fd, IOVA, 0, 0, NULL), -EINVAL);
	edu_close_with_space(edu);
}

/* VFIO_TYPE1_IOMMU unmaps any page of a mapping and keeps the rest. */
TEST(type1_cuts)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU0), BACKEND_IOMMUFD);
	struct space *space = edu->vdev->space;
	long long before = sys_pins_held();
	char *buf = sys_mmap_anon(MIB(2));
	int fd = space->fd;
	__u64 unmapped = 0;
	unsigned int i;

	ASSERT_RC(__vfio_ioas(fd, IOMMU_VFIO_IOAS_SET, &space->ioas), 0);
	ASSERT_RC(__container_set_iommu(fd, VFIO_TYPE1_IOMMU), 0);
	container_map(fd, buf, IOVA, MIB(2));
	/* a middle, a beginning, an end, across two cuts */
	ASSERT_RC(__container_unmap(fd, IOVA + MIB(1), PAGE, 0, &unmapped), 0);
	ASSERT_EQ(unmapped, PAGE);
	container_unmap(fd, IOVA, PAGE);
	container_unmap(fd, IOVA + MIB(2) - PAGE, PAGE);
	ASSERT_RC(__container_unmap(fd, IOVA + MIB(1) - PAGE, 3 * PAGE, 0,
				    &unmapped),
		  0);
	ASSERT_EQ(unmapped, 2 * PAGE);
	ASSERT_EQ(sys_pins_held() - before, MIB(2) / PAGE - 5);

	memset(buf, 0x5a, MIB(2));
	for (i = 0; i < MIB(2) / PAGE; i += 84) {
		fill_pattern(buf + PAGE, PAGE, i);
		edu_load(edu, IOVA + PAGE, PAGE);
		edu_store(edu, IOVA + i * PAGE, PAGE);
		ASSERT(i ? is_pattern(buf + i * PAGE, PAGE, i) :
			   is_byte(buf, PAGE, 0x5a));
	}
	fill_pattern(buf + PAGE, PAGE, 1);
	edu_load(edu, IOVA + PAGE, PAGE);
	edu_store(edu, IOVA + MIB(1), PAGE);
	ASSERT(!is_pattern(buf + MIB(1), PAGE, 1));
	ASSERT_RC(__container_unmap(fd, 0, 0, VFIO_DMA_UNMAP_FLAG_ALL,
				    &unmapped),
		  0);
	ASSERT_EQ(unmapped, MIB(2) - 5 * PAGE);
	ASSERT_EQ(sys_pins_held() - before, 0);
	edu_close_with_space(edu);
}

/*
 * Mappings that may have large pages cannot be split, so the type is refused.
 */
TEST(type1_after_large_pages)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU0), BACKEND_IOMMUFD);
	struct space *space = edu->vdev->space;
	char *buf = sys_mmap_anon(PAGE);

	space_map(space, buf, IOVA, PAGE);
	ASSERT_RC(__vfio_ioas(space->fd, IOMMU_VFIO_IOAS_SET, &space->ioas), 0);
	ASSERT_RC(__container_set_iommu(space->fd, VFIO_TYPE1_IOMMU), -EINVAL);
	edu_close_with_space(edu);
}

/* A group that was refused does not change the state of the file. */
TEST(after_a_group_that_was_refused)
{
	const char *other = pci_need(TESTDEV_SHARED1);
	int group = group_open(pci_need(TESTDEV_SHARED0));
	int fd = iommufd_open();
	__u32 id = ioas_alloc(fd);

	if (system("modprobe -q uio_pci_generic"))
		SKIP("no uio_pci_generic");
	pci_bind_to(other, "uio_pci_generic");
	ASSERT_RC(__group_set_container(group, fd), -EPERM);
	ASSERT_RC(__vfio_ioas(fd, IOMMU_VFIO_IOAS_SET, &id), 0);
	ASSERT_RC(__container_set_iommu(fd, VFIO_TYPE1v2_IOMMU), 0);
	pci_bind(other);
	group_set_container(group, fd);
	ASSERT_RC(__group_unset_container(group), 0);
	ASSERT_RC(__vfio_ioas(fd, IOMMU_VFIO_IOAS_CLEAR, &id), 0);
}
