// SPDX-License-Identifier: GPL-2.0-only
/* Information on a PCI device, its regions and its interrupts. */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "container.h"
#include "harness.h"
#include "pci.h"
#include "sys.h"
#include "vdev.h"

#define REGION_RW (VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE)
/* File offset far beyond all regions */
#define OFFSET_UNUSED 0x7000000000000000

TEST_OVER(info, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_EDU0), backend);
	size_t min = offsetof(struct vfio_device_info, cap_offset);
	struct vfio_device_info *info;
	char buf[64];

	info = (void *)buf;
	memset(buf, 0x55, sizeof(buf));
	info->argsz = min - 1;
	ASSERT_RC(__sys_ioctl(vdev->fd, VFIO_DEVICE_GET_INFO, info), -EINVAL);
	info->argsz = 0;
	ASSERT_RC(__sys_ioctl(vdev->fd, VFIO_DEVICE_GET_INFO, info), -EINVAL);
	ASSERT_RC(__sys_ioctl(vdev->fd, VFIO_DEVICE_GET_INFO, BAD_PTR),
		  -EFAULT);
	ASSERT(is_byte(buf + 4, sizeof(buf) - 4, 0x55));

	info->argsz = min;
	ASSERT_RC(__sys_ioctl(vdev->fd, VFIO_DEVICE_GET_INFO, info), 0);
	ASSERT(info->flags & VFIO_DEVICE_FLAGS_PCI);
	ASSERT(!(info->flags &
		 (VFIO_DEVICE_FLAGS_PLATFORM | VFIO_DEVICE_FLAGS_CCW)));
	ASSERT_EQ(info->num_regions, VFIO_PCI_NUM_REGIONS);
	ASSERT_EQ(info->num_irqs, VFIO_PCI_NUM_IRQS);
	ASSERT(is_byte(buf + min, sizeof(buf) - min, 0x55));
}

TEST_OVER(unknown_ioctl, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_EDU0), backend);

	ASSERT_RC(__sys_ioctl(vdev->fd, _IO(VFIO_TYPE, 250), NULL), -ENOTTY);
	ASSERT_RC(__sys_ioctl(vdev->fd, _IO('x', 1), NULL), -ENOTTY);
	ASSERT_RC(__sys_ioctl(vdev->fd, VFIO_GET_API_VERSION, NULL), -ENOTTY);
	ASSERT_RC(__sys_ioctl(vdev->fd, VFIO_SET_IOMMU, NULL), -ENOTTY);
}

TEST_OVER(region_info_struct, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_EDU0), backend);
	struct vfio_region_info info = {
		.argsz = sizeof(info) - 1,
		.index = VFIO_PCI_BAR0_REGION_INDEX,
		.size = 0x55,
	};
	unsigned long cmd = VFIO_DEVICE_GET_REGION_INFO;

	ASSERT_RC(__sys_ioctl(vdev->fd, cmd, &info), -EINVAL);
	ASSERT_EQ(info.size, 0x55);
	ASSERT_RC(__sys_ioctl(vdev->fd, cmd, BAD_PTR), -EFAULT);
	info.argsz = sizeof(info);
	info.index = VFIO_PCI_NUM_REGIONS;
	ASSERT_RC(__sys_ioctl(vdev->fd, cmd, &info), -EINVAL);
	info.index = ~0U;
	ASSERT_RC(__sys_ioctl(vdev->fd, cmd, &info), -EINVAL);
	/* The device is not a VGA device. */
	info.index = VFIO_PCI_VGA_REGION_INDEX;
	ASSERT_RC(__sys_ioctl(vdev->fd, cmd, &info), -EINVAL);
}

