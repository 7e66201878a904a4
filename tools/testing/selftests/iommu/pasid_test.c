// SPDX-License-Identifier: GPL-2.0-only
/* PASIDs of a group with two devices, behind the mock IOMMU. */
#include <errno.h>
#include <linux/iommufd.h>

#include "harness.h"
#include "ioas.h"
#include "mock.h"

#define PASID 7U

/** struct env - two devices of one group, attached */
struct env {
	/** @fd: /dev/iommu */
	int fd;
	/** @ioas: ID of the IOAS */
	__u32 ioas;
	/** @dev: the devices, attached to @hwpt[0] */
	struct mock_dev dev[2];
	/** @hwpt: IDs of HWPTs for PASIDs */
	__u32 hwpt[3];
};

static void env_open(struct env *env)
{
	const __u32 flags = MOCK_FLAGS_DEVICE_GROUP | MOCK_FLAGS_DEVICE_PASID;

	mock_load();
	env->fd = iommufd_open();
	env->ioas = ioas_alloc(env->fd);
	for (unsigned int i = 0; i < ARRAY_SIZE(env->dev); i++)
		mock_dev(env->fd, env->ioas, flags, &env->dev[i]);
	for (unsigned int i = 0; i < ARRAY_SIZE(env->hwpt); i++)
		ASSERT_RC(__hwpt_alloc(env->fd, env->dev[0].idev, env->ioas,
				       IOMMU_HWPT_ALLOC_PASID, &env->hwpt[i]),
			  0);
	ASSERT_RC(__mock_replace(env->fd, env->dev[0].stdev, env->hwpt[0]), 0);
}

static int __pasid_op(const struct env *env, __u32 op, unsigned int dev,
		      __u32 pasid, __u32 pt)
{
	struct iommu_test_cmd cmd = {
		.pasid_attach = {
			.pasid = pasid,
			.pt_id = pt,
		},
	};

	return __mock_op(env->fd, op, env->dev[dev].stdev, &cmd);
}

static int __pasid_attach(const struct env *env, unsigned int dev, __u32 pt)
{
	return __pasid_op(env, IOMMU_TEST_OP_PASID_ATTACH, dev, PASID, pt);
}

static int __pasid_replace(const struct env *env, unsigned int dev, __u32 pt)
{
	return __pasid_op(env, IOMMU_TEST_OP_PASID_REPLACE, dev, PASID, pt);
}

static void pasid_detach(const struct env *env, unsigned int dev)
{
	ASSERT_RC(__pasid_op(env, IOMMU_TEST_OP_PASID_DETACH, dev, PASID, 0),
		  0);
}

/* 0 stands for no HWPT. */
static void pasid_expect(const struct env *env, unsigned int dev, __u32 pasid,
			 __u32 hwpt)
{
	ASSERT_RC(__pasid_op(env, IOMMU_TEST_OP_PASID_CHECK_HWPT, dev, pasid,
			     hwpt),
		  0);
}

TEST(second_device_follows)
{
	struct env env;

	env_open(&env);
	ASSERT_RC(__pasid_attach(&env, 0, env.hwpt[1]), 0);
	ASSERT_RC(__pasid_attach(&env, 1, env.hwpt[2]), -EINVAL);
	ASSERT_RC(__pasid_attach(&env, 1, env.ioas), -EINVAL);
	ASSERT_RC(__pasid_replace(&env, 1, env.hwpt[2]), -EINVAL);
	ASSERT_RC(__pasid_attach(&env, 1, env.hwpt[1]), 0);
	ASSERT_RC(__pasid_attach(&env, 1, env.hwpt[1]), -EBUSY);
	ASSERT_RC(__pasid_attach(&env, 1, env.hwpt[2]), -EBUSY);
	pasid_detach(&env, 0);
	pasid_detach(&env, 0);
	pasid_expect(&env, 0, PASID, 0);
	pasid_expect(&env, 1, PASID, env.hwpt[1]);
	ASSERT_RC(__iommufd_destroy(env.fd, env.hwpt[1]), -EBUSY);
	pasid_detach(&env, 1);
	iommufd_destroy(env.fd, env.hwpt[1]);
	/* the PASID is free for another HWPT */
	ASSERT_RC(__pasid_attach(&env, 1, env.hwpt[2]), 0);
}

TEST(group_moves_together)
{
	struct env env;

	env_open(&env);
	ASSERT_RC(__pasid_attach(&env, 0, env.hwpt[1]), 0);
	ASSERT_RC(__pasid_attach(&env, 1, env.hwpt[1]), 0);
	ASSERT_RC(__pasid_replace(&env, 1, env.hwpt[1]), 0);
	ASSERT_RC(__pasid_replace(&env, 1, env.hwpt[2]), 0);
	pasid_expect(&env, 0, PASID, env.hwpt[2]);
	pasid_expect(&env, 1, PASID, env.hwpt[2]);
	iommufd_destroy(env.fd, env.hwpt[1]);
	pasid_detach(&env, 1);
	ASSERT_RC(__iommufd_destroy(env.fd, env.hwpt[2]), -EBUSY);
	pasid_detach(&env, 0);
	iommufd_destroy(env.fd, env.hwpt[2]);
}

/* A PASID of one device restricts the HWPTs of the whole group. */
TEST(compatible_with_group)
{
	struct env env;
	__u32 plain;

	env_open(&env);
	plain = hwpt_alloc(env.fd, env.dev[0].idev, env.ioas);
	ASSERT_RC(__pasid_attach(&env, 1, plain), -EINVAL);
	ASSERT_RC(__pasid_attach(&env, 1, env.hwpt[1]), 0);
	ASSERT_RC(__mock_replace(env.fd, env.dev[0].stdev, plain), -EINVAL);
	iommufd_destroy(env.fd, env.dev[1].stdev);
	ASSERT_RC(__mock_replace(env.fd, env.dev[0].stdev, plain), 0);
	ASSERT_RC(__pasid_attach(&env, 0, env.hwpt[1]), -EINVAL);
}

/*
 * Every second attachment of this PASID fails. An older kernel may not be able to
 * undo the move: the PASID is detached from all devices then.
 */
TEST(failed_replace)
{
	const __u32 pasid = IOMMU_TEST_PASID_RESERVED;
	bool kept = true;
	struct env env;
	int failures;

	env_open(&env);
	for (unsigned int i = 0; i < ARRAY_SIZE(env.dev); i++)
		ASSERT_RC(__pasid_op(&env, IOMMU_TEST_OP_PASID_ATTACH, i, pasid,
				     env.hwpt[1]),
			  0);
	for (failures = 0; kept; failures++) {
		if (!__pasid_op(&env, IOMMU_TEST_OP_PASID_REPLACE, 1, pasid,
				env.hwpt[2]))
			break;
		kept = !__pasid_op(&env, IOMMU_TEST_OP_PASID_CHECK_HWPT, 0,
				   pasid, env.hwpt[1]);
		pasid_expect(&env, 0, pasid, kept ? env.hwpt[1] : 0);
		pasid_expect(&env, 1, pasid, kept ? env.hwpt[1] : 0);
	}
	ASSERT(failures > 0);
	iommufd_destroy(env.fd, env.hwpt[1]);
}
