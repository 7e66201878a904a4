/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VFIO_UPDATE_VADDR: calls that invalidate and restore the addresses of
 * container mappings, and a device whose memory can be handed over.
 */
#ifndef SELFTESTS_LIB_VADDR_H
#define SELFTESTS_LIB_VADDR_H

#include <linux/types.h>

#include "edu.h"
#include "harness.h"
#include "sys.h"

#define VADDR_IOVA 0x10000000ULL
/* A second address, at which nothing is mapped */
#define VADDR_IOVA2 0x20000000ULL
/* Bytes of memory of a guest */
#define VADDR_SIZE MIB(2)

/** struct vaddr_guest - an edu device, and memory that can be handed over */
struct vaddr_guest {
	/** @edu: the device */
	struct edu *edu;
	/** @container: container that maps @mem at VADDR_IOVA */
	int container;
	/** @file: file of the memory */
	int file;
	/** @mem: VADDR_SIZE bytes of @file */
	char *mem;
};

int __vaddr_invalidate(int container, __u64 iova, __u64 size, __u32 flags,
		       __u64 *bytes);
void vaddr_invalidate(int container, __u64 iova, __u64 size);
int __vaddr_restore(int container, const void *vaddr, __u64 iova, __u64 size);
void vaddr_restore(int container, const void *vaddr, __u64 iova, __u64 size);

char *vaddr_map_file(int file);
struct vaddr_guest vaddr_guest_open(enum backend backend);
void vaddr_check_dma(struct vaddr_guest *guest, char *mem, __u64 offset,
		     unsigned int seed);

#endif
