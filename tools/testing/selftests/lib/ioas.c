// SPDX-License-Identifier: GPL-2.0-only
/* The ioctls of /dev/iommu and of device nodes. */
#include "ioas.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "backend.h"
#include "harness.h"
#include "sys.h"

int iommufd_open(void)
{
	if (!backend_present(BACKEND_IOMMUFD))
		SKIP("no /dev/iommu");
	return sys_open("/dev/iommu", O_RDWR);
}

int __iommufd_destroy(int fd, __u32 id)
{
	struct iommu_destroy cmd = { .size = sizeof(cmd), .id = id };

	return __sys_ioctl(fd, IOMMU_DESTROY, &cmd);
}

void iommufd_destroy(int fd, __u32 id)
{
	ASSERT_RC(__iommufd_destroy(fd, id), 0);
}

int __ioas_alloc(int fd, __u32 *id)
{
	struct iommu_ioas_alloc cmd = { .size = sizeof(cmd) };
	int ret = __sys_ioctl(fd, IOMMU_IOAS_ALLOC, &cmd);

	if (!ret)
		*id = cmd.out_ioas_id;
	return ret;
}

__u32 ioas_alloc(int fd)
{
	__u32 id = 0;

	ASSERT_RC(__ioas_alloc(fd, &id), 0);
	ASSERT(id);
	return id;
}

static __u32 ioas_map_flags(unsigned int prot)
{
	return (prot & DMA_READ ? IOMMU_IOAS_MAP_READABLE : 0) |
	       (prot & DMA_WRITE ? IOMMU_IOAS_MAP_WRITEABLE : 0);
}

int __ioas_map_fixed(int fd, __u32 ioas, const void *vaddr, __u64 iova,
		     __u64 size, unsigned int prot)
{
	struct iommu_ioas_map cmd = {
		.size = sizeof(cmd),
		.flags = IOMMU_IOAS_MAP_FIXED_IOVA | ioas_map_flags(prot),
		.ioas_id = ioas,
		.user_va = (uintptr_t)vaddr,
		.length = size,
		.iova = iova,
	};

	return __sys_ioctl(fd, IOMMU_IOAS_MAP, &cmd);
}

void ioas_map_fixed(int fd, __u32 ioas, const void *vaddr, __u64 iova,
		    __u64 size)
{
	ASSERT_RC(__ioas_map_fixed(fd, ioas, vaddr, iova, size, DMA_RW), 0);
}

int __ioas_map(int fd, __u32 ioas, const void *vaddr, __u64 size,
	       unsigned int prot, __u64 *iova)
{
	struct iommu_ioas_map cmd = {
		.size = sizeof(cmd),
		.flags = ioas_map_flags(prot),
		.ioas_id = ioas,
		.user_va = (uintptr_t)vaddr,
		.length = size,
	};
	int ret = __sys_ioctl(fd, IOMMU_IOAS_MAP, &cmd);

	if (!ret)
		*iova = cmd.iova;
	return ret;
}

__u64 ioas_map(int fd, __u32 ioas, const void *vaddr, __u64 size)
{
	__u64 iova = 0;

	ASSERT_RC(__ioas_map(fd, ioas, vaddr, size, DMA_RW, &iova), 0);
	return iova;
}

int __ioas_map_file(int fd, __u32 ioas, int file, __u64 start, __u64 size,
		    unsigned int prot, __u64 *iova)
{
	struct iommu_ioas_map_file cmd = {
		.size = sizeof(cmd),
		.flags = ioas_map_flags(prot),
		.ioas_id = ioas,
		.fd = file,
		.start = start,
		.length = size,
	};
	int ret;

	if (*iova) {
		cmd.flags |= IOMMU_IOAS_MAP_FIXED_IOVA;
		cmd.iova = *iova;
	}
	ret = __sys_ioctl(fd, IOMMU_IOAS_MAP_FILE, &cmd);
	if (!ret)
		*iova = cmd.iova;
	return ret;
}

