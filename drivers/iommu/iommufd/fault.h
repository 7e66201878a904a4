/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Queues by which user space answers page requests of devices.
 */
#ifndef IOMMUFD_FAULT_H
#define IOMMUFD_FAULT_H

#include <linux/container_of.h>
#include <linux/mutex.h>
#include <linux/xarray.h>

#include "domain/iommu_core.h"
#include "eventq.h"

struct iommufd_ctx;
struct iommufd_ucmd;

/**
 * struct fault_queue - page requests on their way to user space and back
 */
struct fault_queue {
	/**
	 * @events: its news are struct iopf_group that user space has not read
	 * yet; HWPTs are users of it
	 */
	struct eventq events;
	/** @sink: where the IOMMU core brings requests */
	struct fault_sink sink;
	/**
	 * @lock: protects @answers; held while requests move between it and
	 * the news, and while user memory is accessed, which may itself need a
	 * page request to be answered that the news take
	 */
	struct mutex lock;
	/** @answers: cookie to struct iopf_group that user space has read */
	struct xarray answers;
};

struct fault_queue *fault_get(struct iommufd_ctx *ictx, u32 id);
int fault_alloc_ioctl(struct iommufd_ucmd *ucmd);

#endif /* IOMMUFD_FAULT_H */
