// SPDX-License-Identifier: GPL-2.0-only
/*
 * Migration and DMA logging, with a driver that plays a device which can do
 * both: mock_migration.ko on the NVMe controller.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../../modules/mock_migration/mock_abi.h"
#include "harness.h"
#include "pci.h"
#include "sys.h"
#include "vdev.h"

#define MODULE "../modules/mock_migration/mock_migration.ko"
#define DRIVER "mock-migration"
#define PARAMETERS "/sys/module/mock_migration/parameters/"

#define GET VFIO_DEVICE_FEATURE_GET
#define SET VFIO_DEVICE_FEATURE_SET
#define PROBE VFIO_DEVICE_FEATURE_PROBE

#define ALL_FLAGS                                        \
	(VFIO_MIGRATION_STOP_COPY | VFIO_MIGRATION_P2P | \
	 VFIO_MIGRATION_PRE_COPY)

#define RUNNING VFIO_DEVICE_STATE_RUNNING
#define RUNNING_P2P VFIO_DEVICE_STATE_RUNNING_P2P
#define STOP VFIO_DEVICE_STATE_STOP
#define STOP_COPY VFIO_DEVICE_STATE_STOP_COPY
#define RESUMING VFIO_DEVICE_STATE_RESUMING
#define PRE_COPY VFIO_DEVICE_STATE_PRE_COPY
#define PRE_COPY_P2P VFIO_DEVICE_STATE_PRE_COPY_P2P
#define ERROR VFIO_DEVICE_STATE_ERROR

/* The compiler would warn of calls that must fail. */
static void *volatile bad_ptr = BAD_PTR;

static const struct mock_record state_a = { MOCK_MAGIC, 0x10001, 0xabcd000,
					    0x123456000 };
static const struct mock_record state_b = { MOCK_MAGIC, 0x20003, 0xbeef000,
					    0x654321000 };

static void set_parameter(const char *name, unsigned int value)
{
	char path[128];
	char text[16];

	snprintf(path, sizeof(path), PARAMETERS "%s", name);
	snprintf(text, sizeof(text), "%u", value);
	ASSERT_RC(__sys_write_file(path, text), 0);
}

static int __bind_mock(unsigned int flags, unsigned int missing,
		       const char **bdf)
{
	*bdf = pci_need_unbound(TESTDEV_NVME);
	sys_load_module(MODULE);
	pci_unbind(*bdf);
	set_parameter("flags", flags);
	set_parameter("missing", missing);
	set_parameter("sparse", 0);
	return __pci_bind_to(*bdf, DRIVER);
}

static struct vdev *open_mock_with(unsigned int flags, enum backend backend)
{
	struct vdev *vdev;
	const char *bdf;

	ASSERT_RC(__bind_mock(flags, 0, &bdf), 0);
	vdev = vdev_open(bdf, backend);
	vdev_enable(vdev, false);
	return vdev;
}

static struct vdev *open_mock(enum backend backend)
{
	return open_mock_with(ALL_FLAGS, backend);
}

static int __feature(struct vdev *vdev, __u32 flags, void *data, size_t size)
{
	__u32 buf[64] = { 8 + size, flags };
	int rc;

	if (size)
		memcpy(buf + 2, data, size);
	rc = __sys_ioctl(vdev->fd, VFIO_DEVICE_FEATURE, buf);
	if (size)
		memcpy(data, buf + 2, size);
	return rc;
}

static unsigned int get_state(struct vdev *vdev)
{
	struct vfio_device_feature_mig_state mig = { .data_fd = 5 };

	ASSERT_RC(__feature(vdev, GET | VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE,
			    &mig, sizeof(mig)),
		  0);
	ASSERT_EQ(mig.data_fd, -1);
	return mig.device_state;
}

static int __set_state(struct vdev *vdev, unsigned int state, int *fd)
{
	struct vfio_device_feature_mig_state mig = { state, 5 };
	int rc = __feature(vdev, SET | VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE,
			   &mig, sizeof(mig));

	*fd = mig.data_fd;
	return rc;
}

/* Gives the file that data moves by, -1 where none does. */
static int set_state(struct vdev *vdev, unsigned int state)
{
	int fd;

	ASSERT_RC(__set_state(vdev, state, &fd), 0);
	ASSERT_EQ(get_state(vdev), state);
	return fd;
}

static void set_state_quietly(struct vdev *vdev, unsigned int state)
{
	ASSERT_EQ(set_state(vdev, state), -1);
}

static void get_steps(struct vdev *vdev, struct mock_steps *steps)
{
	*steps = (struct mock_steps){};
	ASSERT_RC(__feature(vdev, GET | MOCK_FEATURE_STEPS, steps,
			    sizeof(*steps)),
		  0);
}

static void fail_at(struct vdev *vdev, __u32 state)
{
	ASSERT_RC(__feature(vdev, SET | MOCK_FEATURE_FAIL, &state,
			    sizeof(state)),
		  0);
}

static void put_device(struct vdev *vdev, const struct mock_record *record)
{
	vdev_pwrite(vdev, VFIO_PCI_BAR0_REGION_INDEX, 0x24, &record->aqa, 4);
	vdev_pwrite(vdev, VFIO_PCI_BAR0_REGION_INDEX, 0x28, &record->asq, 8);
	vdev_pwrite(vdev, VFIO_PCI_BAR0_REGION_INDEX, 0x30, &record->acq, 8);
}

