// SPDX-License-Identifier: GPL-2.0-only
/* The machine below VFIO: kernel, IOMMU, interrupts, firmware. */
#include <stdlib.h>
#include <string.h>

#include "platform.h"
#include "root.h"
#include "text.h"

const char *answer_name(enum answer answer)
{
	static const char *const names[] = {
		[ANSWER_UNKNOWN] = "unknown",
		[ANSWER_NO] = "no",
		[ANSWER_YES] = "yes",
	};

	return names[answer];
}

static bool platform_has_word(const char *line, const char *word)
{
	size_t len = strlen(word);
	const char *at = line;

	while (at && (at = strstr(at, word))) {
		if ((at == line || at[-1] == ' ') &&
		    (!at[len] || at[len] == ' '))
			return true;
		at += len;
	}
	return false;
}

static void platform_read_iommu(struct pool *pool, struct platform *platform)
{
	static const char *const tables[] = { "DMAR", "IVRS", "VIOT", "IORT" };
	static const char *const off[] = { "iommu=off", "intel_iommu=off",
					   "amd_iommu=off" };
	char **names;
	size_t nr, i;

	root_names(pool, &names, &nr, "sys/class/iommu");
	for (i = 0; i < nr; i++)
		platform->iommus =
			text_join(pool, platform->iommus, " ",
				  text_clean(pool, names[i], strlen(names[i])));
	for (i = 0; i < ARRAY_SIZE(tables); i++) {
		if (root_exists("sys/firmware/acpi/tables/%s", tables[i]))
			platform->table = tables[i];
	}
	for (i = 0; i < ARRAY_SIZE(off); i++) {
		if (platform_has_word(platform->cmdline, off[i]))
			platform->disabled_by = off[i];
	}
	platform->passthrough =
		platform_has_word(platform->cmdline, "iommu=pt") ||
		platform_has_word(platform->cmdline, "iommu.passthrough=1");
}

/* Interrupt chips behind a remapping unit have names that begin with "IR-". */
static void platform_read_remapping(struct platform *platform)
{
	bool seen = false;
	char line[8192];
	FILE *file;

	if (!platform->iommus) {
		platform->remapping = ANSWER_NO;
		return;
	}
	file = root_stream("proc/interrupts");
	while (file && root_next(file, line, sizeof(line))) {
		if (strstr(line, " IR-"))
			platform->remapping = ANSWER_YES;
		if (strstr(line, "PCI-MSI") || strstr(line, "IO-APIC"))
			seen = true;
	}
	if (file)
		fclose(file);
	if (seen && platform->remapping == ANSWER_UNKNOWN)
		platform->remapping = ANSWER_NO;
}

bool platform_parameter(struct pool *pool, const char *module,
			const char *parameter)
{
	char *value;

	value = root_line(pool, "sys/module/%s/parameters/%s", module,
			  parameter);
	return value && (*value == 'Y' || *value == '1');
}

static void platform_read_firmware(struct pool *pool, struct platform *platform)
{
	char *bytes, *line, *first, *last;
	size_t len;

	platform->efi = root_exists("sys/firmware/efi");
	/* Four bytes of attributes, then the value. */
	bytes = root_bytes(
		pool, &len,
		"sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c");
	if (bytes && len == 5)
		platform->secure_boot = bytes[4] == 1 ? ANSWER_YES : ANSWER_NO;
	else if (!platform->efi)
		platform->secure_boot = ANSWER_NO;
	line = root_line(pool, "sys/kernel/security/lockdown");
	first = line ? strchr(line, '[') : NULL;
	last = first ? strchr(first, ']') : NULL;
	if (last)
		platform->lockdown =
			pool_strndup(pool, first + 1, last - first - 1);
}

struct platform *platform_read(struct pool *pool)
{
	struct platform *platform = pool_alloc(pool, sizeof(*platform));

	platform->release = root_line(pool, "proc/sys/kernel/osrelease");
	if (!platform->release || strchr(platform->release, '/'))
		platform->release = "unknown";
	platform->cmdline = root_line(pool, "proc/cmdline");
	if (!platform->cmdline)
		platform->cmdline = "";
	platform_read_iommu(pool, platform);
	platform_read_remapping(platform);
	platform->unsafe_interrupts = platform_parameter(
		pool, "vfio_iommu_type1", "allow_unsafe_interrupts");
	platform->noiommu =
		platform_parameter(pool, "vfio", "enable_unsafe_noiommu_mode");
	platform_read_firmware(pool, platform);
	return platform;
}

bool platform_memlock(struct pool *pool, int pid, uint64_t *bytes)
{
	static const char name[] = "Max locked memory";
	char *text, *line;
	size_t len;

	text = pid ? root_bytes(pool, &len, "proc/%d/limits", pid) :
		     root_bytes(pool, &len, "proc/self/limits");
	while ((line = strsep(&text, "\n"))) {
		if (!text_starts(line, name))
			continue;
		line += strlen(name);
		line += strspn(line, " ");
		*bytes = text_starts(line, "unlimited") ?
				 UINT64_MAX :
				 strtoull(line, NULL, 10);
		return true;
	}
	return false;
}
