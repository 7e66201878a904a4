// SPDX-License-Identifier: GPL-2.0-only
/*
 * Devices of two kinds of IOMMU in one address space, each with its own domain.
 */
#include <errno.h>
#include <linux/iommufd.h>

#include "edu.h"
#include "harness.h"
#include "ioas.h"
#include "mock.h"
#include "pci.h"
#include "sys.h"
#include "vdev.h"

#define IOVA 0x10000000ULL

static void check_both(struct edu *edu, const struct mock_dev *dev)
{
	struct space *space = edu->vdev->space;
	char *buf = sys_mmap_anon(2 * PAGE);

	space_map(space, buf, IOVA, 2 * PAGE);
	fill_pattern(buf, PAGE, 1);
	edu_load(edu, IOVA, PAGE);
	edu_store(edu, IOVA + PAGE, PAGE);
	ASSERT(is_pattern(buf + PAGE, PAGE, 1));
	ASSERT_RC(__mock_check_map(space->fd, dev->hwpt, buf, IOVA, 2 * PAGE),
		  0);
	space_unmap(space, IOVA, 2 * PAGE);
}

TEST(attach)
{
	struct space *space = space_open(BACKEND_IOMMUFD);
	struct mock_dev dev;
	struct edu *edu;

	mock_load();
	mock_dev(space->fd, space->ioas, 0, &dev);
	edu = edu_open_in(space, pci_need(TESTDEV_EDU0));
	check_both(edu, &dev);
	edu_close_with_space(edu);
}

/* A driver must never be passed the domain of another driver. */
TEST(replace)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU0), BACKEND_IOMMUFD);
	struct space *space = edu->vdev->space;
	__u32 other = ioas_alloc(space->fd);
	struct mock_dev dev;
	__u32 hwpt = 0;

	mock_load();
	mock_dev(space->fd, other, 0, &dev);
	ASSERT_RC(__cdev_attach(edu->vdev->fd, dev.hwpt, NULL), -EINVAL);
	ASSERT_RC(__cdev_attach(edu->vdev->fd, other, &hwpt), 0);
	ASSERT(hwpt != dev.hwpt);
	ASSERT_RC(__mock_replace(space->fd, dev.stdev, hwpt), -EINVAL);
	space->ioas = other;
	check_both(edu, &dev);
	edu_close_with_space(edu);
}

TEST(unload)
{
	mock_load();
	ASSERT_RC(__mock_unload(), 0);
}
