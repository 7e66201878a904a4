/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOMMUFD_MOCK_TEST_DMABUF_H
#define IOMMUFD_MOCK_TEST_DMABUF_H

struct iommufd_ucmd;

int test_dmabuf_get(struct iommufd_ucmd *ucmd);
int test_dmabuf_revoke(struct iommufd_ucmd *ucmd);
void test_dmabuf_init(void);
void test_dmabuf_exit(void);

#endif /* IOMMUFD_MOCK_TEST_DMABUF_H */
