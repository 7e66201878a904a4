/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The address spaces that devices do DMA through, with one interface to all
 * backends. A function that begins with __ returns -errno, the one without it
 * fails the test.
 */
#ifndef SELFTESTS_LIB_SPACE_H
#define SELFTESTS_LIB_SPACE_H

#include <linux/types.h>
#include <stdbool.h>

#include "backend.h"

/** struct space_group - a group that was added to an address space */
struct space_group {
	/** @number: number of the IOMMU group */
	int number;
	/** @fd: file of /dev/vfio/NUMBER */
	int fd;
	/** @next: next group of the same space */
	struct space_group *next;
};

/** struct space - an address space for DMA */
struct space {
	/** @backend: how it is reached */
	enum backend backend;
	/** @fd: the container, or /dev/iommu */
	int fd;
	/** @ioas: ID of the IOAS (BACKEND_IOMMUFD) */
	__u32 ioas;
	/** @iommu_set: whether the container has its type */
	bool iommu_set;
	/** @groups: groups added so far (containers) */
	struct space_group *groups;
};

struct space *space_open(enum backend backend);
void space_close(struct space *space);
int space_group_fd(struct space *space, const char *bdf);
int space_group_nr_fd(struct space *space, int number);
int __space_map(struct space *space, const void *vaddr, __u64 iova, __u64 size,
		unsigned int prot);
void space_map(struct space *space, const void *vaddr, __u64 iova, __u64 size);
int __space_unmap(struct space *space, __u64 iova, __u64 size, __u64 *unmapped);
void space_unmap(struct space *space, __u64 iova, __u64 size);

#endif
