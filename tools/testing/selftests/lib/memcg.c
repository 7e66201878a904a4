// SPDX-License-Identifier: GPL-2.0-only
/* Memory that is charged to a memory control group. */
#include "memcg.h"

#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness.h"
#include "sys.h"

#define MEMCG_ROOT "/sys/fs/cgroup"

static char memcg_path[64];

/* Move the process to a group of its own. */
void memcg_enter(void)
{
	char file[80], pid[16];

	if (access(MEMCG_ROOT "/cgroup.controllers", F_OK))
		ASSERT(!mount("cgroup2", MEMCG_ROOT, "cgroup2", 0, NULL));
	ASSERT_RC(__sys_write_file(MEMCG_ROOT "/cgroup.subtree_control",
				   "+memory"),
		  0);
	snprintf(memcg_path, sizeof(memcg_path), MEMCG_ROOT "/test.%d",
		 getpid());
	ASSERT(!mkdir(memcg_path, 0755));
	snprintf(file, sizeof(file), "%s/cgroup.procs", memcg_path);
	snprintf(pid, sizeof(pid), "%d", getpid());
	ASSERT_RC(__sys_write_file(file, pid), 0);
}

/* Return the bytes that are charged to the group, and up to 256 KiB more. */
long long memcg_charged(void)
{
	char path[80];

	snprintf(path, sizeof(path), "%s/memory.current", memcg_path);
	return sys_read_number(path, "");
}

/*
 * Return the bytes of memory that the kernel of the whole machine has in use, of
 * the kinds that objects and mappings take, charged or not.
 */
long long memcg_kernel_total(void)
{
	static const char *const kinds[] = { "Slab:", "SecPageTables:",
					     "VmallocUsed:", "Percpu:" };
	long long kib = 0;
	size_t i;

	sys_refresh_stat();
	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		kib += sys_read_number("/proc/meminfo", kinds[i]);
	return kib * 1024;
}
