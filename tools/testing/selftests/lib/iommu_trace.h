/* SPDX-License-Identifier: GPL-2.0-only */
/* What the kernel tells the IOMMU, as its own trace events have it. */
#ifndef SELFTESTS_LIB_IOMMU_TRACE_H
#define SELFTESTS_LIB_IOMMU_TRACE_H

#include <linux/types.h>

/** struct iommu_trace - how often something happened to an IOVA */
struct iommu_trace {
	/** @maps: it was mapped */
	unsigned int maps;
	/** @unmaps: it was unmapped */
	unsigned int unmaps;
};

void iommu_trace_begin(void);
struct iommu_trace iommu_trace_take(__u64 iova);

#endif
