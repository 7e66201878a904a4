// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mock devices that are bound to a context and attached.
 *
 * An object of the context takes the place of a driver: destroying it detaches
 * and removes the device.
 */
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/iommu.h>
#include <linux/iommufd.h>
#include <linux/platform_device.h>
#include <linux/rwsem.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "ctx.h"
#include "device.h"
#include "group.h"
#include "hwpt.h"
#include "internals.h"
#include "mock_device.h"
#include "mock_iommu.h"
#include "object.h"
#include "test_abi.h"
#include "test_device.h"
#include "ucmd.h"

/*
 * Held for writing to attach or detach a device, for reading while one reports a
 * page request, so that no report is in progress when its handler is removed.
 */
static DECLARE_RWSEM(test_device_iopf_rwsem);

/**
 * struct test_device - takes the place of the driver of a mock device
 */
struct test_device {
	/** @obj: the ID */
	struct iommufd_object obj;
	/** @pdev: the device, owned */
	struct platform_device *pdev;
	/** @idev: the iommufd device @pdev is bound as */
	struct iommufd_device *idev;
	/** @pasids: PASIDs ever attached, to be detached at the end */
	struct xarray pasids;
};

static struct test_device *test_device_of(struct iommufd_object *obj)
{
	return container_of(obj, struct test_device, obj);
}

static int test_device_attach(struct test_device *tdev, u32 pasid, u32 *pt_id)
{
	guard(rwsem_write)(&test_device_iopf_rwsem);
	return iommufd_device_attach(tdev->idev, pasid, pt_id);
}

static int test_device_replace(struct test_device *tdev, u32 pasid, u32 *pt_id)
{
	guard(rwsem_write)(&test_device_iopf_rwsem);
	return iommufd_device_replace(tdev->idev, pasid, pt_id);
}

static void test_device_detach(struct test_device *tdev, u32 pasid)
{
	guard(rwsem_write)(&test_device_iopf_rwsem);
	iommufd_device_detach(tdev->idev, pasid);
}

static void test_device_remove(struct test_device *tdev)
{
	unsigned long pasid;
	void *entry;

	xa_for_each(&tdev->pasids, pasid, entry)
		test_device_detach(tdev, pasid);
	xa_destroy(&tdev->pasids);
	test_device_detach(tdev, IOMMU_NO_PASID);
	iommufd_device_unbind(tdev->idev);
	mock_device_destroy(tdev->pdev);
}

static void test_device_destroy(struct iommufd_object *obj)
{
	struct test_device *tdev = test_device_of(obj);

	test_device_remove(tdev);
	kfree(tdev);
}

static const struct object_ops test_device_ops = {
	.name = "test",
	.destroy = test_device_destroy,
};

static struct test_device *test_device_get(struct iommufd_ctx *ictx, u32 id)
{
	struct iommufd_object *obj;

	obj = iommufd_internals.object_get(&ictx->objects, id,
					   &test_device_ops);
	return IS_ERR(obj) ? ERR_CAST(obj) : test_device_of(obj);
}

static void test_device_put(struct test_device *tdev)
{
	iommufd_internals.object_put(&tdev->obj);
}

static int test_device_add(struct test_device *tdev, struct iommufd_ctx *ictx,
			   u32 flags, u32 *idev_id, u32 *pt_id)
{
	int ret;

	tdev->pdev = mock_device_create(flags);
	if (IS_ERR(tdev->pdev))
		return PTR_ERR(tdev->pdev);
	tdev->idev =
		iommufd_internals.device_bind(ictx, &tdev->pdev->dev, idev_id);
	if (IS_ERR(tdev->idev)) {
		ret = PTR_ERR(tdev->idev);
		goto err_device;
	}
	ret = test_device_attach(tdev, IOMMU_NO_PASID, pt_id);
	if (ret)
		goto err_unbind;
	return 0;

err_unbind:
	iommufd_device_unbind(tdev->idev);
err_device:
	mock_device_destroy(tdev->pdev);
	return ret;
}

