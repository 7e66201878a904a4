/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * User API of VFIO: device files, the groups and containers by which older
 * programs open them, and the I/O address space of a container.
 *
 * Structures that begin with argsz and flags: the caller sets argsz to the size
 * of its buffer, and flags to those of the request. Unknown flags fail with
 * EINVAL, as does an argsz below the first published size of the structure. If
 * the result does not fit, the kernel writes the required argsz.
 *
 * Unless documented otherwise, an ioctl returns 0, or -1 with errno: EINVAL for
 * bad arguments, EFAULT for inaccessible memory, ENOTTY if the descriptor has
 * no such ioctl, ENODEV after the device was removed.
 */
#ifndef _UAPI_LINUX_VFIO_H
#define _UAPI_LINUX_VFIO_H

#include <linux/ioctl.h>
#include <linux/stddef.h>
#include <linux/types.h>

#ifndef __user
/* The kernel's annotation of user pointers, empty in user space */
#define __user
#endif

/** define VFIO_API_VERSION - what VFIO_GET_API_VERSION returns */
#define VFIO_API_VERSION 0

/*
 * Arguments of VFIO_CHECK_EXTENSION. Those named _IOMMU, except DMA_CC, are
 * types for VFIO_SET_IOMMU if the extension is supported.
 */
#define VFIO_TYPE1_IOMMU 1
#define VFIO_SPAPR_TCE_IOMMU 2
/*
 * type1 that never unmaps more than the range, which must not split a mapping
 */
#define VFIO_TYPE1v2_IOMMU 3
/* DMA of the container's devices is coherent with the CPU caches */
#define VFIO_DMA_CC_IOMMU 4
/* IBM's enhanced error handling */
#define VFIO_EEH 5
/* formerly a type1 with nested translation; must not be reused */
#define __VFIO_RESERVED_TYPE1_NESTING_IOMMU 6
#define VFIO_SPAPR_TCE_v2_IOMMU 7
/* no IOMMU: DMA uses physical addresses, unprotected */
#define VFIO_NOIOMMU_IOMMU 8
/* VFIO_DMA_UNMAP_FLAG_ALL is supported */
#define VFIO_UNMAP_ALL 9
/* VFIO_DMA_MAP_FLAG_VADDR and VFIO_DMA_UNMAP_FLAG_VADDR are supported */
#define VFIO_UPDATE_VADDR 10

/* ioctl type byte, shared with iommufd, and VFIO's first number */
#define VFIO_TYPE (';')
#define VFIO_BASE 100

/**
 * struct vfio_info_cap_header - element of a capability chain
 *
 * INFO structures with a cap_offset can be followed, within argsz, by elements
 * that each start with this header.
 */
struct vfio_info_cap_header {
	/** @id: kind of the capability, specific to the INFO structure */
	__u16 id;
	/** @version: version of the capability's layout */
	__u16 version;
	/**
	 * @next: next element's offset from the INFO structure, 0 at the end
	 */
	__u32 next;
};

/* ---- Containers: /dev/vfio/vfio ---- */

/* Returns VFIO_API_VERSION. */
#define VFIO_GET_API_VERSION _IO(VFIO_TYPE, VFIO_BASE + 0)

/* Argument: an extension. Returns 0 if unsupported, else a positive value. */
#define VFIO_CHECK_EXTENSION _IO(VFIO_TYPE, VFIO_BASE + 1)

/*
 * Argument: an extension named _IOMMU. The container must have a group and no
 * IOMMU yet (EINVAL); ENODEV if no driver supports the type, EPERM if the
 * interrupts of the devices are not isolated.
 */
#define VFIO_SET_IOMMU _IO(VFIO_TYPE, VFIO_BASE + 2)

/* ---- Groups: /dev/vfio/GROUP ---- */

/* every device of the group is bound to vfio or to no driver that does DMA */
#define VFIO_GROUP_FLAGS_VIABLE (1 << 0)
/* the group has a container, or an iommufd context in its place */
#define VFIO_GROUP_FLAGS_CONTAINER_SET (1 << 1)

/**
 * struct vfio_group_status - state of a group (VFIO_GROUP_GET_STATUS)
 */
struct vfio_group_status {
	/** @argsz: sizeof this structure */
	__u32 argsz;
	/** @flags: out: VFIO_GROUP_FLAGS_* */
	__u32 flags;
};

#define VFIO_GROUP_GET_STATUS _IO(VFIO_TYPE, VFIO_BASE + 3)

/*
 * Argument: address of an __s32 descriptor of a container or of an iommufd
 * context. EINVAL if the group has one already, EBUSY or EPERM if the group is
 * not viable or not allowed.
 */
#define VFIO_GROUP_SET_CONTAINER _IO(VFIO_TYPE, VFIO_BASE + 4)

/* EINVAL if there is no container, EBUSY while a device is open. */
#define VFIO_GROUP_UNSET_CONTAINER _IO(VFIO_TYPE, VFIO_BASE + 5)

/*
 * Argument: a string with the name of the device, such as 0000:06:0d.0 on PCI;
 * a VF may require " vf_token=UUID" after it. Returns a descriptor. ENODEV if
 * the group has no such device, EINVAL before the container has an IOMMU.
 */
#define VFIO_GROUP_GET_DEVICE_FD _IO(VFIO_TYPE, VFIO_BASE + 6)

/* ---- Devices: summary ---- */

/* VFIO_DEVICE_RESET is supported */
#define VFIO_DEVICE_FLAGS_RESET (1 << 0)
/* bus or kind of the device */
#define VFIO_DEVICE_FLAGS_PCI (1 << 1)
#define VFIO_DEVICE_FLAGS_PLATFORM (1 << 2)
#define VFIO_DEVICE_FLAGS_AMBA (1 << 3)
#define VFIO_DEVICE_FLAGS_CCW (1 << 4)
#define VFIO_DEVICE_FLAGS_AP (1 << 5)
#define VFIO_DEVICE_FLAGS_FSL_MC (1 << 6)
#define VFIO_DEVICE_FLAGS_CDX (1 << 8)
/* there are capabilities; cap_offset is valid */
#define VFIO_DEVICE_FLAGS_CAPS (1 << 7)

/**
 * struct vfio_device_info - summary of a device (VFIO_DEVICE_GET_INFO)
 */
struct vfio_device_info {
	/** @argsz: in: size of the buffer, out: bytes with capabilities */
	__u32 argsz;
	/** @flags: out: VFIO_DEVICE_FLAGS_* */
	__u32 flags;
	/** @num_regions: number of region indexes, from 0 on */
	__u32 num_regions;
	/** @num_irqs: number of interrupt indexes, from 0 on */
	__u32 num_irqs;
	/** @cap_offset: first capability's offset, 0 if none was written */
	__u32 cap_offset;
	/** @pad: unused */
	__u32 pad;
};

#define VFIO_DEVICE_GET_INFO _IO(VFIO_TYPE, VFIO_BASE + 7)

