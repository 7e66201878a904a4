// SPDX-License-Identifier: GPL-2.0-only
/* Address spaces: a container with its groups, or an IOAS of /dev/iommu. */
#include "space.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "container.h"
#include "harness.h"
#include "ioas.h"
#include "pci.h"
#include "sys.h"

/*
 * Open /dev/iommu by a link of this process, as an administrator would place
 * one at /dev/vfio/vfio.
 */
static int space_open_symlink(void)
{
	char link[] = "/tmp/selftest-XXXXXX";
	char path[sizeof(link) + 8];
	int fd;

	if (!backend_present(BACKEND_SYMLINK))
		SKIP("no %s", backend_path(BACKEND_SYMLINK));
	if (!mkdtemp(link))
		FAIL("mkdtemp: %s", strerror(errno));
	snprintf(path, sizeof(path), "%s/vfio", link);
	if (symlink(backend_path(BACKEND_SYMLINK), path))
		FAIL("symlink: %s", strerror(errno));
	fd = sys_open(path, O_RDWR);
	unlink(path);
	rmdir(link);
	return fd;
}

struct space *space_open(enum backend backend)
{
	struct space *space = sys_zalloc(sizeof(*space));

	space->backend = backend;
	switch (backend) {
	case BACKEND_IOMMUFD:
		space->fd = iommufd_open();
		space->ioas = ioas_alloc(space->fd);
		break;
	case BACKEND_SYMLINK:
		space->fd = space_open_symlink();
		break;
	default:
		space->fd = container_open(backend);
	}
	return space;
}

void space_close(struct space *space)
{
	struct space_group *group;

	while ((group = space->groups)) {
		space->groups = group->next;
		sys_close(group->fd);
		free(group);
	}
	sys_close(space->fd);
	free(space);
}

static struct space_group *space_add_group(struct space *space, int number)
{
	struct space_group *group;

	for (group = space->groups; group; group = group->next) {
		if (group->number == number)
			return group;
	}
	group = sys_zalloc(sizeof(*group));
	group->number = number;
	group->fd = ASSERT_OK(__group_open_nr(number));
	group_set_container(group->fd, space->fd);
	group->next = space->groups;
	space->groups = group;
	if (!space->iommu_set)
		container_set_iommu(space->fd);
	space->iommu_set = true;
	return group;
}

/* Return the file of a group, which is added to the space if it is not yet. */
int space_group_nr_fd(struct space *space, int number)
{
	return space_add_group(space, number)->fd;
}

/* Return the file of a device's group. */
int space_group_fd(struct space *space, const char *bdf)
{
	return space_group_nr_fd(space, pci_group(bdf));
}

int __space_map(struct space *space, const void *vaddr, __u64 iova, __u64 size,
		unsigned int prot)
{
	if (space->backend == BACKEND_IOMMUFD)
		return __ioas_map_fixed(space->fd, space->ioas, vaddr, iova,
					size, prot);
	return __container_map(
		space->fd, vaddr, iova, size,
		(prot & DMA_READ ? VFIO_DMA_MAP_FLAG_READ : 0) |
			(prot & DMA_WRITE ? VFIO_DMA_MAP_FLAG_WRITE : 0));
}

void space_map(struct space *space, const void *vaddr, __u64 iova, __u64 size)
{
	ASSERT_RC(__space_map(space, vaddr, iova, size, DMA_RW), 0);
}

/* Store the number of unmapped bytes in @unmapped only if the call succeeds. */
int __space_unmap(struct space *space, __u64 iova, __u64 size, __u64 *unmapped)
{
	__u64 length;
	int ret;

	if (space->backend == BACKEND_IOMMUFD)
		return __ioas_unmap(space->fd, space->ioas, iova, size,
				    unmapped);
	ret = __container_unmap(space->fd, iova, size, 0, &length);
	if (!ret && unmapped)
		*unmapped = length;
	return ret;
}

void space_unmap(struct space *space, __u64 iova, __u64 size)
{
	__u64 unmapped;

	ASSERT_RC(__space_unmap(space, iova, size, &unmapped), 0);
	ASSERT_EQ(unmapped, size);
}
