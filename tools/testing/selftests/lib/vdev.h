/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Devices and the address spaces they do DMA through, with one face for the
 * three ways to reach them. A function that begins with __ gives -errno, the
 * one without it fails the test.
 */
#ifndef SELFTESTS_LIB_VDEV_H
#define SELFTESTS_LIB_VDEV_H

#include <linux/types.h>
#include <linux/vfio.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness.h"

/** struct space_group - a group that an address space has taken in */
struct space_group {
	/** @number: of the IOMMU group */
	int number;
	/** @fd: of /dev/vfio/NUMBER */
	int fd;
	/** @next: in the same space */
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
	/** @groups: taken in so far (containers) */
	struct space_group *groups;
};

/** struct vdev - an open device */
struct vdev {
	/** @space: its address space */
	struct space *space;
	/** @bdf: its PCI address */
	const char *bdf;
	/** @fd: the device's file */
	int fd;
	/** @id: its ID in /dev/iommu (BACKEND_IOMMUFD) */
	__u32 id;
};

/* What the device may do with a mapping, the same bits in every backend. */
#define DMA_READ 1U
#define DMA_WRITE 2U
#define DMA_RW (DMA_READ | DMA_WRITE)

bool backend_present(enum backend backend);
const char *backend_path(enum backend backend);

struct space *space_open(enum backend backend);
void space_close(struct space *space);
int space_group_fd(struct space *space, const char *bdf);
int space_group_nr_fd(struct space *space, int number);
int __space_map(struct space *space, const void *vaddr, __u64 iova, __u64 size,
		unsigned int prot);
void space_map(struct space *space, const void *vaddr, __u64 iova, __u64 size);
int __space_unmap(struct space *space, __u64 iova, __u64 size, __u64 *unmapped);
void space_unmap(struct space *space, __u64 iova, __u64 size);

struct vdev *vdev_open_in(struct space *space, const char *bdf);
struct vdev *vdev_open(const char *bdf, enum backend backend);
void vdev_close(struct vdev *vdev);
void vdev_close_with_space(struct vdev *vdev);

void vdev_info(struct vdev *vdev, struct vfio_device_info *info);
void vdev_region(struct vdev *vdev, unsigned int index,
		 struct vfio_region_info *info);
void vdev_need_ports(struct vdev *vdev, unsigned int index);
void vdev_irq_info(struct vdev *vdev, unsigned int index,
		   struct vfio_irq_info *info);
long __vdev_pread(struct vdev *vdev, unsigned int index, __u64 offset,
		  void *buf, size_t size);
long __vdev_pwrite(struct vdev *vdev, unsigned int index, __u64 offset,
		   const void *buf, size_t size);
void vdev_pread(struct vdev *vdev, unsigned int index, __u64 offset, void *buf,
		size_t size);
void vdev_pwrite(struct vdev *vdev, unsigned int index, __u64 offset,
		 const void *buf, size_t size);
int __vdev_ioeventfd(struct vdev *vdev, unsigned int index, __u64 offset,
		     __u32 flags, __u64 data, int fd);
void *vdev_mmap(struct vdev *vdev, unsigned int index, size_t *size);

__u32 vdev_cfg_read(struct vdev *vdev, unsigned int offset, unsigned int size);
void vdev_cfg_write(struct vdev *vdev, unsigned int offset, unsigned int size,
		    __u32 value);
unsigned int vdev_cfg_cap(struct vdev *vdev, unsigned int id);
void vdev_enable(struct vdev *vdev, bool master);
void vdev_set_memory(struct vdev *vdev, bool on);

int __vdev_set_irqs(struct vdev *vdev, unsigned int flags, unsigned int index,
		    unsigned int start, unsigned int count, const void *data,
		    size_t data_size);
int __vdev_irq_enable(struct vdev *vdev, unsigned int index, unsigned int start,
		      const int *fds, unsigned int count);
void vdev_irq_enable(struct vdev *vdev, unsigned int index, unsigned int start,
		     const int *fds, unsigned int count);
void vdev_irq_disable(struct vdev *vdev, unsigned int index);
void vdev_intx_mask(struct vdev *vdev);
void vdev_intx_unmask(struct vdev *vdev);
int __vdev_reset(struct vdev *vdev);

/* Registers in a mapped BAR. */
static inline __u32 mmio_read32(const volatile void *base, unsigned int offset)
{
	return *(const volatile __u32 *)((const volatile char *)base + offset);
}

static inline void mmio_write32(volatile void *base, unsigned int offset,
				__u32 value)
{
	*(volatile __u32 *)((volatile char *)base + offset) = value;
}

/* In one access also where the program has 32 bits. */
static inline __u64 mmio_read64(const volatile void *base, unsigned int offset)
{
	const volatile char *reg = (const volatile char *)base + offset;

	return __atomic_load_n((const volatile __u64 *)reg, __ATOMIC_RELAXED);
}

static inline void mmio_write64(volatile void *base, unsigned int offset,
				__u64 value)
{
	volatile char *reg = (volatile char *)base + offset;

	__atomic_store_n((volatile __u64 *)reg, value, __ATOMIC_RELAXED);
}

#endif
