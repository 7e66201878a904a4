// SPDX-License-Identifier: GPL-2.0-only
/*
 * VFIO_UPDATE_VADDR: the memory of mappings moves to another address. The same
 * tests run on the kernel's own VFIO. For moves to another process see
 * type1_vaddr_process_test.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "container.h"
#include "edu.h"
#include "harness.h"
#include "pci.h"
#include "sample.h"
#include "sys.h"
#include "vaddr.h"
#include "vdev.h"

#define MAP_RW (VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE)
#define MAP_VADDR VFIO_DMA_MAP_FLAG_VADDR
#define UNMAP_ALL VFIO_DMA_UNMAP_FLAG_ALL

/* Kernels before 7.0 return the errno of other invalid arguments for a wrap. */
static int wrap_errno(void)
{
	return sys_kernel_has(CHANGE_TYPE1_OVERFLOW) ? -EOVERFLOW : -EINVAL;
}

/* Open a container with a group and set its type. */
static int new_container(enum backend backend, unsigned long type)
{
	const char *bdf = pci_need(TESTDEV_EDU0);
	int container = container_open(backend);
	int group = group_open(bdf);

	ASSERT_RC(__container_extension(container, VFIO_UPDATE_VADDR), 0);
	group_set_container(group, container);
	ASSERT_RC(__container_extension(container, VFIO_UPDATE_VADDR), 0);
	ASSERT_RC(__container_set_iommu(container, type), 0);
	ASSERT_RC(__container_extension(container, VFIO_UPDATE_VADDR), 1);
	return container;
}

static int new_container_v2(enum backend backend)
{
	return new_container(backend, VFIO_TYPE1v2_IOMMU);
}

TEST_OVER(flags, BACKENDS_LEGACY)
{
	int container = new_container_v2(backend);
	char *buf = sys_mmap_anon(2 * PAGE);

	container_map(container, buf, VADDR_IOVA, PAGE);
	vaddr_invalidate(container, VADDR_IOVA, PAGE);
	/* A request either creates a mapping or sets an address. */
	ASSERT_RC(__container_map(container, buf, VADDR_IOVA, PAGE,
				  MAP_VADDR | MAP_RW),
		  -EINVAL);
	ASSERT_RC(__container_map(container, buf, VADDR_IOVA, PAGE,
				  MAP_VADDR | VFIO_DMA_MAP_FLAG_READ),
		  -EINVAL);
	ASSERT_RC(__container_map(container, buf, VADDR_IOVA, PAGE,
				  MAP_VADDR | VFIO_DMA_MAP_FLAG_WRITE),
		  -EINVAL);
	ASSERT_RC(__container_map(container, buf, VADDR_IOVA, PAGE,
				  MAP_VADDR | 8),
		  -EINVAL);
	vaddr_restore(container, buf, VADDR_IOVA, PAGE);
	ASSERT_RC(__vaddr_invalidate(container, VADDR_IOVA, PAGE, 8, NULL),
		  -EINVAL);
	ASSERT_RC(__vaddr_invalidate(container, VADDR_IOVA, PAGE,
				     VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP,
				     NULL),
		  -EINVAL);
	ASSERT_RC(__vaddr_invalidate(container, 0, 0,
				     VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP |
					     UNMAP_ALL,
				     NULL),
		  -EINVAL);
	/* The failed requests did not invalidate the address. */
	ASSERT_RC(__vaddr_restore(container, buf, VADDR_IOVA, PAGE), -EINVAL);
}

