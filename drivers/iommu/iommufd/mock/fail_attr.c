// SPDX-License-Identifier: GPL-2.0-only
/*
 * Failures on demand, by the fault injection of the kernel.
 */
#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/fault-inject.h>

#include "fail_attr.h"

static DECLARE_FAULT_ATTR(fail_iommufd);
static struct dentry *mock_fail_dir;

/**
 * mock_should_fail() - check whether the next operation is to fail
 *
 * Context: Any.
 * Return: true if fault injection selects it; always false on a kernel without
 * fault injection.
 */
bool mock_should_fail(void)
{
	return should_fail(&fail_iommufd, 1);
}

/**
 * mock_fail_init() - create /sys/kernel/debug/fail_iommufd
 *
 * Does nothing on a kernel without fault injection.
 *
 * Context: May sleep.
 */
void mock_fail_init(void)
{
	mock_fail_dir =
		fault_create_debugfs_attr("fail_iommufd", NULL, &fail_iommufd);
}

/**
 * mock_fail_exit() - undo mock_fail_init()
 *
 * Context: May sleep.
 */
void mock_fail_exit(void)
{
	if (!IS_ERR(mock_fail_dir))
		debugfs_remove_recursive(mock_fail_dir);
}
