/* SPDX-License-Identifier: GPL-2.0-only */
/* What the modules report in /proc/PID/fdinfo of their files. */
#ifndef IOMMUCTL_FDINFO_H
#define IOMMUCTL_FDINFO_H

#include <stdint.h>

#include "pool.h"

struct fdinfo_ioas {
	unsigned int id;
	uint64_t areas;
	uint64_t mapped;
	uint64_t pinned;
	uint64_t domains;
};

struct fdinfo_hwpt {
	unsigned int id;
	unsigned int ioas;
	unsigned int devices;
	char *kind;
	char *dirty;
};

struct fdinfo_device {
	unsigned int id;
	unsigned int hwpt;
	unsigned int ioas;
	char *name;
};

/**
 * struct fdinfo - one file, parsed; text is clean, NULL if not reported
 * @context: number of the iommufd context, -1 if it is not reported
 * @interface: "iommu" or "container"
 * @accounting: "user" or "process"
 * @charged: bytes charged to RLIMIT_MEMLOCK
 * @objects: objects by type, as reported
 * @ioas: address spaces
 * @nr_ioas: number of these
 * @hwpts: page tables
 * @nr_hwpts: number of these
 * @devices: devices of the context
 * @nr_devices: number of these
 * @container_type: type that was set, of a container
 * @container_groups: groups in it, as reported
 * @mappings_left: as reported
 * @refusals: number of calls that were refused
 * @refusal: errno and reason of the last one
 * @device: address of the device, of a device file
 * @device_interface: "group" or "cdev"
 * @device_context: context that the device is bound to, -1 without one
 * @device_object: its object there, as reported
 */
struct fdinfo {
	int context;
	char *interface;
	char *accounting;
	uint64_t charged;
	char *objects;
	struct fdinfo_ioas *ioas;
	size_t nr_ioas;
	struct fdinfo_hwpt *hwpts;
	size_t nr_hwpts;
	struct fdinfo_device *devices;
	size_t nr_devices;
	char *container_type;
	char *container_groups;
	char *mappings_left;
	uint64_t refusals;
	char *refusal;
	char *device;
	char *device_interface;
	int device_context;
	char *device_object;
};

/* Read that of a descriptor, or return NULL if the process has ended. */
struct fdinfo *fdinfo_read(struct pool *pool, int pid, int fd);

#endif
