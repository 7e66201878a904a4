// SPDX-License-Identifier: GPL-2.0-only
/*
 * Migration states of a device of the mock migration driver: the transitions
 * between them, and what ends them. migration_data_test has the transfers,
 * migration_log_test the DMA logs.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "feature.h"
#include "harness.h"
#include "mock_migration.h"
#include "pci.h"
#include "sys.h"
#include "vdev.h"

#define NVME_VENDOR 0x1b36
#define NVME_DEVICE 0x0010
/* Register with the version of the controller */
#define NVME_VS 8

static void steps_get(struct vdev *vdev, struct mock_steps *steps)
{
	*steps = (struct mock_steps){};
	ASSERT_RC(__mig_feature(vdev, MIG_GET | MOCK_FEATURE_STEPS, steps,
				sizeof(*steps)),
		  0);
}

static void fail_next_step(struct vdev *vdev, __u32 state)
{
	ASSERT_RC(__mig_feature(vdev, MIG_SET | MOCK_FEATURE_FAIL, &state,
				sizeof(state)),
		  0);
}

/* Features that a device without migration and log operations lacks. */
TEST_OVER(device_without, BACKENDS_ALL)
{
	static const __u32 features[] = {
		MIG_GET | VFIO_DEVICE_FEATURE_MIGRATION,
		MIG_GET | VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE,
		MIG_SET | VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE,
		MIG_GET | VFIO_DEVICE_FEATURE_MIG_DATA_SIZE,
		MIG_SET | VFIO_DEVICE_FEATURE_DMA_LOGGING_START,
		MIG_SET | VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP,
		MIG_GET | VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT,
	};
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_EDU0), backend);
	__u64 data[4] = {};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(features); i++) {
		ASSERT_RC(__mig_feature(vdev, features[i], data, sizeof(data)),
			  -ENOTTY);
		ASSERT_RC(__mig_feature(vdev, features[i] | MIG_PROBE, NULL, 0),
			  -ENOTTY);
	}
}

TEST_OVER(what_it_can_do, BACKENDS_ALL)
{
	struct vdev *vdev = mig_open(backend);
	__u32 feature = VFIO_DEVICE_FEATURE_MIGRATION;
	__u64 flags = 0;

	ASSERT_RC(__mig_feature(vdev, feature | MIG_PROBE, NULL, 0), 0);
	ASSERT_RC(__mig_feature(vdev, feature | MIG_PROBE | MIG_GET, NULL, 0),
		  0);
	ASSERT_RC(__mig_feature(vdev, feature | MIG_PROBE | MIG_SET, NULL, 0),
		  -EINVAL);
	ASSERT_RC(__mig_feature(vdev, feature | MIG_SET, &flags, 8), -EINVAL);
	ASSERT_RC(__mig_feature(vdev, feature | MIG_GET, &flags, 7), -EINVAL);
	ASSERT_RC(__mig_feature(vdev, feature | MIG_GET, &flags, 8), 0);
	ASSERT_EQ(flags, MIG_ALL_FLAGS);
	vdev_close_with_space(vdev);
	vdev = mig_open_with(VFIO_MIGRATION_STOP_COPY, backend);
	ASSERT_RC(__mig_feature(vdev, feature | MIG_GET, &flags, 8), 0);
	ASSERT_EQ(flags, VFIO_MIGRATION_STOP_COPY);
}

/* A device is not registered if its driver lacks some of the operations. */
/* The core does not know which memory the regions of such a driver are. */
TEST_OVER(driver_without_dmabuf, BACKENDS_ALL)
{
	struct vdev *vdev = mig_open(backend);
	struct vfio_region_dma_range range = { 0, 4096 };

	vdev_enable(vdev, false);
	ASSERT_RC(__vdev_dmabuf(vdev, VFIO_PCI_BAR0_REGION_INDEX, &range, 1),
		  -EOPNOTSUPP);
	vdev_close_with_space(vdev);
}

TEST(driver_with_ops_missing)
{
	unsigned int missing;
	const char *bdf;

	for (missing = 1; missing <= 6; missing++)
		ASSERT_RC(__mig_bind(MIG_ALL_FLAGS, missing, &bdf), -ENODEV);
	ASSERT_RC(__mig_bind(VFIO_MIGRATION_P2P, 0, &bdf), -ENODEV);
	ASSERT_RC(__mig_bind(0, 0, &bdf), -ENODEV);
	ASSERT_RC(__mig_bind(MIG_ALL_FLAGS, 0, &bdf), 0);
}

