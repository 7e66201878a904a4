// SPDX-License-Identifier: GPL-2.0-only
/*
 * Makes the IOMMU of edu devices one that tracks dirty pages, which the IOMMUs
 * that QEMU emulates do not. Each device gets a copy of its struct iommu_device,
 * with ops that add the tracking and leave the rest to the driver. The pages are
 * those that edu_migration.c reports.
 *
 * To be loaded while no program uses the devices for DMA through iommufd. It is
 * not built for kernels whose drivers share page table code, because iommufd
 * does not use the dirty tracking of that code.
 */
#include <linux/cleanup.h>
#include <linux/iommu.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/xarray.h>
#include <uapi/linux/iommufd.h>

#include "../edu_migration/edu_writes.h"

#define EDU_DEVICES 2

/**
 * struct edu_iommu - the IOMMU of a device
 */
struct edu_iommu {
	/** @pdev: the device; holds a reference, NULL if there is none */
	struct pci_dev *pdev;
	/** @real: the IOMMU as its driver has it */
	struct iommu_device *real;
	/** @iommu: the copy that the device has */
	struct iommu_device iommu;
	/** @ops: ops of @iommu */
	struct iommu_ops ops;
};

/**
 * struct edu_domain - what is added to a domain
 */
struct edu_domain {
	/** @real: ops of the driver */
	const struct iommu_domain_ops *real;
	/** @ops: ops of the domain */
	struct iommu_domain_ops ops;
	/** @tracking: writes are recorded */
	bool tracking;
	/** @dirty: pages of 4 KiB that were written to */
	struct xarray dirty;
};

static struct edu_iommu edu_iommus[EDU_DEVICES];

/* Protects the members of all struct edu_domain, and that a write finds one. */
static DEFINE_MUTEX(edu_lock);

/* By the address of the struct iommu_domain */
static DEFINE_XARRAY(edu_domains);

static struct edu_domain *edu_domain_of(struct iommu_domain *domain)
{
	return xa_load(&edu_domains, (unsigned long)domain);
}

static int edu_set_tracking(struct iommu_domain *domain, bool enabled)
{
	guard(mutex)(&edu_lock);
	edu_domain_of(domain)->tracking = enabled;
	return 0;
}

static int edu_read_dirty(struct iommu_domain *domain, unsigned long iova,
			  size_t size, unsigned long flags,
			  struct iommu_dirty_bitmap *dirty)
{
	struct edu_domain *edom = edu_domain_of(domain);
	unsigned long page;
	void *entry;

	guard(mutex)(&edu_lock);
	if (!edom->tracking && dirty->bitmap)
		return -EINVAL;
	xa_for_each_range(&edom->dirty, page, entry, iova / SZ_4K,
			  (iova + size - 1) / SZ_4K) {
		iommu_dirty_bitmap_record(dirty, page * SZ_4K, SZ_4K);
		if (!(flags & IOMMU_DIRTY_NO_CLEAR))
			xa_erase(&edom->dirty, page);
	}
	return 0;
}

static const struct iommu_dirty_ops edu_dirty_ops = {
	.set_dirty_tracking = edu_set_tracking,
	.read_and_clear_dirty = edu_read_dirty,
};

/* The driver refuses a domain whose dirty pages its IOMMU cannot track. */
static int edu_attach(struct iommu_domain *domain, struct device *dev)
{
	int ret;

	domain->dirty_ops = NULL;
	ret = edu_domain_of(domain)->real->attach_dev(domain, dev);
	domain->dirty_ops = &edu_dirty_ops;
	return ret;
}

static void edu_domain_free(struct iommu_domain *domain)
{
	struct edu_domain *edom;

	scoped_guard(mutex, &edu_lock)
		edom = xa_erase(&edu_domains, (unsigned long)domain);
	domain->dirty_ops = NULL;
	domain->ops = edom->real;
	domain->ops->free(domain);
	xa_destroy(&edom->dirty);
	kfree(edom);
	module_put(THIS_MODULE);
}

