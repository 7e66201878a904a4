/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * User API of /dev/iommu.
 *
 * Each open of the character device is a context with its own numbering of
 * objects: I/O address spaces (IOAS), hardware page tables (HWPT), devices
 * that a driver such as vfio bound to the context, fault and event queues,
 * virtual IOMMUs. An ioctl that creates an object writes its ID into an out_
 * member; IOMMU_DESTROY, or closing the last descriptor, removes it.
 *
 * The argument of every ioctl is a pointer to a structure that begins with a
 * __u32 size, which the caller sets to the sizeof it was compiled with. A
 * member that an older caller does not know reads as zero, so zero always asks
 * for the old behaviour. Besides the errnos documented at each structure, any
 * ioctl may return:
 *
 *	ENOTTY		no such ioctl
 *	EINVAL		@size is smaller than the first published layout
 *	E2BIG		@size is larger than the kernel's and the part that the
 *			kernel does not know is not all zero
 *	EFAULT		the structure, or memory it points to, is not accessible
 *	EOPNOTSUPP	an unknown flag or a reserved member is not zero, or the
 *			hardware or this kernel does not support the request
 *	ENOENT		an ID names no object, or one of another type
 *	ENOMEM		out of memory, or over a limit on pinned memory
 *
 * Addresses and lengths are bytes. Ranges named start/last are inclusive.
 * Members named __reserved must be zero.
 */
#ifndef _UAPI_LINUX_IOMMUFD_H
#define _UAPI_LINUX_IOMMUFD_H

#include <linux/ioctl.h>
#include <linux/types.h>

/** define IOMMUFD_TYPE - ioctl type byte, shared with vfio */
#define IOMMUFD_TYPE (';')

/* ioctl numbers; vfio, of the same type byte, stays below the base. */
enum {
	IOMMUFD_CMD_BASE = 0x80,
	IOMMUFD_CMD_DESTROY = IOMMUFD_CMD_BASE,
	IOMMUFD_CMD_IOAS_ALLOC = 0x81,
	IOMMUFD_CMD_IOAS_ALLOW_IOVAS = 0x82,
	IOMMUFD_CMD_IOAS_COPY = 0x83,
	IOMMUFD_CMD_IOAS_IOVA_RANGES = 0x84,
	IOMMUFD_CMD_IOAS_MAP = 0x85,
	IOMMUFD_CMD_IOAS_UNMAP = 0x86,
	IOMMUFD_CMD_OPTION = 0x87,
	IOMMUFD_CMD_VFIO_IOAS = 0x88,
	IOMMUFD_CMD_HWPT_ALLOC = 0x89,
	IOMMUFD_CMD_GET_HW_INFO = 0x8a,
	IOMMUFD_CMD_HWPT_SET_DIRTY_TRACKING = 0x8b,
	IOMMUFD_CMD_HWPT_GET_DIRTY_BITMAP = 0x8c,
	IOMMUFD_CMD_HWPT_INVALIDATE = 0x8d,
	IOMMUFD_CMD_FAULT_QUEUE_ALLOC = 0x8e,
	IOMMUFD_CMD_IOAS_MAP_FILE = 0x8f,
	IOMMUFD_CMD_VIOMMU_ALLOC = 0x90,
	IOMMUFD_CMD_VDEVICE_ALLOC = 0x91,
	IOMMUFD_CMD_IOAS_CHANGE_PROCESS = 0x92,
	IOMMUFD_CMD_VEVENTQ_ALLOC = 0x93,
	IOMMUFD_CMD_HW_QUEUE_ALLOC = 0x94,
	IOMMUFD_CMD_IOAS_NOIOMMU_GET_PA = 0x95,
};

/* ---- Objects and contexts ---- */

/**
 * struct iommu_destroy - remove an object (IOMMU_DESTROY)
 *
 * Accepts any object that user space allocated. EBUSY, with nothing changed,
 * while another object, an attached device or an ioctl of another thread uses
 * it.
 */
struct iommu_destroy {
	/** @size: sizeof this structure */
	__u32 size;
	/** @id: object to remove */
	__u32 id;
};

#define IOMMU_DESTROY _IO(IOMMUFD_TYPE, IOMMUFD_CMD_DESTROY)

/**
 * enum iommufd_option - settings that IOMMU_OPTION reads and writes
 */
enum iommufd_option {
	/**
	 * @IOMMU_OPTION_RLIMIT_MODE: counter that pinned memory is charged to:
	 * 0 (default) that of the user, 1 that of the process, like vfio type1.
	 * Requires object_id 0 and, to set, CAP_SYS_RESOURCE (EPERM) and a
	 * context without objects (EBUSY).
	 */
	IOMMU_OPTION_RLIMIT_MODE = 0,
	/**
	 * @IOMMU_OPTION_HUGE_PAGES: 1 (default) lets an IOAS use the largest
	 * I/O pages that fit, 0 limits it to single pages, so that a range
	 * mapped by one request can be split when the IOAS is shared with a
	 * copy. Requires the ID of an IOAS; EADDRINUSE if pages are mapped
	 * already.
	 */
	IOMMU_OPTION_HUGE_PAGES = 1,
};

/**
 * enum iommufd_option_ops - direction of IOMMU_OPTION
 */
enum iommufd_option_ops {
	/** @IOMMU_OPTION_OP_SET: write val64 to the setting */
	IOMMU_OPTION_OP_SET = 0,
	/** @IOMMU_OPTION_OP_GET: read the setting into val64 */
	IOMMU_OPTION_OP_GET = 1,
};

/**
 * struct iommu_option - read or write one setting (IOMMU_OPTION)
 *
 * EOPNOTSUPP for an unknown setting or an object_id that the setting does not
 * accept; EINVAL for an unknown op or value.
 */
struct iommu_option {
	/** @size: sizeof this structure */
	__u32 size;
	/** @option_id: one of enum iommufd_option */
	__u32 option_id;
	/** @op: one of enum iommufd_option_ops */
	__u16 op;
	/** @__reserved: zero */
	__u16 __reserved;
	/** @object_id: object that the setting belongs to, 0 for the context */
	__u32 object_id;
	/** @val64: the value, in or out according to @op */
	__aligned_u64 val64;
};

