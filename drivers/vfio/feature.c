// SPDX-License-Identifier: GPL-2.0-only
#include <linux/uaccess.h>

#include "feature.h"

/**
 * vfio_device_feature() - VFIO_DEVICE_FEATURE
 * @device: the device, open
 * @arg: the user's request
 *
 * The features themselves are the driver's.
 *
 * Context: Process context, may sleep.
 * Return: What the driver's op returns. -EFAULT, -EINVAL: bad request.
 * -ENOTTY: no such feature.
 */
long vfio_device_feature(struct vfio_device *device,
			 struct vfio_device_feature __user *arg)
{
	const u32 ops = VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_SET;
	const size_t minsz = offsetofend(struct vfio_device_feature, flags);
	struct vfio_device_feature feature;

	if (copy_from_user(&feature, arg, minsz))
		return -EFAULT;
	if (feature.argsz < minsz)
		return -EINVAL;
	if (feature.flags &
	    ~(VFIO_DEVICE_FEATURE_MASK | VFIO_DEVICE_FEATURE_PROBE | ops))
		return -EINVAL;

	/* Both at once can be asked about, but not done */
	if ((feature.flags & ops) == ops &&
	    !(feature.flags & VFIO_DEVICE_FEATURE_PROBE))
		return -EINVAL;

	if (!device->ops->device_feature)
		return -ENOTTY;
	return device->ops->device_feature(device, feature.flags, arg->data,
					   feature.argsz - minsz);
}
