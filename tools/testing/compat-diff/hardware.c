// SPDX-License-Identifier: GPL-2.0-only
/*
 * The devices of the workers. Each has an equal set: two devices with a group
 * of their own, two that share a group, and an emulated one.
 */
#include "hardware.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "pci.h"
#include "sample.h"

#define PCI_DEVICES "/sys/bus/pci/devices"
#define MAX_FOUND 32
/* QEMU's intel-hda */
#define HDA_VENDOR 0x8086
#define HDA_DEVICE 0x2668

/** struct found - an intel-hda */
struct found {
	/** @bdf: address of the device */
	char bdf[16];
	/** @group: number of its group */
	int group;
	/** @shared: another one is in the same group */
	bool shared;
};

static struct found found[MAX_FOUND];
static unsigned int nr_found;

bool hardware_is_hda(const char *bdf)
{
	return pci_attr(bdf, "vendor") == HDA_VENDOR &&
	       pci_attr(bdf, "device") == HDA_DEVICE;
}

static int by_bdf(const void *a, const void *b)
{
	return strcmp(((const struct found *)a)->bdf,
		      ((const struct found *)b)->bdf);
}

static void find_all(void)
{
	DIR *dir = opendir(PCI_DEVICES);
	struct dirent *entry;

	while (dir && (entry = readdir(dir)) && nr_found < MAX_FOUND) {
		if (!hardware_is_hda(entry->d_name))
			continue;
		snprintf(found[nr_found].bdf, sizeof(found[0].bdf), "%.12s",
			 entry->d_name);
		nr_found++;
	}
	if (dir)
		closedir(dir);
	qsort(found, nr_found, sizeof(found[0]), by_bdf);
	for (unsigned int i = 0; i < nr_found; i++) {
		pci_bind(found[i].bdf);
		found[i].group = pci_group(found[i].bdf);
		for (unsigned int j = 0; j < i; j++) {
			if (found[j].group != found[i].group)
				continue;
			found[i].shared = true;
			found[j].shared = true;
		}
	}
}

/* Return the @nr-th device of those that share a group, or of the others. */
static const struct found *get_found(bool shared, unsigned int nr)
{
	for (unsigned int i = 0; i < nr_found; i++) {
		if (found[i].shared == shared && !nr--)
			return &found[i];
	}
	FAIL("devices are missing");
}

void hardware_find(struct hardware *hardware, unsigned int worker)
{
	if (!nr_found)
		find_all();
	sample_load();
	for (unsigned int i = 0; i < 4; i++) {
		const struct found *device =
			get_found(i >= 2, 2 * worker + i % 2);

		strcpy(hardware->bdf[i], device->bdf);
		hardware->group[i < 3 ? i : 2] = device->group;
	}
	hardware->sample = worker;
	hardware->group[3] = sample_group(worker);
}
