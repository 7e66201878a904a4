// SPDX-License-Identifier: GPL-2.0-only
/*
 * The text of refused calls, made when it is read.
 */
#include <linux/array_size.h>
#include <linux/ctype.h>
#include <linux/export.h>
#include <linux/iommu.h>
#include <linux/ioctl.h>
#include <linux/iommufd_refusal.h>
#include <linux/sprintf.h>
#include <linux/string.h>
#include <linux/string_choices.h>
#include <uapi/linux/iommufd.h>
#include <uapi/linux/vfio.h>

/*
 * Formats: %d stands for the device, %D for the driver or program, %0 to %3 for a
 * number, %x0 to %x3 for one in hexadecimal, %k2 for the kind of a window and %a1
 * for read or write access.
 */
static const char *const refusal_formats[NR_REFUSALS] = {
	[REFUSAL_UNSPECIFIED] = "",
	[REFUSAL_OVERLAP] = "overlaps area %x0-%x1",
	[REFUSAL_RESERVED] = "reserved by %d (%k2 window %x0-%x1)",
	[REFUSAL_APERTURE] =
		"outside of the aperture of the IOMMU (%x0-%x1 is not translated)",
	[REFUSAL_ALIGN_IOVA] = "iova %x0 is not aligned to %x1",
	[REFUSAL_ALIGN_MEMORY] =
		"length %x0 or offset %x1 of the memory is not aligned to %x2",
	[REFUSAL_LENGTH] = "length %x0 is not possible",
	[REFUSAL_WRAP] = "%x0 with length %x1 exceeds the address space",
	[REFUSAL_FLAGS] = "unknown or contradictory flags %x0",
	[REFUSAL_NO_ACCESS] = "neither read nor write access requested",
	[REFUSAL_NO_IOVA] =
		"no free IOVA of %x0 bytes in the ranges that are allowed",
	[REFUSAL_ENTRY_LIMIT] = "%0 of %1 mappings exist (dma_entry_limit)",
	[REFUSAL_MEMLOCK] = "RLIMIT_MEMLOCK: %0 of %1 kB",
	[REFUSAL_NO_MEMORY] = "no memory at %x0 that allows %a1 access",
	[REFUSAL_FOREIGN_PFNMAP] =
		"memory at %x0 is that of a driver that does not provide it for DMA (VM_PFNMAP)",
	[REFUSAL_BAR_DISABLED] = "BAR %0 of %d is disabled",
	[REFUSAL_PROCESS_EXITED] = "the process of the memory has exited",
	[REFUSAL_READONLY_FILE] =
		"the file was not opened for the access, or is sealed against it",
	[REFUSAL_FILE_KIND] =
		"the file is neither shared memory, huge pages nor a dma-buf",
	[REFUSAL_FILE_SIZE] =
		"offset %x0 with length %x1 exceeds the file or dma-buf",
	[REFUSAL_NOT_MAPPED] = "nothing is mapped at %x0",
	[REFUSAL_COPY_ACCESS] = "area %x0-%x1 does not allow the access",
	[REFUSAL_CUTS_AREA] = "contains only a part of area %x0-%x1",
	[REFUSAL_LOCKED] = "area %x0-%x1 is locked by a hardware queue",
	[REFUSAL_STILL_PINNED] =
		"area %x0-%x1 is pinned by the driver of an emulated device",
	[REFUSAL_NO_OBJECT] = "no object has ID %0",
	[REFUSAL_OBJECT_IN_USE] = "object %0 has %1 users and %2 requests",
	[REFUSAL_NOT_COHERENT] = "DMA of %d is not coherent",
	[REFUSAL_NO_GROUP] = "%d is in no IOMMU group",
	[REFUSAL_UNSAFE_INTERRUPTS] =
		"interrupts of group %0 are not isolated (no interrupt remapping, see allow_unsafe_interrupts)",
	[REFUSAL_GROUP_DRIVER] = "group %0 is not viable: %d is bound to %D",
	[REFUSAL_GROUP_OWNED] =
		"group %0 is in use by another context or container",
	[REFUSAL_ATTACHED] = "%d is attached",
	[REFUSAL_NOT_ATTACHED] = "%d is not attached",
	[REFUSAL_GROUP_HWPT] = "group %0 of %d is attached to HWPT %1",
	[REFUSAL_HWPT_MISMATCH] = "HWPT %0 does not suit %d",
	[REFUSAL_RESERVES_MAPPED] =
		"%d reserves %x0-%x1, in which %x2-%x3 is mapped",
	[REFUSAL_RESERVES_ALLOWED] =
		"%d reserves %x0-%x1, of which IOVA is allowed by IOMMU_IOAS_ALLOW_IOVAS",
	[REFUSAL_APERTURE_MAPPED] =
		"the IOMMU translates %x0-%x1 only, but other IOVA is mapped or allowed",
	[REFUSAL_NO_TYPE] = "VFIO_SET_IOMMU has not been called",
	[REFUSAL_TYPE_SET] = "VFIO_SET_IOMMU has been called before",
	[REFUSAL_NO_CONTAINER_GROUP] = "the container has no group",
	[REFUSAL_UNKNOWN_TYPE] =
		"type %0 is unknown or does not suit the groups",
	[REFUSAL_MIXED_NOIOMMU] =
		"groups with and without an IOMMU do not share a container",
	[REFUSAL_CAP_RAWIO] = "a group without an IOMMU requires CAP_SYS_RAWIO",
	[REFUSAL_OTHER_IOAS] = "the groups use another IOAS",
	[REFUSAL_NO_IOAS_SELECTED] = "no IOAS is selected by IOMMU_VFIO_IOAS",
	[REFUSAL_GROUP_OPEN] = "group %0 is open already",
	[REFUSAL_GROUP_CDEV] =
		"%0 devices of group %1 are in use by their device nodes",
	[REFUSAL_GROUP_CONTAINED] = "group %0 is in a container already",
	[REFUSAL_GROUP_NOT_CONTAINED] = "group %0 is in no container",
	[REFUSAL_GROUP_DEVICES_OPEN] = "%0 devices of group %1 are open",
	[REFUSAL_DEVICE_NAME] =
		"group %0 has no device of this name that is bound to a VFIO driver",
	[REFUSAL_NOT_BOUND] =
		"%d is not bound to an iommufd (VFIO_DEVICE_BIND_IOMMUFD)",
	[REFUSAL_BOUND] = "the file is bound already",
	[REFUSAL_DEVICE_OPEN] = "%d is in use by another file",
	[REFUSAL_NOT_IOMMUFD] = "descriptor %0 is not a file of iommufd",
	[REFUSAL_NO_FEATURE] = "feature %0 is not supported",
	[REFUSAL_MEMORY_DISABLED] =
		"BAR %0 of %d is disabled (memory space off, reset or power state)",
	[REFUSAL_NO_REGION] = "%d has no region %0",
	[REFUSAL_REGION_RANGE] =
		"region %0 of %d has %x1 bytes, %x3 bytes at %x2 requested",
	[REFUSAL_NO_MMAP] = "region %0 of %d cannot be mapped",
	[REFUSAL_NO_IRQ] = "%d has no interrupt of index %0",
	[REFUSAL_IRQ_RANGE] =
		"interrupts %1 to %2 of index %0 requested, %d has %3",
	[REFUSAL_IRQ_STATE] =
		"interrupts of index %0 are not set up, or those of another index are",
	[REFUSAL_NO_RESET] = "%d cannot be reset",
	[REFUSAL_RESET_FOREIGN] =
		"the reset affects %d, which the caller does not own",
	[REFUSAL_VF_TOKEN] = "the token of the PF or VF of %d does not match",
	[REFUSAL_LOW_POWER] = "%d is in low power",
	[REFUSAL_PT_KIND] = "object %0 is neither an IOAS nor an HWPT",
	[REFUSAL_HWPT_NO_PASID] =
		"HWPT %0 was not allocated for PASIDs (IOMMU_HWPT_ALLOC_PASID)",
	[REFUSAL_PASID_ATTACHED] = "PASID %0 of %d is attached",
	[REFUSAL_PASID_NOT_ATTACHED] = "PASID %0 of %d is not attached",
	[REFUSAL_PASID_HWPT] =
		"PASID %0 of the group of %d is attached to HWPT %1",
	[REFUSAL_NO_NEST_PARENT] =
		"HWPT %0 was not allocated to nest others in it (IOMMU_HWPT_ALLOC_NEST_PARENT)",
	[REFUSAL_VIOMMU_TYPE] = "the IOMMU of %d has no vIOMMU of type %0",
	[REFUSAL_VIOMMU_OTHER] = "%d is behind another IOMMU than vIOMMU %0",
	[REFUSAL_VDEVICE_EXISTS] = "%d has vDEVICE %0",
	[REFUSAL_VIRT_ID] = "virtual ID %x0 of vIOMMU %1 is in use",
	[REFUSAL_VEVENTQ_EXISTS] = "vIOMMU %0 has an event queue of type %1",
};

