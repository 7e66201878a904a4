// SPDX-License-Identifier: GPL-2.0-only
/* MAP_DMA and UNMAP_DMA of a container of type 1 version 2. */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "container.h"
#include "edu.h"
#include "harness.h"
#include "pci.h"
#include "sys.h"
#include "vdev.h"

#define IOVA 0x10000000ULL
#define MAP_RW (VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE)

/* No mapping was added or removed since @avail was read. */
#define ASSERT_AVAIL(container, avail) \
	ASSERT_EQ(container_dma_avail(container), avail)

/* Old kernels return the errno of other invalid arguments for a wrap. */
static int wrap_errno(void)
{
	return sys_kernel_has(CHANGE_TYPE1_OVERFLOW) ? -EOVERFLOW : -EINVAL;
}

TEST_OVER(map_struct, BACKENDS_LEGACY)
{
	int container = container_ready(backend);
	char *page = sys_mmap_anon(2 * PAGE);
	unsigned int avail = container_dma_avail(container);
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map) - 1,
		.flags = MAP_RW,
		.vaddr = (uintptr_t)page,
		.iova = IOVA,
		.size = PAGE,
	};
	struct vfio_iommu_type1_dma_map *edge;

	ASSERT_RC(__sys_ioctl(container, VFIO_IOMMU_MAP_DMA, &map), -EINVAL);
	map.argsz = 0;
	ASSERT_RC(__sys_ioctl(container, VFIO_IOMMU_MAP_DMA, &map), -EINVAL);
	ASSERT_RC(__sys_ioctl(container, VFIO_IOMMU_MAP_DMA, BAD_PTR), -EFAULT);
	ASSERT_AVAIL(container, avail);

	/* A longer struct is valid, and its tail is not read. */
	map.argsz = sizeof(map) + 4096;
	edge = (void *)(page + 2 * PAGE - sizeof(map));
	*edge = map;
	ASSERT_RC(__sys_ioctl(container, VFIO_IOMMU_MAP_DMA, edge), 0);
	ASSERT_AVAIL(container, avail - 1);
}

TEST_OVER(map_flags, BACKENDS_LEGACY)
{
	int container = container_ready(backend);
	char *page = sys_mmap_anon(PAGE);
	unsigned int avail = container_dma_avail(container);
	unsigned int bit;

	ASSERT_RC(__container_map(container, page, IOVA, PAGE, 0), -EINVAL);
	for (bit = 3; bit < 32; bit++)
		ASSERT_RC(__container_map(container, page, IOVA, PAGE,
					  MAP_RW | 1U << bit),
			  -EINVAL);
	/* A request either updates the address or creates a mapping. */
	ASSERT_RC(__container_map(container, page, IOVA, PAGE,
				  MAP_RW | VFIO_DMA_MAP_FLAG_VADDR),
		  -EINVAL);
	ASSERT_AVAIL(container, avail);
	ASSERT_RC(__container_map(container, page, IOVA, PAGE,
				  VFIO_DMA_MAP_FLAG_READ),
		  0);
	ASSERT_RC(__container_map(container, page, IOVA + PAGE, PAGE,
				  VFIO_DMA_MAP_FLAG_WRITE),
		  0);
}

TEST_OVER(map_alignment_and_overflow, BACKENDS_LEGACY)
{
	int container = container_ready(backend);
	char *page = sys_mmap_anon(2 * PAGE);
	unsigned int avail = container_dma_avail(container);

	ASSERT_RC(__container_map(container, page, IOVA, 0, MAP_RW), -EINVAL);
	ASSERT_RC(__container_map(container, page, IOVA, 1, MAP_RW), -EINVAL);
	ASSERT_RC(__container_map(container, page, IOVA, PAGE - 1, MAP_RW),
		  -EINVAL);
	ASSERT_RC(__container_map(container, page, IOVA, PAGE + 1, MAP_RW),
		  -EINVAL);
	ASSERT_RC(__container_map(container, page, IOVA + 8, PAGE, MAP_RW),
		  -EINVAL);
	ASSERT_RC(__container_map(container, page, IOVA + PAGE / 2, PAGE,
				  MAP_RW),
		  -EINVAL);
	ASSERT_RC(__container_map(container, page + 8, IOVA, PAGE, MAP_RW),
		  -EINVAL);

	ASSERT_RC(__container_map(container, page, -IOVA_PAGE, 2 * PAGE,
				  MAP_RW),
		  wrap_errno());
	ASSERT_RC(__container_map(container, page, IOVA, -IOVA_PAGE, MAP_RW),
		  wrap_errno());
	if (sizeof(void *) == sizeof(__u64))
		ASSERT_RC(__container_map(container, (void *)-PAGE, IOVA,
					  2 * PAGE, MAP_RW),
			  wrap_errno());
	ASSERT_AVAIL(container, avail);
}

