/* SPDX-License-Identifier: GPL-2.0-only */
/* The machine below VFIO: kernel, IOMMU, interrupts, firmware. */
#ifndef IOMMUCTL_PLATFORM_H
#define IOMMUCTL_PLATFORM_H

#include <stdbool.h>
#include <stdint.h>

#include "pool.h"

enum answer {
	ANSWER_UNKNOWN,
	ANSWER_NO,
	ANSWER_YES,
};

/**
 * struct platform - the machine
 * @release: kernel release
 * @cmdline: kernel command line
 * @iommus: names of the IOMMUs that are in use, NULL if there are none
 * @table: ACPI table of firmware that describes an IOMMU, or NULL
 * @disabled_by: word of the command line that disables the IOMMU, or NULL
 * @passthrough: DMA of the host is not translated by default
 * @remapping: the IOMMU filters interrupts
 * @unsafe_interrupts: vfio_iommu_type1 accepts devices without that
 * @noiommu: VFIO serves devices without an IOMMU
 * @efi: firmware is UEFI
 * @secure_boot: Secure Boot
 * @lockdown: mode of lockdown, "none" without it, NULL if it is not known
 */
struct platform {
	char *release;
	char *cmdline;
	char *iommus;
	const char *table;
	const char *disabled_by;
	bool passthrough;
	enum answer remapping;
	bool unsafe_interrupts;
	bool noiommu;
	bool efi;
	enum answer secure_boot;
	char *lockdown;
};

struct platform *platform_read(struct pool *pool);
/* True if a parameter of a module is set. */
bool platform_parameter(struct pool *pool, const char *module,
			const char *parameter);
const char *answer_name(enum answer answer);

/*
 * Read the soft limit RLIMIT_MEMLOCK of a process, or of the caller if @pid is
 * 0; UINT64_MAX means unlimited. Return false if it is not known.
 */
bool platform_memlock(struct pool *pool, int pid, uint64_t *bytes);

#endif
