/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is dirty in a container. A function that begins with __ gives -errno, the
 * one without it fails the test.
 */
#ifndef SELFTESTS_LIB_DIRTY_H
#define SELFTESTS_LIB_DIRTY_H

#include <linux/types.h>

/** struct log_bitmap - struct vfio_bitmap, the same in programs of 32 bits */
struct log_bitmap {
	/** @pgsize: bytes that a bit stands for */
	__u64 pgsize;
	/** @size: bytes at @data */
	__u64 size;
	/** @data: address of the words */
	__u64 data;
};

/** struct log_get - a request for what is dirty */
struct log_get {
	/** @argsz: bytes of all of it */
	__u32 argsz;
	/** @flags: VFIO_IOMMU_DIRTY_PAGES_FLAG_... */
	__u32 flags;
	/** @iova: where it begins */
	__u64 iova;
	/** @size: bytes of IOVA */
	__u64 size;
	/** @bitmap: where to */
	struct log_bitmap bitmap;
};

/** struct log_unmap - a request to unmap and tell what is dirty */
struct log_unmap {
	/** @argsz: bytes of all of it */
	__u32 argsz;
	/** @flags: VFIO_DMA_UNMAP_FLAG_... */
	__u32 flags;
	/** @iova: where it begins */
	__u64 iova;
	/** @size: bytes of IOVA */
	__u64 size;
	/** @bitmap: where to */
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