#define IOMMU_OPTION _IO(IOMMUFD_TYPE, IOMMUFD_CMD_OPTION)

/**
 * enum iommufd_vfio_ioas_op - operations of IOMMU_VFIO_IOAS
 */
enum iommufd_vfio_ioas_op {
	/** @IOMMU_VFIO_IOAS_GET: report the IOAS, ENODEV if there is none */
	IOMMU_VFIO_IOAS_GET = 0,
	/** @IOMMU_VFIO_IOAS_SET: select the IOAS */
	IOMMU_VFIO_IOAS_SET = 1,
	/**
	 * @IOMMU_VFIO_IOAS_CLEAR: select none; the IOAS itself is not removed
	 */
	IOMMU_VFIO_IOAS_CLEAR = 2,
};

/**
 * struct iommu_vfio_ioas - the IOAS behind the container ioctls
 *	(IOMMU_VFIO_IOAS)
 *
 * The VFIO container ioctls on an iommufd descriptor use this one IOAS. If none
 * was selected, the first user of the container interface creates one.
 */
struct iommu_vfio_ioas {
	/** @size: sizeof this structure */
	__u32 size;
	/** @ioas_id: in for SET, out for GET, zero for CLEAR */
	__u32 ioas_id;
	/** @op: one of enum iommufd_vfio_ioas_op */
	__u16 op;
	/** @__reserved: zero */
	__u16 __reserved;
};

#define IOMMU_VFIO_IOAS _IO(IOMMUFD_TYPE, IOMMUFD_CMD_VFIO_IOAS)

/* ---- I/O address spaces ---- */

/**
 * struct iommu_ioas_alloc - create an I/O address space (IOMMU_IOAS_ALLOC)
 *
 * An IOAS maps IOVAs to memory for every device and page table attached to it.
 */
struct iommu_ioas_alloc {
	/** @size: sizeof this structure */
	__u32 size;
	/** @flags: zero */
	__u32 flags;
	/** @out_ioas_id: ID of the new IOAS */
	__u32 out_ioas_id;
};

#define IOMMU_IOAS_ALLOC _IO(IOMMUFD_TYPE, IOMMUFD_CMD_IOAS_ALLOC)

/**
 * struct iommu_iova_range - an inclusive range of IOVAs
 */
struct iommu_iova_range {
	/** @start: first IOVA */
	__aligned_u64 start;
	/** @last: last IOVA, not below @start */
	__aligned_u64 last;
};

/**
 * struct iommu_ioas_iova_ranges - get the mappable IOVAs
 *	(IOMMU_IOAS_IOVA_RANGES)
 *
 * The result is valid until another device or page table is attached to the
 * IOAS. EMSGSIZE if the array is too short: num_iovas is then the number of
 * ranges that exist, and as many as fit were written.
 */
struct iommu_ioas_iova_ranges {
	/** @size: sizeof this structure */
	__u32 size;
	/** @ioas_id: IOAS to query */
	__u32 ioas_id;
	/** @num_iovas: in: entries in the array, out: ranges that exist */
	__u32 num_iovas;
	/** @__reserved: zero */
	__u32 __reserved;
	/** @allowed_iovas: address of an array of struct iommu_iova_range */
	__aligned_u64 allowed_iovas;
	/**
	 * @out_iova_alignment: power of two, at most PAGE_SIZE. IOVA, length
	 * and address of each mapping must be multiples of it.
	 */
	__aligned_u64 out_iova_alignment;
};

#define IOMMU_IOAS_IOVA_RANGES _IO(IOMMUFD_TYPE, IOMMUFD_CMD_IOAS_IOVA_RANGES)

/**
 * struct iommu_ioas_allow_iovas - limit an IOAS to some IOVAs
 *	(IOMMU_IOAS_ALLOW_IOVAS)
 *
 * Attaching a device fails if one of its reserved ranges overlaps an allowed
 * one, and automatic IOVAs are allocated in the allowed ranges only. The list
 * replaces the former one; an empty list allows all IOVAs. EINVAL if ranges
 * overlap each other or do not ascend, EADDRINUSE if one overlaps a range that
 * is reserved already.
 */
struct iommu_ioas_allow_iovas {
	/** @size: sizeof this structure */
	__u32 size;
	/** @ioas_id: IOAS to restrict */
	__u32 ioas_id;
	/** @num_iovas: entries in the array */
	__u32 num_iovas;
	/** @__reserved: zero */
	__u32 __reserved;
	/** @allowed_iovas: address of an array of struct iommu_iova_range */
	__aligned_u64 allowed_iovas;
};

#define IOMMU_IOAS_ALLOW_IOVAS _IO(IOMMUFD_TYPE, IOMMUFD_CMD_IOAS_ALLOW_IOVAS)

/**
 * enum iommufd_ioas_map_flags - flags of MAP, MAP_FILE and COPY
 */
enum iommufd_ioas_map_flags {
	/** @IOMMU_IOAS_MAP_FIXED_IOVA: the caller gives the IOVA */
	IOMMU_IOAS_MAP_FIXED_IOVA = 1 << 0,
	/** @IOMMU_IOAS_MAP_WRITEABLE: devices may write the memory */
	IOMMU_IOAS_MAP_WRITEABLE = 1 << 1,
	/** @IOMMU_IOAS_MAP_READABLE: devices may read the memory */
	IOMMU_IOAS_MAP_READABLE = 1 << 2,
};

/**
 * struct iommu_ioas_map - map process memory (IOMMU_IOAS_MAP)
 *
 * Pins the pages while any device can access them. On failure nothing is
 * mapped. EINVAL for a wrong alignment or an IOVA that is reserved or not
 * allowed, EEXIST for a fixed IOVA that overlaps a mapping, ENOSPC if no
 * automatic IOVA fits, EOVERFLOW if a range wraps, EFAULT for memory that is
 * absent or lacks a requested permission, and for memory without struct pages
 * that cannot be revoked, EPERM and ENOMEM for a limit.
 */
