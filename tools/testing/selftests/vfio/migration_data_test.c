// SPDX-License-Identifier: GPL-2.0-only
/* Transfers of the state of a device, with and without pre-copy. */
#include <errno.h>
#include <string.h>

#include "harness.h"
#include "mock_migration.h"
#include "sys.h"
#include "vdev.h"

/* Registers of the NVMe controller that are migrated */
#define NVME_AQA 0x24
#define NVME_ASQ 0x28
#define NVME_ACQ 0x30
/* Flags without a meaning, to see if the kernel writes the field */
#define INFO_FLAGS 0x50

/* Volatile, so that the compiler does not warn of calls that must fail */
static void *volatile bad_ptr = BAD_PTR;

static const struct mock_record state_a = { MOCK_MAGIC, 0x10001, 0xabcd000,
					    0x123456000 };
static const struct mock_record state_b = { MOCK_MAGIC, 0x20003, 0xbeef000,
					    0x654321000 };

static void regs_write(struct vdev *vdev, const struct mock_record *record)
{
	vdev_pwrite(vdev, VFIO_PCI_BAR0_REGION_INDEX, NVME_AQA, &record->aqa,
		    4);
	vdev_pwrite(vdev, VFIO_PCI_BAR0_REGION_INDEX, NVME_ASQ, &record->asq,
		    8);
	vdev_pwrite(vdev, VFIO_PCI_BAR0_REGION_INDEX, NVME_ACQ, &record->acq,
		    8);
}

static bool regs_match(struct vdev *vdev, const struct mock_record *record)
{
	struct mock_record now = { .magic = MOCK_MAGIC };

	vdev_pread(vdev, VFIO_PCI_BAR0_REGION_INDEX, NVME_AQA, &now.aqa, 4);
	vdev_pread(vdev, VFIO_PCI_BAR0_REGION_INDEX, NVME_ASQ, &now.asq, 8);
	vdev_pread(vdev, VFIO_PCI_BAR0_REGION_INDEX, NVME_ACQ, &now.acq, 8);
	return !memcmp(&now, record, sizeof(now));
}

TEST_OVER(save_and_restore, BACKENDS_ALL)
{
	struct vdev *vdev = mig_open(backend);
	struct mock_record saved[2];
	__u64 size = 0;
	size_t pos;
	int fd;

	regs_write(vdev, &state_a);
	ASSERT_RC(__mig_feature(vdev,
				MIG_GET | VFIO_DEVICE_FEATURE_MIG_DATA_SIZE,
				&size, sizeof(size)),
		  0);
	ASSERT_EQ(size, sizeof(saved[0]));
	ASSERT_RC(__mig_feature(vdev,
				MIG_SET | VFIO_DEVICE_FEATURE_MIG_DATA_SIZE,
				&size, sizeof(size)),
		  -EINVAL);
	ASSERT_RC(__mig_feature(vdev,
				MIG_GET | VFIO_DEVICE_FEATURE_MIG_DATA_SIZE,
				&size, 7),
		  -EINVAL);

	fd = mig_set_state(vdev, MIG_STOP_COPY);
	ASSERT_RC(__mig_read(fd, bad_ptr, 4), -EFAULT);
	for (pos = 0; pos < sizeof(saved[0]); pos += 4)
		ASSERT_RC(__mig_read(fd, (char *)saved + pos, 4), 4);
	ASSERT_RC(__mig_read(fd, saved + 1, sizeof(saved[1])), 0);
	ASSERT_RC(__mig_write(fd, saved, 4), -EBADF);
	ASSERT(!memcmp(saved, &state_a, sizeof(state_a)));

	mig_set_state_without_file(vdev, MIG_RUNNING);
	ASSERT_RC(__mig_read(fd, saved + 1, sizeof(saved[1])), -ENODEV);
	sys_close(fd);
	regs_write(vdev, &state_b);

	fd = mig_set_state(vdev, MIG_RESUMING);
	ASSERT_RC(__mig_read(fd, saved + 1, sizeof(saved[1])), -EBADF);
	ASSERT_RC(__mig_write(fd, bad_ptr, 4), -EFAULT);
	for (pos = 0; pos < sizeof(saved[0]); pos += 8)
		ASSERT_RC(__mig_write(fd, (char *)saved + pos, 8), 8);
	ASSERT(regs_match(vdev, &state_b));
	mig_set_state_without_file(vdev, MIG_STOP);
	ASSERT(regs_match(vdev, &state_a));
	ASSERT_RC(__mig_write(fd, saved, 4), -ENODEV);
	mig_set_state_without_file(vdev, MIG_RUNNING);
	ASSERT(regs_match(vdev, &state_a));
}

