// SPDX-License-Identifier: GPL-2.0-only
/*
 * PCI functions that consist of a config space, behind the mock IOMMU. A test
 * describes each function by writing to /dev/iommufd_mock_pci.
 */
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/gfp.h>
#include <linux/idr.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/numa.h>
#include <linux/pci-ats.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/unaligned.h>
#include <linux/workqueue.h>

#include "mock_device.h"
#include "mock_iommu.h"
#include "mock_pci.h"

#define NR_SLOTS 32

/* The byte of a VPD capability with the flag in its top bit */
#define VPD_FLAG (PCI_VPD_ADDR + 1)

/* Beyond the domain numbers of firmware, which have 16 bits */
#define FIRST_DOMAIN 0x20000

/**
 * struct mock_function - a function of a bus
 */
struct mock_function {
	/** @image: its config space, as described by the test */
	struct mock_pci_image image;
	/** @plugged: initial value of @image.config */
	u8 plugged[MOCK_PCI_CONFIG_SIZE];
	/** @mdev: its mock device */
	struct mock_device mdev;
};

/*
 * x86 reads the number of the domain from the data of the bus. The PCI core of other
 * architectures assigns a number itself, on machines with a device tree.
 */
#ifdef CONFIG_X86
#define mock_sysdata pci_sysdata
#else
/**
 * struct mock_sysdata - as struct pci_sysdata of x86
 */
struct mock_sysdata {
	/** @domain: number of the PCI domain */
	int domain;
	/** @node: NUMA node */
	int node;
};
#endif

/**
 * struct mock_bus - a bus, created by opening the file
 */
struct mock_bus {
	/** @sysdata: data of the bus for the architecture */
	struct mock_sysdata sysdata;
	/** @numbers: bus numbers of the domain, which has this bus only */
	struct resource numbers;
	/** @bus: the bus of the PCI core */
	struct pci_bus *bus;
	/** @ram: memory of the bus, below 4 GiB */
	struct page *ram;
	/** @lock: serializes the plugging of functions */
	struct mutex lock;
	/** @nr: number of functions plugged; protected by @lock */
	unsigned int nr;
	/** @functions: by slot; set before the PCI core scans the slot */
	struct mock_function *functions[NR_SLOTS];
	/** @removal: removes the bus after the file is closed */
	struct work_struct removal;
};

static DEFINE_IDA(mock_pci_domains);
static struct workqueue_struct *mock_pci_removals;

static struct mock_bus *mock_bus_of(struct pci_bus *bus)
{
	return container_of((struct mock_sysdata *)bus->sysdata,
			    struct mock_bus, sysdata);
}

static struct mock_function *mock_function_at(struct pci_bus *bus,
					      unsigned int devfn)
{
	if (PCI_FUNC(devfn))
		return NULL;
	return mock_bus_of(bus)->functions[PCI_SLOT(devfn)];
}

static int mock_pci_read_config(struct pci_bus *bus, unsigned int devfn,
				int where, int size, u32 *val)
{
	struct mock_function *function = mock_function_at(bus, devfn);

	if (!function)
		return PCIBIOS_DEVICE_NOT_FOUND;
	if (where + size > MOCK_PCI_CONFIG_SIZE)
		return PCIBIOS_BAD_REGISTER_NUMBER;

	*val = 0;
	for (int i = 0; i < size; i++)
		*val |= (u32)function->image.config[where + i] << (8 * i);
	return PCIBIOS_SUCCESSFUL;
}

/* The flag selects the direction, and is inverted when the transfer is done */
static void mock_pci_move_vpd(struct mock_pci_image *image)
{
	u8 *cap = image->config + image->vpd_cap;
	u16 addr = get_unaligned_le16(cap + PCI_VPD_ADDR);
	unsigned int offset = addr & PCI_VPD_ADDR_MASK & ~3;

	if (offset >= MOCK_PCI_VPD_SIZE)
		return;
	if (addr & PCI_VPD_ADDR_F)
		memcpy(image->vpd + offset, cap + PCI_VPD_DATA, 4);
	else
		memcpy(cap + PCI_VPD_DATA, image->vpd + offset, 4);
	put_unaligned_le16(addr ^ PCI_VPD_ADDR_F, cap + PCI_VPD_ADDR);
}

static int mock_pci_write_config(struct pci_bus *bus, unsigned int devfn,
				 int where, int size, u32 val)
{
	struct mock_function *function = mock_function_at(bus, devfn);
	struct mock_pci_image *image;
	bool vpd = false;
	u8 reset = 0;

	if (!function)
		return PCIBIOS_DEVICE_NOT_FOUND;
	if (where + size > MOCK_PCI_CONFIG_SIZE)
		return PCIBIOS_BAD_REGISTER_NUMBER;

	image = &function->image;
	for (int i = 0; i < size; i++) {
		u8 mask = image->writable[where + i];
		u8 *byte = &image->config[where + i];
		u8 written = val >> (8 * i);

		*byte = (*byte & ~mask) | (written & mask);
		reset |= written & image->reset[where + i];
		vpd |= image->vpd_cap && where + i == image->vpd_cap + VPD_FLAG;
	}
	if (vpd)
		mock_pci_move_vpd(image);
	if (reset)
		memcpy(image->config, function->plugged, MOCK_PCI_CONFIG_SIZE);
	return PCIBIOS_SUCCESSFUL;
}