int __ioas_copy(int fd, __u32 from, __u64 src_iova, __u64 size, __u32 to,
		__u64 dst_iova, unsigned int prot)
{
	struct iommu_ioas_copy cmd = {
		.size = sizeof(cmd),
		.flags = IOMMU_IOAS_MAP_FIXED_IOVA | ioas_map_flags(prot),
		.dst_ioas_id = to,
		.src_ioas_id = from,
		.length = size,
		.dst_iova = dst_iova,
		.src_iova = src_iova,
	};

	return __sys_ioctl(fd, IOMMU_IOAS_COPY, &cmd);
}

int __ioas_unmap(int fd, __u32 ioas, __u64 iova, __u64 size, __u64 *unmapped)
{
	struct iommu_ioas_unmap cmd = {
		.size = sizeof(cmd),
		.ioas_id = ioas,
		.iova = iova,
		.length = size,
	};
	int ret = __sys_ioctl(fd, IOMMU_IOAS_UNMAP, &cmd);

	if (!ret && unmapped)
		*unmapped = cmd.length;
	return ret;
}

void ioas_unmap(int fd, __u32 ioas, __u64 iova, __u64 size)
{
	__u64 unmapped = 0;

	ASSERT_RC(__ioas_unmap(fd, ioas, iova, size, &unmapped), 0);
	ASSERT_EQ(unmapped, size);
}

int __ioas_allow(int fd, __u32 ioas, const struct iommu_iova_range *ranges,
		 __u32 nr)
{
	struct iommu_ioas_allow_iovas cmd = {
		.size = sizeof(cmd),
		.ioas_id = ioas,
		.num_iovas = nr,
		.allowed_iovas = (uintptr_t)ranges,
	};

	return __sys_ioctl(fd, IOMMU_IOAS_ALLOW_IOVAS, &cmd);
}

/*
 * @nr is the capacity of @ranges on entry and the number of ranges on return.
 */
int __ioas_ranges(int fd, __u32 ioas, struct iommu_iova_range *ranges,
		  __u32 *nr, __u64 *alignment)
{
	struct iommu_ioas_iova_ranges cmd = {
		.size = sizeof(cmd),
		.ioas_id = ioas,
		.num_iovas = *nr,
		.allowed_iovas = (uintptr_t)ranges,
	};
	int ret = __sys_ioctl(fd, IOMMU_IOAS_IOVA_RANGES, &cmd);

	*nr = cmd.num_iovas;
	if (alignment)
		*alignment = cmd.out_iova_alignment;
	return ret;
}

int __hwpt_alloc(int fd, __u32 dev, __u32 pt, __u32 flags, __u32 *id)
{
	struct iommu_hwpt_alloc cmd = {
		.size = sizeof(cmd),
		.flags = flags,
		.dev_id = dev,
		.pt_id = pt,
	};
	int ret = __sys_ioctl(fd, IOMMU_HWPT_ALLOC, &cmd);

	if (!ret && id)
		*id = cmd.out_hwpt_id;
	return ret;
}

__u32 hwpt_alloc(int fd, __u32 dev, __u32 pt)
{
	__u32 id = 0;

	ASSERT_RC(__hwpt_alloc(fd, dev, pt, 0, &id), 0);
	return id;
}

int __hwpt_set_tracking(int fd, __u32 hwpt, __u32 flags)
{
	struct iommu_hwpt_set_dirty_tracking cmd = {
		.size = sizeof(cmd),
		.flags = flags,
		.hwpt_id = hwpt,
	};

	return __sys_ioctl(fd, IOMMU_HWPT_SET_DIRTY_TRACKING, &cmd);
}

int __hwpt_get_dirty(int fd, __u32 hwpt, __u32 flags, __u64 iova, __u64 size,
		     __u64 page_size, void *bitmap)
{
	struct iommu_hwpt_get_dirty_bitmap cmd = {
		.size = sizeof(cmd),
		.hwpt_id = hwpt,
		.flags = flags,
		.iova = iova,
		.length = size,
		.page_size = page_size,
		.data = (uintptr_t)bitmap,
	};

	return __sys_ioctl(fd, IOMMU_HWPT_GET_DIRTY_BITMAP, &cmd);
}