TEST_OVER(invalidate_errnos, BACKENDS_LEGACY)
{
	int container = new_container_v2(backend);
	char *buf = sys_mmap_anon(4 * PAGE);
	__u64 bytes = 0;

	container_map(container, buf, VADDR_IOVA, 4 * PAGE);
	ASSERT_RC(__vaddr_invalidate(container, VADDR_IOVA, 0, 0, NULL),
		  -EINVAL);
	ASSERT_RC(__vaddr_invalidate(container, VADDR_IOVA + 1, PAGE, 0, NULL),
		  -EINVAL);
	ASSERT_RC(__vaddr_invalidate(container, VADDR_IOVA, PAGE + 1, 0, NULL),
		  -EINVAL);
	ASSERT_RC(__vaddr_invalidate(container, VADDR_IOVA, 0, UNMAP_ALL, NULL),
		  -EINVAL);
	ASSERT_RC(__vaddr_invalidate(container, 0, PAGE, UNMAP_ALL, NULL),
		  -EINVAL);
	ASSERT_RC(__vaddr_invalidate(container, -IOVA_PAGE, 2 * IOVA_PAGE, 0,
				     NULL),
		  wrap_errno());
	/* A range may not cut a mapping. */
	ASSERT_RC(__vaddr_invalidate(container, VADDR_IOVA, 3 * PAGE, 0,
				     &bytes),
		  -EINVAL);
	ASSERT_EQ(bytes, 3 * PAGE);
	ASSERT_RC(__vaddr_invalidate(container, VADDR_IOVA + PAGE, 3 * PAGE, 0,
				     NULL),
		  -EINVAL);
	ASSERT_RC(__vaddr_invalidate(container, VADDR_IOVA + PAGE, 8 * PAGE, 0,
				     NULL),
		  -EINVAL);
	ASSERT_RC(__vaddr_invalidate(container, VADDR_IOVA + PAGE, PAGE, 0,
				     NULL),
		  -EINVAL);
	/* A range with no mapping is valid. */
	ASSERT_RC(__vaddr_invalidate(container, VADDR_IOVA2, VADDR_SIZE, 0,
				     &bytes),
		  0);
	ASSERT_EQ(bytes, 0);
	ASSERT_RC(__vaddr_restore(container, buf, VADDR_IOVA, 4 * PAGE),
		  -EINVAL);
	/* A range that is larger than the mapping is valid. */
	ASSERT_RC(__vaddr_invalidate(container, VADDR_IOVA - PAGE, 8 * PAGE, 0,
				     &bytes),
		  0);
	ASSERT_EQ(bytes, 4 * PAGE);
	ASSERT_RC(__vaddr_invalidate(container, VADDR_IOVA, 4 * PAGE, 0,
				     &bytes),
		  -EINVAL);
	ASSERT_EQ(bytes, 4 * PAGE);
	vaddr_restore(container, buf, VADDR_IOVA, 4 * PAGE);
}

TEST_OVER(restore_errnos, BACKENDS_LEGACY)
{
	int container = new_container_v2(backend);
	char *buf = sys_mmap_anon(4 * PAGE);

	container_map(container, buf, VADDR_IOVA, 2 * PAGE);
	container_map(container, buf + 2 * PAGE, VADDR_IOVA + 2 * PAGE,
		      2 * PAGE);
	vaddr_invalidate(container, VADDR_IOVA, 4 * PAGE);

	ASSERT_RC(__vaddr_restore(container, buf, VADDR_IOVA2, PAGE), -ENOENT);
	ASSERT_RC(__vaddr_restore(container, buf, VADDR_IOVA - PAGE, PAGE),
		  -ENOENT);
	ASSERT_RC(__vaddr_restore(container, buf, VADDR_IOVA, 0), -EINVAL);
	ASSERT_RC(__vaddr_restore(container, buf, VADDR_IOVA, PAGE), -EINVAL);
	ASSERT_RC(__vaddr_restore(container, buf, VADDR_IOVA + PAGE, PAGE),
		  -EINVAL);
	ASSERT_RC(__vaddr_restore(container, buf, VADDR_IOVA, 3 * PAGE),
		  -EINVAL);
	ASSERT_RC(__vaddr_restore(container, buf, VADDR_IOVA, 4 * PAGE),
		  -EINVAL);
	ASSERT_RC(__vaddr_restore(container, buf, VADDR_IOVA - PAGE, 3 * PAGE),
		  -EINVAL);
	ASSERT_RC(__vaddr_restore(container, buf + 1, VADDR_IOVA, 2 * PAGE),
		  -EINVAL);
	ASSERT_RC(__vaddr_restore(container, buf, VADDR_IOVA + 1, 2 * PAGE),
		  -EINVAL);
	ASSERT_RC(__vaddr_restore(container, buf, VADDR_IOVA, 2 * PAGE + 1),
		  -EINVAL);
	ASSERT_RC(__vaddr_restore(container, buf, -IOVA_PAGE, 2 * IOVA_PAGE),
		  wrap_errno());
	if (sizeof(void *) == sizeof(__u64))
		ASSERT_RC(__vaddr_restore(container, (void *)-PAGE, VADDR_IOVA,
					  2 * PAGE),
			  wrap_errno());

	vaddr_restore(container, buf, VADDR_IOVA, 2 * PAGE);
	ASSERT_RC(__vaddr_restore(container, buf, VADDR_IOVA, 2 * PAGE),
		  -EINVAL);
	vaddr_restore(container, buf + 2 * PAGE, VADDR_IOVA + 2 * PAGE,
		      2 * PAGE);
	ASSERT_RC(__vaddr_restore(container, buf, VADDR_IOVA + 2 * PAGE,
				  2 * PAGE),
		  -EINVAL);
}

