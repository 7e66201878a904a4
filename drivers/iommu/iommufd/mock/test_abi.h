/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ABI between the newest kernel and its own test program for iommufd, which
 * fixes names, numbers and layouts.
 */
#ifndef IOMMUFD_MOCK_TEST_ABI_H
#define IOMMUFD_MOCK_TEST_ABI_H

#ifdef __KERNEL__
#include <linux/bits.h>
#include <linux/build_bug.h>
#include <linux/types.h>
#include <uapi/linux/iommufd.h>
#else
#include <assert.h>
#include <linux/iommufd.h>
#define BIT(nr) (1UL << (nr))
#endif

#define IOMMU_TEST_CMD _IO(IOMMUFD_TYPE, IOMMUFD_CMD_BASE + 32)

/**
 * enum iommu_test_op - operation of a request
 */
enum iommu_test_op {
	/** @IOMMU_TEST_OP_ADD_RESERVED: reserve IOVA in an IOAS */
	IOMMU_TEST_OP_ADD_RESERVED = 1,
	/** @IOMMU_TEST_OP_MOCK_DOMAIN: create a mock device and attach it */
	IOMMU_TEST_OP_MOCK_DOMAIN,
	/** @IOMMU_TEST_OP_MD_CHECK_MAP: compare a domain with user memory */
	IOMMU_TEST_OP_MD_CHECK_MAP,
	/** @IOMMU_TEST_OP_MD_CHECK_REFS: count the pins of user memory */
	IOMMU_TEST_OP_MD_CHECK_REFS,
	/** @IOMMU_TEST_OP_CREATE_ACCESS: create an access and attach it */
	IOMMU_TEST_OP_CREATE_ACCESS,
	/** @IOMMU_TEST_OP_DESTROY_ACCESS_PAGES: unpin through an access */
	IOMMU_TEST_OP_DESTROY_ACCESS_PAGES,
	/** @IOMMU_TEST_OP_ACCESS_PAGES: pin through an access */
	IOMMU_TEST_OP_ACCESS_PAGES,
	/** @IOMMU_TEST_OP_ACCESS_RW: read or write through an access */
	IOMMU_TEST_OP_ACCESS_RW,
	/** @IOMMU_TEST_OP_SET_TEMP_MEMORY_LIMIT: limit temporary memory */
	IOMMU_TEST_OP_SET_TEMP_MEMORY_LIMIT,
	/** @IOMMU_TEST_OP_MOCK_DOMAIN_REPLACE: move a mock device */
	IOMMU_TEST_OP_MOCK_DOMAIN_REPLACE,
	/** @IOMMU_TEST_OP_ACCESS_REPLACE_IOAS: move an access */
	IOMMU_TEST_OP_ACCESS_REPLACE_IOAS,
	/** @IOMMU_TEST_OP_MOCK_DOMAIN_FLAGS: MOCK_DOMAIN, with flags */
	IOMMU_TEST_OP_MOCK_DOMAIN_FLAGS,
	/** @IOMMU_TEST_OP_DIRTY: mark pages dirty */
	IOMMU_TEST_OP_DIRTY,
	/** @IOMMU_TEST_OP_MD_CHECK_IOTLB: compare a nested domain's cache */
	IOMMU_TEST_OP_MD_CHECK_IOTLB,
	/** @IOMMU_TEST_OP_TRIGGER_IOPF: report a page fault */
	IOMMU_TEST_OP_TRIGGER_IOPF,
	/** @IOMMU_TEST_OP_DEV_CHECK_CACHE: compare a device's cache */
	IOMMU_TEST_OP_DEV_CHECK_CACHE,
	/** @IOMMU_TEST_OP_TRIGGER_VEVENT: report an event of a vIOMMU */
	IOMMU_TEST_OP_TRIGGER_VEVENT,
	/** @IOMMU_TEST_OP_PASID_ATTACH: attach a PASID */
	IOMMU_TEST_OP_PASID_ATTACH,
	/** @IOMMU_TEST_OP_PASID_REPLACE: move a PASID */
	IOMMU_TEST_OP_PASID_REPLACE,
	/** @IOMMU_TEST_OP_PASID_DETACH: detach a PASID */
	IOMMU_TEST_OP_PASID_DETACH,
	/** @IOMMU_TEST_OP_PASID_CHECK_HWPT: check the HWPT of a PASID */
	IOMMU_TEST_OP_PASID_CHECK_HWPT,
	/** @IOMMU_TEST_OP_DMABUF_GET: create a dma-buf */
	IOMMU_TEST_OP_DMABUF_GET,
	/** @IOMMU_TEST_OP_DMABUF_REVOKE: revoke a dma-buf, or undo that */
	IOMMU_TEST_OP_DMABUF_REVOKE,
};

