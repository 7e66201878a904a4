/* SPDX-License-Identifier: GPL-2.0-only */
/* PCI devices and IOMMU groups, as sysfs shows them. */
#ifndef IOMMUCTL_PCI_H
#define IOMMUCTL_PCI_H

#include <stdbool.h>
#include <stdint.h>

#include "pool.h"
#include "text.h"

#define PCI_NR_BARS 6

/**
 * struct pci_device - a PCI device
 * @bdf: its address
 * @name: vendor and device, from the database of PCI IDs
 * @class_name: its class, from there
 * @vendor: vendor ID
 * @device: device ID
 * @class: 24 bits: class, subclass, interface
 * @driver: driver that is bound, or NULL
 * @override: driver_override, or NULL
 * @reset: methods of resetting it, NULL if there is none
 * @physfn: address of the physical function of a VF, or NULL
 * @group: IOMMU group, -1 without one
 * @cdev: its node, such as "dev/vfio/devices/vfio0", which may be missing; NULL if
 *	VFIO does not drive it
 * @numa: NUMA node, -1 if there is none
 * @nr_vfs: virtual functions that are enabled
 * @boot_vga: the display that firmware set up
 * @has_rom: has an expansion ROM
 * @bridge: has a header that VFIO does not drive
 * @bar_size: size of each BAR, 0 if it is not implemented
 * @bar_start: its address, 0 if the kernel has not assigned one
 */
struct pci_device {
	char bdf[BDF_SIZE];
	char *name;
	char *class_name;
	unsigned int vendor;
	unsigned int device;
	unsigned int class;
	char *driver;
	char *override;
	char *reset;
	char *physfn;
	int group;
	char *cdev;
	int numa;
	int nr_vfs;
	bool boot_vga;
	bool has_rom;
	bool bridge;
	uint64_t bar_size[PCI_NR_BARS];
	uint64_t bar_start[PCI_NR_BARS];
};

/**
 * struct pci_group - an IOMMU group
 * @id: its number
 * @type: type of its default domain, or NULL
 * @noiommu: was made by VFIO for a device without an IOMMU
 * @devices: its PCI devices, by address
 * @nr_devices: number of these
 * @others: devices in it that are not PCI devices
 */
struct pci_group {
	int id;
	char *type;
	bool noiommu;
	struct pci_device **devices;
	size_t nr_devices;
	size_t others;
};

struct pci {
	struct pci_device *devices;
	size_t nr_devices;
	struct pci_group *groups;
	size_t nr_groups;
};

struct pci *pci_read(struct pool *pool);

/* Read one device, without names, which take long; NULL if there is none. */
struct pci_device *pci_read_one(struct pool *pool, const char *bdf);
struct pci_device *pci_find(const struct pci *pci, const char *bdf);
struct pci_group *pci_find_group(const struct pci *pci, int id);

/* True if the driver belongs to VFIO, so that it makes a device node. */
bool pci_driver_is_vfio(const struct pci_device *device);

/* True if the driver leaves DMA of the group to user space. */
bool pci_driver_is_harmless(const struct pci_device *device);

/* "/dev/vfio/7" or "/dev/vfio/noiommu-7", without the slash at the start. */
char *pci_group_node(struct pool *pool, const struct pci_group *group);

#endif
