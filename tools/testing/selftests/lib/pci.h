/* SPDX-License-Identifier: GPL-2.0-only */
/* Find the emulated devices that vm-args defines, and bind their drivers. */
#ifndef SELFTESTS_LIB_PCI_H
#define SELFTESTS_LIB_PCI_H

#include <stdbool.h>
#include <stddef.h>

/** enum testdev - the devices of the tests, as vm-args defines them */
enum testdev {
	/** @TESTDEV_EDU0: an edu device, alone in its group */
	TESTDEV_EDU0,
	/** @TESTDEV_EDU1: another edu device, alone in its group */
	TESTDEV_EDU1,
	/** @TESTDEV_SHARED0: an edu device that shares its group */
	TESTDEV_SHARED0,
	/** @TESTDEV_SHARED1: the other edu device of that group */
	TESTDEV_SHARED1,
	/** @TESTDEV_NVME: an NVMe drive, alone on its bus */
	TESTDEV_NVME,
	/** @TESTDEV_E1000E: a NIC with a ROM, MSI-X, MSI and INTx */
	TESTDEV_E1000E,
	/** @TESTDEV_VGA: the display that firmware has set up */
	TESTDEV_VGA,
	/** @TESTDEV_IGB: a NIC with virtual functions */
	TESTDEV_IGB,
	/** @TESTDEV_HOTPLUG: an e1000e that a test has plugged in */
	TESTDEV_HOTPLUG,
	/** @TESTDEV_HOTPLUG1: another one, plugged into the next slot */
	TESTDEV_HOTPLUG1,
	/** @TESTDEV_SHMEM: an ivshmem, whose BAR 2 is RAM */
	TESTDEV_SHMEM,
	/** @TESTDEV_SLOT0: an igb, function 0 of a slot, alone in its group */
	TESTDEV_SLOT0,
	/** @TESTDEV_SLOT1: function 1 of that slot, alone in its group */
	TESTDEV_SLOT1,
	/** @TESTDEV_XHCI: a USB controller with many vectors of MSI */
	TESTDEV_XHCI,
	/** @TESTDEV_VGA_BELOW: a display behind a bridge */
	TESTDEV_VGA_BELOW,
};

/** struct pci_window - a range of IOVA, both ends inclusive */
struct pci_window {
	/** @first: the first byte */
	unsigned long long first;
	/** @last: the last byte */
	unsigned long long last;
};

const char *pci_find(enum testdev which);
const char *pci_need(enum testdev which);
const char *pci_need_unbound(enum testdev which);
const char *pci_need_noiommu(enum testdev which);
unsigned int pci_attr(const char *bdf, const char *name);
unsigned long long pci_bar_start(const char *bdf, unsigned int bar);
bool pci_exists(const char *bdf);
const char *pci_bridge_above(const char *bdf);
int pci_open_config(const char *bdf);
unsigned int pci_read_config(const char *bdf, unsigned int pos,
			     unsigned int size);
void pci_write_config(const char *bdf, unsigned int pos, unsigned int size,
		      unsigned int value);
void pci_bind(const char *bdf);
int __pci_bind_to(const char *bdf, const char *driver);
void pci_bind_to(const char *bdf, const char *driver);
void pci_unbind(const char *bdf);
int pci_group(const char *bdf);
struct pci_window pci_msi_window(const char *bdf);
void pci_cdev_path(const char *bdf, char *path, size_t size);
bool pci_has_cdev(const char *bdf);
int pci_open_cdev(const char *bdf);

#endif
