/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ioctls of the sample device, by which a test tells its driver what to do.
 * They return what the driver was answered.
 */
#ifndef VFIO_SAMPLE_ABI_H
#define VFIO_SAMPLE_ABI_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* Bytes in the one region, which is memory */
#define VFIO_SAMPLE_REGION_SIZE 4096

/* The device that has no dma_unmap(); those before it have */
#define VFIO_SAMPLE_PLAIN 2

/* Of &struct vfio_sample_dma; the first two are those of the IOMMU core */
#define VFIO_SAMPLE_READ (1U << 0)
#define VFIO_SAMPLE_WRITE (1U << 1)
/* Give no array for the pages */
#define VFIO_SAMPLE_NO_ARRAY (1U << 8)
/* Do it in a kernel thread */
#define VFIO_SAMPLE_KTHREAD (1U << 9)

/**
 * struct vfio_sample_dma - something to do with memory
 */
struct vfio_sample_dma {
	/** @iova: where */
	__u64 iova;
	/** @data: address of the user's buffer, to and from memory */
	__u64 data;
	/** @count: pages, or bytes */
	__s32 count;
	/** @flags: VFIO_SAMPLE_READ and so on */
	__u32 flags;
};

/**
 * struct vfio_sample_stats - what the driver has been through
 */
struct vfio_sample_stats {
	/** @iova: of the last call of dma_unmap() */
	__u64 iova;
	/** @length: of the last call of dma_unmap() */
	__u64 length;
	/** @nr_unmaps: calls of dma_unmap() since the device was opened */
	__u32 nr_unmaps;
	/** @nr_pages: pages that it has pinned */
	__u32 nr_pages;
};

/* vfio_pin_pages() */
#define VFIO_SAMPLE_PIN _IOW('S', 0, struct vfio_sample_dma)
/* vfio_unpin_pages(), of pages at the beginning of what was pinned at once */
#define VFIO_SAMPLE_UNPIN _IOW('S', 1, struct vfio_sample_dma)
/* Read or write one pinned page, by the address that pinning gave */
#define VFIO_SAMPLE_TOUCH _IOW('S', 2, struct vfio_sample_dma)
/* vfio_dma_rw() */
#define VFIO_SAMPLE_RW _IOW('S', 3, struct vfio_sample_dma)
/* Get struct vfio_sample_stats */
#define VFIO_SAMPLE_STATS _IOR('S', 4, struct vfio_sample_stats)
/* Whether to ignore dma_unmap() from now on */
#define VFIO_SAMPLE_STUBBORN _IO('S', 5)
/* Raise the one interrupt */
#define VFIO_SAMPLE_RAISE _IO('S', 6)

#endif /* VFIO_SAMPLE_ABI_H */
