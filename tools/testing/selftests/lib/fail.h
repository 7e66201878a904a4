/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fault injection: a call is repeated, and each time the next one of its fail
 * points fails, until the call passes all of them without a failure. A call
 * that fails must return the errno of its fail point and leave no change
 * behind: the same call succeeds afterwards, and after it is undone, pins,
 * charges, object IDs and open files are as before.
 *
 * If FAIL_VERBOSE is set in the environment, a test prints all points.
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

/** struct env - the resources of a scenario */
struct env {
	/** @fd: /dev/iommu, or a container */
	int fd;
	/** @ioas: ID of an IOAS */
	__u32 ioas;
	/** @ioas2: ID of another IOAS */
	__u32 ioas2;
	/** @buf: FAIL_BIG bytes of memory */
	char *buf;
	/** @size: number of bytes of @buf to map */
	__u64 size;
	/** @file: a file to map, or another open file */
	int file;
	/** @start: offset in @file */
	__u64 start;
	/** @dev: a mock device */
	struct mock_dev dev;
	/** @hwpt: ID of an HWPT */
	__u32 hwpt;
	/** @id: ID of the object that the call has created */
	__u32 id;
	/** @iova: address of the mapping that the call has created */
	__u64 iova;
	/** @access: file descriptor of an access */
	int access;
	/** @flags: flags of the call */
	__u32 flags;
	/** @prot: access rights of the mapping */
	unsigned int prot;
	/** @cdev: an open device node */
	int cdev;
	/** @group: an open group */
	int group;
	/** @iommufd: true if @fd is /dev/iommu */
	bool iommufd;
	/** @bitmap: bitmap of dirty pages */
	__u64 bitmap[16];
};

/** struct scenario - a call to repeat until each of its points has failed */
struct scenario {
	/** @setup: creates what the call needs, or NULL */
	void (*setup)(struct env *env);
	/** @call: the call; returns 0 or -errno */
	int (*call)(struct env *env);
	/** @undo: reverts a successful call, or NULL */
	void (*undo)(struct env *env);
	/** @check: checks the effect of a successful call, or NULL */
	void (*check)(struct env *env);
	/**
	 * @failed: restores what the call needs after a failure, for calls that
	 * may have taken effect and then failed to report it; or NULL
	 */
	void (*failed)(struct env *env, const char *point);
};

void fail_each(const struct scenario *scenario, bool iommufd);

/* Parts that many scenarios share: a mapping of env->buf at FAIL_IOVA. */
int call_map(struct env *env);
void cool_buf(struct env *env);
void undo_map(struct env *env);
void check_mock(struct env *env);
void setup_dev(struct env *env);
void setup_dev_scattered(struct env *env);
void setup_dev_thp(struct env *env);

#define SCENARIO(name, ...) SCENARIO_(name, true, __VA_ARGS__)
/* A scenario without an IOAS. */
#define SCENARIO_BARE(name, ...) SCENARIO_(name, false, __VA_ARGS__)
#define SCENARIO_(name, iommufd, ...)                                   \
	static const struct scenario name##_scenario = { __VA_ARGS__ }; \
	TEST(name)                                                      \
	{                                                               \
		fail_each(&name##_scenario, iommufd);                   \
	}

#endif
