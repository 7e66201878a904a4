/* SPDX-License-Identifier: GPL-2.0-only */
/* What "check", "doctor" and "why" look into. */
#ifndef IOMMUCTL_ASSESS_H
#define IOMMUCTL_ASSESS_H

#include "finding.h"
#include "iommuctl.h"
#include "module.h"
#include "pci.h"
#include "platform.h"
#include "proc.h"

/**
 * struct assess - a snapshot of the machine, and the findings in it
 * @findings: what was found so far
 * @platform: the machine
 * @modules: the modules
 * @pci: devices and groups
 * @processes: processes that use them
 */
struct assess {
	struct findings findings;
	struct platform *platform;
	struct modules *modules;
	struct pci *pci;
	struct processes *processes;
};

void assess_read(struct assess *assess, struct pool *pool, bool initramfs);

/* The machine: IOMMU, interrupts, modules, Secure Boot. */
void assess_iommu(struct assess *assess);
void assess_modules(struct assess *assess);
void assess_secure_boot(struct assess *assess);

/* A device: its group, itself, who holds it. */
void assess_device(struct assess *assess, const struct pci_device *device);

/* A user: nodes and limits. Without a name the caller is meant. */
void assess_nodes(struct assess *assess, const struct pci_device *device,
		  const char *user);
void assess_memlock(struct assess *assess, const char *user, uint64_t memory);

#endif
