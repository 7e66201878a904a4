// SPDX-License-Identifier: GPL-2.0-only
/* The kernel's trace events of the IOMMU core. */
#include "iommu_trace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "harness.h"
#include "sys.h"

#define TRACEFS "/sys/kernel/tracing"

static void iommu_trace_clear(void)
{
	sys_close(sys_open(TRACEFS "/trace", O_WRONLY | O_TRUNC));
}

/* Enable the events. Skips the test if the kernel has no trace events. */
void iommu_trace_begin(void)
{
	if (access(TRACEFS "/trace", F_OK) &&
	    mount("tracefs", TRACEFS, "tracefs", 0, NULL))
		SKIP("no trace events: %s", strerror(errno));
	ASSERT_RC(__sys_write_file(TRACEFS "/events/iommu/map/enable", "1"), 0);
	ASSERT_RC(__sys_write_file(TRACEFS "/events/iommu/unmap/enable", "1"),
		  0);
	iommu_trace_clear();
}

/* Count the events of exactly this IOVA, then clear the events of all IOVA. */
struct iommu_trace iommu_trace_take(__u64 iova)
{
	struct iommu_trace trace = {};
	char line[512], want[64];
	FILE *file;

	snprintf(want, sizeof(want), "map: IOMMU: iova=0x%016llx ", iova);
	file = fopen(TRACEFS "/trace", "re");
	ASSERT(file);
	while (fgets(line, sizeof(line), file)) {
		const char *found = strstr(line, want);

		if (found && !strncmp(found - 2, "un", 2))
			trace.unmaps++;
		else if (found)
			trace.maps++;
	}
	fclose(file);
	iommu_trace_clear();
	return trace;
}
