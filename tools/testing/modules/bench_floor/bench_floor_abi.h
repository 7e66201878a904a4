/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ABI of the module bench_floor, for the benchmarks.
 */
#ifndef BENCH_FLOOR_ABI_H
#define BENCH_FLOOR_ABI_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* Mappings that exist at the same time */
#define FLOOR_SLOTS 512

/** struct floor_request - argument of all ioctls */
struct floor_request {
	/** @slot: number of the mapping, below FLOOR_SLOTS */
	__u32 slot;
	/** @pad: must be 0 */
	__u32 pad;
	/** @addr: memory of the caller, a multiple of the page size */
	__u64 addr;
	/** @length: bytes, a multiple of the page size */
	__u64 length;
	/** @iova: first IOVA */
	__u64 iova;
};

/* Pin and map; unmap and unpin; the same without pins, in the second domain */
#define FLOOR_MAP _IOW('F', 0, struct floor_request)
#define FLOOR_UNMAP _IOW('F', 1, struct floor_request)
#define FLOOR_MAP_SECOND _IOW('F', 2, struct floor_request)
#define FLOOR_UNMAP_SECOND _IOW('F', 3, struct floor_request)

#endif /* BENCH_FLOOR_ABI_H */
