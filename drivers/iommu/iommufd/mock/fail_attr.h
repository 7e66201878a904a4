/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Faults on demand, by the kernel's own fault injection where it has that: with
 * /sys/kernel/debug/fail_iommufd and /proc/self/fail-nth.
 */
#ifndef IOMMUFD_MOCK_FAIL_ATTR_H
#define IOMMUFD_MOCK_FAIL_ATTR_H

#include <linux/types.h>

bool mock_should_fail(void);
void mock_fail_init(void);
void mock_fail_exit(void);

#endif /* IOMMUFD_MOCK_FAIL_ATTR_H */
