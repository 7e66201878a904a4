/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Pages that mock devices have written to.
 */
#ifndef IOMMUFD_MOCK_TEST_DIRTY_H
#define IOMMUFD_MOCK_TEST_DIRTY_H

struct iommufd_ucmd;

int test_dirty(struct iommufd_ucmd *ucmd);

#endif /* IOMMUFD_MOCK_TEST_DIRTY_H */
