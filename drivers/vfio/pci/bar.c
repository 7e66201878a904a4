// SPDX-License-Identifier: GPL-2.0-only
/*
 * BARs of an open function: reserve and map them, and keep user space and peers
 * off them while the function does not decode memory.
 */
#include <linux/err.h>
#include <linux/export.h>
#include <linux/io.h>
#include <linux/iommufd.h>
#include <linux/ioport.h>
#include <linux/mm.h>
#include <linux/range.h>
#include <linux/slab.h>
#include <linux/unaligned.h>

#include "bar.h"
#include "dmabuf.h"

/**
 * __vfio_pci_memory_enabled() - check if the function decodes memory
 * @vdev: an open device
 *
 * A virtual function has no enable bit of its own and follows the one of its
 * physical function.
 *
 * Context: The caller holds the memory lock for reading or writing.
 * Return: False if no device would respond to an access.
 */
bool __vfio_pci_memory_enabled(struct vfio_pci_core_device *vdev)
{
	struct pci_dev *pdev = vdev->pdev;
	u16 cmd = get_unaligned_le16(&vdev->vconfig[PCI_COMMAND]);

	lockdep_assert_held(&vdev->memory_lock);

	return vfio_pci_state_decodes(pdev->current_state) &&
	       (pdev->no_command_memory || (cmd & PCI_COMMAND_MEMORY));
}
EXPORT_SYMBOL_NS_GPL(__vfio_pci_memory_enabled, "VFIO_PCI_NG");

/**
 * vfio_pci_memory_usable() - check if user space and peers may access the BARs
 * @vdev: an open device
 *
 * Mappings, ioeventfds and peers cannot resume a device that user space has put
 * into low power, as read() and write() do, so they may not access it then.
 *
 * Context: The caller holds the memory lock for reading or writing.
 * Return: False if an access could hit a device that is suspended or does not
 * decode memory.
 */
bool vfio_pci_memory_usable(struct vfio_pci_core_device *vdev)
{
	return !vdev->pm_runtime_engaged && __vfio_pci_memory_enabled(vdev);
}

/**
 * vfio_pci_bar_enabled() - check if the function decodes accesses to a BAR
 * @vdev: an open device
 * @is_mem: true for a memory BAR, false for I/O ports
 *
 * The I/O enable bit is not checked, because no platform minds an access to
 * ports that no device decodes.
 *
 * Context: The caller holds the memory lock for reading or writing.
 * Return: False in D3, in an unknown power state, and if memory is not decoded.
 */
bool vfio_pci_bar_enabled(struct vfio_pci_core_device *vdev, bool is_mem)
{
	lockdep_assert_held(&vdev->memory_lock);

	return is_mem ? __vfio_pci_memory_enabled(vdev) :
			vfio_pci_state_decodes(vdev->pdev->current_state);
}

/**
 * vfio_pci_zap_bars() - remove all BARs from all address spaces
 * @vdev: the device
 *
 * Peers are cut off, too, until vfio_pci_unlock_memory().
 *
 * Context: May sleep. The caller holds the memory lock for writing, so that no
 * fault maps a BAR again, and releases it by vfio_pci_unlock_memory().
 */
void vfio_pci_zap_bars(struct vfio_pci_core_device *vdev)
{
	u64 start = VFIO_PCI_INDEX_TO_OFFSET(VFIO_PCI_BAR0_REGION_INDEX);
	u64 end = VFIO_PCI_INDEX_TO_OFFSET(VFIO_PCI_ROM_REGION_INDEX);

	lockdep_assert_held_write(&vdev->memory_lock);

	unmap_mapping_range(vdev->vdev.inode->i_mapping, start, end - start,
			    true);
	vfio_pci_dmabuf_revoke_all(vdev);
	if (vdev->p2p_provider)
		iommufd_p2p_provider_revoke(vdev->p2p_provider);
}

/**
 * vfio_pci_lock_and_zap_memory() - lock the memory and remove all BARs
 * @vdev: the device
 *
 * Context: May sleep. Returns with the memory lock held for writing.
 */
void vfio_pci_lock_and_zap_memory(struct vfio_pci_core_device *vdev)
{
	down_write(&vdev->memory_lock);
	vfio_pci_zap_bars(vdev);
}

/* Peers can exist, which implies that the device is open */
static bool bar_has_peers(struct vfio_pci_core_device *vdev)
{
	return vdev->p2p_provider || !list_empty(&vdev->dmabufs);
}

/**
 * vfio_pci_unlock_memory() - unlock the memory and restore access to the BARs
 * @vdev: a device, open or not
 *
 * Access is restored only if the BARs are enabled by now. Faults fill the
 * mappings of user space again; those of peers are restored here.
 *
 * Context: May sleep. Drops the memory lock, which was held for writing.
 */