static struct pci_ops mock_pci_config_ops = {
	.read = mock_pci_read_config,
	.write = mock_pci_write_config,
};

/*
 * Like a driver of an IOMMU. There is no bridge above that has to support it.
 */
static void mock_pci_enable_pasid(struct pci_dev *pdev)
{
	int features = pci_pasid_features(pdev);

	pdev->pasid_no_tlp = 1;
	if (features < 0 || pci_enable_pasid(pdev, features))
		pci_err(pdev, "cannot enable PASIDs\n");
}

/* Runs before the notifier of the IOMMU core, which probes the device */
static int mock_pci_device_added(struct notifier_block *nb,
				 unsigned long action, void *data)
{
	struct pci_dev *pdev = to_pci_dev(data);
	struct mock_function *function;
	int ret;

	if (action != BUS_NOTIFY_ADD_DEVICE ||
	    pdev->bus->ops != &mock_pci_config_ops)
		return NOTIFY_DONE;

	function = mock_function_at(pdev->bus, pdev->devfn);
	if (function->image.pasid)
		mock_pci_enable_pasid(pdev);
	function->mdev.dirty_huge = function->image.dirty_huge;
	ret = mock_device_adopt(&pdev->dev, &function->mdev);
	return notifier_from_errno(ret);
}

static struct notifier_block mock_pci_notifier = {
	.notifier_call = mock_pci_device_added,
	.priority = 1,
};

static int mock_bus_add(struct mock_bus *mbus)
{
	LIST_HEAD(resources);
	int domain;

	domain = ida_alloc_min(&mock_pci_domains, FIRST_DOMAIN, GFP_KERNEL);
	if (domain < 0)
		return domain;
	mbus->sysdata.domain = domain;
	mbus->sysdata.node = NUMA_NO_NODE;
	mbus->numbers.name = "mock PCI";
	mbus->numbers.flags = IORESOURCE_BUS;
	pci_add_resource(&resources, &mbus->numbers);

	pci_lock_rescan_remove();
	mbus->bus = pci_create_root_bus(NULL, 0, &mock_pci_config_ops,
					&mbus->sysdata, &resources);
	pci_unlock_rescan_remove();
	if (mbus->bus)
		return 0;
	pci_free_resource_list(&resources);
	ida_free(&mock_pci_domains, domain);
	return -ENOMEM;
}

static void mock_bus_free(struct mock_bus *mbus)
{
	for (unsigned int i = 0; i < mbus->nr; i++)
		kvfree(mbus->functions[i]);
	__free_pages(mbus->ram, get_order(MOCK_PCI_RAM_SIZE));
	mutex_destroy(&mbus->lock);
	kfree(mbus);
}

static void mock_bus_remove(struct work_struct *work)
{
	struct mock_bus *mbus = container_of(work, struct mock_bus, removal);
	struct pci_host_bridge *bridge = to_pci_host_bridge(mbus->bus->bridge);

	pci_lock_rescan_remove();
	pci_stop_root_bus(mbus->bus);
	pci_remove_root_bus(mbus->bus);
	pci_unlock_rescan_remove();
	/*
	 * the host bridge allocated by the core is freed by the creator of the
	 * bus
	 */
	pci_free_host_bridge(bridge);
	ida_free(&mock_pci_domains, mbus->sysdata.domain);
	mock_bus_free(mbus);
}

static int mock_pci_open(struct inode *inode, struct file *file)
{
	struct mock_bus *mbus;
	int ret;

	mbus = kzalloc_obj(*mbus, GFP_KERNEL);
	if (!mbus)
		return -ENOMEM;
	mutex_init(&mbus->lock);
	INIT_WORK(&mbus->removal, mock_bus_remove);
	mbus->ram =
		alloc_pages(GFP_KERNEL | GFP_DMA32 | __GFP_ZERO | __GFP_COMP,
			    get_order(MOCK_PCI_RAM_SIZE));
	if (!mbus->ram) {
		kfree(mbus);
		return -ENOMEM;
	}
	ret = mock_bus_add(mbus);
	if (ret) {
		mock_bus_free(mbus);
		return ret;
	}
	file->private_data = mbus;
	return 0;
}

/*
 * Removal waits until drivers have released the functions. The same process may
 * have a function open through a file that is closed after this one at exit, so
 * the removal must not block the release.
 */
static int mock_pci_release(struct inode *inode, struct file *file)
{
	struct mock_bus *mbus = file->private_data;

	queue_work(mock_pci_removals, &mbus->removal);
	return 0;
}

