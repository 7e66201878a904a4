// SPDX-License-Identifier: GPL-2.0-only
/* DMA logging of a device, and the merging of ranges that it cannot log. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "harness.h"
#include "mock_migration.h"
#include "sys.h"
#include "vdev.h"

/* Number of ranges that a request can have */
#define NR_RANGES_MAX 256

typedef struct vfio_device_feature_dma_logging_range log_range_t;

TEST_OVER(log_start_errors, BACKENDS_ALL)
{
	struct vfio_device_feature_dma_logging_control control = {};
	struct vdev *vdev = mig_open(backend);
	const __u32 start = VFIO_DEVICE_FEATURE_DMA_LOGGING_START;
	log_range_t *many = calloc(NR_RANGES_MAX + 1, sizeof(*many));
	log_range_t r = { 0, PAGE };
	log_range_t two[2] = { { 0, 2 * PAGE }, { PAGE, PAGE } };
	char *page = sys_mmap_anon(PAGE);
	unsigned int i;

	ASSERT_RC(__mig_feature(vdev, start | MIG_PROBE | MIG_SET, NULL, 0), 0);
	ASSERT_RC(__mig_feature(vdev, start | MIG_GET, &control,
				sizeof(control)),
		  -EINVAL);
	ASSERT_RC(__mig_feature(vdev, start | MIG_SET, &control,
				sizeof(control) - 1),
		  -EINVAL);
	ASSERT_RC(__mig_log(vdev, 0, &r), -EINVAL);
	ASSERT_RC(__mig_log(vdev, 1, BAD_PTR), -EFAULT);
	ASSERT_RC(__mig_log_start(vdev, 0, 1, &r, &control), -EINVAL);
	ASSERT_RC(__mig_log_start(vdev, 3 * PAGE, 1, &r, &control), -EINVAL);
	ASSERT_RC(__mig_log_start(vdev, 2 * PAGE, 1, &r, &control), -EINVAL);

	r = (log_range_t){ 1, PAGE };
	ASSERT_RC(__mig_log(vdev, 1, &r), -EINVAL);
	r = (log_range_t){ 0, PAGE + 1 };
	ASSERT_RC(__mig_log(vdev, 1, &r), -EINVAL);
	r = (log_range_t){ PAGE, 0 };
	ASSERT_RC(__mig_log(vdev, 1, &r), -EINVAL);
	r = (log_range_t){ -IOVA_PAGE, PAGE };
	ASSERT_RC(__mig_log(vdev, 1, &r), -EOVERFLOW);
	r = (log_range_t){ PAGE, -IOVA_PAGE };
	ASSERT_RC(__mig_log(vdev, 1, &r), -EOVERFLOW);

	ASSERT_RC(__mig_log(vdev, 2, two), -EINVAL);
	two[0] = (log_range_t){ PAGE, PAGE };
	two[1] = (log_range_t){ 0, 2 * PAGE };
	ASSERT_RC(__mig_log(vdev, 2, two), -EINVAL);
	for (i = 0; i <= NR_RANGES_MAX; i++)
		many[i] = (log_range_t){ (NR_RANGES_MAX - i) * 2 * PAGE, PAGE };
	ASSERT_RC(__mig_log(vdev, NR_RANGES_MAX + 1, many), -E2BIG);
	ASSERT_RC(__mig_log(vdev, ~0U, many), -E2BIG);

	/* The log is stopped again if the result cannot be written. */
	memcpy(page, (__u32[]){ 8 + sizeof(control), start | MIG_SET }, 8);
	control = (struct vfio_device_feature_dma_logging_control){
		PAGE, 1, 0, (uintptr_t)many
	};
	memcpy(page + 8, &control, sizeof(control));
	ASSERT(!mprotect(page, PAGE, PROT_READ));
	ASSERT_RC(__sys_ioctl(vdev->fd, VFIO_DEVICE_FEATURE, page), -EFAULT);
	ASSERT(!mig_is_logging(vdev));

	/* The ranges need not be sorted. */
	ASSERT_RC(__mig_log(vdev, NR_RANGES_MAX, many), 0);
	ASSERT(mig_is_logging(vdev));
	ASSERT_RC(__mig_log_stop(vdev), 0);
	ASSERT(!mig_is_logging(vdev));
}

