// SPDX-License-Identifier: GPL-2.0-only
/*
 * The floor below the benchmarks of mapping: memory of a process is pinned and
 * mapped by the calls of the kernel that cannot be avoided, and unmapped and
 * unpinned again. Nothing is checked, charged, or found by its IOVA.
 *
 * Uses two edu devices of QEMU that are bound to no driver, each with a domain.
 */
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/iommu.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/pfn.h>
#include <linux/uaccess.h>

#include "bench_floor_abi.h"

#define FLOOR_BATCH 512UL

/**
 * struct floor_domain - a domain to which a device is attached
 */
struct floor_domain {
	/** @pdev: the device, with a reference, or NULL */
	struct pci_dev *pdev;
	/** @group: its group, claimed */
	struct iommu_group *group;
	/** @domain: the domain */
	struct iommu_domain *domain;
};

/**
 * struct floor_slot - a mapping
 */
struct floor_slot {
	/** @pages: its pages; kept for the next mapping of the slot */
	struct page **pages;
	/** @size: number of entries of @pages */
	unsigned long size;
	/** @nr: number of pages that are pinned */
	unsigned long nr;
};

static struct floor_domain floor_domains[2];
static struct floor_slot floor_slots[FLOOR_SLOTS];

/* Protects the slots, and serializes what is measured. */
static DEFINE_MUTEX(floor_lock);

static unsigned long floor_run(const struct floor_slot *slot, unsigned long i)
{
	unsigned long pfn = page_to_pfn(slot->pages[i]), nr = 1;

	while (i + nr < slot->nr &&
	       page_to_pfn(slot->pages[i + nr]) == pfn + nr)
		nr++;
	return nr;
}

static void floor_unpin(struct floor_slot *slot)
{
	unsigned long i, nr;

	for (i = 0; i < slot->nr; i += nr) {
		nr = floor_run(slot, i);
		unpin_user_page_range_dirty_lock(slot->pages[i], nr, true);
	}
	slot->nr = 0;
}

static int floor_pin(struct floor_slot *slot, unsigned long addr,
		     unsigned long nr)
{
	long got;

	while (slot->nr < nr) {
		got = pin_user_pages_fast(addr + slot->nr * PAGE_SIZE,
					  min(nr - slot->nr, FLOOR_BATCH),
					  FOLL_WRITE | FOLL_LONGTERM,
					  slot->pages + slot->nr);
		if (got <= 0)
			return got ?: -EFAULT;
		slot->nr += got;
	}
	return 0;
}

static void floor_unmap(struct iommu_domain *domain, unsigned long iova,
			size_t length)
{
	struct iommu_iotlb_gather gather;

	iommu_iotlb_gather_init(&gather);
	iommu_unmap_fast(domain, iova, length, &gather);
	iommu_iotlb_sync(domain, &gather);
}

static int floor_map(struct iommu_domain *domain, const struct floor_slot *slot,
		     unsigned long iova)
{
	unsigned long i, nr;
	int ret;

	for (i = 0; i < slot->nr; i += nr) {
		nr = floor_run(slot, i);
		ret = iommu_map(domain, iova + i * PAGE_SIZE,
				PFN_PHYS(page_to_pfn(slot->pages[i])),
				nr * PAGE_SIZE, IOMMU_READ | IOMMU_WRITE,
				GFP_KERNEL_ACCOUNT);
		if (ret) {
			floor_unmap(domain, iova, i * PAGE_SIZE);
			return ret;
		}
	}
	return 0;
}

static int floor_prepare(struct floor_slot *slot, unsigned long nr)
{
	struct page **pages;

	if (slot->nr)
		return -EBUSY;
	if (nr <= slot->size)
		return 0;
	pages = kvmalloc_array(nr, sizeof(*pages), GFP_KERNEL);
	if (!pages)
		return -ENOMEM;
	kvfree(slot->pages);
	slot->pages = pages;
	slot->size = nr;
	return 0;
}

