// SPDX-License-Identifier: GPL-2.0-only
/* The ioctls of containers and group files. */
#include "container.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"
#include "pci.h"
#include "sys.h"

/* Maximum size of an info struct with its capabilities. */
#define INFO_SIZE_MAX 65536U

int container_open(enum backend backend)
{
	if (!backend_present(backend))
		SKIP("no %s", backend_path(backend));
	return sys_open(backend_path(backend), O_RDWR);
}

int __container_set_iommu(int container, unsigned long type)
{
	return __sys_ioctl_val(container, VFIO_SET_IOMMU, type);
}

void container_set_iommu(int container)
{
	ASSERT_RC(__container_set_iommu(container, VFIO_TYPE1v2_IOMMU), 0);
}

/* Open a container and set its type, for which it needs a group. */
int container_ready_as(enum backend backend, unsigned long type)
{
	const char *bdf = pci_need(TESTDEV_EDU0);
	int container = container_open(backend);

	group_set_container(group_open(bdf), container);
	ASSERT_RC(__container_set_iommu(container, type), 0);
	return container;
}

int container_ready(enum backend backend)
{
	return container_ready_as(backend, VFIO_TYPE1v2_IOMMU);
}

int __container_map(int container, const void *vaddr, __u64 iova, __u64 size,
		    __u32 flags)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = flags,
		.vaddr = (uintptr_t)vaddr,
		.iova = iova,
		.size = size,
	};

	return __sys_ioctl(container, VFIO_IOMMU_MAP_DMA, &map);
}

void container_map(int container, const void *vaddr, __u64 iova, __u64 size)
{
	ASSERT_RC(__container_map(container, vaddr, iova, size,
				  VFIO_DMA_MAP_FLAG_READ |
					  VFIO_DMA_MAP_FLAG_WRITE),
		  0);
}

/* Store the size that the kernel has written to @unmapped, on error, too. */
int __container_unmap(int container, __u64 iova, __u64 size, __u32 flags,
		      __u64 *unmapped)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap),
		.flags = flags,
		.iova = iova,
		.size = size,
	};
	int ret = __sys_ioctl(container, VFIO_IOMMU_UNMAP_DMA, &unmap);

	if (unmapped)
		*unmapped = unmap.size;
	return ret;
}

void container_unmap(int container, __u64 iova, __u64 size)
{
	__u64 unmapped;

	ASSERT_RC(__container_unmap(container, iova, size, 0, &unmapped), 0);
	ASSERT_EQ(unmapped, size);
}

int __container_extension(int container, unsigned long extension)
{
	return __sys_ioctl_val(container, VFIO_CHECK_EXTENSION, extension);
}

/* Return the number of mappings that the container still accepts. */
unsigned int container_dma_avail(int container)
{
	struct vfio_iommu_type1_info request = { .argsz = sizeof(request) };
	const struct vfio_iommu_type1_info_dma_avail *cap;
	struct vfio_iommu_type1_info *info;
	unsigned int avail;

	info = info_buffer(container, VFIO_IOMMU_GET_INFO, &request,
			   sizeof(request));
	cap = (const void *)info_cap(info, info->cap_offset,
				     VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL);
	ASSERT(cap);
	avail = cap->avail;
	free(info);
	return avail;
}

int __group_open_nr(int number)
{
	char path[64];

	snprintf(path, sizeof(path), "/dev/vfio/%d", number);
	return __sys_open(path, O_RDWR);
}

int __group_open(const char *bdf)
{
	return __group_open_nr(pci_group(bdf));
}

int group_open(const char *bdf)
{
	return ASSERT_OK(__group_open(bdf));
}

int __group_set_container(int group, int container)
{
	return __sys_ioctl(group, VFIO_GROUP_SET_CONTAINER, &container);
}

void group_set_container(int group, int container)
{
	ASSERT_RC(__group_set_container(group, container), 0);
}

int __group_unset_container(int group)
{
	return __sys_ioctl(group, VFIO_GROUP_UNSET_CONTAINER, NULL);
}

int __group_device(int group, const char *bdf)
{
	return __sys_ioctl(group, VFIO_GROUP_GET_DEVICE_FD, (void *)bdf);
}

int group_device(int group, const char *bdf)
{
	return ASSERT_OK(__group_device(group, bdf));
}

__u32 group_flags(int group)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };

	ASSERT_RC(__sys_ioctl(group, VFIO_GROUP_GET_STATUS, &status), 0);
	return status.flags;
}

/*
 * Read an info struct with the capabilities that follow it: call @cmd for the
 * size that is needed, then for the data. The caller frees the result.
 */
void *info_buffer(int fd, unsigned long cmd, const void *request, size_t size)
{
	__u32 *info = sys_zalloc(INFO_SIZE_MAX);

	memcpy(info, request, size);
	ASSERT_RC(__sys_ioctl(fd, cmd, info), 0);
	ASSERT(info[0] <= INFO_SIZE_MAX);
	/* repeat the request, with the size of the first call */
	memcpy(info + 1, (const __u32 *)request + 1, size - sizeof(*info));
	ASSERT_RC(__sys_ioctl(fd, cmd, info), 0);
	return info;
}

/* Return the capability @id of the chain at offset @first of @info, or NULL. */
const struct vfio_info_cap_header *info_cap(const void *info, __u32 first,
					    __u16 id)
{
	const struct vfio_info_cap_header *cap;
	__u32 next = first;

	while (next) {
		ASSERT(next < INFO_SIZE_MAX && !(next % 8));
		cap = (const void *)((const char *)info + next);
		if (cap->id == id)
			return cap;
		ASSERT(!cap->next || cap->next > next);
		next = cap->next;
	}
	return NULL;
}