static int test_device_create(struct iommufd_ucmd *ucmd, u32 flags)
{
	struct iommu_test_cmd *cmd = ucmd->cmd;
	u32 idev_id, pt_id = cmd->id;
	struct test_device *tdev;
	int ret;

	tdev = kzalloc_obj(*tdev, GFP_KERNEL_ACCOUNT);
	if (!tdev)
		return -ENOMEM;
	ret = iommufd_internals.object_init(&ucmd->ictx->objects, &tdev->obj,
					    &test_device_ops);
	if (ret)
		goto err_free;
	xa_init_flags(&tdev->pasids, XA_FLAGS_ACCOUNT);
	ret = test_device_add(tdev, ucmd->ictx, flags, &idev_id, &pt_id);
	if (ret)
		goto err_abort;

	cmd->mock_domain_flags.out_stdev_id = tdev->obj.id;
	cmd->mock_domain_flags.out_hwpt_id = pt_id;
	cmd->mock_domain_flags.out_idev_id = idev_id;
	ret = ucmd_respond(ucmd, sizeof(*cmd));
	if (ret)
		goto err_remove;
	iommufd_internals.object_publish(&tdev->obj);
	return 0;

err_remove:
	test_device_remove(tdev);
err_abort:
	iommufd_internals.object_abort(&tdev->obj);
err_free:
	kfree(tdev);
	return ret;
}

/**
 * test_mock_domain() - IOMMU_TEST_OP_MOCK_DOMAIN
 * @ucmd: request with a struct iommu_test_cmd
 *
 * Return: 0 or a negative errno.
 */
int test_mock_domain(struct iommufd_ucmd *ucmd)
{
	return test_device_create(ucmd, 0);
}

/**
 * test_mock_domain_flags() - IOMMU_TEST_OP_MOCK_DOMAIN_FLAGS
 * @ucmd: request with a struct iommu_test_cmd
 *
 * Return: 0 or a negative errno.
 */
int test_mock_domain_flags(struct iommufd_ucmd *ucmd)
{
	struct iommu_test_cmd *cmd = ucmd->cmd;

	return test_device_create(ucmd, cmd->mock_domain_flags.dev_flags);
}

/**
 * test_mock_domain_replace() - IOMMU_TEST_OP_MOCK_DOMAIN_REPLACE
 * @ucmd: request with a struct iommu_test_cmd
 *
 * Return: 0 or a negative errno.
 */
int test_mock_domain_replace(struct iommufd_ucmd *ucmd)
{
	struct iommu_test_cmd *cmd = ucmd->cmd;
	struct test_device *tdev = test_device_get(ucmd->ictx, cmd->id);
	int ret;

	if (IS_ERR(tdev))
		return PTR_ERR(tdev);
	ret = test_device_replace(tdev, IOMMU_NO_PASID,
				  &cmd->mock_domain_replace.pt_id);
	test_device_put(tdev);
	return ret ?: ucmd_respond(ucmd, sizeof(*cmd));
}

/**
 * test_dev_check_cache() - IOMMU_TEST_OP_DEV_CHECK_CACHE
 * @ucmd: request with a struct iommu_test_cmd
 *
 * Return: 0, -EINVAL if the entry has another value, -ENOENT.
 */
int test_dev_check_cache(struct iommufd_ucmd *ucmd)
{
	const struct iommu_test_cmd *cmd = ucmd->cmd;
	u32 id = cmd->check_dev_cache.id;
	struct iommufd_device *idev;
	struct mock_device *mdev;
	int ret = -EINVAL;

	idev = iommufd_internals.device_get(ucmd->ictx, cmd->id);
	if (IS_ERR(idev))
		return PTR_ERR(idev);
	mdev = mock_device_of(idev->dev);
	if (mdev && id < ARRAY_SIZE(mdev->cache) &&
	    mdev->cache[id] == cmd->check_dev_cache.cache)
		ret = 0;
	iommufd_internals.object_put(&idev->obj);
	return ret;
}

static int test_device_attach_pasid(struct test_device *tdev,
				    struct iommu_test_cmd *cmd)
{
	u32 pasid = cmd->pasid_attach.pasid;
	int ret;

	ret = xa_err(xa_store(&tdev->pasids, pasid, tdev, GFP_KERNEL_ACCOUNT));
	return ret ?: test_device_attach(tdev, pasid, &cmd->pasid_attach.pt_id);
}

/**
 * test_pasid_attach() - IOMMU_TEST_OP_PASID_ATTACH
 * @ucmd: request with a struct iommu_test_cmd
 *
 * Return: 0 or a negative errno.
 */
int test_pasid_attach(struct iommufd_ucmd *ucmd)
{
	struct iommu_test_cmd *cmd = ucmd->cmd;
	struct test_device *tdev = test_device_get(ucmd->ictx, cmd->id);
	int ret;

	if (IS_ERR(tdev))
		return PTR_ERR(tdev);
	ret = test_device_attach_pasid(tdev, cmd);
	test_device_put(tdev);
	return ret ?: ucmd_respond(ucmd, sizeof(*cmd));
}