/* Invalid and truncated data is rejected. */
TEST_OVER(restore_of_rubbish, BACKENDS_ALL)
{
	struct vdev *vdev = mig_open(backend);
	struct mock_record record = state_a;
	unsigned int i;
	int fd, none;

	for (i = 0; i < 2; i++) {
		regs_write(vdev, &state_b);
		fd = mig_set_state(vdev, MIG_RESUMING);
		record.magic = i ? MOCK_MAGIC : 1;
		ASSERT_RC(__mig_write(fd, &record, sizeof(record) - i),
			  (long)(sizeof(record) - i));
		ASSERT_RC(__mig_set_state(vdev, MIG_RUNNING, &none), -EINVAL);
		ASSERT_EQ(none, -1);
		ASSERT_EQ(mig_get_state(vdev), MIG_ERROR);
		ASSERT(regs_match(vdev, &state_b));
		ASSERT_RC(__mig_write(fd, &record, 4), -ENODEV);
		ASSERT_RC(__mig_set_state(vdev, MIG_RUNNING, &none), -EIO);
		mig_reset(vdev);
		ASSERT_EQ(mig_get_state(vdev), MIG_RUNNING);
		sys_close(fd);
	}
}

static int __precopy_info_get(int fd, struct vfio_precopy_info *info)
{
	*info = (struct vfio_precopy_info){
		.argsz = sizeof(*info),
		.flags = INFO_FLAGS,
		.initial_bytes = 1,
		.dirty_bytes = 1,
	};
	return __sys_ioctl(fd, VFIO_MIG_GET_PRECOPY_INFO, info);
}

static void check_precopy_info(int fd, __u32 flags, __u64 initial, __u64 dirty)
{
	struct vfio_precopy_info info;

	ASSERT_RC(__precopy_info_get(fd, &info), 0);
	ASSERT_EQ(info.flags, flags);
	ASSERT_EQ(info.initial_bytes, initial);
	ASSERT_EQ(info.dirty_bytes, dirty);
}

