/* SPDX-License-Identifier: GPL-2.0-only */
/* The five modules: loaded, on disk, in the initramfs. */
#ifndef IOMMUCTL_MODULE_H
#define IOMMUCTL_MODULE_H

#include <stdbool.h>

#include "pool.h"

#define MODULE_COUNT 5

/* This project's modules are external ones, the kernel's own are not. */
enum module_origin {
	MODULE_MISSING,
	MODULE_OURS,
	MODULE_NATIVE,
};

/**
 * struct module - one of the modules
 * @name: its name, with underscores
 * @loaded: origin of what is loaded or built in
 * @builtin: it is a part of the kernel image
 * @version: version of what is loaded, or NULL
 * @unsigned_module: what is loaded has no signature that the kernel accepts
 * @disk: origin of the file that modprobe loads
 * @disk_path: this file, below /lib/modules/RELEASE, or NULL
 * @initramfs: origin of the file in the initramfs
 * @initramfs_path: this file, below /lib/modules/RELEASE, or NULL
 */
struct module {
	const char *name;
	enum module_origin loaded;
	bool builtin;
	char *version;
	bool unsigned_module;
	enum module_origin disk;
	char *disk_path;
	enum module_origin initramfs;
	char *initramfs_path;
};

/**
 * struct modules - all of them, and their sources
 * @list: in the order in which they are loaded
 * @initramfs: path of the initramfs, or NULL if it could not be read
 * @initramfs_error: why it could not be read, NULL if it was
 * @dkms: versions that DKMS knows and their state for this kernel, or NULL
 */
struct modules {
	struct module list[MODULE_COUNT];
	char *initramfs;
	const char *initramfs_error;
	char *dkms;
};

/* The initramfs, which takes a moment, is read if @initramfs is set. */
struct modules *modules_read(struct pool *pool, const char *release,
			     bool initramfs);
struct module *module_find(struct modules *modules, const char *name);
const char *module_origin_name(enum module_origin origin);

#endif
