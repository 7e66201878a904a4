// SPDX-License-Identifier: GPL-2.0-only
/* Objects and domains: each call fails at each of its points. */
#include <errno.h>
#include <fcntl.h>
#include <linux/iommufd.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "edu.h"
#include "fail.h"
#include "harness.h"
#include "ioas.h"
#include "mock.h"
#include "pci.h"
#include "sys.h"

#define IOVA FAIL_IOVA
#define IOVA2 0x20000000ULL
#define SMALL FAIL_SMALL
#define BIG FAIL_BIG

/* Objects */

static int call_open(struct env *env)
{
	env->file = __sys_open("/dev/iommu", O_RDWR);
	return env->file < 0 ? env->file : 0;
}

static void undo_open(struct env *env)
{
	close(env->file);
}

SCENARIO(open_file, .call = call_open, .undo = undo_open)

static int call_ioas_alloc(struct env *env)
{
	return __ioas_alloc(env->fd, &env->id);
}

static void undo_object(struct env *env)
{
	iommufd_destroy(env->fd, env->id);
}

SCENARIO(alloc_ioas, .call = call_ioas_alloc, .undo = undo_object)

static int call_fault_alloc(struct env *env)
{
	struct iommu_fault_alloc cmd = { .size = sizeof(cmd) };
	int ret = __sys_ioctl(env->fd, IOMMU_FAULT_QUEUE_ALLOC, &cmd);

	env->id = cmd.out_fault_id;
	env->file = cmd.out_fault_fd;
	return ret;
}

static void undo_fault_alloc(struct env *env)
{
	close(env->file);
	iommufd_destroy(env->fd, env->id);
}

SCENARIO(fault_queue_alloc, .call = call_fault_alloc, .undo = undo_fault_alloc)

/* Properties of an IOAS */

static int call_allow(struct env *env)
{
	struct iommu_iova_range ranges[] = { { IOVA, IOVA + BIG - 1 },
					     { IOVA2, IOVA2 + BIG - 1 } };

	return __ioas_allow(env->fd, env->ioas, ranges, 2);
}

static void check_allow(struct env *env)
{
	__u64 iova = ioas_map(env->fd, env->ioas, env->buf, SMALL);

	ASSERT((iova >= IOVA && iova < IOVA + BIG) ||
	       (iova >= IOVA2 && iova < IOVA2 + BIG));
	ioas_unmap(env->fd, env->ioas, iova, SMALL);
}

static void undo_allow(struct env *env)
{
	ASSERT_RC(__ioas_allow(env->fd, env->ioas, NULL, 0), 0);
}

SCENARIO(allow_iovas, .call = call_allow, .check = check_allow,
	 .undo = undo_allow)

static int call_ranges(struct env *env)
{
	struct iommu_iova_range ranges[4];
	__u32 nr = 4;

	return __ioas_ranges(env->fd, env->ioas, ranges, &nr, NULL);
}

SCENARIO(iova_ranges, .call = call_ranges)

static int call_vfio_ioas(struct env *env)
{
	__u32 id = env->ioas;
	int ret = __vfio_ioas(env->fd, IOMMU_VFIO_IOAS_SET, &id);

	if (!ret)
		ret = __vfio_ioas(env->fd, IOMMU_VFIO_IOAS_GET, &id);
	return ret ?: __vfio_ioas(env->fd, IOMMU_VFIO_IOAS_CLEAR, &id);
}

SCENARIO(vfio_ioas, .call = call_vfio_ioas)

static int call_option(struct env *env)
{
	__u64 value = 1;

	return __iommufd_option(env->fd, IOMMU_OPTION_HUGE_PAGES,
				IOMMU_OPTION_OP_SET, env->ioas, &value);
}

SCENARIO(option, .call = call_option)

/* Domains */

static int call_hwpt_alloc(struct env *env)
{
	return __hwpt_alloc(env->fd, env->dev.idev, env->ioas, env->flags,
			    &env->id);
}

static void check_hwpt(struct env *env)
{
	ASSERT_RC(__mock_check_map(env->fd, env->id, env->buf, IOVA, env->size),
		  0);
}

static void setup_mapped_scattered(struct env *env)
{
	setup_dev_scattered(env);
	ASSERT_RC(call_map(env), 0);
}

static void setup_mapped_idle(struct env *env)
{
	mock_dev(env->fd, env->ioas2, 0, &env->dev);
	env->size = BIG;
	ASSERT_RC(call_map(env), 0);
}