/* Values of the sysfs attribute device_api of a mediated device type */
#define VFIO_DEVICE_API_PCI_STRING "vfio-pci"
#define VFIO_DEVICE_API_PLATFORM_STRING "vfio-platform"
#define VFIO_DEVICE_API_AMBA_STRING "vfio-amba"
#define VFIO_DEVICE_API_CCW_STRING "vfio-ccw"
#define VFIO_DEVICE_API_AP_STRING "vfio-ap"

/* Capabilities after struct vfio_device_info; layouts for s390: vfio_zdev.h */
#define VFIO_DEVICE_INFO_CAP_ZPCI_BASE 1
#define VFIO_DEVICE_INFO_CAP_ZPCI_GROUP 2
#define VFIO_DEVICE_INFO_CAP_ZPCI_UTIL 3
#define VFIO_DEVICE_INFO_CAP_ZPCI_PFIP 4
/* struct vfio_device_info_cap_pci_atomic_comp */
#define VFIO_DEVICE_INFO_CAP_PCI_ATOMIC_COMP 5

/* widths, in bits, of PCIe atomic operations that the root port completes */
#define VFIO_PCI_ATOMIC_COMP32 (1 << 0)
#define VFIO_PCI_ATOMIC_COMP64 (1 << 1)
#define VFIO_PCI_ATOMIC_COMP128 (1 << 2)

/**
 * struct vfio_device_info_cap_pci_atomic_comp - atomics to host memory
 */
struct vfio_device_info_cap_pci_atomic_comp {
	/** @header: VFIO_DEVICE_INFO_CAP_PCI_ATOMIC_COMP, version 1 */
	struct vfio_info_cap_header header;
	/** @flags: VFIO_PCI_ATOMIC_COMP* */
	__u32 flags;
	/** @reserved: zero */
	__u32 reserved;
};

/* ---- Devices: regions ---- */

/* the region can be read() */
#define VFIO_REGION_INFO_FLAG_READ (1 << 0)
/* the region can be written with write() */
#define VFIO_REGION_INFO_FLAG_WRITE (1 << 1)
/* the region, or the parts listed by a capability, can be mapped by mmap() */
#define VFIO_REGION_INFO_FLAG_MMAP (1 << 2)
/* there are capabilities; cap_offset is valid */
#define VFIO_REGION_INFO_FLAG_CAPS (1 << 3)

/**
 * struct vfio_region_info - one region (VFIO_DEVICE_GET_REGION_INFO)
 *
 * An index within num_regions that the device lacks has size 0.
 */
struct vfio_region_info {
	/** @argsz: in: size of the buffer, out: bytes with capabilities */
	__u32 argsz;
	/** @flags: out: VFIO_REGION_INFO_FLAG_* */
	__u32 flags;
	/** @index: region to query */
	__u32 index;
	/** @cap_offset: first capability's offset, 0 if none was written */
	__u32 cap_offset;
	/** @size: bytes */
	__aligned_u64 size;
	/** @offset: position of its first byte in the device descriptor */
	__aligned_u64 offset;
};

#define VFIO_DEVICE_GET_REGION_INFO _IO(VFIO_TYPE, VFIO_BASE + 8)

/* Capability: only parts of the region can be mapped. */
#define VFIO_REGION_INFO_CAP_SPARSE_MMAP 1

/**
 * struct vfio_region_sparse_mmap_area - a part that can be mapped
 */
struct vfio_region_sparse_mmap_area {
	/** @offset: offset within the region, page aligned */
	__aligned_u64 offset;
	/** @size: bytes, page aligned */
	__aligned_u64 size;
};

/**
 * struct vfio_region_info_cap_sparse_mmap - the parts that can be mapped
 */
struct vfio_region_info_cap_sparse_mmap {
	/** @header: VFIO_REGION_INFO_CAP_SPARSE_MMAP, version 1 */
	struct vfio_info_cap_header header;
	/** @nr_areas: entries in @areas */
	__u32 nr_areas;
	/** @reserved: zero */
	__u32 reserved;
	/** @areas: the parts */
	struct vfio_region_sparse_mmap_area areas[];
};

/* Capability: type of a region beyond the fixed indexes of its bus. */
#define VFIO_REGION_INFO_CAP_TYPE 2

/**
 * struct vfio_region_info_cap_type - type of a device specific region
 */
struct vfio_region_info_cap_type {
	/** @header: VFIO_REGION_INFO_CAP_TYPE, version 1 */
	struct vfio_info_cap_header header;
	/** @type: VFIO_REGION_TYPE_* */
	__u32 type;
	/** @subtype: VFIO_REGION_SUBTYPE_* of that type */
	__u32 subtype;
};

/* Region types: a PCI vendor ID in the low bits with the top bit set, or */
#define VFIO_REGION_TYPE_PCI_VENDOR_TYPE (1 << 31)
#define VFIO_REGION_TYPE_PCI_VENDOR_MASK (0xffff)
#define VFIO_REGION_TYPE_GFX (1)
#define VFIO_REGION_TYPE_CCW (2)
#define VFIO_REGION_TYPE_MIGRATION_DEPRECATED (3)

/*
 * of Intel, 8086: OpRegion, host bridge config space, LPC bridge config space
 */
#define VFIO_REGION_SUBTYPE_INTEL_IGD_OPREGION (1)
#define VFIO_REGION_SUBTYPE_INTEL_IGD_HOST_CFG (2)
#define VFIO_REGION_SUBTYPE_INTEL_IGD_LPC_CFG (3)

/* of NVIDIA, 10de: memory of the GPU; no longer used by any driver */
#define VFIO_REGION_SUBTYPE_NVIDIA_NVLINK2_RAM (1)

/* of IBM, 1014: address translation shootdown; no longer used by any driver */
#define VFIO_REGION_SUBTYPE_IBM_NVLINK2_ATSD (1)

/* of VFIO_REGION_TYPE_GFX: the monitor */
#define VFIO_REGION_SUBTYPE_GFX_EDID (1)

/* values of link_state */
#define VFIO_DEVICE_GFX_LINK_STATE_UP 1
#define VFIO_DEVICE_GFX_LINK_STATE_DOWN 2

/**
 * struct vfio_region_gfx_edid - start of an EDID region
 *
 * To change the monitor: write link_state down, the blob, edid_size, link_state
 * up.
 */
struct vfio_region_gfx_edid {
	/** @edid_offset: offset of the blob in the region, read-only */
	__u32 edid_offset;
	/** @edid_max_size: maximum bytes of the blob, read-only */
	__u32 edid_max_size;
	/** @edid_size: bytes of the blob */
	__u32 edid_size;
	/** @max_xres: widest mode in pixels, 0 for no limit, read-only */
	__u32 max_xres;
	/** @max_yres: highest mode in pixels, 0 for no limit, read-only */
	__u32 max_yres;
	/** @link_state: VFIO_DEVICE_GFX_LINK_STATE_* */
	__u32 link_state;
};

/* of VFIO_REGION_TYPE_CCW; layouts: vfio_ccw.h */
#define VFIO_REGION_SUBTYPE_CCW_ASYNC_CMD (1)
#define VFIO_REGION_SUBTYPE_CCW_SCHIB (2)
#define VFIO_REGION_SUBTYPE_CCW_CRW (3)

