/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vIOMMUs of the mock IOMMU.
 */
#ifndef IOMMUFD_MOCK_TEST_VIOMMU_H
#define IOMMUFD_MOCK_TEST_VIOMMU_H

struct iommufd_ucmd;

int test_trigger_vevent(struct iommufd_ucmd *ucmd);

void test_viommu_init(void);
void test_viommu_exit(void);

#endif /* IOMMUFD_MOCK_TEST_VIOMMU_H */
