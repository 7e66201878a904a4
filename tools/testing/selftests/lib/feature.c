// SPDX-License-Identifier: GPL-2.0-only
/* VFIO_DEVICE_FEATURE, SIGBUS and runtime power management. */
#include "feature.h"

#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "harness.h"
#include "sys.h"

/* @flags include the feature; @data is both input and output. */
int __vdev_feature(struct vdev *vdev, __u32 flags, void *data, size_t size)
{
	struct vfio_device_feature *feature;
	int ret;

	feature = sys_zalloc(sizeof(*feature) + size);
	feature->argsz = sizeof(*feature) + size;
	feature->flags = flags;
	if (size)
		memcpy(feature->data, data, size);
	ret = __sys_ioctl(vdev->fd, VFIO_DEVICE_FEATURE, feature);
	if (ret >= 0 && size)
		memcpy(data, feature->data, size);
	free(feature);
	return ret;
}

/* Export ranges of a region as a dma-buf; returns its file descriptor. */
int __vdev_dmabuf(struct vdev *vdev, unsigned int index,
		  const struct vfio_region_dma_range *ranges, unsigned int nr)
{
	struct vfio_device_feature_dma_buf *req;
	size_t size = sizeof(*req) + nr * sizeof(*ranges);
	int ret;

	req = sys_zalloc(size);
	req->region_index = index;
	req->open_flags = O_RDWR | O_CLOEXEC;
	req->nr_ranges = nr;
	memcpy(req->dma_ranges, ranges, nr * sizeof(*ranges));
	ret = __vdev_feature(
		vdev, VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_DMA_BUF,
		req, size);
	free(req);
	return ret;
}

int vdev_dmabuf(struct vdev *vdev, unsigned int index, __u64 offset,
		__u64 length)
{
	struct vfio_region_dma_range range = { offset, length };

	return (int)ASSERT_OK(__vdev_dmabuf(vdev, index, &range, 1));
}

static void feature_read_once(void *arg)
{
	mmio_read32(arg, 0);
}

/* A read at @addr must raise SIGBUS; a child process does it. */
void expect_sigbus(volatile void *addr)
{
	pid_t pid = child_start(feature_read_once, (void *)addr);
	int status;

	ASSERT(waitpid(pid, &status, 0) == pid);
	ASSERT(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
}

/* Time limit for a change of state, enough for the slowest machine. */
enum { FEATURE_STATUS_SECONDS_MAX = 60 };

/*
 * Wait until the PCI function is "active" or "suspended". Skips the test if the
 * kernel was built without CONFIG_PM.
 */
void wait_runtime_status(const char *bdf, const char *status)
{
	time_t end = time(NULL) + FEATURE_STATUS_SECONDS_MAX;
	char path[PATH_MAX];
	char line[32];
	FILE *file;

	if (access("/sys/power", F_OK))
		SKIP("this kernel has no runtime power management");
	snprintf(path, sizeof(path),
		 "/sys/bus/pci/devices/%s/power/runtime_status", bdf);
	do {
		file = fopen(path, "re");
		if (!file || !fgets(line, sizeof(line), file))
			FAIL("cannot read %s", path);
		fclose(file);
		line[strcspn(line, "\n")] = '\0';
		if (!strcmp(line, status))
			return;
		sched_yield();
	} while (time(NULL) < end);
	FAIL("%s is %s, not %s", bdf, line, status);
}

/* "on" keeps the device awake, "auto" lets it suspend. */
void set_runtime_control(const char *bdf, const char *control)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/power/control",
		 bdf);
	ASSERT_RC(__sys_write_file(path, control), 0);
}
