/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Open VFIO devices: regions, config space, interrupts. A function that begins
 * with __ returns -errno, the one without it fails the test.
 */
#ifndef SELFTESTS_LIB_VDEV_H
#define SELFTESTS_LIB_VDEV_H

#include <linux/types.h>
#include <linux/vfio.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "space.h"

/** struct vdev - an open device */
struct vdev {
	/** @space: its address space */
	struct space *space;
	/** @bdf: its PCI address */
	const char *bdf;
	/** @fd: file of the device */
	int fd;
	/** @id: its ID in /dev/iommu (BACKEND_IOMMUFD) */
	__u32 id;
};

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
void vdev_check_no_region(struct vdev *vdev, unsigned int index, __u64 offset);
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
int __vdev_hot_reset(struct vdev *vdev);

/* Access to registers in a mapped BAR. */
static inline __u32 mmio_read32(const volatile void *base, unsigned int offset)
{
	return *(const volatile __u32 *)((const volatile char *)base + offset);
}

static inline void mmio_write32(volatile void *base, unsigned int offset,
				__u32 value)
{
	*(volatile __u32 *)((volatile char *)base + offset) = value;
}

/* A single access, in programs of 32 bits, too. */
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
