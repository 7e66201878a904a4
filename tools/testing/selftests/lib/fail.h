/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Everything fails once: a call is made again and again, the first time its
 * first fail point fails, then its second one, until it gets by all of them.
 * Whatever fails gives an errno that fits and leaves nothing behind: the same
 * call works afterwards, and when it is undone all is as it was before.
 *
 * With FAIL_VERBOSE in the environment a test prints all points.
 */
#ifndef SELFTESTS_LIB_FAIL_H
#define SELFTESTS_LIB_FAIL_H

#include <linux/types.h>
#include <stdbool.h>

#include "harness.h"
#include "mock.h"
#include "sys.h"

#define FAIL_IOVA 0x10000000ULL
#define FAIL_SMALL (8 * PAGE)
#define FAIL_BIG MIB(4)

/** struct env - what a scenario works with */
struct env {
	/** @fd: /dev/iommu, or a container */
	int fd;
	/** @ioas: an IOAS */
	__u32 ioas;
	/** @ioas2: another one */
	__u32 ioas2;
	/** @buf: BIG bytes of memory */
	char *buf;
	/** @size: how much of it is mapped */
	__u64 size;
	/** @file: a file that is mapped, or something else that is open */
	int file;
	/** @start: where in @file */
	__u64 start;
	/** @dev: a mock device */
	struct mock_dev dev;
	/** @hwpt: an HWPT */
	__u32 hwpt;
	/** @id: what the call made */
	__u32 id;
	/** @iova: where the call mapped */
	__u64 iova;
	/** @access: a file descriptor of an access */
	int access;
	/** @flags: of the call */
	__u32 flags;
	/** @prot: of the mapping */
	unsigned int prot;
	/** @cdev: an open device node */
	int cdev;
	/** @group: an open group */
	int group;
	/** @iommufd: @fd is /dev/iommu */
	bool iommufd;
	/** @bitmap: dirty pages */
	__u64 bitmap[16];
};

/** struct scenario - a call that is to fail at each of its points */
struct scenario {
	/** @setup: what must be there before, or NULL */
	void (*setup)(struct env *env);
	/** @call: gives 0 or -errno */
	int (*call)(struct env *env);
	/** @undo: takes back a call that worked, or NULL */
	void (*undo)(struct env *env);
	/** @check: looks at what a call that worked has done, or NULL */
	void (*check)(struct env *env);
	/**
	 * @failed: makes what must be there before again, where the call may
	 * have done its work and failed to tell so; or NULL
	 */
	void (*failed)(struct env *env, const char *point);
};

void fail_each(const struct scenario *scenario, bool iommufd);

/* What many scenarios want: a mapping of env->buf at FAIL_IOVA. */
int call_map(struct env *env);
void undo_map(struct env *env);
void check_mock(struct env *env);
void setup_dev(struct env *env);
void setup_dev_scattered(struct env *env);
void setup_dev_thp(struct env *env);

#define SCENARIO(name, ...) SCENARIO_(name, true, __VA_ARGS__)
/* One that does without an IOAS. */
#define SCENARIO_BARE(name, ...) SCENARIO_(name, false, __VA_ARGS__)
#define SCENARIO_(name, iommufd, ...)                                   \
	static const struct scenario name##_scenario = { __VA_ARGS__ }; \
	TEST(name)                                                      \
	{                                                               \
		fail_each(&name##_scenario, iommufd);                   \
	}

#endif
