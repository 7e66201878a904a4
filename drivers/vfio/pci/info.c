// SPDX-License-Identifier: GPL-2.0-only
/* VFIO_DEVICE_GET_INFO: description of a device as a whole. */
#include <linux/cleanup.h>
#include <linux/minmax.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "info.h"

/*
 * Return the atomic operations that reach memory. The only way to query the
 * root port is to enable them; a virtual function has to use its physical
 * function.
 */
static u32 info_get_atomics(struct pci_dev *pdev)
{
	static const struct {
		u32 cap;
		u32 flag;
	} widths[] = {
		{ PCI_EXP_DEVCAP2_ATOMIC_COMP32, VFIO_PCI_ATOMIC_COMP32 },
		{ PCI_EXP_DEVCAP2_ATOMIC_COMP64, VFIO_PCI_ATOMIC_COMP64 },
		{ PCI_EXP_DEVCAP2_ATOMIC_COMP128, VFIO_PCI_ATOMIC_COMP128 },
	};
	u32 flags = 0;
	unsigned int i;
	u32 caps = 0;

	pcie_capability_read_dword(pdev, PCI_EXP_DEVCAP2, &caps);
	for (i = 0; i < ARRAY_SIZE(widths); i++)
		if ((caps & widths[i].cap) &&
		    !pci_enable_atomic_ops_to_root(pdev, widths[i].cap))
			flags |= widths[i].flag;
	return flags;
}

static int info_add_atomics(struct vfio_pci_core_device *vdev,
			    struct vfio_info_cap *caps)
{
	struct vfio_device_info_cap_pci_atomic_comp cap = {
		.header.id = VFIO_DEVICE_INFO_CAP_PCI_ATOMIC_COMP,
		.header.version = 1,
		.flags = info_get_atomics(pci_physfn(vdev->pdev)),
	};

	if (!cap.flags)
		return 0;
	return vfio_info_add_capability(caps, &cap.header, sizeof(cap));
}

/**
 * vfio_pci_ioctl_get_info() - handle VFIO_DEVICE_GET_INFO
 * @vdev: an open device
 * @arg: user's struct, with or without space for capabilities behind it
 *
 * Context: May sleep.
 * Return: 0, or a negative errno. It is not an error if the capabilities do not
 * fit: argsz is set to the size they need.
 */
int vfio_pci_ioctl_get_info(struct vfio_pci_core_device *vdev,
			    struct vfio_device_info __user *arg)
{
	const size_t minsz = offsetofend(struct vfio_device_info, num_irqs);
	struct vfio_info_cap caps = {};
	struct vfio_device_info info = {};
	size_t size;
	int ret;

	if (copy_from_user(&info, arg, minsz))
		return -EFAULT;
	if (info.argsz < minsz)
		return -EINVAL;
	size = min_t(size_t, info.argsz, sizeof(info));

	info.flags = VFIO_DEVICE_FLAGS_PCI;
	if (vdev->reset_works)
		info.flags |= VFIO_DEVICE_FLAGS_RESET;
	info.num_regions = VFIO_PCI_NUM_REGIONS + vdev->num_regions;
	info.num_irqs = VFIO_PCI_NUM_IRQS;

	ret = info_add_atomics(vdev, &caps);
	if (ret)
		return ret;
	if (caps.size) {
		info.flags |= VFIO_DEVICE_FLAGS_CAPS;
		if (info.argsz < sizeof(info) + caps.size) {
			info.argsz = sizeof(info) + caps.size;
		} else {
			info.cap_offset = sizeof(info);
			vfio_info_cap_shift(&caps, sizeof(info));
			if (copy_to_user(arg + 1, caps.buf, caps.size))
				ret = -EFAULT;
		}
		kfree(caps.buf);
	}
	if (!ret && copy_to_user(arg, &info, size))
		ret = -EFAULT;
	return ret;
}
