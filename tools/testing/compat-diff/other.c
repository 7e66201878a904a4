// SPDX-License-Identifier: GPL-2.0-only
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
/* From this slot of the first bus on, devices are the lab's own. */
#define FIRST_OF_LAB 0x19

static struct other others[NR_OTHERS];
static unsigned int nr_others;

static bool is_other(const char *bdf)
{
	unsigned int domain;
	unsigned int bus;
	unsigned int slot;

	if (sscanf(bdf, "%x:%x:%x", &domain, &bus, &slot) != 3 ||
	    (!bus && slot >= FIRST_OF_LAB))
		return false;
	/* neither a bridge, nor one whose VFs are to stay */
	return pci_attr(bdf, "class") >> 16 != 0x06 &&
	       !pci_attr(bdf, "sriov_numvfs") && !hardware_is_hda(bdf);
}

/* In the order of addresses, which is the same in each guest. */
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

/* The @nr-th of them, NULL where there are fewer. */
const struct other *other_get(unsigned int nr)
{
	return nr < nr_others ? &others[nr] : NULL;
}

/* The same number for all that share a group. */
unsigned int other_owner(unsigned int nr)
{
	return nr < nr_others ? (unsigned int)others[nr].group : 0;
}

/*
 * Held by who plays with a device x, whose bus is reset when it is closed, and by
 * who has all buses scanned: the kernel reads the control register of a bridge then
 * and writes it back, and with it a reset that has begun meanwhile and ended. What
 * is behind that bridge has lost its addresses.
 */
int others_lock(void)
{
	int fd = sys_open("/sys/bus/pci", O_RDONLY | O_DIRECTORY);

	if (flock(fd, LOCK_EX))
		FAIL("no lock");
	return fd;
}
