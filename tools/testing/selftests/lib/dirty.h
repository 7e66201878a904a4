/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The dirty log of a container. A function that begins with __ returns -errno,
 * the one without it fails the test.
 */
#ifndef SELFTESTS_LIB_DIRTY_H
#define SELFTESTS_LIB_DIRTY_H

#include <linux/types.h>

/** struct log_bitmap - struct vfio_bitmap, with the same layout for 32 bits */
struct log_bitmap {
	/** @pgsize: size of the pages that bits stand for, in bytes */
	__u64 pgsize;
	/** @size: size of the bitmap, in bytes */
	__u64 size;
	/** @data: address of the bitmap */
	__u64 data;
};

/** struct log_get - a request for the dirty bitmap of a range */
struct log_get {
	/** @argsz: size of the request, in bytes */
	__u32 argsz;
	/** @flags: VFIO_IOMMU_DIRTY_PAGES_FLAG_... */
	__u32 flags;
	/** @iova: start of the range */
	__u64 iova;
	/** @size: size of the range, in bytes */
	__u64 size;
	/** @bitmap: destination of the dirty bits */
	struct log_bitmap bitmap;
};

/** struct log_unmap - a request to unmap a range and report its dirty pages */
struct log_unmap {
	/** @argsz: size of the request, in bytes */
	__u32 argsz;
	/** @flags: VFIO_DMA_UNMAP_FLAG_... */
	__u32 flags;
	/** @iova: start of the range */
	__u64 iova;
	/** @size: size of the range, in bytes */
	__u64 size;
	/** @bitmap: destination of the dirty bits */
	struct log_bitmap bitmap;
};

int __log_start(int container);
void log_start(int container);
int __log_stop(int container);
void log_stop(int container);
struct log_get log_get_request(__u64 iova, __u64 nr_pages, void *data);
int __log_send(int container, struct log_get *get);
int __log_get(int container, __u64 iova, __u64 nr_pages, void *data);
void log_get(int container, __u64 iova, __u64 nr_pages, void *data);
__u64 log_word(int container, __u64 iova, __u64 mapped);
struct log_unmap log_unmap_request(__u64 iova, __u64 nr_pages, void *data);
int __log_unmap(int container, struct log_unmap *unmap);

char *page_before_hole(void);

#endif
