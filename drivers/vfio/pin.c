// SPDX-License-Identifier: GPL-2.0-only
#include <linux/bug.h>
#include <linux/export.h>
#include <linux/iommufd.h>
#include <linux/sched.h>
#include <linux/vfio.h>

/* What a driver keeps on using after close_device() is not there any more */
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
 * vfio_pin_pages() - pin the memory behind some pages of IOVA
 * @device: the device, open, registered by vfio_register_emulated_iommu_dev()
 * @iova: in the first page
 * @npage: how many; VFIO_PIN_PAGES_MAX_ENTRIES at most, where it is open through
 *	a container
 * @prot: IOMMU_READ, IOMMU_WRITE, or both
 * @pages: room for all pages
 *
 * They stay until vfio_unpin_pages(), which the driver's dma_unmap() must call
 * for whatever it is told. The pages are accounted once, to who has mapped them.
 *
 * Context: Process context, may sleep.
 * Return: @npage. -EINVAL: nothing asked for, the driver has no dma_unmap(), or
 * the device is no such one. Otherwise what iommufd_container_pin_pages() says,
 * or iommufd_access_pin_pages().
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
 * @iova: as it was given there
 * @npage: as it was given there; where the device is open through a container,
 *	some pages of it will do
 *
 * Context: Process context, may sleep.
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
 * @data: where to or from
 * @len: bytes, at least 1
 * @write: to the memory, not from it
 *
 * Context: Process context, may sleep; of whoever has mapped the memory, of a
 * kernel thread, or, but for a device that is open through a container, of another
 * process, which is slower.
 * Return: 0. -EINVAL: nothing asked for, or the device is no such one. Otherwise
 * what iommufd_container_rw() says, or iommufd_access_rw().
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
