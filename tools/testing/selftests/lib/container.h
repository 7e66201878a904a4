/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ioctls of containers and group files. A function that begins with __
 * returns -errno, the one without it fails the test.
 */
#ifndef SELFTESTS_LIB_CONTAINER_H
#define SELFTESTS_LIB_CONTAINER_H

#include <linux/types.h>
#include <linux/vfio.h>
#include <stddef.h>

#include "backend.h"

int container_open(enum backend backend);
int __container_set_iommu(int container, unsigned long type);
void container_set_iommu(int container);
int container_ready_as(enum backend backend, unsigned long type);
int container_ready(enum backend backend);
int __container_map(int container, const void *vaddr, __u64 iova, __u64 size,
		    __u32 flags);
void container_map(int container, const void *vaddr, __u64 iova, __u64 size);
int __container_unmap(int container, __u64 iova, __u64 size, __u32 flags,
		      __u64 *unmapped);
void container_unmap(int container, __u64 iova, __u64 size);
int __container_extension(int container, unsigned long extension);
unsigned int container_dma_avail(int container);

int __group_open_nr(int number);
int __group_open(const char *bdf);
int group_open(const char *bdf);
int __group_set_container(int group, int container);
void group_set_container(int group, int container);
int __group_unset_container(int group);
int __group_device(int group, const char *bdf);
int group_device(int group, const char *bdf);
__u32 group_flags(int group);

void *info_buffer(int fd, unsigned long cmd, const void *request, size_t size);
const struct vfio_info_cap_header *info_cap(const void *info, __u32 first,
					    __u16 id);

#endif
