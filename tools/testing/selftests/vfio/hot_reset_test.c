// SPDX-License-Identifier: GPL-2.0-only
/* Hot resets of a bus or slot: the devices affected, and the permission. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "edu.h"
#include "harness.h"
#include "pci.h"
#include "sys.h"
#include "vdev.h"

#define HOT_RESET_MAX_DEVICES 32
/* edu: reads as the inverse of the value written. */
#define EDU_LIVENESS 0x04
/* igb: VLAN Ethertype, and a value that it does not have after a reset. */
#define IGB_VET 0x38
#define IGB_MARK 0x1234U
#define DEVID_NOT_OWNED ((__u32)VFIO_PCI_DEVID_NOT_OWNED)

static int __hot_reset_info(struct vdev *vdev,
			    struct vfio_pci_hot_reset_info *info, size_t size)
{
	memset(info, 0, size);
	info->argsz = size;
	return ioctl(vdev->fd, VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, info) ?
		       -errno :
		       0;
}

static struct vfio_pci_hot_reset_info *hot_reset_info(struct vdev *vdev)
{
	struct vfio_pci_hot_reset_info *info;
	size_t size = sizeof(*info) +
		      HOT_RESET_MAX_DEVICES * sizeof(info->devices[0]);

	info = malloc(size);
	ASSERT(info);
	ASSERT_RC(__hot_reset_info(vdev, info, size), 0);
	return info;
}

static int __hot_reset(struct vdev *vdev, const int *fds, unsigned int count)
{
	size_t size = sizeof(struct vfio_pci_hot_reset) + count * sizeof(int);
	struct vfio_pci_hot_reset *reset = calloc(1, size);
	int ret;

	ASSERT(reset);
	reset->argsz = size;
	reset->count = count;
	if (count)
		memcpy(reset->group_fds, fds, count * sizeof(int));
	ret = ioctl(vdev->fd, VFIO_DEVICE_PCI_HOT_RESET, reset) ? -errno : 0;
	free(reset);
	return ret;
}

/* With the group file as proof of ownership, or none if the node was opened. */
static int __reset_as_owner(struct vdev *vdev)
{
	int fd = -1;

	if (vdev->space->backend == BACKEND_IOMMUFD)
		return __hot_reset(vdev, &fd, 0);
	fd = space_group_fd(vdev->space, vdev->bdf);
	return __hot_reset(vdev, &fd, 1);
}

/* A buffer that is too small: the count is returned. */
TEST_OVER(info_too_small, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_SHARED0), backend);
	struct vfio_pci_hot_reset_info info;

	ASSERT_RC(__hot_reset_info(vdev, &info, sizeof(info)), -ENOSPC);
	ASSERT_EQ(info.count, 2);
	ASSERT_RC(__hot_reset_info(vdev, &info, sizeof(info.argsz)), -EINVAL);
}

/* The root bus cannot be reset. */
TEST_OVER(none_on_the_root_bus, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_EDU0), backend);
	struct vfio_pci_hot_reset_info info;

	ASSERT_RC(__hot_reset_info(vdev, &info, sizeof(info)), -ENODEV);
	ASSERT_RC(__reset_as_owner(vdev), -ENODEV);
}

TEST_OVER(info_names_the_groups, BACKENDS_LEGACY)
{
	const char *bdf = pci_need(TESTDEV_SHARED0);
	struct vfio_pci_hot_reset_info *info;
	unsigned int i;

	pci_need(TESTDEV_SHARED1);
	info = hot_reset_info(vdev_open(bdf, backend));
	ASSERT_EQ(info->count, 2);
	ASSERT_EQ(info->flags, 0);
	for (i = 0; i < info->count; i++)
		ASSERT_EQ(info->devices[i].group_id,
			  (unsigned int)pci_group(bdf));
}

