/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Failures on demand, by the fault injection of the kernel if it is built in:
 * controlled by /sys/kernel/debug/fail_iommufd and /proc/self/fail-nth.
 */
#ifndef IOMMUFD_MOCK_FAIL_ATTR_H
#define IOMMUFD_MOCK_FAIL_ATTR_H

#include <linux/types.h>

bool mock_should_fail(void);
void mock_fail_init(void);
void mock_fail_exit(void);

#endif /* IOMMUFD_MOCK_FAIL_ATTR_H */