struct iommu_ioas_map {
	/** @size: sizeof this structure */
	__u32 size;
	/** @flags: of enum iommufd_ioas_map_flags */
	__u32 flags;
	/** @ioas_id: IOAS to change */
	__u32 ioas_id;
	/** @__reserved: zero */
	__u32 __reserved;
	/** @user_va: address in the calling process */
	__aligned_u64 user_va;
	/** @length: bytes to map, not zero */
	__aligned_u64 length;
	/** @iova: in with FIXED_IOVA, otherwise out */
	__aligned_u64 iova;
};

#define IOMMU_IOAS_MAP _IO(IOMMUFD_TYPE, IOMMUFD_CMD_IOAS_MAP)

/**
 * struct iommu_ioas_noiommu_get_pa - get the physical address of mapped memory
 *	(IOMMU_IOAS_NOIOMMU_GET_PA)
 *
 * For a device that is behind no IOMMU, which must be programmed with physical
 * addresses. The device must be attached to the IOAS. The address is valid
 * until the memory is unmapped or the last such device is detached. EPERM
 * without CAP_SYS_RAWIO, ENOENT if nothing is mapped at @iova, EOPNOTSUPP if no
 * such device is attached, EINVAL if @length is 0.
 */
struct iommu_ioas_noiommu_get_pa {
	/** @size: sizeof this structure */
	__u32 size;
	/** @flags: zero */
	__u32 flags;
	/** @ioas_id: IOAS to query */
	__u32 ioas_id;
	/** @__reserved: zero */
	__u32 __reserved;
	/** @iova: the first byte */
	__aligned_u64 iova;
	/**
	 * @length: in: bytes to query, not zero; out: number of them that are
	 * contiguous at @out_phys
	 */
	__aligned_u64 length;
	/** @out_phys: physical address of the first byte */
	__aligned_u64 out_phys;
};

#define IOMMU_IOAS_NOIOMMU_GET_PA \
	_IO(IOMMUFD_TYPE, IOMMUFD_CMD_IOAS_NOIOMMU_GET_PA)

/**
 * struct iommu_ioas_map_file - map part of a file (IOMMU_IOAS_MAP_FILE)
 *
 * Like IOMMU_IOAS_MAP, for a memfd or a dma-buf that the IOMMU can access.
 * EINVAL for any other file or a range past its end, EBADF for a closed
 * descriptor. A dma-buf of RAM is charged as a whole, from the first mapping of
 * any part of it until the last one is removed.
 */
struct iommu_ioas_map_file {
	/** @size: sizeof this structure */
	__u32 size;
	/** @flags: of enum iommufd_ioas_map_flags */
	__u32 flags;
	/** @ioas_id: IOAS to change */
	__u32 ioas_id;
	/** @fd: the file; it need not stay open */
	__s32 fd;
	/** @start: offset into the file */
	__aligned_u64 start;
	/** @length: bytes to map, not zero */
	__aligned_u64 length;
	/** @iova: in with FIXED_IOVA, otherwise out */
	__aligned_u64 iova;
};

#define IOMMU_IOAS_MAP_FILE _IO(IOMMUFD_TYPE, IOMMUFD_CMD_IOAS_MAP_FILE)

/**
 * struct iommu_ioas_copy - map what another IOAS maps (IOMMU_IOAS_COPY)
 *
 * The memory of the source is shared: it is pinned and charged once. ENOENT if
 * the source range is not covered by a single mapping, EPERM if a permission is
 * requested that the source lacks. The errnos of the destination are those of
 * IOMMU_IOAS_MAP.
 */
struct iommu_ioas_copy {
	/** @size: sizeof this structure */
	__u32 size;
	/** @flags: of enum iommufd_ioas_map_flags, for the destination */
	__u32 flags;
	/** @dst_ioas_id: IOAS to change */
	__u32 dst_ioas_id;
	/** @src_ioas_id: source IOAS, may be the same */
	__u32 src_ioas_id;
	/** @length: bytes to map, not zero */
	__aligned_u64 length;
	/** @dst_iova: in with FIXED_IOVA, otherwise out */
	__aligned_u64 dst_iova;
	/** @src_iova: first IOVA in the source */
	__aligned_u64 src_iova;
};

#define IOMMU_IOAS_COPY _IO(IOMMUFD_TYPE, IOMMUFD_CMD_IOAS_COPY)

/**
 * struct iommu_ioas_unmap - remove mappings (IOMMU_IOAS_UNMAP)
 *
 * Removes every mapping that lies wholly in the range. ENOENT if there is none
 * or the range would split a mapping. iova 0 with length U64_MAX removes
 * everything and succeeds if nothing is mapped.
 */
struct iommu_ioas_unmap {
	/** @size: sizeof this structure */
	__u32 size;
	/** @ioas_id: IOAS to change */
	__u32 ioas_id;
	/** @iova: first IOVA */
	__aligned_u64 iova;
	/** @length: in: bytes of the range, out: bytes that were unmapped */
	__aligned_u64 length;
};

#define IOMMU_IOAS_UNMAP _IO(IOMMUFD_TYPE, IOMMUFD_CMD_IOAS_UNMAP)

/**
 * struct iommu_ioas_change_process - take over a context
 *	(IOMMU_IOAS_CHANGE_PROCESS)
 *
 * Moves the charge for pinned memory, in every IOAS of the context, to the
 * calling process, which received the descriptor by fork, exec or a socket.
 * EINVAL unless all memory was mapped by IOMMU_IOAS_MAP_FILE.
 */
struct iommu_ioas_change_process {
	/** @size: sizeof this structure */
	__u32 size;
	/** @__reserved: zero */
	__u32 __reserved;
};

#define IOMMU_IOAS_CHANGE_PROCESS \
	_IO(IOMMUFD_TYPE, IOMMUFD_CMD_IOAS_CHANGE_PROCESS)

/* ---- Hardware page tables ---- */

/**
 * enum iommufd_hwpt_alloc_flags - properties of a new page table
 */
