/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * PCI functions that are nothing but a config space, behind the mock IOMMU.
 *
 * Each open file of /dev/iommufd_mock_pci is a PCI bus in a domain of its own.
 * Writing a struct mock_pci_image plugs a function in the next slot, reading
 * gives a struct mock_pci_bus_info, mapping gives the bus's memory, and an ioctl
 * lets a function write. Closing the file removes the bus.
 */
#ifndef IOMMUFD_MOCK_PCI_H
#define IOMMUFD_MOCK_PCI_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define MOCK_PCI_CONFIG_SIZE 4096
#define MOCK_PCI_RAM_SIZE 65536
#define MOCK_PCI_VPD_SIZE 64

/**
 * struct mock_pci_image - a function
 */
struct mock_pci_image {
	/** @config: what config space reads as */
	__u8 config[MOCK_PCI_CONFIG_SIZE];
	/** @writable: the bits of it that can be written */
	__u8 writable[MOCK_PCI_CONFIG_SIZE];
	/**
	 * @reset: the bits of it that, written as 1, make the function what it
	 * was when it was plugged
	 */
	__u8 reset[MOCK_PCI_CONFIG_SIZE];
	/**
	 * @vpd_cap: where the VPD capability is that gives and takes @vpd, or 0;
	 * its address and data can be written
	 */
	__u32 vpd_cap;
	/** @pasid: whether the host enables PASIDs, where it has them */
	__u32 pasid;
	/** @vpd: product data; nothing answers behind it */
	__u8 vpd[MOCK_PCI_VPD_SIZE];
};

/**
 * struct mock_pci_bus_info - where a bus is
 */
struct mock_pci_bus_info {
	/** @ram: physical address of its memory, MOCK_PCI_RAM_SIZE bytes */
	__u64 ram;
	/** @domain: its PCI domain; the bus number is 0 */
	__u32 domain;
	/** @functions: functions in it, in slots 0, 1, 2 ... */
	__u32 functions;
};

/**
 * struct mock_pci_dma - where a function writes to
 */
struct mock_pci_dma {
	/** @iova: some byte of the page */
	__u64 iova;
	/** @function: its slot */
	__u32 function;
	/** @reserved: to a multiple of 8 bytes */
	__u32 reserved;
};

/*
 * Let a function write to a page: nothing but the page's dirty bit changes. Gives
 * EINVAL where nobody keeps track of dirty pages.
 */
#define MOCK_PCI_WRITE _IOW('M', 0, struct mock_pci_dma)

#ifdef __KERNEL__
int mock_pci_init(void);
void mock_pci_exit(void);
#endif

#endif /* IOMMUFD_MOCK_PCI_H */
