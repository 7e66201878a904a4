// SPDX-License-Identifier: GPL-2.0-only
/* PCI devices and IOMMU groups, as sysfs shows them. */
#include <err.h>
#include <inttypes.h>
#include <pci/pci.h>
#include <stdlib.h>
#include <string.h>

#include "iommuctl.h"
#include "pci.h"
#include "root.h"

#define PCI_SYSFS "sys/bus/pci/devices"

static void pci_read_bars(struct pool *pool, struct pci_device *device)
{
	uint64_t start, end, flags;
	unsigned int i;
	char *text, *line;
	size_t len;

	text = root_bytes(pool, &len, PCI_SYSFS "/%s/resource", device->bdf);
	for (i = 0; i < PCI_NR_BARS && (line = strsep(&text, "\n")); i++) {
		if (sscanf(line, "%" SCNx64 " %" SCNx64 " %" SCNx64, &start,
			   &end, &flags) != 3 ||
		    !flags || end < start)
			continue;
		device->bar_start[i] = start;
		device->bar_size[i] = end - start + 1;
	}
}

/* The directory is named like the node, "noiommu-vfioN" without an IOMMU. */
static char *pci_read_cdev(struct pool *pool, const char *bdf)
{
	const char *number;
	uint64_t value;
	char **names;
	size_t nr, i;

	root_names(pool, &names, &nr, PCI_SYSFS "/%s/vfio-dev", bdf);
	for (i = 0; i < nr; i++) {
		number = names[i];
		if (text_starts(number, "noiommu-"))
			number += strlen("noiommu-");
		if (text_starts(number, "vfio") &&
		    text_number(number + 4, 10, INT32_MAX, &value))
			return pool_printf(pool, "dev/vfio/devices/%s",
					   names[i]);
	}
	return NULL;
}

static int pci_read_group(struct pool *pool, const char *bdf)
{
	uint64_t number;
	char *name;

	name = root_link_name(pool, PCI_SYSFS "/%s/iommu_group", bdf);
	if (!name || !text_number(name, 10, INT32_MAX, &number))
		return -1;
	return number;
}

/* The database is read on the first use; a missing one yields the IDs. */
static void pci_read_names(struct pool *pool, struct pci_access *access,
			   struct pci_device *device)
{
	char buf[256];
	char *name;

	name = pci_lookup_name(access, buf, sizeof(buf),
			       PCI_LOOKUP_VENDOR | PCI_LOOKUP_DEVICE,
			       device->vendor, device->device);
	device->name = text_clean(pool, name, strlen(name));
	name = pci_lookup_name(access, buf, sizeof(buf), PCI_LOOKUP_CLASS,
			       device->class >> 8);
	device->class_name = text_clean(pool, name, strlen(name));
}

static void pci_read_device(struct pool *pool, struct pci_device *device,
			    const char *bdf)
{
	memcpy(device->bdf, bdf, strlen(bdf) + 1);
	device->vendor = root_number(pool, 0, PCI_SYSFS "/%s/vendor", bdf);
	device->device = root_number(pool, 0, PCI_SYSFS "/%s/device", bdf);
	device->class = root_number(pool, 0, PCI_SYSFS "/%s/class", bdf);
	device->driver = root_link_name(pool, PCI_SYSFS "/%s/driver", bdf);
	device->override =
		root_line(pool, PCI_SYSFS "/%s/driver_override", bdf);
	if (device->override &&
	    (!*device->override || !strcmp(device->override, "(null)")))
		device->override = NULL;
	device->reset = root_line(pool, PCI_SYSFS "/%s/reset_method", bdf);
	if (device->reset && !*device->reset)
		device->reset = NULL;
	device->physfn = root_link_name(pool, PCI_SYSFS "/%s/physfn", bdf);
	device->group = pci_read_group(pool, bdf);
	device->cdev = pci_read_cdev(pool, bdf);
	device->numa = root_number(pool, -1, PCI_SYSFS "/%s/numa_node", bdf);
	device->nr_vfs =
		root_number(pool, 0, PCI_SYSFS "/%s/sriov_numvfs", bdf);
	device->boot_vga =
		root_number(pool, 0, PCI_SYSFS "/%s/boot_vga", bdf) == 1;
	device->has_rom = root_exists(PCI_SYSFS "/%s/rom", bdf);
	/* Bridges have another header; host bridges (0600) do not. */
	device->bridge = device->class >> 8 == 0x0604 ||
			 device->class >> 8 == 0x0607;
	pci_read_bars(pool, device);
}