TEST_OVER(pre_copy, BACKENDS_ALL)
{
	const size_t size = sizeof(struct mock_record);
	struct vdev *vdev = mig_open(backend);
	struct vfio_precopy_info info = { .argsz = sizeof(info) - 1 };
	struct mock_record saved[8];
	int fd;

	regs_write(vdev, &state_a);
	fd = mig_set_state(vdev, MIG_PRE_COPY);
	ASSERT_RC(__sys_ioctl(fd, VFIO_MIG_GET_PRECOPY_INFO, &info), -EINVAL);
	ASSERT_RC(__sys_ioctl(fd, VFIO_MIG_GET_PRECOPY_INFO, BAD_PTR), -EFAULT);
	ASSERT_RC(__sys_ioctl(fd, VFIO_DEVICE_RESET, NULL), -ENOTTY);
	/* Flags are written only if MIG_PRECOPY_INFOv2 is enabled. */
	check_precopy_info(fd, INFO_FLAGS, size, 0);
	ASSERT_RC(__mig_read(fd, saved, 8), 8);
	check_precopy_info(fd, INFO_FLAGS, size - 8, 0);
	ASSERT_RC(__mig_read(fd, (char *)saved + 8, 4 * size), (long)size - 8);
	check_precopy_info(fd, INFO_FLAGS, 0, 0);
	ASSERT_RC(__mig_read(fd, saved + 1, size), -ENOMSG);

	/* The device is running, so more data follows. */
	regs_write(vdev, &state_b);
	check_precopy_info(fd, INFO_FLAGS, 0, size);
	ASSERT_RC(__mig_read(fd, saved + 1, 4 * size), (long)size);
	ASSERT_RC(__mig_read(fd, saved + 2, size), -ENOMSG);
	mig_set_state_without_file(vdev, MIG_PRE_COPY_P2P);
	check_precopy_info(fd, INFO_FLAGS, 0, 0);

	regs_write(vdev, &state_a);
	mig_set_state_without_file(vdev, MIG_STOP_COPY);
	ASSERT_RC(__precopy_info_get(fd, &info), -EINVAL);
	ASSERT_RC(__mig_read(fd, saved + 2, 4 * size), (long)size);
	ASSERT_RC(__mig_read(fd, saved + 3, size), 0);
	ASSERT(!memcmp(saved + 0, &state_a, size));
	ASSERT(!memcmp(saved + 1, &state_b, size));
	ASSERT(!memcmp(saved + 2, &state_a, size));
	mig_set_state_without_file(vdev, MIG_STOP);
	ASSERT_RC(__precopy_info_get(fd, &info), -ENODEV);
	sys_close(fd);

	/* The last record takes effect. */
	regs_write(vdev, &state_b);
	fd = mig_set_state(vdev, MIG_RESUMING);
	ASSERT_RC(__mig_write(fd, saved, 3 * size), (long)(3 * size));
	mig_set_state_without_file(vdev, MIG_RUNNING);
	ASSERT(regs_match(vdev, &state_a));
}

TEST_OVER(pre_copy_info_v2, BACKENDS_ALL)
{
	const __u32 feature = VFIO_DEVICE_FEATURE_MIG_PRECOPY_INFOv2;
	const size_t size = sizeof(struct mock_record);
	struct vdev *vdev = mig_open(backend);
	const char *bdf = vdev->bdf;
	struct mock_record saved;
	int fd;

	ASSERT_RC(__mig_feature(vdev, feature | MIG_PROBE, NULL, 0), 0);
	ASSERT_RC(__mig_feature(vdev, feature | MIG_PROBE | MIG_SET, NULL, 0),
		  0);
	ASSERT_RC(__mig_feature(vdev, feature | MIG_GET, NULL, 0), -EINVAL);
	ASSERT_RC(__mig_feature(vdev, feature, NULL, 0), -EINVAL);
	ASSERT_RC(__mig_feature(vdev, feature | MIG_SET, NULL, 0), 0);
	regs_write(vdev, &state_a);
	fd = mig_set_state(vdev, MIG_PRE_COPY);
	check_precopy_info(fd, 0, size, 0);
	ASSERT_RC(__mig_read(fd, &saved, size), (long)size);
	regs_write(vdev, &state_b);
	check_precopy_info(fd, VFIO_PRECOPY_INFO_REINIT, size, 0);
	check_precopy_info(fd, 0, size, 0);
	sys_close(fd);
	vdev_close_with_space(vdev);

	/* The next open has to enable it again. */
	vdev = vdev_open(bdf, backend);
	vdev_enable(vdev, false);
	fd = mig_set_state(vdev, MIG_PRE_COPY);
	check_precopy_info(fd, INFO_FLAGS, size, 0);
	sys_close(fd);
	vdev_close_with_space(vdev);
	vdev = mig_open_with(VFIO_MIGRATION_STOP_COPY, backend);
	ASSERT_RC(__mig_feature(vdev, feature | MIG_PROBE, NULL, 0), -EINVAL);
	ASSERT_RC(__mig_feature(vdev, feature | MIG_SET, NULL, 0), -EINVAL);
}