/*
 * of VFIO_REGION_TYPE_MIGRATION_DEPRECATED: migration by a region, superseded
 * by VFIO_DEVICE_FEATURE_MIGRATION. The names remain for old programs.
 */
#define VFIO_REGION_SUBTYPE_MIGRATION_DEPRECATED (1)

#define VFIO_DEVICE_STATE_V1_STOP (0)
#define VFIO_DEVICE_STATE_V1_RUNNING (1 << 0)
#define VFIO_DEVICE_STATE_V1_SAVING (1 << 1)
#define VFIO_DEVICE_STATE_V1_RESUMING (1 << 2)
#define VFIO_DEVICE_STATE_MASK                                        \
	(VFIO_DEVICE_STATE_V1_RUNNING | VFIO_DEVICE_STATE_V1_SAVING | \
	 VFIO_DEVICE_STATE_V1_RESUMING)

/* resuming cannot be combined with another bit */
#define VFIO_DEVICE_STATE_VALID(state)                 \
	(!((state) & VFIO_DEVICE_STATE_V1_RESUMING) || \
	 ((state) & VFIO_DEVICE_STATE_MASK) == VFIO_DEVICE_STATE_V1_RESUMING)

/* saving and resuming at once indicates a failed device */
#define VFIO_DEVICE_STATE_IS_ERROR(state)      \
	(((state) & VFIO_DEVICE_STATE_MASK) == \
	 (VFIO_DEVICE_STATE_V1_SAVING | VFIO_DEVICE_STATE_V1_RESUMING))

#define VFIO_DEVICE_STATE_SET_ERROR(state)                                   \
	(((state) & ~VFIO_DEVICE_STATE_MASK) | VFIO_DEVICE_STATE_V1_SAVING | \
	 VFIO_DEVICE_STATE_V1_RESUMING)

/**
 * struct vfio_device_migration_info - start of a deprecated migration region
 */
struct vfio_device_migration_info {
	/** @device_state: VFIO_DEVICE_STATE_V1_* */
	__u32 device_state;
	/** @reserved: zero */
	__u32 reserved;
	/** @pending_bytes: bytes still to read from the device */
	__aligned_u64 pending_bytes;
	/** @data_offset: offset of the data in the region */
	__aligned_u64 data_offset;
	/** @data_size: bytes of the data */
	__aligned_u64 data_size;
};

/* Capability, only a header: the MSI-X table of the BAR may be mapped too. */
#define VFIO_REGION_INFO_CAP_MSIX_MAPPABLE 3

/* Capability: address of NVLink2 memory; no longer used by any driver. */
#define VFIO_REGION_INFO_CAP_NVLINK2_SSATGT 4

/**
 * struct vfio_region_info_cap_nvlink2_ssatgt - NVLink2 target address
 */
struct vfio_region_info_cap_nvlink2_ssatgt {
	/** @header: VFIO_REGION_INFO_CAP_NVLINK2_SSATGT, version 1 */
	struct vfio_info_cap_header header;
	/** @tgt: address of the memory on the NVLink2 bus */
	__aligned_u64 tgt;
};

/* Capability: speed of an NVLink2; no longer used by any driver. */
#define VFIO_REGION_INFO_CAP_NVLINK2_LNKSPD 5

/**
 * struct vfio_region_info_cap_nvlink2_lnkspd - NVLink2 link speed
 */
struct vfio_region_info_cap_nvlink2_lnkspd {
	/** @header: VFIO_REGION_INFO_CAP_NVLINK2_LNKSPD, version 1 */
	struct vfio_info_cap_header header;
	/** @link_speed: speed as encoded in the device tree */
	__u32 link_speed;
	/** @__pad: unused */
	__u32 __pad;
};

/* ---- Devices: interrupts ---- */

/* interrupts can signal eventfds */
#define VFIO_IRQ_INFO_EVENTFD (1 << 0)
/* interrupts can be masked and unmasked */
#define VFIO_IRQ_INFO_MASKABLE (1 << 1)
/* an interrupt is masked when it fires, until the user unmasks it */
#define VFIO_IRQ_INFO_AUTOMASKED (1 << 2)
/* all must be enabled at once; none can be added without disabling them */
#define VFIO_IRQ_INFO_NORESIZE (1 << 3)

/**
 * struct vfio_irq_info - one interrupt index (VFIO_DEVICE_GET_IRQ_INFO)
 */
struct vfio_irq_info {
	/** @argsz: sizeof this structure */
	__u32 argsz;
	/** @flags: out: VFIO_IRQ_INFO_* */
	__u32 flags;
	/** @index: index to query */
	__u32 index;
	/** @count: interrupts of the index, 0 if the device lacks it */
	__u32 count;
};

#define VFIO_DEVICE_GET_IRQ_INFO _IO(VFIO_TYPE, VFIO_BASE + 9)

/*
 * one of: no data; a __u8 each, 0 to skip; an __s32 eventfd each, -1 for none
 */
#define VFIO_IRQ_SET_DATA_NONE (1 << 0)
#define VFIO_IRQ_SET_DATA_BOOL (1 << 1)
#define VFIO_IRQ_SET_DATA_EVENTFD (1 << 2)
/*
 * with one of: mask or unmask now, or whenever the given eventfd is signalled
 */
#define VFIO_IRQ_SET_ACTION_MASK (1 << 3)
#define VFIO_IRQ_SET_ACTION_UNMASK (1 << 4)
/* the interrupt signals the given eventfd; other data simulate an interrupt */
#define VFIO_IRQ_SET_ACTION_TRIGGER (1 << 5)

#define VFIO_IRQ_SET_DATA_TYPE_MASK                        \
	(VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_DATA_BOOL | \
	 VFIO_IRQ_SET_DATA_EVENTFD)
#define VFIO_IRQ_SET_ACTION_TYPE_MASK                            \
	(VFIO_IRQ_SET_ACTION_MASK | VFIO_IRQ_SET_ACTION_UNMASK | \
	 VFIO_IRQ_SET_ACTION_TRIGGER)

/**
 * struct vfio_irq_set - set up, mask or raise interrupts (VFIO_DEVICE_SET_IRQS)
 *
 * DATA_NONE with ACTION_TRIGGER and count 0 disables the whole index. Eventfds
 * with ACTION_TRIGGER enable it. Returns 0, or the number of available vectors
 * if the platform has fewer than requested.
 */
struct vfio_irq_set {
	/** @argsz: bytes with @data */
	__u32 argsz;
	/** @flags: one VFIO_IRQ_SET_DATA_* and one VFIO_IRQ_SET_ACTION_* */
	__u32 flags;
	/** @index: interrupt index */
	__u32 index;
	/** @start: first interrupt of the index */
	__u32 start;
	/** @count: number of interrupts */
	__u32 count;
	/** @data: @count elements of the type given by @flags */
	__u8 data[];
};

#define VFIO_DEVICE_SET_IRQS _IO(VFIO_TYPE, VFIO_BASE + 10)

/* Resets only this device. ENOTTY if unsupported, EBUSY while others use it. */
#define VFIO_DEVICE_RESET _IO(VFIO_TYPE, VFIO_BASE + 11)

