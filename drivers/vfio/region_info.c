// SPDX-License-Identifier: GPL-2.0-only
/*
 * VFIO_DEVICE_GET_REGION_INFO: the driver describes a region, and this file
 * copies the description with its capabilities to user space.
 */
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "region_info.h"

/* Copy the chain behind the struct if the user's buffer can hold all of it */
static int region_info_copy_caps(struct vfio_region_info *info,
				 struct vfio_info_cap *caps,
				 struct vfio_region_info __user *arg)
{
	size_t needed = sizeof(*info) + caps->size;

	if (!caps->size)
		return 0;

	info->flags |= VFIO_REGION_INFO_FLAG_CAPS;
	if (info->argsz < needed) {
		info->argsz = needed;
		info->cap_offset = 0;
		return 0;
	}

	vfio_info_cap_shift(caps, sizeof(*info));
	info->cap_offset = sizeof(*info);
	return copy_to_user(arg + 1, caps->buf, caps->size) ? -EFAULT : 0;
}

/**
 * vfio_device_region_info() - handle VFIO_DEVICE_GET_REGION_INFO
 * @device: the device, open
 * @arg: the user's request
 *
 * Context: May sleep.
 * Return: 0, -EFAULT or -EINVAL for a bad request, or an errno of the driver.
 */
long vfio_device_region_info(struct vfio_device *device,
			     struct vfio_region_info __user *arg)
{
	const size_t minsz = offsetofend(struct vfio_region_info, offset);
	struct vfio_region_info info = {};
	struct vfio_info_cap caps = {};
	int ret;

	if (!device->ops->get_region_info_caps)
		return -EINVAL;
	if (copy_from_user(&info, arg, minsz))
		return -EFAULT;
	if (info.argsz < minsz)
		return -EINVAL;

	ret = device->ops->get_region_info_caps(device, &info, &caps);
	if (!ret)
		ret = region_info_copy_caps(&info, &caps, arg);
	if (!ret && copy_to_user(arg, &info, minsz))
		ret = -EFAULT;
	kfree(caps.buf);
	return ret;
}
