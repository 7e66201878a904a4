/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Differences between the native type1 drivers of kernels. Containers behave
 * like the native driver of the running kernel, as programs expect.
 */
#ifndef _COMPAT_LINUX_VFIO_TYPE1_H
#define _COMPAT_LINUX_VFIO_TYPE1_H

#include <linux/errno.h>
#include <linux/iommu.h>
#include <linux/version.h>

/*
 * TYPE1_EWRAP: errno for a range that wraps around. TYPE1_REPORT_TO_END: a
 * request for dirty pages may end at the highest IOVA. TYPE1_NESTING: the type
 * named "nesting" exists. It only requests a property of the domain that few
 * IOMMU drivers support.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
#define TYPE1_EWRAP (-EINVAL)
#define TYPE1_REPORT_TO_END false
#define TYPE1_NESTING true
#define type1_enable_nesting(domain) iommu_enable_nesting(domain)
#else
#define TYPE1_EWRAP (-EOVERFLOW)
#define TYPE1_REPORT_TO_END true
#define TYPE1_NESTING false
#define type1_enable_nesting(domain) ((void)(domain), -ENODEV)
#endif

#endif /* _COMPAT_LINUX_VFIO_TYPE1_H */
