// SPDX-License-Identifier: GPL-2.0-only
/* Requests on an IOAS that another thread changes at the same time. */
#include <linux/iommufd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "edu.h"
#include "harness.h"
#include "ioas.h"
#include "pci.h"
#include "sys.h"
#include "vdev.h"

/* The window between two looks at the ranges is met within some thousand. */
#define RACE_ROUNDS 30000
#define RACE_MAX_RANGES 8

/** struct race - a device that is attached and detached all the time */
struct race {
	/** @vdev: the device, attached */
	struct vdev *vdev;
	/** @stop: set to end the thread */
	atomic_bool stop;
};

static void *race_run(void *arg)
{
	struct race *race = arg;
	__u32 hwpt;

	while (!race->stop) {
		ASSERT_RC(__cdev_detach(race->vdev->fd), 0);
		ASSERT_RC(__cdev_attach(race->vdev->fd, race->vdev->space->ioas,
					&hwpt),
			  0);
	}
	return NULL;
}

/*
 * Every range that is counted is written, and no other one. The device reserves
 * the MSI window, so that there are more ranges while it is attached.
 */
TEST(ranges_are_consistent)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU0), BACKEND_IOMMUFD);
	struct iommu_iova_range ranges[RACE_MAX_RANGES];
	struct race race = { .vdev = edu->vdev };
	struct space *space = edu->vdev->space;
	__u32 nr, min = RACE_MAX_RANGES, max = 0, i;
	pthread_t thread;
	int round;

	ASSERT_EQ(pthread_create(&thread, NULL, race_run, &race), 0);
	for (round = 0; round < RACE_ROUNDS; round++) {
		memset(ranges, 0xff, sizeof(ranges));
		nr = ARRAY_SIZE(ranges);
		ASSERT_RC(__ioas_ranges(space->fd, space->ioas, ranges, &nr,
					NULL),
			  0);
		ASSERT(nr > 0 && nr < RACE_MAX_RANGES);
		for (i = 0; i < nr; i++)
			ASSERT(ranges[i].start != ~0ULL);
		ASSERT_EQ(ranges[nr].start, ~0ULL);
		min = nr < min ? nr : min;
		max = nr > max ? nr : max;
	}
	race.stop = true;
	ASSERT_EQ(pthread_join(thread, NULL), 0);
	ASSERT(min < max);
	edu_close_with_space(edu);
}
