/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOMMUFD_MOCK_TEST_FAIL_H
#define IOMMUFD_MOCK_TEST_FAIL_H

int test_fail_init(void);
void test_fail_exit(void);

#endif /* IOMMUFD_MOCK_TEST_FAIL_H */
