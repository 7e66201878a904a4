/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * DMA logging, for devices that record which memory they write to. The
 * functions for drivers are declared in linux/vfio.h.
 */
#ifndef __VFIO_DMA_LOG_H
#define __VFIO_DMA_LOG_H

#include <linux/vfio.h>

bool vfio_dma_log_valid(const struct vfio_device *device);
int vfio_feature_dma_log_start(struct vfio_device *device, u32 flags,
			       void __user *arg, size_t argsz);
int vfio_feature_dma_log_stop(struct vfio_device *device, u32 flags,
			      size_t argsz);
int vfio_feature_dma_log_report(struct vfio_device *device, u32 flags,
				void __user *arg, size_t argsz);

#endif /* __VFIO_DMA_LOG_H */
