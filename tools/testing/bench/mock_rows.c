// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dirty bitmaps and page requests of iommufd, on the mock IOMMU because no
 * emulated one has them. The kernel's own iommufd has no mock in Debian's kernels,
 * so there is no peer.
 */
#include <fcntl.h>
#include <linux/iommufd.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"
#include "ioas.h"
#include "mock.h"
#include "sys.h"

#define MOCK_MODULE "../../../drivers/iommu/iommufd/mock/iommufd_mock.ko"

#define DIRTY_IOVA GIB(4)
#define DIRTY_COPIES 128
#define DIRTY_PAGE MIB(2)

/* Page requests per measurement, and number of measurements */
#define BATCH 256
#define BATCHES 8

static struct mock_dev mock;

static void mock_open(struct bench_run *run)
{
	const struct space *space = run->vdev->space;

	sys_load_module(MOCK_MODULE);
	mock_dev(space->fd, ioas_alloc(space->fd), 0, &mock);
}

static void mock_close(struct bench_run *run)
{
	iommufd_destroy(run->vdev->space->fd, mock.stdev);
}

/* Mark one page in @step dirty. */
static void dirty_set(int fd, __u32 hwpt, size_t size, unsigned int step)
{
	static __u8 bits[GIB(64) / DIRTY_PAGE / 8];
	struct iommu_test_cmd cmd = {
		.dirty = {
			.iova = DIRTY_IOVA,
			.length = size,
			.page_size = DIRTY_PAGE,
			.uptr = (uintptr_t)bits,
		},
	};
	size_t i;

	memset(bits, 0, sizeof(bits));
	for (i = 0; i < size / DIRTY_PAGE; i += step)
		bits[i / 8] |= 1 << i % 8;
	ASSERT_RC(__mock_op(fd, IOMMU_TEST_OP_DIRTY, hwpt, &cmd), 0);
}

static void dirty_measure(struct bench_run *run, __u32 hwpt, size_t size,
			  const char *name, unsigned int step)
{
	static __u8 bitmap[GIB(64) / PAGE / 8];
	int fd = run->vdev->space->fd;
	char full[32];
	double start;

	memset(bitmap, 0, sizeof(bitmap));
	dirty_set(fd, hwpt, size, step);
	start = bench_now();
	ASSERT_RC(__hwpt_get_dirty(fd, hwpt,
				   IOMMU_HWPT_GET_DIRTY_BITMAP_NO_CLEAR,
				   DIRTY_IOVA, size, PAGE, bitmap),
		  0);
	snprintf(full, sizeof(full), "dirty_read_%s", name);
	bench_report(run, full, bench_now() - start, "us");
	start = bench_now();
	ASSERT_RC(__hwpt_get_dirty(fd, hwpt, 0, DIRTY_IOVA, size, PAGE, bitmap),
		  0);
	snprintf(full, sizeof(full), "dirty_clear_%s", name);
	bench_report(run, full, bench_now() - start, "us");
}

static void run_dirty(struct bench_run *run)
{
	size_t size = DIRTY_COPIES * bench_bulk_size;
	int fd = run->vdev->space->fd;
	__u32 ioas = ioas_alloc(fd), hwpt;
	unsigned int i;

	hwpt = mock_hwpt_huge(fd, mock.idev, ioas,
			      IOMMU_HWPT_ALLOC_DIRTY_TRACKING);
	for (i = 0; i < DIRTY_COPIES; i++)
		ioas_map_fixed(fd, ioas, bench_memory(MEMORY_THP),
			       DIRTY_IOVA + i * bench_bulk_size,
			       bench_bulk_size);
	ASSERT_RC(__hwpt_set_tracking(fd, hwpt,
				      IOMMU_HWPT_DIRTY_TRACKING_ENABLE),
		  0);
	dirty_measure(run, hwpt, size, "sparse", 512);
	dirty_measure(run, hwpt, size, "full", 1);
	iommufd_destroy(fd, hwpt);
	iommufd_destroy(fd, ioas);
}

static __u32 fault_hwpt(int fd, int *queue)
{
	struct iommu_fault_alloc fault = { .size = sizeof(fault) };
	struct iommu_hwpt_alloc cmd = {
		.size = sizeof(cmd),
		.flags = IOMMU_HWPT_FAULT_ID_VALID,
		.dev_id = mock.idev,
		.pt_id = ioas_alloc(fd),
	};

	ASSERT_RC(__sys_ioctl(fd, IOMMU_FAULT_QUEUE_ALLOC, &fault), 0);
	*queue = fault.out_fault_fd;
	cmd.fault_id = fault.out_fault_id;
	ASSERT_RC(__sys_ioctl(fd, IOMMU_HWPT_ALLOC, &cmd), 0);
	ASSERT_RC(__mock_replace(fd, mock.stdev, cmd.out_hwpt_id), 0);
	return cmd.out_hwpt_id;
}

static void fault_round(int fd, int queue, __u32 group)
{
	struct iommu_hwpt_page_response response = {};
	struct iommu_hwpt_pgfault fault;
	struct iommu_test_cmd cmd = {
		.trigger_iopf = {
			.dev_id = mock.idev,
			.grpid = group,
			.perm = IOMMU_PGFAULT_PERM_READ,
			.addr = DIRTY_IOVA,
		},
	};

	ASSERT_RC(__mock_op(fd, IOMMU_TEST_OP_TRIGGER_IOPF, 0, &cmd), 0);
	ASSERT_EQ(read(queue, &fault, sizeof(fault)), (ssize_t)sizeof(fault));
	response.cookie = fault.cookie;
	response.code = IOMMUFD_PAGE_RESP_SUCCESS;
	ASSERT_EQ(write(queue, &response, sizeof(response)),
		  (ssize_t)sizeof(response));
}

/* From the request of the device to the end of the response. */
static void run_fault(struct bench_run *run)
{
	int fd = run->vdev->space->fd, queue;
	double best = 1e12, start, took;
	unsigned int batch, i;

	fault_hwpt(fd, &queue);
	for (batch = 0; batch < BATCHES; batch++) {
		start = bench_now();
		for (i = 0; i < BATCH; i++)
			fault_round(fd, queue, i);
		took = bench_now() - start;
		if (took < best)
			best = took;
	}
	bench_report(run, run->bench->name, best * 1000 / BATCH, "ns");
	sys_close(queue);
}

#define MOCK_ROW(_name, _run)                \
	{                                    \
		.name = _name,               \
		.backends = BACKEND_IOMMUFD, \
		.ours_only = true,           \
		.reps = 1,                   \
		.setup = mock_open,          \
		.run = _run,                 \
		.teardown = mock_close,      \
	}

const struct bench mock_benches[] = {
	MOCK_ROW("dirty_read_clear", run_dirty),
	MOCK_ROW("fault_queue", run_fault),
	{},
};