static int mock_pci_plug(struct mock_bus *mbus, struct mock_function *function)
{
	guard(mutex)(&mbus->lock);
	if (mbus->nr == NR_SLOTS)
		return -ENOSPC;
	memcpy(function->plugged, function->image.config, MOCK_PCI_CONFIG_SIZE);
	mbus->functions[mbus->nr] = function;

	pci_lock_rescan_remove();
	pci_scan_slot(mbus->bus, PCI_DEVFN(mbus->nr, 0));
	pci_bus_add_devices(mbus->bus);
	pci_unlock_rescan_remove();
	mbus->nr++;
	return 0;
}

static ssize_t mock_pci_write(struct file *file, const char __user *buf,
			      size_t count, loff_t *ppos)
{
	struct mock_function *function;
	int ret;

	if (count != sizeof(function->image))
		return -EINVAL;
	function = kvzalloc_obj(*function, GFP_KERNEL);
	if (!function)
		return -ENOMEM;

	if (copy_from_user(&function->image, buf, count))
		ret = -EFAULT;
	else if (function->image.vpd_cap >
		 MOCK_PCI_CONFIG_SIZE - PCI_CAP_VPD_SIZEOF)
		ret = -EINVAL;
	else
		ret = mock_pci_plug(file->private_data, function);
	if (ret) {
		kvfree(function);
		return ret;
	}
	return count;
}

static ssize_t mock_pci_read(struct file *file, char __user *buf, size_t count,
			     loff_t *ppos)
{
	struct mock_bus *mbus = file->private_data;
	struct mock_pci_bus_info info = {
		.ram = page_to_phys(mbus->ram),
		.domain = pci_domain_nr(mbus->bus),
	};

	if (count != sizeof(info))
		return -EINVAL;
	scoped_guard(mutex, &mbus->lock)
		info.functions = mbus->nr;
	return copy_to_user(buf, &info, count) ? -EFAULT : count;
}

static int mock_pci_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct mock_bus *mbus = file->private_data;

	if (vma->vm_pgoff || vma_pages(vma) > PFN_DOWN(MOCK_PCI_RAM_SIZE))
		return -EINVAL;
	return remap_pfn_range(vma, vma->vm_start, page_to_pfn(mbus->ram),
			       vma->vm_end - vma->vm_start, vma->vm_page_prot);
}

static long mock_pci_ioctl(struct file *file, unsigned int cmd,
			   unsigned long arg)
{
	struct mock_bus *mbus = file->private_data;
	struct iommu_domain *domain;
	struct mock_domain *mock;
	struct mock_pci_dma dma;

	if (cmd != MOCK_PCI_WRITE)
		return -ENOTTY;
	if (copy_from_user(&dma, (void __user *)arg, sizeof(dma)))
		return -EFAULT;
	guard(mutex)(&mbus->lock);
	if (dma.function >= mbus->nr)
		return -EINVAL;
	domain = mbus->functions[dma.function]->mdev.domain;
	mock = domain ? mock_domain_of(domain) : NULL;
	if (!mock || !mock->dirty_tracking)
		return -EINVAL;
	mock_pt_set_dirty(&mock->pt, dma.iova);
	return 0;
}

static const struct file_operations mock_pci_fops = {
	.owner = THIS_MODULE,
	.open = mock_pci_open,
	.release = mock_pci_release,
	.read = mock_pci_read,
	.write = mock_pci_write,
	.mmap = mock_pci_mmap,
	.unlocked_ioctl = mock_pci_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};

static struct miscdevice mock_pci_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "iommufd_mock_pci",
	.fops = &mock_pci_fops,
	.mode = 0600,
};

/**
 * mock_pci_init() - create /dev/iommufd_mock_pci
 *
 * Context: May sleep; after mock_iommu_init().
 * Return: 0 or a negative errno.
 */
int mock_pci_init(void)
{
	int ret;

	mock_pci_removals = alloc_workqueue("iommufd_mock_pci", WQ_UNBOUND, 0);
	if (!mock_pci_removals)
		return -ENOMEM;
	ret = bus_register_notifier(&pci_bus_type, &mock_pci_notifier);
	if (ret)
		goto err_removals;
	ret = misc_register(&mock_pci_misc);
	if (ret)
		goto err_notifier;
	return 0;

err_notifier:
	bus_unregister_notifier(&pci_bus_type, &mock_pci_notifier);
err_removals:
	destroy_workqueue(mock_pci_removals);
	return ret;
}

/**
 * mock_pci_exit() - undo mock_pci_init()
 *
 * Context: May sleep; waits until all buses are removed.
 */
void mock_pci_exit(void)
{
	misc_deregister(&mock_pci_misc);
	destroy_workqueue(mock_pci_removals);
	bus_unregister_notifier(&pci_bus_type, &mock_pci_notifier);
	ida_destroy(&mock_pci_domains);
}