/* Region indexes of a PCI device; more can follow. */
enum {
	VFIO_PCI_BAR0_REGION_INDEX,
	VFIO_PCI_BAR1_REGION_INDEX,
	VFIO_PCI_BAR2_REGION_INDEX,
	VFIO_PCI_BAR3_REGION_INDEX,
	VFIO_PCI_BAR4_REGION_INDEX,
	VFIO_PCI_BAR5_REGION_INDEX,
	VFIO_PCI_ROM_REGION_INDEX,
	VFIO_PCI_CONFIG_REGION_INDEX,
	/* 0xa0000 to 0xbffff and the ports 0x3b0 and 0x3c0, at those offsets */
	VFIO_PCI_VGA_REGION_INDEX,
	/* VFIO_DEVICE_GET_INFO reports further ones, which have a CAP_TYPE */
	VFIO_PCI_NUM_REGIONS = 9,
};

/* Interrupt indexes of a PCI device. */
enum {
	VFIO_PCI_INTX_IRQ_INDEX,
	VFIO_PCI_MSI_IRQ_INDEX,
	VFIO_PCI_MSIX_IRQ_INDEX,
	/* the bus reported an uncorrectable error */
	VFIO_PCI_ERR_IRQ_INDEX,
	/* the host requests that the user close the device */
	VFIO_PCI_REQ_IRQ_INDEX,
	VFIO_PCI_NUM_IRQS,
};

/* Region indexes of an s390 channel subsystem device. */
enum {
	VFIO_CCW_CONFIG_REGION_INDEX,
	VFIO_CCW_NUM_REGIONS,
};

/* Interrupt indexes of an s390 channel subsystem device. */
enum {
	VFIO_CCW_IO_IRQ_INDEX,
	VFIO_CCW_CRW_IRQ_INDEX,
	VFIO_CCW_REQ_IRQ_INDEX,
	VFIO_CCW_NUM_IRQS,
};

/* Interrupt indexes of an s390 adjunct processor matrix. */
enum {
	VFIO_AP_REQ_IRQ_INDEX,
	VFIO_AP_CFG_CHG_IRQ_INDEX,
	VFIO_AP_NUM_IRQS,
};

/* ---- PCI: hot reset of a bus or slot ---- */

/* special values of devid: not bound to this context, but owned or not owned */
#define VFIO_PCI_DEVID_OWNED 0
#define VFIO_PCI_DEVID_NOT_OWNED -1

/**
 * struct vfio_pci_dependent_device - a device that a hot reset affects
 */
struct vfio_pci_dependent_device {
	union {
		/** @group_id: its IOMMU group */
		__u32 group_id;
		/** @devid: its ID in the iommufd context, with FLAG_DEV_ID */
		__u32 devid;
	};
	/** @segment: PCI domain */
	__u16 segment;
	/** @bus: PCI bus */
	__u8 bus;
	/** @devfn: PCI device << 3 | function */
	__u8 devfn;
};

/* devid is valid, not group_id: the device was bound to an iommufd context */
#define VFIO_PCI_HOT_RESET_FLAG_DEV_ID (1 << 0)
/* that context owns all affected devices, so that a reset is allowed */
#define VFIO_PCI_HOT_RESET_FLAG_DEV_ID_OWNED (1 << 1)

/**
 * struct vfio_pci_hot_reset_info - list the devices that a hot reset affects
 *	(VFIO_DEVICE_GET_PCI_HOT_RESET_INFO)
 *
 * ENOSPC if the devices do not fit: argsz and count are then set to the
 * required values. ENODEV if neither slot nor bus can be reset.
 */
struct vfio_pci_hot_reset_info {
	/** @argsz: bytes with @devices */
	__u32 argsz;
	/** @flags: out: VFIO_PCI_HOT_RESET_FLAG_* */
	__u32 flags;
	/** @count: out: number of devices */
	__u32 count;
	/** @devices: the devices */
	struct vfio_pci_dependent_device devices[];
};

#define VFIO_DEVICE_GET_PCI_HOT_RESET_INFO _IO(VFIO_TYPE, VFIO_BASE + 12)

/**
 * struct vfio_pci_hot_reset - reset bus or slot (VFIO_DEVICE_PCI_HOT_RESET)
 *
 * The caller must own all affected devices. It proves this by a descriptor of
 * each group or, if the device was bound to an iommufd context, passes none.
 */
struct vfio_pci_hot_reset {
	/** @argsz: bytes with @group_fds */
	__u32 argsz;
	/** @flags: zero */
	__u32 flags;
	/** @count: entries in @group_fds */
	__u32 count;
	/** @group_fds: group descriptors */
	__s32 group_fds[];
};

#define VFIO_DEVICE_PCI_HOT_RESET _IO(VFIO_TYPE, VFIO_BASE + 13)

/* ---- Graphics planes of mediated GPUs ---- */

/* test whether the type given together with it is supported */
#define VFIO_GFX_PLANE_TYPE_PROBE (1 << 0)
#define VFIO_GFX_PLANE_TYPE_DMABUF (1 << 1)
#define VFIO_GFX_PLANE_TYPE_REGION (1 << 2)

/**
 * struct vfio_device_gfx_plane_info - query a plane of the guest
 *	(VFIO_DEVICE_QUERY_GFX_PLANE)
 *
 * A drm_format of 0 means that the guest has not set up the plane yet.
 */
struct vfio_device_gfx_plane_info {
	/** @argsz: sizeof this structure */
	__u32 argsz;
	/** @flags: VFIO_GFX_PLANE_TYPE_* */
	__u32 flags;
	/** @drm_plane_type: in: DRM_PLANE_TYPE_* */
	__u32 drm_plane_type;
	/** @drm_format: pixel format, DRM fourcc */
	__u32 drm_format;
	/** @drm_format_mod: DRM format modifier */
	__aligned_u64 drm_format_mod;
	/** @width: pixels */
	__u32 width;
	/** @height: pixels */
	__u32 height;
	/** @stride: bytes from line to line */
	__u32 stride;
	/** @size: bytes of the plane, page aligned */
	__u32 size;
	/** @x_pos: horizontal position of a cursor */
	__u32 x_pos;
	/** @y_pos: vertical position of a cursor */
	__u32 y_pos;
	/** @x_hot: horizontal hot spot of a cursor, -1 if unknown */
	__u32 x_hot;
	/** @y_hot: vertical hot spot of a cursor, -1 if unknown */
	__u32 y_hot;
	union {
		/** @region_index: region that holds the plane */
		__u32 region_index;
		/** @dmabuf_id: argument for VFIO_DEVICE_GET_GFX_DMABUF */
		__u32 dmabuf_id;
	};
	/** @reserved: unused */
	__u32 reserved;
};

#define VFIO_DEVICE_QUERY_GFX_PLANE _IO(VFIO_TYPE, VFIO_BASE + 14)

/* Argument: address of a __u32 dmabuf_id. Returns a descriptor. */
#define VFIO_DEVICE_GET_GFX_DMABUF _IO(VFIO_TYPE, VFIO_BASE + 15)

/* ---- Devices: writes made by the kernel ---- */

