// SPDX-License-Identifier: GPL-2.0-only
/* Error messages of programs, and what they mean. */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "messages.h"
#include "text.h"

#define MEANING_GROUP \
	"Another device of the same IOMMU group is bound to a driver of the host."
#define FIX_GROUP \
	"iommuctl list shows the group; bind its other devices to vfio-pci, too: driverctl set-override BDF vfio-pci"
#define MEANING_MAP \
	"Memory of the guest or the program could not be made accessible to the device; the errno has the reason."

const struct message messages[] = {
	{
		"QEMU",
		"/dev/iommu does not exist",
		"The kernel has no iommufd: its module is not loaded or not installed.",
		"modprobe iommufd; without it install iommufd-dkms; iommuctl doctor shows the state",
	},
	{
		"QEMU",
		"is your kernel config missing CONFIG_VFIO_DEVICE_CDEV?",
		"The device has no node below /dev/vfio/devices: the VFIO that is loaded is the kernel's own.",
		"iommuctl doctor; update-initramfs -u; reboot",
	},
	{
		"QEMU",
		"couldn't open directory",
		"The device has no vfio-dev directory: it is not bound to vfio-pci.",
		"driverctl set-override BDF vfio-pci",
	},
	{
		"QEMU",
		"no such host device",
		"There is no PCI device at this address.",
		"iommuctl list shows all addresses",
	},
	{
		"QEMU",
		"no iommu_group found",
		"The device is in no IOMMU group: the IOMMU is disabled, or the device is not bound to vfio-pci.",
		"iommuctl check BDF",
	},
	{
		"QEMU",
		"group * is not viable",
		MEANING_GROUP,
		FIX_GROUP,
	},
	{
		"QEMU",
		"Could not open '*dev/vfio/",
		"The node of the group or device could not be opened; the errno has the reason.",
		"iommuctl check BDF --user NAME",
	},
	{
		"QEMU",
		"VFIO group is not viable",
		MEANING_GROUP,
		FIX_GROUP,
	},
	{
		"QEMU",
		"Please ensure all devices within the iommu_group",
		MEANING_GROUP,
		FIX_GROUP,
	},
	{
		"QEMU",
		"No available IOMMU models",
		"The container offers no type: vfio_iommu_type1 is not loaded.",
		"modprobe vfio_iommu_type1",
	},
	{
		"QEMU",
		"error getting device from group",
		"The device could not be opened: another program has it open, it is not bound to vfio-pci, or it needs a token (SR-IOV).",
		"iommuctl check BDF",
	},
	{
		"QEMU",
		"failed to setup container for group",
		"The group could not join a container: the device is isolated insufficiently, or the limits are too low.",
		"iommuctl check BDF",
	},
	{
		"QEMU",
		"group * used in multiple address spaces",
		"With a virtual IOMMU each device has an address space of its own, but devices of one group share one.",
		"put devices of the group behind one bridge of the guest, or assign one of them",
	},
	{
		"QEMU",
		"error bind device fd=",
		"The device could not be bound to the iommufd context: another program has it open, or its group is not viable.",
		"iommuctl check BDF",
	},
	{
		"QEMU",
		"IOMMU_IOAS_MAP failed: *, PCI BAR?",
		"A BAR of one device could not be made accessible to another (peer-to-peer). The kernel's own iommufd refuses every BAR; this one needs the memory of the BAR to be enabled.",
		NULL,
	},
	{
		"QEMU",
		"IOMMU_IOAS_MAP_FILE failed: *, PCI BAR?",
		MEANING_MAP,
		NULL,
	},
	{
		"QEMU",
		"vfio_container_dma_map(",
		MEANING_MAP,
		NULL,
	},
	{
		"QEMU",
		"VFIO_MAP_DMA failed",
		MEANING_MAP,
		NULL,
	},
	{
		"QEMU",
		"DMA mapping failed, unable to continue",
		MEANING_MAP,
		NULL,
	},
	{
		"QEMU",
		"vfio_container_dma_unmap() failed",
		"A range was unmapped that is not mapped as a whole.",
		NULL,
	},
	{
		"QEMU",
		"no available reset mechanism",
		"The device has neither FLR nor a power state that resets it, and its bus or slot cannot be reset.",
		"assign all devices of the slot together; iommuctl list shows the reset of each",
	},
	{
		"QEMU",
		"Cannot reset device *, depends on group * which is not owned",
		"A reset of the bus would reset devices of another group, which this machine does not have.",
		"assign the devices of that group to the same machine",
	},
	{
		"QEMU",
		"Unable to power on device, stuck in D",
		"The device does not leave its power state: it does not respond any more.",
		"options vfio-pci disable_idle_d3=1 in /etc/modprobe.d; power the machine off and on",
	},
	{
		"QEMU",
		"Device ROM size is zero",
		"Firmware has hidden the ROM of this display.",
		"give the guest a copy: -device vfio-pci,romfile=FILE",
	},
	{
		"QEMU",
		"failed to enable MSI-X",
		"The interrupts could not be set up.",
		NULL,
	},
	{
		"DPDK",
		"VFIO group is not viable",
		MEANING_GROUP,
		FIX_GROUP,
	},
	{
		"DPDK",
		"VFIO modules not loaded, skipping VFIO support",
		"The module vfio is not loaded.",
		"modprobe vfio-pci",
	},
	{
		"DPDK",
		"VFIO support could not be initialized",
		"/dev/vfio/vfio cannot be used: it is missing or this user may not open it.",
		"iommuctl check BDF --user NAME",
	},
	{
		"DPDK",
		"Cannot open VFIO container",
		"/dev/vfio/vfio cannot be opened.",
		NULL,
	},
	{
		"DPDK",
		"failed to select IOMMU type",
		"The container accepts none of the types: interrupts are not isolated, or there is no IOMMU.",
		"iommuctl check BDF",
	},
	{
		"DPDK",
		"Set IOMMU type * failed",
		"The container refused this type.",
		"iommuctl check BDF",
	},
	{
		"DPDK",
		"not managed by VFIO driver",
		"The device is not bound to vfio-pci.",
		"driverctl set-override BDF vfio-pci",
	},
	{
		"DPDK",
		"cannot get IOMMU group",
		"The device is in no IOMMU group: the IOMMU is disabled.",
		"enable the IOMMU, or modprobe vfio enable_unsafe_noiommu_mode=1",
	},
	{
		"DPDK",
		"Failed to open VFIO group",
		"The group could not be opened: another program has it, or this user may not open it.",
		"iommuctl check BDF --user NAME",
	},
	{
		"DPDK",
		"cannot add VFIO group to container",
		"The group could not join the container.",
		NULL,
	},
	{
		"DPDK",
		"Getting a vfio_dev_fd for * failed",
		"The device could not be opened: it is in use, or it needs a token (--vfio-vf-token).",
		"iommuctl check BDF",
	},
	{
		"DPDK",
		"Cannot map vaddr for IOMMU",
		MEANING_MAP,
		NULL,
	},
	{
		"DPDK",
		"Cannot register vaddr for IOMMU",
		MEANING_MAP,
		NULL,
	},
	{
		"DPDK",
		"IOMMU is not available, selecting IOVA as PA mode",
		"There is no IOMMU; DPDK uses physical addresses, without protection.",
		"enable the IOMMU in firmware and on the kernel command line",
	},
	{
		"libvirt",
		"VFIO device assignment is currently not supported on this system",
		"There is no IOMMU group or no /dev/vfio/vfio.",
		"iommuctl check BDF; modprobe vfio-pci",
	},
	{
		"libvirt",
		"Unmanaged PCI device * must be manually detached",
		"managed='no', and the device is bound to a driver of the host.",
		"managed='yes', or virsh nodedev-detach, or driverctl set-override BDF vfio-pci",
	},
	{
		"libvirt",
		"is in use by driver *, domain",
		"Another virtual machine has this device.",
		"iommuctl list",
	},
	{
		"libvirt",
		"PCI device * is not assignable",
		"The device is behind a switch without isolation (ACS).",
		"move the card to another slot; iommuctl list shows the groups",
	},
	{
		"libvirt",
		"Non-endpoint PCI devices cannot be assigned",
		"The device is a bridge.",
		"assign the devices behind it",
	},
	{
		"libvirt",
		"cannot limit locked memory of process",
		"libvirt may not raise the limit of locked memory of the machine.",
		"LimitMEMLOCK=infinity in the unit of virtqemud or libvirtd",
	},
	{
		"libvirt",
		"Unable to reset PCI device",
		"The device cannot be reset.",
		"iommuctl check BDF",
	},
	{ NULL, NULL, NULL, NULL },
};

