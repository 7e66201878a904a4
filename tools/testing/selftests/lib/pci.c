// SPDX-License-Identifier: GPL-2.0-only
/* PCI devices in sysfs. */
#include "pci.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"
#include "sys.h"

#define SYSFS_PCI "/sys/bus/pci/devices"
/* Base class of bridges. */
#define PCI_CLASS_BRIDGE 0x06

/** struct pci_wanted - properties that identify a test device */
struct pci_wanted {
	/** @name: for messages */
	const char *name;
	/** @vendor: PCI vendor */
	unsigned int vendor;
	/** @device: PCI device */
	unsigned int device;
	/** @shared: whether its group has other devices, not counting bridges */
	bool shared;
	/** @nth: index among the matching devices, in the order of addresses */
	unsigned int nth;
};

static const struct pci_wanted pci_wanted[] = {
	[TESTDEV_EDU0] = { "edu", 0x1234, 0x11e8, false, 0 },
	[TESTDEV_EDU1] = { "second edu", 0x1234, 0x11e8, false, 1 },
	[TESTDEV_SHARED0] = { "edu in a shared group", 0x1234, 0x11e8, true,
			      0 },
	[TESTDEV_SHARED1] = { "second edu in a shared group", 0x1234, 0x11e8,
			      true, 1 },
	[TESTDEV_NVME] = { "nvme", 0x1b36, 0x0010, false, 0 },
	[TESTDEV_E1000E] = { "e1000e", 0x8086, 0x10d3, false, 0 },
	[TESTDEV_VGA] = { "VGA", 0x1234, 0x1111, false, 0 },
	[TESTDEV_IGB] = { "igb", 0x8086, 0x10c9, false, 0 },
	[TESTDEV_HOTPLUG] = { "hot plugged e1000e", 0x8086, 0x10d3, false, 1 },
	[TESTDEV_HOTPLUG1] = { "second hot plugged e1000e", 0x8086, 0x10d3,
			       false, 2 },
	[TESTDEV_SHMEM] = { "ivshmem", 0x1af4, 0x1110, false, 0 },
	[TESTDEV_SLOT0] = { "igb in a slot of two", 0x8086, 0x10c9, false, 1 },
	[TESTDEV_SLOT1] = { "second igb in that slot", 0x8086, 0x10c9, false,
			    2 },
	[TESTDEV_XHCI] = { "xhci", 0x1033, 0x0194, false, 0 },
	[TESTDEV_VGA_BELOW] = { "VGA behind a bridge", 0x1013, 0x00b8, false,
				0 },
};

/* Read a hexadecimal number in sysfs; 0 if the device has no such file. */
unsigned int pci_attr(const char *bdf, const char *name)
{
	char path[PATH_MAX];
	unsigned int value;
	FILE *file;

	snprintf(path, sizeof(path), SYSFS_PCI "/%s/%s", bdf, name);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (fscanf(file, "%x", &value) != 1)
		value = 0;
	fclose(file);
	return value;
}

/* Return the address of BAR 0 to 5 or, for 6, of the ROM. */
unsigned long long pci_bar_start(const char *bdf, unsigned int bar)
{
	unsigned long long start;
	char path[PATH_MAX];
	FILE *file;

	snprintf(path, sizeof(path), SYSFS_PCI "/%s/resource", bdf);
	file = fopen(path, "re");
	ASSERT(file);
	do
		ASSERT(fscanf(file, "%llx %*x %*x", &start) == 1);
	while (bar--);
	fclose(file);
	return start;
}

/*
 * Count the devices of the group, without bridges. A bridge may be bound to a
 * driver for hot plugging, which makes the group unusable for VFIO; if @free,
 * it is unbound.
 */
static unsigned int pci_group_members(const char *bdf, bool free)
{
	char path[PATH_MAX];
	struct dirent *entry;
	unsigned int nr = 0;
	DIR *dir;

	snprintf(path, sizeof(path), SYSFS_PCI "/%s/iommu_group/devices", bdf);
	dir = opendir(path);
	if (!dir)
		return 0;
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		if (pci_attr(entry->d_name, "class") >> 16 != PCI_CLASS_BRIDGE)
			nr++;
		else if (free)
			pci_unbind(entry->d_name);
	}
	closedir(dir);
	return nr;
}

static bool pci_have_iommu(void)
{
	DIR *dir = opendir("/sys/class/iommu");
	struct dirent *entry;
	bool found = false;

	if (!dir)
		return false;
	while (!found && (entry = readdir(dir)))
		found = entry->d_name[0] != '.';
	closedir(dir);
	return found;
}

