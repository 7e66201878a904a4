// SPDX-License-Identifier: GPL-2.0-only
/* VFIO_IOMMU_GET_INFO of a container, and its capabilities. */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "container.h"
#include "harness.h"
#include "pci.h"
#include "sys.h"

/* Offsets in the migration capability, the same in programs of 32 bits */
#define MIGRATION_PGSIZES 16
#define MIGRATION_MAX_BITMAP 24
#define MAP_RW (VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE)

static struct vfio_iommu_type1_info *full_info(int container)
{
	struct vfio_iommu_type1_info request = { .argsz = sizeof(request) };

	return info_buffer(container, VFIO_IOMMU_GET_INFO, &request,
			   sizeof(request));
}

static const struct vfio_iommu_type1_info_cap_iova_range *
ranges_cap(const struct vfio_iommu_type1_info *info)
{
	return (const void *)info_cap(info, info->cap_offset,
				      VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE);
}

TEST_OVER(short_and_long, BACKENDS_LEGACY)
{
	size_t min = offsetof(struct vfio_iommu_type1_info, cap_offset);
	struct vfio_iommu_type1_info *info;
	int container = container_ready(backend);
	char buf[4096];
	__u32 needed;

	info = (void *)buf;
	memset(buf, 0x55, sizeof(buf));
	info->argsz = min - 1;
	ASSERT_RC(__sys_ioctl(container, VFIO_IOMMU_GET_INFO, info), -EINVAL);
	ASSERT_RC(__sys_ioctl(container, VFIO_IOMMU_GET_INFO, BAD_PTR),
		  -EFAULT);

	/* A caller that does not know of capabilities. */
	info->argsz = min;
	ASSERT_RC(__sys_ioctl(container, VFIO_IOMMU_GET_INFO, info), 0);
	ASSERT_EQ(info->flags, VFIO_IOMMU_INFO_PGSIZES | VFIO_IOMMU_INFO_CAPS);
	ASSERT(info->iova_pgsizes & PAGE);
	ASSERT(!(info->iova_pgsizes & (PAGE - 1)));
	needed = info->argsz;
	ASSERT(needed > sizeof(*info));
	ASSERT(is_byte(buf + min, sizeof(buf) - min, 0x55));

	/* A caller whose buffer is too short for them. */
	memset(buf, 0x55, sizeof(buf));
	info->argsz = needed - 1;
	ASSERT_RC(__sys_ioctl(container, VFIO_IOMMU_GET_INFO, info), 0);
	ASSERT_EQ(info->argsz, needed);
	ASSERT_EQ(info->cap_offset, 0);
	ASSERT(is_byte(buf + sizeof(*info), sizeof(buf) - sizeof(*info), 0x55));

	/* The buffer has exactly the size, and nothing is written behind it. */
	memset(buf, 0x55, sizeof(buf));
	info->argsz = needed;
	ASSERT_RC(__sys_ioctl(container, VFIO_IOMMU_GET_INFO, info), 0);
	ASSERT_EQ(info->argsz, needed);
	ASSERT_EQ(info->cap_offset, sizeof(*info));
	ASSERT(is_byte(buf + needed, sizeof(buf) - needed, 0x55));
}

/* Programs may depend on the order of the capabilities. */
TEST_OVER(capabilities, BACKENDS_LEGACY)
{
	static const __u16 order[] = {
		VFIO_IOMMU_TYPE1_INFO_CAP_MIGRATION,
		VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL,
		VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE,
	};
	int container = container_ready(backend);
	struct vfio_iommu_type1_info *info = full_info(container);
	const struct vfio_info_cap_header *before = NULL;
	const struct vfio_info_cap_header *cap;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(order); i++) {
		cap = info_cap(info, info->cap_offset, order[i]);
		ASSERT(cap);
		ASSERT_EQ(cap->version, 1);
		ASSERT(cap > before);
		before = cap;
	}
	free(info);
}

TEST_OVER(migration, BACKENDS_LEGACY)
{
	const struct vfio_iommu_type1_info_cap_migration *cap;
	int container = container_ready(backend);
	struct vfio_iommu_type1_info *info = full_info(container);

	cap = (const void *)info_cap(info, info->cap_offset,
				     VFIO_IOMMU_TYPE1_INFO_CAP_MIGRATION);
	ASSERT(cap);
	ASSERT_EQ(cap->flags, 0);
	ASSERT_EQ(*(const __u64 *)((const char *)cap + MIGRATION_PGSIZES),
		  PAGE);
	ASSERT_EQ(*(const __u64 *)((const char *)cap + MIGRATION_MAX_BITMAP),
		  MIB(256));
	free(info);
}

TEST_OVER(dma_avail_counts, BACKENDS_LEGACY)
{
	int container = container_ready(backend);
	unsigned int avail = container_dma_avail(container);
	char *buf = sys_mmap_anon(4 * PAGE);

	ASSERT(avail >= 65535);
	container_map(container, buf, MIB(1), 4 * PAGE);
	ASSERT_EQ(container_dma_avail(container), avail - 1);
	container_map(container, buf, MIB(2), PAGE);
	ASSERT_EQ(container_dma_avail(container), avail - 2);
	container_unmap(container, MIB(1), 4 * PAGE);
	container_unmap(container, MIB(2), PAGE);
	ASSERT_EQ(container_dma_avail(container), avail);
}

TEST_OVER(iova_ranges, BACKENDS_LEGACY)
{
	const struct vfio_iommu_type1_info_cap_iova_range *cap;
	struct pci_window msi = pci_msi_window(pci_need(TESTDEV_EDU0));
	int container = container_ready(backend);
	struct vfio_iommu_type1_info *info = full_info(container);
	char *page = sys_mmap_anon(PAGE);
	unsigned int i;

	cap = ranges_cap(info);
	ASSERT(cap && cap->nr_iovas >= 2);
	for (i = 0; i < cap->nr_iovas; i++) {
		__u64 first = cap->iova_ranges[i].start;
		__u64 last = cap->iova_ranges[i].end;

		ASSERT(first < last);
		ASSERT(last < msi.first || first > msi.last);
		if (i)
			ASSERT(first > cap->iova_ranges[i - 1].end);
		/* MAP_DMA accepts exactly the addresses of the ranges. */
		container_map(container, page, first, PAGE);
		container_map(container, page, last + 1 - PAGE, PAGE);
		if (first)
			ASSERT_RC(__container_map(container, page, first - PAGE,
						  PAGE, MAP_RW),
				  -EINVAL);
		ASSERT_RC(__container_map(container, page, last + 1, PAGE,
					  MAP_RW),
			  -EINVAL);
	}
	free(info);
}