/* A letter for each state, indexed by its number; ERROR has none. */
static const char state_letters[] = "-SRCUPQW";

/* The path from each state to each, as the letters of the states entered. */
static const char *const paths[VFIO_DEVICE_STATE_NR][VFIO_DEVICE_STATE_NR] = {
	[MIG_STOP] = { [MIG_STOP] = "",
		       [MIG_RUNNING] = "PR",
		       [MIG_STOP_COPY] = "C",
		       [MIG_RESUMING] = "U",
		       [MIG_RUNNING_P2P] = "P",
		       [MIG_PRE_COPY] = "PRQ",
		       [MIG_PRE_COPY_P2P] = "PW" },
	[MIG_RUNNING] = { [MIG_STOP] = "PS",
			  [MIG_RUNNING] = "",
			  [MIG_STOP_COPY] = "PSC",
			  [MIG_RESUMING] = "PSU",
			  [MIG_RUNNING_P2P] = "P",
			  [MIG_PRE_COPY] = "Q",
			  [MIG_PRE_COPY_P2P] = "PW" },
	[MIG_STOP_COPY] = { [MIG_STOP] = "S",
			    [MIG_RUNNING] = "SPR",
			    [MIG_STOP_COPY] = "",
			    [MIG_RESUMING] = "SU",
			    [MIG_RUNNING_P2P] = "SP" },
	[MIG_RESUMING] = { [MIG_STOP] = "S",
			   [MIG_RUNNING] = "SPR",
			   [MIG_STOP_COPY] = "SC",
			   [MIG_RESUMING] = "",
			   [MIG_RUNNING_P2P] = "SP",
			   [MIG_PRE_COPY] = "SPRQ",
			   [MIG_PRE_COPY_P2P] = "SPW" },
	[MIG_RUNNING_P2P] = { [MIG_STOP] = "S",
			      [MIG_RUNNING] = "R",
			      [MIG_STOP_COPY] = "SC",
			      [MIG_RESUMING] = "SU",
			      [MIG_RUNNING_P2P] = "",
			      [MIG_PRE_COPY] = "RQ",
			      [MIG_PRE_COPY_P2P] = "W" },
	[MIG_PRE_COPY] = { [MIG_STOP] = "RPS",
			   [MIG_RUNNING] = "R",
			   [MIG_STOP_COPY] = "WC",
			   [MIG_RESUMING] = "RPSU",
			   [MIG_RUNNING_P2P] = "RP",
			   [MIG_PRE_COPY] = "",
			   [MIG_PRE_COPY_P2P] = "W" },
	[MIG_PRE_COPY_P2P] = { [MIG_STOP] = "PS",
			       [MIG_RUNNING] = "PR",
			       [MIG_STOP_COPY] = "C",
			       [MIG_RESUMING] = "PSU",
			       [MIG_RUNNING_P2P] = "P",
			       [MIG_PRE_COPY] = "Q",
			       [MIG_PRE_COPY_P2P] = "" },
};

static bool has_state(unsigned int flags, unsigned int state)
{
	bool p2p = state == MIG_RUNNING_P2P || state == MIG_PRE_COPY_P2P;
	bool pre_copy = state == MIG_PRE_COPY || state == MIG_PRE_COPY_P2P;

	return !(p2p && !(flags & VFIO_MIGRATION_P2P)) &&
	       !(pre_copy && !(flags & VFIO_MIGRATION_PRE_COPY));
}

/* Check the path that was taken. States that the device lacks are left out. */
static void check_steps(struct vdev *vdev, unsigned int flags, const char *path)
{
	struct mock_steps steps;
	unsigned int nr = 0;

	steps_get(vdev, &steps);
	for (; *path; path++) {
		unsigned int state =
			strchr(state_letters, *path) - state_letters;

		if (!has_state(flags, state))
			continue;
		ASSERT(nr < steps.nr);
		ASSERT_EQ(steps.states[nr], state);
		nr++;
	}
	ASSERT_EQ(steps.nr, nr);
}