/* The open device has an ID; the other one is owned because of its group. */
TEST_OVER(info_names_the_devices, BACKEND_IOMMUFD)
{
	const char *bdf1 = pci_need(TESTDEV_SHARED1);
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_SHARED0), backend);
	struct vfio_pci_hot_reset_info *info = hot_reset_info(vdev);
	struct vdev *other;
	unsigned int i;

	ASSERT_EQ(info->flags, VFIO_PCI_HOT_RESET_FLAG_DEV_ID |
				       VFIO_PCI_HOT_RESET_FLAG_DEV_ID_OWNED);
	ASSERT_EQ(info->count, 2);
	for (i = 0; i < 2; i++)
		ASSERT(info->devices[i].devid == vdev->id ||
		       info->devices[i].devid == VFIO_PCI_DEVID_OWNED);
	ASSERT(info->devices[0].devid != info->devices[1].devid);

	other = vdev_open_in(vdev->space, bdf1);
	info = hot_reset_info(vdev);
	for (i = 0; i < 2; i++)
		ASSERT(info->devices[i].devid == vdev->id ||
		       info->devices[i].devid == other->id);
	ASSERT(info->devices[0].devid != info->devices[1].devid);
}

/* A device without a VFIO driver prevents a reset. */
TEST_OVER(unbound_neighbour, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_SHARED0), backend);
	const char *bdf1 = pci_need(TESTDEV_SHARED1);
	struct vfio_pci_hot_reset_info *info;

	pci_unbind(bdf1);
	info = hot_reset_info(vdev);
	ASSERT_EQ(info->count, 2);
	ASSERT(!(info->flags & VFIO_PCI_HOT_RESET_FLAG_DEV_ID_OWNED));
	ASSERT_RC(__reset_as_owner(vdev), -EINVAL);
	pci_bind(bdf1);
	ASSERT_RC(__reset_as_owner(vdev), 0);
}

/* Both devices of the bus are reset, and both work afterwards. */
TEST_OVER(resets_the_bus, BACKENDS_ALL)
{
	const char *bdf1 = pci_need(TESTDEV_SHARED1);
	struct space *space = space_open(backend);
	struct edu *edu0 = edu_open_in(space, pci_need(TESTDEV_SHARED0));
	struct edu *edu1 = edu_open_in(space, bdf1);

	mmio_write32(edu0->regs, EDU_LIVENESS, 1);
	mmio_write32(edu1->regs, EDU_LIVENESS, 2);
	ASSERT_RC(__reset_as_owner(edu0->vdev), 0);
	mmio_write32(edu0->regs, EDU_LIVENESS, 3);
	ASSERT_EQ(mmio_read32(edu0->regs, EDU_LIVENESS), ~3U);
	mmio_write32(edu1->regs, EDU_LIVENESS, 4);
	ASSERT_EQ(mmio_read32(edu1->regs, EDU_LIVENESS), ~4U);
}

TEST_OVER(bad_group_files, BACKENDS_LEGACY)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_SHARED0), backend);
	struct vdev *other = vdev_open(pci_need(TESTDEV_EDU1), backend);
	int group = space_group_fd(vdev->space, vdev->bdf);
	int fds[3] = { group, group, group };
	int none = -1;

	ASSERT_RC(__hot_reset(vdev, fds, 0), -EINVAL);
	ASSERT_RC(__hot_reset(vdev, fds, 3), -EINVAL);
	ASSERT_RC(__hot_reset(vdev, &none, 1), -EBADF);
	ASSERT_RC(__hot_reset(vdev, &vdev->fd, 1), -EINVAL);
	ASSERT_RC(__hot_reset(vdev, &vdev->space->fd, 1), -EINVAL);
	fds[0] = space_group_fd(other->space, other->bdf);
	ASSERT_RC(__hot_reset(vdev, fds, 1), -EINVAL);
	ASSERT_RC(__hot_reset(vdev, fds, 2), 0);
}

/* A device that was opened by its node accepts no files. */
TEST_OVER(no_group_files, BACKEND_IOMMUFD)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_SHARED0), backend);

	ASSERT_RC(__hot_reset(vdev, &vdev->fd, 1), -EINVAL);
	ASSERT_RC(__hot_reset(vdev, &vdev->space->fd, 1), -EINVAL);
}

