// SPDX-License-Identifier: GPL-2.0-only
/* Requests on an IOAS that another thread changes at the same time. */
#include <linux/iommufd.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "harness.h"
#include "ioas.h"
#include "sys.h"

/* More than enough to meet the window between two looks at the ranges. */
#define RACE_ROUNDS 100000
#define RACE_MAX_RANGES 8

/** struct race - an IOAS whose allowed ranges change all the time */
struct race {
	/** @fd: /dev/iommu */
	int fd;
	/** @ioas: ID of the IOAS */
	__u32 ioas;
	/** @stop: set to end the thread that changes the ranges */
	atomic_bool stop;
};

static void race_allow(const struct race *race, __u32 nr)
{
	const struct iommu_iova_range ranges[] = {
		{ .start = 0x100000, .last = 0x1fffff },
		{ .start = 0x300000, .last = 0x3fffff },
		{ .start = 0x500000, .last = 0x5fffff },
	};

	ASSERT_RC(__ioas_allow(race->fd, race->ioas, ranges, nr), 0);
}

/* Allows one range, then three, then one again. */
static void *race_run(void *arg)
{
	struct race *race = arg;

	while (!race->stop) {
		race_allow(race, 1);
		race_allow(race, 3);
	}
	return NULL;
}

/* Every range that is counted has been written, and no other one. */
TEST(ranges_are_consistent)
{
	struct iommu_iova_range ranges[RACE_MAX_RANGES];
	struct race race = { .fd = iommufd_open() };
	pthread_t thread;
	__u32 nr, i;
	int round;

	race.ioas = ioas_alloc(race.fd);
	race_allow(&race, 1);
	ASSERT_EQ(pthread_create(&thread, NULL, race_run, &race), 0);
	for (round = 0; round < RACE_ROUNDS; round++) {
		memset(ranges, 0xff, sizeof(ranges));
		nr = ARRAY_SIZE(ranges);
		ASSERT_RC(__ioas_ranges(race.fd, race.ioas, ranges, &nr, NULL),
			  0);
		ASSERT(nr == 1 || nr == 3);
		for (i = 0; i < nr; i++)
			ASSERT_EQ(ranges[i].start, 0x100000 + 0x200000 * i);
		ASSERT_EQ(ranges[nr].start, ~0ULL);
	}
	race.stop = true;
	ASSERT_EQ(pthread_join(thread, NULL), 0);
}
