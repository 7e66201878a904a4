/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Compare mappings, pins and caches with the values that a test expects.
 */
#ifndef IOMMUFD_MOCK_TEST_MAP_H
#define IOMMUFD_MOCK_TEST_MAP_H

struct iommufd_ucmd;

int test_add_reserved(struct iommufd_ucmd *ucmd);
int test_md_check_map(struct iommufd_ucmd *ucmd);
int test_md_check_refs(struct iommufd_ucmd *ucmd);
int test_md_check_iotlb(struct iommufd_ucmd *ucmd);

#endif /* IOMMUFD_MOCK_TEST_MAP_H */
