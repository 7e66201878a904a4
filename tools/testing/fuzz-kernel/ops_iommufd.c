// SPDX-License-Identifier: GPL-2.0-only
/* The ioctls of /dev/iommu, and those of its fault queues. */
#include <errno.h>
#include <linux/iommufd.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "basic.h"
#include "harness.h"
#include "op.h"
#include "program.h"
#include "region.h"
#include "resource.h"
#include "sys.h"

#define CTX ARG(KIND_OF(TYPE_CTX))
#define IN(type, member, kind) IN_STRUCT(type, member, kind, false)
#define REF_IN(type, member, ref) \
	IN_STRUCT(type, member, KIND_OF(TYPE_##ref), false)
#define REF_OUT(type, member, ref) \
	IN_STRUCT(type, member, KIND_OF(TYPE_##ref), true)
#define IOCTL(text, number, type, ...) \
	{ .name = text,                \
	  .cmd = number,               \
	  .size = sizeof(struct type), \
	  FIELDS(__VA_ARGS__) }

/* Respond to the page request that was read to an address. */
static long respond(const struct call *call)
{
	int fd = (int)resource_get(call->arg[0]);
	struct iommu_hwpt_page_response response = { .code = call->arg[2] };
	struct iommu_hwpt_pgfault fault;
	ssize_t ret;

	if (resource_is_hidden(fd))
		return -EBADF;
	if (!region_read(region_address(call->arg[1]), &fault, sizeof(fault)))
		return -EFAULT;
	response.cookie = fault.cookie;
	ret = write(fd, &response, sizeof(response));
	return ret < 0 ? -errno : ret;
}

/* Byte that a range which the kernel has not written still has */
#define UNWRITTEN 0xa5
#define MAX_RANGES 8

static bool is_written(const struct iommu_iova_range *range)
{
	const unsigned char *byte = (const unsigned char *)range;

	for (size_t i = 0; i < sizeof(*range); i++) {
		if (byte[i] != UNWRITTEN)
			return true;
	}
	return false;
}

/* Each range that is counted, and that there is room for, has to be there. */
static long check_ranges(const struct call *call)
{
	int fd = (int)resource_get(call->arg[0]);
	struct iommu_iova_range ranges[MAX_RANGES];
	struct iommu_ioas_iova_ranges request = {
		.size = sizeof(request),
		.ioas_id = resource_get(call->arg[1]),
		.num_iovas = call->arg[2] % (MAX_RANGES + 1),
		.allowed_iovas = (uintptr_t)ranges,
	};
	unsigned int room = request.num_iovas;
	int ret;

	if (resource_is_hidden(fd))
		return -EBADF;
	memset(ranges, UNWRITTEN, sizeof(ranges));
	ret = __sys_ioctl(fd, IOMMU_IOAS_IOVA_RANGES, &request);
	if (ret)
		return ret;
	for (unsigned int i = 0; i < request.num_iovas && i < room; i++) {
		if (!is_written(&ranges[i]))
			report_wrong("a counted range is not reported");
	}
	return request.num_iovas;
}

static const struct op ops[] = {
	IOCTL("destroy", IOMMU_DESTROY, iommu_destroy, CTX,
	      IN(iommu_destroy, id, KIND_OBJECT)),
	IOCTL("ioas_alloc", IOMMU_IOAS_ALLOC, iommu_ioas_alloc, CTX,
	      REF_OUT(iommu_ioas_alloc, out_ioas_id, IOAS)),
	IOCTL("allow_iovas", IOMMU_IOAS_ALLOW_IOVAS, iommu_ioas_allow_iovas,
	      CTX, REF_IN(iommu_ioas_allow_iovas, ioas_id, IOAS),
	      IN(iommu_ioas_allow_iovas, num_iovas, KIND_COUNT),
	      IN(iommu_ioas_allow_iovas, allowed_iovas, KIND_DATA)),
	IOCTL("iova_ranges", IOMMU_IOAS_IOVA_RANGES, iommu_ioas_iova_ranges,
	      CTX, REF_IN(iommu_ioas_iova_ranges, ioas_id, IOAS),
	      IN(iommu_ioas_iova_ranges, num_iovas, KIND_COUNT),
	      IN(iommu_ioas_iova_ranges, allowed_iovas, KIND_PTR)),
	{ .name = "check_ranges",
	  .run = check_ranges,
	  FIELDS(CTX, ARG(KIND_OF(TYPE_IOAS)), ARG(KIND_COUNT)) },
	IOCTL("map", IOMMU_IOAS_MAP, iommu_ioas_map, CTX,
	      REF_IN(iommu_ioas_map, ioas_id, IOAS),
	      IN(iommu_ioas_map, flags, KIND_PROT),
	      IN(iommu_ioas_map, user_va, KIND_PTR),
	      IN(iommu_ioas_map, length, KIND_LEN),
	      IN(iommu_ioas_map, iova, KIND_IOVA)),
	IOCTL("map_file", IOMMU_IOAS_MAP_FILE, iommu_ioas_map_file, CTX,
	      REF_IN(iommu_ioas_map_file, ioas_id, IOAS),
	      IN(iommu_ioas_map_file, flags, KIND_PROT),
	      REF_IN(iommu_ioas_map_file, fd, FILE),
	      IN(iommu_ioas_map_file, start, KIND_OFFSET),
	      IN(iommu_ioas_map_file, length, KIND_LEN),
	      IN(iommu_ioas_map_file, iova, KIND_IOVA)),
	IOCTL("map_dmabuf", IOMMU_IOAS_MAP_FILE, iommu_ioas_map_file, CTX,
	      REF_IN(iommu_ioas_map_file, ioas_id, IOAS),
	      IN(iommu_ioas_map_file, flags, KIND_PROT),
	      REF_IN(iommu_ioas_map_file, fd, DMABUF),
	      IN(iommu_ioas_map_file, start, KIND_OFFSET),
	      IN(iommu_ioas_map_file, length, KIND_LEN),
	      IN(iommu_ioas_map_file, iova, KIND_IOVA)),
	IOCTL("copy", IOMMU_IOAS_COPY, iommu_ioas_copy, CTX,
	      REF_IN(iommu_ioas_copy, dst_ioas_id, IOAS),
	      REF_IN(iommu_ioas_copy, src_ioas_id, IOAS),
	      IN(iommu_ioas_copy, flags, KIND_PROT),
	      IN(iommu_ioas_copy, length, KIND_LEN),
	      IN(iommu_ioas_copy, dst_iova, KIND_IOVA),
	      IN(iommu_ioas_copy, src_iova, KIND_IOVA)),
	IOCTL("unmap", IOMMU_IOAS_UNMAP, iommu_ioas_unmap, CTX,
	      REF_IN(iommu_ioas_unmap, ioas_id, IOAS),
	      IN(iommu_ioas_unmap, iova, KIND_IOVA),
	      IN(iommu_ioas_unmap, length, KIND_LEN)),
	IOCTL("option", IOMMU_OPTION, iommu_option, CTX,
	      IN(iommu_option, option_id, KIND_NUM),
	      IN(iommu_option, op, KIND_NUM),
	      IN(iommu_option, object_id, KIND_OBJECT),
	      IN(iommu_option, val64, KIND_NUM)),
	IOCTL("vfio_ioas", IOMMU_VFIO_IOAS, iommu_vfio_ioas, CTX,
	      REF_IN(iommu_vfio_ioas, ioas_id, IOAS),
	      IN(iommu_vfio_ioas, op, KIND_NUM)),
	IOCTL("get_vfio_ioas", IOMMU_VFIO_IOAS, iommu_vfio_ioas, CTX,
	      REF_OUT(iommu_vfio_ioas, ioas_id, IOAS)),
	IOCTL("change_process", IOMMU_IOAS_CHANGE_PROCESS,
	      iommu_ioas_change_process, CTX),
	IOCTL("get_pa", IOMMU_IOAS_NOIOMMU_GET_PA, iommu_ioas_noiommu_get_pa,
	      CTX, REF_IN(iommu_ioas_noiommu_get_pa, ioas_id, IOAS),
	      IN(iommu_ioas_noiommu_get_pa, iova, KIND_IOVA),
	      IN(iommu_ioas_noiommu_get_pa, length, KIND_LEN)),
	IOCTL("hwpt_alloc", IOMMU_HWPT_ALLOC, iommu_hwpt_alloc, CTX,
	      REF_OUT(iommu_hwpt_alloc, out_hwpt_id, HWPT),
	      REF_IN(iommu_hwpt_alloc, dev_id, DEV),
	      IN(iommu_hwpt_alloc, pt_id, KIND_PT),
	      IN(iommu_hwpt_alloc, flags, KIND_HWPT_FLAGS),
	      IN(iommu_hwpt_alloc, data_type, KIND_HWPT_DATA),
	      IN(iommu_hwpt_alloc, data_len, KIND_COUNT),
	      IN(iommu_hwpt_alloc, data_uptr, KIND_DATA),
	      REF_IN(iommu_hwpt_alloc, fault_id, FAULT)),
	/* the same, with arguments that succeed */
	{ .name = "hwpt_plain",
	  .cmd = IOMMU_HWPT_ALLOC,
	  .size = sizeof(struct iommu_hwpt_alloc),
	  FIELDS(CTX, REF_OUT(iommu_hwpt_alloc, out_hwpt_id, HWPT),
		 REF_IN(iommu_hwpt_alloc, dev_id, DEV),
		 IN(iommu_hwpt_alloc, pt_id, KIND_PT),
		 IN(iommu_hwpt_alloc, flags, KIND_HWPT_FLAGS),
		 REF_IN(iommu_hwpt_alloc, fault_id, FAULT)) },
	IOCTL("hw_info", IOMMU_GET_HW_INFO, iommu_hw_info, CTX,
	      REF_IN(iommu_hw_info, dev_id, DEV),
	      IN(iommu_hw_info, flags, KIND_NUM),
	      IN(iommu_hw_info, data_len, KIND_COUNT),
	      IN(iommu_hw_info, data_uptr, KIND_PTR)),
	IOCTL("set_tracking", IOMMU_HWPT_SET_DIRTY_TRACKING,
	      iommu_hwpt_set_dirty_tracking, CTX,
	      REF_IN(iommu_hwpt_set_dirty_tracking, hwpt_id, HWPT),
	      IN(iommu_hwpt_set_dirty_tracking, flags, KIND_PERM)),
	IOCTL("get_dirty", IOMMU_HWPT_GET_DIRTY_BITMAP,
	      iommu_hwpt_get_dirty_bitmap, CTX,
	      REF_IN(iommu_hwpt_get_dirty_bitmap, hwpt_id, HWPT),
	      IN(iommu_hwpt_get_dirty_bitmap, flags, KIND_NUM),
	      IN(iommu_hwpt_get_dirty_bitmap, iova, KIND_IOVA),
	      IN(iommu_hwpt_get_dirty_bitmap, length, KIND_LEN),
	      IN(iommu_hwpt_get_dirty_bitmap, page_size, KIND_PAGE_SIZE),
	      IN(iommu_hwpt_get_dirty_bitmap, data, KIND_PTR)),
	IOCTL("invalidate", IOMMU_HWPT_INVALIDATE, iommu_hwpt_invalidate, CTX,
	      IN(iommu_hwpt_invalidate, hwpt_id, KIND_OBJECT),
	      IN(iommu_hwpt_invalidate, data_type, KIND_SELFTEST_TYPE),
	      IN(iommu_hwpt_invalidate, entry_len, KIND_COUNT),
	      IN(iommu_hwpt_invalidate, entry_num, KIND_COUNT),
	      IN(iommu_hwpt_invalidate, data_uptr, KIND_DATA)),
	IOCTL("fault_alloc", IOMMU_FAULT_QUEUE_ALLOC, iommu_fault_alloc, CTX,
	      REF_OUT(iommu_fault_alloc, out_fault_id, FAULT),
	      REF_OUT(iommu_fault_alloc, out_fault_fd, FAULT_FD)),
	{ .name = "respond",
	  .run = respond,
	  FIELDS(ARG(KIND_OF(TYPE_FAULT_FD)), ARG(KIND_PTR), ARG(KIND_NUM)) },
	IOCTL("viommu_alloc", IOMMU_VIOMMU_ALLOC, iommu_viommu_alloc, CTX,
	      REF_OUT(iommu_viommu_alloc, out_viommu_id, VIOMMU),
	      REF_IN(iommu_viommu_alloc, dev_id, DEV),
	      REF_IN(iommu_viommu_alloc, hwpt_id, HWPT),
	      IN(iommu_viommu_alloc, type, KIND_SELFTEST_TYPE),
	      IN(iommu_viommu_alloc, data_len, KIND_COUNT),
	      IN(iommu_viommu_alloc, data_uptr, KIND_PTR)),
	{ .name = "viommu_plain",
	  .cmd = IOMMU_VIOMMU_ALLOC,
	  .size = sizeof(struct iommu_viommu_alloc),
	  FIELDS(CTX, REF_OUT(iommu_viommu_alloc, out_viommu_id, VIOMMU),
		 REF_IN(iommu_viommu_alloc, dev_id, DEV),
		 REF_IN(iommu_viommu_alloc, hwpt_id, HWPT),
		 IN(iommu_viommu_alloc, type, KIND_SELFTEST_TYPE)) },
	IOCTL("vdevice_alloc", IOMMU_VDEVICE_ALLOC, iommu_vdevice_alloc, CTX,
	      REF_OUT(iommu_vdevice_alloc, out_vdevice_id, VDEVICE),
	      REF_IN(iommu_vdevice_alloc, viommu_id, VIOMMU),
	      REF_IN(iommu_vdevice_alloc, dev_id, DEV),
	      IN(iommu_vdevice_alloc, virt_id, KIND_NUM)),
	IOCTL("veventq_alloc", IOMMU_VEVENTQ_ALLOC, iommu_veventq_alloc, CTX,
	      REF_OUT(iommu_veventq_alloc, out_veventq_id, VEVENTQ),
	      REF_OUT(iommu_veventq_alloc, out_veventq_fd, VEVENT_FD),
	      REF_IN(iommu_veventq_alloc, viommu_id, VIOMMU),
	      IN(iommu_veventq_alloc, type, KIND_SELFTEST_TYPE),
	      IN(iommu_veventq_alloc, veventq_depth, KIND_COUNT)),
	IOCTL("hwq_alloc", IOMMU_HW_QUEUE_ALLOC, iommu_hw_queue_alloc, CTX,
	      REF_OUT(iommu_hw_queue_alloc, out_hw_queue_id, HWQ),
	      REF_IN(iommu_hw_queue_alloc, viommu_id, VIOMMU),
	      IN(iommu_hw_queue_alloc, type, KIND_SELFTEST_TYPE),
	      IN(iommu_hw_queue_alloc, index, KIND_NUM),
	      IN(iommu_hw_queue_alloc, nesting_parent_iova, KIND_IOVA),
	      IN(iommu_hw_queue_alloc, length, KIND_LEN)),
};

const struct op_table ops_iommufd = { ops, ARRAY_SIZE(ops) };