void vfio_pci_unlock_memory(struct vfio_pci_core_device *vdev)
{
	if (bar_has_peers(vdev) && vfio_pci_memory_usable(vdev)) {
		vfio_pci_dmabuf_restore_all(vdev);
		if (vdev->p2p_provider)
			iommufd_p2p_provider_restore(vdev->p2p_provider);
	}
	up_write(&vdev->memory_lock);
}

/**
 * vfio_pci_lock_and_force_memory() - lock the memory and enable its decoding
 * @vdev: an open device
 *
 * The host uses this for its own accesses to the MSI-X table and the ROM,
 * regardless of the enable bit that user space has set.
 *
 * Context: May sleep. Returns with the memory lock held for writing.
 * Return: Command register for vfio_pci_restore_and_unlock_memory().
 */
u16 vfio_pci_lock_and_force_memory(struct vfio_pci_core_device *vdev)
{
	u16 cmd;

	down_write(&vdev->memory_lock);
	pci_read_config_word(vdev->pdev, PCI_COMMAND, &cmd);
	if (!(cmd & PCI_COMMAND_MEMORY))
		pci_write_config_word(vdev->pdev, PCI_COMMAND,
				      cmd | PCI_COMMAND_MEMORY);
	return cmd;
}

/**
 * vfio_pci_restore_and_unlock_memory() - undo vfio_pci_lock_and_force_memory()
 * @vdev: an open device
 * @cmd: command register that vfio_pci_lock_and_force_memory() returned
 *
 * Context: The caller holds the memory lock for writing, which is dropped.
 */
void vfio_pci_restore_and_unlock_memory(struct vfio_pci_core_device *vdev,
					u16 cmd)
{
	struct pci_dev *pdev = vdev->pdev;

	/* Change this bit alone: INTx Disable may have changed meanwhile */
	if (!(cmd & PCI_COMMAND_MEMORY)) {
		pci_read_config_word(pdev, PCI_COMMAND, &cmd);
		pci_write_config_word(pdev, PCI_COMMAND,
				      cmd & ~PCI_COMMAND_MEMORY);
	}
	up_write(&vdev->memory_lock);
}

static void __iomem *bar_map(struct pci_dev *pdev, int bar)
{
	void __iomem *io;

	if (!pci_resource_len(pdev, bar))
		return IOMEM_ERR_PTR(-ENODEV);
	if (pci_request_selected_regions(pdev, BIT(bar), "vfio"))
		return IOMEM_ERR_PTR(-EBUSY);

	io = pci_iomap(pdev, bar, 0);
	if (io)
		return io;

	pci_release_selected_regions(pdev, BIT(bar));
	return IOMEM_ERR_PTR(-ENOMEM);
}

/**
 * vfio_pci_map_bars() - reserve and map the BARs
 * @vdev: a device that is being opened
 *
 * A BAR that cannot be reserved or mapped does not make the open fail. Its slot
 * in @vdev->barmap keeps the error, which accesses to it return.
 *
 * Context: May sleep; the caller holds the set lock.
 */
void vfio_pci_map_bars(struct vfio_pci_core_device *vdev)
{
	int bar;

	for (bar = 0; bar < PCI_STD_NUM_BARS; bar++)
		vdev->barmap[bar] = bar_map(vdev->pdev, bar);
}

/**
 * vfio_pci_unmap_bars() - unmap and release the BARs
 * @vdev: a device that is being closed
 *
 * Undoes vfio_pci_map_bars() and vfio_pci_probe_bar_mmap().
 *
 * Context: May sleep; the caller holds the set lock.
 */
void vfio_pci_unmap_bars(struct vfio_pci_core_device *vdev)
{
	int bar;

	for (bar = 0; bar < PCI_STD_NUM_BARS; bar++) {
		if (vdev->bar_tail[bar])
			release_resource(vdev->bar_tail[bar]);
		kfree(vdev->bar_tail[bar]);
		vdev->bar_tail[bar] = NULL;
		vdev->bar_mmap_supported[bar] = false;

		if (!IS_ERR_OR_NULL(vdev->barmap[bar])) {
			pci_iounmap(vdev->pdev, vdev->barmap[bar]);
			pci_release_selected_regions(vdev->pdev, BIT(bar));
		}
		vdev->barmap[bar] = NULL;
	}
}

/*
 * A BAR smaller than a page can be mapped if nothing else is in its page.
 * Reserve the rest of the page, so that a hot plug does not change that.
 */
static bool bar_reserve_tail(struct vfio_pci_core_device *vdev, int bar)
{
	struct resource *res = &vdev->pdev->resource[bar];
	struct resource *tail;

	if (!PAGE_ALIGNED(res->start))
		return false;

	tail = kzalloc_obj(*tail, GFP_KERNEL_ACCOUNT);
	if (!tail)
		return false;

	tail->name = "vfio sub-page reserved";
	tail->start = res->end + 1;
	tail->end = res->start + PAGE_SIZE - 1;
	tail->flags = res->flags;
	if (request_resource(res->parent, tail)) {
		kfree(tail);
		return false;
	}

	vdev->bar_tail[bar] = tail;
	return true;
}

