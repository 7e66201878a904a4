// SPDX-License-Identifier: GPL-2.0-only
/* Memory that is not like other memory, when it is mapped in a container. */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "container.h"
#include "harness.h"
#include "pci.h"
#include "sys.h"
#include "uffd.h"

#define IOVA 0x10000000ULL
#define RW (VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE)

/** struct mapper - a thread that maps */
struct mapper {
	/** @container: where */
	int container;
	/** @mem: what, a page */
	void *mem;
	/** @rc: what came of it */
	int rc;
};

static void *map_one(void *arg)
{
	struct mapper *mapper = arg;

	mapper->rc =
		__container_map(mapper->container, mapper->mem, IOVA, PAGE, RW);
	return NULL;
}

/*
 * Devices are opened and closed, and constants told, while a mapping waits for
 * its memory: other groups with devices on the same bus would wait too.
 */
TEST_OVER(open_while_a_map_waits, BACKENDS_LEGACY)
{
	const char *bdf = pci_need(TESTDEV_EDU0);
	int container = container_open(backend);
	struct mapper mapper = { .container = container,
				 .mem = sys_mmap_anon(PAGE) };
	int group = group_open(bdf);
	pthread_t thread;
	int uffd;

	group_set_container(group, container);
	container_set_iommu(container);
	uffd = uffd_over(mapper.mem, PAGE);
	ASSERT(!pthread_create(&thread, NULL, map_one, &mapper));
	/* it has come to the page */
	uffd_wait(uffd);

	sys_close(group_device(group, bdf));
	ASSERT_RC(__container_extension(container, VFIO_TYPE1v2_IOMMU), 1);
	ASSERT_RC(__container_extension(container, VFIO_NOIOMMU_IOMMU), 0);

	uffd_fill(uffd, mapper.mem, PAGE);
	ASSERT(!pthread_join(thread, NULL));
	ASSERT_RC(mapper.rc, 0);
	container_unmap(container, IOVA, PAGE);
	ASSERT_EQ(sys_pins_held(), 0);
}

/* A key keeps the program off, not a device that the program lets in. */
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

/* What the program itself may not reach stays out of reach. */
TEST_OVER(map_without_access, BACKENDS_LEGACY)
{
	int container = container_ready(backend);
	char *mem = sys_mmap_anon(2 * PAGE);
	unsigned int avail = container_dma_avail(container);

	ASSERT(!mprotect(mem + PAGE, PAGE, PROT_NONE));
	ASSERT_RC(__container_map(container, mem, IOVA, 2 * PAGE, RW), -EFAULT);
	ASSERT(!mprotect(mem + PAGE, PAGE, PROT_READ));
	ASSERT_RC(__container_map(container, mem, IOVA, 2 * PAGE, RW), -EFAULT);
	ASSERT_EQ(container_dma_avail(container), avail);
	ASSERT_EQ(sys_pins_held(), 0);
}
