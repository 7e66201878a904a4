/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * PCI functions that consist of a config space, behind the mock IOMMU.
 *
 * Each open file of /dev/iommufd_mock_pci is a PCI bus in a domain of its own.
 * Writing a struct mock_pci_image plugs a function into the next slot, reading
 * returns a struct mock_pci_bus_info, mmap() maps the memory of the bus, and an
 * ioctl makes a function write. Closing the file removes the bus.
 */
#ifndef IOMMUFD_MOCK_PCI_H
#define IOMMUFD_MOCK_PCI_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define MOCK_PCI_CONFIG_SIZE 4096
#define MOCK_PCI_RAM_SIZE 65536
#define MOCK_PCI_VPD_SIZE 64

/**
 * struct mock_pci_image - description of a function
 */
struct mock_pci_image {
	/** @config: initial value of config space */
	__u8 config[MOCK_PCI_CONFIG_SIZE];
	/** @writable: bits of @config that can be written */
	__u8 writable[MOCK_PCI_CONFIG_SIZE];
	/**
	 * @reset: bits of @config that, if written as 1, restore the initial
	 * value of the config space
	 */
	__u8 reset[MOCK_PCI_CONFIG_SIZE];
	/**
	 * @vpd_cap: offset of the VPD capability that gives access to @vpd, or
	 * 0; its address and data must be writable
	 */
	__u32 vpd_cap;
	/**
	 * @pasid: nonzero if the host enables PASIDs, should the function have
	 * the capability
	 */
	__u32 pasid;
	/**
	 * @dirty_huge: nonzero if its domains have huge tables when they track
	 * dirty pages, and the default ones otherwise
	 */
	__u32 dirty_huge;
	/** @reserved: pads to a multiple of 8 bytes */
	__u32 reserved;
	/** @vpd: product data; accesses beyond it do not complete */
	__u8 vpd[MOCK_PCI_VPD_SIZE];
};

/**
 * struct mock_pci_bus_info - information on a bus
 */
struct mock_pci_bus_info {
	/** @ram: physical address of its memory, MOCK_PCI_RAM_SIZE bytes */
	__u64 ram;
	/** @domain: its PCI domain; the bus number is 0 */
	__u32 domain;
	/** @functions: number of functions, in slots 0, 1, 2 ... */
	__u32 functions;
};

/**
 * struct mock_pci_dma - a write by a function
 */
struct mock_pci_dma {
	/** @iova: any byte of the page */
	__u64 iova;
	/** @function: its slot */
	__u32 function;
	/** @reserved: pads to a multiple of 8 bytes */
	__u32 reserved;
};

/*
 * Make a function write to a page: sets the dirty bit of the page and changes
 * nothing else. Fails with EINVAL if dirty tracking is off.
 */
#define MOCK_PCI_WRITE _IOW('M', 0, struct mock_pci_dma)

#ifdef __KERNEL__
int mock_pci_init(void);
void mock_pci_exit(void);
#endif

#endif /* IOMMUFD_MOCK_PCI_H */