static bool device_is(struct vdev *vdev, const struct mock_record *record)
{
	struct mock_record now = { .magic = MOCK_MAGIC };

	vdev_pread(vdev, VFIO_PCI_BAR0_REGION_INDEX, 0x24, &now.aqa, 4);
	vdev_pread(vdev, VFIO_PCI_BAR0_REGION_INDEX, 0x28, &now.asq, 8);
	vdev_pread(vdev, VFIO_PCI_BAR0_REGION_INDEX, 0x30, &now.acq, 8);
	return !memcmp(&now, record, sizeof(now));
}

static long __read(int fd, void *buf, size_t size)
{
	ssize_t rc = read(fd, buf, size);

	return rc < 0 ? -errno : rc;
}

static long __write(int fd, const void *buf, size_t size)
{
	ssize_t rc = write(fd, buf, size);

	return rc < 0 ? -errno : rc;
}

static void reset(struct vdev *vdev)
{
	ASSERT_RC(__vdev_reset(vdev), 0);
	vdev_enable(vdev, false);
}

/* Features that a device without ops of a driver lacks. */
TEST_OVER(device_without, BACKENDS_ALL)
{
	static const __u32 features[] = {
		GET | VFIO_DEVICE_FEATURE_MIGRATION,
		GET | VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE,
		SET | VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE,
		GET | VFIO_DEVICE_FEATURE_MIG_DATA_SIZE,
		SET | VFIO_DEVICE_FEATURE_DMA_LOGGING_START,
		SET | VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP,
		GET | VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT,
	};
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_EDU0), backend);
	__u64 data[4] = {};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(features); i++) {
		ASSERT_RC(__feature(vdev, features[i], data, sizeof(data)),
			  -ENOTTY);
		ASSERT_RC(__feature(vdev, features[i] | PROBE, NULL, 0),
			  -ENOTTY);
	}
}

TEST_OVER(what_it_can_do, BACKENDS_ALL)
{
	struct vdev *vdev = open_mock(backend);
	__u32 feature = VFIO_DEVICE_FEATURE_MIGRATION;
	__u64 flags = 0;

	ASSERT_RC(__feature(vdev, feature | PROBE, NULL, 0), 0);
	ASSERT_RC(__feature(vdev, feature | PROBE | GET, NULL, 0), 0);
	ASSERT_RC(__feature(vdev, feature | PROBE | SET, NULL, 0), -EINVAL);
	ASSERT_RC(__feature(vdev, feature | SET, &flags, 8), -EINVAL);
	ASSERT_RC(__feature(vdev, feature | GET, &flags, 7), -EINVAL);
	ASSERT_RC(__feature(vdev, feature | GET, &flags, 8), 0);
	ASSERT_EQ(flags, ALL_FLAGS);
	vdev_close_with_space(vdev);
	vdev = open_mock_with(VFIO_MIGRATION_STOP_COPY, backend);
	ASSERT_RC(__feature(vdev, feature | GET, &flags, 8), 0);
	ASSERT_EQ(flags, VFIO_MIGRATION_STOP_COPY);
}

/* A driver that has but a part of it does not get its device registered. */
TEST(driver_with_ops_missing)
{
	unsigned int missing;
	const char *bdf;

	for (missing = 1; missing <= 6; missing++)
		ASSERT_RC(__bind_mock(ALL_FLAGS, missing, &bdf), -ENODEV);
	ASSERT_RC(__bind_mock(VFIO_MIGRATION_P2P, 0, &bdf), -ENODEV);
	ASSERT_RC(__bind_mock(0, 0, &bdf), -ENODEV);
	ASSERT_RC(__bind_mock(ALL_FLAGS, 0, &bdf), 0);
}

/* A letter for each state, by its number: no letter for none. */
static const char letters[] = "-SRCUPQW";

/* The ways from each state to each, as letters of the states stepped to. */
static const char *const ways[VFIO_DEVICE_STATE_NR][VFIO_DEVICE_STATE_NR] = {
	[STOP] = { [STOP] = "",
		   [RUNNING] = "PR",
		   [STOP_COPY] = "C",
		   [RESUMING] = "U",
		   [RUNNING_P2P] = "P",
		   [PRE_COPY] = "PRQ",
		   [PRE_COPY_P2P] = "PW" },
	[RUNNING] = { [STOP] = "PS",
		      [RUNNING] = "",
		      [STOP_COPY] = "PSC",
		      [RESUMING] = "PSU",
		      [RUNNING_P2P] = "P",
		      [PRE_COPY] = "Q",
		      [PRE_COPY_P2P] = "PW" },
	[STOP_COPY] = { [STOP] = "S",
			[RUNNING] = "SPR",
			[STOP_COPY] = "",
			[RESUMING] = "SU",
			[RUNNING_P2P] = "SP" },
	[RESUMING] = { [STOP] = "S",
		       [RUNNING] = "SPR",
		       [STOP_COPY] = "SC",
		       [RESUMING] = "",
		       [RUNNING_P2P] = "SP",
		       [PRE_COPY] = "SPRQ",
		       [PRE_COPY_P2P] = "SPW" },
	[RUNNING_P2P] = { [STOP] = "S",
			  [RUNNING] = "R",
			  [STOP_COPY] = "SC",
			  [RESUMING] = "SU",
			  [RUNNING_P2P] = "",
			  [PRE_COPY] = "RQ",
			  [PRE_COPY_P2P] = "W" },
	[PRE_COPY] = { [STOP] = "RPS",
		       [RUNNING] = "R",
		       [STOP_COPY] = "WC",
		       [RESUMING] = "RPSU",
		       [RUNNING_P2P] = "RP",
		       [PRE_COPY] = "",
		       [PRE_COPY_P2P] = "W" },
	[PRE_COPY_P2P] = { [STOP] = "PS",
			   [RUNNING] = "PR",
			   [STOP_COPY] = "C",
			   [RESUMING] = "PSU",
			   [RUNNING_P2P] = "P",
			   [PRE_COPY] = "Q",
			   [PRE_COPY_P2P] = "" },
};

