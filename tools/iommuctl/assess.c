// SPDX-License-Identifier: GPL-2.0-only
/* Findings about the machine: IOMMU, interrupts, modules, Secure Boot. */
#include <string.h>

#include "assess.h"
#include "root.h"
#include "text.h"

void assess_read(struct assess *assess, struct pool *pool, bool initramfs)
{
	*assess = (struct assess){ .findings = { .pool = pool } };
	assess->platform = platform_read(pool);
	assess->modules =
		modules_read(pool, assess->platform->release, initramfs);
	assess->pci = pci_read(pool);
	assess->processes = proc_read(pool);
}

static const char *assess_iommu_word(const struct platform *platform)
{
	return platform->table && !strcmp(platform->table, "IVRS") ?
		       "amd_iommu=on" :
		       "intel_iommu=on";
}

static void assess_no_iommu(struct assess *assess)
{
	struct platform *platform = assess->platform;
	struct findings *findings = &assess->findings;
	struct finding *finding;

	if (platform->noiommu) {
		finding = finding_add(
			findings, FINDING_NOTE, "noiommu",
			"no IOMMU is in use; NOIOMMU mode of VFIO is enabled");
		finding_meaning(
			finding,
			"Programs such as DPDK work, but the device can overwrite all memory. Virtual machines do not work.");
		return;
	}
	if (platform->disabled_by) {
		finding = finding_add(
			findings, FINDING_NO, "iommu",
			"the IOMMU is disabled by \"%s\" on the kernel command line",
			platform->disabled_by);
		finding->fix = pool_printf(
			findings->pool,
			"replace it by %s in GRUB_CMDLINE_LINUX of /etc/default/grub; update-grub; reboot",
			assess_iommu_word(platform));
	} else if (platform->table) {
		finding = finding_add(
			findings, FINDING_NO, "iommu",
			"firmware describes an IOMMU (table %s), but the kernel does not use it",
			platform->table);
		finding->fix = pool_printf(
			findings->pool,
			"add %s to GRUB_CMDLINE_LINUX in /etc/default/grub; update-grub; reboot",
			assess_iommu_word(platform));
	} else {
		finding = finding_add(findings, FINDING_NO, "iommu",
				      "firmware describes no IOMMU");
		finding_fix(
			finding,
			"enable VT-d, AMD-Vi or IOMMU in the setup of the firmware");
	}
	finding_meaning(
		finding,
		"Without an IOMMU nothing keeps a device from reaching all memory.");
}

static void assess_remapping(struct assess *assess)
{
	struct platform *platform = assess->platform;
	struct findings *findings = &assess->findings;
	struct finding *finding;

	switch (platform->remapping) {
	case ANSWER_YES:
		finding_add(
			findings, FINDING_OK, "interrupts",
			"interrupts of devices are isolated (interrupt remapping)");
		break;
	case ANSWER_NO:
		if (platform->unsafe_interrupts) {
			finding = finding_add(
				findings, FINDING_NOTE, "interrupts",
				"interrupts are not isolated, and allow_unsafe_interrupts accepts that");
			finding_meaning(
				finding,
				"A device can raise any interrupt of the host.");
			break;
		}
		finding = finding_add(
			findings, FINDING_NO, "interrupts",
			"interrupts of devices are not isolated: the IOMMU does not remap them");
		finding_meaning(
			finding,
			"VFIO refuses the device (EPERM), because it could raise any interrupt of the host.");
		finding_fix(
			finding,
			"enable interrupt remapping (x2APIC) in firmware; or accept the risk: echo 1 >/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts");
		break;
	case ANSWER_UNKNOWN:
		finding_add(
			findings, FINDING_UNKNOWN, "interrupts",
			"/proc/interrupts does not show whether interrupts are isolated");
		break;
	}
}

void assess_iommu(struct assess *assess)
{
	struct platform *platform = assess->platform;

	if (!platform->iommus) {
		assess_no_iommu(assess);
		return;
	}
	finding_add(&assess->findings, FINDING_OK, "iommu",
		    "the IOMMU is in use (%s), %zu groups", platform->iommus,
		    assess->pci->nr_groups);
	assess_remapping(assess);
}