enum iommufd_hwpt_alloc_flags {
	/** @IOMMU_HWPT_ALLOC_NEST_PARENT: can be the parent of nested tables */
	IOMMU_HWPT_ALLOC_NEST_PARENT = 1 << 0,
	/** @IOMMU_HWPT_ALLOC_DIRTY_TRACKING: can track dirty pages */
	IOMMU_HWPT_ALLOC_DIRTY_TRACKING = 1 << 1,
	/** @IOMMU_HWPT_FAULT_ID_VALID: report page faults to queue fault_id */
	IOMMU_HWPT_FAULT_ID_VALID = 1 << 2,
	/** @IOMMU_HWPT_ALLOC_PASID: can be attached to a PASID */
	IOMMU_HWPT_ALLOC_PASID = 1 << 3,
};

/**
 * enum iommu_hwpt_data_type - layout of the data of IOMMU_HWPT_ALLOC
 */
enum iommu_hwpt_data_type {
	/** @IOMMU_HWPT_DATA_NONE: no data */
	IOMMU_HWPT_DATA_NONE = 0,
	/** @IOMMU_HWPT_DATA_VTD_S1: struct iommu_hwpt_vtd_s1 */
	IOMMU_HWPT_DATA_VTD_S1 = 1,
	/** @IOMMU_HWPT_DATA_ARM_SMMUV3: struct iommu_hwpt_arm_smmuv3 */
	IOMMU_HWPT_DATA_ARM_SMMUV3 = 2,
	/** @IOMMU_HWPT_DATA_AMD_GUEST: struct iommu_hwpt_amd_guest */
	IOMMU_HWPT_DATA_AMD_GUEST = 3,
};

/**
 * enum iommu_hwpt_vtd_s1_flags - bits of a VT-d first-stage PASID entry
 */
enum iommu_hwpt_vtd_s1_flags {
	/** @IOMMU_VTD_S1_SRE: honour supervisor requests */
	IOMMU_VTD_S1_SRE = 1 << 0,
	/** @IOMMU_VTD_S1_EAFE: set extended accessed bits */
	IOMMU_VTD_S1_EAFE = 1 << 1,
	/** @IOMMU_VTD_S1_WPE: write protection for supervisor requests too */
	IOMMU_VTD_S1_WPE = 1 << 2,
};

/**
 * struct iommu_hwpt_vtd_s1 - a guest's VT-d first-stage table
 */
struct iommu_hwpt_vtd_s1 {
	/** @flags: of enum iommu_hwpt_vtd_s1_flags */
	__aligned_u64 flags;
	/** @pgtbl_addr: guest physical address of the top table */
	__aligned_u64 pgtbl_addr;
	/** @addr_width: bits of input address */
	__u32 addr_width;
	/** @__reserved: zero */
	__u32 __reserved;
};

/**
 * struct iommu_hwpt_arm_smmuv3 - a guest's SMMUv3 stream table entry
 */
struct iommu_hwpt_arm_smmuv3 {
	/**
	 * @ste: low two words of the entry, little endian. V, Config, S1Fmt,
	 * S1ContextPtr, S1CDMax, S1DSS, S1CIR, S1COR, S1CSH, S1STALLD and EATS
	 * may be set (EIO otherwise).
	 */
	__aligned_le64 ste[2];
};

/**
 * struct iommu_hwpt_amd_guest - a guest's AMD device table entry
 */
struct iommu_hwpt_amd_guest {
	/** @dte: the whole entry; the kernel uses the guest table fields */
	__aligned_u64 dte[4];
};

/**
 * struct iommu_hwpt_alloc - create a page table (IOMMU_HWPT_ALLOC)
 *
 * On an IOAS, the table has the mappings of the IOAS. On a page table created
 * with NEST_PARENT or on a virtual IOMMU, the table is that of the guest, as
 * described by the data. EINVAL if the device cannot use the parent or the
 * flags contradict each other.
 */
struct iommu_hwpt_alloc {
	/** @size: sizeof this structure */
	__u32 size;
	/** @flags: of enum iommufd_hwpt_alloc_flags */
	__u32 flags;
	/** @dev_id: device whose IOMMU determines the format */
	__u32 dev_id;
	/** @pt_id: IOAS, page table or virtual IOMMU below the new table */
	__u32 pt_id;
	/** @out_hwpt_id: ID of the new page table */
	__u32 out_hwpt_id;
	/** @__reserved: zero */
	__u32 __reserved;
	/** @data_type: one of enum iommu_hwpt_data_type */
	__u32 data_type;
	/** @data_len: bytes at @data_uptr */
	__u32 data_len;
	/** @data_uptr: address of the structure that @data_type names */
	__aligned_u64 data_uptr;
	/** @fault_id: queue for page faults, with IOMMU_HWPT_FAULT_ID_VALID */
	__u32 fault_id;
	/** @__reserved2: zero */
	__u32 __reserved2;
};

#define IOMMU_HWPT_ALLOC _IO(IOMMUFD_TYPE, IOMMUFD_CMD_HWPT_ALLOC)

/**
 * enum iommu_hwpt_invalidate_data_type - layout of the entries to invalidate
 */
enum iommu_hwpt_invalidate_data_type {
	/**
	 * @IOMMU_HWPT_INVALIDATE_DATA_VTD_S1: struct
	 * iommu_hwpt_vtd_s1_invalidate
	 */
	IOMMU_HWPT_INVALIDATE_DATA_VTD_S1 = 0,
	/**
	 * @IOMMU_VIOMMU_INVALIDATE_DATA_ARM_SMMUV3: struct
	 * iommu_viommu_arm_smmuv3_invalidate, on a virtual IOMMU
	 */
	IOMMU_VIOMMU_INVALIDATE_DATA_ARM_SMMUV3 = 1,
};

/**
 * enum iommu_hwpt_vtd_s1_invalidate_flags - hints for VT-d
 */
enum iommu_hwpt_vtd_s1_invalidate_flags {
	/** @IOMMU_VTD_INV_FLAGS_LEAF: only last-level entries have changed */
	IOMMU_VTD_INV_FLAGS_LEAF = 1 << 0,
};