static bool has_state(unsigned int flags, unsigned int state)
{
	bool p2p = state == RUNNING_P2P || state == PRE_COPY_P2P;
	bool pre_copy = state == PRE_COPY || state == PRE_COPY_P2P;

	return !(p2p && !(flags & VFIO_MIGRATION_P2P)) &&
	       !(pre_copy && !(flags & VFIO_MIGRATION_PRE_COPY));
}

/* The same way for a device that lacks some states: these are left out. */
static void expect_steps(struct vdev *vdev, unsigned int flags, const char *way)
{
	struct mock_steps steps;
	unsigned int nr = 0;

	get_steps(vdev, &steps);
	for (; *way; way++) {
		unsigned int state = strchr(letters, *way) - letters;

		if (!has_state(flags, state))
			continue;
		ASSERT(nr < steps.nr);
		ASSERT_EQ(steps.states[nr], state);
		nr++;
	}
	ASSERT_EQ(steps.nr, nr);
}

static void walk(struct vdev *vdev, unsigned int flags, unsigned int from,
		 unsigned int to)
{
	const char *way = ways[from][to];
	struct mock_steps steps;
	bool moves;
	int fd;

	fd = set_state(vdev, RUNNING);
	if (fd >= 0)
		sys_close(fd);
	fd = set_state(vdev, from);
	if (fd >= 0)
		sys_close(fd);
	get_steps(vdev, &steps);

	if (!way || !has_state(flags, to)) {
		ASSERT_RC(__set_state(vdev, to, &fd), -EINVAL);
		ASSERT_EQ(fd, -1);
		ASSERT_EQ(get_state(vdev), from);
		expect_steps(vdev, flags, "");
		return;
	}
	fd = set_state(vdev, to);
	expect_steps(vdev, flags, way);
	/* A file comes where a transfer begins, not where it goes on. */
	moves = to == RESUMING ? from != RESUMING :
				 strchr("CQW", letters[to]) &&
					 !strchr("CQW", letters[from]);
	ASSERT_EQ(fd >= 0, moves);
	if (fd >= 0) {
		ASSERT_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
		sys_close(fd);
	}
}

TEST_OVER(every_way, BACKENDS_ALL)
{
	static const unsigned int variants[] = {
		ALL_FLAGS,
		VFIO_MIGRATION_STOP_COPY,
		VFIO_MIGRATION_STOP_COPY | VFIO_MIGRATION_P2P,
		VFIO_MIGRATION_STOP_COPY | VFIO_MIGRATION_PRE_COPY,
	};
	unsigned int from, to, i;
	struct vdev *vdev;

	for (i = 0; i < ARRAY_SIZE(variants); i++) {
		vdev = open_mock_with(variants[i], backend);
		for (from = STOP; from < VFIO_DEVICE_STATE_NR; from++) {
			if (!has_state(variants[i], from))
				continue;
			for (to = STOP; to < VFIO_DEVICE_STATE_NR; to++)
				walk(vdev, variants[i], from, to);
			walk(vdev, variants[i], from, ERROR);
		}
		vdev_close_with_space(vdev);
	}
}

TEST_OVER(bad_requests, BACKENDS_ALL)
{
	const __u32 feature = VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE;
	struct vdev *vdev = open_mock(backend);
	struct vfio_device_feature_mig_state mig = { STOP, 5 };
	char *page = sys_mmap_anon(2 * PAGE);
	__u32 *request;
	int fd;

	ASSERT_RC(__set_state(vdev, ERROR, &fd), -EINVAL);
	ASSERT_RC(__set_state(vdev, VFIO_DEVICE_STATE_NR, &fd), -EINVAL);
	ASSERT_RC(__set_state(vdev, ~0U, &fd), -EINVAL);
	ASSERT_RC(__feature(vdev, feature | SET, &mig, 7), -EINVAL);
	ASSERT_RC(__feature(vdev, feature | GET, &mig, 7), -EINVAL);
	ASSERT_RC(__feature(vdev, feature, &mig, 8), -EINVAL);
	ASSERT_RC(__feature(vdev, feature | GET | SET, &mig, 8), -EINVAL);
	ASSERT_RC(__feature(vdev, feature | PROBE | GET | SET, NULL, 0), 0);

	/* The header can be read, what is behind it cannot. */
	sys_munmap(page + PAGE, PAGE);
	request = (__u32 *)(page + PAGE - 8);
	request[0] = 16;
	request[1] = feature | SET;
	ASSERT_RC(__sys_ioctl(vdev->fd, VFIO_DEVICE_FEATURE, request), -EFAULT);
	request[1] = feature | GET;
	ASSERT_RC(__sys_ioctl(vdev->fd, VFIO_DEVICE_FEATURE, request), -EFAULT);

	/* The answer could not be written. */
	request = (__u32 *)page;
	request[0] = 16;
	request[1] = feature | SET;
	request[2] = STOP_COPY;
	ASSERT(!mprotect(page, PAGE, PROT_READ));
	ASSERT_RC(__sys_ioctl(vdev->fd, VFIO_DEVICE_FEATURE, request), -EFAULT);
	ASSERT_EQ(get_state(vdev), RUNNING);
}

