// SPDX-License-Identifier: GPL-2.0-only
/* Findings about a device: its group, itself, who holds it. */
#include <inttypes.h>
#include <string.h>

#include "assess.h"
#include "root.h"
#include "text.h"

/* Devices that vfio-pci refuses because they are unsafe to assign. */
static bool assess_is_denied(const struct pci_device *device)
{
	static const unsigned int denied[] = { 0x0435, 0x0443, 0x19e2, 0x19e3,
					       0x37c8, 0x37c9, 0x0b25, 0x0cfe };
	size_t i;

	for (i = 0; device->vendor == 0x8086 && i < ARRAY_SIZE(denied); i++) {
		if (device->device == denied[i])
			return true;
	}
	return false;
}

static void assess_group(struct assess *assess, const struct pci_device *device)
{
	struct pci_group *group = pci_find_group(assess->pci, device->group);
	struct findings *findings = &assess->findings;
	struct finding *finding;
	size_t i, nr = 0, bad = 0;

	if (!group) {
		if (!assess->platform->noiommu) {
			finding =
				finding_add(findings, FINDING_NO, "group",
					    "the device is in no IOMMU group");
			finding_meaning(finding,
					"No IOMMU translates its DMA.");
		}
		return;
	}
	for (i = 0; i < group->nr_devices; i++) {
		const struct pci_device *other = group->devices[i];

		if (other == device || other->bridge)
			continue;
		nr++;
		if (pci_driver_is_harmless(other))
			continue;
		bad++;
		finding = finding_add(
			findings, FINDING_NO, "group",
			"group %d is not viable: %s (%s) in it is bound to %s",
			group->id, other->bdf, other->name, other->driver);
		finding_meaning(
			finding,
			"Devices of a group reach each other without the IOMMU, so that all of them leave the host together.");
		finding->fix = pool_printf(findings->pool,
					   "driverctl set-override %s vfio-pci",
					   other->bdf);
	}
	if (bad)
		return;
	if (!nr && !group->others)
		finding_add(findings, FINDING_OK, "group",
			    "the device is alone in group %d", group->id);
	else
		finding_add(findings, FINDING_OK, "group",
			    "group %d is viable; %zu more devices are in it",
			    group->id, nr + group->others);
}

static void assess_driver(struct assess *assess,
			  const struct pci_device *device)
{
	struct findings *findings = &assess->findings;
	struct finding *finding;

	if (device->bridge) {
		finding = finding_add(findings, FINDING_NO, "bridge",
				      "the device is a bridge");
		finding_meaning(
			finding,
			"VFIO drives devices, not bridges; bridges may stay bound to pcieport.");
		return;
	}
	if (assess_is_denied(device) &&
	    !platform_parameter(findings->pool, "vfio_pci",
				"disable_denylist")) {
		finding = finding_add(
			findings, FINDING_NO, "denylist",
			"vfio-pci refuses devices %04x:%04x as unsafe",
			device->vendor, device->device);
		finding_fix(
			finding,
			"accept the risk: options vfio-pci disable_denylist=1 in /etc/modprobe.d");
	}
	if (pci_driver_is_vfio(device)) {
		finding_add(findings, FINDING_OK, "driver",
			    "the device is bound to %s", device->driver);
		return;
	}
	finding = finding_add(findings, FINDING_STEP, "driver",
			      "the device is %s%s",
			      device->driver ? "bound to " : "not bound",
			      device->driver ? device->driver : "");
	finding_meaning(
		finding,
		"libvirt binds it by itself (managed='yes'); other programs need it bound to vfio-pci.");
	finding->fix = pool_printf(findings->pool,
				   "driverctl set-override %s vfio-pci",
				   device->bdf);
}

static void assess_holders(struct assess *assess,
			   const struct pci_device *device)
{
	struct processes *processes = assess->processes;
	struct findings *findings = &assess->findings;
	struct pool *pool = findings->pool;
	bool held = false, waits = false;
	struct finding *finding;
	size_t i, j;

	for (i = 0; i < processes->nr; i++) {
		const struct process *process = &processes->list[i];
		const char *through = proc_holds(process, device);

		for (j = 0; j < process->nr_files; j++)
			waits |= process->blocked &&
				 process->files[j].kind == PROC_UNBIND;
		if (!through)
			continue;
		held = true;
		finding = finding_add(findings, FINDING_NO, "in-use",
				      "%s holds it through its %s",
				      proc_describe(pool, process), through);
		finding_meaning(
			finding,
			"A second user is refused until it is closed: EBUSY, or EINVAL through the device node.");
		finding->fix =
			process->unit ?
				pool_printf(pool, "systemctl stop '%s'",
					    process->unit) :
				pool_printf(pool, "kill %d", process->pid);
	}
	if (held && waits) {
		finding = finding_add(
			findings, FINDING_NOTE, "unbind-waits",
			"a task waits to unbind a device from vfio-pci");
		finding_meaning(
			finding,
			"The unbind ends when the holder closes the device; it cannot be cancelled.");
	}
	if (!held && processes->unreadable) {
		finding = finding_add(
			findings, FINDING_UNKNOWN, "in-use",
			"processes of other users are not visible, one may hold the device");
		finding_fix(finding, "run iommuctl as root");
	}
}