TEST_OVER(map_overlap, BACKENDS_LEGACY)
{
	int container = container_ready(backend);
	char *buf = sys_mmap_anon(16 * PAGE);
	unsigned int avail;
	int first;
	int last;

	container_map(container, buf, IOVA + 4 * PAGE, 4 * PAGE);
	avail = container_dma_avail(container);
	for (first = 0; first < 12; first++) {
		for (last = first; last < 12; last++) {
			if (last < 4 || first > 7)
				continue;
			ASSERT_RC(__container_map(
					  container, buf, IOVA + first * PAGE,
					  (last - first + 1) * PAGE, MAP_RW),
				  -EEXIST);
		}
	}
	ASSERT_AVAIL(container, avail);
	/* Both neighbours are free. */
	container_map(container, buf, IOVA, 4 * PAGE);
	container_map(container, buf, IOVA + 8 * PAGE, 4 * PAGE);
}

TEST_OVER(map_reserved, BACKENDS_LEGACY)
{
	struct pci_window msi = pci_msi_window(pci_need(TESTDEV_EDU0));
	int container = container_ready(backend);
	char *buf = sys_mmap_anon(MIB(4));
	unsigned int avail = container_dma_avail(container);

	ASSERT_RC(__container_map(container, buf, msi.first, PAGE, MAP_RW),
		  -EINVAL);
	ASSERT_RC(__container_map(container, buf, msi.last + 1 - PAGE, PAGE,
				  MAP_RW),
		  -EINVAL);
	ASSERT_RC(__container_map(container, buf, msi.first - PAGE, 2 * PAGE,
				  MAP_RW),
		  -EINVAL);
	ASSERT_RC(__container_map(container, buf, msi.first - PAGE, MIB(4),
				  MAP_RW),
		  -EINVAL);
	/* Addresses that the IOMMU cannot translate. */
	ASSERT_RC(__container_map(container, buf, 1ULL << 60, PAGE, MAP_RW),
		  -EINVAL);
	ASSERT_RC(__container_map(container, buf, -IOVA_PAGE, PAGE, MAP_RW),
		  -EINVAL);
	ASSERT_AVAIL(container, avail);
	container_map(container, buf, msi.first - PAGE, PAGE);
	container_map(container, buf, msi.last + 1, PAGE);
	/* An overlap is checked before the reserved ranges. */
	ASSERT_RC(__container_map(container, buf, msi.first - PAGE, 2 * PAGE,
				  MAP_RW),
		  -EEXIST);
}

/* Memory that cannot be pinned leaves no mapping and no charge behind. */
TEST_OVER(map_bad_memory, BACKENDS_LEGACY)
{
	int container = container_ready(backend);
	char *buf = sys_mmap_anon(MIB(4));
	unsigned int avail = container_dma_avail(container);

	/* The second half is not writable, then has no access, then is unmapped. */
	ASSERT(!mprotect(buf + MIB(2), MIB(2), PROT_READ));
	ASSERT_RC(__container_map(container, buf, IOVA, MIB(4), MAP_RW),
		  -EFAULT);
	ASSERT(!mprotect(buf + MIB(2), MIB(2), PROT_NONE));
	ASSERT_RC(__container_map(container, buf, IOVA, MIB(4),
				  VFIO_DMA_MAP_FLAG_READ),
		  -EFAULT);
	sys_munmap(buf + MIB(2), MIB(2));
	ASSERT_RC(__container_map(container, buf, IOVA, MIB(4), MAP_RW),
		  -EFAULT);
	ASSERT_RC(__container_map(container, NULL, IOVA, PAGE, MAP_RW),
		  -EFAULT);
	ASSERT_RC(__container_map(container, (void *)-PAGE, IOVA, PAGE, MAP_RW),
		  -EFAULT);
	ASSERT_AVAIL(container, avail);
	ASSERT_EQ(sys_vm_locked(getpid()), 0);
	container_map(container, buf, IOVA, MIB(2));
}

TEST_OVER(map_limit, BACKENDS_LEGACY)
{
	int container = container_ready(backend);
	char *page = sys_mmap_anon(PAGE);
	unsigned int avail = container_dma_avail(container);
	__u64 unmapped;
	unsigned int i;

	if (avail > 100000)
		SKIP("the limit of mappings is %u", avail);
	for (i = 0; i < avail; i++)
		container_map(container, page, IOVA + i * PAGE, PAGE);
	ASSERT_AVAIL(container, 0);
	ASSERT_RC(__container_map(container, page, IOVA + i * PAGE, PAGE,
				  MAP_RW),
		  -ENOSPC);
	ASSERT_RC(__container_map(container, page, IOVA, PAGE, MAP_RW),
		  -EEXIST);
	container_unmap(container, IOVA + 7 * PAGE, PAGE);
	ASSERT_AVAIL(container, 1);
	container_map(container, page, IOVA + i * PAGE, PAGE);
	ASSERT_RC(__container_unmap(container, 0, 0, VFIO_DMA_UNMAP_FLAG_ALL,
				    &unmapped),
		  0);
	ASSERT_EQ(unmapped, avail * PAGE);
	ASSERT_AVAIL(container, avail);
}

