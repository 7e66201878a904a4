// SPDX-License-Identifier: GPL-2.0-only
/* The order in which the arguments of IOMMU_HWPT_ALLOC are checked. */
#include <errno.h>
#include <linux/iommufd.h>
#include <pthread.h>
#include <stdint.h>

#include "harness.h"
#include "ioas.h"
#include "mock.h"
#include "sys.h"
#include "uffd.h"

#define NO_SUCH_ID 4711
#define UNKNOWN_FLAG (1U << 31)
#define FAULT_VALID IOMMU_HWPT_FAULT_ID_VALID
#define NEST_PARENT IOMMU_HWPT_ALLOC_NEST_PARENT
#define DIRTY IOMMU_HWPT_ALLOC_DIRTY_TRACKING

/** struct env - HWPTs of all kinds */
struct env {
	/** @fd: /dev/iommu */
	int fd;
	/** @ioas: ID of the IOAS */
	__u32 ioas;
	/** @dev: a device without dirty tracking */
	struct mock_dev dev;
	/** @parent: ID of an HWPT in which others may be nested */
	__u32 parent;
	/** @nested: ID of one nested in @parent */
	__u32 nested;
};

static const struct iommu_hwpt_selftest nested_data = {
	.iotlb = IOMMU_TEST_IOTLB_DEFAULT,
};

static void env_open(struct env *env)
{
	mock_load();
	env->fd = iommufd_open();
	env->ioas = ioas_alloc(env->fd);
	mock_dev(env->fd, env->ioas, MOCK_FLAGS_DEVICE_NO_DIRTY, &env->dev);
	ASSERT_RC(__hwpt_alloc(env->fd, env->dev.idev, env->ioas, NEST_PARENT,
			       &env->parent),
		  0);
	ASSERT_RC(__mock_hwpt(env->fd, env->dev.idev, env->parent, 0,
			      &nested_data, &env->nested),
		  0);
}

/* The fault queue, if any, does not exist. */
static int __alloc(const struct env *env, __u32 pt, __u32 flags, bool data)
{
	struct iommu_hwpt_alloc cmd = {
		.size = sizeof(cmd),
		.flags = flags,
		.dev_id = env->dev.idev,
		.pt_id = pt,
		.fault_id = NO_SUCH_ID,
	};

	if (data) {
		cmd.data_type = IOMMU_HWPT_DATA_SELFTEST;
		cmd.data_len = sizeof(nested_data);
		cmd.data_uptr = (uintptr_t)&nested_data;
	}
	return __sys_ioctl(env->fd, IOMMU_HWPT_ALLOC, &cmd);
}

TEST(parent_before_all)
{
	struct env env;

	env_open(&env);
	ASSERT_RC(__alloc(&env, NO_SUCH_ID, FAULT_VALID, false), -EINVAL);
	ASSERT_RC(__alloc(&env, env.nested, UNKNOWN_FLAG, true), -EINVAL);
	ASSERT_RC(__alloc(&env, env.nested, FAULT_VALID, true), -EINVAL);
	ASSERT_RC(__alloc(&env, env.nested, FAULT_VALID | NEST_PARENT, false),
		  -EINVAL);
	ASSERT_RC(__alloc(&env, env.dev.idev, UNKNOWN_FLAG, false), -EINVAL);
}

TEST(fault_queue_after_all)
{
	struct env env;
	__u32 outside;

	env_open(&env);
	ASSERT_RC(__alloc(&env, env.ioas, FAULT_VALID, false), -ENOENT);
	ASSERT_RC(__alloc(&env, env.ioas, FAULT_VALID | UNKNOWN_FLAG, false),
		  -EOPNOTSUPP);
	ASSERT_RC(__alloc(&env, env.ioas, FAULT_VALID | NEST_PARENT, false),
		  -EOPNOTSUPP);
	ASSERT_RC(__alloc(&env, env.ioas, FAULT_VALID | DIRTY, false),
		  -EOPNOTSUPP);
	/* a mapping outside of the aperture */
	outside = ioas_alloc(env.fd);
	ioas_map_fixed(env.fd, outside, sys_mmap_anon(PAGE), PAGE, PAGE);
	ASSERT_RC(__alloc(&env, outside, FAULT_VALID, false), -EADDRINUSE);
	iommufd_destroy(env.fd, outside);
}

TEST(nested_with_fault_queue)
{
	struct env env;

	env_open(&env);
	ASSERT_RC(__alloc(&env, env.parent, FAULT_VALID, true), -ENOENT);
	ASSERT_RC(__alloc(&env, env.parent, FAULT_VALID, false), -EOPNOTSUPP);
	ASSERT_RC(__alloc(&env, env.parent, FAULT_VALID | DIRTY, true),
		  -EOPNOTSUPP);
	ASSERT_RC(__alloc(&env, env.dev.hwpt, FAULT_VALID | DIRTY, true),
		  -EOPNOTSUPP);
	ASSERT_RC(__alloc(&env, env.dev.hwpt, FAULT_VALID, true), -EINVAL);
	/* nothing is left behind */
	iommufd_destroy(env.fd, env.nested);
	iommufd_destroy(env.fd, env.parent);
}

/* A nested HWPT is none over an IOAS. */
TEST(dirty_tracking_of_nested)
{
	struct env env;
	__u64 word = 0;

	env_open(&env);
	ASSERT_RC(__hwpt_set_tracking(env.fd, env.nested, 0), -ENOENT);
	ASSERT_RC(__hwpt_get_dirty(env.fd, env.nested, 0, 0, PAGE, PAGE, &word),
		  -ENOENT);
}

/** struct allocator - a thread that allocates an HWPT */
struct allocator {
	/** @fd: /dev/iommu */
	int fd;
	/** @cmd: the request, in memory that may not be written yet */
	struct iommu_hwpt_alloc *cmd;
};

static void *allocator_run(void *arg)
{
	struct allocator *allocator = arg;

	ASSERT_RC(__sys_ioctl(allocator->fd, IOMMU_HWPT_ALLOC, allocator->cmd),
		  0);
	return NULL;
}

/* A request that waits for its memory stops no one who works with the IOAS. */
TEST(result_cannot_be_written_yet)
{
	struct allocator allocator = { .cmd = sys_mmap_anon(PAGE) };
	pthread_t thread;
	struct env env;
	int uffd;

	env_open(&env);
	allocator.fd = env.fd;
	*allocator.cmd = (struct iommu_hwpt_alloc){
		.size = sizeof(*allocator.cmd),
		.dev_id = env.dev.idev,
		.pt_id = env.ioas,
	};
	uffd = uffd_protect(allocator.cmd, PAGE);
	ASSERT_EQ(pthread_create(&thread, NULL, allocator_run, &allocator), 0);
	uffd_wait(uffd);
	iommufd_destroy(env.fd, hwpt_alloc(env.fd, env.dev.idev, env.ioas));
	uffd_unprotect(uffd, allocator.cmd, PAGE);
	ASSERT_EQ(pthread_join(thread, NULL), 0);
	iommufd_destroy(env.fd, allocator.cmd->out_hwpt_id);
}