static void assess_bars(struct assess *assess, const struct pci_device *device)
{
	struct findings *findings = &assess->findings;
	uint64_t total = 0, largest = 0;
	struct finding *finding;
	unsigned int i;

	for (i = 0; i < PCI_NR_BARS; i++) {
		total += device->bar_size[i];
		if (device->bar_size[i] > largest)
			largest = device->bar_size[i];
		if (!device->bar_size[i] || device->bar_start[i])
			continue;
		finding = finding_add(findings, FINDING_NOTE, "bar",
				      "BAR %u (%s) has no address", i,
				      text_size(findings->pool,
						device->bar_size[i]));
		finding_meaning(
			finding,
			"Programs cannot use this BAR; firmware left no room for it.");
		finding_fix(
			finding,
			"enable \"Above 4G Decoding\" in firmware, or boot with pci=realloc");
	}
	finding_add(findings, FINDING_OK, "bars", "BARs have %s%s",
		    text_size(findings->pool, total),
		    device->has_rom ? ", and there is an expansion ROM" : "");
	if (largest >= 1ULL << 32) {
		finding = finding_add(findings, FINDING_NOTE, "bar-large",
				      "the largest BAR has %s",
				      text_size(findings->pool, largest));
		finding_meaning(
			finding,
			"A virtual machine needs firmware with a 64-bit MMIO window of that size (OVMF has one).");
	}
}

static void assess_reset(struct assess *assess, const struct pci_device *device)
{
	struct findings *findings = &assess->findings;
	struct finding *finding;

	if (device->reset) {
		finding_add(findings, FINDING_OK, "reset",
			    "the device can be reset (%s)", device->reset);
		return;
	}
	finding = finding_add(findings, FINDING_NOTE, "reset",
			      "the device cannot be reset on its own");
	finding_meaning(
		finding,
		"It keeps the state that its last user left. A reset of its slot or bus is tried if all devices there are assigned together.");
}

static void assess_display(struct assess *assess,
			   const struct pci_device *device)
{
	struct finding *finding;

	if (!device->boot_vga)
		return;
	finding = finding_add(&assess->findings, FINDING_NOTE, "boot-display",
			      "firmware shows its output on this display");
	finding_meaning(
		finding,
		"The console of the host stops when the device is assigned. Its ROM may have been changed by the boot: give the guest a copy (romfile=) if it stays dark.");
}

static void assess_sriov(struct assess *assess, const struct pci_device *device)
{
	struct findings *findings = &assess->findings;
	struct pci_device *physfn = NULL;
	struct finding *finding;

	if (device->physfn)
		physfn = pci_find(assess->pci, device->physfn);
	if (physfn && pci_driver_is_vfio(physfn)) {
		finding =
			finding_add(findings, FINDING_NOTE, "sriov",
				    "the physical function %s is driven by %s",
				    physfn->bdf, physfn->driver);
		finding_meaning(
			finding,
			"Opening this VF needs the token that the user of the physical function has set.");
		finding_fix(
			finding,
			"qemu -device vfio-pci,vf-token=UUID; dpdk --vfio-vf-token=UUID");
	}
	if (!device->nr_vfs)
		return;
	finding = finding_add(findings, FINDING_NOTE, "sriov",
			      "%d virtual functions are enabled",
			      device->nr_vfs);
	if (pci_driver_is_vfio(device))
		finding_meaning(
			finding,
			"Opening this physical function needs a token (UUID), which its VFs then need as well.");
	else
		finding_meaning(
			finding,
			"Unbinding the driver of the physical function removes them.");
}

void assess_device(struct assess *assess, const struct pci_device *device)
{
	assess_group(assess, device);
	assess_driver(assess, device);
	assess_holders(assess, device);
	assess_reset(assess, device);
	assess_bars(assess, device);
	assess_display(assess, device);
	assess_sriov(assess, device);
}
