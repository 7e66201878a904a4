// SPDX-License-Identifier: GPL-2.0-only
/* The sample device: its module, its nodes, and the ioctls of its driver. */
#include "sample.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "container.h"
#include "harness.h"
#include "ioas.h"
#include "sys.h"

#define SAMPLE_MODULE "vfio_sample"
#define SAMPLE_DEVICES "/sys/bus/platform/devices"

/*
 * Return whether the kernel's own VFIO is loaded, which has its own sample
 * module.
 */
bool sample_stock(void)
{
	return access("/sys/module/iommufd", F_OK);
}

/* Load the module unless it is loaded. Skips the test if it was not built. */
void sample_load(void)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "../modules/%s/" SAMPLE_MODULE ".ko",
		 sample_stock() ? "stock" : SAMPLE_MODULE);
	sys_load_module(path);
}

void sample_unload(void)
{
	if (syscall(SYS_delete_module, SAMPLE_MODULE, O_NONBLOCK))
		FAIL("%s does not unload: %s", SAMPLE_MODULE, strerror(errno));
}

int sample_group(unsigned int nr)
{
	char target[PATH_MAX];
	char path[PATH_MAX];
	ssize_t len;

	snprintf(path, sizeof(path),
		 SAMPLE_DEVICES "/" SAMPLE_MODULE ".%u/iommu_group", nr);
	len = readlink(path, target, sizeof(target) - 1);
	if (len < 0)
		FAIL("%s: %s", path, strerror(errno));
	target[len] = 0;
	return atoi(strrchr(target, '/') + 1);
}

void sample_cdev_path(unsigned int nr, char *path, size_t size)
{
	struct dirent *entry;
	char dir[PATH_MAX];
	DIR *stream;

	snprintf(dir, sizeof(dir),
		 SAMPLE_DEVICES "/" SAMPLE_MODULE ".%u/vfio-dev", nr);
	stream = opendir(dir);
	if (!stream)
		FAIL("%s: %s", dir, strerror(errno));
	path[0] = 0;
	while ((entry = readdir(stream))) {
		if (entry->d_name[0] != '.')
			snprintf(path, size, "/dev/vfio/devices/%s",
				 entry->d_name);
	}
	closedir(stream);
	ASSERT(path[0]);
}

static int sample_open_cdev(struct space *space, unsigned int nr)
{
	char path[PATH_MAX];
	__u32 id;
	int fd;

	sample_cdev_path(nr, path, sizeof(path));
	fd = sys_open(path, O_RDWR);
	ASSERT_RC(__cdev_bind(fd, space->fd, &id), 0);
	ASSERT_RC(__cdev_attach(fd, space->ioas, NULL), 0);
	return fd;
}

/* Open a sample device so that it accesses the mappings of @space. */
int sample_open_in(struct space *space, unsigned int nr)
{
	char name[32];

	sample_load();
	if (space->backend == BACKEND_IOMMUFD)
		return sample_open_cdev(space, nr);
	snprintf(name, sizeof(name), SAMPLE_MODULE ".%u", nr);
	return group_device(space_group_nr_fd(space, sample_group(nr)), name);
}

struct sample_setup sample_set_up(enum backend backend, unsigned int prot)
{
	struct sample_setup s;

	s.space = space_open(backend);
	s.fd = sample_open_in(s.space, 0);
	s.mem = sys_mmap_anon(SAMPLE_NR * PAGE);
	fill_pattern(s.mem, SAMPLE_NR * PAGE, 1);
	ASSERT_RC(__space_map(s.space, s.mem, SAMPLE_IOVA, SAMPLE_NR * PAGE,
			      prot),
		  0);
	return s;
}

void sample_tear_down(struct sample_setup *s)
{
	sys_close(s->fd);
	space_close(s->space);
	sys_munmap(s->mem, SAMPLE_NR * PAGE);
}

static int sample_dma(int fd, unsigned long cmd, __u64 iova, const void *data,
		      int count, unsigned int flags)
{
	struct vfio_sample_dma dma = {
		.iova = iova,
		.data = (uintptr_t)data,
		.count = count,
		.flags = flags,
	};

	return __sys_ioctl(fd, cmd, &dma);
}

int __sample_pin(int fd, __u64 iova, int nr, unsigned int flags)
{
	return sample_dma(fd, VFIO_SAMPLE_PIN, iova, NULL, nr, flags);
}

void sample_pin(int fd, __u64 iova, int nr)
{
	ASSERT_RC(__sample_pin(fd, iova, nr, SAMPLE_RW), nr);
}

int __sample_unpin(int fd, __u64 iova, int nr)
{
	return sample_dma(fd, VFIO_SAMPLE_UNPIN, iova, NULL, nr, 0);
}

void sample_unpin(int fd, __u64 iova, int nr)
{
	ASSERT_RC(__sample_unpin(fd, iova, nr), 0);
}

/* Read at the address that pinning returned. */
void sample_peek(int fd, __u64 iova, void *buf, int size)
{
	ASSERT_RC(sample_dma(fd, VFIO_SAMPLE_TOUCH, iova, buf, size, 0), 0);
}

void sample_poke(int fd, __u64 iova, const void *buf, int size)
{
	ASSERT_RC(sample_dma(fd, VFIO_SAMPLE_TOUCH, iova, buf, size,
			     VFIO_SAMPLE_WRITE),
		  0);
}

int __sample_rw(int fd, __u64 iova, void *buf, int size, unsigned int flags)
{
	return sample_dma(fd, VFIO_SAMPLE_RW, iova, buf, size, flags);
}

void sample_stats(int fd, struct vfio_sample_stats *stats)
{
	ASSERT_RC(__sys_ioctl(fd, VFIO_SAMPLE_STATS, stats), 0);
}

unsigned int sample_pinned(int fd)
{
	struct vfio_sample_stats stats;

	sample_stats(fd, &stats);
	return stats.nr_pages;
}
