/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mark pages dirty as if mock devices had written to them.
 */
#ifndef IOMMUFD_MOCK_TEST_DIRTY_H
#define IOMMUFD_MOCK_TEST_DIRTY_H

struct iommufd_ucmd;

int test_dirty(struct iommufd_ucmd *ucmd);

#endif /* IOMMUFD_MOCK_TEST_DIRTY_H */