TEST_OVER(unmap_struct, BACKENDS_LEGACY)
{
	int container = container_ready(backend);
	char *page = sys_mmap_anon(PAGE);
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap) - 1,
		.iova = IOVA,
		.size = PAGE,
	};
	unsigned int bit;

	container_map(container, page, IOVA, PAGE);
	ASSERT_RC(__sys_ioctl(container, VFIO_IOMMU_UNMAP_DMA, &unmap),
		  -EINVAL);
	unmap.argsz = sizeof(unmap);
	for (bit = 3; bit < 32; bit++) {
		unmap.flags = 1U << bit;
		ASSERT_RC(__sys_ioctl(container, VFIO_IOMMU_UNMAP_DMA, &unmap),
			  -EINVAL);
	}
	ASSERT_RC(__sys_ioctl(container, VFIO_IOMMU_UNMAP_DMA, BAD_PTR),
		  -EFAULT);
	unmap.flags = VFIO_DMA_UNMAP_FLAG_ALL |
		      VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP;
	ASSERT_RC(__sys_ioctl(container, VFIO_IOMMU_UNMAP_DMA, &unmap),
		  -EINVAL);
	/* The failed requests unmapped nothing. */
	ASSERT_RC(__container_map(container, page, IOVA, PAGE, MAP_RW),
		  -EEXIST);
	unmap.flags = 0;
	unmap.argsz = sizeof(unmap) + 4096;
	ASSERT_RC(__sys_ioctl(container, VFIO_IOMMU_UNMAP_DMA, &unmap), 0);
	ASSERT_EQ(unmap.size, PAGE);
}

TEST_OVER(unmap_alignment_and_overflow, BACKENDS_LEGACY)
{
	int container = container_ready(backend);
	char *buf = sys_mmap_anon(2 * PAGE);
	__u64 size;

	container_map(container, buf, IOVA, 2 * PAGE);
	ASSERT_RC(__container_unmap(container, IOVA, 0, 0, NULL), -EINVAL);
	ASSERT_RC(__container_unmap(container, IOVA + 8, PAGE, 0, NULL),
		  -EINVAL);
	ASSERT_RC(__container_unmap(container, IOVA, 2 * PAGE - 8, 0, &size),
		  -EINVAL);
	/* The struct of a failed call is as the caller left it. */
	ASSERT_EQ(size, 2 * PAGE - 8);
	ASSERT_RC(__container_unmap(container, IOVA, -IOVA_PAGE, 0, &size),
		  wrap_errno());
	ASSERT_EQ(size, -IOVA_PAGE);
	ASSERT_RC(__container_unmap(container, -IOVA_PAGE, 2 * PAGE, 0, NULL),
		  wrap_errno());
	/* A range that ends at the last address does not overflow. */
	ASSERT_RC(__container_unmap(container, -2 * PAGE, 2 * PAGE, 0, &size),
		  0);
	ASSERT_EQ(size, 0);
	/* Old kernels miss mappings below such an end. */
	if (!sys_kernel_has(CHANGE_TYPE1_LAST_PAGE))
		return;
	ASSERT_RC(__container_unmap(container, IOVA, -IOVA, 0, &size), 0);
	ASSERT_EQ(size, 2 * PAGE);
}

TEST_OVER(unmap_nothing, BACKENDS_LEGACY)
{
	int container = container_ready(backend);
	__u64 size;

	ASSERT_RC(__container_unmap(container, IOVA, PAGE, 0, &size), 0);
	ASSERT_EQ(size, 0);
	ASSERT_RC(__container_unmap(container, 0, 0, VFIO_DMA_UNMAP_FLAG_ALL,
				    &size),
		  0);
	ASSERT_EQ(size, 0);
	ASSERT_RC(__container_unmap(container, 1ULL << 60, PAGE, 0, &size), 0);
	ASSERT_EQ(size, 0);
}