TEST_OVER(log_report_errors, BACKENDS_ALL)
{
	const __u32 feature = VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT;
	struct vdev *vdev = mig_open(backend);
	log_range_t r = { 0, GIB(1) };
	__u64 bits[4] = {};

	ASSERT_RC(__mig_log(vdev, 1, &r), 0);
	ASSERT_RC(__mig_log(vdev, 1, &r), -EBUSY);
	ASSERT_RC(__mig_feature(vdev, feature | MIG_SET, bits, 32), -EINVAL);
	ASSERT_RC(__mig_feature(vdev, feature | MIG_GET, bits, 31), -EINVAL);
	ASSERT_RC(__mig_log_report(vdev, 0, PAGE, 2048, bits), -EINVAL);
	ASSERT_RC(__mig_log_report(vdev, 0, 3 * PAGE, 3 * PAGE, bits), -EINVAL);
	ASSERT_RC(__mig_log_report(vdev, 0, PAGE, 0, bits), -EINVAL);
	ASSERT_RC(__mig_log_report(vdev, 0, 0, PAGE, bits), -EINVAL);
	ASSERT_RC(__mig_log_report(vdev, 1, PAGE, PAGE, bits), -EINVAL);
	ASSERT_RC(__mig_log_report(vdev, 0, PAGE + 1, PAGE, bits), -EINVAL);
	ASSERT_RC(__mig_log_report(vdev, -IOVA_PAGE, 2 * PAGE, PAGE, bits),
		  -EOVERFLOW);
	ASSERT_RC(__mig_feature(vdev,
				MIG_GET | VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP,
				NULL, 0),
		  -EINVAL);
	/* The bitmap is accessed only if a bit is to be set. */
	ASSERT_RC(__mig_log_report(vdev, 0, PAGE, PAGE, BAD_PTR), 0);
	mig_device_write(vdev, 0, PAGE);
	ASSERT_RC(__mig_log_report(vdev, 0, PAGE, PAGE, BAD_PTR), -EFAULT);
	ASSERT_RC(__mig_log_stop(vdev), 0);
	ASSERT_RC(__mig_log_stop(vdev), 0);
	ASSERT_RC(__mig_log_report(vdev, 0, PAGE, PAGE, bits), -EINVAL);
}

TEST_OVER(log_is_exact, BACKENDS_ALL)
{
	struct vfio_device_feature_dma_logging_control control;
	struct vdev *vdev = mig_open(backend);
	log_range_t ranges[2] = { { GIB(4), MIB(1) }, { 0, MIB(1) } };
	__u64 bits[5];

	ASSERT_RC(__mig_log_start(vdev, MIB(1), 2, ranges, &control), 0);
	ASSERT_EQ(control.page_size, PAGE);
	mig_device_write(vdev, 0, 1);
	mig_device_write(vdev, 63 * PAGE + 4095, 2);
	mig_device_write(vdev, 255 * PAGE, 2 * PAGE);
	mig_device_write(vdev, GIB(4) + 3 * PAGE, PAGE);

	/* Bits are added to those that are set, in the bitmap only. */
	memset(bits, 0, sizeof(bits));
	bits[0] = 2;
	bits[4] = 0x5555;
	ASSERT_RC(__mig_log_report(vdev, 0, MIB(1), PAGE, bits), 0);
	ASSERT_EQ(bits[0], 3ULL | 1ULL << 63);
	ASSERT_EQ(bits[1], 1);
	ASSERT_EQ(bits[2], 0);
	/* The next page is neither in the request nor in a range. */
	ASSERT_EQ(bits[3], 1ULL << 63);
	ASSERT_EQ(bits[4], 0x5555);
	memset(bits, 0, sizeof(bits));
	ASSERT_RC(__mig_log_report(vdev, 0, MIB(2), PAGE, bits), 0);
	ASSERT(is_byte(bits, sizeof(bits), 0));

	/* Read a part of a range, and with bits that cover more than a page. */
	ASSERT_RC(__mig_log_report(vdev, GIB(4), 3 * PAGE, PAGE, bits), 0);
	ASSERT_EQ(bits[0], 0);
	mig_device_write(vdev, GIB(4) + 4 * PAGE, PAGE);
	ASSERT_RC(__mig_log_report(vdev, GIB(4), MIB(1), 2 * PAGE, bits), 0);
	ASSERT_EQ(bits[0], 6);
	ASSERT_EQ(bits[1], 0);
}

/* More bits than the kernel processes at once, at an unaligned address. */
TEST_OVER(large_log, BACKENDS_ALL)
{
	struct vdev *vdev = mig_open(backend);
	log_range_t r = { GIB(1), GIB(1) };
	size_t size = GIB(1) / PAGE / 8;
	unsigned char *map = sys_mmap_anon(size + PAGE);
	unsigned char *bits = map + 8;
	unsigned char *want = calloc(1, size + PAGE - 8);
	unsigned int i;

	ASSERT_RC(__mig_log(vdev, 1, &r), 0);
	for (i = 0; i < GIB(1) / PAGE; i += 997) {
		mig_device_write(vdev, GIB(1) + i * PAGE, 1);
		want[i / 8] |= 1 << i % 8;
	}
	ASSERT_RC(__mig_log_report(vdev, GIB(1), GIB(1), PAGE, bits), 0);
	ASSERT(!memcmp(bits, want, size + PAGE - 8));
}

/* Ranges are merged to fit the device, over the smallest gaps first. */
TEST_OVER(ranges_are_united, BACKENDS_ALL)
{
	struct vdev *vdev = mig_open(backend);
	log_range_t r[] = { { 0, PAGE },	 { 10 * PAGE, PAGE },
			    { 12 * PAGE, PAGE }, { 30 * PAGE, PAGE },
			    { 33 * PAGE, PAGE }, { 50 * PAGE, PAGE } };
	__u64 bits = 0;

	ASSERT_RC(__mig_log(vdev, ARRAY_SIZE(r), r), 0);
	mig_device_write(vdev, 0, 64 * PAGE);
	ASSERT_RC(__mig_log_report(vdev, 0, 64 * PAGE, PAGE, &bits), 0);
	ASSERT_EQ(bits, 1ULL | 7ULL << 10 | 15ULL << 30 | 1ULL << 50);
}