static void check_path(struct vdev *vdev, unsigned int flags, unsigned int from,
		       unsigned int to)
{
	const char *path = paths[from][to];
	struct mock_steps steps;
	bool has_data;
	int fd;

	fd = mig_set_state(vdev, MIG_RUNNING);
	if (fd >= 0)
		sys_close(fd);
	fd = mig_set_state(vdev, from);
	if (fd >= 0)
		sys_close(fd);
	steps_get(vdev, &steps);

	if (!path || !has_state(flags, to)) {
		ASSERT_RC(__mig_set_state(vdev, to, &fd), -EINVAL);
		ASSERT_EQ(fd, -1);
		ASSERT_EQ(mig_get_state(vdev), from);
		check_steps(vdev, flags, "");
		return;
	}
	fd = mig_set_state(vdev, to);
	check_steps(vdev, flags, path);
	/* A file is returned if a transfer begins, not if it continues. */
	has_data = to == MIG_RESUMING ?
			   from != MIG_RESUMING :
			   strchr("CQW", state_letters[to]) &&
				   !strchr("CQW", state_letters[from]);
	ASSERT_EQ(fd >= 0, has_data);
	if (fd >= 0) {
		ASSERT_EQ(fcntl(fd, F_GETFD), FD_CLOEXEC);
		sys_close(fd);
	}
}

TEST_OVER(every_way, BACKENDS_ALL)
{
	static const unsigned int variants[] = {
		MIG_ALL_FLAGS,
		VFIO_MIGRATION_STOP_COPY,
		VFIO_MIGRATION_STOP_COPY | VFIO_MIGRATION_P2P,
		VFIO_MIGRATION_STOP_COPY | VFIO_MIGRATION_PRE_COPY,
	};
	unsigned int from, to, i;
	struct vdev *vdev;

	for (i = 0; i < ARRAY_SIZE(variants); i++) {
		vdev = mig_open_with(variants[i], backend);
		for (from = MIG_STOP; from < VFIO_DEVICE_STATE_NR; from++) {
			if (!has_state(variants[i], from))
				continue;
			for (to = MIG_STOP; to < VFIO_DEVICE_STATE_NR; to++)
				check_path(vdev, variants[i], from, to);
			check_path(vdev, variants[i], from, MIG_ERROR);
		}
		vdev_close_with_space(vdev);
	}
}

TEST_OVER(bad_requests, BACKENDS_ALL)
{
	const __u32 feature = VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE;
	struct vdev *vdev = mig_open(backend);
	struct vfio_device_feature_mig_state mig = { MIG_STOP, 5 };
	char *page = sys_mmap_anon(2 * PAGE);
	__u32 *request;
	int fd;

	ASSERT_RC(__mig_set_state(vdev, MIG_ERROR, &fd), -EINVAL);
	ASSERT_RC(__mig_set_state(vdev, VFIO_DEVICE_STATE_NR, &fd), -EINVAL);
	ASSERT_RC(__mig_set_state(vdev, ~0U, &fd), -EINVAL);
	ASSERT_RC(__mig_feature(vdev, feature | MIG_SET, &mig, 7), -EINVAL);
	ASSERT_RC(__mig_feature(vdev, feature | MIG_GET, &mig, 7), -EINVAL);
	ASSERT_RC(__mig_feature(vdev, feature, &mig, 8), -EINVAL);
	ASSERT_RC(__mig_feature(vdev, feature | MIG_GET | MIG_SET, &mig, 8),
		  -EINVAL);
	ASSERT_RC(__mig_feature(vdev, feature | MIG_PROBE | MIG_GET | MIG_SET,
				NULL, 0),
		  0);

	/* The header can be read, the data cannot. */
	sys_munmap(page + PAGE, PAGE);
	request = (__u32 *)(page + PAGE - 8);
	request[0] = 16;
	request[1] = feature | MIG_SET;
	ASSERT_RC(__sys_ioctl(vdev->fd, VFIO_DEVICE_FEATURE, request), -EFAULT);
	request[1] = feature | MIG_GET;
	ASSERT_RC(__sys_ioctl(vdev->fd, VFIO_DEVICE_FEATURE, request), -EFAULT);

	/* The result cannot be written. */
	request = (__u32 *)page;
	request[0] = 16;
	request[1] = feature | MIG_SET;
	request[2] = MIG_STOP_COPY;
	ASSERT(!mprotect(page, PAGE, PROT_READ));
	ASSERT_RC(__sys_ioctl(vdev->fd, VFIO_DEVICE_FEATURE, request), -EFAULT);
	ASSERT_EQ(mig_get_state(vdev), MIG_RUNNING);
}