/* If one address is invalid already, then none of the others is invalidated. */
TEST_OVER(invalidate_rolls_back, BACKENDS_LEGACY)
{
	int container = new_container_v2(backend);
	char *buf = sys_mmap_anon(4 * PAGE);
	__u64 bytes;
	int i;

	for (i = 0; i < 4; i++)
		container_map(container, buf + i * PAGE, VADDR_IOVA + i * PAGE,
			      PAGE);
	vaddr_invalidate(container, VADDR_IOVA + 2 * PAGE, PAGE);
	ASSERT_RC(__vaddr_invalidate(container, VADDR_IOVA, 4 * PAGE, 0,
				     &bytes),
		  -EINVAL);
	ASSERT_EQ(bytes, 4 * PAGE);
	ASSERT_RC(__vaddr_invalidate(container, 0, 0, UNMAP_ALL, &bytes),
		  -EINVAL);
	for (i = 0; i < 4; i++)
		ASSERT_RC(__vaddr_restore(container, buf + i * PAGE,
					  VADDR_IOVA + i * PAGE, PAGE),
			  i == 2 ? 0 : -EINVAL);
	ASSERT_RC(__vaddr_invalidate(container, 0, 0, UNMAP_ALL, &bytes), 0);
	ASSERT_EQ(bytes, 4 * PAGE);
	for (i = 0; i < 4; i++)
		vaddr_restore(container, buf + i * PAGE, VADDR_IOVA + i * PAGE,
			      PAGE);
	container_unmap(container, VADDR_IOVA, 4 * PAGE);
	ASSERT_RC(__vaddr_invalidate(container, 0, 0, UNMAP_ALL, &bytes), 0);
	ASSERT_EQ(bytes, 0);
}

/* Version 1 selects mappings by their first IOVA, as its unmap does. */
TEST_OVER(version_1, BACKENDS_LEGACY)
{
	int container = new_container(backend, VFIO_TYPE1_IOMMU);
	char *buf = sys_mmap_anon(4 * PAGE);
	__u64 bytes;

	container_map(container, buf, VADDR_IOVA, 2 * PAGE);
	container_map(container, buf + 2 * PAGE, VADDR_IOVA + 2 * PAGE,
		      2 * PAGE);
	ASSERT_RC(__vaddr_invalidate(container, VADDR_IOVA + PAGE, 3 * PAGE, 0,
				     &bytes),
		  0);
	ASSERT_EQ(bytes, 0);
	ASSERT_RC(__vaddr_invalidate(container, VADDR_IOVA, 3 * PAGE, 0,
				     &bytes),
		  0);
	ASSERT_EQ(bytes, 4 * PAGE);
	ASSERT_RC(__vaddr_invalidate(container, VADDR_IOVA, PAGE, 0, &bytes),
		  -EINVAL);
	vaddr_restore(container, buf, VADDR_IOVA, 2 * PAGE);
	ASSERT_RC(__vaddr_invalidate(container, VADDR_IOVA, 3 * PAGE, 0,
				     &bytes),
		  -EINVAL);
	vaddr_restore(container, buf + 2 * PAGE, VADDR_IOVA + 2 * PAGE,
		      2 * PAGE);
	ASSERT_RC(__vaddr_restore(container, buf, VADDR_IOVA, 2 * PAGE),
		  -EINVAL);
	ASSERT_RC(__vaddr_invalidate(container, 0, 0, UNMAP_ALL, &bytes), 0);
	ASSERT_EQ(bytes, 4 * PAGE);
}

