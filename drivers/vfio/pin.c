// SPDX-License-Identifier: GPL-2.0-only
/*
 * Access of the driver of an emulated device to the memory of user space:
 * pinning, reading and writing. The prototypes are in linux/vfio.h.
 */
#include <linux/bug.h>
#include <linux/export.h>
#include <linux/iommufd.h>
#include <linux/sched.h>
#include <linux/vfio.h>

/* A driver has no access outside of open_device() and close_device() */
static bool vfio_pin_check_open(struct vfio_device *device)
{
	return !WARN_ON_ONCE(!READ_ONCE(device->open_count));
}

static int vfio_pin_access(struct iommufd_access *access, dma_addr_t iova,
			   int npage, int prot, struct page **pages)
{
	unsigned int flags = prot & IOMMU_WRITE ? IOMMUFD_ACCESS_RW_WRITE :
						  IOMMUFD_ACCESS_RW_READ;
	int ret;

	if (npage < 0)
		return -EINVAL;
	ret = iommufd_access_pin_pages(access, iova & PAGE_MASK,
				       npage * PAGE_SIZE, pages, flags);
	return ret ?: npage;
}

/**
 * vfio_pin_pages() - pin the memory behind pages of IOVA
 * @device: the device, open, registered by vfio_register_emulated_iommu_dev()
 * @iova: IOVA in the first page
 * @npage: number of pages; at most VFIO_PIN_PAGES_MAX_ENTRIES if the device is
 *	open through a container
 * @prot: IOMMU_READ, IOMMU_WRITE, or both
 * @pages: array for all pages
 *
 * The pages stay pinned until vfio_unpin_pages(), which the driver's
 * dma_unmap() must call for the range passed to it. Pages are charged once, to
 * the process that mapped them.
 *
 * Context: May sleep.
 * Return: @npage; -EINVAL for no pages, for a driver without dma_unmap(), or
 * for a device that is not emulated; or an errno of
 * iommufd_container_pin_pages() or iommufd_access_pin_pages().
 */
int vfio_pin_pages(struct vfio_device *device, dma_addr_t iova, int npage,
		   int prot, struct page **pages)
{
	if (!pages || !npage || !vfio_pin_check_open(device))
		return -EINVAL;
	if (!device->ops->dma_unmap)
		return -EINVAL;

	if (device->container_access)
		return iommufd_container_pin_pages(device->container_access,
						   iova, npage, prot, pages);
	if (device->iommufd_access)
		return vfio_pin_access(device->iommufd_access, iova, npage,
				       prot, pages);
	return -EINVAL;
}
EXPORT_SYMBOL_NS_GPL(vfio_pin_pages, "VFIO_NG");

/**
 * vfio_unpin_pages() - undo vfio_pin_pages()
 * @device: the device, open
 * @iova: IOVA passed to vfio_pin_pages()
 * @npage: number of pages passed to vfio_pin_pages(); a part of the pages can
 *	be unpinned if the device is open through a container
 *
 * Context: May sleep.
 */
void vfio_unpin_pages(struct vfio_device *device, dma_addr_t iova, int npage)
{
	if (!vfio_pin_check_open(device) || WARN_ON(npage <= 0))
		return;

	if (device->container_access)
		iommufd_container_unpin_pages(device->container_access, iova,
					      npage);
	else if (device->iommufd_access)
		iommufd_access_unpin_pages(device->iommufd_access,
					   iova & PAGE_MASK, npage * PAGE_SIZE);
}
EXPORT_SYMBOL_NS_GPL(vfio_unpin_pages, "VFIO_NG");

/**
 * vfio_dma_rw() - read or write the memory behind a range of IOVA
 * @device: the device, open, registered by vfio_register_emulated_iommu_dev()
 * @iova: first byte
 * @data: buffer to copy to or from
 * @len: number of bytes, at least 1
 * @write: copy from @data to the memory
 *
 * Context: May sleep. Runs in the process that mapped the memory, in a kernel
 * thread or, unless the device is open through a container, in another process,
 * which is slower.
 * Return: 0; -EINVAL for no bytes or for a device that is not emulated; or an
 * errno of iommufd_container_rw() or iommufd_access_rw().
 */
int vfio_dma_rw(struct vfio_device *device, dma_addr_t iova, void *data,
		size_t len, bool write)
{
	unsigned int flags = write ? IOMMUFD_ACCESS_RW_WRITE :
				     IOMMUFD_ACCESS_RW_READ;

	if (!data || !len || !vfio_pin_check_open(device))
		return -EINVAL;
	if (!current->mm)
		flags |= IOMMUFD_ACCESS_RW_KTHREAD;

	if (device->container_access)
		return iommufd_container_rw(device->container_access, iova,
					    data, len, flags);
	if (device->iommufd_access)
		return iommufd_access_rw(device->iommufd_access, iova, data,
					 len, flags);
	return -EINVAL;
}
EXPORT_SYMBOL_NS_GPL(vfio_dma_rw, "VFIO_NG");