/* one of: width of the write in bits */
#define VFIO_DEVICE_IOEVENTFD_8 (1 << 0)
#define VFIO_DEVICE_IOEVENTFD_16 (1 << 1)
#define VFIO_DEVICE_IOEVENTFD_32 (1 << 2)
#define VFIO_DEVICE_IOEVENTFD_64 (1 << 3)
#define VFIO_DEVICE_IOEVENTFD_SIZE_MASK (0xf)

/**
 * struct vfio_device_ioeventfd - write at each signal (VFIO_DEVICE_IOEVENTFD)
 *
 * A request with the same values and fd -1 removes the ioeventfd. EEXIST if it
 * exists already, ENODEV to remove one that does not exist, ENOSPC at the
 * limit.
 */
struct vfio_device_ioeventfd {
	/** @argsz: sizeof this structure */
	__u32 argsz;
	/** @flags: one VFIO_DEVICE_IOEVENTFD_* */
	__u32 flags;
	/** @offset: offset to write at in the device descriptor */
	__aligned_u64 offset;
	/** @data: value to write */
	__aligned_u64 data;
	/** @fd: eventfd that triggers the write, or -1 */
	__s32 fd;
	/** @reserved: zero */
	__u32 reserved;
};

#define VFIO_DEVICE_IOEVENTFD _IO(VFIO_TYPE, VFIO_BASE + 16)

/* ---- Devices opened by /dev/vfio/devices/vfioN ---- */

/* token_uuid_ptr is valid */
#define VFIO_DEVICE_BIND_FLAG_TOKEN (1 << 0)

/**
 * struct vfio_device_bind_iommufd - bind a device to a context
 *	(VFIO_DEVICE_BIND_IOMMUFD)
 *
 * Required before any other ioctl of the device descriptor. Lasts until the
 * descriptor is closed. EINVAL if it is bound already, EBUSY if the device has
 * another owner, EPERM if its interrupts are not isolated.
 */
struct vfio_device_bind_iommufd {
	/** @argsz: sizeof this structure */
	__u32 argsz;
	/** @flags: VFIO_DEVICE_BIND_FLAG_* */
	__u32 flags;
	/** @iommufd: descriptor of the context */
	__s32 iommufd;
	/** @out_devid: ID of the device in the context */
	__u32 out_devid;
	/** @token_uuid_ptr: address of the 16 bytes of a VF token */
	__aligned_u64 token_uuid_ptr;
};

#define VFIO_DEVICE_BIND_IOMMUFD _IO(VFIO_TYPE, VFIO_BASE + 18)

/* pasid is valid */
#define VFIO_DEVICE_ATTACH_PASID (1 << 0)

/**
 * struct vfio_device_attach_iommufd_pt - attach a page table to a device
 *	(VFIO_DEVICE_ATTACH_IOMMUFD_PT)
 *
 * Replaces a former attachment, without a gap in translation if the hardware
 * supports it. On failure the former attachment stays.
 */
struct vfio_device_attach_iommufd_pt {
	/** @argsz: sizeof this structure */
	__u32 argsz;
	/** @flags: VFIO_DEVICE_ATTACH_PASID or zero */
	__u32 flags;
	/** @pt_id: in: IOAS or page table, out: page table that is attached */
	__u32 pt_id;
	/** @pasid: PASID to attach to */
	__u32 pasid;
};

#define VFIO_DEVICE_ATTACH_IOMMUFD_PT _IO(VFIO_TYPE, VFIO_BASE + 19)

/* pasid is valid */
#define VFIO_DEVICE_DETACH_PASID (1 << 0)

/**
 * struct vfio_device_detach_iommufd_pt - detach a device, which blocks its DMA
 *	(VFIO_DEVICE_DETACH_IOMMUFD_PT)
 */
struct vfio_device_detach_iommufd_pt {
	/** @argsz: sizeof this structure */
	__u32 argsz;
	/** @flags: VFIO_DEVICE_DETACH_PASID or zero */
	__u32 flags;
	/** @pasid: PASID to detach */
	__u32 pasid;
};

#define VFIO_DEVICE_DETACH_IOMMUFD_PT _IO(VFIO_TYPE, VFIO_BASE + 20)

/* ---- Devices: optional features ---- */

/* number of the feature */
#define VFIO_DEVICE_FEATURE_MASK (0xffff)
/* read the feature into the data */
#define VFIO_DEVICE_FEATURE_GET (1 << 16)
/* write the data to the feature */
#define VFIO_DEVICE_FEATURE_SET (1 << 17)
/* only test whether the given GET, SET or both are supported */
#define VFIO_DEVICE_FEATURE_PROBE (1 << 18)

/**
 * struct vfio_device_feature - get, set or probe a feature
 *	(VFIO_DEVICE_FEATURE)
 *
 * ENOTTY for a feature that the device lacks, EINVAL for a direction that the
 * feature lacks or data of the wrong size.
 */
struct vfio_device_feature {
	/** @argsz: bytes with @data */
	__u32 argsz;
	/** @flags: number of the feature and VFIO_DEVICE_FEATURE_* */
	__u32 flags;
	/** @data: layout depends on the feature */
	__u8 data[];
};

#define VFIO_DEVICE_FEATURE _IO(VFIO_TYPE, VFIO_BASE + 17)

/*
 * SET: the 16 bytes of a UUID that users of the VFs of this PF must present.
 */
#define VFIO_DEVICE_FEATURE_PCI_VF_TOKEN (0)

/* supports save and resume: STOP, RUNNING, STOP_COPY and RESUMING */
#define VFIO_MIGRATION_STOP_COPY (1 << 0)
/* also supports RUNNING_P2P */
#define VFIO_MIGRATION_P2P (1 << 1)
/* also supports PRE_COPY and, together with P2P, PRE_COPY_P2P */
#define VFIO_MIGRATION_PRE_COPY (1 << 2)

/**
 * struct vfio_device_feature_migration - GET: migration support of the device
 */
struct vfio_device_feature_migration {
	/** @flags: VFIO_MIGRATION_* */
	__aligned_u64 flags;
};

#define VFIO_DEVICE_FEATURE_MIGRATION 1

/**
 * struct vfio_device_feature_mig_state - GET, SET: migration state
 *
 * SET changes to the requested state, through other states if necessary. If it
 * fails, GET reports the state that was reached. Only a reset of the device
 * leaves VFIO_DEVICE_STATE_ERROR.
 */
struct vfio_device_feature_mig_state {
	/** @device_state: one of enum vfio_device_mig_state */
	__u32 device_state;
	/**
	 * @data_fd: out: stream to read or write the state, if SET began a
	 * transfer, otherwise -1
	 */
	__s32 data_fd;
};

#define VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE 2

/**
 * enum vfio_device_mig_state - states of migration
 */