/*
 * In a machine with a device tree, a device gets its IOMMU group when a driver is
 * first bound to it.
 */
static void pci_give_group(const char *bdf)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), SYSFS_PCI "/%s/iommu_group", bdf);
	if (!access(path, F_OK) || !pci_have_iommu())
		return;
	snprintf(path, sizeof(path), SYSFS_PCI "/%s/driver", bdf);
	if (!access(path, F_OK))
		return;
	if (!__pci_bind_to(bdf, "vfio-pci"))
		pci_unbind(bdf);
	snprintf(path, sizeof(path), SYSFS_PCI "/%s/driver_override", bdf);
	__sys_write_file(path, "\n");
}

static bool pci_fits(const char *bdf, const struct pci_wanted *want)
{
	if (pci_attr(bdf, "vendor") != want->vendor ||
	    pci_attr(bdf, "device") != want->device)
		return false;
	pci_give_group(bdf);
	return (pci_group_members(bdf, false) > 1) == want->shared;
}

static char *pci_find_wanted(const struct pci_wanted *want)
{
	unsigned int nth = want->nth;
	struct dirent **entries;
	char *found = NULL;
	int nr;
	int i;

	nr = scandir(SYSFS_PCI, &entries, NULL, alphasort);
	for (i = 0; i < nr; i++) {
		const char *name = entries[i]->d_name;

		if (!found && name[0] != '.' && pci_fits(name, want) &&
		    nth-- == 0)
			found = strdup(name);
		free(entries[i]);
	}
	if (nr >= 0)
		free(entries);
	return found;
}

/* Return the address of the device, NULL if there is none. */
const char *pci_find(enum testdev which)
{
	return pci_find_wanted(&pci_wanted[which]);
}

/*
 * Return the address of the device, bound to any driver or none. Skips the test
 * if there is no such device.
 */
const char *pci_need_unbound(enum testdev which)
{
	char *bdf = pci_find_wanted(&pci_wanted[which]);

	if (!bdf)
		SKIP("no %s device", pci_wanted[which].name);
	if (!pci_group_members(bdf, true))
		SKIP("no IOMMU for the %s device", pci_wanted[which].name);
	return bdf;
}

/*
 * Unbind the device and return its address. Skips the test if the machine has
 * an IOMMU.
 */
const char *pci_need_noiommu(enum testdev which)
{
	char *bdf = pci_find_wanted(&pci_wanted[which]);

	if (pci_have_iommu())
		SKIP("this machine has an IOMMU");
	if (!bdf)
		SKIP("no %s device", pci_wanted[which].name);
	pci_unbind(bdf);
	return bdf;
}

/*
 * Bind the device to vfio-pci and return its address. Skips the test if there
 * is no such device.
 */
const char *pci_need(enum testdev which)
{
	const char *bdf = pci_need_unbound(which);

	pci_bind(bdf);
	return bdf;
}

bool pci_exists(const char *bdf)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), SYSFS_PCI "/%s", bdf);
	return !access(path, F_OK);
}

/* Return the address of the bridge above the device. */
const char *pci_bridge_above(const char *bdf)
{
	char path[PATH_MAX], real[PATH_MAX];
	char *bridge;

	snprintf(path, sizeof(path), SYSFS_PCI "/%s/..", bdf);
	ASSERT(realpath(path, real));
	bridge = strdup(strrchr(real, '/') + 1);
	ASSERT(bridge);
	return bridge;
}

/* Open the physical config space, not the one that VFIO emulates. */
int pci_open_config(const char *bdf)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), SYSFS_PCI "/%s/config", bdf);
	return sys_open(path, O_RDWR);
}

unsigned int pci_read_config(const char *bdf, unsigned int pos,
			     unsigned int size)
{
	int fd = pci_open_config(bdf);
	unsigned int value = 0;

	ASSERT_EQ(pread(fd, &value, size, pos), size);
	sys_close(fd);
	return value;
}

void pci_write_config(const char *bdf, unsigned int pos, unsigned int size,
		      unsigned int value)
{
	int fd = pci_open_config(bdf);

	ASSERT_EQ(pwrite(fd, &value, size, pos), size);
	sys_close(fd);
}

static bool pci_driver_is(const char *bdf, const char *driver)
{
	char target[PATH_MAX];
	char path[PATH_MAX];
	ssize_t len;

	snprintf(path, sizeof(path), SYSFS_PCI "/%s/driver", bdf);
	len = readlink(path, target, sizeof(target) - 1);
	if (len < 0)
		return !driver;
	target[len] = '\0';
	return driver && !strcmp(basename(target), driver);
}

