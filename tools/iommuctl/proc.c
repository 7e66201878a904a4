// SPDX-License-Identifier: GPL-2.0-only
/* Processes that have files of VFIO or iommufd open. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proc.h"
#include "root.h"
#include "text.h"

/* Return the number behind @prefix at the start of @path, -1 if there is none. */
static int proc_path_number(const char *path, const char *prefix)
{
	uint64_t number;

	if (!text_starts(path, prefix) ||
	    !text_number(path + strlen(prefix), 10, INT32_MAX, &number))
		return -1;
	return number;
}

/* Return false if the file is of no interest. */
static bool proc_classify(struct pool *pool, char *path, struct proc_file *file)
{
	/* The node of a device that was unplugged may still be open. */
	if (text_ends(path, " (deleted)"))
		path = pool_strndup(pool, path, strlen(path) - 10);
	file->path = path;
	file->number = -1;
	if (!strcmp(path, "/dev/iommu")) {
		file->kind = PROC_IOMMU;
	} else if (!strcmp(path, "/dev/vfio/vfio")) {
		file->kind = PROC_CONTAINER;
	} else if (text_starts(path, "/dev/vfio/devices/")) {
		file->kind = PROC_CDEV;
	} else if (text_starts(path, "/dev/vfio/")) {
		file->kind = PROC_GROUP;
		file->number = proc_path_number(path, "/dev/vfio/");
		if (file->number < 0)
			file->number =
				proc_path_number(path, "/dev/vfio/noiommu-");
	} else if (!strcmp(path, "anon_inode:[vfio-device]")) {
		file->kind = PROC_DEVICE;
	} else if (text_starts(path, "/sys/bus/pci/drivers/") &&
		   strstr(path, "vfio") && text_ends(path, "/unbind")) {
		file->kind = PROC_UNBIND;
	} else {
		return false;
	}
	return true;
}

/* A context or a device may have several descriptors: keep the first. */
static bool proc_is_duplicate(const struct process *process,
			      const struct proc_file *file)
{
	size_t i;

	for (i = 0; i < process->nr_files; i++) {
		const struct proc_file *other = &process->files[i];

		if (other->kind != file->kind || !other->info || !file->info)
			continue;
		if (file->info->context >= 0 &&
		    other->info->context == file->info->context)
			return true;
		if (file->info->device && other->info->device &&
		    !strcmp(file->info->device, other->info->device))
			return true;
	}
	return false;
}

static bool proc_read_files(struct pool *pool, struct process *process)
{
	struct proc_file found, *file;
	size_t nr, i;
	char *path;
	int *fds;

	if (!root_numbers(pool, &fds, &nr, "proc/%d/fd", process->pid))
		return false;
	for (i = 0; i < nr; i++) {
		path = root_link(pool, "proc/%d/fd/%d", process->pid, fds[i]);
		if (!path || !proc_classify(pool, path, &found))
			continue;
		found.fd = fds[i];
		found.info = fdinfo_read(pool, process->pid, fds[i]);
		if (proc_is_duplicate(process, &found))
			continue;
		file = pool_add(pool, &process->files, &process->nr_files,
				sizeof(*file));
		*file = found;
	}
	return true;
}

/* The innermost service or scope of the cgroup is the unit. */
static char *proc_read_unit(struct pool *pool, int pid)
{
	char *path, *part, *unit = NULL;
	size_t len;

	path = root_bytes(pool, &len, "proc/%d/cgroup", pid);
	while ((part = strsep(&path, "/\n"))) {
		if (text_ends(part, ".service") || text_ends(part, ".scope"))
			unit = part;
	}
	return unit ? text_clean(pool, unit, strlen(unit)) : NULL;
}

/* The name in "-name debian,process=..." or "-name guest=debian,...". */
static char *proc_read_vm(struct pool *pool, int pid)
{
	char *args, *arg, *end;
	size_t len;

	args = root_bytes(pool, &len, "proc/%d/cmdline", pid);
	if (!args)
		return NULL;
	end = args + len;
	if (!strstr(args, "qemu") && !strstr(args, "kvm"))
		return NULL;
	for (arg = args; arg < end; arg += strlen(arg) + 1) {
		if (strcmp(arg, "-name") && strcmp(arg, "--name"))
			continue;
		arg += strlen(arg) + 1;
		if (arg >= end)
			break;
		if (text_starts(arg, "guest="))
			arg += 6;
		return text_clean(pool, arg, strcspn(arg, ","));
	}
	return NULL;
}