/* A range that cuts a mapping in two fails and unmaps nothing. */
TEST_OVER(unmap_bisects, BACKENDS_LEGACY)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU0), backend);
	int container = edu->vdev->space->fd;
	char *buf = sys_mmap_anon(12 * PAGE);
	unsigned int avail;
	__u64 size;

	container_map(container, buf, IOVA, 4 * PAGE);
	container_map(container, buf + 4 * PAGE, IOVA + 4 * PAGE, 4 * PAGE);
	container_map(container, buf + 8 * PAGE, IOVA + 8 * PAGE, 4 * PAGE);
	avail = container_dma_avail(container);
	ASSERT_RC(__container_unmap(container, IOVA, PAGE, 0, &size), -EINVAL);
	ASSERT_EQ(size, PAGE);
	ASSERT_RC(__container_unmap(container, IOVA + PAGE, PAGE, 0, NULL),
		  -EINVAL);
	ASSERT_RC(__container_unmap(container, IOVA + 3 * PAGE, PAGE, 0, NULL),
		  -EINVAL);
	ASSERT_RC(__container_unmap(container, IOVA + PAGE, 11 * PAGE, 0, NULL),
		  -EINVAL);
	/* The range covers the first two and cuts the third. */
	ASSERT_RC(__container_unmap(container, IOVA, 9 * PAGE, 0, &size),
		  -EINVAL);
	ASSERT_EQ(size, 9 * PAGE);
	ASSERT_AVAIL(container, avail);
	fill_pattern(buf, PAGE, 1);
	edu_load(edu, IOVA, PAGE);
	edu_store(edu, IOVA + 11 * PAGE, PAGE);
	ASSERT(is_pattern(buf + 11 * PAGE, PAGE, 1));

	/* Two at once, then the third within a range larger than itself. */
	ASSERT_RC(__container_unmap(container, IOVA, 8 * PAGE, 0, &size), 0);
	ASSERT_EQ(size, 8 * PAGE);
	ASSERT_RC(__container_unmap(container, IOVA, 64 * PAGE, 0, &size), 0);
	ASSERT_EQ(size, 4 * PAGE);
	ASSERT_AVAIL(container, avail + 3);
	edu_close_with_space(edu);
}

TEST_OVER(unmap_all, BACKENDS_LEGACY)
{
	int container = container_ready(backend);
	char *buf = sys_mmap_anon(4 * PAGE);
	unsigned int avail = container_dma_avail(container);
	__u32 all = VFIO_DMA_UNMAP_FLAG_ALL;
	__u64 size;

	container_map(container, buf, 0, PAGE);
	container_map(container, buf, IOVA, 4 * PAGE);
	container_map(container, buf, GIB(100), 2 * PAGE);
	ASSERT_RC(__container_unmap(container, 0, PAGE, all, NULL), -EINVAL);
	ASSERT_RC(__container_unmap(container, IOVA, 0, all, NULL), -EINVAL);
	ASSERT_AVAIL(container, avail - 3);
	ASSERT_RC(__container_unmap(container, 0, 0, all, &size), 0);
	ASSERT_EQ(size, 7 * PAGE);
	ASSERT_AVAIL(container, avail);
	ASSERT_EQ(sys_vm_locked(getpid()), 0);
}

TEST_OVER(locked_memory_is_counted, BACKENDS_LEGACY)
{
	int container = container_ready(backend);
	char *buf = sys_mmap_anon(MIB(4));

	container_map(container, buf, IOVA, MIB(4));
	ASSERT_EQ(sys_vm_locked(getpid()), MIB(4));
	/* Pages that are mapped again are charged again. */
	container_map(container, buf, IOVA + MIB(8), MIB(2));
	ASSERT_EQ(sys_vm_locked(getpid()), MIB(6));
	container_unmap(container, IOVA, MIB(4));
	ASSERT_EQ(sys_vm_locked(getpid()), MIB(2));
	container_unmap(container, IOVA + MIB(8), MIB(2));
	ASSERT_EQ(sys_vm_locked(getpid()), 0);
}

TEST_OVER(memlock_limit, BACKENDS_LEGACY)
{
	int container = container_ready(backend);
	char *buf = sys_mmap_anon(MIB(4));
	unsigned int avail = container_dma_avail(container);

	sys_set_memlock(MIB(2));
	/* The charge also counts for a task with CAP_IPC_LOCK. */
	container_map(container, buf, IOVA, MIB(4));
	ASSERT_EQ(sys_vm_locked(getpid()), MIB(4));
	container_unmap(container, IOVA, MIB(4));

	sys_drop_ipc_lock();
	ASSERT_RC(__container_map(container, buf, IOVA, MIB(4), MAP_RW),
		  -ENOMEM);
	ASSERT_RC(__container_map(container, buf, IOVA, MIB(2) + PAGE, MAP_RW),
		  -ENOMEM);
	ASSERT_AVAIL(container, avail);
	ASSERT_EQ(sys_vm_locked(getpid()), 0);
	container_map(container, buf, IOVA, MIB(2));
	ASSERT_RC(__container_map(container, buf, IOVA + MIB(4), PAGE, MAP_RW),
		  -ENOMEM);
	container_unmap(container, IOVA, MIB(2));
	container_map(container, buf, IOVA + MIB(4), PAGE);
}