/**
 * struct refusal_call - a call that may be refused
 */
struct refusal_call {
	/** @op: see &iommufd_refusal.op */
	u32 op;
	/** @name: name to print */
	const char *name;
	/** @request: format of &iommufd_refusal.request, or NULL */
	const char *request;
};

#define REFUSAL_RANGE "iova %x0 length %x1"
#define REFUSAL_ACCESS "offset %x0 length %x1"
#define DEVICE_CALL(cmd) ((cmd) | IOMMUFD_REFUSAL_DEVICE)

static const struct refusal_call refusal_calls[] = {
	{ IOMMU_DESTROY, "destroy", "object %0" },
	{ IOMMU_IOAS_ALLOC, "alloc ioas" },
	{ IOMMU_IOAS_ALLOW_IOVAS, "allow iovas", "ioas %0" },
	{ IOMMU_IOAS_COPY, "copy", REFUSAL_RANGE },
	{ IOMMU_IOAS_IOVA_RANGES, "iova ranges" },
	{ IOMMU_IOAS_MAP, "map", REFUSAL_RANGE },
	{ IOMMU_IOAS_UNMAP, "unmap", REFUSAL_RANGE },
	{ IOMMU_OPTION, "option" },
	{ IOMMU_VFIO_IOAS, "vfio ioas" },
	{ IOMMU_HWPT_ALLOC, "alloc hwpt" },
	{ IOMMU_GET_HW_INFO, "hw info" },
	{ IOMMU_HWPT_SET_DIRTY_TRACKING, "set dirty tracking" },
	{ IOMMU_HWPT_GET_DIRTY_BITMAP, "get dirty bitmap" },
	{ IOMMU_HWPT_INVALIDATE, "invalidate" },
	{ IOMMU_FAULT_QUEUE_ALLOC, "alloc fault queue" },
	{ IOMMU_IOAS_MAP_FILE, "map file", REFUSAL_RANGE },
	{ IOMMU_VIOMMU_ALLOC, "alloc viommu" },
	{ IOMMU_VDEVICE_ALLOC, "alloc vdevice" },
	{ IOMMU_IOAS_CHANGE_PROCESS, "change process" },
	{ IOMMU_VEVENTQ_ALLOC, "alloc veventq" },
	{ IOMMU_HW_QUEUE_ALLOC, "alloc hw queue" },
	{ VFIO_SET_IOMMU, "set iommu" },
	{ VFIO_IOMMU_GET_INFO, "get info" },
	{ VFIO_IOMMU_MAP_DMA, "map", REFUSAL_RANGE },
	{ VFIO_IOMMU_UNMAP_DMA, "unmap", REFUSAL_RANGE },
	{ VFIO_IOMMU_DIRTY_PAGES, "dirty pages" },
	{ VFIO_GROUP_SET_CONTAINER, "set container" },
	{ VFIO_GROUP_UNSET_CONTAINER, "unset container" },
	{ VFIO_GROUP_GET_DEVICE_FD, "get device" },
	{ VFIO_GROUP_GET_STATUS, "get status" },
	{ IOMMUFD_REFUSAL_OPEN, "open" },
	{ DEVICE_CALL(IOMMUFD_REFUSAL_READ), "read", REFUSAL_ACCESS },
	{ DEVICE_CALL(IOMMUFD_REFUSAL_WRITE), "write", REFUSAL_ACCESS },
	{ DEVICE_CALL(IOMMUFD_REFUSAL_MMAP), "mmap", REFUSAL_ACCESS },
	{ DEVICE_CALL(VFIO_DEVICE_GET_INFO), "get info" },
	{ DEVICE_CALL(VFIO_DEVICE_GET_REGION_INFO), "get region info" },
	{ DEVICE_CALL(VFIO_DEVICE_GET_IRQ_INFO), "get irq info" },
	{ DEVICE_CALL(VFIO_DEVICE_SET_IRQS), "set irqs" },
	{ DEVICE_CALL(VFIO_DEVICE_RESET), "reset" },
	{ DEVICE_CALL(VFIO_DEVICE_GET_PCI_HOT_RESET_INFO), "hot reset info" },
	{ DEVICE_CALL(VFIO_DEVICE_PCI_HOT_RESET), "hot reset" },
	{ DEVICE_CALL(VFIO_DEVICE_IOEVENTFD), "ioeventfd" },
	{ DEVICE_CALL(VFIO_DEVICE_FEATURE), "feature" },
	{ DEVICE_CALL(VFIO_DEVICE_BIND_IOMMUFD), "bind" },
	{ DEVICE_CALL(VFIO_DEVICE_ATTACH_IOMMUFD_PT), "attach", "to %0" },
	{ DEVICE_CALL(VFIO_DEVICE_DETACH_IOMMUFD_PT), "detach" },
};

