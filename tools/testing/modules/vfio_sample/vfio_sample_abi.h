/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ioctls of the sample device, by which a test controls its driver. They
 * return the result of the call that the driver makes.
 */
#ifndef VFIO_SAMPLE_ABI_H
#define VFIO_SAMPLE_ABI_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* Bytes in the only region, which is memory */
#define VFIO_SAMPLE_REGION_SIZE 4096

/* Number of the device without dma_unmap(); those before it have one */
#define VFIO_SAMPLE_PLAIN 2

/* Flags of &struct vfio_sample_dma; the first two match the IOMMU core */
#define VFIO_SAMPLE_READ (1U << 0)
#define VFIO_SAMPLE_WRITE (1U << 1)
/* Pass no array for the pages */
#define VFIO_SAMPLE_NO_ARRAY (1U << 8)
/* Run in a kernel thread */
#define VFIO_SAMPLE_KTHREAD (1U << 9)

/**
 * struct vfio_sample_dma - an access to memory
 */
struct vfio_sample_dma {
	/** @iova: first IOVA */
	__u64 iova;
	/** @data: address of the user's buffer */
	__u64 data;
	/** @count: number of pages, or of bytes */
	__s32 count;
	/** @flags: VFIO_SAMPLE_READ and so on */
	__u32 flags;
};

/**
 * struct vfio_sample_stats - statistics of the driver
 */
struct vfio_sample_stats {
	/** @iova: argument of the last call of dma_unmap() */
	__u64 iova;
	/** @length: argument of the last call of dma_unmap() */
	__u64 length;
	/** @nr_unmaps: calls of dma_unmap() since the device was opened */
	__u32 nr_unmaps;
	/** @nr_pages: number of pages pinned */
	__u32 nr_pages;
};

/* vfio_pin_pages() */
#define VFIO_SAMPLE_PIN _IOW('S', 0, struct vfio_sample_dma)
/* vfio_unpin_pages(), from the first page of what was pinned at once */
#define VFIO_SAMPLE_UNPIN _IOW('S', 1, struct vfio_sample_dma)
/* Read or write one pinned page, through the struct page */
#define VFIO_SAMPLE_TOUCH _IOW('S', 2, struct vfio_sample_dma)
/* vfio_dma_rw() */
#define VFIO_SAMPLE_RW _IOW('S', 3, struct vfio_sample_dma)
/* Get struct vfio_sample_stats */
#define VFIO_SAMPLE_STATS _IOR('S', 4, struct vfio_sample_stats)
/* Set whether dma_unmap() unpins nothing */
#define VFIO_SAMPLE_STUBBORN _IO('S', 5)
/* Signal the interrupt */
#define VFIO_SAMPLE_RAISE _IO('S', 6)

#endif /* VFIO_SAMPLE_ABI_H */
