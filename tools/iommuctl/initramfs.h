/* SPDX-License-Identifier: GPL-2.0-only */
/* The kernel modules in an initramfs. */
#ifndef IOMMUCTL_INITRAMFS_H
#define IOMMUCTL_INITRAMFS_H

#include "pool.h"

/**
 * struct initramfs - what an initramfs contains
 * @path: its path, NULL if there is none
 * @error: why it could not be read to the end, NULL if it was
 * @modules: paths below lib/modules/RELEASE of its modules, clean
 * @nr_modules: number of these
 */
struct initramfs {
	char *path;
	const char *error;
	char **modules;
	size_t nr_modules;
};

struct initramfs *initramfs_read(struct pool *pool, const char *release);

#endif
