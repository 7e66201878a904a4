// SPDX-License-Identifier: GPL-2.0-only
/* VFIO_DEVICE_IOEVENTFD: eventfds that trigger a write to a BAR. */
#include <errno.h>
#include <linux/pci_regs.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"
#include "pci.h"
#include "sys.h"
#include "vdev.h"

#define BAR0 VFIO_PCI_BAR0_REGION_INDEX
/* Multicast table array of e1000e, whose registers keep what is written */
#define E1000E_MTA 0x5200
#define IOEVENTFD_DATA 0x1122334455667788ULL
/* Number of ioeventfds that a device can have */
#define IOEVENTFD_MAX 1000
/* A descriptor that is not open */
#define BAD_FD 1000

static void eventfd_signal(int fd)
{
	__u64 one = 1;

	ASSERT(write(fd, &one, sizeof(one)) == sizeof(one));
}

static struct vdev *e1000e_open(enum backend backend)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_E1000E), backend);

	vdev_enable(vdev, false);
	return vdev;
}

static __u64 mta_read(struct vdev *vdev)
{
	__u32 words[2];

	vdev_pread(vdev, BAR0, E1000E_MTA, &words[0], 4);
	vdev_pread(vdev, BAR0, E1000E_MTA + 4, &words[1], 4);
	return words[0] | (__u64)words[1] << 32;
}

static void mta_clear(struct vdev *vdev)
{
	__u32 zero = 0;

	vdev_pwrite(vdev, BAR0, E1000E_MTA, &zero, 4);
	vdev_pwrite(vdev, BAR0, E1000E_MTA + 4, &zero, 4);
}

TEST_OVER(every_width, BACKENDS_ALL)
{
	static const __u64 want[] = {
		[1] = 0x88,
		[2] = 0x7788,
		[4] = 0x55667788,
		[8] = IOEVENTFD_DATA,
	};
	struct vdev *vdev = e1000e_open(backend);
	unsigned int width;

	for (width = 1; width <= 8; width *= 2) {
		int fd = sys_eventfd();

		mta_clear(vdev);
		ASSERT_RC(__vdev_ioeventfd(vdev, BAR0, E1000E_MTA, width,
					   IOEVENTFD_DATA, fd),
			  0);
		ASSERT_EQ(mta_read(vdev), 0);
		eventfd_signal(fd);
		ASSERT_EQ(mta_read(vdev), want[width]);
		mta_clear(vdev);
		eventfd_signal(fd);
		ASSERT_EQ(mta_read(vdev), want[width]);

		ASSERT_RC(__vdev_ioeventfd(vdev, BAR0, E1000E_MTA, width,
					   IOEVENTFD_DATA, -1),
			  0);
		mta_clear(vdev);
		eventfd_signal(fd);
		ASSERT_EQ(mta_read(vdev), 0);
		sys_close(fd);
	}
}

TEST_OVER(signalled_before, BACKENDS_ALL)
{
	struct vdev *vdev = e1000e_open(backend);
	int fd = sys_eventfd();

	mta_clear(vdev);
	eventfd_signal(fd);
	ASSERT_RC(__vdev_ioeventfd(vdev, BAR0, E1000E_MTA, 4, 5, fd), 0);
	ASSERT_EQ(mta_read(vdev), 5);
	vdev_close_with_space(vdev);
	/* The device is closed, so its ioeventfd is removed. */
	eventfd_signal(fd);
	eventfd_signal(fd);
	ASSERT_EQ(sys_eventfd_take(fd), 2);
}

TEST_OVER(io_ports, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_E1000E), backend);
	int fd = sys_eventfd();
	__u32 value = 0;

	vdev_need_ports(vdev, VFIO_PCI_BAR2_REGION_INDEX);
	vdev_cfg_write(vdev, PCI_COMMAND, 2,
		       PCI_COMMAND_IO | PCI_COMMAND_MEMORY);
	ASSERT_RC(__vdev_ioeventfd(vdev, VFIO_PCI_BAR2_REGION_INDEX, 0, 4, 8,
				   fd),
		  0);
	eventfd_signal(fd);
	vdev_pread(vdev, VFIO_PCI_BAR2_REGION_INDEX, 0, &value, 4);
	ASSERT_EQ(value, 8);
}

