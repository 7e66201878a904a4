/* SPDX-License-Identifier: GPL-2.0-only */
/* The ioctls of /dev/iommu, and those of device nodes that use it. */
#ifndef SELFTESTS_LIB_IOAS_H
#define SELFTESTS_LIB_IOAS_H

#include <linux/iommufd.h>
#include <linux/types.h>
#include <stddef.h>

int iommufd_open(void);
int __iommufd_destroy(int fd, __u32 id);
void iommufd_destroy(int fd, __u32 id);

int __ioas_alloc(int fd, __u32 *id);
__u32 ioas_alloc(int fd);
int __ioas_map_fixed(int fd, __u32 ioas, const void *vaddr, __u64 iova,
		     __u64 size, unsigned int prot);
void ioas_map_fixed(int fd, __u32 ioas, const void *vaddr, __u64 iova,
		    __u64 size);
int __ioas_map(int fd, __u32 ioas, const void *vaddr, __u64 size,
	       unsigned int prot, __u64 *iova);
__u64 ioas_map(int fd, __u32 ioas, const void *vaddr, __u64 size);
int __ioas_map_file(int fd, __u32 ioas, int file, __u64 start, __u64 size,
		    unsigned int prot, __u64 *iova);
int __ioas_copy(int fd, __u32 from, __u64 src_iova, __u64 size, __u32 to,
		__u64 dst_iova, unsigned int prot);
int __ioas_unmap(int fd, __u32 ioas, __u64 iova, __u64 size, __u64 *unmapped);
void ioas_unmap(int fd, __u32 ioas, __u64 iova, __u64 size);
int __ioas_allow(int fd, __u32 ioas, const struct iommu_iova_range *ranges,
		 __u32 nr);
int __ioas_ranges(int fd, __u32 ioas, struct iommu_iova_range *ranges,
		  __u32 *nr, __u64 *alignment);
int __hwpt_alloc(int fd, __u32 dev, __u32 pt, __u32 flags, __u32 *id);
__u32 hwpt_alloc(int fd, __u32 dev, __u32 pt);
int __hwpt_set_tracking(int fd, __u32 hwpt, __u32 flags);
int __hwpt_get_dirty(int fd, __u32 hwpt, __u32 flags, __u64 iova, __u64 size,
		     __u64 page_size, void *bitmap);
int __vfio_ioas(int fd, __u16 op, __u32 *id);
int __iommufd_option(int fd, __u32 option, __u16 op, __u32 object,
		     __u64 *value);

int __cdev_bind(int cdev, int iommufd, __u32 *id);
int __cdev_attach(int cdev, __u32 pt, __u32 *attached);
int __cdev_detach(int cdev);

void check_struct_sizes(int fd, unsigned long cmd, const void *good,
			size_t size, size_t min, int want);

#endif
