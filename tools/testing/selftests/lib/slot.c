// SPDX-License-Identifier: GPL-2.0-only
/* Hot-plug slots: plug NICs in, and wait for the kernel to notice. */
#include "slot.h"

#include <linux/pci_regs.h>
#include <poll.h>
#include <stdio.h>

#include "harness.h"
#include "monitor.h"

/* Poll a condition for up to a minute. */
void slot_wait_until(bool (*condition)(const char *bdf), const char *bdf)
{
	unsigned int rounds = 1200;

	while (!condition(bdf)) {
		if (!rounds--)
			FAIL("the condition does not become true");
		poll(NULL, 0, 50);
	}
}

/* Return the offset of the Slot Control register of a bridge. */
unsigned int slot_control(const char *bridge)
{
	unsigned int pos = pci_read_config(bridge, PCI_CAPABILITY_LIST, 1);

	for (; pos; pos = pci_read_config(bridge, pos + PCI_CAP_LIST_NEXT, 1))
		if (pci_read_config(bridge, pos, 1) == PCI_CAP_ID_EXP)
			return pos + PCI_EXP_SLTCTL;
	FAIL("no PCI Express capability");
}

/*
 * QEMU refuses to unplug a device while the power indicator blinks. The kernel
 * turns it on as its last step, after the device could be bound.
 */
static bool slot_is_powered_on(const char *bridge)
{
	unsigned int control = pci_read_config(bridge, slot_control(bridge), 2);

	return (control & PCI_EXP_SLTCTL_PIC) == PCI_EXP_SLTCTL_PWR_IND_ON;
}

/* The kernel adds a device to sysfs before a driver can bind to it. */
static bool slot_try_bind(const char *bdf)
{
	return !__pci_bind_to(bdf, "vfio-pci");
}

/*
 * Plug an e1000e with the name @id into a port and bind it to vfio-pci. Return
 * its address. It is the device @which then.
 */
const char *slot_plug(int monitor, const char *port, const char *id,
		      enum testdev which)
{
	char arguments[128];
	const char *bdf;

	snprintf(arguments, sizeof(arguments),
		 "\"driver\": \"e1000e\", \"bus\": \"%s\", \"id\": \"%s\"",
		 port, id);
	monitor_run(monitor, "device_add", arguments);
	for (unsigned int rounds = 1200; !(bdf = pci_find(which)); rounds--) {
		if (!rounds)
			FAIL("no device in %s", port);
		poll(NULL, 0, 50);
	}
	slot_wait_until(slot_try_bind, bdf);
	slot_wait_until(slot_is_powered_on, pci_bridge_above(bdf));
	return bdf;
}