static int edu_domain_track(struct iommu_domain *domain)
{
	struct edu_domain *edom;
	int ret;

	edom = kzalloc_obj(*edom, GFP_KERNEL);
	if (!edom)
		return -ENOMEM;
	xa_init(&edom->dirty);
	edom->real = domain->ops;
	edom->ops = *domain->ops;
	edom->ops.attach_dev = edu_attach;
	edom->ops.free = edu_domain_free;
	ret = xa_insert(&edu_domains, (unsigned long)domain, edom, GFP_KERNEL);
	if (ret) {
		kfree(edom);
		return ret;
	}
	__module_get(THIS_MODULE);
	domain->ops = &edom->ops;
	domain->dirty_ops = &edu_dirty_ops;
	return 0;
}

static struct edu_iommu *edu_iommu_of(struct device *dev)
{
	return container_of(dev->iommu->iommu_dev, struct edu_iommu, iommu);
}

static bool edu_capable(struct device *dev, enum iommu_cap cap)
{
	return cap == IOMMU_CAP_DIRTY_TRACKING ||
	       edu_iommu_of(dev)->real->ops->capable(dev, cap);
}

static struct iommu_domain *edu_domain_alloc(struct device *dev, u32 flags,
					     struct iommu_domain *parent,
					     const struct iommu_user_data *data)
{
	const struct edu_iommu *edu = edu_iommu_of(dev);
	struct iommu_domain *domain;
	int ret;

	domain = edu->real->ops->domain_alloc_user(
		dev, flags & ~IOMMU_HWPT_ALLOC_DIRTY_TRACKING, parent, data);
	if (IS_ERR(domain))
		return domain;
	domain->owner = &edu->ops;
	if (!(flags & IOMMU_HWPT_ALLOC_DIRTY_TRACKING))
		return domain;
	ret = edu_domain_track(domain);
	if (ret) {
		iommu_domain_free(domain);
		return ERR_PTR(ret);
	}
	return domain;
}

static int edu_record(struct notifier_block *nb, unsigned long page, void *dev)
{
	struct edu_domain *edom;

	guard(mutex)(&edu_lock);
	edom = edu_domain_of(iommu_get_domain_for_dev(dev));
	/* The guest notices if a page is lost because there is no memory. */
	if (edom && edom->tracking)
		xa_store(&edom->dirty, page, xa_mk_value(1), GFP_KERNEL);
	return NOTIFY_OK;
}

static struct notifier_block edu_nb = {
	.notifier_call = edu_record,
};

static void edu_iommu_restore(void)
{
	struct edu_iommu *edu;

	for (edu = edu_iommus; edu < edu_iommus + EDU_DEVICES; edu++) {
		if (!edu->pdev)
			continue;
		edu->pdev->dev.iommu->iommu_dev = edu->real;
		pci_dev_put(edu->pdev);
	}
}

static void edu_iommu_replace(struct edu_iommu *edu, struct pci_dev *pdev)
{
	edu->pdev = pci_dev_get(pdev);
	edu->real = pdev->dev.iommu->iommu_dev;
	edu->ops = *edu->real->ops;
	edu->ops.capable = edu_capable;
	edu->ops.domain_alloc_user = edu_domain_alloc;
	edu->iommu = *edu->real;
	edu->iommu.ops = &edu->ops;
	pdev->dev.iommu->iommu_dev = &edu->iommu;
}

static int __init edu_iommu_init(void)
{
	struct pci_dev *pdev = NULL;
	unsigned int found = 0;

	while ((pdev = pci_get_device(0x1234, 0x11e8, pdev))) {
		if (found == EDU_DEVICES || !device_iommu_mapped(&pdev->dev)) {
			pci_dev_put(pdev);
			edu_iommu_restore();
			return -ENODEV;
		}
		edu_iommu_replace(&edu_iommus[found++], pdev);
	}
	return blocking_notifier_chain_register(&edu_writes, &edu_nb);
}

static void __exit edu_iommu_exit(void)
{
	blocking_notifier_chain_unregister(&edu_writes, &edu_nb);
	edu_iommu_restore();
}

module_init(edu_iommu_init);
module_exit(edu_iommu_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("An IOMMU that tracks dirty pages, for tests");
MODULE_IMPORT_NS("IOMMUFD_NG");
