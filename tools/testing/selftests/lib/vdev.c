// SPDX-License-Identifier: GPL-2.0-only
/* Open VFIO devices, through the group file or the device node. */
#include "vdev.h"

#include <errno.h>
#include <linux/pci_regs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "container.h"
#include "harness.h"
#include "ioas.h"
#include "pci.h"
#include "sys.h"

static void vdev_open_cdev(struct vdev *vdev)
{
	vdev->fd = pci_open_cdev(vdev->bdf);
	ASSERT_RC(__cdev_bind(vdev->fd, vdev->space->fd, &vdev->id), 0);
	ASSERT_RC(__cdev_attach(vdev->fd, vdev->space->ioas, NULL), 0);
}

/* Open a device that does its DMA through @space. */
struct vdev *vdev_open_in(struct space *space, const char *bdf)
{
	struct vdev *vdev = sys_zalloc(sizeof(*vdev));

	vdev->space = space;
	vdev->bdf = bdf;
	if (space->backend == BACKEND_IOMMUFD) {
		vdev_open_cdev(vdev);
		return vdev;
	}
	vdev->fd = group_device(space_group_fd(space, bdf), bdf);
	return vdev;
}

/* Open a device with an address space of its own. */
struct vdev *vdev_open(const char *bdf, enum backend backend)
{
	return vdev_open_in(space_open(backend), bdf);
}

void vdev_close(struct vdev *vdev)
{
	sys_close(vdev->fd);
	free(vdev);
}

void vdev_close_with_space(struct vdev *vdev)
{
	struct space *space = vdev->space;

	vdev_close(vdev);
	space_close(space);
}

void vdev_info(struct vdev *vdev, struct vfio_device_info *info)
{
	memset(info, 0, sizeof(*info));
	info->argsz = sizeof(*info);
	ASSERT_RC(__sys_ioctl(vdev->fd, VFIO_DEVICE_GET_INFO, info), 0);
}

void vdev_region(struct vdev *vdev, unsigned int index,
		 struct vfio_region_info *info)
{
	memset(info, 0, sizeof(*info));
	info->argsz = sizeof(*info);
	info->index = index;
	ASSERT_RC(__sys_ioctl(vdev->fd, VFIO_DEVICE_GET_REGION_INFO, info), 0);
}

/* Skip the test if the bus has no I/O ports for this BAR. */
void vdev_need_ports(struct vdev *vdev, unsigned int index)
{
	struct vfio_region_info info;

	vdev_region(vdev, index, &info);
	if (!info.size)
		SKIP("no I/O ports were given to the device");
}

void vdev_irq_info(struct vdev *vdev, unsigned int index,
		   struct vfio_irq_info *info)
{
	memset(info, 0, sizeof(*info));
	info->argsz = sizeof(*info);
	info->index = index;
	ASSERT_RC(__sys_ioctl(vdev->fd, VFIO_DEVICE_GET_IRQ_INFO, info), 0);
}

long __vdev_pread(struct vdev *vdev, unsigned int index, __u64 offset,
		  void *buf, size_t size)
{
	struct vfio_region_info info;
	ssize_t ret;

	vdev_region(vdev, index, &info);
	ret = pread(vdev->fd, buf, size, (off_t)(info.offset + offset));
	return ret < 0 ? -errno : ret;
}

long __vdev_pwrite(struct vdev *vdev, unsigned int index, __u64 offset,
		   const void *buf, size_t size)
{
	struct vfio_region_info info;
	ssize_t ret;

	vdev_region(vdev, index, &info);
	ret = pwrite(vdev->fd, buf, size, (off_t)(info.offset + offset));
	return ret < 0 ? -errno : ret;
}

void vdev_pread(struct vdev *vdev, unsigned int index, __u64 offset, void *buf,
		size_t size)
{
	ASSERT_RC(__vdev_pread(vdev, index, offset, buf, size),
		  (long long)size);
}

void vdev_pwrite(struct vdev *vdev, unsigned int index, __u64 offset,
		 const void *buf, size_t size)
{
	ASSERT_RC(__vdev_pwrite(vdev, index, offset, buf, size),
		  (long long)size);
}

int __vdev_ioeventfd(struct vdev *vdev, unsigned int index, __u64 offset,
		     __u32 flags, __u64 data, int fd)
{
	struct vfio_device_ioeventfd req = {
		.argsz = sizeof(req),
		.flags = flags,
		.data = data,
		.fd = fd,
	};
	struct vfio_region_info info;

	vdev_region(vdev, index, &info);
	req.offset = info.offset + offset;
	return __sys_ioctl(vdev->fd, VFIO_DEVICE_IOEVENTFD, &req);
}

/* Map the whole of a BAR into this process. */
/* A region that the device does not have is neither described nor read. */
void vdev_check_no_region(struct vdev *vdev, unsigned int index, __u64 offset)
{
	struct vfio_region_info info = { .argsz = sizeof(info),
					 .index = index };
	char byte;

	ASSERT_RC(__sys_ioctl(vdev->fd, VFIO_DEVICE_GET_REGION_INFO, &info),
		  -EINVAL);
	ASSERT_EQ(pread(vdev->fd, &byte, 1, ((__u64)index << 40) + offset), -1);
	ASSERT_EQ(errno, EINVAL);
}