TEST_OVER(save_and_restore, BACKENDS_ALL)
{
	struct vdev *vdev = open_mock(backend);
	struct mock_record saved[2];
	__u64 size = 0;
	size_t pos;
	int fd;

	put_device(vdev, &state_a);
	ASSERT_RC(__feature(vdev, GET | VFIO_DEVICE_FEATURE_MIG_DATA_SIZE,
			    &size, sizeof(size)),
		  0);
	ASSERT_EQ(size, sizeof(saved[0]));
	ASSERT_RC(__feature(vdev, SET | VFIO_DEVICE_FEATURE_MIG_DATA_SIZE,
			    &size, sizeof(size)),
		  -EINVAL);
	ASSERT_RC(__feature(vdev, GET | VFIO_DEVICE_FEATURE_MIG_DATA_SIZE,
			    &size, 7),
		  -EINVAL);

	fd = set_state(vdev, STOP_COPY);
	ASSERT_RC(__read(fd, bad_ptr, 4), -EFAULT);
	for (pos = 0; pos < sizeof(saved[0]); pos += 4)
		ASSERT_RC(__read(fd, (char *)saved + pos, 4), 4);
	ASSERT_RC(__read(fd, saved + 1, sizeof(saved[1])), 0);
	ASSERT_RC(__write(fd, saved, 4), -EBADF);
	ASSERT(!memcmp(saved, &state_a, sizeof(state_a)));

	set_state_quietly(vdev, RUNNING);
	ASSERT_RC(__read(fd, saved + 1, sizeof(saved[1])), -ENODEV);
	sys_close(fd);
	put_device(vdev, &state_b);

	fd = set_state(vdev, RESUMING);
	ASSERT_RC(__read(fd, saved + 1, sizeof(saved[1])), -EBADF);
	ASSERT_RC(__write(fd, bad_ptr, 4), -EFAULT);
	for (pos = 0; pos < sizeof(saved[0]); pos += 8)
		ASSERT_RC(__write(fd, (char *)saved + pos, 8), 8);
	ASSERT(device_is(vdev, &state_b));
	set_state_quietly(vdev, STOP);
	ASSERT(device_is(vdev, &state_a));
	ASSERT_RC(__write(fd, saved, 4), -ENODEV);
	set_state_quietly(vdev, RUNNING);
	ASSERT(device_is(vdev, &state_a));
}

/* What arrives is not what a device of the kind sends. */
TEST_OVER(restore_of_rubbish, BACKENDS_ALL)
{
	struct vdev *vdev = open_mock(backend);
	struct mock_record record = state_a;
	unsigned int i;
	int fd, none;

	for (i = 0; i < 2; i++) {
		put_device(vdev, &state_b);
		fd = set_state(vdev, RESUMING);
		record.magic = i ? MOCK_MAGIC : 1;
		ASSERT_RC(__write(fd, &record, sizeof(record) - i),
			  (long)(sizeof(record) - i));
		ASSERT_RC(__set_state(vdev, RUNNING, &none), -EINVAL);
		ASSERT_EQ(none, -1);
		ASSERT_EQ(get_state(vdev), ERROR);
		ASSERT(device_is(vdev, &state_b));
		ASSERT_RC(__write(fd, &record, 4), -ENODEV);
		ASSERT_RC(__set_state(vdev, RUNNING, &none), -EIO);
		reset(vdev);
		ASSERT_EQ(get_state(vdev), RUNNING);
		sys_close(fd);
	}
}

static int __precopy_info(int fd, struct vfio_precopy_info *info)
{
	*info = (struct vfio_precopy_info){
		.argsz = sizeof(*info),
		.flags = 0x50,
		.initial_bytes = 1,
		.dirty_bytes = 1,
	};
	return __sys_ioctl(fd, VFIO_MIG_GET_PRECOPY_INFO, info);
}

static void expect_precopy(int fd, __u32 flags, __u64 initial, __u64 dirty)
{
	struct vfio_precopy_info info;

	ASSERT_RC(__precopy_info(fd, &info), 0);
	ASSERT_EQ(info.flags, flags);
	ASSERT_EQ(info.initial_bytes, initial);
	ASSERT_EQ(info.dirty_bytes, dirty);
}