/* The kinds of mock page tables, and the aperture of the first. */
#define MOCK_IOMMUPT_DEFAULT 0
#define MOCK_IOMMUPT_HUGE 1
/* Not in the kernel: stores nothing, so that only its callers cost something. */
#define MOCK_IOMMUPT_BLANK 16
#define MOCK_APERTURE_START BIT(24)
#define MOCK_APERTURE_LAST ((1UL << 31) - 1)
#define MOCK_PAGE_SIZE 2048
#define MOCK_HUGE_PAGE_SIZE (512 * MOCK_PAGE_SIZE)

#define MOCK_FLAGS_ACCESS_WRITE BIT(0)
#define MOCK_FLAGS_ACCESS_SYZ BIT(16)

#define MOCK_ACCESS_RW_WRITE BIT(0)
#define MOCK_ACCESS_RW_SLOW_PATH BIT(2)

#define MOCK_FLAGS_ACCESS_CREATE_NEEDS_PIN_PAGES BIT(0)

#define MOCK_FLAGS_DEVICE_NO_DIRTY BIT(0)
#define MOCK_FLAGS_DEVICE_PASID BIT(2)
/* Not in the kernel: all devices with this flag are in one group. */
#define MOCK_FLAGS_DEVICE_GROUP BIT(16)
/* Not in the kernel: its DMA is not coherent, or it is behind no IOMMU. */
#define MOCK_FLAGS_DEVICE_NOT_COHERENT BIT(17)
#define MOCK_FLAGS_DEVICE_NO_IOMMU BIT(18)

#define MOCK_NESTED_DOMAIN_IOTLB_NUM 4
#define MOCK_DEV_CACHE_NUM 4

/* Every second attachment of this PASID fails. */
#define IOMMU_TEST_PASID_RESERVED 1024

#define MOCK_PASID_WIDTH 20

/**
 * struct iommu_test_cmd - a request
 */
