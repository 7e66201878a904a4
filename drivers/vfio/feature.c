// SPDX-License-Identifier: GPL-2.0-only
/*
 * VFIO_DEVICE_FEATURE: check the request and pass it to the feature.
 */
#include <linux/uaccess.h>

#include "dma_log.h"
#include "feature.h"
#include "migration.h"

static int vfio_feature_dispatch(struct vfio_device *device, u32 flags,
				 void __user *arg, size_t argsz)
{
	switch (flags & VFIO_DEVICE_FEATURE_MASK) {
	case VFIO_DEVICE_FEATURE_MIGRATION:
		return vfio_feature_migration(device, flags, arg, argsz);
	case VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE:
		return vfio_feature_mig_state(device, flags, arg, argsz);
	case VFIO_DEVICE_FEATURE_MIG_DATA_SIZE:
		return vfio_feature_mig_data_size(device, flags, arg, argsz);
	case VFIO_DEVICE_FEATURE_MIG_PRECOPY_INFOv2:
		return vfio_feature_mig_precopy_info(device, flags, argsz);
	case VFIO_DEVICE_FEATURE_DMA_LOGGING_START:
		return vfio_feature_dma_log_start(device, flags, arg, argsz);
	case VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP:
		return vfio_feature_dma_log_stop(device, flags, argsz);
	case VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT:
		return vfio_feature_dma_log_report(device, flags, arg, argsz);
	default:
		if (!device->ops->device_feature)
			return -ENOTTY;
		return device->ops->device_feature(device, flags, arg, argsz);
	}
}

/**
 * vfio_device_feature() - handle VFIO_DEVICE_FEATURE
 * @device: the device, open
 * @arg: the user's request
 *
 * Migration and DMA logging are handled here, by ops of their own. The driver's
 * op handles the other features.
 *
 * Context: May sleep.
 * Return: The result of the feature; -EFAULT or -EINVAL for a bad request;
 * -ENOTTY for an unknown feature.
 */
long vfio_device_feature(struct vfio_device *device,
			 struct vfio_device_feature __user *arg)
{
	const u32 ops = VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_SET;
	const size_t minsz = offsetofend(struct vfio_device_feature, flags);
	struct vfio_device_feature feature;
	int ret;

	if (copy_from_user(&feature, arg, minsz))
		return -EFAULT;
	if (feature.argsz < minsz)
		return -EINVAL;
	if (feature.flags &
	    ~(VFIO_DEVICE_FEATURE_MASK | VFIO_DEVICE_FEATURE_PROBE | ops))
		return -EINVAL;

	/* GET and SET together are valid for a probe only */
	if ((feature.flags & ops) == ops &&
	    !(feature.flags & VFIO_DEVICE_FEATURE_PROBE))
		return -EINVAL;

	ret = vfio_feature_dispatch(device, feature.flags, arg->data,
				    feature.argsz - minsz);
	if (ret == -ENOTTY)
		vfio_refuse(device, REFUSAL_NO_FEATURE,
			    feature.flags & VFIO_DEVICE_FEATURE_MASK);
	return ret;
}