TEST_OVER(pre_copy, BACKENDS_ALL)
{
	const size_t size = sizeof(struct mock_record);
	struct vdev *vdev = open_mock(backend);
	struct vfio_precopy_info info = { .argsz = sizeof(info) - 1 };
	struct mock_record saved[8];
	int fd;

	put_device(vdev, &state_a);
	fd = set_state(vdev, PRE_COPY);
	ASSERT_RC(__sys_ioctl(fd, VFIO_MIG_GET_PRECOPY_INFO, &info), -EINVAL);
	ASSERT_RC(__sys_ioctl(fd, VFIO_MIG_GET_PRECOPY_INFO, BAD_PTR), -EFAULT);
	ASSERT_RC(__sys_ioctl(fd, VFIO_DEVICE_RESET, NULL), -ENOTTY);
	/* Flags are left alone as long as nobody said that he knows them. */
	expect_precopy(fd, 0x50, size, 0);
	ASSERT_RC(__read(fd, saved, 8), 8);
	expect_precopy(fd, 0x50, size - 8, 0);
	ASSERT_RC(__read(fd, (char *)saved + 8, 4 * size), (long)size - 8);
	expect_precopy(fd, 0x50, 0, 0);
	ASSERT_RC(__read(fd, saved + 1, size), -ENOMSG);

	/* The device works, so there is more to come. */
	put_device(vdev, &state_b);
	expect_precopy(fd, 0x50, 0, size);
	ASSERT_RC(__read(fd, saved + 1, 4 * size), (long)size);
	ASSERT_RC(__read(fd, saved + 2, size), -ENOMSG);
	set_state_quietly(vdev, PRE_COPY_P2P);
	expect_precopy(fd, 0x50, 0, 0);

	put_device(vdev, &state_a);
	set_state_quietly(vdev, STOP_COPY);
	ASSERT_RC(__precopy_info(fd, &info), -EINVAL);
	ASSERT_RC(__read(fd, saved + 2, 4 * size), (long)size);
	ASSERT_RC(__read(fd, saved + 3, size), 0);
	ASSERT(!memcmp(saved + 0, &state_a, size));
	ASSERT(!memcmp(saved + 1, &state_b, size));
	ASSERT(!memcmp(saved + 2, &state_a, size));
	set_state_quietly(vdev, STOP);
	ASSERT_RC(__precopy_info(fd, &info), -ENODEV);
	sys_close(fd);

	/* The last word counts. */
	put_device(vdev, &state_b);
	fd = set_state(vdev, RESUMING);
	ASSERT_RC(__write(fd, saved, 3 * size), (long)(3 * size));
	set_state_quietly(vdev, RUNNING);
	ASSERT(device_is(vdev, &state_a));
}

TEST_OVER(pre_copy_info_v2, BACKENDS_ALL)
{
	const __u32 feature = VFIO_DEVICE_FEATURE_MIG_PRECOPY_INFOv2;
	const size_t size = sizeof(struct mock_record);
	struct vdev *vdev = open_mock(backend);
	const char *bdf = vdev->bdf;
	struct mock_record saved;
	int fd;

	ASSERT_RC(__feature(vdev, feature | PROBE, NULL, 0), 0);
	ASSERT_RC(__feature(vdev, feature | PROBE | SET, NULL, 0), 0);
	ASSERT_RC(__feature(vdev, feature | GET, NULL, 0), -EINVAL);
	ASSERT_RC(__feature(vdev, feature, NULL, 0), -EINVAL);
	ASSERT_RC(__feature(vdev, feature | SET, NULL, 0), 0);
	put_device(vdev, &state_a);
	fd = set_state(vdev, PRE_COPY);
	expect_precopy(fd, 0, size, 0);
	ASSERT_RC(__read(fd, &saved, size), (long)size);
	put_device(vdev, &state_b);
	expect_precopy(fd, VFIO_PRECOPY_INFO_REINIT, size, 0);
	expect_precopy(fd, 0, size, 0);
	sys_close(fd);
	vdev_close_with_space(vdev);

	/* The next user has to say so himself. */
	vdev = vdev_open(bdf, backend);
	vdev_enable(vdev, false);
	fd = set_state(vdev, PRE_COPY);
	expect_precopy(fd, 0x50, size, 0);
	sys_close(fd);
	vdev_close_with_space(vdev);
	vdev = open_mock_with(VFIO_MIGRATION_STOP_COPY, backend);
	ASSERT_RC(__feature(vdev, feature | PROBE, NULL, 0), -EINVAL);
	ASSERT_RC(__feature(vdev, feature | SET, NULL, 0), -EINVAL);
}

/* A step fails halfway: the device is lost until it is reset. */
TEST_OVER(failing_step, BACKENDS_ALL)
{
	struct vdev *vdev = open_mock(backend);
	struct mock_steps steps;
	int fd;

	get_steps(vdev, &steps);
	fail_at(vdev, STOP);
	ASSERT_RC(__set_state(vdev, STOP_COPY, &fd), -EIO);
	ASSERT_EQ(fd, -1);
	ASSERT_EQ(get_state(vdev), ERROR);
	get_steps(vdev, &steps);
	ASSERT_EQ(steps.nr, 2);
	ASSERT_EQ(steps.states[0], RUNNING_P2P);
	ASSERT_EQ(steps.states[1], ERROR);
	reset(vdev);
	ASSERT_EQ(get_state(vdev), RUNNING);
	set_state_quietly(vdev, STOP);
}

TEST_OVER(no_descriptor_left, BACKENDS_ALL)
{
	struct vdev *vdev = open_mock(backend);
	int fds[4096];
	int nr = 0;
	int fd;

	while (nr < 4096 && (fds[nr] = dup(0)) >= 0)
		nr++;
	ASSERT(nr && nr < 4096);
	ASSERT_RC(__set_state(vdev, STOP_COPY, &fd), -EMFILE);
	ASSERT_EQ(fd, -1);
	while (nr--)
		close(fds[nr]);
	set_state_quietly(vdev, RUNNING);
	fd = set_state(vdev, STOP_COPY);
	ASSERT(fd >= 0);
}

static int __log_start(struct vdev *vdev, __u64 page_size, __u32 nr,
		       const void *ranges,
		       struct vfio_device_feature_dma_logging_control *control)
{
	*control = (struct vfio_device_feature_dma_logging_control){
		.page_size = page_size,
		.num_ranges = nr,
		.ranges = (uintptr_t)ranges,
	};
	return __feature(vdev, SET | VFIO_DEVICE_FEATURE_DMA_LOGGING_START,
			 control, sizeof(*control));
}

typedef struct vfio_device_feature_dma_logging_range range_t;

static int __log(struct vdev *vdev, __u32 nr, const range_t *ranges)
{
	struct vfio_device_feature_dma_logging_control control;

	return __log_start(vdev, PAGE, nr, ranges, &control);
}

