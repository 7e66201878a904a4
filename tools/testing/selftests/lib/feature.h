/* SPDX-License-Identifier: GPL-2.0-only */
/* VFIO_DEVICE_FEATURE, and helpers that the tests of several features share. */
#ifndef SELFTESTS_LIB_FEATURE_H
#define SELFTESTS_LIB_FEATURE_H

#include <linux/types.h>
#include <stddef.h>

#include "vdev.h"

int __vdev_feature(struct vdev *vdev, __u32 flags, void *data, size_t size);
int __vdev_dmabuf(struct vdev *vdev, unsigned int index,
		  const struct vfio_region_dma_range *ranges, unsigned int nr);
int vdev_dmabuf(struct vdev *vdev, unsigned int index, __u64 offset,
		__u64 length);

void expect_sigbus(volatile void *addr);
void wait_runtime_status(const char *bdf, const char *status);
void set_runtime_control(const char *bdf, const char *control);

#endif