enum vfio_device_mig_state {
	/** @VFIO_DEVICE_STATE_ERROR: failed; must be reset */
	VFIO_DEVICE_STATE_ERROR = 0,
	/**
	 * @VFIO_DEVICE_STATE_STOP: stopped: no DMA, no interrupts, no changes
	 */
	VFIO_DEVICE_STATE_STOP = 1,
	/** @VFIO_DEVICE_STATE_RUNNING: running; the state after a reset */
	VFIO_DEVICE_STATE_RUNNING = 2,
	/** @VFIO_DEVICE_STATE_STOP_COPY: stopped; data_fd delivers its state */
	VFIO_DEVICE_STATE_STOP_COPY = 3,
	/** @VFIO_DEVICE_STATE_RESUMING: stopped; data_fd accepts a state */
	VFIO_DEVICE_STATE_RESUMING = 4,
	/** @VFIO_DEVICE_STATE_RUNNING_P2P: running, but starts no P2P DMA */
	VFIO_DEVICE_STATE_RUNNING_P2P = 5,
	/**
	 * @VFIO_DEVICE_STATE_PRE_COPY: running; data_fd delivers early state
	 */
	VFIO_DEVICE_STATE_PRE_COPY = 6,
	/** @VFIO_DEVICE_STATE_PRE_COPY_P2P: PRE_COPY, but starts no P2P DMA */
	VFIO_DEVICE_STATE_PRE_COPY_P2P = 7,
	/** @VFIO_DEVICE_STATE_NR: number of states */
	VFIO_DEVICE_STATE_NR,
};

/* there are new initial data: initial_bytes grew, dirty_bytes was restarted */
#define VFIO_PRECOPY_INFO_REINIT (1 << 0)

/**
 * struct vfio_precopy_info - get the bytes left (VFIO_MIG_GET_PRECOPY_INFO)
 *
 * An ioctl of data_fd in PRE_COPY; EINVAL in other states.
 */
struct vfio_precopy_info {
	/** @argsz: sizeof this structure */
	__u32 argsz;
	/** @flags: VFIO_PRECOPY_INFO_*, valid only with MIG_PRECOPY_INFOv2 */
	__u32 flags;
	/** @initial_bytes: bytes to read before STOP_COPY to keep that short */
	__aligned_u64 initial_bytes;
	/** @dirty_bytes: bytes changed since they were read, an estimate */
	__aligned_u64 dirty_bytes;
};

#define VFIO_MIG_GET_PRECOPY_INFO _IO(VFIO_TYPE, VFIO_BASE + 21)

/*
 * SET, no data: allow the device to enter a low power state. An access wakes
 * the device for its duration, an interrupt does not. Mapped BARs fault while
 * the device sleeps.
 */
#define VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY 3

/**
 * struct vfio_device_low_power_entry_with_wakeup - SET: low power until wakeup
 *
 * Like LOW_POWER_ENTRY, but the first wakeup of the device ends the low power
 * state and signals an eventfd.
 */
struct vfio_device_low_power_entry_with_wakeup {
	/** @wakeup_eventfd: eventfd to signal */
	__s32 wakeup_eventfd;
	/** @reserved: zero */
	__u32 reserved;
};

#define VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP 4

/* SET, no data: disallow the low power state. */
#define VFIO_DEVICE_FEATURE_LOW_POWER_EXIT 5

/**
 * struct vfio_device_feature_dma_logging_control - SET: log writes of DMA
 */
struct vfio_device_feature_dma_logging_control {
	/** @page_size: preferred granularity of the log in bytes, a hint */
	__aligned_u64 page_size;
	/** @num_ranges: entries at @ranges */
	__u32 num_ranges;
	/** @__reserved: zero */
	__u32 __reserved;
	/** @ranges: address of struct vfio_device_feature_dma_logging_range */
	__aligned_u64 ranges;
};

/**
 * struct vfio_device_feature_dma_logging_range - IOVAs to log
 */
struct vfio_device_feature_dma_logging_range {
	/** @iova: first IOVA */
	__aligned_u64 iova;
	/** @length: bytes */
	__aligned_u64 length;
};

#define VFIO_DEVICE_FEATURE_DMA_LOGGING_START 6

/* SET, no data: stop logging. */
#define VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP 7

/**
 * struct vfio_device_feature_dma_logging_report - GET: pages that were written
 *
 * Sets bits of the bitmap and clears none. Clears what it reports in the log.
 */
struct vfio_device_feature_dma_logging_report {
	/** @iova: first IOVA */
	__aligned_u64 iova;
	/** @length: bytes of the range */
	__aligned_u64 length;
	/** @page_size: bytes that a bit covers, a power of two */
	__aligned_u64 page_size;
	/** @bitmap: address of little endian 64 bit words */
	__aligned_u64 bitmap;
};

#define VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT 8

/**
 * struct vfio_device_feature_mig_data_size - GET: size of the STOP_COPY data
 */
struct vfio_device_feature_mig_data_size {
	/** @stop_copy_length: bytes, an estimate */
	__aligned_u64 stop_copy_length;
};

#define VFIO_DEVICE_FEATURE_MIG_DATA_SIZE 9

#define VFIO_DEVICE_FEATURE_CLEAR_MASTER 0
#define VFIO_DEVICE_FEATURE_SET_MASTER 1

/**
 * struct vfio_device_feature_bus_master - SET: enable or disable DMA
 *
 * For buses whose devices have no such control of their own. On PCI it is a bit
 * of the command register.
 */
struct vfio_device_feature_bus_master {
	/** @op: VFIO_DEVICE_FEATURE_SET_MASTER or _CLEAR_MASTER */
	__u32 op;
};

#define VFIO_DEVICE_FEATURE_BUS_MASTER 10

/* GET: returns the descriptor of a dma-buf of parts of a region. */
#define VFIO_DEVICE_FEATURE_DMA_BUF 11

/**
 * struct vfio_region_dma_range - part of a region
 */
struct vfio_region_dma_range {
	/** @offset: offset within the region, page aligned */
	__u64 offset;
	/** @length: bytes, page aligned */
	__u64 length;
};

/**
 * struct vfio_device_feature_dma_buf - contents of a dma-buf
 */
struct vfio_device_feature_dma_buf {
	/** @region_index: the region */
	__u32 region_index;
	/** @open_flags: flags of open(), such as O_RDWR | O_CLOEXEC */
	__u32 open_flags;
	/** @flags: zero */
	__u32 flags;
	/** @nr_ranges: entries in @dma_ranges */
	__u32 nr_ranges;
	/** @dma_ranges: the parts, in the order of the dma-buf */
	struct vfio_region_dma_range dma_ranges[] __counted_by(nr_ranges);
};

/* SET, no data: make the flags of struct vfio_precopy_info valid. */
#define VFIO_DEVICE_FEATURE_MIG_PRECOPY_INFOv2 12

/**
 * struct vfio_device_feature_zpci_err - GET: pending PCI error of s390
 *
 * ENOMSG if there is none. No device on another architecture has the feature.
 */
struct vfio_device_feature_zpci_err {
	/**
	 * @data: address of a buffer for the zpci_ccdf_err of the platform, whose
	 * length VFIO_DEVICE_INFO_CAP_ZPCI_BASE has
	 */
	__aligned_u64 data;
};

#define VFIO_DEVICE_FEATURE_ZPCI_ERROR 13

/* ---- Features not in Linux, with numbers far above those of Linux ---- */

#define VFIO_DEVICE_PASID_CAP_EXEC (1 << 0)
#define VFIO_DEVICE_PASID_CAP_PRIV (1 << 1)

