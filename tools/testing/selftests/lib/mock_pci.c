// SPDX-License-Identifier: GPL-2.0-only
/* PCI functions on buses of iommufd_mock.ko. */
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "harness.h"
#include "mock_pci.h"
#include "pci.h"
#include "sys.h"

#define MOCK_PCI_MODULE "../../../drivers/iommu/iommufd/mock/iommufd_mock.ko"
#define MOCK_PCI_NODE "/dev/iommufd_mock_pci"

/* The module needs this project's iommufd.ko. */
static void mock_pci_load(void)
{
	if (access("/sys/module/iommufd", F_OK))
		SKIP("no iommufd to put a mock IOMMU on");
	sys_load_module(MOCK_PCI_MODULE);
}

/* Create a bus without functions, which is removed when the process exits. */
void mock_bus_open(struct mock_bus *bus)
{
	mock_pci_load();
	bus->fd = sys_open(MOCK_PCI_NODE, O_RDWR | O_CLOEXEC);
	ASSERT_EQ(read(bus->fd, &bus->info, sizeof(bus->info)),
		  sizeof(bus->info));
	bus->ram = mmap(NULL, MOCK_PCI_RAM_SIZE, PROT_READ | PROT_WRITE,
			MAP_SHARED, bus->fd, 0);
	ASSERT(bus->ram != MAP_FAILED);
}

/* Plug a function in the next slot; returns its address. */
const char *mock_bus_plug(struct mock_bus *bus,
			  const struct mock_pci_image *image)
{
	char *bdf;

	ASSERT_EQ(write(bus->fd, image, sizeof(*image)), sizeof(*image));
	ASSERT(asprintf(&bdf, "%04x:00:%02x.0", bus->info.domain,
			bus->info.functions++) > 0);
	return bdf;
}

/* Plug a function in the next slot and open it. */
struct vdev *mock_bus_vdev(struct mock_bus *bus,
			   const struct mock_pci_image *image,
			   enum backend backend)
{
	const char *bdf = mock_bus_plug(bus, image);

	pci_bind(bdf);
	return vdev_open(bdf, backend);
}

/* Let a function write to the page at @iova; only the dirty bit changes. */
int __mock_bus_write(struct mock_bus *bus, unsigned int function, __u64 iova)
{
	struct mock_pci_dma dma = { .iova = iova, .function = function };

	return __sys_ioctl(bus->fd, MOCK_PCI_WRITE, &dma);
}

void mock_put16(__u8 *at, __u16 value)
{
	at[0] = value;
	at[1] = value >> 8;
}

void mock_put32(__u8 *at, __u32 value)
{
	mock_put16(at, value);
	mock_put16(at + 2, value >> 16);
}

void mock_put64(__u8 *at, __u64 value)
{
	mock_put32(at, value);
	mock_put32(at + 4, value >> 32);
}

/* Define a function without BARs and capabilities; @class has three bytes. */
void mock_image(struct mock_pci_image *image, __u16 vendor, __u16 device,
		__u32 class)
{
	memset(image, 0, sizeof(*image));
	mock_put16(image->config + PCI_VENDOR_ID, vendor);
	mock_put16(image->config + PCI_DEVICE_ID, device);
	mock_put32(image->config + PCI_CLASS_REVISION, class << 8);
	mock_put16(image->writable + PCI_COMMAND,
		   PCI_COMMAND_IO | PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER |
			   PCI_COMMAND_PARITY | PCI_COMMAND_SERR |
			   PCI_COMMAND_INTX_DISABLE);
	image->writable[PCI_CACHE_LINE_SIZE] = 0xff;
	image->writable[PCI_LATENCY_TIMER] = 0xff;
	image->writable[PCI_INTERRUPT_LINE] = 0xff;
}

/* Add a standard capability at offset @at, linked to the one at @next. */
void mock_image_cap(struct mock_pci_image *image, __u8 at, __u8 id, __u8 next)
{
	mock_put16(image->config + PCI_STATUS, PCI_STATUS_CAP_LIST);
	image->config[at + PCI_CAP_LIST_ID] = id;
	image->config[at + PCI_CAP_LIST_NEXT] = next;
}