/* Nothing is written while the device does not decode memory. */
TEST_OVER(memory_disabled, BACKENDS_ALL)
{
	struct vdev *vdev = e1000e_open(backend);
	int fd = sys_eventfd();
	__u32 command;

	mta_clear(vdev);
	ASSERT_RC(__vdev_ioeventfd(vdev, BAR0, E1000E_MTA, 4, 5, fd), 0);
	command = vdev_cfg_read(vdev, PCI_COMMAND, 2);
	vdev_cfg_write(vdev, PCI_COMMAND, 2, command & ~PCI_COMMAND_MEMORY);
	eventfd_signal(fd);
	vdev_cfg_write(vdev, PCI_COMMAND, 2, command);
	ASSERT_EQ(mta_read(vdev), 0);
	eventfd_signal(fd);
	ASSERT_EQ(mta_read(vdev), 5);
}

/* Offset, width and data identify an ioeventfd, its eventfd does not. */
TEST_OVER(add_and_remove, BACKENDS_ALL)
{
	struct vdev *vdev = e1000e_open(backend);
	int fd = sys_eventfd();
	int other = sys_eventfd();

	ASSERT_RC(__vdev_ioeventfd(vdev, BAR0, E1000E_MTA, 4, 5, -1), -ENODEV);
	ASSERT_RC(__vdev_ioeventfd(vdev, BAR0, E1000E_MTA, 4, 5, fd), 0);
	ASSERT_RC(__vdev_ioeventfd(vdev, BAR0, E1000E_MTA, 4, 5, fd), -EEXIST);
	ASSERT_RC(__vdev_ioeventfd(vdev, BAR0, E1000E_MTA, 4, 5, other),
		  -EEXIST);
	ASSERT_RC(__vdev_ioeventfd(vdev, BAR0, E1000E_MTA, 2, 5, -1), -ENODEV);
	ASSERT_RC(__vdev_ioeventfd(vdev, BAR0, E1000E_MTA, 4, 6, -1), -ENODEV);
	ASSERT_RC(__vdev_ioeventfd(vdev, BAR0, E1000E_MTA + 4, 4, 5, -1),
		  -ENODEV);
	ASSERT_RC(__vdev_ioeventfd(vdev, BAR0, E1000E_MTA, 4, 6, other), 0);
	ASSERT_RC(__vdev_ioeventfd(vdev, BAR0, E1000E_MTA + 4, 4, 5, fd), 0);
	mta_clear(vdev);
	eventfd_signal(fd);
	ASSERT_EQ(mta_read(vdev), 5ULL << 32 | 5);
	eventfd_signal(other);
	ASSERT_EQ(mta_read(vdev), 5ULL << 32 | 6);

	/* It exists until it is removed, even if its eventfd is closed. */
	sys_close(other);
	ASSERT_RC(__vdev_ioeventfd(vdev, BAR0, E1000E_MTA, 4, 6, fd), -EEXIST);
	ASSERT_RC(__vdev_ioeventfd(vdev, BAR0, E1000E_MTA, 4, 6, -1), 0);
	ASSERT_RC(__vdev_ioeventfd(vdev, BAR0, E1000E_MTA, 4, 6, -1), -ENODEV);
	ASSERT_RC(__vdev_ioeventfd(vdev, BAR0, E1000E_MTA, 4, 5, -1), 0);
	ASSERT_RC(__vdev_ioeventfd(vdev, BAR0, E1000E_MTA, 4, 5, fd), 0);
}