struct iommu_test_cmd {
	/** @size: size of the structure */
	__u32 size;
	/** @op: one of enum iommu_test_op */
	__u32 op;
	/** @id: ID of the object; of an access the file descriptor */
	__u32 id;
	/** @__reserved: ignored */
	__u32 __reserved;
	union {
		/** @add_reserved: IOMMU_TEST_OP_ADD_RESERVED */
		struct {
			/** @add_reserved.start: first IOVA */
			__aligned_u64 start;
			/** @add_reserved.length: bytes */
			__aligned_u64 length;
		} add_reserved;
		/**
		 * @mock_domain_flags: IOMMU_TEST_OP_MOCK_DOMAIN_FLAGS, and
		 * without the last member IOMMU_TEST_OP_MOCK_DOMAIN
		 */
		struct {
			/** @mock_domain_flags.out_stdev_id: the test object */
			__u32 out_stdev_id;
			/** @mock_domain_flags.out_hwpt_id: the HWPT */
			__u32 out_hwpt_id;
			/** @mock_domain_flags.out_idev_id: the device */
			__u32 out_idev_id;
			/** @mock_domain_flags.dev_flags: MOCK_FLAGS_DEVICE_ */
			__u32 dev_flags;
		} mock_domain_flags;
		/** @mock_domain_replace: IOMMU_TEST_OP_MOCK_DOMAIN_REPLACE */
		struct {
			/** @mock_domain_replace.pt_id: HWPT or IOAS */
			__u32 pt_id;
		} mock_domain_replace;
		/** @check_map: IOMMU_TEST_OP_MD_CHECK_MAP */
		struct {
			/** @check_map.iova: first IOVA */
			__aligned_u64 iova;
			/** @check_map.length: bytes */
			__aligned_u64 length;
			/** @check_map.uptr: address of the memory */
			__aligned_u64 uptr;
		} check_map;
		/** @check_refs: IOMMU_TEST_OP_MD_CHECK_REFS */
		struct {
			/** @check_refs.length: bytes */
			__aligned_u64 length;
			/** @check_refs.uptr: address of the memory */
			__aligned_u64 uptr;
			/** @check_refs.refs: expected pin count */
			__u32 refs;
		} check_refs;
		/** @create_access: IOMMU_TEST_OP_CREATE_ACCESS */
		struct {
			/** @create_access.out_access_fd: file of the access */
			__u32 out_access_fd;
			/** @create_access.flags: MOCK_FLAGS_ACCESS_CREATE_ */
			__u32 flags;
		} create_access;
		/** @destroy_access_pages: IOMMU_TEST_OP_DESTROY_ACCESS_PAGES */
		struct {
			/**
			 * @destroy_access_pages.access_pages_id: ID of the pin
			 */
			__u32 access_pages_id;
		} destroy_access_pages;
		/** @access_pages: IOMMU_TEST_OP_ACCESS_PAGES */
		struct {
			/** @access_pages.flags: MOCK_FLAGS_ACCESS_ */
			__u32 flags;
			/** @access_pages.out_access_pages_id: ID of the pin */
			__u32 out_access_pages_id;
			/** @access_pages.iova: first IOVA */
			__aligned_u64 iova;
			/** @access_pages.length: bytes */
			__aligned_u64 length;
			/**
			 * @access_pages.uptr: address of the expected memory
			 */
			__aligned_u64 uptr;
		} access_pages;
		/** @access_rw: IOMMU_TEST_OP_ACCESS_RW */
		struct {
			/** @access_rw.iova: first IOVA */
			__aligned_u64 iova;
			/** @access_rw.length: bytes */
			__aligned_u64 length;
			/** @access_rw.uptr: address of the user buffer */
			__aligned_u64 uptr;
			/** @access_rw.flags: MOCK_ACCESS_RW_ */
			__u32 flags;
		} access_rw;
		/** @memory_limit: IOMMU_TEST_OP_SET_TEMP_MEMORY_LIMIT */
		struct {
			/** @memory_limit.limit: bytes */
			__u32 limit;
		} memory_limit;
		/** @access_replace_ioas: IOMMU_TEST_OP_ACCESS_REPLACE_IOAS */
		struct {
			/** @access_replace_ioas.ioas_id: the new IOAS */
			__u32 ioas_id;
		} access_replace_ioas;
		/** @dirty: IOMMU_TEST_OP_DIRTY */
		struct {
			/** @dirty.flags: ignored */
			__u32 flags;
			/** @dirty.iova: first IOVA */
			__aligned_u64 iova;
			/** @dirty.length: bytes */
			__aligned_u64 length;
			/** @dirty.page_size: bytes covered by a bit */
			__aligned_u64 page_size;
			/** @dirty.uptr: the bitmap */
			__aligned_u64 uptr;
			/** @dirty.out_nr_dirty: number of bits set in it */
			__aligned_u64 out_nr_dirty;
		} dirty;
		/** @check_iotlb: IOMMU_TEST_OP_MD_CHECK_IOTLB */
		struct {
			/** @check_iotlb.id: index of the entry */
			__u32 id;
			/** @check_iotlb.iotlb: expected value */
			__u32 iotlb;
		} check_iotlb;
		/** @trigger_iopf: IOMMU_TEST_OP_TRIGGER_IOPF */
		struct {
			/** @trigger_iopf.dev_id: the device */
			__u32 dev_id;
			/** @trigger_iopf.pasid: its PASID */
			__u32 pasid;
			/** @trigger_iopf.grpid: group ID of the request */
			__u32 grpid;
			/** @trigger_iopf.perm: requested access */
			__u32 perm;
			/** @trigger_iopf.addr: faulting address */
			__u64 addr;
		} trigger_iopf;
		/** @check_dev_cache: IOMMU_TEST_OP_DEV_CHECK_CACHE */
		struct {
			/** @check_dev_cache.id: index of the entry */
			__u32 id;
			/** @check_dev_cache.cache: expected value */
			__u32 cache;
		} check_dev_cache;
		/** @trigger_vevent: IOMMU_TEST_OP_TRIGGER_VEVENT */
		struct {
			/** @trigger_vevent.dev_id: the device */
			__u32 dev_id;
		} trigger_vevent;
		/**
		 * @pasid_attach: IOMMU_TEST_OP_PASID_ATTACH and
		 * IOMMU_TEST_OP_PASID_REPLACE
		 */
		struct {
			/** @pasid_attach.pasid: the PASID */
			__u32 pasid;
			/** @pasid_attach.pt_id: HWPT or IOAS */
			__u32 pt_id;
		} pasid_attach;
		/** @pasid_detach: IOMMU_TEST_OP_PASID_DETACH */
		struct {
			/** @pasid_detach.pasid: the PASID */
			__u32 pasid;
		} pasid_detach;
		/** @pasid_check: IOMMU_TEST_OP_PASID_CHECK_HWPT */
		struct {
			/** @pasid_check.pasid: the PASID */
			__u32 pasid;
			/** @pasid_check.hwpt_id: the HWPT, 0 for none */
			__u32 hwpt_id;
		} pasid_check;
		/** @dmabuf_get: IOMMU_TEST_OP_DMABUF_GET */
		struct {
			/** @dmabuf_get.length: bytes */
			__u32 length;
			/** @dmabuf_get.open_flags: O_ flags */
			__u32 open_flags;
		} dmabuf_get;
		/** @dmabuf_revoke: IOMMU_TEST_OP_DMABUF_REVOKE */
		struct {
			/** @dmabuf_revoke.dmabuf_fd: the dma-buf */
			__s32 dmabuf_fd;
			/**
			 * @dmabuf_revoke.revoked: nonzero to revoke, 0 to undo
			 * that
			 */
			__u32 revoked;
		} dmabuf_revoke;
	};
	/** @last: marks the end of this version of the structure */
	__u32 last;
};

