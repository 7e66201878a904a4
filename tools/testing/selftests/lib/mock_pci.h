/* SPDX-License-Identifier: GPL-2.0-only */
/* PCI functions that a test defines, on buses of iommufd_mock.ko. */
#ifndef SELFTESTS_LIB_MOCK_PCI_H
#define SELFTESTS_LIB_MOCK_PCI_H

#include <linux/types.h>

#include "../../../../drivers/iommu/iommufd/mock/mock_pci.h"
#include "vdev.h"

/* Class and interface of an Ethernet controller */
#define MOCK_CLASS_NETWORK 0x020000

/** struct mock_bus - a bus that exists until the test ends */
struct mock_bus {
	/** @fd: file of the bus */
	int fd;
	/** @info: its address */
	struct mock_pci_bus_info info;
	/** @ram: memory of its functions */
	__u8 *ram;
};

void mock_bus_open(struct mock_bus *bus);
const char *mock_bus_plug(struct mock_bus *bus,
			  const struct mock_pci_image *image);
struct vdev *mock_bus_vdev(struct mock_bus *bus,
			   const struct mock_pci_image *image,
			   enum backend backend);

int __mock_bus_write(struct mock_bus *bus, unsigned int function, __u64 iova);

void mock_image(struct mock_pci_image *image, __u16 vendor, __u16 device,
		__u32 class);
void mock_image_cap(struct mock_pci_image *image, __u8 at, __u8 id, __u8 next);
void mock_put16(__u8 *at, __u16 value);
void mock_put32(__u8 *at, __u32 value);
void mock_put64(__u8 *at, __u64 value);

#endif