TEST_OVER(regions_of_edu, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_EDU0), backend);
	struct vfio_region_info bar;
	struct vfio_region_info info;
	unsigned int i;

	vdev_region(vdev, VFIO_PCI_BAR0_REGION_INDEX, &bar);
	ASSERT_EQ(bar.size, MIB(1));
	ASSERT_EQ(bar.flags, REGION_RW | VFIO_REGION_INFO_FLAG_MMAP);
	ASSERT(!(bar.offset % PAGE));
	for (i = VFIO_PCI_BAR1_REGION_INDEX; i <= VFIO_PCI_BAR5_REGION_INDEX;
	     i++) {
		vdev_region(vdev, i, &info);
		ASSERT_EQ(info.size, 0);
		ASSERT_EQ(info.flags, 0);
		ASSERT(info.offset != bar.offset);
	}
	vdev_region(vdev, VFIO_PCI_ROM_REGION_INDEX, &info);
	ASSERT_EQ(info.size, 0);
	vdev_region(vdev, VFIO_PCI_CONFIG_REGION_INDEX, &info);
	ASSERT_EQ(info.size, 256);
	ASSERT_EQ(info.flags, REGION_RW);
}

TEST_OVER(regions_of_e1000e, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_E1000E), backend);
	struct vfio_region_info info;

	vdev_region(vdev, VFIO_PCI_ROM_REGION_INDEX, &info);
	ASSERT_EQ(info.size, KIB(64));
	ASSERT_EQ(info.flags, VFIO_REGION_INFO_FLAG_READ);
	vdev_region(vdev, VFIO_PCI_CONFIG_REGION_INDEX, &info);
	ASSERT_EQ(info.size, 4096);
	/* BAR 2 is a range of I/O ports, which cannot be mapped. */
	vdev_region(vdev, VFIO_PCI_BAR2_REGION_INDEX, &info);
	ASSERT_EQ(info.flags & ~REGION_RW, 0);
}

/* A BAR with an MSI-X table has the capability that it can be mapped. */
TEST_OVER(region_capabilities, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_NVME), backend);
	struct vfio_region_info request = {
		.argsz = sizeof(request),
		.index = VFIO_PCI_BAR0_REGION_INDEX,
	};
	struct vfio_region_info *info;
	char buf[256];
	__u32 needed;

	memset(buf, 0x55, sizeof(buf));
	info = (void *)buf;
	*info = request;
	ASSERT_RC(__sys_ioctl(vdev->fd, VFIO_DEVICE_GET_REGION_INFO, info), 0);
	ASSERT(info->flags & VFIO_REGION_INFO_FLAG_CAPS);
	ASSERT_EQ(info->cap_offset, 0);
	needed = info->argsz;
	ASSERT(needed > sizeof(*info) && needed < sizeof(buf));
	ASSERT(is_byte(info + 1, sizeof(buf) - sizeof(*info), 0x55));

	info->argsz = needed - 1;
	ASSERT_RC(__sys_ioctl(vdev->fd, VFIO_DEVICE_GET_REGION_INFO, info), 0);
	ASSERT_EQ(info->argsz, needed);
	ASSERT(is_byte(info + 1, sizeof(buf) - sizeof(*info), 0x55));

	ASSERT_RC(__sys_ioctl(vdev->fd, VFIO_DEVICE_GET_REGION_INFO, info), 0);
	ASSERT(info->cap_offset >= sizeof(*info));
	ASSERT(info_cap(info, info->cap_offset,
			VFIO_REGION_INFO_CAP_MSIX_MAPPABLE));
	ASSERT(is_byte(buf + needed, sizeof(buf) - needed, 0x55));
}