static const char *refusal_window(u64 kind)
{
	switch (kind) {
	case IOMMU_RESV_MSI:
	case IOMMU_RESV_SW_MSI:
		return "MSI";
	case IOMMU_RESV_DIRECT:
	case IOMMU_RESV_DIRECT_RELAXABLE:
		return "firmware";
	default:
		return "reserved";
	}
}

/* Formats one number, and moves @format past its place holder. */
static size_t refusal_number(const char **format, const u64 *args, char *buf,
			     size_t size)
{
	char how = **format;
	u64 value;

	if (!isdigit(how))
		(*format)++;
	value = args[(**format - '0') % IOMMUFD_REFUSAL_ARGS];
	if (how == 'x')
		return scnprintf(buf, size, "%#llx", value);
	if (how == 'k')
		return scnprintf(buf, size, "%s", refusal_window(value));
	if (how == 'a')
		return scnprintf(buf, size, "%s", str_write_read(value));
	return scnprintf(buf, size, "%llu", value);
}

static size_t refusal_format(const struct iommufd_refusal *refusal,
			     const u64 *args, const char *format, char *buf,
			     size_t size)
{
	size_t len = 0;

	for (; *format; format++) {
		if (*format != '%') {
			len += scnprintf(buf + len, size - len, "%c", *format);
			continue;
		}
		format++;
		if (*format == 'd')
			len += scnprintf(buf + len, size - len, "%s",
					 refusal->device);
		else if (*format == 'D')
			len += scnprintf(buf + len, size - len, "%s",
					 refusal->driver);
		else
			len += refusal_number(&format, args, buf + len,
					      size - len);
	}
	return len;
}

