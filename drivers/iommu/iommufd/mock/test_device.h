/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Mock devices that are bound to a context and attached.
 */
#ifndef IOMMUFD_MOCK_TEST_DEVICE_H
#define IOMMUFD_MOCK_TEST_DEVICE_H

struct iommufd_ucmd;

int test_mock_domain(struct iommufd_ucmd *ucmd);
int test_mock_domain_flags(struct iommufd_ucmd *ucmd);
int test_mock_domain_replace(struct iommufd_ucmd *ucmd);
int test_dev_check_cache(struct iommufd_ucmd *ucmd);
int test_pasid_attach(struct iommufd_ucmd *ucmd);
int test_pasid_replace(struct iommufd_ucmd *ucmd);
int test_pasid_detach(struct iommufd_ucmd *ucmd);
int test_pasid_check_hwpt(struct iommufd_ucmd *ucmd);
int test_trigger_iopf(struct iommufd_ucmd *ucmd);

#endif /* IOMMUFD_MOCK_TEST_DEVICE_H */