static_assert(sizeof(struct iommu_test_cmd) == 72);

#define IOMMU_HW_INFO_TYPE_SELFTEST 0xfeedbeef
#define IOMMU_HW_INFO_SELFTEST_REGVAL 0xdeadbeef

/**
 * struct iommu_test_hw_info - data of the mock IOMMU for IOMMU_GET_HW_INFO
 */
struct iommu_test_hw_info {
	/** @flags: 0 */
	__u32 flags;
	/** @test_reg: IOMMU_HW_INFO_SELFTEST_REGVAL */
	__u32 test_reg;
};

#define IOMMU_HWPT_DATA_SELFTEST 0xdead
#define IOMMU_TEST_IOTLB_DEFAULT 0xbadbeef
#define IOMMU_TEST_DEV_CACHE_DEFAULT 0xbaddad

/**
 * struct iommu_hwpt_selftest - data of IOMMU_HWPT_ALLOC
 */
struct iommu_hwpt_selftest {
	/** @iotlb: initial value of the cache of a nested domain */
	__u32 iotlb;
	/** @pagetable_type: MOCK_IOMMUPT_ */
	__u32 pagetable_type;
};

#define IOMMU_HWPT_INVALIDATE_DATA_SELFTEST 0xdeadbeef
#define IOMMU_TEST_INVALIDATE_FLAG_ALL BIT(0)

/**
 * struct iommu_hwpt_invalidate_selftest - entry of IOMMU_HWPT_INVALIDATE
 */
struct iommu_hwpt_invalidate_selftest {
	/** @flags: IOMMU_TEST_INVALIDATE_FLAG_ALL or 0 */
	__u32 flags;
	/** @iotlb_id: index of the cache entry, unless all */
	__u32 iotlb_id;
};

#define IOMMU_VIOMMU_TYPE_SELFTEST 0xdeadbeef

/**
 * struct iommu_viommu_selftest - data of IOMMU_VIOMMU_ALLOC
 */
struct iommu_viommu_selftest {
	/** @in_data: any number */
	__u32 in_data;
	/** @out_data: @in_data, which can also be read at @out_mmap_offset */
	__u32 out_data;
	/** @out_mmap_offset: offset for mmap() */
	__aligned_u64 out_mmap_offset;
	/** @out_mmap_length: length for mmap() */
	__aligned_u64 out_mmap_length;
};

#define IOMMU_VIOMMU_INVALIDATE_DATA_SELFTEST 0xdeadbeef

/**
 * struct iommu_viommu_invalidate_selftest - entry of IOMMU_HWPT_INVALIDATE
 */
struct iommu_viommu_invalidate_selftest {
	/** @flags: IOMMU_TEST_INVALIDATE_FLAG_ALL or 0 */
	__u32 flags;
	/** @vdev_id: virtual ID of the device */
	__u32 vdev_id;
	/** @cache_id: index of the entry in the device's cache, unless all */
	__u32 cache_id;
};

#define IOMMU_VEVENTQ_TYPE_SELFTEST 0xbeefbeef

/**
 * struct iommu_viommu_event_selftest - an event of a vIOMMU
 */
struct iommu_viommu_event_selftest {
	/** @virt_id: virtual ID of the device */
	__u32 virt_id;
};

#define IOMMU_HW_QUEUE_TYPE_SELFTEST 0xdeadbeef
#define IOMMU_TEST_HW_QUEUE_MAX 2

#endif /* IOMMUFD_MOCK_TEST_ABI_H */