static int __log_stop(struct vdev *vdev)
{
	return __feature(vdev, SET | VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP, NULL,
			 0);
}

static int __report(struct vdev *vdev, __u64 iova, __u64 length,
		    __u64 page_size, void *bitmap)
{
	struct vfio_device_feature_dma_logging_report report = {
		iova, length, page_size, (uintptr_t)bitmap
	};

	return __feature(vdev, GET | VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT,
			 &report, sizeof(report));
}

static void device_writes(struct vdev *vdev, __u64 iova, __u64 length)
{
	struct mock_write write = { iova, length };

	ASSERT_RC(__feature(vdev, SET | MOCK_FEATURE_WRITE, &write,
			    sizeof(write)),
		  0);
}

static bool is_logging(struct vdev *vdev)
{
	__u64 bits;
	int rc = __report(vdev, 0, PAGE, PAGE, &bits);

	if (rc)
		ASSERT_RC(rc, -EINVAL);
	return !rc;
}

TEST_OVER(log_start_errors, BACKENDS_ALL)
{
	struct vfio_device_feature_dma_logging_control control = {};
	struct vdev *vdev = open_mock(backend);
	const __u32 start = VFIO_DEVICE_FEATURE_DMA_LOGGING_START;
	range_t *many = calloc(257, sizeof(*many));
	range_t r = { 0, PAGE };
	range_t two[2] = { { 0, 2 * PAGE }, { PAGE, PAGE } };
	char *page = sys_mmap_anon(PAGE);
	unsigned int i;

	ASSERT_RC(__feature(vdev, start | PROBE | SET, NULL, 0), 0);
	ASSERT_RC(__feature(vdev, start | GET, &control, sizeof(control)),
		  -EINVAL);
	ASSERT_RC(__feature(vdev, start | SET, &control, sizeof(control) - 1),
		  -EINVAL);
	ASSERT_RC(__log(vdev, 0, &r), -EINVAL);
	ASSERT_RC(__log(vdev, 1, BAD_PTR), -EFAULT);
	ASSERT_RC(__log_start(vdev, 0, 1, &r, &control), -EINVAL);
	ASSERT_RC(__log_start(vdev, 3 * PAGE, 1, &r, &control), -EINVAL);
	ASSERT_RC(__log_start(vdev, 2 * PAGE, 1, &r, &control), -EINVAL);

	r = (range_t){ 1, PAGE };
	ASSERT_RC(__log(vdev, 1, &r), -EINVAL);
	r = (range_t){ 0, PAGE + 1 };
	ASSERT_RC(__log(vdev, 1, &r), -EINVAL);
	r = (range_t){ PAGE, 0 };
	ASSERT_RC(__log(vdev, 1, &r), -EINVAL);
	r = (range_t){ -IOVA_PAGE, PAGE };
	ASSERT_RC(__log(vdev, 1, &r), -EOVERFLOW);
	r = (range_t){ PAGE, -IOVA_PAGE };
	ASSERT_RC(__log(vdev, 1, &r), -EOVERFLOW);

	ASSERT_RC(__log(vdev, 2, two), -EINVAL);
	two[0] = (range_t){ PAGE, PAGE };
	two[1] = (range_t){ 0, 2 * PAGE };
	ASSERT_RC(__log(vdev, 2, two), -EINVAL);
	for (i = 0; i < 257; i++)
		many[i] = (range_t){ (256 - i) * 2 * PAGE, PAGE };
	ASSERT_RC(__log(vdev, 257, many), -E2BIG);
	ASSERT_RC(__log(vdev, ~0U, many), -E2BIG);

	/* The answer could not be written: it is stopped again. */
	memcpy(page, (__u32[]){ 8 + sizeof(control), start | SET }, 8);
	control = (struct vfio_device_feature_dma_logging_control){
		PAGE, 1, 0, (uintptr_t)many
	};
	memcpy(page + 8, &control, sizeof(control));
	ASSERT(!mprotect(page, PAGE, PROT_READ));
	ASSERT_RC(__sys_ioctl(vdev->fd, VFIO_DEVICE_FEATURE, page), -EFAULT);
	ASSERT(!is_logging(vdev));

	/* In any order. */
	ASSERT_RC(__log(vdev, 256, many), 0);
	ASSERT(is_logging(vdev));
	ASSERT_RC(__log_stop(vdev), 0);
	ASSERT(!is_logging(vdev));
}

TEST_OVER(log_report_errors, BACKENDS_ALL)
{
	const __u32 feature = VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT;
	struct vdev *vdev = open_mock(backend);
	range_t r = { 0, GIB(1) };
	__u64 bits[4] = {};

	ASSERT_RC(__log(vdev, 1, &r), 0);
	ASSERT_RC(__log(vdev, 1, &r), -EBUSY);
	ASSERT_RC(__feature(vdev, feature | SET, bits, 32), -EINVAL);
	ASSERT_RC(__feature(vdev, feature | GET, bits, 31), -EINVAL);
	ASSERT_RC(__report(vdev, 0, PAGE, 2048, bits), -EINVAL);
	ASSERT_RC(__report(vdev, 0, 3 * PAGE, 3 * PAGE, bits), -EINVAL);
	ASSERT_RC(__report(vdev, 0, PAGE, 0, bits), -EINVAL);
	ASSERT_RC(__report(vdev, 0, 0, PAGE, bits), -EINVAL);
	ASSERT_RC(__report(vdev, 1, PAGE, PAGE, bits), -EINVAL);
	ASSERT_RC(__report(vdev, 0, PAGE + 1, PAGE, bits), -EINVAL);
	ASSERT_RC(__report(vdev, -IOVA_PAGE, 2 * PAGE, PAGE, bits), -EOVERFLOW);
	ASSERT_RC(__feature(vdev, GET | VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP,
			    NULL, 0),
		  -EINVAL);
	/* Only a bit that is to be set needs memory. */
	ASSERT_RC(__report(vdev, 0, PAGE, PAGE, BAD_PTR), 0);
	device_writes(vdev, 0, PAGE);
	ASSERT_RC(__report(vdev, 0, PAGE, PAGE, BAD_PTR), -EFAULT);
	ASSERT_RC(__log_stop(vdev), 0);
	ASSERT_RC(__log_stop(vdev), 0);
	ASSERT_RC(__report(vdev, 0, PAGE, PAGE, bits), -EINVAL);
}

