// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults on demand, by the kernel's own fault injection.
 */
#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/fault-inject.h>

#include "fail_attr.h"

static DECLARE_FAULT_ATTR(fail_iommufd);
static struct dentry *mock_fail_dir;

/**
 * mock_should_fail() - shall what follows fail?
 *
 * Context: Any.
 * Return: true where somebody asked for it; false always on a kernel without
 * fault injection.
 */
bool mock_should_fail(void)
{
	return should_fail(&fail_iommufd, 1);
}

/**
 * mock_fail_init() - make /sys/kernel/debug/fail_iommufd
 *
 * On a kernel without fault injection it does nothing.
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