/**
 * struct vfio_device_feature_pasid - GET: PASID capability of the device
 *
 * The config space of the device does not include the capability. A virtual
 * function has the one of its physical function.
 */
struct vfio_device_feature_pasid {
	/** @capabilities: mask of VFIO_DEVICE_PASID_CAP_* */
	__u16 capabilities;
	/** @width: bits of a PASID, zero if the host has not enabled PASIDs */
	__u8 width;
	/** @__reserved: zero */
	__u8 __reserved;
};

#define VFIO_DEVICE_FEATURE_PASID 0xff0b

/* ---- Containers with a type1 IOMMU ---- */

/* iova_pgsizes is valid */
#define VFIO_IOMMU_INFO_PGSIZES (1 << 0)
/* there are capabilities; cap_offset is valid */
#define VFIO_IOMMU_INFO_CAPS (1 << 1)

/**
 * struct vfio_iommu_type1_info - get properties of the IOMMU
 *	(VFIO_IOMMU_GET_INFO)
 */
struct vfio_iommu_type1_info {
	/** @argsz: in: size of the buffer, out: bytes with capabilities */
	__u32 argsz;
	/** @flags: out: VFIO_IOMMU_INFO_* */
	__u32 flags;
	/** @iova_pgsizes: mask of the sizes of I/O pages in bytes */
	__aligned_u64 iova_pgsizes;
	/** @cap_offset: first capability's offset, 0 if none was written */
	__u32 cap_offset;
	/** @pad: unused */
	__u32 pad;
};

/* Capability: IOVAs that can be mapped. Absent if all can. */
#define VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE 1

/**
 * struct vfio_iova_range - an inclusive range of IOVAs
 */
struct vfio_iova_range {
	/** @start: first IOVA */
	__u64 start;
	/** @end: last IOVA */
	__u64 end;
};

/**
 * struct vfio_iommu_type1_info_cap_iova_range - IOVAs that can be mapped
 */
struct vfio_iommu_type1_info_cap_iova_range {
	/** @header: VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE, version 1 */
	struct vfio_info_cap_header header;
	/** @nr_iovas: entries in @iova_ranges */
	__u32 nr_iovas;
	/** @reserved: zero */
	__u32 reserved;
	/** @iova_ranges: the ranges, ascending */
	struct vfio_iova_range iova_ranges[];
};

/* Capability: dirty pages can be logged. */
#define VFIO_IOMMU_TYPE1_INFO_CAP_MIGRATION 2

/**
 * struct vfio_iommu_type1_info_cap_migration - how dirty pages are logged
 */
struct vfio_iommu_type1_info_cap_migration {
	/** @header: VFIO_IOMMU_TYPE1_INFO_CAP_MIGRATION, version 1 */
	struct vfio_info_cap_header header;
	/** @flags: zero */
	__u32 flags;
	/** @pgsize_bitmap: mask of the bytes that a bit can cover */
	__u64 pgsize_bitmap;
	/** @max_dirty_bitmap_size: maximum bytes of bitmap of a request */
	__u64 max_dirty_bitmap_size;
};

/* Capability: number of mappings that can still be created. */
#define VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL 3

/**
 * struct vfio_iommu_type1_info_dma_avail - mappings left
 */
struct vfio_iommu_type1_info_dma_avail {
	/** @header: VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL, version 1 */
	struct vfio_info_cap_header header;
	/** @avail: mappings that can still be created */
	__u32 avail;
};

#define VFIO_IOMMU_GET_INFO _IO(VFIO_TYPE, VFIO_BASE + 12)

/* devices may read the memory */
#define VFIO_DMA_MAP_FLAG_READ (1 << 0)
/* devices may write the memory */
#define VFIO_DMA_MAP_FLAG_WRITE (1 << 1)
/* set the addresses of a mapping without any; excludes other flags */
#define VFIO_DMA_MAP_FLAG_VADDR (1 << 2)

/**
 * struct vfio_iommu_type1_dma_map - map process memory (VFIO_IOMMU_MAP_DMA)
 *
 * EINVAL for a wrong alignment, no access flag or IOVAs that cannot be mapped,
 * EEXIST for an overlap, ENOSPC at the limit of mappings, ENOMEM at the limit
 * of locked memory, EFAULT for absent memory. With FLAG_VADDR, ENOENT if no
 * mapping has exactly this range and EINVAL if the mapping has addresses.
 */
struct vfio_iommu_type1_dma_map {
	/** @argsz: sizeof this structure */
	__u32 argsz;
	/** @flags: VFIO_DMA_MAP_FLAG_* */
	__u32 flags;
	/** @vaddr: address in the calling process */
	__u64 vaddr;
	/** @iova: first IOVA */
	__u64 iova;
	/** @size: bytes */
	__u64 size;
};

#define VFIO_IOMMU_MAP_DMA _IO(VFIO_TYPE, VFIO_BASE + 13)

/**
 * struct vfio_bitmap - a bitmap with a bit for each page
 */
struct vfio_bitmap {
	/** @pgsize: bytes that a bit covers */
	__u64 pgsize;
	/** @size: bytes at @data, a multiple of 8 */
	__u64 size;
	/** @data: little endian 64 bit words */
	__u64 __user *data;
};

/* report dirty pages of the range to unmap: data is a struct vfio_bitmap */
#define VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP (1 << 0)
/* unmap everything: iova and size must be zero */
#define VFIO_DMA_UNMAP_FLAG_ALL (1 << 1)
/* keep the range mapped for devices, but drop its addresses in the process */
#define VFIO_DMA_UNMAP_FLAG_VADDR (1 << 2)

/**
 * struct vfio_iommu_type1_dma_unmap - remove mappings (VFIO_IOMMU_UNMAP_DMA)
 *
 * Succeeds with size 0 if nothing is mapped. On VFIO_TYPE1v2_IOMMU, a range
 * that would split a mapping fails with EINVAL and changes nothing.
 * VFIO_TYPE1_IOMMU removes a mapping as a whole if it includes the first IOVA.
 */
struct vfio_iommu_type1_dma_unmap {
	/** @argsz: bytes with @data */
	__u32 argsz;
	/** @flags: VFIO_DMA_UNMAP_FLAG_* */
	__u32 flags;
	/** @iova: first IOVA */
	__u64 iova;
	/** @size: in: bytes of the range, out: bytes that were unmapped */
	__u64 size;
	/** @data: layout depends on @flags */
	__u8 data[];
};

#define VFIO_IOMMU_UNMAP_DMA _IO(VFIO_TYPE, VFIO_BASE + 14)

/* SPAPR only: enable and disable the container; charges memory. */
#define VFIO_IOMMU_ENABLE _IO(VFIO_TYPE, VFIO_BASE + 15)
#define VFIO_IOMMU_DISABLE _IO(VFIO_TYPE, VFIO_BASE + 16)

/* one of: start logging, stop it, read the log into the structure in data */
#define VFIO_IOMMU_DIRTY_PAGES_FLAG_START (1 << 0)
#define VFIO_IOMMU_DIRTY_PAGES_FLAG_STOP (1 << 1)
#define VFIO_IOMMU_DIRTY_PAGES_FLAG_GET_BITMAP (1 << 2)