TEST_OVER(log_is_exact, BACKENDS_ALL)
{
	struct vfio_device_feature_dma_logging_control control;
	struct vdev *vdev = open_mock(backend);
	range_t ranges[2] = { { GIB(4), MIB(1) }, { 0, MIB(1) } };
	__u64 bits[5];

	ASSERT_RC(__log_start(vdev, MIB(1), 2, ranges, &control), 0);
	ASSERT_EQ(control.page_size, PAGE);
	device_writes(vdev, 0, 1);
	device_writes(vdev, 63 * PAGE + 4095, 2);
	device_writes(vdev, 255 * PAGE, 2 * PAGE);
	device_writes(vdev, GIB(4) + 3 * PAGE, PAGE);

	/* Bits are added to those that are set; the rest of memory stays. */
	memset(bits, 0, sizeof(bits));
	bits[0] = 2;
	bits[4] = 0x5555;
	ASSERT_RC(__report(vdev, 0, MIB(1), PAGE, bits), 0);
	ASSERT_EQ(bits[0], 3ULL | 1ULL << 63);
	ASSERT_EQ(bits[1], 1);
	ASSERT_EQ(bits[2], 0);
	/* The next page was not asked about, and is not logged. */
	ASSERT_EQ(bits[3], 1ULL << 63);
	ASSERT_EQ(bits[4], 0x5555);
	memset(bits, 0, sizeof(bits));
	ASSERT_RC(__report(vdev, 0, MIB(2), PAGE, bits), 0);
	ASSERT(is_byte(bits, sizeof(bits), 0));

	/* A part of it, and with bits that stand for more. */
	ASSERT_RC(__report(vdev, GIB(4), 3 * PAGE, PAGE, bits), 0);
	ASSERT_EQ(bits[0], 0);
	device_writes(vdev, GIB(4) + 4 * PAGE, PAGE);
	ASSERT_RC(__report(vdev, GIB(4), MIB(1), 2 * PAGE, bits), 0);
	ASSERT_EQ(bits[0], 6);
	ASSERT_EQ(bits[1], 0);
}

/* More bits than the kernel looks at in one go, at an odd address. */
TEST_OVER(large_log, BACKENDS_ALL)
{
	struct vdev *vdev = open_mock(backend);
	range_t r = { GIB(1), GIB(1) };
	size_t size = GIB(1) / PAGE / 8;
	unsigned char *map = sys_mmap_anon(size + PAGE);
	unsigned char *bits = map + 8;
	unsigned char *want = calloc(1, size + PAGE - 8);
	unsigned int i;

	ASSERT_RC(__log(vdev, 1, &r), 0);
	for (i = 0; i < GIB(1) / PAGE; i += 997) {
		device_writes(vdev, GIB(1) + i * PAGE, 1);
		want[i / 8] |= 1 << i % 8;
	}
	ASSERT_RC(__report(vdev, GIB(1), GIB(1), PAGE, bits), 0);
	ASSERT(!memcmp(bits, want, size + PAGE - 8));
}

/* More ranges than the device can log: gaps are filled, the smallest first. */
TEST_OVER(ranges_are_united, BACKENDS_ALL)
{
	struct vdev *vdev = open_mock(backend);
	range_t r[] = { { 0, PAGE },	     { 10 * PAGE, PAGE },
			{ 12 * PAGE, PAGE }, { 30 * PAGE, PAGE },
			{ 33 * PAGE, PAGE }, { 50 * PAGE, PAGE } };
	__u64 bits = 0;

	ASSERT_RC(__log(vdev, ARRAY_SIZE(r), r), 0);
	device_writes(vdev, 0, 64 * PAGE);
	ASSERT_RC(__report(vdev, 0, 64 * PAGE, PAGE, &bits), 0);
	ASSERT_EQ(bits, 1ULL | 7ULL << 10 | 15ULL << 30 | 1ULL << 50);
}

TEST_OVER(reset_in_the_middle, BACKENDS_ALL)
{
	struct vdev *vdev = open_mock(backend);
	range_t r = { 0, MIB(1) };
	struct mock_record record;
	unsigned int state;
	int fd;

	for (state = STOP; state < VFIO_DEVICE_STATE_NR; state++) {
		ASSERT_RC(__log(vdev, 1, &r), 0);
		fd = set_state(vdev, state);
		reset(vdev);
		ASSERT_EQ(get_state(vdev), RUNNING);
		ASSERT(!is_logging(vdev));
		if (fd >= 0 && state == RESUMING)
			ASSERT_RC(__write(fd, &state_a, 4), -ENODEV);
		else if (fd >= 0)
			ASSERT_RC(__read(fd, &record, 4), -ENODEV);
		if (fd >= 0)
			sys_close(fd);
	}
}

