// SPDX-License-Identifier: GPL-2.0-only
/* The requests of the mock IOMMU: its devices, accesses, faults and dma-bufs. */
#include <linux/iommufd.h>

#include "harness.h"
#include "op.h"
#include "test_abi.h"

#define CTX ARG(KIND_OF(TYPE_CTX))
#define IN(member, kind) IN_STRUCT(iommu_test_cmd, member, kind, false)
#define REF_IN(member, ref) IN(member, KIND_OF(TYPE_##ref))
#define REF_OUT(member, ref) \
	IN_STRUCT(iommu_test_cmd, member, KIND_OF(TYPE_##ref), true)
#define MOCK(text, number, ...)                               \
	{ .name = text,                                       \
	  .cmd = IOMMU_TEST_CMD,                              \
	  .size = sizeof(struct iommu_test_cmd),              \
	  .presets = { { offsetof(struct iommu_test_cmd, op), \
			 IOMMU_TEST_OP_##number } },          \
	  FIELDS(CTX, __VA_ARGS__) }

static const struct op ops[] = {
	MOCK("reserve", ADD_RESERVED, REF_IN(id, IOAS),
	     IN(add_reserved.start, KIND_IOVA),
	     IN(add_reserved.length, KIND_LEN)),
	MOCK("mock_dev", MOCK_DOMAIN, IN(id, KIND_PT),
	     REF_OUT(mock_domain_flags.out_stdev_id, STDEV),
	     REF_OUT(mock_domain_flags.out_idev_id, DEV),
	     REF_OUT(mock_domain_flags.out_hwpt_id, HWPT)),
	MOCK("mock_dev_flags", MOCK_DOMAIN_FLAGS, IN(id, KIND_PT),
	     REF_OUT(mock_domain_flags.out_stdev_id, STDEV),
	     REF_OUT(mock_domain_flags.out_idev_id, DEV),
	     REF_OUT(mock_domain_flags.out_hwpt_id, HWPT),
	     IN(mock_domain_flags.dev_flags, KIND_NUM)),
	MOCK("replace", MOCK_DOMAIN_REPLACE, REF_IN(id, STDEV),
	     IN(mock_domain_replace.pt_id, KIND_PT)),
	MOCK("check_map", MD_CHECK_MAP, REF_IN(id, HWPT),
	     IN(check_map.iova, KIND_IOVA), IN(check_map.length, KIND_LEN),
	     IN(check_map.uptr, KIND_PTR)),
	MOCK("check_refs", MD_CHECK_REFS, IN(check_refs.length, KIND_LEN),
	     IN(check_refs.uptr, KIND_PTR), IN(check_refs.refs, KIND_NUM)),
	MOCK("access", CREATE_ACCESS, REF_IN(id, IOAS),
	     REF_OUT(create_access.out_access_fd, ACCESS),
	     IN(create_access.flags, KIND_NUM)),
	MOCK("access_pin", ACCESS_PAGES, REF_IN(id, ACCESS),
	     REF_OUT(access_pages.out_access_pages_id, PIN),
	     IN(access_pages.iova, KIND_IOVA),
	     IN(access_pages.length, KIND_LEN), IN(access_pages.uptr, KIND_PTR),
	     IN(access_pages.flags, KIND_NUM)),
	MOCK("access_unpin", DESTROY_ACCESS_PAGES, REF_IN(id, ACCESS),
	     REF_IN(destroy_access_pages.access_pages_id, PIN)),
	MOCK("access_rw", ACCESS_RW, REF_IN(id, ACCESS),
	     IN(access_rw.iova, KIND_IOVA), IN(access_rw.length, KIND_LEN),
	     IN(access_rw.uptr, KIND_PTR), IN(access_rw.flags, KIND_NUM)),
	MOCK("access_replace", ACCESS_REPLACE_IOAS, REF_IN(id, ACCESS),
	     REF_IN(access_replace_ioas.ioas_id, IOAS)),
	MOCK("memory_limit", SET_TEMP_MEMORY_LIMIT,
	     IN(memory_limit.limit, KIND_LEN)),
	MOCK("mock_dirty", DIRTY, REF_IN(id, HWPT), IN(dirty.iova, KIND_IOVA),
	     IN(dirty.length, KIND_LEN), IN(dirty.page_size, KIND_PAGE_SIZE),
	     IN(dirty.uptr, KIND_PTR)),
	MOCK("check_iotlb", MD_CHECK_IOTLB, REF_IN(id, HWPT),
	     IN(check_iotlb.id, KIND_NUM), IN(check_iotlb.iotlb, KIND_NUM)),
	MOCK("iopf", TRIGGER_IOPF, REF_IN(trigger_iopf.dev_id, DEV),
	     IN(trigger_iopf.pasid, KIND_NUM), IN(trigger_iopf.grpid, KIND_NUM),
	     IN(trigger_iopf.perm, KIND_PERM),
	     IN(trigger_iopf.addr, KIND_IOVA)),
	MOCK("check_cache", DEV_CHECK_CACHE, REF_IN(id, DEV),
	     IN(check_dev_cache.id, KIND_NUM),
	     IN(check_dev_cache.cache, KIND_NUM)),
	MOCK("vevent", TRIGGER_VEVENT, REF_IN(trigger_vevent.dev_id, DEV)),
	MOCK("pasid_attach", PASID_ATTACH, REF_IN(id, STDEV),
	     IN(pasid_attach.pasid, KIND_PASID),
	     IN(pasid_attach.pt_id, KIND_PT)),
	MOCK("pasid_replace", PASID_REPLACE, REF_IN(id, STDEV),
	     IN(pasid_attach.pasid, KIND_PASID),
	     IN(pasid_attach.pt_id, KIND_PT)),
	MOCK("pasid_detach", PASID_DETACH, REF_IN(id, STDEV),
	     IN(pasid_detach.pasid, KIND_PASID)),
	MOCK("pasid_check", PASID_CHECK_HWPT, REF_IN(id, STDEV),
	     IN(pasid_check.pasid, KIND_PASID),
	     REF_IN(pasid_check.hwpt_id, HWPT)),
	{ .name = "mock_dmabuf",
	  .cmd = IOMMU_TEST_CMD,
	  .size = sizeof(struct iommu_test_cmd),
	  .presets = { { offsetof(struct iommu_test_cmd, op),
			 IOMMU_TEST_OP_DMABUF_GET } },
	  FIELDS(CTX, OUT(TYPE_DMABUF), IN(dmabuf_get.length, KIND_LEN),
		 IN(dmabuf_get.open_flags, KIND_NUM)) },
	MOCK("mock_revoke", DMABUF_REVOKE,
	     REF_IN(dmabuf_revoke.dmabuf_fd, DMABUF),
	     IN(dmabuf_revoke.revoked, KIND_PERM)),
};

const struct op_table ops_mock = { ops, ARRAY_SIZE(ops) };