/**
 * struct iommu_hwpt_vtd_s1_invalidate - range to invalidate in VT-d's caches
 */
struct iommu_hwpt_vtd_s1_invalidate {
	/** @addr: first address, 4 KiB aligned */
	__aligned_u64 addr;
	/** @npages: number of 4 KiB pages; U64_MAX with @addr 0 means all */
	__aligned_u64 npages;
	/** @flags: of enum iommu_hwpt_vtd_s1_invalidate_flags */
	__u32 flags;
	/** @__reserved: zero */
	__u32 __reserved;
};

/**
 * struct iommu_viommu_arm_smmuv3_invalidate - one SMMUv3 invalidation command
 *
 * EIO unless the command is a TLBI of guest addresses, a CFGI of a virtual
 * stream ID, or an ATC_INV.
 */
struct iommu_viommu_arm_smmuv3_invalidate {
	/** @cmd: the command in the format of the queue, little endian */
	__aligned_le64 cmd[2];
};

/**
 * struct iommu_hwpt_invalidate - invalidate cached guest translations
 *	(IOMMU_HWPT_INVALIDATE)
 *
 * Entries are handled in order until one fails. A request with an empty array
 * succeeds if @data_type is supported.
 */
struct iommu_hwpt_invalidate {
	/** @size: sizeof this structure */
	__u32 size;
	/** @hwpt_id: nested page table or virtual IOMMU */
	__u32 hwpt_id;
	/** @data_uptr: address of the array */
	__aligned_u64 data_uptr;
	/** @data_type: one of enum iommu_hwpt_invalidate_data_type */
	__u32 data_type;
	/** @entry_len: bytes of an entry */
	__u32 entry_len;
	/** @entry_num: in: entries in the array, out: entries handled */
	__u32 entry_num;
	/** @__reserved: zero */
	__u32 __reserved;
};

#define IOMMU_HWPT_INVALIDATE _IO(IOMMUFD_TYPE, IOMMUFD_CMD_HWPT_INVALIDATE)

/* ---- Dirty tracking ---- */

/**
 * enum iommufd_hwpt_set_dirty_tracking_flags - new state of dirty tracking
 */
enum iommufd_hwpt_set_dirty_tracking_flags {
	/** @IOMMU_HWPT_DIRTY_TRACKING_ENABLE: start; stop if not set */
	IOMMU_HWPT_DIRTY_TRACKING_ENABLE = 1,
};

/**
 * struct iommu_hwpt_set_dirty_tracking - start or stop
 *	(IOMMU_HWPT_SET_DIRTY_TRACKING)
 *
 * Starting clears former records. The table must have been created with
 * IOMMU_HWPT_ALLOC_DIRTY_TRACKING.
 */
struct iommu_hwpt_set_dirty_tracking {
	/** @size: sizeof this structure */
	__u32 size;
	/** @flags: of enum iommufd_hwpt_set_dirty_tracking_flags */
	__u32 flags;
	/** @hwpt_id: page table over an IOAS */
	__u32 hwpt_id;
	/** @__reserved: zero */
	__u32 __reserved;
};

#define IOMMU_HWPT_SET_DIRTY_TRACKING \
	_IO(IOMMUFD_TYPE, IOMMUFD_CMD_HWPT_SET_DIRTY_TRACKING)

/**
 * enum iommufd_hwpt_get_dirty_bitmap_flags - flags of the read
 */
enum iommufd_hwpt_get_dirty_bitmap_flags {
	/**
	 * @IOMMU_HWPT_GET_DIRTY_BITMAP_NO_CLEAR: do not clear the records.
	 * Saves the flush at a last read before the mappings are removed.
	 */
	IOMMU_HWPT_GET_DIRTY_BITMAP_NO_CLEAR = 1,
};

/**
 * struct iommu_hwpt_get_dirty_bitmap - read dirty pages
 *	(IOMMU_HWPT_GET_DIRTY_BITMAP)
 *
 * Sets a bit for each page that a device wrote since the last read. Never
 * clears bits, so the caller passes a zeroed bitmap. Bit n of the array of
 * little endian words covers the page at iova + n * page_size. Nothing is
 * reported for the parts of the range that are not mapped. EINVAL if tracking
 * is stopped.
 */
struct iommu_hwpt_get_dirty_bitmap {
	/** @size: sizeof this structure */
	__u32 size;
	/** @hwpt_id: page table over an IOAS */
	__u32 hwpt_id;
	/** @flags: of enum iommufd_hwpt_get_dirty_bitmap_flags */
	__u32 flags;
	/** @__reserved: zero */
	__u32 __reserved;
	/** @iova: first IOVA, a multiple of @page_size */
	__aligned_u64 iova;
	/** @length: bytes of the range */
	__aligned_u64 length;
	/** @page_size: bytes that a bit covers, a power of two */
	__aligned_u64 page_size;
	/** @data: address of the bitmap */
	__aligned_u64 data;
};

#define IOMMU_HWPT_GET_DIRTY_BITMAP \
	_IO(IOMMUFD_TYPE, IOMMUFD_CMD_HWPT_GET_DIRTY_BITMAP)

/* ---- Hardware information ---- */

/**
 * enum iommu_hw_info_type - layout of the data of IOMMU_GET_HW_INFO
 */
enum iommu_hw_info_type {
	/** @IOMMU_HW_INFO_TYPE_NONE: out: the driver reports nothing */
	IOMMU_HW_INFO_TYPE_NONE = 0,
	/** @IOMMU_HW_INFO_TYPE_DEFAULT: in: the type that the driver prefers */
	IOMMU_HW_INFO_TYPE_DEFAULT = 0,
	/** @IOMMU_HW_INFO_TYPE_INTEL_VTD: struct iommu_hw_info_vtd */
	IOMMU_HW_INFO_TYPE_INTEL_VTD = 1,
	/** @IOMMU_HW_INFO_TYPE_ARM_SMMUV3: struct iommu_hw_info_arm_smmuv3 */
	IOMMU_HW_INFO_TYPE_ARM_SMMUV3 = 2,
	/**
	 * @IOMMU_HW_INFO_TYPE_TEGRA241_CMDQV: struct
	 * iommu_hw_info_tegra241_cmdqv
	 */
	IOMMU_HW_INFO_TYPE_TEGRA241_CMDQV = 3,
	/** @IOMMU_HW_INFO_TYPE_AMD: struct iommu_hw_info_amd */
	IOMMU_HW_INFO_TYPE_AMD = 4,
};