TEST_OVER(irq_info_struct, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_EDU0), backend);
	struct vfio_irq_info info = {
		.argsz = sizeof(info) - 1,
		.count = 0x55,
	};
	unsigned long cmd = VFIO_DEVICE_GET_IRQ_INFO;

	ASSERT_RC(__sys_ioctl(vdev->fd, cmd, &info), -EINVAL);
	ASSERT_EQ(info.count, 0x55);
	ASSERT_RC(__sys_ioctl(vdev->fd, cmd, BAD_PTR), -EFAULT);
	info.argsz = sizeof(info);
	info.index = VFIO_PCI_NUM_IRQS;
	ASSERT_RC(__sys_ioctl(vdev->fd, cmd, &info), -EINVAL);
	info.index = ~0U;
	ASSERT_RC(__sys_ioctl(vdev->fd, cmd, &info), -EINVAL);
	/* This is a conventional PCI device. */
	info.index = VFIO_PCI_ERR_IRQ_INDEX;
	ASSERT_RC(__sys_ioctl(vdev->fd, cmd, &info),
		  sys_kernel_has(CHANGE_PCI_ERR_IRQ) ? 0 : -EINVAL);
}

TEST_OVER(irqs_of_edu, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_EDU0), backend);
	struct vfio_irq_info info;

	vdev_irq_info(vdev, VFIO_PCI_INTX_IRQ_INDEX, &info);
	ASSERT_EQ(info.count, 1);
	ASSERT_EQ(info.flags, VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_MASKABLE |
				      VFIO_IRQ_INFO_AUTOMASKED);
	vdev_irq_info(vdev, VFIO_PCI_MSI_IRQ_INDEX, &info);
	ASSERT_EQ(info.count, 1);
	ASSERT_EQ(info.flags, VFIO_IRQ_INFO_EVENTFD | VFIO_IRQ_INFO_NORESIZE);
	vdev_irq_info(vdev, VFIO_PCI_MSIX_IRQ_INDEX, &info);
	ASSERT_EQ(info.count, 0);
	vdev_irq_info(vdev, VFIO_PCI_REQ_IRQ_INDEX, &info);
	ASSERT_EQ(info.count, 1);
}

TEST_OVER(irqs_of_nvme, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_NVME), backend);
	struct vfio_irq_info info;

	vdev_irq_info(vdev, VFIO_PCI_MSIX_IRQ_INDEX, &info);
	ASSERT(info.count > 1);
	ASSERT(info.flags & VFIO_IRQ_INFO_EVENTFD);
	vdev_irq_info(vdev, VFIO_PCI_ERR_IRQ_INDEX, &info);
	ASSERT_EQ(info.count, 1);
}

/* Accesses at offsets that are not in a region. */
TEST_OVER(access_outside_of_regions, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_EDU0), backend);
	struct vfio_region_info bar;
	__u32 value;

	vdev_enable(vdev, false);
	vdev_region(vdev, VFIO_PCI_BAR0_REGION_INDEX, &bar);
	ASSERT_RC(__vdev_pread(vdev, VFIO_PCI_BAR0_REGION_INDEX, bar.size,
			       &value, 4),
		  -EINVAL);
	ASSERT_RC(__vdev_pwrite(vdev, VFIO_PCI_BAR0_REGION_INDEX, bar.size,
				&value, 4),
		  -EINVAL);
	ASSERT_RC(__vdev_pread(vdev, VFIO_PCI_BAR1_REGION_INDEX, 0, &value, 4),
		  -EINVAL);
	ASSERT_RC(__vdev_pread(vdev, VFIO_PCI_ROM_REGION_INDEX, 0, &value, 4),
		  -EINVAL);
	ASSERT_RC(pread(vdev->fd, &value, 4, OFFSET_UNUSED) < 0 ? -errno : 0,
		  -EINVAL);
	/* A read of no bytes succeeds. */
	ASSERT_RC(__vdev_pread(vdev, VFIO_PCI_BAR0_REGION_INDEX, 0, &value, 0),
		  0);
	ASSERT_RC(__vdev_pread(vdev, VFIO_PCI_BAR0_REGION_INDEX, 0, BAD_PTR, 4),
		  -EFAULT);
	ASSERT_RC(__vdev_pwrite(vdev, VFIO_PCI_BAR0_REGION_INDEX, 4, BAD_PTR,
				4),
		  -EFAULT);
}
