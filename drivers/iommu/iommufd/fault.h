/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Queues by which user space answers page requests of devices.
 */
#ifndef IOMMUFD_FAULT_H
#define IOMMUFD_FAULT_H

#include <linux/container_of.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/xarray.h>

#include "iommu_core.h"
#include "object.h"

struct iommufd_ctx;
struct iommufd_ucmd;

/**
 * struct fault_queue - page requests on their way to user space and back
 */
struct fault_queue {
	/** @obj: the ID; the open file is a user of it, as are HWPTs */
	struct iommufd_object obj;
	/** @ictx: the context, to which the open file has a reference */
	struct iommufd_ctx *ictx;
	/** @sink: where the IOMMU core brings requests */
	struct fault_sink sink;
	/**
	 * @lock: protects @answers; held while requests move between it and
	 * @news, and while user memory is accessed, which may itself need a
	 * page request to be answered that @news takes
	 */
	struct mutex lock;
	/** @answers: cookie to struct iopf_group that user space has read */
	struct xarray answers;
	/** @news_lock: protects @news; the innermost lock */
	spinlock_t news_lock;
	/** @news: list of struct iopf_group that user space has not read yet */
	struct list_head news;
	/** @wait: woken when something comes to @news */
	wait_queue_head_t wait;
};

struct fault_queue *fault_get(struct iommufd_ctx *ictx, u32 id);
int fault_alloc_ioctl(struct iommufd_ucmd *ucmd);

#endif /* IOMMUFD_FAULT_H */
