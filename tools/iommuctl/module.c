// SPDX-License-Identifier: GPL-2.0-only
/* The five modules: loaded, on disk, in the initramfs. */
#include <stdlib.h>
#include <string.h>

#include "initramfs.h"
#include "module.h"
#include "root.h"
#include "text.h"

static const char *const module_names[MODULE_COUNT] = {
	"iommufd", "vfio", "vfio_iommu_type1", "vfio_pci_core", "vfio_pci",
};

const char *module_origin_name(enum module_origin origin)
{
	static const char *const names[] = {
		[MODULE_MISSING] = "none",
		[MODULE_OURS] = "iommufd-dkms",
		[MODULE_NATIVE] = "kernel",
	};

	return names[origin];
}

/* The kernel's own files are below kernel/, all others are external. */
static enum module_origin module_path_origin(const char *path)
{
	return text_starts(path, "kernel/") ? MODULE_NATIVE : MODULE_OURS;
}

/* Find the module whose file @path is; compression adds a suffix. */
static struct module *module_of_path(struct modules *modules, const char *path)
{
	const char *file = strrchr(path, '/');
	size_t len, i, j;

	file = file ? file + 1 : path;
	len = strcspn(file, ".");
	if (!text_starts(file + len, ".ko"))
		return NULL;
	for (i = 0; i < MODULE_COUNT; i++) {
		const char *name = modules->list[i].name;

		if (strlen(name) != len)
			continue;
		for (j = 0; j < len; j++) {
			if (name[j] != (file[j] == '-' ? '_' : file[j]))
				break;
		}
		if (j == len)
			return &modules->list[i];
	}
	return NULL;
}

static void module_read_loaded(struct pool *pool, struct module *module)
{
	char *taint;

	if (!root_exists("sys/module/%s", module->name))
		return;
	module->version =
		root_line(pool, "sys/module/%s/version", module->name);
	taint = root_line(pool, "sys/module/%s/taint", module->name);
	module->builtin = !taint;
	module->loaded = taint && strchr(taint, 'O') ? MODULE_OURS :
						       MODULE_NATIVE;
	module->unsigned_module = taint && strchr(taint, 'E');
}

/* A line of modules.dep is "PATH: PATHS OF WHAT IT NEEDS". */
static void module_read_disk(struct pool *pool, struct modules *modules,
			     const char *release)
{
	struct module *module;
	char line[4096];
	FILE *file;

	file = root_stream("lib/modules/%s/modules.dep", release);
	while (file && root_next(file, line, sizeof(line))) {
		line[strcspn(line, ":")] = '\0';
		module = module_of_path(modules, line);
		if (!module)
			continue;
		module->disk_path = text_clean(pool, line, strlen(line));
		module->disk = module_path_origin(line);
	}
	if (file)
		fclose(file);
}

static void module_read_initramfs(struct pool *pool, struct modules *modules,
				  const char *release)
{
	struct initramfs *initramfs;
	struct module *module;
	size_t i;

	initramfs = initramfs_read(pool, release);
	modules->initramfs = initramfs->path;
	modules->initramfs_error = initramfs->error;
	for (i = 0; i < initramfs->nr_modules; i++) {
		module = module_of_path(modules, initramfs->modules[i]);
		if (!module)
			continue;
		module->initramfs_path = initramfs->modules[i];
		module->initramfs = module_path_origin(module->initramfs_path);
	}
}

/*
 * Return what the link kernel-RELEASE-ARCH refers to, or NULL. No name of an
 * architecture has a dash, unlike the end of a release such as "arm64-16k".
 */
static char *dkms_link(struct pool *pool, const char *dir, char **names,
		       size_t nr, const char *release)
{
	char *prefix = pool_printf(pool, "kernel-%s-", release);
	size_t i;

	for (i = 0; i < nr; i++) {
		if (text_starts(names[i], prefix) &&
		    !strchr(names[i] + strlen(prefix), '-'))
			return root_link(pool, "%s/%s", dir, names[i]);
	}
	return NULL;
}

/*
 * DKMS keeps VERSION/KERNEL/ARCH for what it built, and a link
 * kernel-KERNEL-ARCH for what it installed.
 */
static void module_read_dkms(struct pool *pool, struct modules *modules,
			     const char *release)
{
	static const char dir[] = "var/lib/dkms/iommufd";
	char **names, *link;
	const char *state;
	size_t nr, i;

	root_names(pool, &names, &nr, "%s", dir);
	link = dkms_link(pool, dir, names, nr, release);
	for (i = 0; i < nr; i++) {
		if (text_starts(names[i], "kernel-"))
			continue;
		if (link && text_starts(link, names[i]))
			state = "installed";
		else if (root_exists("%s/%s/%s", dir, names[i], release))
			state = "built, not installed";
		else
			state = "not built";
		modules->dkms =
			text_join(pool, modules->dkms, ", ",
				  pool_printf(pool, "%s %s for %s",
					      text_clean(pool, names[i],
							 strlen(names[i])),
					      state, release));
	}
}

struct modules *modules_read(struct pool *pool, const char *release,
			     bool initramfs)
{
	struct modules *modules = pool_alloc(pool, sizeof(*modules));
	size_t i;

	for (i = 0; i < MODULE_COUNT; i++) {
		modules->list[i].name = module_names[i];
		module_read_loaded(pool, &modules->list[i]);
	}
	module_read_disk(pool, modules, release);
	if (initramfs)
		module_read_initramfs(pool, modules, release);
	module_read_dkms(pool, modules, release);
	return modules;
}

struct module *module_find(struct modules *modules, const char *name)
{
	size_t i;

	for (i = 0; i < MODULE_COUNT; i++) {
		if (!strcmp(modules->list[i].name, name))
			return &modules->list[i];
	}
	return NULL;
}
