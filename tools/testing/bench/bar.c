// SPDX-License-Identifier: GPL-2.0-only
/* A large BAR, mapped for the DMA of another device by its address. */
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "bench.h"
#include "pci.h"
#include "sys.h"

#define BAR_IOVA GIB(32)

/* The BAR of an ivshmem with memory */
#define BAR_INDEX VFIO_PCI_BAR2_REGION_INDEX

static char *bar_memory;
static size_t bar_size;
static char *bar_area;

/*
 * Move the mapping to an address at which the kernel can use huge pages. It chooses
 * one without regard to that, so which set is fast would be a matter of luck.
 */
static void bar_align(void)
{
	const uintptr_t align = GIB(1);
	char *to;

	bar_area = mmap(NULL, bar_size + align, PROT_NONE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	ASSERT(bar_area != MAP_FAILED);
	to = (char *)(((uintptr_t)bar_area + align - 1) & ~(align - 1));
	bar_memory = mremap(bar_memory, bar_size, bar_size,
			    MREMAP_MAYMOVE | MREMAP_FIXED, to);
	ASSERT(bar_memory == to);
}

static void bar_open(struct bench_run *run)
{
	run->other = vdev_open_in(run->vdev->space, pci_need(TESTDEV_SHMEM));
	vdev_enable(run->other, true);
	bar_memory = vdev_mmap(run->other, BAR_INDEX, &bar_size);
	bar_align();
}

/* The kernel's own iommufd refuses memory of a device by its address. */
static void bar_run(struct bench_run *run)
{
	struct space *space = run->vdev->space;
	size_t size = bar_size;
	double start, mapped;
	int ret;

	/* the kernel's own type1 looks up each page of 4 KiB */
	if (bench_counted)
		size /= 16;
	start = bench_now();
	ret = __space_map(space, bar_memory, BAR_IOVA, size, DMA_RW);
	mapped = bench_now();
	if (ret && strcmp(run->set, "ours"))
		return;
	ASSERT_RC(ret, 0);
	bench_report(run, "bar_map", mapped - start, "us");
	start = bench_now();
	space_unmap(space, BAR_IOVA, size);
	bench_report(run, "bar_unmap", bench_now() - start, "us");
}

static void bar_close(struct bench_run *run)
{
	sys_munmap(bar_area, bar_size + GIB(1));
	vdev_close(run->other);
	run->other = NULL;
}

const struct bench bar_benches[] = {
	{ .name = "bar_map_unmap",
	  .backends = BACKEND_CONTAINER | BACKEND_IOMMUFD,
	  .reps = 2,
	  .setup = bar_open,
	  .run = bar_run,
	  .teardown = bar_close },
	{},
};
