// SPDX-License-Identifier: GPL-2.0-only
/*
 * A mock IOMMU, and the ioctl by which the kernel's own test program for
 * iommufd controls it. For tests only: the ioctl is insecure, and available to
 * each user who may open /dev/iommu.
 */
#include <linux/errno.h>
#include <linux/module.h>
#include <linux/stddef.h>

#include "extension.h"
#include "fail_attr.h"
#include "mock_device.h"
#include "mock_iommu.h"
#include "mock_pci.h"
#include "test_abi.h"
#include "test_access.h"
#include "test_device.h"
#include "test_dirty.h"
#include "test_dmabuf.h"
#include "test_fail.h"
#include "test_map.h"
#include "test_viommu.h"
#include "ucmd.h"

/*
 * It limits temporary memory for page frames. Page frames are written directly
 * to the PFN table here, so there is nothing to limit.
 */
static int test_set_temp_memory_limit(struct iommufd_ucmd *ucmd)
{
	const struct iommu_test_cmd *cmd = ucmd->cmd;

	return cmd->memory_limit.limit < sizeof(u64) + sizeof(u32) ? -EINVAL :
								     0;
}

static int (*const test_handlers[])(struct iommufd_ucmd *ucmd) = {
	[IOMMU_TEST_OP_ADD_RESERVED] = test_add_reserved,
	[IOMMU_TEST_OP_MOCK_DOMAIN] = test_mock_domain,
	[IOMMU_TEST_OP_MD_CHECK_MAP] = test_md_check_map,
	[IOMMU_TEST_OP_MD_CHECK_REFS] = test_md_check_refs,
	[IOMMU_TEST_OP_CREATE_ACCESS] = test_create_access,
	[IOMMU_TEST_OP_DESTROY_ACCESS_PAGES] = test_destroy_access_pages,
	[IOMMU_TEST_OP_ACCESS_PAGES] = test_access_pages,
	[IOMMU_TEST_OP_ACCESS_RW] = test_access_rw,
	[IOMMU_TEST_OP_SET_TEMP_MEMORY_LIMIT] = test_set_temp_memory_limit,
	[IOMMU_TEST_OP_MOCK_DOMAIN_REPLACE] = test_mock_domain_replace,
	[IOMMU_TEST_OP_ACCESS_REPLACE_IOAS] = test_access_replace_ioas,
	[IOMMU_TEST_OP_MOCK_DOMAIN_FLAGS] = test_mock_domain_flags,
	[IOMMU_TEST_OP_DIRTY] = test_dirty,
	[IOMMU_TEST_OP_MD_CHECK_IOTLB] = test_md_check_iotlb,
	[IOMMU_TEST_OP_TRIGGER_IOPF] = test_trigger_iopf,
	[IOMMU_TEST_OP_DEV_CHECK_CACHE] = test_dev_check_cache,
	[IOMMU_TEST_OP_TRIGGER_VEVENT] = test_trigger_vevent,
	[IOMMU_TEST_OP_PASID_ATTACH] = test_pasid_attach,
	[IOMMU_TEST_OP_PASID_REPLACE] = test_pasid_replace,
	[IOMMU_TEST_OP_PASID_DETACH] = test_pasid_detach,
	[IOMMU_TEST_OP_PASID_CHECK_HWPT] = test_pasid_check_hwpt,
	[IOMMU_TEST_OP_DMABUF_GET] = test_dmabuf_get,
	[IOMMU_TEST_OP_DMABUF_REVOKE] = test_dmabuf_revoke,
};

static int test_ioctl(struct iommufd_ucmd *ucmd)
{
	const struct iommu_test_cmd *cmd = ucmd->cmd;

	if (cmd->op >= ARRAY_SIZE(test_handlers) || !test_handlers[cmd->op])
		return -EOPNOTSUPP;
	return test_handlers[cmd->op](ucmd);
}

static const struct iommufd_extension mock_extension = {
	.owner = THIS_MODULE,
	.handler = {
		.cmd = IOMMU_TEST_CMD,
		.size = sizeof(struct iommu_test_cmd),
		.min_size = offsetofend(struct iommu_test_cmd, last),
		.fn = test_ioctl,
	},
};

static int __init mock_init(void)
{
	int ret = mock_iommu_init();

	if (ret)
		return ret;
	ret = mock_device_init();
	if (ret)
		goto err_iommu;
	ret = mock_pci_init();
	if (ret)
		goto err_device;
	test_dmabuf_init();
	test_viommu_init();
	mock_fail_init();
	ret = test_fail_init();
	if (ret)
		goto err_fail;
	ret = iommufd_extension_register(&mock_extension);
	if (ret)
		goto err_points;
	return 0;

err_points:
	test_fail_exit();
err_fail:
	mock_fail_exit();
	test_viommu_exit();
	test_dmabuf_exit();
	mock_pci_exit();
err_device:
	mock_device_exit();
err_iommu:
	mock_iommu_exit();
	return ret;
}

static void __exit mock_exit(void)
{
	iommufd_extension_unregister(&mock_extension);
	test_fail_exit();
	mock_fail_exit();
	test_viommu_exit();
	test_dmabuf_exit();
	mock_pci_exit();
	mock_device_exit();
	mock_iommu_exit();
}

module_init(mock_init);
module_exit(mock_exit);

MODULE_IMPORT_NS("DMA_BUF");
MODULE_IMPORT_NS("IOMMUFD_MOCK");
MODULE_IMPORT_NS("IOMMUFD_NG");
MODULE_DESCRIPTION("Mock IOMMU for tests of iommufd");
MODULE_LICENSE("GPL");