void *vdev_mmap(struct vdev *vdev, unsigned int index, size_t *size)
{
	struct vfio_region_info info;
	void *addr;

	vdev_region(vdev, index, &info);
	ASSERT(info.flags & VFIO_REGION_INFO_FLAG_MMAP);
	addr = mmap(NULL, info.size, PROT_READ | PROT_WRITE, MAP_SHARED,
		    vdev->fd, (off_t)info.offset);
	if (addr == MAP_FAILED)
		FAIL("mmap of region %u: %s", index, strerror(errno));
	if (size)
		*size = info.size;
	return addr;
}

__u32 vdev_cfg_read(struct vdev *vdev, unsigned int offset, unsigned int size)
{
	__u32 value = 0;

	vdev_pread(vdev, VFIO_PCI_CONFIG_REGION_INDEX, offset, &value, size);
	return value;
}

void vdev_cfg_write(struct vdev *vdev, unsigned int offset, unsigned int size,
		    __u32 value)
{
	vdev_pwrite(vdev, VFIO_PCI_CONFIG_REGION_INDEX, offset, &value, size);
}

/* Maximum number of capabilities in a list without a cycle. */
enum { VDEV_CAPS_MAX = 48 };

/* Return the offset of a capability in config space, 0 if there is none. */
unsigned int vdev_cfg_cap(struct vdev *vdev, unsigned int id)
{
	unsigned int nr = VDEV_CAPS_MAX;
	unsigned int pos;

	if (!(vdev_cfg_read(vdev, PCI_STATUS, 2) & PCI_STATUS_CAP_LIST))
		return 0;
	pos = vdev_cfg_read(vdev, PCI_CAPABILITY_LIST, 1) & ~3U;
	while (pos && nr--) {
		if (vdev_cfg_read(vdev, pos + PCI_CAP_LIST_ID, 1) == id)
			return pos;
		pos = vdev_cfg_read(vdev, pos + PCI_CAP_LIST_NEXT, 1) & ~3U;
	}
	return 0;
}

/* Enable or disable the memory BARs of the device. */
void vdev_set_memory(struct vdev *vdev, bool on)
{
	__u32 command = vdev_cfg_read(vdev, PCI_COMMAND, 2);

	if (on)
		command |= PCI_COMMAND_MEMORY;
	else
		command &= ~PCI_COMMAND_MEMORY;
	vdev_cfg_write(vdev, PCI_COMMAND, 2, command);
}

/* Enable the memory BARs of the device, and DMA if @master. */
void vdev_enable(struct vdev *vdev, bool master)
{
	__u32 command = vdev_cfg_read(vdev, PCI_COMMAND, 2);

	command |= PCI_COMMAND_MEMORY;
	if (master)
		command |= PCI_COMMAND_MASTER;
	else
		command &= ~PCI_COMMAND_MASTER;
	vdev_cfg_write(vdev, PCI_COMMAND, 2, command);
}

int __vdev_set_irqs(struct vdev *vdev, unsigned int flags, unsigned int index,
		    unsigned int start, unsigned int count, const void *data,
		    size_t data_size)
{
	struct vfio_irq_set *set = sys_zalloc(sizeof(*set) + data_size);
	int ret;

	set->argsz = sizeof(*set) + data_size;
	set->flags = flags;
	set->index = index;
	set->start = start;
	set->count = count;
	if (data_size)
		memcpy(set->data, data, data_size);
	ret = __sys_ioctl(vdev->fd, VFIO_DEVICE_SET_IRQS, set);
	free(set);
	return ret;
}

int __vdev_irq_enable(struct vdev *vdev, unsigned int index, unsigned int start,
		      const int *fds, unsigned int count)
{
	return __vdev_set_irqs(
		vdev, VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
		index, start, count, fds, count * sizeof(*fds));
}

void vdev_irq_enable(struct vdev *vdev, unsigned int index, unsigned int start,
		     const int *fds, unsigned int count)
{
	ASSERT_RC(__vdev_irq_enable(vdev, index, start, fds, count), 0);
}

void vdev_irq_disable(struct vdev *vdev, unsigned int index)
{
	ASSERT_RC(__vdev_set_irqs(vdev,
				  VFIO_IRQ_SET_DATA_NONE |
					  VFIO_IRQ_SET_ACTION_TRIGGER,
				  index, 0, 0, NULL, 0),
		  0);
}

static void vdev_intx_action(struct vdev *vdev, unsigned int action)
{
	ASSERT_RC(__vdev_set_irqs(vdev, VFIO_IRQ_SET_DATA_NONE | action,
				  VFIO_PCI_INTX_IRQ_INDEX, 0, 1, NULL, 0),
		  0);
}

void vdev_intx_mask(struct vdev *vdev)
{
	vdev_intx_action(vdev, VFIO_IRQ_SET_ACTION_MASK);
}

/* INTx is masked when an interrupt is delivered. */
void vdev_intx_unmask(struct vdev *vdev)
{
	vdev_intx_action(vdev, VFIO_IRQ_SET_ACTION_UNMASK);
}

int __vdev_reset(struct vdev *vdev)
{
	return __sys_ioctl(vdev->fd, VFIO_DEVICE_RESET, NULL);
}

/* Reset all devices that a reset of the bus affects; their group is enough. */
int __vdev_hot_reset(struct vdev *vdev)
{
	struct {
		struct vfio_pci_hot_reset reset;
		__s32 fd;
	} arg = { .reset.argsz = sizeof(arg) };

	if (vdev->space->backend != BACKEND_IOMMUFD) {
		arg.reset.count = 1;
		arg.fd = space_group_fd(vdev->space, vdev->bdf);
	}
	return __sys_ioctl(vdev->fd, VFIO_DEVICE_PCI_HOT_RESET, &arg);
}
