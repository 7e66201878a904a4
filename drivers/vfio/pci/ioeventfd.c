// SPDX-License-Identifier: GPL-2.0-only
/*
 * Eventfds that write a value to a BAR when they are signalled, so that a guest
 * can ring a doorbell of its device without an exit to user space.
 */
#include <linux/align.h>
#include <linux/bitops.h>
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/list.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/unaligned.h>

#include "bar.h"
#include "bar_io.h"
#include "ioeventfd.h"

/* Per device, to limit what user space can make the kernel allocate */
#define MAX_IOEVENTFDS 1000

/**
 * struct vfio_pci_ioeventfd - an eventfd that writes to a BAR
 */
struct vfio_pci_ioeventfd {
	/** @entry: in the list of the device */
	struct list_head entry;
	/** @vdev: the device */
	struct vfio_pci_core_device *vdev;
	/** @virqfd: NULL once user space has closed the eventfd */
	struct virqfd *virqfd;
	/** @offset: position in the device file */
	u64 offset;
	/** @data: value to write */
	u64 data;
	/** @width: bytes of @data to write */
	unsigned int width;
	/** @io: address to write to */
	void __iomem *io;
	/** @is_mem: subject to the memory enable bit */
	bool is_mem;
};

static void ioeventfd_write(struct vfio_pci_ioeventfd *ioe)
{
	u8 bytes[8];

	put_unaligned_le64(ioe->data, bytes);
	vfio_pci_io_write(ioe->io, bytes, ioe->width);
}

/* Write only if a write() would reach the device without resuming it */
static void ioeventfd_try_write(struct vfio_pci_ioeventfd *ioe)
{
	struct vfio_pci_core_device *vdev = ioe->vdev;

	if (!vdev->pm_runtime_engaged &&
	    vfio_pci_bar_enabled(vdev, ioe->is_mem))
		ioeventfd_write(ioe);
}

/* Called while the eventfd is being signalled: do not wait for the lock */
static int ioeventfd_handler(void *opaque, void *data)
{
	struct vfio_pci_ioeventfd *ioe = opaque;
	struct vfio_pci_core_device *vdev = ioe->vdev;

	if (!down_read_trylock(&vdev->memory_lock))
		return 1;
	ioeventfd_try_write(ioe);
	up_read(&vdev->memory_lock);
	return 0;
}

static void ioeventfd_thread(void *opaque, void *data)
{
	struct vfio_pci_ioeventfd *ioe = opaque;

	guard(rwsem_read)(&ioe->vdev->memory_lock);

	ioeventfd_try_write(ioe);
}

static struct vfio_pci_ioeventfd *
ioeventfd_find(struct vfio_pci_core_device *vdev,
	       const struct vfio_device_ioeventfd *req, unsigned int width)
{
	struct vfio_pci_ioeventfd *ioe;

	lockdep_assert_held(&vdev->ioeventfds_lock);

	list_for_each_entry(ioe, &vdev->ioeventfds, entry)
		if (ioe->offset == req->offset && ioe->data == req->data &&
		    ioe->width == width)
			return ioe;
	return NULL;
}

static int ioeventfd_add(struct vfio_pci_core_device *vdev,
			 const struct vfio_device_ioeventfd *req,
			 unsigned int width)
{
	unsigned int bar = VFIO_PCI_OFFSET_TO_INDEX(req->offset);
	struct vfio_pci_ioeventfd *ioe;
	int ret;

	lockdep_assert_held(&vdev->ioeventfds_lock);

	if (vdev->nr_ioeventfds == MAX_IOEVENTFDS)
		return -ENOSPC;
	ioe = kzalloc_obj(*ioe, GFP_KERNEL_ACCOUNT);
	if (!ioe)
		return -ENOMEM;
	ioe->vdev = vdev;
	ioe->offset = req->offset;
	ioe->data = req->data;
	ioe->width = width;
	ioe->io = vdev->barmap[bar] + (req->offset & VFIO_PCI_OFFSET_MASK);
	ioe->is_mem = pci_resource_flags(vdev->pdev, bar) & IORESOURCE_MEM;

	ret = vfio_virqfd_enable(ioe, ioeventfd_handler, ioeventfd_thread, NULL,
				 &ioe->virqfd, req->fd);
	if (ret) {
		kfree(ioe);
		return ret;
	}
	list_add(&ioe->entry, &vdev->ioeventfds);
	vdev->nr_ioeventfds++;
	return 0;
}