/**
 * enum iommu_hw_info_vtd_flags - VT-d errata
 */
enum iommu_hw_info_vtd_flags {
	/**
	 * @IOMMU_HW_INFO_VTD_ERRATA_772415_SPR17: a nest parent must not hold
	 * read-only mappings
	 */
	IOMMU_HW_INFO_VTD_ERRATA_772415_SPR17 = 1 << 0,
};

/**
 * struct iommu_hw_info_vtd - Intel VT-d
 */
struct iommu_hw_info_vtd {
	/** @flags: of enum iommu_hw_info_vtd_flags */
	__u32 flags;
	/** @__reserved: zero */
	__u32 __reserved;
	/** @cap_reg: Capability Register */
	__aligned_u64 cap_reg;
	/** @ecap_reg: Extended Capability Register */
	__aligned_u64 ecap_reg;
};

/**
 * enum iommu_hw_info_arm_smmuv3_flags - errata of an ARM SMMUv3
 */
enum iommu_hw_info_arm_smmuv3_flags {
	/**
	 * @IOMMU_HW_INFO_ARM_SMMUV3_ERRATA_REPEAT_TLBI_CFGI: each TLBI and CFGI
	 * command, with the SYNC after it, must be issued twice (erratum
	 * T264-SMMU-3)
	 */
	IOMMU_HW_INFO_ARM_SMMUV3_ERRATA_REPEAT_TLBI_CFGI = 1 << 0,
};

/**
 * struct iommu_hw_info_arm_smmuv3 - ARM SMMUv3
 *
 * Raw registers: bits may be set that the kernel or the board does not support.
 */
struct iommu_hw_info_arm_smmuv3 {
	/** @flags: mask of enum iommu_hw_info_arm_smmuv3_flags */
	__u32 flags;
	/** @__reserved: zero */
	__u32 __reserved;
	/** @idr: SMMU_IDR0 to SMMU_IDR5 */
	__u32 idr[6];
	/** @iidr: SMMU_IIDR */
	__u32 iidr;
	/** @aidr: SMMU_AIDR */
	__u32 aidr;
};

/**
 * struct iommu_hw_info_tegra241_cmdqv - NVIDIA Tegra241 CMDQ-V beside an SMMUv3
 *
 * Fields of the PARAM register for a guest, which has one VINTF.
 */
struct iommu_hw_info_tegra241_cmdqv {
	/** @flags: zero */
	__u32 flags;
	/** @version: hardware version, PARAM[3:0] */
	__u8 version;
	/** @log2vcmdqs: log2 of the command queues, PARAM[7:4] */
	__u8 log2vcmdqs;
	/** @log2vsids: log2 of the stream ID replacements, PARAM[15:12] */
	__u8 log2vsids;
	/** @__reserved: zero */
	__u8 __reserved;
};

/**
 * struct iommu_hw_info_amd - AMD IOMMU
 *
 * Raw registers: a feature also requires support by the kernel.
 */
struct iommu_hw_info_amd {
	/** @efr: Extended Feature Register */
	__aligned_u64 efr;
	/** @efr2: Extended Feature 2 Register */
	__aligned_u64 efr2;
};

/**
 * enum iommufd_hw_capabilities - capabilities of a device and its IOMMU
 */
enum iommufd_hw_capabilities {
	/** @IOMMU_HW_CAP_DIRTY_TRACKING: page tables can track dirty pages */
	IOMMU_HW_CAP_DIRTY_TRACKING = 1 << 0,
	/** @IOMMU_HW_CAP_PCI_PASID_EXEC: PASID with execute permission */
	IOMMU_HW_CAP_PCI_PASID_EXEC = 1 << 1,
	/** @IOMMU_HW_CAP_PCI_PASID_PRIV: PASID with privileged mode */
	IOMMU_HW_CAP_PCI_PASID_PRIV = 1 << 2,
	/** @IOMMU_HW_CAP_PCI_ATS_NOT_SUPPORTED: ATS is absent or unusable */
	IOMMU_HW_CAP_PCI_ATS_NOT_SUPPORTED = 1 << 3,
};

/**
 * enum iommufd_hw_info_flags - flags of IOMMU_GET_HW_INFO
 */
enum iommufd_hw_info_flags {
	/** @IOMMU_HW_INFO_FLAG_INPUT_TYPE: in_data_type selects the layout */
	IOMMU_HW_INFO_FLAG_INPUT_TYPE = 1 << 0,
};

/**
 * struct iommu_hw_info - the IOMMU of a device (IOMMU_GET_HW_INFO)
 *
 * If the buffer is longer than the data, the rest is filled with zeroes. If it
 * is shorter, the data are truncated.
 */
struct iommu_hw_info {
	/** @size: sizeof this structure */
	__u32 size;
	/** @flags: of enum iommufd_hw_info_flags */
	__u32 flags;
	/** @dev_id: device to query */
	__u32 dev_id;
	/**
	 * @data_len: in: bytes at @data_uptr, may be 0, out: bytes of the data
	 */
	__u32 data_len;
	/** @data_uptr: address of a buffer for the data */
	__aligned_u64 data_uptr;
	union {
		/**
		 * @in_data_type: one of enum iommu_hw_info_type, with
		 * IOMMU_HW_INFO_FLAG_INPUT_TYPE; otherwise zero
		 */
		__u32 in_data_type;
		/**
		 * @out_data_type: layout written, of enum iommu_hw_info_type
		 */
		__u32 out_data_type;
	};
	/** @out_max_pasid_log2: bits of PASID, 0 without PASID support */
	__u8 out_max_pasid_log2;
	/** @__reserved: zero */
	__u8 __reserved[3];
	/** @out_capabilities: of enum iommufd_hw_capabilities */
	__aligned_u64 out_capabilities;
};