/* libpci calls this if memory is exhausted; it must not return. */
__attribute__((noreturn, format(printf, 1, 2))) static void
pci_ids_error(char *format, ...)
{
	va_list args;

	va_start(args, format);
	verrx(EXIT_FAULT, format, args);
	va_end(args);
}

__attribute__((format(printf, 1, 2))) static void pci_ids_quiet(char *format,
								...)
{
	(void)format;
}

/*
 * Only the database of libpci is used: the devices are read from --root, and
 * pci_init() would end the program if there are none.
 */
static struct pci_access *pci_ids_open(void)
{
	struct pci_access *access = pci_alloc();

	access->error = pci_ids_error;
	access->warning = pci_ids_quiet;
	access->debug = pci_ids_quiet;
	/* The database of udev has the same names, and leaks in libpci. */
	pci_set_param(access, "hwdb.disable", "1");
	/* Names of the network in the cache of a user are not wanted. */
	pci_set_param(access, "net.cache_name", "");
	return access;
}

static void pci_read_devices(struct pool *pool, struct pci *pci)
{
	struct pci_access *access = pci_ids_open();
	char bdf[BDF_SIZE];
	size_t nr, i;
	char **names;

	root_names(pool, &names, &nr, PCI_SYSFS);
	for (i = 0; i < nr; i++) {
		struct pci_device *device;

		if (!text_bdf(names[i], bdf) || strcmp(names[i], bdf))
			continue;
		device = pool_add(pool, &pci->devices, &pci->nr_devices,
				  sizeof(*device));
		pci_read_device(pool, device, bdf);
		pci_read_names(pool, access, device);
	}
	pci_cleanup(access);
}

static void pci_read_members(struct pool *pool, struct pci *pci,
			     struct pci_group *group)
{
	char **names;
	size_t nr, i;

	root_names(pool, &names, &nr, "sys/kernel/iommu_groups/%d/devices",
		   group->id);
	for (i = 0; i < nr; i++) {
		struct pci_device *device = pci_find(pci, names[i]), **slot;

		if (!device) {
			group->others++;
			continue;
		}
		slot = pool_add(pool, &group->devices, &group->nr_devices,
				sizeof(*slot));
		*slot = device;
	}
}

static void pci_read_groups(struct pool *pool, struct pci *pci)
{
	size_t nr, i;
	char *name;
	int *ids;

	root_numbers(pool, &ids, &nr, "sys/kernel/iommu_groups");
	for (i = 0; i < nr; i++) {
		struct pci_group *group;

		group = pool_add(pool, &pci->groups, &pci->nr_groups,
				 sizeof(*group));
		group->id = ids[i];
		group->type = root_line(pool, "sys/kernel/iommu_groups/%d/type",
					ids[i]);
		name = root_line(pool, "sys/kernel/iommu_groups/%d/name",
				 ids[i]);
		group->noiommu = name && !strcmp(name, "vfio-noiommu");
		pci_read_members(pool, pci, group);
	}
}

struct pci *pci_read(struct pool *pool)
{
	struct pci *pci = pool_alloc(pool, sizeof(*pci));

	pci_read_devices(pool, pci);
	pci_read_groups(pool, pci);
	return pci;
}

struct pci_device *pci_read_one(struct pool *pool, const char *bdf)
{
	struct pci_device *device;

	if (!root_exists(PCI_SYSFS "/%s", bdf))
		return NULL;
	device = pool_alloc(pool, sizeof(*device));
	pci_read_device(pool, device, bdf);
	return device;
}

struct pci_device *pci_find(const struct pci *pci, const char *bdf)
{
	size_t i;

	for (i = 0; i < pci->nr_devices; i++) {
		if (!strcmp(pci->devices[i].bdf, bdf))
			return &pci->devices[i];
	}
	return NULL;
}

struct pci_group *pci_find_group(const struct pci *pci, int id)
{
	size_t i;

	for (i = 0; i < pci->nr_groups; i++) {
		if (pci->groups[i].id == id)
			return &pci->groups[i];
	}
	return NULL;
}

bool pci_driver_is_vfio(const struct pci_device *device)
{
	return device->driver &&
	       (device->cdev || strstr(device->driver, "vfio"));
}

bool pci_driver_is_harmless(const struct pci_device *device)
{
	return !device->driver || pci_driver_is_vfio(device) ||
	       !strcmp(device->driver, "pci-stub") ||
	       !strcmp(device->driver, "pcieport") ||
	       !strcmp(device->driver, "shpchp");
}

char *pci_group_node(struct pool *pool, const struct pci_group *group)
{
	return pool_printf(pool, "dev/vfio/%s%d",
			   group->noiommu ? "noiommu-" : "", group->id);
}
