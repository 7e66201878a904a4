// SPDX-License-Identifier: GPL-2.0-only
/*
 * BARs in the address space of a process. Faults fill the mappings, which are
 * emptied whenever the function stops decoding memory.
 */
#include <linux/err.h>
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

static vm_fault_t mmap_insert_pfn(struct vm_fault *vmf, unsigned long pfn,
				  unsigned int order)
{
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

static vm_fault_t mmap_huge_fault(struct vm_fault *vmf, unsigned int order)
{
	struct vm_area_struct *vma = vmf->vma;
	struct vfio_pci_core_device *vdev = vma->vm_private_data;
	unsigned long size = PAGE_SIZE << order;
	unsigned long addr = ALIGN_DOWN(vmf->address, size);
	unsigned long pfn;

	if (addr < vma->vm_start || size > vma->vm_end - addr)
		return VM_FAULT_FALLBACK;

	pfn = PHYS_PFN(pci_resource_start(vdev->pdev, mmap_bar(vma))) +
	      mmap_bar_page(vma) + ((addr - vma->vm_start) >> PAGE_SHIFT);
	if (!IS_ALIGNED(pfn, 1UL << order))
		return VM_FAULT_FALLBACK;

	guard(rwsem_read)(&vdev->memory_lock);

	if (!vfio_pci_memory_usable(vdev))
		return VM_FAULT_SIGBUS;
	return mmap_insert_pfn(vmf, pfn, order);
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
	    !(vma->vm_flags & VM_SHARED))
		return -EINVAL;

	bar_pages = PAGE_ALIGN(pci_resource_len(vdev->pdev, bar)) >> PAGE_SHIFT;
	if (mmap_bar_page(vma) + vma_pages(vma) > bar_pages)
		return -EINVAL;
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