static int floor_pin_and_map(struct floor_slot *slot,
			     const struct floor_request *request)
{
	int ret = floor_prepare(slot, PFN_DOWN(request->length));

	if (!ret)
		ret = floor_pin(slot, request->addr, PFN_DOWN(request->length));
	if (!ret)
		ret = floor_map(floor_domains[0].domain, slot, request->iova);
	if (ret)
		floor_unpin(slot);
	return ret;
}

static long floor_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	struct floor_request request;
	struct floor_slot *slot;

	if (copy_from_user(&request, (void __user *)arg, sizeof(request)))
		return -EFAULT;
	if (request.slot >= FLOOR_SLOTS || request.pad || !request.length ||
	    (request.addr | request.length | request.iova) % PAGE_SIZE)
		return -EINVAL;
	slot = &floor_slots[request.slot];

	guard(mutex)(&floor_lock);
	if (cmd == FLOOR_MAP)
		return floor_pin_and_map(slot, &request);
	if (request.length != slot->nr * PAGE_SIZE)
		return -EINVAL;
	switch (cmd) {
	case FLOOR_UNMAP:
		floor_unmap(floor_domains[0].domain, request.iova,
			    request.length);
		floor_unpin(slot);
		return 0;
	case FLOOR_MAP_SECOND:
		return floor_map(floor_domains[1].domain, slot, request.iova);
	case FLOOR_UNMAP_SECOND:
		floor_unmap(floor_domains[1].domain, request.iova,
			    request.length);
		return 0;
	default:
		return -ENOTTY;
	}
}

static const struct file_operations floor_fops = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = floor_ioctl,
};

static struct miscdevice floor_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "bench_floor",
	.fops = &floor_fops,
};

static void floor_detach(struct floor_domain *entry)
{
	if (!entry->pdev)
		return;
	if (entry->domain) {
		iommu_detach_group(entry->domain, entry->group);
		iommu_domain_free(entry->domain);
		iommu_group_release_dma_owner(entry->group);
	}
	iommu_group_put(entry->group);
	pci_dev_put(entry->pdev);
	entry->pdev = NULL;
}

static int floor_attach(struct floor_domain *entry, struct pci_dev *after)
{
	struct iommu_domain *domain;
	int ret;

	entry->pdev = pci_get_device(0x1234, 0x11e8, pci_dev_get(after));
	if (!entry->pdev)
		return -ENODEV;
	entry->group = iommu_group_get(&entry->pdev->dev);
	if (!entry->group)
		return -ENODEV;
	ret = iommu_group_claim_dma_owner(entry->group, entry);
	if (ret)
		return ret;
	domain = iommu_paging_domain_alloc(&entry->pdev->dev);
	ret = PTR_ERR_OR_ZERO(domain);
	if (!ret) {
		ret = iommu_attach_group(domain, entry->group);
		if (ret)
			iommu_domain_free(domain);
	}
	if (ret) {
		iommu_group_release_dma_owner(entry->group);
		return ret;
	}
	entry->domain = domain;
	return 0;
}

static void floor_exit(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(floor_slots); i++) {
		WARN_ON(floor_slots[i].nr);
		kvfree(floor_slots[i].pages);
	}
	floor_detach(&floor_domains[1]);
	floor_detach(&floor_domains[0]);
}

static int __init floor_init(void)
{
	int ret = floor_attach(&floor_domains[0], NULL);

	if (!ret)
		ret = floor_attach(&floor_domains[1], floor_domains[0].pdev);
	if (!ret)
		ret = misc_register(&floor_device);
	if (ret)
		floor_exit();
	return ret;
}

static void __exit floor_module_exit(void)
{
	misc_deregister(&floor_device);
	floor_exit();
}

module_init(floor_init);
module_exit(floor_module_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("The floor below the benchmarks of mapping");