/* True if the parts of the pattern are in the line, one behind another. */
static bool message_matches(const char *pattern, const char *line)
{
	char part[128];
	size_t len;

	while (*pattern) {
		len = strcspn(pattern, "*");
		if (len >= sizeof(part))
			return false;
		memcpy(part, pattern, len);
		part[len] = '\0';
		line = strstr(line, part);
		if (!line)
			return false;
		line += len;
		pattern += len;
		pattern += strspn(pattern, "*");
	}
	return true;
}

/* A line of DPDK has the name of its component; others have no such mark. */
static bool message_is_of(const struct message *message, const char *line)
{
	bool dpdk = strstr(line, "EAL:") || strstr(line, "PCI_BUS:");

	return !dpdk || !strcmp(message->program, "DPDK");
}

const struct message *message_find(const char *line)
{
	const struct message *message;

	for (message = messages; message->program; message++) {
		if (message_is_of(message, line) &&
		    message_matches(message->pattern, line))
			return message;
	}
	return NULL;
}

static const struct message_errno_entry {
	int number;
	const char *text;
} message_errnos[] = {
	{
		EPERM,
		"EPERM (-1): interrupts of the device are not isolated, or the mode without an IOMMU needs CAP_SYS_RAWIO.",
	},
	{
		ENOENT,
		"ENOENT (-2): the node, the object or the mapping does not exist.",
	},
	{
		ENOMEM,
		"ENOMEM (-12): the limit of locked memory (RLIMIT_MEMLOCK) is too low for the memory that is mapped.",
	},
	{
		EACCES,
		"EACCES (-13): the user may not open the node, or the device needs a token (SR-IOV).",
	},
	{
		EFAULT,
		"EFAULT (-14): no memory is mapped at this address of the process, it may not be written, or it belongs to a device whose memory is disabled.",
	},
	{
		EBUSY,
		"EBUSY (-16): the device or its group is in use.",
	},
	{
		EEXIST,
		"EEXIST (-17): another mapping overlaps this range of I/O addresses.",
	},
	{
		ENODEV,
		"ENODEV (-19): the device was removed, or there is no such type or object.",
	},
	{
		EINVAL,
		"EINVAL (-22): the range is reserved for interrupts, beyond the address width of the IOMMU or not aligned to pages; or calls came in the wrong order.",
	},
	{
		ENOTTY,
		"ENOTTY (-25): this kernel does not know the call.",
	},
	{
		ENOSPC,
		"ENOSPC (-28): the container has no mappings left (dma_entry_limit of vfio_iommu_type1), or no I/O addresses.",
	},
};

const char *message_errno(int number)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(message_errnos); i++) {
		if (message_errnos[i].number == number)
			return message_errnos[i].text;
	}
	return NULL;
}