static void proc_read_status(struct pool *pool, struct process *process)
{
	char *text, *line;
	size_t len;

	text = root_bytes(pool, &len, "proc/%d/status", process->pid);
	while ((line = strsep(&text, "\n"))) {
		if (text_starts(line, "Uid:\t"))
			process->uid = strtoul(line + 5, NULL, 10);
		else if (text_starts(line, "State:\t"))
			process->blocked = line[7] == 'D' || line[7] == 'S';
	}
}

static void proc_read_process(struct pool *pool, struct process *process)
{
	int pid = process->pid;

	process->comm = root_line(pool, "proc/%d/comm", pid);
	if (!process->comm)
		process->comm = "?";
	proc_read_status(pool, process);
	process->user = proc_user_name(pool, process->uid);
	process->unit = proc_read_unit(pool, pid);
	process->vm = proc_read_vm(pool, pid);
}

struct process *proc_read_one(struct pool *pool, int pid)
{
	struct process *process = pool_alloc(pool, sizeof(*process));

	process->pid = pid;
	if (!proc_read_files(pool, process) || !process->nr_files)
		return NULL;
	proc_read_process(pool, process);
	return process;
}

struct processes *proc_read(struct pool *pool)
{
	struct processes *processes = pool_alloc(pool, sizeof(*processes));
	struct process *found;
	struct pool *scratch;
	size_t nr, i;
	int *pids;

	root_numbers(pool, &pids, &nr, "proc");
	for (i = 0; i < nr; i++) {
		struct process probe = { .pid = pids[i] };

		/* Most processes have no such file: leave nothing behind. */
		scratch = pool_create();
		errno = 0;
		if (!proc_read_files(scratch, &probe) && errno == EACCES)
			processes->unreadable++;
		pool_destroy(scratch);
		/* The process may end in between. */
		found = probe.nr_files ? proc_read_one(pool, pids[i]) : NULL;
		if (found)
			*(struct process *)pool_add(pool, &processes->list,
						    &processes->nr,
						    sizeof(*found)) = *found;
	}
	return processes;
}

static const char *proc_file_holds(const struct proc_file *file,
				   const struct pci_device *device)
{
	const struct fdinfo *info = file->info;
	size_t i;

	switch (file->kind) {
	case PROC_DEVICE:
		if (info && info->device && !strcmp(info->device, device->bdf))
			return "device of the group";
		break;
	case PROC_CDEV:
		if (info && info->device)
			return strcmp(info->device, device->bdf) ?
				       NULL :
				       "device node";
		if (device->cdev && !strcmp(file->path + 1, device->cdev))
			return "device node";
		break;
	case PROC_GROUP:
		if (file->number >= 0 && file->number == device->group)
			return "group";
		break;
	case PROC_IOMMU:
		for (i = 0; info && i < info->nr_devices; i++) {
			if (info->devices[i].name &&
			    !strcmp(info->devices[i].name, device->bdf))
				return "context of /dev/iommu";
		}
		break;
	case PROC_CONTAINER:
	case PROC_UNBIND:
		break;
	}
	return NULL;
}

const char *proc_holds(const struct process *process,
		       const struct pci_device *device)
{
	const char *through = NULL, *found;
	size_t i;

	for (i = 0; i < process->nr_files; i++) {
		found = proc_file_holds(&process->files[i], device);
		if (!found)
			continue;
		/* The node itself is more exact than what belongs to it. */
		if (process->files[i].kind == PROC_CDEV ||
		    process->files[i].kind == PROC_GROUP)
			return found;
		through = found;
	}
	return through;
}

char *proc_describe(struct pool *pool, const struct process *process)
{
	char *text;

	text = pool_printf(pool, "%s (%d, user %s", process->comm, process->pid,
			   process->user);
	if (process->vm)
		text = pool_printf(pool, "%s, VM %s", text, process->vm);
	if (process->unit)
		text = pool_printf(pool, "%s, unit %s", text, process->unit);
	return pool_printf(pool, "%s)", text);
}

bool proc_matches(const struct process *process, const char *subject)
{
	uint64_t pid;

	if (text_number(subject, 10, INT32_MAX, &pid))
		return process->pid == (int)pid;
	return (process->vm && !strcmp(process->vm, subject)) ||
	       (process->unit && !strcmp(process->unit, subject));
}