/* The memory is not pinned before, so the allocation pins it. */
SCENARIO(alloc_hwpt, .setup = setup_mapped_idle, .call = call_hwpt_alloc,
	 .undo = undo_object, .check = check_hwpt)
SCENARIO(alloc_hwpt_second, .setup = setup_mapped_scattered,
	 .call = call_hwpt_alloc, .undo = undo_object, .check = check_hwpt)

static int call_hwpt_alloc_cold(struct env *env)
{
	cool_buf(env);
	return call_hwpt_alloc(env);
}

SCENARIO(alloc_hwpt_cold, .setup = setup_mapped_idle,
	 .call = call_hwpt_alloc_cold, .undo = undo_object, .check = check_hwpt)

static void setup_hwpt_dirty(struct env *env)
{
	setup_mapped_idle(env);
	env->flags = IOMMU_HWPT_ALLOC_DIRTY_TRACKING;
}

SCENARIO(alloc_hwpt_dirty, .setup = setup_hwpt_dirty, .call = call_hwpt_alloc,
	 .undo = undo_object, .check = check_hwpt)

static void setup_nested(struct env *env)
{
	setup_mapped_idle(env);
	ASSERT_RC(__hwpt_alloc(env->fd, env->dev.idev, env->ioas,
			       IOMMU_HWPT_ALLOC_NEST_PARENT, &env->hwpt),
		  0);
}

static int call_hwpt_nested(struct env *env)
{
	const struct iommu_hwpt_selftest data = {
		.iotlb = IOMMU_TEST_IOTLB_DEFAULT,
	};

	return __mock_hwpt(env->fd, env->dev.idev, env->hwpt, 0, &data,
			   &env->id);
}

SCENARIO(alloc_hwpt_nested, .setup = setup_nested, .call = call_hwpt_nested,
	 .undo = undo_object)

static int call_hw_info(struct env *env)
{
	char data[64];
	struct iommu_hw_info cmd = {
		.size = sizeof(cmd),
		.dev_id = env->dev.idev,
		.data_len = sizeof(data),
		.data_uptr = (uintptr_t)data,
	};

	return __sys_ioctl(env->fd, IOMMU_GET_HW_INFO, &cmd);
}

SCENARIO(hw_info, .setup = setup_dev, .call = call_hw_info)

/* Bind and attach a device, which creates a domain and fills it. */

static int call_attach(struct env *env)
{
	struct mock_dev dev;
	int ret = __mock_dev(env->fd, env->ioas, 0, &dev);

	env->id = dev.stdev;
	env->hwpt = dev.hwpt;
	return ret;
}

static void check_attach(struct env *env)
{
	ASSERT_RC(__mock_check_map(env->fd, env->hwpt, env->buf, IOVA,
				   env->size),
		  0);
}

static void setup_mapped_only(struct env *env)
{
	env->size = BIG;
	ASSERT_RC(call_map(env), 0);
}

SCENARIO(attach, .setup = setup_mapped_only, .call = call_attach,
	 .undo = undo_object, .check = check_attach)
SCENARIO(attach_second, .setup = setup_mapped_scattered, .call = call_attach,
	 .undo = undo_object, .check = check_attach)

static int call_attach_cold(struct env *env)
{
	cool_buf(env);
	return call_attach(env);
}

SCENARIO(attach_cold, .setup = setup_mapped_only, .call = call_attach_cold,
	 .undo = undo_object, .check = check_attach)

/* If a replacement fails, the device keeps its domain. */

static int call_replace(struct env *env)
{
	return __mock_replace(env->fd, env->dev.stdev, env->ioas);
}

static void undo_replace(struct env *env)
{
	ASSERT_RC(__mock_replace(env->fd, env->dev.stdev, env->ioas2), 0);
}

SCENARIO(replace, .setup = setup_mapped_idle, .call = call_replace,
	 .undo = undo_replace)

static void setup_replace_hwpt(struct env *env)
{
	setup_mapped_idle(env);
	env->hwpt = hwpt_alloc(env->fd, env->dev.idev, env->ioas);
}

static int call_replace_hwpt(struct env *env)
{
	return __mock_replace(env->fd, env->dev.stdev, env->hwpt);
}

SCENARIO(replace_by_hwpt, .setup = setup_replace_hwpt,
	 .call = call_replace_hwpt, .undo = undo_replace)

