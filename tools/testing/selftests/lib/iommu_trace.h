/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Map and unmap calls of the IOMMU core, counted by the kernel's trace events.
 */
#ifndef SELFTESTS_LIB_IOMMU_TRACE_H
#define SELFTESTS_LIB_IOMMU_TRACE_H

#include <linux/types.h>

/** struct iommu_trace - number of events for one IOVA */
struct iommu_trace {
	/** @maps: number of times it was mapped */
	unsigned int maps;
	/** @unmaps: number of times it was unmapped */
	unsigned int unmaps;
};

void iommu_trace_begin(void);
struct iommu_trace iommu_trace_take(__u64 iova);

#endif
