// SPDX-License-Identifier: GPL-2.0-only
/* Findings about a user: permissions of the nodes, limit of locked memory. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "assess.h"
#include "root.h"
#include "text.h"

struct assess_who {
	char *name;
	unsigned int uid;
	unsigned int gid;
};

static bool assess_who(struct pool *pool, const char *user,
		       struct assess_who *who)
{
	if (user) {
		who->name = pool_strdup(pool, user);
		return proc_find_user(pool, user, &who->uid, &who->gid);
	}
	who->uid = geteuid();
	who->gid = getegid();
	who->name = proc_user_name(pool, who->uid);
	return true;
}

static bool assess_may_open(struct pool *pool, const struct assess_who *who,
			    const struct stat *stat)
{
	unsigned int shift = 0;

	if (who->uid == 0)
		return true;
	if (stat->st_uid == who->uid)
		shift = 6;
	else if (stat->st_gid == who->gid ||
		 proc_user_in_group(pool, who->name, stat->st_gid))
		shift = 3;
	return (stat->st_mode >> shift & 6) == 6;
}

/* Return false if there is no such node. */
static bool assess_node(struct assess *assess, const struct assess_who *who,
			const char *path)
{
	struct findings *findings = &assess->findings;
	struct finding *finding;
	struct stat stat;

	if (!root_stat(&stat, path))
		return false;
	if (assess_may_open(findings->pool, who, &stat)) {
		finding_add(findings, FINDING_OK, "node",
			    "%s may open /%s (mode %04o)", who->name, path,
			    stat.st_mode & 07777);
		return true;
	}
	finding = finding_add(
		findings, FINDING_NO, "node",
		"%s may not open /%s (mode %04o, user %s, group %u)", who->name,
		path, stat.st_mode & 07777,
		proc_user_name(findings->pool, stat.st_uid), stat.st_gid);
	finding_meaning(
		finding,
		"Opening it fails with EACCES. Access control lists were not considered.");
	finding->fix = pool_printf(findings->pool,
				   "chown %s /%s; for good: a udev rule",
				   who->name, path);
	return true;
}

void assess_nodes(struct assess *assess, const struct pci_device *device,
		  const char *user)
{
	struct findings *findings = &assess->findings;
	struct pci_group *group = pci_find_group(assess->pci, device->group);
	struct assess_who who;
	struct finding *finding;
	bool have_group, have_cdev, have_iommu;

	if (!assess_who(findings->pool, user, &who)) {
		finding_add(findings, FINDING_NO, "user",
			    "there is no such user");
		return;
	}
	if (!pci_driver_is_vfio(device)) {
		finding = finding_add(
			findings, FINDING_UNKNOWN, "node",
			"nodes appear when the device is bound to vfio-pci");
		finding_meaning(
			finding,
			"By default only root may open them; virtual machines of libvirt get theirs from libvirt.");
		return;
	}
	have_group = group &&
		     assess_node(assess, &who,
				 pci_group_node(findings->pool, group));
	if (have_group)
		assess_node(assess, &who, "dev/vfio/vfio");
	have_cdev = device->cdev && assess_node(assess, &who, device->cdev);
	have_iommu = assess_node(assess, &who, "dev/iommu");
	if (!have_group && !have_cdev)
		finding_add(
			findings, FINDING_NO, "node",
			"the device has neither a group node nor a device node");
	if (!have_cdev || !have_iommu) {
		finding = finding_add(
			findings, FINDING_NOTE, "iommufd",
			"%s: programs have to use the group and /dev/vfio/vfio",
			have_iommu ?
				"the device has no node below /dev/vfio/devices" :
				"there is no /dev/iommu");
		finding_fix(finding, "install iommufd-dkms");
	}
}

/* Find the process that best shows the limit of new processes of a user. */
static int assess_process_of(struct assess *assess, unsigned int uid)
{
	struct pool *pool = assess->findings.pool;
	char *text, *line;
	size_t nr, i, len;
	int *pids;

	root_numbers(pool, &pids, &nr, "proc");
	for (i = 0; i < nr; i++) {
		text = root_bytes(pool, &len, "proc/%d/status", pids[i]);
		while ((line = strsep(&text, "\n"))) {
			if (text_starts(line, "Uid:\t") &&
			    strtoul(line + 5, NULL, 10) == uid)
				return pids[i];
		}
	}
	return -1;
}

void assess_memlock(struct assess *assess, const char *user, uint64_t memory)
{
	struct findings *findings = &assess->findings;
	struct pool *pool = findings->pool;
	struct finding *finding;
	struct assess_who who;
	uint64_t limit;
	int pid = 0;

	if (!assess_who(pool, user, &who))
		return;
	if (who.uid == 0) {
		finding_add(findings, FINDING_OK, "memlock",
			    "root may lock any amount of memory");
		return;
	}
	if (user)
		pid = assess_process_of(assess, who.uid);
	if (pid < 0 || !platform_memlock(pool, pid, &limit)) {
		finding = finding_add(
			findings, FINDING_UNKNOWN, "memlock",
			"the limit of locked memory of %s is not known: no process of this user runs",
			who.name);
		finding_fix(finding, "run iommuctl check as this user");
		return;
	}
	if (limit == UINT64_MAX) {
		finding_add(findings, FINDING_OK, "memlock",
			    "%s may lock any amount of memory", who.name);
		return;
	}
	if (!memory) {
		finding = finding_add(findings, FINDING_NOTE, "memlock",
				      "%s may lock %s of memory", who.name,
				      text_size(pool, limit));
		finding_meaning(
			finding,
			"All memory of a virtual machine is locked. --memory SIZE compares.");
		return;
	}
	if (limit >= memory) {
		finding_add(findings, FINDING_OK, "memlock",
			    "%s may lock %s of memory, %s are needed", who.name,
			    text_size(pool, limit), text_size(pool, memory));
		return;
	}
	finding = finding_add(findings, FINDING_NO, "memlock",
			      "%s may lock %s of memory, %s are needed",
			      who.name, text_size(pool, limit),
			      text_size(pool, memory));
	finding_meaning(
		finding,
		"Mapping the memory fails with ENOMEM (-12). libvirt raises the limit of its machines by itself.");
	finding->fix = pool_printf(
		pool,
		"LimitMEMLOCK= in the systemd unit, or \"%s - memlock %llu\" in /etc/security/limits.d (kB)",
		who.name, (unsigned long long)((memory + 1023) / 1024));
}
