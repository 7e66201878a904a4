/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The mock IOMMU: devices without hardware, page tables that can be checked,
 * and calls that fail on request. A function that begins with __ returns
 * -errno.
 */
#ifndef SELFTESTS_LIB_MOCK_H
#define SELFTESTS_LIB_MOCK_H

#include <linux/types.h>
#include <stddef.h>

#include "test_abi.h"

/** struct mock_dev - an attached mock device */
struct mock_dev {
	/** @stdev: ID of the test object; destroying it detaches the device */
	__u32 stdev;
	/** @hwpt: ID of the HWPT it is attached to */
	__u32 hwpt;
	/** @idev: ID of the device */
	__u32 idev;
};

/** struct fail_report - fail points since fail_at() */
struct fail_report {
	/** @reached: number of points reached */
	unsigned int reached;
	/** @failed: the point that failed, "CALL FILE:LINE", or "-" */
	char failed[112];
};

void mock_load(void);
int __mock_unload(void);
int __mock_op(int fd, __u32 op, __u32 id, struct iommu_test_cmd *cmd);

int __mock_dev(int fd, __u32 pt, __u32 flags, struct mock_dev *dev);
void mock_dev(int fd, __u32 pt, __u32 flags, struct mock_dev *dev);
int __mock_hwpt(int fd, __u32 idev, __u32 pt, __u32 flags,
		const struct iommu_hwpt_selftest *data, __u32 *id);
__u32 mock_hwpt_huge(int fd, __u32 idev, __u32 pt, __u32 flags);
__u32 mock_viommu(int fd, __u32 idev, __u32 parent);
int __mock_replace(int fd, __u32 stdev, __u32 pt);
int __mock_check_map(int fd, __u32 hwpt, const void *vaddr, __u64 iova,
		     __u64 size);
int mock_dmabuf(int fd, __u32 length, __u32 flags);
int __mock_access(int fd, __u32 ioas, __u32 flags);
int __access_pin(int fd, int access, __u64 iova, __u64 size, const void *vaddr,
		 __u32 flags, __u32 *id);
int __access_unpin(int fd, int access, __u32 id);
int __access_rw(int fd, int access, __u64 iova, void *buf, __u64 size,
		__u32 flags);

void fail_open(void);
void fail_at(unsigned int nth);
void fail_end(struct fail_report *report);

#endif
