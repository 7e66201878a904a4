/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An emulated device, driven by user space through a file descriptor.
 */
#ifndef IOMMUFD_MOCK_TEST_ACCESS_H
#define IOMMUFD_MOCK_TEST_ACCESS_H

struct iommufd_ucmd;

int test_create_access(struct iommufd_ucmd *ucmd);
int test_access_replace_ioas(struct iommufd_ucmd *ucmd);
int test_access_pages(struct iommufd_ucmd *ucmd);
int test_destroy_access_pages(struct iommufd_ucmd *ucmd);
int test_access_rw(struct iommufd_ucmd *ucmd);

#endif /* IOMMUFD_MOCK_TEST_ACCESS_H */