TEST_OVER(close_in_the_middle, BACKENDS_ALL)
{
	struct vdev *vdev = open_mock(backend);
	const char *bdf = vdev->bdf;
	range_t r = { 0, MIB(1) };
	struct mock_record record;
	unsigned int state;
	int fd;

	for (state = STOP; state < VFIO_DEVICE_STATE_NR; state++) {
		ASSERT_RC(__log(vdev, 1, &r), 0);
		device_writes(vdev, 0, PAGE);
		fd = set_state(vdev, state);
		vdev_close_with_space(vdev);
		if (fd >= 0 && state == RESUMING)
			ASSERT_RC(__write(fd, &state_a, 4), -ENODEV);
		else if (fd >= 0)
			ASSERT_RC(__read(fd, &record, 4), -ENODEV);
		/* Not even the file keeps the driver. */
		pci_unbind(bdf);
		if (fd >= 0 && state != RESUMING)
			ASSERT_RC(__read(fd, &record, 4), -ENODEV);
		if (fd >= 0)
			sys_close(fd);
		vdev = open_mock(backend);
		ASSERT_EQ(get_state(vdev), RUNNING);
		ASSERT(!is_logging(vdev));
	}
}

/* What a driver adds leaves the rest as it is. */
TEST_OVER(rest_of_the_device, BACKENDS_ALL)
{
	struct vdev *vdev = open_mock(backend);
	struct vfio_irq_info irq;
	__u32 value;

	ASSERT_EQ(vdev_cfg_read(vdev, 0, 4), 0x00101b36);
	vdev_irq_info(vdev, VFIO_PCI_MSIX_IRQ_INDEX, &irq);
	ASSERT(irq.count > 1);
	vdev_pread(vdev, VFIO_PCI_BAR0_REGION_INDEX, 8, &value, 4);
	ASSERT(value >= 0x10000);
	ASSERT_RC(__feature(vdev,
			    PROBE | SET | VFIO_DEVICE_FEATURE_PCI_VF_TOKEN,
			    NULL, 0),
		  -ENOTTY);
}

/* The module stays while a device of it is open. */
/* What the driver has to say comes behind what vfio-pci-core says. */
TEST_OVER(registers_that_cannot_be_mapped, BACKENDS_ALL)
{
	struct {
		struct vfio_region_info info;
		struct vfio_info_cap_header mappable;
		struct vfio_region_info_cap_sparse_mmap sparse;
		struct vfio_region_sparse_mmap_area area;
		__u64 behind;
	} answer = { .info.argsz = sizeof(answer.info) };
	const size_t chain = offsetof(typeof(answer), behind);
	struct vdev *vdev = open_mock(backend);
	size_t size;
	char *bar;

	bar = vdev_mmap(vdev, VFIO_PCI_BAR0_REGION_INDEX, &size);
	sys_munmap(bar, size);
	set_parameter("sparse", 1);
	vdev_region(vdev, VFIO_PCI_BAR0_REGION_INDEX, &answer.info);
	ASSERT_EQ(answer.info.argsz, chain);
	ASSERT_EQ(answer.info.cap_offset, 0);
	ASSERT(answer.info.flags & VFIO_REGION_INFO_FLAG_CAPS);

	/* All or nothing. */
	answer.behind = 0x77;
	answer.info.argsz = chain - 1;
	ASSERT_RC(__sys_ioctl(vdev->fd, VFIO_DEVICE_GET_REGION_INFO, &answer),
		  0);
	ASSERT_EQ(answer.info.argsz, chain);
	ASSERT_EQ(answer.info.cap_offset, 0);
	ASSERT_EQ(answer.mappable.id, 0);
	ASSERT_RC(__sys_ioctl(vdev->fd, VFIO_DEVICE_GET_REGION_INFO, &answer),
		  0);
	ASSERT_EQ(answer.info.cap_offset, offsetof(typeof(answer), mappable));
	ASSERT_EQ(answer.mappable.id, VFIO_REGION_INFO_CAP_MSIX_MAPPABLE);
	ASSERT_EQ(answer.mappable.version, 1);
	ASSERT_EQ(answer.mappable.next, offsetof(typeof(answer), sparse));
	ASSERT_EQ(answer.sparse.header.id, VFIO_REGION_INFO_CAP_SPARSE_MMAP);
	ASSERT_EQ(answer.sparse.header.version, 1);
	ASSERT_EQ(answer.sparse.header.next, 0);
	ASSERT_EQ(answer.sparse.nr_areas, 1);
	ASSERT_EQ(answer.area.offset, PAGE);
	ASSERT_EQ(answer.area.size, size - PAGE);
	ASSERT_EQ(answer.behind, 0x77);

	ASSERT(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, vdev->fd, 0) ==
	       MAP_FAILED);
	bar = mmap(NULL, answer.area.size, PROT_READ, MAP_SHARED, vdev->fd,
		   PAGE);
	ASSERT(bar != MAP_FAILED);
}

TEST_OVER(module_in_use, BACKENDS_ALL)
{
	struct vdev *vdev = open_mock(backend);

	ASSERT(syscall(SYS_delete_module, "mock_migration", O_NONBLOCK));
	ASSERT_EQ(errno, EWOULDBLOCK);
	vdev_close_with_space(vdev);
	ASSERT(!syscall(SYS_delete_module, "mock_migration", O_NONBLOCK));
	ASSERT(access("/sys/bus/pci/drivers/" DRIVER, F_OK));
	vdev_close_with_space(open_mock(backend));
}
