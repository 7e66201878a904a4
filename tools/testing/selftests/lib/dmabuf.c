// SPDX-License-Identifier: GPL-2.0-only
/* Dma-bufs of RAM. See dmabuf.h. */
#include "dmabuf.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/udmabuf.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "harness.h"
#include "sys.h"

/* Open a device node, or skip the test without it. */
int dmabuf_need_node(const char *path)
{
	int fd = __sys_open(path, O_RDWR);

	if (fd == -ENOENT)
		SKIP("no %s", path);
	ASSERT(fd >= 0);
	return fd;
}

/* Create a memfd that /dev/udmabuf accepts. */
int dmabuf_memfd(size_t size, unsigned int flags)
{
	int fd = memfd_create("selftest",
			      MFD_CLOEXEC | MFD_ALLOW_SEALING | flags);

	ASSERT(fd >= 0 && !ftruncate(fd, size));
	ASSERT(!fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK));
	return fd;
}

int dmabuf_of_memfd(int memfd, size_t offset, size_t size)
{
	struct udmabuf_create create = {
		.memfd = memfd,
		.flags = UDMABUF_FLAGS_CLOEXEC,
		.offset = offset,
		.size = size,
	};
	int node = dmabuf_need_node("/dev/udmabuf");
	int fd = ASSERT_OK(__sys_ioctl(node, UDMABUF_CREATE, &create));

	sys_close(node);
	return fd;
}

/* Count the attachments of iommufd to all dma-bufs of the machine. */
unsigned int dmabuf_attachments(void)
{
	FILE *file = fopen("/sys/kernel/debug/dma_buf/bufinfo", "re");
	unsigned int nr = 0;
	char line[256];

	if (!file)
		SKIP("no /sys/kernel/debug/dma_buf/bufinfo");
	while (fgets(line, sizeof(line), file))
		nr += !strcmp(line, "\tiommufd\n");
	ASSERT(!fclose(file));
	return nr;
}