/**
 * test_pasid_replace() - IOMMU_TEST_OP_PASID_REPLACE
 * @ucmd: request with a struct iommu_test_cmd
 *
 * Return: 0 or a negative errno.
 */
int test_pasid_replace(struct iommufd_ucmd *ucmd)
{
	struct iommu_test_cmd *cmd = ucmd->cmd;
	struct test_device *tdev = test_device_get(ucmd->ictx, cmd->id);
	int ret;

	if (IS_ERR(tdev))
		return PTR_ERR(tdev);
	ret = test_device_replace(tdev, cmd->pasid_attach.pasid,
				  &cmd->pasid_attach.pt_id);
	test_device_put(tdev);
	return ret ?: ucmd_respond(ucmd, sizeof(*cmd));
}

/**
 * test_pasid_detach() - IOMMU_TEST_OP_PASID_DETACH
 * @ucmd: request with a struct iommu_test_cmd
 *
 * Return: 0 or -ENOENT.
 */
int test_pasid_detach(struct iommufd_ucmd *ucmd)
{
	struct iommu_test_cmd *cmd = ucmd->cmd;
	struct test_device *tdev = test_device_get(ucmd->ictx, cmd->id);

	if (IS_ERR(tdev))
		return PTR_ERR(tdev);
	test_device_detach(tdev, cmd->pasid_detach.pasid);
	test_device_put(tdev);
	return 0;
}

/* Returns the ID of the HWPT that a PASID is attached to, 0 for none. */
static u32 test_device_pasid_hwpt_id(struct iommufd_device *idev, u32 pasid)
{
	const struct iommufd_hwpt *hwpt;

	guard(mutex)(&idev->igroup->lock);
	hwpt = iommufd_internals.pasid_hwpt(idev, pasid);
	return hwpt ? hwpt->obj.id : 0;
}

/**
 * test_pasid_check_hwpt() - IOMMU_TEST_OP_PASID_CHECK_HWPT
 * @ucmd: request with a struct iommu_test_cmd
 *
 * Return: 0, -EINVAL if the PASID is attached to another HWPT, -ENOENT.
 */
int test_pasid_check_hwpt(struct iommufd_ucmd *ucmd)
{
	const struct iommu_test_cmd *cmd = ucmd->cmd;
	struct test_device *tdev = test_device_get(ucmd->ictx, cmd->id);
	u32 id;

	if (IS_ERR(tdev))
		return PTR_ERR(tdev);
	id = test_device_pasid_hwpt_id(tdev->idev, cmd->pasid_check.pasid);
	test_device_put(tdev);
	return id == cmd->pasid_check.hwpt_id ? 0 : -EINVAL;
}

/**
 * test_trigger_iopf() - IOMMU_TEST_OP_TRIGGER_IOPF
 * @ucmd: request with a struct iommu_test_cmd
 *
 * Return: 0, -EINVAL if the device is no mock device, -ENOENT.
 */
int test_trigger_iopf(struct iommufd_ucmd *ucmd)
{
	const struct iommu_test_cmd *cmd = ucmd->cmd;
	struct iopf_fault event = {
		.fault.type = IOMMU_FAULT_PAGE_REQ,
		.fault.prm = {
			.flags = IOMMU_FAULT_PAGE_REQUEST_LAST_PAGE,
			.pasid = cmd->trigger_iopf.pasid,
			.grpid = cmd->trigger_iopf.grpid,
			.perm = cmd->trigger_iopf.perm,
			.addr = cmd->trigger_iopf.addr,
		},
	};
	struct iommufd_device *idev;
	struct mock_device *mdev;

	if (cmd->trigger_iopf.pasid != IOMMU_NO_PASID)
		event.fault.prm.flags |= IOMMU_FAULT_PAGE_REQUEST_PASID_VALID;
	idev = iommufd_internals.device_get(ucmd->ictx,
					    cmd->trigger_iopf.dev_id);
	if (IS_ERR(idev))
		return PTR_ERR(idev);
	mdev = mock_device_of(idev->dev);
	if (mdev) {
		guard(rwsem_read)(&test_device_iopf_rwsem);
		iommu_report_device_fault(idev->dev, &event);
	}
	iommufd_internals.object_put(&idev->obj);
	return mdev ? 0 : -EINVAL;
}