/* A mapping whose address is invalid counts, and can be unmapped. */
TEST_OVER(map_and_unmap_while_invalid, BACKENDS_LEGACY)
{
	int container = new_container_v2(backend);
	char *buf = sys_mmap_anon(4 * PAGE);
	unsigned int avail = container_dma_avail(container);

	container_map(container, buf, VADDR_IOVA, PAGE);
	container_map(container, buf + PAGE, VADDR_IOVA + PAGE, PAGE);
	vaddr_invalidate(container, VADDR_IOVA, 2 * PAGE);
	ASSERT_EQ(sys_vm_locked(getpid()), 2 * PAGE);
	ASSERT_EQ(container_dma_avail(container), avail - 2);
	ASSERT_RC(__container_map(container, buf, VADDR_IOVA, PAGE, MAP_RW),
		  -EEXIST);
	container_map(container, buf + 2 * PAGE, VADDR_IOVA + 2 * PAGE, PAGE);
	ASSERT_EQ(sys_vm_locked(getpid()), 3 * PAGE);
	container_unmap(container, VADDR_IOVA, PAGE);
	ASSERT_EQ(sys_vm_locked(getpid()), 2 * PAGE);
	ASSERT_RC(__vaddr_restore(container, buf, VADDR_IOVA, PAGE), -ENOENT);
	/* A new mapping at the same IOVA has a valid address. */
	container_map(container, buf, VADDR_IOVA, PAGE);
	ASSERT_RC(__vaddr_restore(container, buf, VADDR_IOVA, PAGE), -EINVAL);
	ASSERT_RC(__vaddr_restore(container, buf, VADDR_IOVA + PAGE, PAGE), 0);
	ASSERT_RC(__container_unmap(container, 0, 0, UNMAP_ALL, NULL), 0);
	ASSERT_EQ(sys_vm_locked(getpid()), 0);
	ASSERT_EQ(sys_pins_held(), 0);
}

/* DMA continues while the memory has no valid address. */
TEST_OVER(dma_continues, BACKENDS_LEGACY)
{
	struct vaddr_guest guest = vaddr_guest_open(backend);
	char *other = vaddr_map_file(guest.file);

	vaddr_check_dma(&guest, guest.mem, 0, 1);
	vaddr_invalidate(guest.container, VADDR_IOVA, VADDR_SIZE);
	vaddr_check_dma(&guest, guest.mem, PAGE, 2);
	sys_munmap(guest.mem, VADDR_SIZE);
	vaddr_check_dma(&guest, other, VADDR_SIZE - PAGE, 3);
	ASSERT_EQ(sys_vm_locked(getpid()), VADDR_SIZE);
	vaddr_restore(guest.container, other, VADDR_IOVA, VADDR_SIZE);
	vaddr_check_dma(&guest, other, 0, 4);
	ASSERT_EQ(sys_vm_locked(getpid()), VADDR_SIZE);
	ASSERT_EQ(sys_pins_held(), VADDR_SIZE / PAGE);
	container_unmap(guest.container, VADDR_IOVA, VADDR_SIZE);
	ASSERT_EQ(sys_vm_locked(getpid()), 0);
	ASSERT_EQ(sys_pins_held(), 0);
	edu_close_with_space(guest.edu);
}

TEST_OVER(close_while_invalid, BACKENDS_LEGACY)
{
	struct vaddr_guest guest = vaddr_guest_open(backend);

	vaddr_invalidate(guest.container, VADDR_IOVA, VADDR_SIZE);
	edu_close_with_space(guest.edu);
	ASSERT_EQ(sys_vm_locked(getpid()), 0);
	ASSERT_EQ(sys_pins_held(), 0);
}

/*
 * A new group may need to pin the memory, so attaching it fails while an
 * address is invalid.
 */
TEST_OVER(attach_while_invalid, BACKENDS_LEGACY)
{
	struct vaddr_guest guest = vaddr_guest_open(backend);
	int group = group_open(pci_need(TESTDEV_EDU1));

	vaddr_invalidate(guest.container, VADDR_IOVA, VADDR_SIZE);
	ASSERT_RC(__group_set_container(group, guest.container), -EBUSY);
	ASSERT_EQ(group_flags(group), VFIO_GROUP_FLAGS_VIABLE);
	vaddr_restore(guest.container, guest.mem, VADDR_IOVA, VADDR_SIZE);
	group_set_container(group, guest.container);
	/* A group can leave while an address is invalid. */
	vaddr_invalidate(guest.container, VADDR_IOVA, VADDR_SIZE);
	ASSERT_RC(__group_unset_container(group), 0);
	ASSERT_RC(__group_set_container(group, guest.container), -EBUSY);
	container_unmap(guest.container, VADDR_IOVA, VADDR_SIZE);
	group_set_container(group, guest.container);
	sys_close(group);
	edu_close_with_space(guest.edu);
}