/**
 * vfio_pci_probe_bar_mmap() - find out which BARs user space can map
 * @vdev: a device that is being opened
 *
 * Context: May sleep; the caller holds the set lock.
 */
void vfio_pci_probe_bar_mmap(struct vfio_pci_core_device *vdev)
{
	int bar;

	for (bar = 0; bar < PCI_STD_NUM_BARS; bar++) {
		resource_size_t len = pci_resource_len(vdev->pdev, bar);

		if (!len ||
		    !(pci_resource_flags(vdev->pdev, bar) & IORESOURCE_MEM))
			continue;
		vdev->bar_mmap_supported[bar] = len >= PAGE_SIZE ||
						bar_reserve_tail(vdev, bar);
	}
}

static unsigned int bar_mmap_ranges(struct vfio_pci_core_device *vdev,
				    struct range *ranges)
{
	unsigned int nr = 0;
	int bar;

	for (bar = 0; bar < PCI_STD_NUM_BARS; bar++) {
		if (!vdev->bar_mmap_supported[bar])
			continue;
		ranges[nr].start = pci_resource_start(vdev->pdev, bar);
		ranges[nr++].end = pci_resource_end(vdev->pdev, bar);
	}
	return nr;
}

static unsigned int bar_mmap_mask(const struct vfio_pci_core_device *vdev)
{
	unsigned int mask = 0;
	int bar;

	for (bar = 0; bar < PCI_STD_NUM_BARS; bar++)
		mask |= vdev->bar_mmap_supported[bar] << bar;
	return mask;
}

/*
 * The container of the last open may have mappings of the BARs. If the device
 * is opened through it again, they are valid again. Another user must not be
 * reached by them.
 */
static struct iommufd_p2p_provider *
bar_resume_provider(struct vfio_pci_core_device *vdev)
{
	struct iommufd_p2p_provider *provider = vdev->p2p_suspended;

	if (!provider || !vdev->vdev.container_id ||
	    vdev->vdev.container_id != vdev->p2p_container ||
	    bar_mmap_mask(vdev) != vdev->p2p_bars)
		return NULL;
	vdev->p2p_suspended = NULL;
	iommufd_p2p_provider_resume(provider);
	return provider;
}

static struct iommufd_p2p_provider *
bar_register_provider(struct vfio_pci_core_device *vdev)
{
	struct range ranges[PCI_STD_NUM_BARS];
	unsigned int nr = bar_mmap_ranges(vdev, ranges);

	if (!nr)
		return NULL;
	return iommufd_p2p_provider_register(pci_name(vdev->pdev), ranges, nr);
}

/**
 * vfio_pci_p2p_register() - register the BARs as memory for peer-to-peer DMA
 * @vdev: a device that is being opened, with no BAR mapped by user space yet
 *
 * User space may map a BAR for DMA of other devices by the address of its
 * mapping of that BAR. The provider lets peers access them only while the
 * device decodes memory. If it cannot be registered for lack of memory, user
 * space cannot map the BARs.
 *
 * Context: May sleep; the caller holds the set lock. Takes the memory lock.
 */
void vfio_pci_p2p_register(struct vfio_pci_core_device *vdev)
{
	struct iommufd_p2p_provider *provider = bar_resume_provider(vdev);

	if (!provider) {
		vfio_pci_p2p_unregister(vdev);
		provider = bar_register_provider(vdev);
	}
	if (IS_ERR(provider)) {
		memset(vdev->bar_mmap_supported, 0,
		       sizeof(vdev->bar_mmap_supported));
		return;
	}
	vdev->p2p_container = vdev->vdev.container_id;
	vdev->p2p_bars = bar_mmap_mask(vdev);
	down_write(&vdev->memory_lock);
	vdev->p2p_provider = provider;
	vfio_pci_unlock_memory(vdev);
}

/**
 * vfio_pci_p2p_suspend() - undo vfio_pci_p2p_register()
 * @vdev: a device that is being closed, with no BAR mapped by user space
 *
 * Peers lose access to the BARs until the device is opened again through the
 * same container, or for good.
 *
 * Context: May sleep; the caller holds the set lock. Takes the memory lock.
 */
void vfio_pci_p2p_suspend(struct vfio_pci_core_device *vdev)
{
	guard(rwsem_write)(&vdev->memory_lock);

	if (vdev->p2p_provider)
		iommufd_p2p_provider_suspend(vdev->p2p_provider);
	vdev->p2p_suspended = vdev->p2p_provider;
	vdev->p2p_provider = NULL;
}

/**
 * vfio_pci_p2p_unregister() - remove the access of peers to the BARs for good
 * @vdev: a device that is not open
 *
 * Context: May sleep; the device is being opened, or cannot be opened any more.
 */
void vfio_pci_p2p_unregister(struct vfio_pci_core_device *vdev)
{
	if (vdev->p2p_suspended)
		iommufd_p2p_provider_unregister(vdev->p2p_suspended);
	vdev->p2p_suspended = NULL;
}
