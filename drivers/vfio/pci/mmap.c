// SPDX-License-Identifier: GPL-2.0-only
/*
 * BARs in the address space of a process. Faults fill the mappings, which are
 * emptied whenever the function stops decoding memory.
 */
#include <linux/err.h>
#include <linux/export.h>
#include <linux/mm.h>

#include "bar.h"
#include "mmap.h"

#define REGION_PAGES_SHIFT (VFIO_PCI_OFFSET_SHIFT - PAGE_SHIFT)

static unsigned int mmap_bar(struct vm_area_struct *vma)
{
	return vma->vm_pgoff >> REGION_PAGES_SHIFT;
}

static unsigned long mmap_bar_page(struct vm_area_struct *vma)
{
	return vma->vm_pgoff & (BIT(REGION_PAGES_SHIFT) - 1);
}

/* Only if the kernel looks the page up, to map it for DMA. */
static void mmap_refuse_fault(struct vfio_pci_core_device *vdev,
			      const struct vm_fault *vmf)
{
	struct iommufd_refusal_log *log;

	if (!(vmf->flags & FAULT_FLAG_REMOTE))
		return;
	log = vfio_device_dma_refusals(&vdev->vdev);
	if (log)
		iommufd_refuse_name(log, REFUSAL_BAR_DISABLED,
				    pci_name(vdev->pdev), NULL,
				    mmap_bar(vmf->vma));
}

/**
 * vfio_pci_vmf_insert_pfn() - map pages of the device from a fault handler
 * @vdev: an open device
 * @vmf: the fault
 * @pfn: first page frame, aligned to @order
 * @order: log2 of the number of pages
 *
 * Context: May sleep. The caller holds the memory lock for reading.
 * Return: VM_FAULT_NOPAGE; VM_FAULT_SIGBUS if the device does not decode memory
 * or is in low power; VM_FAULT_FALLBACK for an order that is not supported; or
 * another error.
 */
vm_fault_t vfio_pci_vmf_insert_pfn(struct vfio_pci_core_device *vdev,
				   struct vm_fault *vmf, unsigned long pfn,
				   unsigned int order)
{
	if (!vfio_pci_memory_usable(vdev)) {
		mmap_refuse_fault(vdev, vmf);
		return VM_FAULT_SIGBUS;
	}
	if (!order)
		return vmf_insert_pfn(vmf->vma, vmf->address, pfn);
#ifdef CONFIG_ARCH_SUPPORTS_PMD_PFNMAP
	if (order == PMD_ORDER)
		return vmf_insert_pfn_pmd(vmf, pfn, false);
#endif
#ifdef CONFIG_ARCH_SUPPORTS_PUD_PFNMAP
	if (order == PUD_ORDER)
		return vmf_insert_pfn_pud(vmf, pfn, false);
#endif
	return VM_FAULT_FALLBACK;
}
EXPORT_SYMBOL_NS_GPL(vfio_pci_vmf_insert_pfn, "VFIO_PCI_NG");

static vm_fault_t mmap_huge_fault(struct vm_fault *vmf, unsigned int order)
{
	struct vm_area_struct *vma = vmf->vma;
	struct vfio_pci_core_device *vdev = vma->vm_private_data;
	unsigned long addr = ALIGN_DOWN(vmf->address, PAGE_SIZE << order);
	unsigned long pfn;

	pfn = PHYS_PFN(pci_resource_start(vdev->pdev, mmap_bar(vma))) +
	      mmap_bar_page(vma) + ((addr - vma->vm_start) >> PAGE_SHIFT);
	if (!is_aligned_for_order(vma, addr, pfn, order))
		return VM_FAULT_FALLBACK;

	guard(rwsem_read)(&vdev->memory_lock);

	return vfio_pci_vmf_insert_pfn(vdev, vmf, pfn, order);
}

static vm_fault_t mmap_fault(struct vm_fault *vmf)
{
	return mmap_huge_fault(vmf, 0);
}

static const struct vm_operations_struct mmap_vm_ops = {
	.fault = mmap_fault,
#ifdef CONFIG_ARCH_SUPPORTS_HUGE_PFNMAP
	.huge_fault = mmap_huge_fault,
#endif
};

/**
 * vfio_pci_mmap_bar() - map a BAR to user space
 * @vdev: an open device
 * @vma: the mapping; its offset selects the BAR and the first page of it
 *
 * Nothing is mapped yet, because each fault has to check if the function
 * decodes memory at that moment.
 *
 * Context: The caller holds mmap_lock for writing.
 * Return: 0; -EINVAL if the BAR or the range cannot be mapped; or the error
 * with which reserving the BAR failed.
 */
int vfio_pci_mmap_bar(struct vfio_pci_core_device *vdev,
		      struct vm_area_struct *vma)
{
	unsigned int bar = mmap_bar(vma);
	u64 bar_pages;

	if (bar >= PCI_STD_NUM_BARS || !vdev->bar_mmap_supported[bar] ||
	    !(vma->vm_flags & VM_SHARED)) {
		vfio_refuse(&vdev->vdev, REFUSAL_NO_MMAP, bar);
		return -EINVAL;
	}

	bar_pages = PAGE_ALIGN(pci_resource_len(vdev->pdev, bar)) >> PAGE_SHIFT;
	if (mmap_bar_page(vma) + vma_pages(vma) > bar_pages) {
		vfio_refuse(&vdev->vdev, REFUSAL_REGION_RANGE, bar,
			    bar_pages << PAGE_SHIFT,
			    mmap_bar_page(vma) << PAGE_SHIFT,
			    vma_pages(vma) << PAGE_SHIFT);
		return -EINVAL;
	}
	if (IS_ERR(vdev->barmap[bar]))
		return PTR_ERR(vdev->barmap[bar]);

	vma->vm_private_data = vdev;
	vma->vm_page_prot = pgprot_noncached(vma->vm_page_prot);
	vma->vm_page_prot = pgprot_decrypted(vma->vm_page_prot);
	/* Guests may map it write-combining: all supported CPUs allow it */
	vm_flags_set(vma, VM_ALLOW_ANY_UNCACHED | VM_IO | VM_PFNMAP |
				  VM_DONTEXPAND | VM_DONTDUMP);
	vma->vm_ops = &mmap_vm_ops;
	return 0;
}
