// SPDX-License-Identifier: GPL-2.0-only
/* The ioctls of containers and group files. */
#include <errno.h>
#include <linux/vfio.h>
#include <sys/ioctl.h>

#include "device.h"
#include "harness.h"
#include "op.h"
#include "program.h"
#include "resource.h"
#include "sys.h"

#define CONTAINER ARG(KIND_OF(TYPE_CONTAINER))
#define GROUP ARG(KIND_OF(TYPE_GROUP))
#define IN(type, member, kind) IN_STRUCT(type, member, kind, false)

/** struct unmap_request - VFIO_IOMMU_UNMAP_DMA with a bitmap */
struct unmap_request {
	/** @unmap: what to unmap */
	struct vfio_iommu_type1_dma_unmap unmap;
	/** @bitmap: dirty pages */
	struct vfio_bitmap bitmap;
};

/** struct dirty_request - VFIO_IOMMU_DIRTY_PAGES with a range */
struct dirty_request {
	/** @dirty: the request */
	struct vfio_iommu_type1_dirty_bitmap dirty;
	/** @get: range and bitmap */
	struct vfio_iommu_type1_dirty_bitmap_get get;
};

/** struct container_info - VFIO_IOMMU_GET_INFO with space for capabilities */
struct container_info {
	/** @info: the information */
	struct vfio_iommu_type1_info info;
	/** @caps: capabilities */
	unsigned char caps[256];
};

static int fd_of(__u64 ref)
{
	int fd = (int)resource_get(ref);

	return resource_is_hidden(fd) ? -1 : fd;
}

static long get_api_version(const struct call *call)
{
	return __sys_ioctl_val(fd_of(call->arg[0]), VFIO_GET_API_VERSION, 0);
}

static long check_extension(const struct call *call)
{
	return __sys_ioctl_val(fd_of(call->arg[0]), VFIO_CHECK_EXTENSION,
			       call->arg[1]);
}

static long set_iommu(const struct call *call)
{
	return __sys_ioctl_val(fd_of(call->arg[0]), VFIO_SET_IOMMU,
			       call->arg[1]);
}

static long open_group(const struct call *call)
{
	int fd = device_open_group(call->arg[1]);

	if (fd >= 0)
		resource_set(call->arg[0], fd);
	return fd;
}

static long set_container(const struct call *call)
{
	int container = fd_of(call->arg[1]);

	return __sys_ioctl(fd_of(call->arg[0]), VFIO_GROUP_SET_CONTAINER,
			   &container);
}

static long unset_container(const struct call *call)
{
	return __sys_ioctl_val(fd_of(call->arg[0]), VFIO_GROUP_UNSET_CONTAINER,
			       0);
}

static long get_device(const struct call *call)
{
	const char *name = device_name(call->arg[2]);
	int fd;

	if (!name)
		return -ENODEV;
	fd = __sys_ioctl(fd_of(call->arg[0]), VFIO_GROUP_GET_DEVICE_FD,
			 (void *)name);
	if (fd >= 0) {
		resource_set_device(call->arg[1], call->arg[2]);
		resource_set(call->arg[1], fd);
	}
	return fd;
}

static const struct op ops[] = {
	{ .name = "api_version", .run = get_api_version, FIELDS(CONTAINER) },
	{ .name = "extension",
	  .run = check_extension,
	  FIELDS(CONTAINER, ARG(KIND_IOMMU_TYPE)) },
	{ .name = "set_iommu",
	  .run = set_iommu,
	  FIELDS(CONTAINER, ARG(KIND_IOMMU_TYPE)) },
	{ .name = "iommu_info",
	  .cmd = VFIO_IOMMU_GET_INFO,
	  .size = sizeof(struct container_info),
	  FIELDS(CONTAINER, IN(container_info, info.flags, KIND_NUM)) },
	{ .name = "dma_map",
	  .cmd = VFIO_IOMMU_MAP_DMA,
	  .size = sizeof(struct vfio_iommu_type1_dma_map),
	  FIELDS(CONTAINER, IN(vfio_iommu_type1_dma_map, flags, KIND_DMA_FLAGS),
		 IN(vfio_iommu_type1_dma_map, vaddr, KIND_PTR),
		 IN(vfio_iommu_type1_dma_map, iova, KIND_IOVA),
		 IN(vfio_iommu_type1_dma_map, size, KIND_LEN)) },
	{ .name = "dma_unmap",
	  .cmd = VFIO_IOMMU_UNMAP_DMA,
	  .size = sizeof(struct unmap_request),
	  FIELDS(CONTAINER, IN(unmap_request, unmap.flags, KIND_UNMAP_FLAGS),
		 IN(unmap_request, unmap.iova, KIND_IOVA),
		 IN(unmap_request, unmap.size, KIND_LEN),
		 IN(unmap_request, bitmap.pgsize, KIND_PAGE_SIZE),
		 IN(unmap_request, bitmap.size, KIND_COUNT),
		 IN(unmap_request, bitmap.data, KIND_PTR)) },
	{ .name = "dirty_pages",
	  .cmd = VFIO_IOMMU_DIRTY_PAGES,
	  .size = sizeof(struct dirty_request),
	  FIELDS(CONTAINER, IN(dirty_request, dirty.flags, KIND_DIRTY_FLAGS),
		 IN(dirty_request, get.iova, KIND_IOVA),
		 IN(dirty_request, get.size, KIND_LEN),
		 IN(dirty_request, get.bitmap.pgsize, KIND_PAGE_SIZE),
		 IN(dirty_request, get.bitmap.size, KIND_COUNT),
		 IN(dirty_request, get.bitmap.data, KIND_PTR)) },
	{ .name = "group",
	  .run = open_group,
	  FIELDS(OUT(TYPE_GROUP), ARG(KIND_DEVICE)) },
	{ .name = "group_status",
	  .cmd = VFIO_GROUP_GET_STATUS,
	  .size = sizeof(struct vfio_group_status),
	  FIELDS(GROUP) },
	{ .name = "set_container",
	  .run = set_container,
	  FIELDS(GROUP, ARG(KIND_OF(TYPE_CONTAINER))) },
	{ .name = "unset_container", .run = unset_container, FIELDS(GROUP) },
	{ .name = "get_device",
	  .run = get_device,
	  FIELDS(GROUP, OUT(TYPE_VFIO), ARG(KIND_DEVICE)) },
};

const struct op_table ops_container = { ops, ARRAY_SIZE(ops) };
