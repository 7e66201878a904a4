// SPDX-License-Identifier: GPL-2.0-only
/* Names of the ioctls of iommufd and VFIO, and of errnos. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The headers are those of the kernel, before "make headers_install". */
#define __counted_by(member)
#include <linux/iommufd.h>
#include <linux/vfio.h>

#include "ioctls.h"
#include "text.h"

#define IOCTL_NAME(cmd) { cmd, false, #cmd }
#define IOCTL_CONTAINER(cmd) { cmd, true, #cmd }

/* Those of the sPAPR IOMMU exist on other architectures only. */
const struct ioctl_name ioctl_names[] = {
	IOCTL_CONTAINER(VFIO_IOMMU_GET_INFO),
	IOCTL_CONTAINER(VFIO_IOMMU_MAP_DMA),
	IOCTL_CONTAINER(VFIO_IOMMU_UNMAP_DMA),
	IOCTL_CONTAINER(VFIO_IOMMU_ENABLE),
	IOCTL_CONTAINER(VFIO_IOMMU_DISABLE),
	IOCTL_CONTAINER(VFIO_IOMMU_DIRTY_PAGES),
	IOCTL_NAME(VFIO_GET_API_VERSION),
	IOCTL_NAME(VFIO_CHECK_EXTENSION),
	IOCTL_NAME(VFIO_SET_IOMMU),
	IOCTL_NAME(VFIO_GROUP_GET_STATUS),
	IOCTL_NAME(VFIO_GROUP_SET_CONTAINER),
	IOCTL_NAME(VFIO_GROUP_UNSET_CONTAINER),
	IOCTL_NAME(VFIO_GROUP_GET_DEVICE_FD),
	IOCTL_NAME(VFIO_DEVICE_GET_INFO),
	IOCTL_NAME(VFIO_DEVICE_GET_REGION_INFO),
	IOCTL_NAME(VFIO_DEVICE_GET_IRQ_INFO),
	IOCTL_NAME(VFIO_DEVICE_SET_IRQS),
	IOCTL_NAME(VFIO_DEVICE_RESET),
	IOCTL_NAME(VFIO_DEVICE_GET_PCI_HOT_RESET_INFO),
	IOCTL_NAME(VFIO_DEVICE_PCI_HOT_RESET),
	IOCTL_NAME(VFIO_DEVICE_QUERY_GFX_PLANE),
	IOCTL_NAME(VFIO_DEVICE_GET_GFX_DMABUF),
	IOCTL_NAME(VFIO_DEVICE_IOEVENTFD),
	IOCTL_NAME(VFIO_DEVICE_FEATURE),
	IOCTL_NAME(VFIO_DEVICE_BIND_IOMMUFD),
	IOCTL_NAME(VFIO_DEVICE_ATTACH_IOMMUFD_PT),
	IOCTL_NAME(VFIO_DEVICE_DETACH_IOMMUFD_PT),
	IOCTL_NAME(VFIO_MIG_GET_PRECOPY_INFO),
	IOCTL_NAME(IOMMU_DESTROY),
	IOCTL_NAME(IOMMU_IOAS_ALLOC),
	IOCTL_NAME(IOMMU_IOAS_ALLOW_IOVAS),
	IOCTL_NAME(IOMMU_IOAS_COPY),
	IOCTL_NAME(IOMMU_IOAS_IOVA_RANGES),
	IOCTL_NAME(IOMMU_IOAS_MAP),
	IOCTL_NAME(IOMMU_IOAS_MAP_FILE),
	IOCTL_NAME(IOMMU_IOAS_UNMAP),
	IOCTL_NAME(IOMMU_IOAS_CHANGE_PROCESS),
	IOCTL_NAME(IOMMU_IOAS_NOIOMMU_GET_PA),
	IOCTL_NAME(IOMMU_OPTION),
	IOCTL_NAME(IOMMU_VFIO_IOAS),
	IOCTL_NAME(IOMMU_HWPT_ALLOC),
	IOCTL_NAME(IOMMU_HWPT_SET_DIRTY_TRACKING),
	IOCTL_NAME(IOMMU_HWPT_GET_DIRTY_BITMAP),
	IOCTL_NAME(IOMMU_HWPT_INVALIDATE),
	IOCTL_NAME(IOMMU_GET_HW_INFO),
	IOCTL_NAME(IOMMU_FAULT_QUEUE_ALLOC),
	IOCTL_NAME(IOMMU_VIOMMU_ALLOC),
	IOCTL_NAME(IOMMU_VDEVICE_ALLOC),
	IOCTL_NAME(IOMMU_VEVENTQ_ALLOC),
	IOCTL_NAME(IOMMU_HW_QUEUE_ALLOC),
	{ 0, false, NULL },
};

const char *ioctl_find(unsigned int cmd, bool container)
{
	const struct ioctl_name *entry;

	for (entry = ioctl_names; entry->name; entry++) {
		if (entry->cmd == cmd && (container || !entry->container))
			return entry->name;
	}
	return NULL;
}

#define ERRNO(number) { number, #number }

static const struct errno_entry {
	int number;
	const char *name;
} errno_entries[] = {
	ERRNO(EPERM),	   ERRNO(ENOENT),     ERRNO(EINTR),
	ERRNO(EIO),	   ERRNO(E2BIG),      ERRNO(EBADF),
	ERRNO(EAGAIN),	   ERRNO(ENOMEM),     ERRNO(EACCES),
	ERRNO(EFAULT),	   ERRNO(EBUSY),      ERRNO(EEXIST),
	ERRNO(ENODEV),	   ERRNO(EINVAL),     ERRNO(ENOTTY),
	ERRNO(ENOSPC),	   ERRNO(EOVERFLOW),  ERRNO(ERANGE),
	ERRNO(EOPNOTSUPP), ERRNO(EADDRINUSE), ERRNO(EDEADLK),
	ERRNO(ETIMEDOUT),  ERRNO(EMSGSIZE),
};

const char *errno_name(int number)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(errno_entries); i++) {
		if (errno_entries[i].number == number)
			return errno_entries[i].name;
	}
	return NULL;
}

/* True if @word is in @line and no part of a longer word. */
static bool errno_has_word(const char *line, const char *word)
{
	const char *at = line;
	size_t len = strlen(word);

	while ((at = strstr(at, word))) {
		if ((at == line || !isalnum((unsigned char)at[-1])) &&
		    !isalnum((unsigned char)at[len]))
			return true;
		at += len;
	}
	return false;
}

/* Find a number behind one of the words that announce an errno. */
static int errno_find_number(const char *line)
{
	static const char *const words[] = { "= -",    "error ", "Error(",
					     "errno ", "errno=", "error: -",
					     "code ",  ": -",	 "(os error ",
					     "error -" };
	const char *at;
	size_t i;
	int number;

	for (i = 0; i < ARRAY_SIZE(words); i++) {
		at = strstr(line, words[i]);
		if (!at)
			continue;
		at += strlen(words[i]);
		number = isdigit((unsigned char)*at) ? atoi(at) : 0;
		if (errno_name(number))
			return number;
	}
	return 0;
}

int errno_find(const char *line)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(errno_entries); i++) {
		if (strstr(line, strerror(errno_entries[i].number)) ||
		    errno_has_word(line, errno_entries[i].name))
			return errno_entries[i].number;
	}
	return errno_find_number(line);
}
