/* SPDX-License-Identifier: GPL-2.0-only */
/* Names of the ioctls of iommufd and VFIO, and of errnos. */
#ifndef IOMMUCTL_IOCTLS_H
#define IOMMUCTL_IOCTLS_H

#include <stdbool.h>

/**
 * struct ioctl_name - the name of an ioctl
 * @cmd: its number
 * @container: it has this name on a container; the same number may have
 *	another name on a device file
 * @name: its name
 */
struct ioctl_name {
	unsigned int cmd;
	bool container;
	const char *name;
};

/* All names; the last has no name. */
extern const struct ioctl_name ioctl_names[];

/* Return NULL for an unknown one. */
const char *ioctl_find(unsigned int cmd, bool container);

/* "EINVAL", or NULL for one that these subsystems do not return. */
const char *errno_name(int number);

/* Find an errno by its name, by its text or as a number behind a minus. */
int errno_find(const char *line);

#endif