/* @op is IOMMU_VFIO_IOAS_...; @id is that of an IOAS, or is set by GET. */
int __vfio_ioas(int fd, __u16 op, __u32 *id)
{
	struct iommu_vfio_ioas cmd = {
		.size = sizeof(cmd),
		.ioas_id = *id,
		.op = op,
	};
	int ret = __sys_ioctl(fd, IOMMU_VFIO_IOAS, &cmd);

	if (!ret)
		*id = cmd.ioas_id;
	return ret;
}

int __iommufd_option(int fd, __u32 option, __u16 op, __u32 object, __u64 *value)
{
	struct iommu_option cmd = {
		.size = sizeof(cmd),
		.option_id = option,
		.op = op,
		.object_id = object,
		.val64 = *value,
	};
	int ret = __sys_ioctl(fd, IOMMU_OPTION, &cmd);

	if (!ret)
		*value = cmd.val64;
	return ret;
}

int __cdev_bind(int cdev, int iommufd, __u32 *id)
{
	struct vfio_device_bind_iommufd cmd = {
		.argsz = offsetof(struct vfio_device_bind_iommufd, out_devid) +
			 sizeof(__u32),
		.iommufd = iommufd,
	};
	int ret = __sys_ioctl(cdev, VFIO_DEVICE_BIND_IOMMUFD, &cmd);

	if (!ret && id)
		*id = cmd.out_devid;
	return ret;
}

/* @pt is an IOAS or HWPT; the HWPT that was attached is stored in @attached. */
int __cdev_attach(int cdev, __u32 pt, __u32 *attached)
{
	struct vfio_device_attach_iommufd_pt cmd = {
		.argsz = offsetof(struct vfio_device_attach_iommufd_pt, pt_id) +
			 sizeof(__u32),
		.pt_id = pt,
	};
	int ret = __sys_ioctl(cdev, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &cmd);

	if (!ret && attached)
		*attached = cmd.pt_id;
	return ret;
}

int __cdev_detach(int cdev)
{
	struct vfio_device_detach_iommufd_pt cmd = {
		.argsz = offsetof(struct vfio_device_detach_iommufd_pt, flags) +
			 sizeof(__u32),
	};

	return __sys_ioctl(cdev, VFIO_DEVICE_DETACH_IOMMUFD_PT, &cmd);
}

/*
 * Check the rules for the size at the start of each command's struct. @good is
 * a struct of @size bytes for which the command returns @want. A struct of less
 * than @min bytes, one with a tail that is not zero and one in unreadable
 * memory must be refused, one with a zeroed tail must be accepted.
 */
void check_struct_sizes(int fd, unsigned long cmd, const void *good,
			size_t size, size_t min, int want)
{
	char *pages = sys_mmap_anon(2 * PAGE);
	char *edge = pages + PAGE - size;
	__u32 *length = (__u32 *)pages;

	memcpy(pages, good, size);
	*length = 0;
	ASSERT_RC(__sys_ioctl(fd, cmd, pages), -EINVAL);
	*length = sizeof(__u32);
	ASSERT_RC(__sys_ioctl(fd, cmd, pages), -EINVAL);
	*length = min - 1;
	ASSERT_RC(__sys_ioctl(fd, cmd, pages), -EINVAL);
	*length = min;
	ASSERT_RC(__sys_ioctl(fd, cmd, pages), want);

	memcpy(pages, good, size);
	*length = size + 1;
	pages[size] = 1;
	ASSERT_RC(__sys_ioctl(fd, cmd, pages), -E2BIG);
	*length = PAGE;
	pages[size] = 0;
	pages[PAGE - 1] = 1;
	ASSERT_RC(__sys_ioctl(fd, cmd, pages), -E2BIG);
	pages[PAGE - 1] = 0;
	ASSERT_RC(__sys_ioctl(fd, cmd, pages), want);

	/* a struct at the end of memory: no byte behind it may be read */
	sys_munmap(pages + PAGE, PAGE);
	memcpy(edge, good, size);
	ASSERT_RC(__sys_ioctl(fd, cmd, edge), want);
	*(__u32 *)edge = size + 8;
	ASSERT_RC(__sys_ioctl(fd, cmd, edge), -EFAULT);
	ASSERT_RC(__sys_ioctl(fd, cmd, BAD_PTR), -EFAULT);
	sys_munmap(pages, PAGE);
}