static int __pasid(struct env *env, __u32 op, __u32 pt)
{
	struct iommu_test_cmd cmd = {
		.pasid_attach = { .pasid = 7, .pt_id = pt },
	};

	return __mock_op(env->fd, op, env->dev.stdev, &cmd);
}

static void undo_pasid(struct env *env)
{
	ASSERT_RC(__pasid(env, IOMMU_TEST_OP_PASID_DETACH, 0), 0);
}

/* A device with PASIDs, and two HWPTs for them. */
static void setup_pasid(struct env *env)
{
	mock_dev(env->fd, env->ioas2, MOCK_FLAGS_DEVICE_PASID, &env->dev);
	env->flags = IOMMU_HWPT_ALLOC_PASID;
	ASSERT_RC(call_hwpt_alloc(env), 0);
	env->hwpt = env->id;
	ASSERT_RC(call_hwpt_alloc(env), 0);
	ASSERT_RC(__mock_replace(env->fd, env->dev.stdev, env->id), 0);
}

static int call_pasid_attach(struct env *env)
{
	return __pasid(env, IOMMU_TEST_OP_PASID_ATTACH, env->hwpt);
}

SCENARIO(pasid_attach, .setup = setup_pasid, .call = call_pasid_attach,
	 .undo = undo_pasid)

static void setup_pasid_attached(struct env *env)
{
	if (!sys_kernel_has(CHANGE_PASID_REPLACE))
		SKIP("this kernel cannot replace a PASID's domain");
	setup_pasid(env);
	ASSERT_RC(call_pasid_attach(env), 0);
}

static int call_pasid_replace(struct env *env)
{
	return __pasid(env, IOMMU_TEST_OP_PASID_REPLACE, env->id);
}

static void undo_pasid_replace(struct env *env)
{
	ASSERT_RC(__pasid(env, IOMMU_TEST_OP_PASID_REPLACE, env->hwpt), 0);
}

SCENARIO(pasid_replace, .setup = setup_pasid_attached,
	 .call = call_pasid_replace, .undo = undo_pasid_replace)

/* Dirty pages: a read that fails must not lose dirty bits. */

static void setup_dirty(struct env *env)
{
	setup_hwpt_dirty(env);
	ASSERT_RC(call_hwpt_alloc(env), 0);
	env->hwpt = env->id;
}

static int call_set_dirty(struct env *env)
{
	return __hwpt_set_tracking(env->fd, env->hwpt,
				   IOMMU_HWPT_DIRTY_TRACKING_ENABLE);
}

static void undo_set_dirty(struct env *env)
{
	ASSERT_RC(__hwpt_set_tracking(env->fd, env->hwpt, 0), 0);
}

SCENARIO(dirty_set, .setup = setup_dirty, .call = call_set_dirty,
	 .undo = undo_set_dirty)

static void make_dirty(struct env *env)
{
	struct iommu_test_cmd cmd = {
		.dirty = {
			.iova = IOVA,
			.length = env->size,
			.page_size = PAGE,
			.uptr = (uintptr_t)env->bitmap,
		},
	};

	memset(env->bitmap, 0x5a, sizeof(env->bitmap));
	ASSERT_RC(__mock_op(env->fd, IOMMU_TEST_OP_DIRTY, env->hwpt, &cmd), 0);
	memset(env->bitmap, 0, sizeof(env->bitmap));
}

static void setup_dirty_read(struct env *env)
{
	setup_dirty(env);
	ASSERT_RC(call_set_dirty(env), 0);
	make_dirty(env);
}

/* Reads only set bits, so that two of them add up in one bitmap. */
static int call_dirty_read(struct env *env)
{
	return __hwpt_get_dirty(env->fd, env->hwpt, 0, IOVA, env->size, PAGE,
				env->bitmap);
}

static void check_dirty_read(struct env *env)
{
	ASSERT(is_byte(env->bitmap, sizeof(env->bitmap), 0x5a));
}

/*
 * If the final copy to the bitmap fails, the read returns an error and its bits
 * are lost.
 */
static void failed_dirty_read(struct env *env, const char *point)
{
	if (!strncmp(point, "copy_", strlen("copy_")))
		make_dirty(env);
}

SCENARIO(dirty_read, .setup = setup_dirty_read, .call = call_dirty_read,
	 .undo = make_dirty, .check = check_dirty_read,
	 .failed = failed_dirty_read)

/* The last test: no reference to the module may be left. */
TEST(unload)
{
	mock_load();
	ASSERT_RC(__mock_unload(), 0);
}
