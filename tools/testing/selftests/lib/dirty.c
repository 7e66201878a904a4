// SPDX-License-Identifier: GPL-2.0-only
/* The dirty log of a container. */
#include "dirty.h"

#include <linux/vfio.h>
#include <stdint.h>
#include <sys/mman.h>

#include "harness.h"
#include "sample.h"
#include "sys.h"

static int log_change(int container, __u32 flags)
{
	struct vfio_iommu_type1_dirty_bitmap cmd = {
		.argsz = sizeof(cmd),
		.flags = flags,
	};

	return __sys_ioctl(container, VFIO_IOMMU_DIRTY_PAGES, &cmd);
}

int __log_start(int container)
{
	return log_change(container, VFIO_IOMMU_DIRTY_PAGES_FLAG_START);
}

void log_start(int container)
{
	ASSERT_RC(__log_start(container), 0);
}

int __log_stop(int container)
{
	return log_change(container, VFIO_IOMMU_DIRTY_PAGES_FLAG_STOP);
}

void log_stop(int container)
{
	ASSERT_RC(__log_stop(container), 0);
}

static struct log_bitmap log_bitmap_for(__u64 nr_pages, void *data)
{
	return (struct log_bitmap){
		.pgsize = PAGE,
		.size = (nr_pages + 63) / 64 * 8,
		.data = (uintptr_t)data,
	};
}

/* Return a valid request, which the caller may send or make invalid. */
struct log_get log_get_request(__u64 iova, __u64 nr_pages, void *data)
{
	return (struct log_get){
		.argsz = sizeof(struct log_get),
		.flags = VFIO_IOMMU_DIRTY_PAGES_FLAG_GET_BITMAP,
		.iova = iova,
		.size = nr_pages * IOVA_PAGE,
		.bitmap = log_bitmap_for(nr_pages, data),
	};
}

int __log_send(int container, struct log_get *get)
{
	return __sys_ioctl(container, VFIO_IOMMU_DIRTY_PAGES, get);
}

int __log_get(int container, __u64 iova, __u64 nr_pages, void *data)
{
	struct log_get get = log_get_request(iova, nr_pages, data);

	return __log_send(container, &get);
}

void log_get(int container, __u64 iova, __u64 nr_pages, void *data)
{
	ASSERT_RC(__log_get(container, iova, nr_pages, data), 0);
}

/*
 * Return the dirty bits of 64 pages. @mapped has a bit for each page that is
 * mapped: the kernel's own VFIO also sets some of the other bits if the log is
 * read for the second time.
 */
__u64 log_word(int container, __u64 iova, __u64 mapped)
{
	__u64 word = 0;

	log_get(container, iova, 64, &word);
	return sample_stock() ? word & mapped : word;
}

struct log_unmap log_unmap_request(__u64 iova, __u64 nr_pages, void *data)
{
	return (struct log_unmap){
		.argsz = sizeof(struct log_unmap),
		.flags = VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP,
		.iova = iova,
		.size = nr_pages * IOVA_PAGE,
		.bitmap = log_bitmap_for(nr_pages, data),
	};
}

/* The kernel updates the size in @unmap on success and on error. */
int __log_unmap(int container, struct log_unmap *unmap)
{
	return __sys_ioctl(container, VFIO_IOMMU_UNMAP_DMA, unmap);
}

/* Return a page that is followed by memory without access. */
char *page_before_hole(void)
{
	char *mem = sys_mmap_anon(2 * PAGE);

	/* not unmapped, so that no other mapping is placed there */
	ASSERT(!mprotect(mem + PAGE, PAGE, PROT_NONE));
	return mem;
}
