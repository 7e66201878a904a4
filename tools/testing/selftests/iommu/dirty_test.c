// SPDX-License-Identifier: GPL-2.0-only
/* Dirty tracking by the IOMMU, and errors if the IOMMU has none. */
#include <errno.h>
#include <linux/iommufd.h>
#include <stdint.h>
#include <string.h>

#include "edu.h"
#include "harness.h"
#include "ioas.h"
#include "pci.h"
#include "sys.h"
#include "vdev.h"

#define IOVA 0x10000000ULL

static int __get_dirty(int fd, __u32 hwpt, __u32 flags, void *bitmap)
{
	return __hwpt_get_dirty(fd, hwpt, flags, IOVA, 8 * PAGE, PAGE, bitmap);
}

/*
 * Capability, allocation and ioctls agree on whether there is dirty tracking.
 */
TEST(all_or_nothing)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU0), BACKEND_IOMMUFD);
	struct space *space = edu->vdev->space;
	struct iommu_hw_info info = {
		.size = sizeof(info),
		.dev_id = edu->vdev->id,
	};
	__u64 bitmap = 0;
	__u32 hwpt = 0;
	bool tracks;
	int ret;

	ASSERT_RC(__sys_ioctl(space->fd, IOMMU_GET_HW_INFO, &info), 0);
	tracks = info.out_capabilities & IOMMU_HW_CAP_DIRTY_TRACKING;
	ret = __hwpt_alloc(space->fd, edu->vdev->id, space->ioas,
			   IOMMU_HWPT_ALLOC_DIRTY_TRACKING, &hwpt);
	ASSERT_EQ(ret, tracks ? 0 : -EOPNOTSUPP);
	if (!tracks) {
		hwpt = hwpt_alloc(space->fd, edu->vdev->id, space->ioas);
		ASSERT_RC(__hwpt_set_tracking(space->fd, hwpt,
					      IOMMU_HWPT_DIRTY_TRACKING_ENABLE),
			  -EOPNOTSUPP);
		ASSERT_RC(__get_dirty(space->fd, hwpt, 0, &bitmap),
			  -EOPNOTSUPP);
	} else {
		ASSERT_RC(__get_dirty(space->fd, hwpt, 0, &bitmap), -EINVAL);
	}
	iommufd_destroy(space->fd, hwpt);
	edu_close_with_space(edu);
}

TEST(bad_input)
{
	int fd = iommufd_open();
	__u32 ioas = ioas_alloc(fd);
	__u64 bitmap;

	ASSERT_RC(__hwpt_set_tracking(fd, 4711, 0), -ENOENT);
	ASSERT_RC(__hwpt_set_tracking(fd, ioas, 0), -ENOENT);
	ASSERT_RC(__hwpt_set_tracking(fd, ioas, 2), -EOPNOTSUPP);
	ASSERT_RC(__get_dirty(fd, ioas, 0, &bitmap), -ENOENT);
	ASSERT_RC(__get_dirty(fd, ioas, 2, &bitmap), -EOPNOTSUPP);
}
