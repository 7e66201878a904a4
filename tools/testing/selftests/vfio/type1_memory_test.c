// SPDX-License-Identifier: GPL-2.0-only
/* Container mappings of memory that the program may not access. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "container.h"
#include "harness.h"
#include "pci.h"
#include "sys.h"

#define IOVA 0x10000000ULL
#define MAP_RW (VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE)

/* A protection key restricts the program, not the DMA of its devices. */
TEST_OVER(map_behind_a_protection_key, BACKENDS_LEGACY)
{
	int container = container_ready(backend);
	char *mem = sys_mmap_anon(4 * PAGE);
	int key;

	fill_pattern(mem, 4 * PAGE, 3);
	key = pkey_alloc(0, PKEY_DISABLE_ACCESS);
	if (key < 0)
		SKIP("the processor has no protection keys");
	ASSERT(!pkey_mprotect(mem + PAGE, 2 * PAGE, PROT_READ | PROT_WRITE,
			      key));
	container_map(container, mem, IOVA, 4 * PAGE);
	ASSERT_EQ(sys_vm_locked(getpid()), 4 * PAGE);
	container_unmap(container, IOVA, 4 * PAGE);
	ASSERT_EQ(sys_pins_held(), 0);
	ASSERT_RC(__container_map(container, mem, IOVA, 4 * PAGE,
				  VFIO_DMA_MAP_FLAG_READ),
		  0);
	container_unmap(container, IOVA, 4 * PAGE);
	ASSERT(!pkey_set(key, 0));
	ASSERT(is_pattern(mem, 4 * PAGE, 3));
}

/* Memory that the program may not access cannot be mapped. */
TEST_OVER(map_without_access, BACKENDS_LEGACY)
{
	int container = container_ready(backend);
	char *mem = sys_mmap_anon(2 * PAGE);
	unsigned int avail = container_dma_avail(container);

	ASSERT(!mprotect(mem + PAGE, PAGE, PROT_NONE));
	ASSERT_RC(__container_map(container, mem, IOVA, 2 * PAGE, MAP_RW),
		  -EFAULT);
	ASSERT(!mprotect(mem + PAGE, PAGE, PROT_READ));
	ASSERT_RC(__container_map(container, mem, IOVA, 2 * PAGE, MAP_RW),
		  -EFAULT);
	ASSERT_EQ(container_dma_avail(container), avail);
	ASSERT_EQ(sys_pins_held(), 0);
}

/* A BAR, and memory without access behind it */
TEST_OVER(map_beyond_a_bar, BACKENDS_LEGACY)
{
	const char *bdf = pci_need(TESTDEV_EDU0);
	int container = container_open(backend);
	int group = group_open(bdf);
	char *bar = sys_mmap_anon(2 * PAGE);
	unsigned int shift;
	int fd;

	group_set_container(group, container);
	container_set_iommu(container);
	fd = group_device(group, bdf);
	ASSERT(!mprotect(bar + PAGE, PAGE, PROT_NONE));
	ASSERT(mmap(bar, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
		    fd, 0) != MAP_FAILED);
	sys_drop_ipc_lock();
	sys_set_memlock(16 * PAGE);
	for (shift = 20; shift < 47; shift++) {
		test_note("2^%u bytes", shift);
		ASSERT_RC(__container_map(container, bar, 1ULL << 32,
					  1ULL << shift, MAP_RW),
			  -EFAULT);
	}
	ASSERT_EQ(sys_pins_held(), 0);
}