#define IOMMU_GET_HW_INFO _IO(IOMMUFD_TYPE, IOMMUFD_CMD_GET_HW_INFO)

/* ---- I/O page faults ---- */

/**
 * enum iommu_hwpt_pgfault_flags - flags of a page request
 */
enum iommu_hwpt_pgfault_flags {
	/** @IOMMU_PGFAULT_FLAGS_PASID_VALID: pasid is valid */
	IOMMU_PGFAULT_FLAGS_PASID_VALID = (1 << 0),
	/** @IOMMU_PGFAULT_FLAGS_LAST_PAGE: last request of its group */
	IOMMU_PGFAULT_FLAGS_LAST_PAGE = (1 << 1),
};

/**
 * enum iommu_hwpt_pgfault_perm - access that a page request asks for
 */
enum iommu_hwpt_pgfault_perm {
	/** @IOMMU_PGFAULT_PERM_READ: read */
	IOMMU_PGFAULT_PERM_READ = (1 << 0),
	/** @IOMMU_PGFAULT_PERM_WRITE: write */
	IOMMU_PGFAULT_PERM_WRITE = (1 << 1),
	/** @IOMMU_PGFAULT_PERM_EXEC: execute, with a PASID */
	IOMMU_PGFAULT_PERM_EXEC = (1 << 2),
	/** @IOMMU_PGFAULT_PERM_PRIV: privileged mode, with a PASID */
	IOMMU_PGFAULT_PERM_PRIV = (1 << 3),
};

/**
 * struct iommu_hwpt_pgfault - a page request that read() returns
 */
struct iommu_hwpt_pgfault {
	/** @flags: of enum iommu_hwpt_pgfault_flags */
	__u32 flags;
	/** @dev_id: device that made the request */
	__u32 dev_id;
	/** @pasid: its PASID */
	__u32 pasid;
	/** @grpid: page request group index */
	__u32 grpid;
	/** @perm: of enum iommu_hwpt_pgfault_perm */
	__u32 perm;
	/** @__reserved: zero */
	__u32 __reserved;
	/** @addr: address that faulted */
	__aligned_u64 addr;
	/** @length: bytes that the device expects to access, a hint, or 0 */
	__u32 length;
	/** @cookie: identifies the group in the response */
	__u32 cookie;
};

/**
 * enum iommufd_page_response_code - response to a group of page requests
 */
enum iommufd_page_response_code {
	/** @IOMMUFD_PAGE_RESP_SUCCESS: handled, the device may try again */
	IOMMUFD_PAGE_RESP_SUCCESS = 0,
	/** @IOMMUFD_PAGE_RESP_INVALID: not available, the access fails */
	IOMMUFD_PAGE_RESP_INVALID = 1,
};

/**
 * struct iommu_hwpt_page_response - a response that write() takes
 */
struct iommu_hwpt_page_response {
	/** @cookie: of the page request group */
	__u32 cookie;
	/** @code: one of enum iommufd_page_response_code */
	__u32 code;
};

/**
 * struct iommu_fault_alloc - create a fault queue (IOMMU_FAULT_QUEUE_ALLOC)
 *
 * Its descriptor delivers page requests by read() and poll() and accepts
 * responses by write(), in whole structures.
 */
struct iommu_fault_alloc {
	/** @size: sizeof this structure */
	__u32 size;
	/** @flags: zero */
	__u32 flags;
	/** @out_fault_id: ID of the queue */
	__u32 out_fault_id;
	/** @out_fault_fd: its descriptor, which the caller closes */
	__u32 out_fault_fd;
};

#define IOMMU_FAULT_QUEUE_ALLOC _IO(IOMMUFD_TYPE, IOMMUFD_CMD_FAULT_QUEUE_ALLOC)

/* ---- Virtual IOMMUs ---- */

/**
 * enum iommu_viommu_type - kinds of virtual IOMMU
 */
enum iommu_viommu_type {
	/** @IOMMU_VIOMMU_TYPE_DEFAULT: none, reserved */
	IOMMU_VIOMMU_TYPE_DEFAULT = 0,
	/** @IOMMU_VIOMMU_TYPE_ARM_SMMUV3: ARM SMMUv3 */
	IOMMU_VIOMMU_TYPE_ARM_SMMUV3 = 1,
	/**
	 * @IOMMU_VIOMMU_TYPE_TEGRA241_CMDQV: ARM SMMUv3 with NVIDIA CMDQ-V,
	 * data struct iommu_viommu_tegra241_cmdqv
	 */
	IOMMU_VIOMMU_TYPE_TEGRA241_CMDQV = 2,
};

/**
 * struct iommu_viommu_tegra241_cmdqv - mmap() of the interface
 */
struct iommu_viommu_tegra241_cmdqv {
	/**
	 * @out_vintf_mmap_offset: offset for mmap() of the iommufd descriptor
	 */
	__aligned_u64 out_vintf_mmap_offset;
	/** @out_vintf_mmap_length: bytes to mmap() */
	__aligned_u64 out_vintf_mmap_length;
};

/**
 * struct iommu_viommu_alloc - create a virtual IOMMU (IOMMU_VIOMMU_ALLOC)
 *
 * A guest's share of one physical IOMMU, on a page table created with
 * IOMMU_HWPT_ALLOC_NEST_PARENT.
 */
struct iommu_viommu_alloc {
	/** @size: sizeof this structure */
	__u32 size;
	/** @flags: zero */
	__u32 flags;
	/** @type: one of enum iommu_viommu_type */
	__u32 type;
	/** @dev_id: device that is behind the physical IOMMU */
	__u32 dev_id;
	/** @hwpt_id: nest parent */
	__u32 hwpt_id;
	/** @out_viommu_id: ID of the virtual IOMMU */
	__u32 out_viommu_id;
	/** @data_len: bytes at @data_uptr */
	__u32 data_len;
	/** @__reserved: zero */
	__u32 __reserved;
	/** @data_uptr: address of the structure that belongs to @type */
	__aligned_u64 data_uptr;
};