void pci_unbind(const char *bdf)
{
	char path[PATH_MAX];
	int ret;

	if (pci_driver_is(bdf, NULL))
		return;
	snprintf(path, sizeof(path), SYSFS_PCI "/%s/driver/unbind", bdf);
	ret = __sys_write_file(path, bdf);
	if (ret)
		FAIL("unbind %s: %s", bdf, strerror(-ret));
}

/* Return -ENODEV if the driver does not bind to the device. */
int __pci_bind_to(const char *bdf, const char *driver)
{
	char path[PATH_MAX];
	int ret;

	if (pci_driver_is(bdf, driver))
		return 0;
	pci_unbind(bdf);
	snprintf(path, sizeof(path), SYSFS_PCI "/%s/driver_override", bdf);
	ret = __sys_write_file(path, driver);
	if (ret)
		return ret;
	ret = __sys_write_file("/sys/bus/pci/drivers_probe", bdf);
	if (ret)
		return ret;
	return pci_driver_is(bdf, driver) ? 0 : -ENODEV;
}

void pci_bind_to(const char *bdf, const char *driver)
{
	int ret = __pci_bind_to(bdf, driver);

	if (ret)
		FAIL("%s did not bind to %s: %s", bdf, driver, strerror(-ret));
}

void pci_bind(const char *bdf)
{
	if (access("/sys/bus/pci/drivers/vfio-pci", F_OK))
		SKIP("vfio-pci is not loaded");
	pci_bind_to(bdf, "vfio-pci");
}

int pci_group(const char *bdf)
{
	char target[PATH_MAX];
	char path[PATH_MAX];
	ssize_t len;

	snprintf(path, sizeof(path), SYSFS_PCI "/%s/iommu_group", bdf);
	len = readlink(path, target, sizeof(target) - 1);
	if (len < 0)
		FAIL("%s has no IOMMU group", bdf);
	target[len] = '\0';
	return atoi(basename(target));
}

/*
 * The IOVA that the group of a device reserves for the messages of interrupts:
 * of the hardware on x86, chosen by the kernel behind an SMMU.
 */
struct pci_window pci_msi_window(const char *bdf)
{
	struct pci_window window;
	char path[PATH_MAX];
	char type[32];
	FILE *file;
	int n;

	snprintf(path, sizeof(path),
		 SYSFS_PCI "/%s/iommu_group/reserved_regions", bdf);
	file = fopen(path, "r");
	if (!file)
		FAIL("%s: %s", path, strerror(errno));
	do {
		n = fscanf(file, "%llx %llx %31s", &window.first, &window.last,
			   type);
	} while (n == 3 && strcmp(type, "msi"));
	fclose(file);
	if (n != 3)
		FAIL("%s reserves no IOVA for interrupts", bdf);
	return window;
}

/* Return the name of the device's node, to be freed, or NULL. */
static char *pci_find_cdev(const char *bdf)
{
	struct dirent *entry;
	char path[PATH_MAX];
	char *name = NULL;
	DIR *dir;

	snprintf(path, sizeof(path), SYSFS_PCI "/%s/vfio-dev", bdf);
	dir = opendir(path);
	if (!dir)
		return NULL;
	while (!name && (entry = readdir(dir))) {
		if (entry->d_name[0] != '.')
			name = strdup(entry->d_name);
	}
	closedir(dir);
	return name;
}

/* Return whether the device has a node of its own. */
bool pci_has_cdev(const char *bdf)
{
	char path[PATH_MAX];
	char *name = pci_find_cdev(bdf);

	if (!name)
		return false;
	snprintf(path, sizeof(path), "/dev/vfio/devices/%s", name);
	free(name);
	return !access(path, F_OK);
}

void pci_cdev_path(const char *bdf, char *path, size_t size)
{
	char *name = pci_find_cdev(bdf);

	if (!name)
		FAIL("%s has no vfio-dev in sysfs", bdf);
	snprintf(path, size, "/dev/vfio/devices/%s", name);
	free(name);
}

/* Open the device's node. Skips the test if there is none. */
int pci_open_cdev(const char *bdf)
{
	char path[PATH_MAX];

	if (!pci_has_cdev(bdf))
		SKIP("%s has no device node", bdf);
	pci_cdev_path(bdf, path, sizeof(path));
	return sys_open(path, O_RDWR);
}
