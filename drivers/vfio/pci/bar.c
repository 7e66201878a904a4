// SPDX-License-Identifier: GPL-2.0-only
/*
 * The BARs of an open function: reserving and mapping them, and keeping
 * everybody off while the function does not decode memory.
 */
#include <linux/err.h>
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
 * vfio_pci_memory_enabled() - does the function answer memory accesses
 * @vdev: an open device
 *
 * A virtual function has no enable bit of its own and follows the one in its
 * physical function.
 *
 * Context: Caller holds the memory lock for reading or writing.
 * Return: False where an access would be answered by nobody.
 */
bool vfio_pci_memory_enabled(struct vfio_pci_core_device *vdev)
{
	struct pci_dev *pdev = vdev->pdev;
	u16 cmd = get_unaligned_le16(&vdev->vconfig[PCI_COMMAND]);

	lockdep_assert_held(&vdev->memory_lock);

	return vfio_pci_state_decodes(pdev->current_state) &&
	       (pdev->no_command_memory || (cmd & PCI_COMMAND_MEMORY));
}

/**
 * vfio_pci_memory_usable() - may the user, or a peer, reach the BARs by himself
 * @vdev: an open device
 *
 * Not while the user let the device sleep: what goes by read() and write()
 * wakes it up, the rest does not.
 *
 * Context: Caller holds the memory lock for reading or writing.
 * Return: False where an access could hit a device that sleeps or does not
 * decode memory.
 */
bool vfio_pci_memory_usable(struct vfio_pci_core_device *vdev)
{
	return !vdev->low_power && vfio_pci_memory_enabled(vdev);
}

/**
 * vfio_pci_bar_enabled() - does the function answer accesses to a BAR
 * @vdev: an open device
 * @is_mem: a BAR of memory, not of I/O ports
 *
 * Who disables ports gets what nobody answers, as no platform minds that.
 *
 * Context: Caller holds the memory lock for reading or writing.
 * Return: False where it sleeps, or does not decode memory.
 */
bool vfio_pci_bar_enabled(struct vfio_pci_core_device *vdev, bool is_mem)
{
	lockdep_assert_held(&vdev->memory_lock);

	return is_mem ? vfio_pci_memory_enabled(vdev) :
			vfio_pci_state_decodes(vdev->pdev->current_state);
}

/**
 * vfio_pci_zap_bars() - take every BAR out of every address space
 * @vdev: the device
 *
 * Also out of those of other devices, for as long as that lasts.
 *
 * Context: Caller holds the memory lock for writing, so that no fault puts
 * them back, and releases it by vfio_pci_unlock_memory(). May sleep.
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
 * vfio_pci_lock_and_zap_memory() - keep the user off the BARs
 * @vdev: the device
 *
 * Context: Process context, may sleep. Returns with the memory lock held for
 * writing.
 */
void vfio_pci_lock_and_zap_memory(struct vfio_pci_core_device *vdev)
{
	down_write(&vdev->memory_lock);
	vfio_pci_zap_bars(vdev);
}

/* There is somebody to tell, and the device is open */
static bool bar_has_peers(struct vfio_pci_core_device *vdev)
{
	return vdev->p2p_provider || !list_empty(&vdev->dmabufs);
}

/**
 * vfio_pci_unlock_memory() - let the user and peers at the BARs again
 * @vdev: a device, open or not
 *
 * If they are enabled by now. Mappings of the user fill by themselves, those of
 * them that other devices see are filled here.
 *
 * Context: Process context, may sleep. Drops the memory lock, which was held
 * for writing.
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
 * vfio_pci_lock_and_force_memory() - make the function decode memory
 * @vdev: an open device
 *
 * For the host's own accesses to the MSI-X table and the ROM, whatever the
 * user has set.
 *
 * Context: Process context, may sleep. Returns with the memory lock held for
 * writing.
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
 * @cmd: what that function returned
 *
 * Context: Drops the memory lock.
 */
void vfio_pci_restore_and_unlock_memory(struct vfio_pci_core_device *vdev,
					u16 cmd)
{
	struct pci_dev *pdev = vdev->pdev;

	/* Nothing but the one bit: INTx is masked and unmasked meanwhile */
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
 * vfio_pci_map_bars() - reserve and map what can be had
 * @vdev: a device that is being opened
 *
 * A BAR that cannot be had is no reason to refuse the device: accesses to it
 * fail with the reason kept in its place.
 *
 * Context: Process context, may sleep; set lock held.
 */
void vfio_pci_map_bars(struct vfio_pci_core_device *vdev)
{
	int bar;

	for (bar = 0; bar < PCI_STD_NUM_BARS; bar++)
		vdev->barmap[bar] = bar_map(vdev->pdev, bar);
}

/**
 * vfio_pci_unmap_bars() - undo vfio_pci_map_bars() and vfio_pci_probe_bar_mmap()
 * @vdev: a device that is being closed
 *
 * Context: Process context, may sleep; set lock held.
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
 * A BAR smaller than a page can be mapped where nothing else is in its page,
 * now and after a hot plug: claim the rest of the page.
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
 * vfio_pci_probe_bar_mmap() - find out which BARs can be mapped by the user
 * @vdev: a device that is being opened
 *
 * Context: Process context, may sleep; set lock held.
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

/**
 * vfio_pci_p2p_register() - let peers reach the BARs that the user maps
 * @vdev: a device that is being opened, whose BARs cannot be mapped yet
 *
 * Whatever part of the user's mappings is mapped for DMA by its address follows
 * the device: no peer reaches it while it does not decode memory. Where that
 * cannot be had for lack of memory, the BARs cannot be mapped.
 *
 * Context: Process context, may sleep; set lock held. Takes the memory lock.
 */
void vfio_pci_p2p_register(struct vfio_pci_core_device *vdev)
{
	struct range ranges[PCI_STD_NUM_BARS];
	unsigned int nr = bar_mmap_ranges(vdev, ranges);
	struct iommufd_p2p_provider *provider;

	if (!nr)
		return;
	provider = iommufd_p2p_provider_register(ranges, nr);
	if (IS_ERR(provider)) {
		memset(vdev->bar_mmap_supported, 0,
		       sizeof(vdev->bar_mmap_supported));
		return;
	}
	down_write(&vdev->memory_lock);
	vdev->p2p_provider = provider;
	vfio_pci_unlock_memory(vdev);
}

/**
 * vfio_pci_p2p_unregister() - undo vfio_pci_p2p_register()
 * @vdev: a device that is being closed, none of whose BARs is mapped
 *
 * What peers have mapped leads nowhere from now on, whoever opens the device
 * next.
 *
 * Context: Process context, may sleep; set lock held. Takes the memory lock.
 */
void vfio_pci_p2p_unregister(struct vfio_pci_core_device *vdev)
{
	guard(rwsem_write)(&vdev->memory_lock);

	if (vdev->p2p_provider)
		iommufd_p2p_provider_unregister(vdev->p2p_provider);
	vdev->p2p_provider = NULL;
}