static void igb_mark(struct vdev *vdev)
{
	const __u32 mark = IGB_MARK;

	vdev_enable(vdev, false);
	vdev_pwrite(vdev, VFIO_PCI_BAR0_REGION_INDEX, IGB_VET, &mark, 4);
}

static bool igb_was_reset(struct vdev *vdev)
{
	__u32 now;

	vdev_enable(vdev, false);
	vdev_pread(vdev, VFIO_PCI_BAR0_REGION_INDEX, IGB_VET, &now, 4);
	return now != IGB_MARK;
}

/* The functions of a slot are reset together, even with separate groups. */
TEST_OVER(slot_of_two_groups, BACKENDS_LEGACY)
{
	const char *bdf0 = pci_need(TESTDEV_SLOT0);
	const char *bdf1 = pci_need(TESTDEV_SLOT1);
	struct vdev *vdev = vdev_open(bdf0, backend);
	struct vfio_pci_hot_reset_info *info = hot_reset_info(vdev);
	struct vdev *other;
	int fds[2];

	ASSERT(pci_group(bdf0) != pci_group(bdf1));
	ASSERT_EQ(info->count, 2);
	ASSERT_EQ(info->devices[0].group_id, (unsigned int)pci_group(bdf0));
	ASSERT_EQ(info->devices[0].devfn, 0);
	ASSERT_EQ(info->devices[1].group_id, (unsigned int)pci_group(bdf1));
	ASSERT_EQ(info->devices[1].devfn, 1);

	fds[0] = space_group_fd(vdev->space, bdf0);
	ASSERT_RC(__hot_reset(vdev, fds, 1), -EINVAL);
	other = vdev_open_in(vdev->space, bdf1);
	fds[1] = space_group_fd(vdev->space, bdf1);
	igb_mark(vdev);
	igb_mark(other);
	ASSERT_RC(__hot_reset(vdev, fds, 1), -EINVAL);
	ASSERT(!igb_was_reset(vdev));
	ASSERT_RC(__hot_reset(vdev, fds, 2), 0);
	ASSERT(igb_was_reset(vdev));
	ASSERT(igb_was_reset(other));
}

TEST_OVER(slot_of_two_owners, BACKEND_IOMMUFD)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_SLOT0), backend);
	const char *bdf1 = pci_need(TESTDEV_SLOT1);
	struct vfio_pci_hot_reset_info *info = hot_reset_info(vdev);
	struct vdev *other;

	/* A group without an owner is not owned by the caller. */
	ASSERT_EQ(info->count, 2);
	ASSERT_EQ(info->flags, VFIO_PCI_HOT_RESET_FLAG_DEV_ID);
	ASSERT_EQ(info->devices[0].devid, vdev->id);
	ASSERT_EQ(info->devices[1].devid, DEVID_NOT_OWNED);
	ASSERT_RC(__reset_as_owner(vdev), -EINVAL);

	other = vdev_open(bdf1, backend);
	info = hot_reset_info(vdev);
	ASSERT_EQ(info->flags, VFIO_PCI_HOT_RESET_FLAG_DEV_ID);
	ASSERT_EQ(info->devices[1].devid, DEVID_NOT_OWNED);
	igb_mark(other);
	ASSERT_RC(__reset_as_owner(vdev), -EINVAL);
	ASSERT(!igb_was_reset(other));
	vdev_close_with_space(other);

	other = vdev_open_in(vdev->space, bdf1);
	info = hot_reset_info(vdev);
	ASSERT_EQ(info->flags, VFIO_PCI_HOT_RESET_FLAG_DEV_ID |
				       VFIO_PCI_HOT_RESET_FLAG_DEV_ID_OWNED);
	ASSERT_EQ(info->devices[1].devid, other->id);
	igb_mark(vdev);
	igb_mark(other);
	ASSERT_RC(__reset_as_owner(vdev), 0);
	ASSERT(igb_was_reset(vdev));
	ASSERT(igb_was_reset(other));
}