/* An initramfs that was not rebuilt loads another module than modprobe. */
static void assess_initramfs(struct assess *assess, struct module *module)
{
	struct findings *findings = &assess->findings;
	struct finding *finding;

	if (module->initramfs_path && module->disk_path &&
	    strcmp(module->initramfs_path, module->disk_path)) {
		finding = finding_add(
			findings, FINDING_STEP, "initramfs",
			"%s: the initramfs has %s, modprobe loads %s",
			module->name, module->initramfs_path,
			module->disk_path);
		finding_meaning(
			finding,
			"Early in the boot the file of the initramfs is loaded, and it stays.");
		finding_fix(finding, "update-initramfs -u; reboot");
	}
}

static void assess_mixed(struct assess *assess)
{
	struct findings *findings = &assess->findings;
	struct module *module = module_find(assess->modules, "vfio");
	bool stale = module->loaded == MODULE_NATIVE &&
		     module->disk == MODULE_OURS;
	struct finding *finding;

	if (!stale)
		return;
	finding = finding_add(
		findings, FINDING_STEP, "loaded",
		"the kernel's own VFIO is loaded%s, although modprobe prefers that of iommufd-dkms",
		module->initramfs == MODULE_NATIVE ? " from the initramfs" :
						     "");
	finding_meaning(
		finding,
		"/dev/iommu and device nodes are missing until the modules are exchanged.");
	if (module->initramfs == MODULE_NATIVE)
		finding_fix(finding, "update-initramfs -u; reboot");
	else
		finding_fix(
			finding,
			"stop the users of VFIO; modprobe -r vfio-pci vfio_iommu_type1 vfio; modprobe vfio-pci");
}

void assess_modules(struct assess *assess)
{
	struct findings *findings = &assess->findings;
	struct module *vfio = module_find(assess->modules, "vfio");
	struct module *iommufd = module_find(assess->modules, "iommufd");
	struct finding *finding;
	size_t i;

	if (vfio->loaded == MODULE_OURS) {
		finding_add(findings, FINDING_OK, "vfio",
			    "VFIO of iommufd-dkms %s is loaded",
			    vfio->version ? vfio->version : "");
	} else if (vfio->loaded == MODULE_NATIVE) {
		finding = finding_add(findings, FINDING_NOTE, "vfio",
				      "the kernel's own VFIO is %s",
				      vfio->builtin ? "built in" : "loaded");
		if (iommufd->loaded == MODULE_MISSING)
			finding_meaning(
				finding,
				"Groups work; /dev/iommu and device nodes do not exist.");
	} else if (vfio->disk == MODULE_MISSING) {
		finding = finding_add(findings, FINDING_NO, "vfio",
				      "kernel %s has no module vfio",
				      assess->platform->release);
		finding_meaning(finding, "No program can drive a device.");
		finding_fix(
			finding,
			"install the package linux-image-amd64, linux-image-arm64 or iommufd-dkms");
	} else {
		finding = finding_add(
			findings, FINDING_STEP, "vfio",
			"VFIO is not loaded; modprobe would load that of %s",
			vfio->disk == MODULE_OURS ? "iommufd-dkms" :
						    "the kernel");
		finding_fix(finding, "modprobe vfio-pci");
	}
	assess_mixed(assess);
	for (i = 0; i < MODULE_COUNT; i++)
		assess_initramfs(assess, &assess->modules->list[i]);
}

void assess_secure_boot(struct assess *assess)
{
	struct platform *platform = assess->platform;
	struct findings *findings = &assess->findings;
	struct finding *finding;

	switch (platform->secure_boot) {
	case ANSWER_NO:
		finding_add(findings, FINDING_OK, "secure-boot",
			    platform->efi ? "Secure Boot is disabled" :
					    "no UEFI, so no Secure Boot");
		return;
	case ANSWER_UNKNOWN:
		finding_add(
			findings, FINDING_UNKNOWN, "secure-boot",
			"firmware does not show whether Secure Boot is enabled");
		return;
	case ANSWER_YES:
		break;
	}
	if (module_find(assess->modules, "vfio")->loaded == MODULE_OURS) {
		finding_add(
			findings, FINDING_OK, "secure-boot",
			"Secure Boot is enabled, and the modules were accepted");
		return;
	}
	finding = finding_add(findings, FINDING_NOTE, "secure-boot",
			      "Secure Boot is enabled");
	finding_meaning(
		finding,
		"Modules of iommufd-dkms load only if the key that signs them is enrolled.");
	finding_fix(
		finding,
		"mokutil --import /var/lib/dkms/mok.pub; reboot and confirm the key");
}