#define IOMMU_VIOMMU_ALLOC _IO(IOMMUFD_TYPE, IOMMUFD_CMD_VIOMMU_ALLOC)

/**
 * struct iommu_vdevice_alloc - create a device of the guest
 *	(IOMMU_VDEVICE_ALLOC)
 *
 * EEXIST if the virtual ID or the device already has a virtual device on this
 * virtual IOMMU.
 */
struct iommu_vdevice_alloc {
	/** @size: sizeof this structure */
	__u32 size;
	/** @viommu_id: virtual IOMMU in front of the device */
	__u32 viommu_id;
	/** @dev_id: the device */
	__u32 dev_id;
	/** @out_vdevice_id: ID of the virtual device */
	__u32 out_vdevice_id;
	/** @virt_id: the guest's ID for it: stream, device or requester ID */
	__aligned_u64 virt_id;
};

#define IOMMU_VDEVICE_ALLOC _IO(IOMMUFD_TYPE, IOMMUFD_CMD_VDEVICE_ALLOC)

/**
 * enum iommu_veventq_flag - flags of an entry of an event queue
 */
enum iommu_veventq_flag {
	/**
	 * @IOMMU_VEVENTQ_FLAG_LOST_EVENTS: the queue was full; no event follows
	 * this header
	 */
	IOMMU_VEVENTQ_FLAG_LOST_EVENTS = (1U << 0),
};

/**
 * struct iommufd_vevent_header - precedes each event in an event queue
 */
struct iommufd_vevent_header {
	/** @flags: of enum iommu_veventq_flag */
	__u32 flags;
	/** @sequence: number from 0 to INT_MAX; a gap indicates lost events */
	__u32 sequence;
};

/**
 * enum iommu_veventq_type - layout of the events in a queue
 */
enum iommu_veventq_type {
	/** @IOMMU_VEVENTQ_TYPE_DEFAULT: none, reserved */
	IOMMU_VEVENTQ_TYPE_DEFAULT = 0,
	/** @IOMMU_VEVENTQ_TYPE_ARM_SMMUV3: struct iommu_vevent_arm_smmuv3 */
	IOMMU_VEVENTQ_TYPE_ARM_SMMUV3 = 1,
	/**
	 * @IOMMU_VEVENTQ_TYPE_TEGRA241_CMDQV: struct
	 * iommu_vevent_tegra241_cmdqv
	 */
	IOMMU_VEVENTQ_TYPE_TEGRA241_CMDQV = 2,
};

/**
 * struct iommu_vevent_arm_smmuv3 - an SMMUv3 event record
 */
struct iommu_vevent_arm_smmuv3 {
	/** @evt: the record, little endian, with the virtual stream ID */
	__aligned_le64 evt[4];
};

/**
 * struct iommu_vevent_tegra241_cmdqv - errors of a CMDQ-V interface
 */
struct iommu_vevent_tegra241_cmdqv {
	/** @lvcmdq_err_map: LVCMDQ_ERR_MAP of the interface, little endian */
	__aligned_le64 lvcmdq_err_map[2];
};

/**
 * struct iommu_veventq_alloc - create an event queue (IOMMU_VEVENTQ_ALLOC)
 *
 * EEXIST if the virtual IOMMU has a queue of this type, EINVAL for depth 0.
 */
struct iommu_veventq_alloc {
	/** @size: sizeof this structure */
	__u32 size;
	/** @flags: zero */
	__u32 flags;
	/** @viommu_id: virtual IOMMU that reports the events */
	__u32 viommu_id;
	/** @type: one of enum iommu_veventq_type */
	__u32 type;
	/** @veventq_depth: events that the queue can hold */
	__u32 veventq_depth;
	/** @out_veventq_id: ID of the queue */
	__u32 out_veventq_id;
	/**
	 * @out_veventq_fd: descriptor to read() and poll(); caller closes it
	 */
	__u32 out_veventq_fd;
	/** @__reserved: zero */
	__u32 __reserved;
};

#define IOMMU_VEVENTQ_ALLOC _IO(IOMMUFD_TYPE, IOMMUFD_CMD_VEVENTQ_ALLOC)

/**
 * enum iommu_hw_queue_type - kinds of hardware queue
 */
enum iommu_hw_queue_type {
	/** @IOMMU_HW_QUEUE_TYPE_DEFAULT: none, reserved */
	IOMMU_HW_QUEUE_TYPE_DEFAULT = 0,
	/**
	 * @IOMMU_HW_QUEUE_TYPE_TEGRA241_CMDQV: command queue of NVIDIA CMDQ-V.
	 * The memory must be physically contiguous and aligned to its length.
	 * Queues are created in the order of their index and removed in
	 * reverse.
	 */
	IOMMU_HW_QUEUE_TYPE_TEGRA241_CMDQV = 1,
};

/**
 * struct iommu_hw_queue_alloc - assign a guest queue to hardware
 *	(IOMMU_HW_QUEUE_ALLOC)
 *
 * The hardware then processes the queue in guest memory without exits from the
 * guest. The memory stays pinned.
 */
struct iommu_hw_queue_alloc {
	/** @size: sizeof this structure */
	__u32 size;
	/** @flags: zero */
	__u32 flags;
	/** @viommu_id: virtual IOMMU that has the queue */
	__u32 viommu_id;
	/** @type: one of enum iommu_hw_queue_type */
	__u32 type;
	/** @index: number of the queue among those of its type */
	__u32 index;
	/** @out_hw_queue_id: ID of the queue */
	__u32 out_hw_queue_id;
	/** @nesting_parent_iova: guest physical address of the queue */
	__aligned_u64 nesting_parent_iova;
	/** @length: bytes of the queue */
	__aligned_u64 length;
};

#define IOMMU_HW_QUEUE_ALLOC _IO(IOMMUFD_TYPE, IOMMUFD_CMD_HW_QUEUE_ALLOC)

#endif
