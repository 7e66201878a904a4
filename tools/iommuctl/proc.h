/* SPDX-License-Identifier: GPL-2.0-only */
/* Processes that have files of VFIO or iommufd open. */
#ifndef IOMMUCTL_PROC_H
#define IOMMUCTL_PROC_H

#include <stdbool.h>
#include <stdint.h>

#include "fdinfo.h"
#include "pci.h"
#include "pool.h"

enum proc_file_kind {
	/* /dev/iommu */
	PROC_IOMMU,
	/* /dev/vfio/vfio */
	PROC_CONTAINER,
	/* /dev/vfio/N and /dev/vfio/noiommu-N */
	PROC_GROUP,
	/* a device, opened through its group */
	PROC_DEVICE,
	/* /dev/vfio/devices/vfioN and noiommu-vfioN */
	PROC_CDEV,
	/* the file in sysfs that unbinds a device from a driver of VFIO */
	PROC_UNBIND,
};

/**
 * struct proc_file - an open file
 * @fd: the lowest descriptor of it
 * @kind: its kind
 * @path: what /proc shows, clean
 * @number: N of the path of a group, -1 without one
 * @info: its fdinfo, NULL if it could not be read
 */
struct proc_file {
	int fd;
	enum proc_file_kind kind;
	char *path;
	int number;
	struct fdinfo *info;
};

/**
 * struct process - a process with at least one such file
 * @pid: its number
 * @comm: its name
 * @uid: its user
 * @user: name of that user, or the number
 * @unit: its systemd unit, or NULL
 * @vm: name of the virtual machine that it runs, or NULL
 * @blocked: sleeps in a way that only the end of a wait ends
 * @files: its files
 * @nr_files: number of these
 */
struct process {
	int pid;
	char *comm;
	unsigned int uid;
	char *user;
	char *unit;
	char *vm;
	bool blocked;
	struct proc_file *files;
	size_t nr_files;
};

/**
 * struct processes - all of these
 * @list: by PID
 * @nr: number of these
 * @unreadable: number of processes whose files this user may not see
 */
struct processes {
	struct process *list;
	size_t nr;
	size_t unreadable;
};

struct processes *proc_read(struct pool *pool);

/* Read one process; NULL if it has ended or has no such file. */
struct process *proc_read_one(struct pool *pool, int pid);

/*
 * Return through which interface the process holds the device, NULL if it does
 * not. Without fdinfo, as on the kernel's own VFIO, the holder of a group holds
 * all devices of the group.
 */
const char *proc_holds(const struct process *process,
		       const struct pci_device *device);

/* "qemu-system-x86 (4711, user alice, VM debian, unit machine-...)" */
char *proc_describe(struct pool *pool, const struct process *process);

/* True if @subject is its PID, the name of its VM or its unit. */
bool proc_matches(const struct process *process, const char *subject);

/* Users of the machine; false if there is no such name. */
bool proc_find_user(struct pool *pool, const char *name, unsigned int *uid,
		    unsigned int *gid);
char *proc_user_name(struct pool *pool, unsigned int uid);
bool proc_user_in_group(struct pool *pool, const char *name, unsigned int gid);

#endif
