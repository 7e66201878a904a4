// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mark pages dirty as if mock devices had written to them.
 */
#include <linux/bitmap.h>
#include <linux/err.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "ctx.h"
#include "hwpt.h"
#include "internals.h"
#include "mock_iommu.h"
#include "test_abi.h"
#include "test_dirty.h"
#include "ucmd.h"

static unsigned long *test_dirty_read_bitmap(const void __user *from,
					     unsigned long nbits)
{
	unsigned long *bitmap;

	bitmap = kvcalloc(BITS_TO_LONGS(nbits), sizeof(*bitmap),
			  GFP_KERNEL_ACCOUNT);
	if (!bitmap)
		return ERR_PTR(-ENOMEM);
	if (copy_from_user(bitmap, from, BITS_TO_BYTES(nbits))) {
		kvfree(bitmap);
		return ERR_PTR(-EFAULT);
	}
	return bitmap;
}

static int test_dirty_set(struct mock_domain *mock, struct iommu_test_cmd *cmd)
{
	unsigned long nbits = cmd->dirty.length / cmd->dirty.page_size;
	unsigned long *bitmap, bit, nr = 0;

	if (!mock->dirty_tracking)
		return -EINVAL;
	bitmap =
		test_dirty_read_bitmap(u64_to_user_ptr(cmd->dirty.uptr), nbits);
	if (IS_ERR(bitmap))
		return PTR_ERR(bitmap);
	for_each_set_bit(bit, bitmap, nbits) {
		mock_pt_set_dirty(&mock->pt,
				  cmd->dirty.iova + bit * cmd->dirty.page_size);
		nr++;
	}
	kvfree(bitmap);
	cmd->dirty.out_nr_dirty = nr;
	return 0;
}

static int test_dirty_check_request(const struct iommu_test_cmd *cmd)
{
	u64 page_size = cmd->dirty.page_size;

	if (!page_size || !cmd->dirty.length || !cmd->dirty.uptr ||
	    cmd->dirty.iova % page_size || cmd->dirty.length % page_size)
		return -EINVAL;
	if (cmd->dirty.length / page_size > SZ_128M)
		return -EOVERFLOW;
	return 0;
}

/**
 * test_dirty() - IOMMU_TEST_OP_DIRTY
 * @ucmd: request with a struct iommu_test_cmd
 *
 * Return: 0, -EINVAL if dirty tracking is off, another negative errno.
 */
int test_dirty(struct iommufd_ucmd *ucmd)
{
	struct iommu_test_cmd *cmd = ucmd->cmd;
	struct iommufd_object *obj;
	struct mock_domain *mock;
	int ret = test_dirty_check_request(cmd);

	if (ret)
		return ret;
	obj = iommufd_internals.object_get(&ucmd->ictx->objects, cmd->id,
					   iommufd_internals.hwpt_ops);
	if (IS_ERR(obj))
		return PTR_ERR(obj);
	mock = mock_domain_of(hwpt_of(obj)->domain);
	ret = mock ? test_dirty_set(mock, cmd) : -EINVAL;
	iommufd_internals.object_put(obj);
	return ret ?: ucmd_respond(ucmd, sizeof(*cmd));
}