/**
 * struct vfio_iommu_type1_dirty_bitmap - dirty pages (VFIO_IOMMU_DIRTY_PAGES)
 *
 * EACCES on VFIO_TYPE1_IOMMU.
 */
struct vfio_iommu_type1_dirty_bitmap {
	/** @argsz: bytes with @data */
	__u32 argsz;
	/** @flags: one VFIO_IOMMU_DIRTY_PAGES_FLAG_* */
	__u32 flags;
	/** @data: struct vfio_iommu_type1_dirty_bitmap_get with GET_BITMAP */
	__u8 data[];
};

/**
 * struct vfio_iommu_type1_dirty_bitmap_get - range to read
 *
 * A page is reported as dirty if a device may have written it since the last
 * read. EINVAL if logging is stopped or the range would split a mapping.
 */
struct vfio_iommu_type1_dirty_bitmap_get {
	/** @iova: first IOVA */
	__u64 iova;
	/** @size: bytes */
	__u64 size;
	/** @bitmap: bitmap for the report, with its page size */
	struct vfio_bitmap bitmap;
};

#define VFIO_IOMMU_DIRTY_PAGES _IO(VFIO_TYPE, VFIO_BASE + 17)

/* ---- Containers with the IOMMU of IBM POWER servers ---- */

/* ddw is valid */
#define VFIO_IOMMU_SPAPR_INFO_DDW (1 << 0)

/**
 * struct vfio_iommu_spapr_tce_ddw_info - support of windows at run time
 */
struct vfio_iommu_spapr_tce_ddw_info {
	/** @pgsizes: mask of the sizes of I/O pages in bytes */
	__u64 pgsizes;
	/** @max_dynamic_windows_supported: maximum windows at a time */
	__u32 max_dynamic_windows_supported;
	/** @levels: maximum levels of a table */
	__u32 levels;
};

/**
 * struct vfio_iommu_spapr_tce_info - DMA windows
 *	(VFIO_IOMMU_SPAPR_TCE_GET_INFO)
 */
struct vfio_iommu_spapr_tce_info {
	/** @argsz: sizeof this structure */
	__u32 argsz;
	/** @flags: out: VFIO_IOMMU_SPAPR_INFO_* */
	__u32 flags;
	/** @dma32_window_start: first bus address of the default window */
	__u32 dma32_window_start;
	/** @dma32_window_size: bytes of the default window */
	__u32 dma32_window_size;
	/** @ddw: further windows */
	struct vfio_iommu_spapr_tce_ddw_info ddw;
};

#define VFIO_IOMMU_SPAPR_TCE_GET_INFO _IO(VFIO_TYPE, VFIO_BASE + 12)

/**
 * struct vfio_eeh_pe_err - an error to inject
 */
struct vfio_eeh_pe_err {
	/** @type: EEH_ERR_TYPE_* of asm/eeh.h */
	__u32 type;
	/** @func: EEH_ERR_FUNC_* of asm/eeh.h */
	__u32 func;
	/** @addr: bus address of the error */
	__u64 addr;
	/** @mask: bits of @addr that are compared */
	__u64 mask;
};

/**
 * struct vfio_eeh_pe_op - error handling of an isolation unit (VFIO_EEH_PE_OP)
 *
 * Returns 0, or for GET_STATE one of VFIO_EEH_PE_STATE_*.
 */
struct vfio_eeh_pe_op {
	/** @argsz: sizeof this structure */
	__u32 argsz;
	/** @flags: zero */
	__u32 flags;
	/** @op: VFIO_EEH_PE_* */
	__u32 op;
	union {
		/** @err: with VFIO_EEH_PE_INJECT_ERR */
		struct vfio_eeh_pe_err err;
	};
};

#define VFIO_EEH_PE_DISABLE 0
#define VFIO_EEH_PE_ENABLE 1
#define VFIO_EEH_PE_UNFREEZE_IO 2
#define VFIO_EEH_PE_UNFREEZE_DMA 3
#define VFIO_EEH_PE_GET_STATE 4
#define VFIO_EEH_PE_STATE_NORMAL 0
#define VFIO_EEH_PE_STATE_RESET 1
#define VFIO_EEH_PE_STATE_STOPPED 2
#define VFIO_EEH_PE_STATE_STOPPED_DMA 4
#define VFIO_EEH_PE_STATE_UNAVAIL 5
#define VFIO_EEH_PE_RESET_DEACTIVATE 5
#define VFIO_EEH_PE_RESET_HOT 6
#define VFIO_EEH_PE_RESET_FUNDAMENTAL 7
#define VFIO_EEH_PE_CONFIGURE 8
#define VFIO_EEH_PE_INJECT_ERR 9

#define VFIO_EEH_PE_OP _IO(VFIO_TYPE, VFIO_BASE + 21)

/**
 * struct vfio_iommu_spapr_register_memory - register memory to map
 *	(VFIO_IOMMU_SPAPR_REGISTER_MEMORY)
 *
 * Pins and charges the memory once. Unregistering takes the same range, and
 * fails with EBUSY while part of it is mapped.
 */
struct vfio_iommu_spapr_register_memory {
	/** @argsz: sizeof this structure */
	__u32 argsz;
	/** @flags: zero */
	__u32 flags;
	/** @vaddr: address in the calling process, page aligned */
	__u64 vaddr;
	/** @size: bytes, page aligned */
	__u64 size;
};

#define VFIO_IOMMU_SPAPR_REGISTER_MEMORY _IO(VFIO_TYPE, VFIO_BASE + 17)
#define VFIO_IOMMU_SPAPR_UNREGISTER_MEMORY _IO(VFIO_TYPE, VFIO_BASE + 18)

/**
 * struct vfio_iommu_spapr_tce_create - create a DMA window
 *	(VFIO_IOMMU_SPAPR_TCE_CREATE)
 */
struct vfio_iommu_spapr_tce_create {
	/** @argsz: sizeof this structure */
	__u32 argsz;
	/** @flags: zero */
	__u32 flags;
	/** @page_shift: log2 of the bytes of an I/O page */
	__u32 page_shift;
	/** @__resv1: zero */
	__u32 __resv1;
	/** @window_size: bytes, a power of two */
	__u64 window_size;
	/** @levels: levels of table */
	__u32 levels;
	/** @__resv2: zero */
	__u32 __resv2;
	/** @start_addr: out: first bus address */
	__u64 start_addr;
};

#define VFIO_IOMMU_SPAPR_TCE_CREATE _IO(VFIO_TYPE, VFIO_BASE + 19)

/**
 * struct vfio_iommu_spapr_tce_remove - remove a DMA window
 *	(VFIO_IOMMU_SPAPR_TCE_REMOVE)
 */
struct vfio_iommu_spapr_tce_remove {
	/** @argsz: sizeof this structure */
	__u32 argsz;
	/** @flags: zero */
	__u32 flags;
	/** @start_addr: first bus address */
	__u64 start_addr;
};

#define VFIO_IOMMU_SPAPR_TCE_REMOVE _IO(VFIO_TYPE, VFIO_BASE + 20)

#endif