static int open_sample_group(void)
{
	char path[32];

	sample_load();
	snprintf(path, sizeof(path), "/dev/vfio/%d", sample_group(0));
	return sys_open(path, O_RDWR);
}

/*
 * The driver of an emulated device may pin memory at any time, so addresses
 * cannot be invalidated.
 */
TEST_OVER(not_with_emulated_devices, BACKENDS_LEGACY)
{
	struct vaddr_guest guest = vaddr_guest_open(backend);
	int group = open_sample_group();

	vaddr_invalidate(guest.container, VADDR_IOVA, VADDR_SIZE);
	ASSERT_RC(__group_set_container(group, guest.container), -EBUSY);
	vaddr_restore(guest.container, guest.mem, VADDR_IOVA, VADDR_SIZE);

	group_set_container(group, guest.container);
	ASSERT_RC(__container_extension(guest.container, VFIO_UPDATE_VADDR), 0);
	ASSERT_RC(__vaddr_invalidate(guest.container, VADDR_IOVA, VADDR_SIZE, 0,
				     NULL),
		  -EBUSY);
	ASSERT_RC(__vaddr_invalidate(guest.container, VADDR_IOVA, 0, 0, NULL),
		  -EBUSY);
	ASSERT_RC(__vaddr_invalidate(guest.container, 0, 0, UNMAP_ALL, NULL),
		  -EBUSY);
	ASSERT_RC(__vaddr_invalidate(guest.container, 1, 1, 0, NULL), -EBUSY);
	ASSERT_RC(__vaddr_restore(guest.container, guest.mem, VADDR_IOVA,
				  VADDR_SIZE),
		  -EINVAL);
	ASSERT_RC(__vaddr_restore(guest.container, guest.mem, VADDR_IOVA2,
				  VADDR_SIZE),
		  -ENOENT);
	ASSERT_RC(__group_unset_container(group), 0);
	ASSERT_RC(__container_extension(guest.container, VFIO_UPDATE_VADDR), 1);
	vaddr_invalidate(guest.container, VADDR_IOVA, VADDR_SIZE);
	sys_close(group);
	edu_close_with_space(guest.edu);
}

/* Later pins use the memory at the new address. */
TEST_OVER(new_address_counts, BACKENDS_LEGACY)
{
	struct vaddr_guest guest = vaddr_guest_open(backend);
	struct space *space = guest.edu->vdev->space;
	struct space_group *group = space->groups;
	char *other = sys_mmap_anon(VADDR_SIZE);
	char page[PAGE];
	int fd;

	fill_pattern(guest.mem, VADDR_SIZE, 1);
	fill_pattern(other, VADDR_SIZE, 2);
	vaddr_invalidate(guest.container, VADDR_IOVA, VADDR_SIZE);
	vaddr_restore(guest.container, other, VADDR_IOVA, VADDR_SIZE);
	/* The device keeps the old memory, which is still pinned. */
	edu_load(guest.edu, VADDR_IOVA, PAGE);
	edu_store(guest.edu, VADDR_IOVA + PAGE, PAGE);
	ASSERT(is_pattern(guest.mem + PAGE, PAGE, 1));

	fd = sample_open_in(space, 0);
	edu_close(guest.edu);
	ASSERT_RC(__group_unset_container(group->fd), 0);
	ASSERT_EQ(sys_pins_held(), 0);
	ASSERT_EQ(sys_vm_locked(getpid()), 0);
	sys_munmap(guest.mem, VADDR_SIZE);
	sample_pin(fd, VADDR_IOVA, 1);
	sample_peek(fd, VADDR_IOVA, page, PAGE);
	ASSERT(!memcmp(page, other, PAGE));
	ASSERT_EQ(sys_vm_locked(getpid()), PAGE);
	sys_close(fd);
	space_close(space);
}

TEST_OVER(emulated_devices_alone, BACKENDS_LEGACY)
{
	int container = container_open(backend);
	int group = open_sample_group();

	group_set_container(group, container);
	container_set_iommu(container);
	ASSERT_RC(__container_extension(container, VFIO_UPDATE_VADDR), 0);
	ASSERT_RC(__vaddr_invalidate(container, VADDR_IOVA, VADDR_SIZE, 0,
				     NULL),
		  -EBUSY);
	sys_close(group);
	sys_close(container);
}