TEST_OVER(bad_input, BACKENDS_ALL)
{
	struct vdev *vdev = e1000e_open(backend);
	struct vfio_device_ioeventfd req = {
		.argsz = sizeof(req),
		.flags = 4,
	};
	unsigned long cmd = VFIO_DEVICE_IOEVENTFD;
	int fd = req.fd = sys_eventfd();
	struct vfio_region_info info;

	vdev_region(vdev, BAR0, &info);
	req.offset = info.offset + E1000E_MTA;
	ASSERT_RC(__sys_ioctl(vdev->fd, cmd, BAD_PTR), -EFAULT);
	req.argsz = offsetof(struct vfio_device_ioeventfd, fd) + 3;
	ASSERT_RC(__sys_ioctl(vdev->fd, cmd, &req), -EINVAL);
	req.argsz = 0;
	ASSERT_RC(__sys_ioctl(vdev->fd, cmd, &req), -EINVAL);

	ASSERT_RC(__vdev_ioeventfd(vdev, BAR0, E1000E_MTA, 0, 0, fd), -EINVAL);
	ASSERT_RC(__vdev_ioeventfd(vdev, BAR0, E1000E_MTA, 3, 0, fd), -EINVAL);
	ASSERT_RC(__vdev_ioeventfd(vdev, BAR0, E1000E_MTA, 16, 0, fd), -EINVAL);
	ASSERT_RC(__vdev_ioeventfd(vdev, BAR0, E1000E_MTA, 4 | 1U << 31, 0, fd),
		  -EINVAL);
	ASSERT_RC(__vdev_ioeventfd(vdev, BAR0, E1000E_MTA, 4, 0, -2), -EINVAL);
	ASSERT_RC(__vdev_ioeventfd(vdev, BAR0, E1000E_MTA, 4, 0, BAD_FD),
		  -EBADF);
	ASSERT_RC(__vdev_ioeventfd(vdev, BAR0, E1000E_MTA, 4, 0, vdev->fd),
		  -EINVAL);

	ASSERT_RC(__vdev_ioeventfd(vdev, BAR0, info.size - 4, 4, 0, fd), 0);
	ASSERT_RC(__vdev_ioeventfd(vdev, BAR0, info.size - 3, 4, 0, fd),
		  -EINVAL);
	ASSERT_RC(__vdev_ioeventfd(vdev, BAR0, info.size, 1, 0, fd), -EINVAL);
	ASSERT_RC(__vdev_ioeventfd(vdev, VFIO_PCI_BAR4_REGION_INDEX, 0, 4, 0,
				   fd),
		  -EINVAL);
	ASSERT_RC(__vdev_ioeventfd(vdev, VFIO_PCI_ROM_REGION_INDEX, 0, 4, 0,
				   fd),
		  -EINVAL);
	ASSERT_RC(__vdev_ioeventfd(vdev, VFIO_PCI_CONFIG_REGION_INDEX, 4, 4, 0,
				   fd),
		  -EINVAL);
	req.argsz = sizeof(req);
	req.offset = ~0ULL << 40;
	ASSERT_RC(__sys_ioctl(vdev->fd, cmd, &req), -EINVAL);
	/* On x86, unaligned writes are passed to the device. */
	ASSERT_RC(__vdev_ioeventfd(vdev, BAR0, E1000E_MTA + 1, 4, 0, fd),
		  sys_is_x86() ? 0 : -EINVAL);
	eventfd_signal(fd);
}

/*
 * User space may not write the MSI-X table by an ioeventfd, because the message
 * addresses are the kernel's.
 */
TEST_OVER(not_the_msix_table, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_NVME), backend);
	unsigned int msix = vdev_cfg_cap(vdev, PCI_CAP_ID_MSIX);
	int fd = sys_eventfd();
	__u32 table, end;
	unsigned int bar;

	ASSERT(msix);
	table = vdev_cfg_read(vdev, msix + PCI_MSIX_TABLE, 4);
	bar = table & PCI_MSIX_TABLE_BIR;
	table &= PCI_MSIX_TABLE_OFFSET;
	end = table + PCI_MSIX_ENTRY_SIZE *
			      ((vdev_cfg_read(vdev, msix + PCI_MSIX_FLAGS, 2) &
				PCI_MSIX_FLAGS_QSIZE) +
			       1);
	ASSERT_RC(__vdev_ioeventfd(vdev, bar, table, 4, 0, fd), -EINVAL);
	ASSERT_RC(__vdev_ioeventfd(vdev, bar, end - 4, 4, 0, fd), -EINVAL);
	ASSERT_RC(__vdev_ioeventfd(vdev, bar, end - 1, 1, 0, fd), -EINVAL);
	ASSERT_RC(__vdev_ioeventfd(vdev, bar, table - 1, 2, 0, fd), -EINVAL);
	ASSERT_RC(__vdev_ioeventfd(vdev, bar, table - 2, 2, 0, fd), 0);
	ASSERT_RC(__vdev_ioeventfd(vdev, bar, end, 4, 0, fd), 0);
}

TEST_OVER(as_many_as_there_may_be, BACKENDS_ALL)
{
	struct vdev *vdev = e1000e_open(backend);
	int fd = sys_eventfd();
	unsigned int i;

	for (i = 0; i < IOEVENTFD_MAX; i++)
		ASSERT_RC(__vdev_ioeventfd(vdev, BAR0, E1000E_MTA, 4, i, fd),
			  0);
	ASSERT_RC(__vdev_ioeventfd(vdev, BAR0, E1000E_MTA, 4, i, fd), -ENOSPC);
	ASSERT_RC(__vdev_ioeventfd(vdev, BAR0, E1000E_MTA, 4, 500, -1), 0);
	ASSERT_RC(__vdev_ioeventfd(vdev, BAR0, E1000E_MTA, 4, i, fd), 0);
	ASSERT_RC(__vdev_ioeventfd(vdev, BAR0, E1000E_MTA, 4, 500, fd),
		  -ENOSPC);
}