/* If a step fails, the device is in the ERROR state until it is reset. */
TEST_OVER(failing_step, BACKENDS_ALL)
{
	struct vdev *vdev = mig_open(backend);
	struct mock_steps steps;
	int fd;

	steps_get(vdev, &steps);
	fail_next_step(vdev, MIG_STOP);
	ASSERT_RC(__mig_set_state(vdev, MIG_STOP_COPY, &fd), -EIO);
	ASSERT_EQ(fd, -1);
	ASSERT_EQ(mig_get_state(vdev), MIG_ERROR);
	steps_get(vdev, &steps);
	ASSERT_EQ(steps.nr, 2);
	ASSERT_EQ(steps.states[0], MIG_RUNNING_P2P);
	ASSERT_EQ(steps.states[1], MIG_ERROR);
	mig_reset(vdev);
	ASSERT_EQ(mig_get_state(vdev), MIG_RUNNING);
	mig_set_state_without_file(vdev, MIG_STOP);
}

TEST_OVER(no_descriptor_left, BACKENDS_ALL)
{
	struct vdev *vdev = mig_open(backend);
	int fds[4096];
	int nr = 0;
	int fd;

	while (nr < 4096 && (fds[nr] = dup(0)) >= 0)
		nr++;
	ASSERT(nr && nr < 4096);
	ASSERT_RC(__mig_set_state(vdev, MIG_STOP_COPY, &fd), -EMFILE);
	ASSERT_EQ(fd, -1);
	while (nr--)
		close(fds[nr]);
	mig_set_state_without_file(vdev, MIG_RUNNING);
	fd = mig_set_state(vdev, MIG_STOP_COPY);
	ASSERT(fd >= 0);
}

TEST_OVER(reset_in_the_middle, BACKENDS_ALL)
{
	struct vdev *vdev = mig_open(backend);
	struct vfio_device_feature_dma_logging_range r = { 0, MIB(1) };
	struct mock_record record = {};
	unsigned int state;
	int fd;

	for (state = MIG_STOP; state < VFIO_DEVICE_STATE_NR; state++) {
		ASSERT_RC(__mig_log(vdev, 1, &r), 0);
		fd = mig_set_state(vdev, state);
		mig_reset(vdev);
		ASSERT_EQ(mig_get_state(vdev), MIG_RUNNING);
		ASSERT(!mig_is_logging(vdev));
		if (fd >= 0 && state == MIG_RESUMING)
			ASSERT_RC(__mig_write(fd, &record, 4), -ENODEV);
		else if (fd >= 0)
			ASSERT_RC(__mig_read(fd, &record, 4), -ENODEV);
		if (fd >= 0)
			sys_close(fd);
	}
}

TEST_OVER(close_in_the_middle, BACKENDS_ALL)
{
	struct vdev *vdev = mig_open(backend);
	const char *bdf = vdev->bdf;
	struct vfio_device_feature_dma_logging_range r = { 0, MIB(1) };
	struct mock_record record = {};
	unsigned int state;
	int fd;

	for (state = MIG_STOP; state < VFIO_DEVICE_STATE_NR; state++) {
		ASSERT_RC(__mig_log(vdev, 1, &r), 0);
		mig_device_write(vdev, 0, PAGE);
		fd = mig_set_state(vdev, state);
		vdev_close_with_space(vdev);
		if (fd >= 0 && state == MIG_RESUMING)
			ASSERT_RC(__mig_write(fd, &record, 4), -ENODEV);
		else if (fd >= 0)
			ASSERT_RC(__mig_read(fd, &record, 4), -ENODEV);
		/* The open file does not prevent an unbind of the driver. */
		pci_unbind(bdf);
		if (fd >= 0 && state != MIG_RESUMING)
			ASSERT_RC(__mig_read(fd, &record, 4), -ENODEV);
		if (fd >= 0)
			sys_close(fd);
		vdev = mig_open(backend);
		ASSERT_EQ(mig_get_state(vdev), MIG_RUNNING);
		ASSERT(!mig_is_logging(vdev));
	}
}

