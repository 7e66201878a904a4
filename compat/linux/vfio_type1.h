/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the native type1 driver of one kernel differs from another's: programs
 * get what they are used to on the kernel that runs.
 */
#ifndef _COMPAT_LINUX_VFIO_TYPE1_H
#define _COMPAT_LINUX_VFIO_TYPE1_H

#include <linux/errno.h>
#include <linux/iommu.h>
#include <linux/version.h>

/*
 * TYPE1_EWRAP: what a range that wraps around is answered with.
 * TYPE1_REPORT_TO_END: whether what is dirty can be asked for up to the highest
 * IOVA there is.
 * TYPE1_NESTING: whether the type named "nesting" exists. It never did more
 * than ask the IOMMU driver for a property of the domain that few had.
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
