// SPDX-License-Identifier: GPL-2.0-only
/* Finds the devices of other kinds, which sequences call x. */
#include "other.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>

#include "hardware.h"
#include "harness.h"
#include "pci.h"
#include "sys.h"

#define PCI_DEVICES "/sys/bus/pci/devices"
/* First slot of bus 0 with devices that the lab itself needs */
#define FIRST_LAB_SLOT 0x19
/* Base class of bridges */
#define CLASS_BRIDGE 0x06

static struct other others[NR_OTHERS];
static unsigned int nr_others;

static bool is_other(const char *bdf)
{
	unsigned int domain;
	unsigned int bus;
	unsigned int slot;

	if (sscanf(bdf, "%x:%x:%x", &domain, &bus, &slot) != 3 ||
	    (!bus && slot >= FIRST_LAB_SLOT))
		return false;
	/* bridges and a PF whose VF is in use are left out */
	return pci_attr(bdf, "class") >> 16 != CLASS_BRIDGE &&
	       !pci_attr(bdf, "sriov_numvfs") && !hardware_is_hda(bdf);
}

/*
 * Find the devices in the order of addresses, which is the same in all guests.
 */
void others_find(void)
{
	struct dirent **entries;
	int nr = scandir(PCI_DEVICES, &entries, NULL, alphasort);

	for (int i = 0; i < nr; i++) {
		const char *bdf = entries[i]->d_name;
		struct other *other = &others[nr_others];

		if (bdf[0] == '.' || !is_other(bdf))
			continue;
		if (nr_others++ == NR_OTHERS)
			FAIL("more devices than there are to be");
		snprintf(other->bdf, sizeof(other->bdf), "%.12s", bdf);
		snprintf(other->id, sizeof(other->id), "%04x:%04x",
			 pci_attr(bdf, "vendor"), pci_attr(bdf, "device"));
		pci_bind(bdf);
		other->group = pci_group(bdf);
	}
	if (nr_others != NR_OTHERS)
		FAIL("%u devices instead of %u", nr_others, NR_OTHERS);
}

/* Return the @nr-th device, or NULL if there are fewer. */
const struct other *other_get(unsigned int nr)
{
	return nr < nr_others ? &others[nr] : NULL;
}

/* Return a number that is the same for all devices that share a group. */
unsigned int other_owner(unsigned int nr)
{
	return nr < nr_others ? (unsigned int)others[nr].group : 0;
}

/*
 * Take the lock that separates bus scans from sequences with a device x, whose
 * bus is reset when it is closed. A scan reads the control register of each
 * bridge and writes it back. If a reset began in between, the write ends it,
 * and the devices behind the bridge lose their addresses.
 */
int others_lock(void)
{
	int fd = sys_open("/sys/bus/pci", O_RDONLY | O_DIRECTORY);

	if (flock(fd, LOCK_EX))
		FAIL("no lock");
	return fd;
}