/* The operations of the driver do not change the other features. */
TEST_OVER(rest_of_the_device, BACKENDS_ALL)
{
	struct vdev *vdev = mig_open(backend);
	struct vfio_irq_info irq;
	__u32 value;

	ASSERT_EQ(vdev_cfg_read(vdev, PCI_VENDOR_ID, 4),
		  NVME_DEVICE << 16 | NVME_VENDOR);
	vdev_irq_info(vdev, VFIO_PCI_MSIX_IRQ_INDEX, &irq);
	ASSERT(irq.count > 1);
	vdev_pread(vdev, VFIO_PCI_BAR0_REGION_INDEX, NVME_VS, &value, 4);
	ASSERT(value >= 0x10000);
	ASSERT_RC(__mig_feature(vdev,
				MIG_PROBE | MIG_SET |
					VFIO_DEVICE_FEATURE_PCI_VF_TOKEN,
				NULL, 0),
		  -ENOTTY);
}

/* Capabilities of the driver follow those of vfio-pci-core. */
TEST_OVER(registers_that_cannot_be_mapped, BACKENDS_ALL)
{
	struct {
		struct vfio_region_info info;
		struct vfio_info_cap_header mappable;
		struct vfio_region_info_cap_sparse_mmap sparse;
		struct vfio_region_sparse_mmap_area area;
		__u64 guard;
	} reply = { .info.argsz = sizeof(reply.info) };
	const size_t chain = offsetof(typeof(reply), guard);
	struct vdev *vdev = mig_open(backend);
	size_t size;
	char *bar;

	bar = vdev_mmap(vdev, VFIO_PCI_BAR0_REGION_INDEX, &size);
	sys_munmap(bar, size);
	mig_set_param("sparse", 1);
	vdev_region(vdev, VFIO_PCI_BAR0_REGION_INDEX, &reply.info);
	ASSERT_EQ(reply.info.argsz, chain);
	ASSERT_EQ(reply.info.cap_offset, 0);
	ASSERT(reply.info.flags & VFIO_REGION_INFO_FLAG_CAPS);

	/* The capabilities are returned only if all of them fit. */
	reply.guard = 0x77;
	reply.info.argsz = chain - 1;
	ASSERT_RC(__sys_ioctl(vdev->fd, VFIO_DEVICE_GET_REGION_INFO, &reply),
		  0);
	ASSERT_EQ(reply.info.argsz, chain);
	ASSERT_EQ(reply.info.cap_offset, 0);
	ASSERT_EQ(reply.mappable.id, 0);
	ASSERT_RC(__sys_ioctl(vdev->fd, VFIO_DEVICE_GET_REGION_INFO, &reply),
		  0);
	ASSERT_EQ(reply.info.cap_offset, offsetof(typeof(reply), mappable));
	ASSERT_EQ(reply.mappable.id, VFIO_REGION_INFO_CAP_MSIX_MAPPABLE);
	ASSERT_EQ(reply.mappable.version, 1);
	ASSERT_EQ(reply.mappable.next, offsetof(typeof(reply), sparse));
	ASSERT_EQ(reply.sparse.header.id, VFIO_REGION_INFO_CAP_SPARSE_MMAP);
	ASSERT_EQ(reply.sparse.header.version, 1);
	ASSERT_EQ(reply.sparse.header.next, 0);
	ASSERT_EQ(reply.sparse.nr_areas, 1);
	ASSERT_EQ(reply.area.offset, PAGE);
	ASSERT_EQ(reply.area.size, size - PAGE);
	ASSERT_EQ(reply.guard, 0x77);

	ASSERT(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, vdev->fd, 0) ==
	       MAP_FAILED);
	bar = mmap(NULL, reply.area.size, PROT_READ, MAP_SHARED, vdev->fd,
		   PAGE);
	ASSERT(bar != MAP_FAILED);
}

/* The module cannot be removed while a device of it is open. */
TEST_OVER(module_in_use, BACKENDS_ALL)
{
	struct vdev *vdev = mig_open(backend);

	ASSERT(syscall(SYS_delete_module, "mock_migration", O_NONBLOCK));
	ASSERT_EQ(errno, EWOULDBLOCK);
	vdev_close_with_space(vdev);
	ASSERT(!syscall(SYS_delete_module, "mock_migration", O_NONBLOCK));
	ASSERT(access("/sys/bus/pci/drivers/" MIG_DRIVER, F_OK));
	vdev_close_with_space(mig_open(backend));
}