static const struct refusal_call *refusal_find_call(u32 op)
{
	for (size_t i = 0; i < ARRAY_SIZE(refusal_calls); i++)
		if (refusal_calls[i].op == op)
			return &refusal_calls[i];
	return NULL;
}

static size_t refusal_format_call(const struct iommufd_refusal *refusal,
				  char *buf, size_t size)
{
	const struct refusal_call *call = refusal_find_call(refusal->op);
	size_t len;

	if (!call)
		return scnprintf(buf, size, "ioctl %#x",
				 refusal->op & ~IOMMUFD_REFUSAL_DEVICE);
	len = scnprintf(buf, size, "%s", call->name);
	if (!call->request || !refusal->asked)
		return len;
	len += scnprintf(buf + len, size - len, ": ");
	return len + refusal_format(refusal, refusal->request, call->request,
				    buf + len, size - len);
}

/**
 * iommufd_refusal_text() - describe a refused call
 * @refusal: the refused call
 * @buf: buffer for the text: the errno, what was asked, and the reason if one is
 *	known
 * @size: bytes in @buf, more than 0; IOMMUFD_REFUSAL_TEXT is enough
 *
 * Context: Any.
 * Return: length of the text without the NUL.
 */
size_t iommufd_refusal_text(const struct iommufd_refusal *refusal, char *buf,
			    size_t size)
{
	char name[24];
	size_t len;

	snprintf(name, sizeof(name), "%pe", ERR_PTR(refusal->error));
	len = scnprintf(buf, size, "%s ", name + (*name == '-'));
	len += refusal_format_call(refusal, buf + len, size - len);
	if (refusal->code == REFUSAL_UNSPECIFIED ||
	    refusal->code >= NR_REFUSALS)
		return len;
	len += scnprintf(buf + len, size - len, ": ");
	return len + refusal_format(refusal, refusal->args.arg,
				    refusal_formats[refusal->code], buf + len,
				    size - len);
}
EXPORT_SYMBOL_NS_GPL(iommufd_refusal_text, "IOMMUFD_NG");
