/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Fault queues: page requests of devices that user space responds to.
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
 * struct fault_queue - page requests that wait for user space
 */
struct fault_queue {
	/**
	 * @events: its news are the struct iopf_group that user space has not
	 * read yet. HWPTs are users of its object.
	 */
	struct eventq events;
	/** @sink: receives page requests from iommu_core.c */
	struct fault_sink sink;
	/**
	 * @lock: protects @pending, and is held while a group moves between it
	 * and the news. Never held while user memory is accessed.
	 */
	struct mutex lock;
	/** @pending: struct iopf_group that user space has read, by cookie */
	struct xarray pending;
};

struct fault_queue *fault_get(struct iommufd_ctx *ictx, u32 id);
int fault_alloc_ioctl(struct iommufd_ucmd *ucmd);

#endif /* IOMMUFD_FAULT_H */