static void ioeventfd_remove(struct vfio_pci_ioeventfd *ioe)
{
	lockdep_assert_held(&ioe->vdev->ioeventfds_lock);

	vfio_virqfd_disable(&ioe->virqfd);
	list_del(&ioe->entry);
	ioe->vdev->nr_ioeventfds--;
	kfree(ioe);
}

/*
 * Only x86 accesses I/O memory at any alignment. Elsewhere such an access may be an
 * exception, which arm64 does not survive.
 */
static bool ioeventfd_is_aligned(u64 pos, unsigned int width)
{
	return IS_ENABLED(CONFIG_X86) || IS_ALIGNED(pos, width);
}

/* Check that user space could write to the range, too */
static int ioeventfd_check_range(struct vfio_pci_core_device *vdev, u64 offset,
				 unsigned int width)
{
	u64 index = VFIO_PCI_OFFSET_TO_INDEX(offset);
	u64 pos = offset & VFIO_PCI_OFFSET_MASK;

	if (index > VFIO_PCI_BAR5_REGION_INDEX ||
	    pos + width > pci_resource_len(vdev->pdev, index) ||
	    !ioeventfd_is_aligned(pos, width))
		return -EINVAL;
	if (index == vdev->msix_bar && pos + width > vdev->msix_offset &&
	    pos < vdev->msix_offset + vdev->msix_size)
		return -EINVAL;
	return PTR_ERR_OR_ZERO(vdev->barmap[index]);
}

/**
 * vfio_pci_ioctl_ioeventfd() - VFIO_DEVICE_IOEVENTFD
 * @vdev: an open device
 * @arg: user struct
 *
 * The writes are not ordered with those of user space itself. They are lost
 * while the device does not decode memory or is in low power.
 *
 * Context: May sleep. Takes the lock of the ioeventfds.
 * Return: 0; -EINVAL for a bad request or range; -EEXIST if the ioeventfd to
 * add exists already; -ENODEV if the one to remove does not exist; -ENOSPC if
 * the device has the maximum number; or another negative errno.
 */
long vfio_pci_ioctl_ioeventfd(struct vfio_pci_core_device *vdev,
			      struct vfio_device_ioeventfd __user *arg)
{
	const size_t minsz = offsetofend(struct vfio_device_ioeventfd, fd);
	struct vfio_device_ioeventfd req;
	struct vfio_pci_ioeventfd *ioe;
	int ret;

	if (copy_from_user(&req, arg, minsz))
		return -EFAULT;
	if (req.argsz < minsz || req.fd < -1)
		return -EINVAL;
	/* The value of each size flag is the size in bytes */
	if (req.flags & ~VFIO_DEVICE_IOEVENTFD_SIZE_MASK ||
	    hweight32(req.flags) != 1)
		return -EINVAL;
	ret = ioeventfd_check_range(vdev, req.offset, req.flags);
	if (ret)
		return ret;

	guard(mutex)(&vdev->ioeventfds_lock);

	ioe = ioeventfd_find(vdev, &req, req.flags);
	if (req.fd >= 0)
		return ioe ? -EEXIST : ioeventfd_add(vdev, &req, req.flags);
	if (!ioe)
		return -ENODEV;
	ioeventfd_remove(ioe);
	return 0;
}

/**
 * vfio_pci_drop_ioeventfds() - remove all ioeventfds of a device
 * @vdev: a device that is being closed
 *
 * Context: May sleep. Takes the lock of the ioeventfds.
 */
void vfio_pci_drop_ioeventfds(struct vfio_pci_core_device *vdev)
{
	struct vfio_pci_ioeventfd *ioe, *next;

	guard(mutex)(&vdev->ioeventfds_lock);

	list_for_each_entry_safe(ioe, next, &vdev->ioeventfds, entry)
		ioeventfd_remove(ioe);
}
