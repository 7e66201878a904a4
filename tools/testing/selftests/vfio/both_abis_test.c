// SPDX-License-Identifier: GPL-2.0-only
/*
 * One context with both ABIs: a container with groups, and the IOAS behind it.
 */
#include <errno.h>
#include <linux/iommufd.h>
#include <linux/vfio.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "container.h"
#include "dirty.h"
#include "dmabuf.h"
#include "edu.h"
#include "harness.h"
#include "ioas.h"
#include "observe.h"
#include "pci.h"
#include "sample.h"
#include "space.h"
#include "sys.h"
#include "vaddr.h"
#include "vdev.h"

#define IOVA 0x10000000ULL
#define OTHER (IOVA + 16 * IOVA_PAGE)
#define UNMAP_ALL VFIO_DMA_UNMAP_FLAG_ALL
#define MAP_RW (VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE)

static __u32 vfio_ioas_get(int fd)
{
	__u32 id = 0;

	ASSERT_RC(__vfio_ioas(fd, IOMMU_VFIO_IOAS_GET, &id), 0);
	return id;
}

static void vfio_ioas_set(int fd, __u32 id)
{
	ASSERT_RC(__vfio_ioas(fd, IOMMU_VFIO_IOAS_SET, &id), 0);
}

/** struct both - an edu device in a container, and the IOAS behind that */
struct both {
	/** @edu: the device */
	struct edu *edu;
	/** @fd: the container */
	int fd;
	/** @ioas: ID of its IOAS */
	__u32 ioas;
	/** @mem: 4 pages, not mapped */
	char *mem;
};

static struct both both_open(enum backend backend)
{
	struct both both = {
		.edu = edu_open(pci_need(TESTDEV_EDU0), backend),
		.mem = sys_mmap_anon(4 * PAGE),
	};

	both.fd = both.edu->vdev->space->fd;
	both.ioas = vfio_ioas_get(both.fd);
	return both;
}

/* Page 0 by the container, and page 1 behind it by the IOAS. */
static void both_map(const struct both *both)
{
	container_map(both->fd, both->mem, IOVA, PAGE);
	ioas_map_fixed(both->fd, both->ioas, both->mem + PAGE, IOVA + IOVA_PAGE,
		       PAGE);
}

/* Also a second device, by its own node, attached to @ioas of the context. */
static struct edu *edu_attach(int fd, __u32 ioas)
{
	struct space *space = sys_zalloc(sizeof(*space));

	space->backend = BACKEND_IOMMUFD;
	space->fd = fd;
	space->ioas = ioas;
	return edu_open_in(space, pci_need(TESTDEV_EDU1));
}

TEST_OVER(id_of_the_ioas, BACKENDS_LEGACY)
{
	int fd = container_open(backend);
	int group = group_open(pci_need(TESTDEV_EDU0));
	__u32 id = 0, ioas;

	ASSERT_RC(__vfio_ioas(fd, IOMMU_VFIO_IOAS_GET, &id), -ENODEV);
	group_set_container(group, fd);
	ioas = vfio_ioas_get(fd);
	ASSERT_EQ(vfio_ioas_get(fd), ioas);
	container_set_iommu(fd);
	ASSERT_EQ(vfio_ioas_get(fd), ioas);
	ASSERT_RC(__iommufd_destroy(fd, ioas), -EBUSY);
	/* it stays when the last group leaves, and the next group finds it */
	ASSERT_RC(__group_unset_container(group), 0);
	ASSERT_EQ(vfio_ioas_get(fd), ioas);
	group_set_container(group, fd);
	container_set_iommu(fd);
	ASSERT_EQ(vfio_ioas_get(fd), ioas);
	ASSERT_RC(__group_unset_container(group), 0);
	iommufd_destroy(fd, ioas);
	ASSERT_RC(__vfio_ioas(fd, IOMMU_VFIO_IOAS_GET, &id), -ENODEV);
	group_set_container(group, fd);
	container_set_iommu(fd);
	ASSERT(vfio_ioas_get(fd));
}

/* A pointer to nothing changes nothing that a second call would not find. */
TEST_OVER(id_to_bad_memory, BACKENDS_LEGACY)
{
	struct both both = both_open(backend);
	struct iommu_vfio_ioas *cmd = (void *)page_before_hole();

	ASSERT_RC(__sys_ioctl(both.fd, IOMMU_VFIO_IOAS, BAD_PTR), -EFAULT);
	*cmd = (struct iommu_vfio_ioas){
		.size = sizeof(*cmd),
		.op = IOMMU_VFIO_IOAS_GET,
	};
	ASSERT(!mprotect(cmd, PAGE, PROT_READ));
	ASSERT_RC(__sys_ioctl(both.fd, IOMMU_VFIO_IOAS, cmd), -EFAULT);
	ASSERT_EQ(vfio_ioas_get(both.fd), both.ioas);
	edu_close_with_space(both.edu);
}

TEST_OVER(dma_through_both, BACKENDS_LEGACY)
{
	struct both both = both_open(backend);

	container_map(both.fd, both.mem, IOVA, PAGE);
	ioas_map_fixed(both.fd, both.ioas, both.mem + PAGE, OTHER, PAGE);
	edu_round_trip(both.edu, both.mem, IOVA, 1);
	edu_round_trip(both.edu, both.mem + PAGE, OTHER, 2);
	edu_close_with_space(both.edu);
}

TEST_OVER(each_occupies_its_iova, BACKENDS_LEGACY)
{
	struct both both = both_open(backend);
	__u64 iova;

	container_map(both.fd, both.mem, IOVA, 2 * PAGE);
	ASSERT_RC(__ioas_map_fixed(both.fd, both.ioas, both.mem, IOVA + PAGE,
				   PAGE, DMA_RW),
		  -EEXIST);
	ioas_map_fixed(both.fd, both.ioas, both.mem, OTHER, 2 * PAGE);
	ASSERT_RC(__container_map(both.fd, both.mem, OTHER + PAGE, PAGE,
				  MAP_RW),
		  -EEXIST);
	iova = ioas_map(both.fd, both.ioas, both.mem, PAGE);
	ASSERT(iova + PAGE <= IOVA || iova >= IOVA + 2 * PAGE);
	edu_close_with_space(both.edu);
}

TEST_OVER(unmap_by_its_own_abi, BACKENDS_LEGACY)
{
	struct both both = both_open(backend);
	__u64 unmapped;

	container_map(both.fd, both.mem, IOVA, PAGE);
	ioas_map_fixed(both.fd, both.ioas, both.mem + PAGE, IOVA + IOVA_PAGE,
		       2 * PAGE);
	container_map(both.fd, both.mem, IOVA + 3 * IOVA_PAGE, PAGE);

	/* nothing of the other's is found, not even the part of a mapping */
	ASSERT_RC(__container_unmap(both.fd, IOVA + IOVA_PAGE, PAGE, 0,
				    &unmapped),
		  0);
	ASSERT_EQ(unmapped, 0);
	ASSERT_RC(__ioas_unmap(both.fd, both.ioas, IOVA, PAGE, &unmapped),
		  -ENOENT);
	/* a range with mappings of both */
	ASSERT_RC(__container_unmap(both.fd, IOVA, 2 * PAGE, 0, &unmapped), 0);
	ASSERT_EQ(unmapped, PAGE);
	edu_round_trip(both.edu, both.mem + PAGE, IOVA + IOVA_PAGE, 3);
	/* all */
	ASSERT_RC(__container_unmap(both.fd, 0, 0, UNMAP_ALL, &unmapped), 0);
	ASSERT_EQ(unmapped, PAGE);
	edu_round_trip(both.edu, both.mem + PAGE, IOVA + IOVA_PAGE, 4);
	container_map(both.fd, both.mem, IOVA, PAGE);
	ASSERT_RC(__ioas_unmap(both.fd, both.ioas, 0, ~0ULL, &unmapped), 0);
	ASSERT_EQ(unmapped, 2 * PAGE);
	edu_round_trip(both.edu, both.mem, IOVA, 5);
	container_unmap(both.fd, IOVA, PAGE);
	ASSERT_EQ(sys_pins_held(), 0);
	edu_close_with_space(both.edu);
}

/* VFIO_TYPE1_IOMMU unmaps each mapping that begins in the range. */
TEST_OVER(unmap_by_type1, BACKENDS_LEGACY)
{
	const char *bdf = pci_need(TESTDEV_EDU0);
	char *mem = sys_mmap_anon(4 * PAGE);
	int fd = container_open(backend);
	int group = group_open(bdf);
	__u64 unmapped;
	__u32 ioas;

	group_set_container(group, fd);
	ASSERT_RC(__container_set_iommu(fd, VFIO_TYPE1_IOMMU), 0);
	ioas = vfio_ioas_get(fd);
	ioas_map_fixed(fd, ioas, mem, IOVA, 2 * PAGE);
	container_map(fd, mem, IOVA + 2 * IOVA_PAGE, 2 * PAGE);
	/* the range begins inside of the IOAS's, which does not count */
	ASSERT_RC(__container_unmap(fd, IOVA + IOVA_PAGE, 2 * PAGE, 0,
				    &unmapped),
		  0);
	ASSERT_EQ(unmapped, 2 * PAGE);
	ioas_unmap(fd, ioas, IOVA, 2 * PAGE);
}

TEST_OVER(limit_of_the_container, BACKENDS_LEGACY)
{
	struct both both = both_open(backend);
	unsigned int avail = container_dma_avail(both.fd);

	ioas_map_fixed(both.fd, both.ioas, both.mem, IOVA, PAGE);
	ASSERT_EQ(container_dma_avail(both.fd), avail);
	container_map(both.fd, both.mem, OTHER, PAGE);
	ASSERT_EQ(container_dma_avail(both.fd), avail - 1);
	ioas_unmap(both.fd, both.ioas, IOVA, PAGE);
	ASSERT_EQ(container_dma_avail(both.fd), avail - 1);
	container_unmap(both.fd, OTHER, PAGE);
	ASSERT_EQ(container_dma_avail(both.fd), avail);
	edu_close_with_space(both.edu);
}

TEST_OVER(copy_in_both_directions, BACKENDS_LEGACY)
{
	struct both both = both_open(backend);
	__u32 ioas = ioas_alloc(both.fd);
	struct edu *other = edu_attach(both.fd, ioas);

	container_map(both.fd, both.mem, IOVA, PAGE);
	ASSERT_RC(__ioas_copy(both.fd, both.ioas, IOVA, PAGE, ioas, OTHER,
			      DMA_RW),
		  0);
	edu_round_trip(other, both.mem, OTHER, 6);
	container_unmap(both.fd, IOVA, PAGE);
	edu_round_trip(other, both.mem, OTHER, 7);
	ASSERT_RC(__ioas_copy(both.fd, ioas, OTHER, PAGE, both.ioas, IOVA,
			      DMA_RW),
		  0);
	edu_round_trip(both.edu, both.mem, IOVA, 8);
	edu_close(other);
	edu_close_with_space(both.edu);
}

TEST_OVER(map_file, BACKENDS_LEGACY)
{
	struct both both = both_open(backend);
	int file = dmabuf_memfd(PAGE, 0);
	__u64 iova = IOVA;
	char *mem;

	mem = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	ASSERT(mem != MAP_FAILED);
	ASSERT_RC(__ioas_map_file(both.fd, both.ioas, file, 0, PAGE, DMA_RW,
				  &iova),
		  0);
	edu_round_trip(both.edu, mem, iova, 9);
	edu_close_with_space(both.edu);
}

/* Groups are attached to the IOAS that was selected before. */
TEST_OVER(selected_before_the_group, BACKENDS_LEGACY)
{
	struct space *space = space_open(backend);
	char *mem = sys_mmap_anon(2 * PAGE);
	__u32 ioas = ioas_alloc(space->fd), id;
	struct edu *other, *edu;

	ioas_map_fixed(space->fd, ioas, mem, IOVA, PAGE);
	other = edu_attach(space->fd, ioas);
	vfio_ioas_set(space->fd, ioas);
	edu = edu_open_in(space, pci_need(TESTDEV_EDU0));
	ASSERT_EQ(vfio_ioas_get(space->fd), ioas);
	edu_round_trip(edu, mem, IOVA, 10);
	container_map(space->fd, mem + PAGE, OTHER, PAGE);
	edu_round_trip(other, mem + PAGE, OTHER, 11);

	/* the groups keep their IOAS */
	id = ioas_alloc(space->fd);
	ASSERT_RC(__vfio_ioas(space->fd, IOMMU_VFIO_IOAS_SET, &id), -EBUSY);
	vfio_ioas_set(space->fd, ioas);
	ASSERT_RC(__vfio_ioas(space->fd, IOMMU_VFIO_IOAS_CLEAR, &id), 0);
	ASSERT_EQ(vfio_ioas_get(space->fd), ioas);
	ASSERT_RC(__iommufd_destroy(space->fd, ioas), -EBUSY);
	container_unmap(space->fd, OTHER, PAGE);
	edu_close(other);
	edu_close_with_space(edu);
}

/* A mapping that the group cannot have keeps it outside. */
TEST_OVER(selected_with_reserved_iova, BACKENDS_LEGACY)
{
	char *mem = sys_mmap_anon(PAGE);
	int group = group_open(pci_need(TESTDEV_EDU0));
	int fd = container_open(backend);
	__u32 ioas = ioas_alloc(fd);

	/* beyond any IOMMU */
	ioas_map_fixed(fd, ioas, mem, 1ULL << 62, PAGE);
	vfio_ioas_set(fd, ioas);
	group_set_container(group, fd);
	ASSERT_RC(__container_set_iommu(fd, VFIO_TYPE1v2_IOMMU), -EINVAL);
	ioas_unmap(fd, ioas, 1ULL << 62, PAGE);
	container_set_iommu(fd);
	ASSERT_EQ(vfio_ioas_get(fd), ioas);
}

TEST_OVER(the_last_group_leaves, BACKENDS_LEGACY)
{
	struct space *space = space_open(backend);
	char *mem = sys_mmap_anon(2 * PAGE);
	__u32 ioas = ioas_alloc(space->fd);
	struct edu *other = edu_attach(space->fd, ioas);
	int group = group_open(pci_need(TESTDEV_EDU0));

	vfio_ioas_set(space->fd, ioas);
	group_set_container(group, space->fd);
	container_set_iommu(space->fd);
	container_map(space->fd, mem, IOVA, PAGE);
	ioas_map_fixed(space->fd, ioas, mem + PAGE, OTHER, PAGE);
	edu_round_trip(other, mem, IOVA, 12);
	ASSERT_RC(__group_unset_container(group), 0);
	edu_round_trip(other, mem + PAGE, OTHER, 13);
	/* now this is free, and the ioctls are served by the IOAS */
	ioas_map_fixed(space->fd, ioas, mem, IOVA, PAGE);
	container_unmap(space->fd, IOVA, PAGE);
	edu_close(other);
	space_close(space);
}

/* The group keeps all that is mapped, dma-bufs included. */
TEST_OVER(closed_with_a_group, BACKENDS_LEGACY)
{
	int memfd = dmabuf_memfd(PAGE, 0);
	int dmabuf = dmabuf_of_memfd(memfd, 0, PAGE);
	struct both both = both_open(backend);
	char *mem;
	__u64 iova = OTHER;

	mem = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, memfd, 0);
	ASSERT(mem != MAP_FAILED);
	both_map(&both);
	ASSERT_RC(__ioas_map_file(both.fd, both.ioas, dmabuf, 0, PAGE, DMA_RW,
				  &iova),
		  0);
	sys_close(both.fd);
	sys_close(dmabuf);
	edu_round_trip(both.edu, both.mem, IOVA, 14);
	edu_round_trip(both.edu, both.mem + PAGE, IOVA + IOVA_PAGE, 15);
	edu_round_trip(both.edu, mem, iova, 16);
	both.edu->vdev->space->fd = sys_eventfd();
	edu_close_with_space(both.edu);
	ASSERT_EQ(sys_pins_held(), 0);
	ASSERT_EQ(dmabuf_attachments(), 0);
}

TEST_OVER(dirty_log, BACKENDS_LEGACY)
{
	struct both both = both_open(backend);
	struct log_unmap unmap;
	__u64 bits = 0;

	both_map(&both);
	log_start(both.fd);
	ioas_map_fixed(both.fd, both.ioas, both.mem + PAGE, OTHER, PAGE);
	/* only what the container has mapped is in the log */
	log_get(both.fd, IOVA, 32, &bits);
	ASSERT_EQ(bits & ~1ULL, 0);
	ioas_unmap(both.fd, both.ioas, OTHER, PAGE);
	unmap = log_unmap_request(IOVA, 32, &bits);
	ASSERT_RC(__log_unmap(both.fd, &unmap), 0);
	ASSERT_EQ(unmap.size, PAGE);
	log_stop(both.fd);
	edu_round_trip(both.edu, both.mem + PAGE, IOVA + IOVA_PAGE, 17);
	edu_close_with_space(both.edu);
}

TEST_OVER(addresses_of_the_container, BACKENDS_LEGACY)
{
	struct both both = both_open(backend);
	__u64 bytes;

	both_map(&both);
	bytes = 0;
	ASSERT_RC(__vaddr_invalidate(both.fd, IOVA, 2 * PAGE, 0, &bytes), 0);
	ASSERT_EQ(bytes, PAGE);
	ASSERT_RC(__vaddr_restore(both.fd, both.mem, IOVA + IOVA_PAGE, PAGE),
		  -ENOENT);
	vaddr_restore(both.fd, both.mem, IOVA, PAGE);
	edu_round_trip(both.edu, both.mem, IOVA, 18);
	edu_close_with_space(both.edu);
}

/* The driver of an emulated device in the container pins through both. */
TEST_OVER(emulated_device, BACKENDS_LEGACY)
{
	struct space *space = space_open(backend);
	int fd = sample_open_in(space, 0);
	char *mem = sys_mmap_anon(2 * PAGE), page[PAGE];
	__u32 ioas = vfio_ioas_get(space->fd);

	container_map(space->fd, mem, IOVA, PAGE);
	ioas_map_fixed(space->fd, ioas, mem + PAGE, IOVA + IOVA_PAGE, PAGE);
	fill_pattern(mem, 2 * PAGE, 19);
	sample_pin(fd, IOVA, 1);
	sample_pin(fd, IOVA + IOVA_PAGE, 1);
	sample_peek(fd, IOVA + IOVA_PAGE, page, PAGE);
	ASSERT(!memcmp(page, mem + PAGE, PAGE));
	/* each unmap asks the driver to unpin its own part */
	ioas_unmap(space->fd, ioas, IOVA + IOVA_PAGE, PAGE);
	ASSERT_EQ(sample_pinned(fd), 1);
	container_unmap(space->fd, IOVA, PAGE);
	ASSERT_EQ(sample_pinned(fd), 0);
	sys_close(fd);
	space_close(space);
}

/* A group is removed even if a user of the IOAS does not unpin. */
TEST_OVER(pinned_by_a_user_of_the_ioas, BACKENDS_LEGACY)
{
	const char *timeout = "/sys/module/iommufd/parameters/unpin_timeout";
	int group = group_open(pci_need(TESTDEV_EDU0));
	int fd = container_open(backend), sample;
	struct space by_node = {
		.backend = BACKEND_IOMMUFD,
		.fd = fd,
		.ioas = ioas_alloc(fd),
	};
	char *mem = sys_mmap_anon(PAGE);

	sample = sample_open_in(&by_node, 0);
	vfio_ioas_set(fd, by_node.ioas);
	group_set_container(group, fd);
	container_set_iommu(fd);
	ASSERT_RC(__container_extension(fd, VFIO_UPDATE_VADDR), 0);
	container_map(fd, mem, IOVA, PAGE);
	sample_pin(sample, IOVA, 1);
	ASSERT_RC(__sys_ioctl_val(sample, VFIO_SAMPLE_STUBBORN, 1), 0);
	ASSERT_RC(__sys_write_file(timeout, "1"), 0);
	ASSERT_RC(__group_unset_container(group), 0);
	ASSERT_RC(__sys_write_file(timeout, "10"), 0);
	ASSERT_EQ(sample_pinned(sample), 1);
	/* now it is a mapping of the IOAS */
	ASSERT_RC(__sys_ioctl_val(sample, VFIO_SAMPLE_STUBBORN, 0), 0);
	ioas_unmap(fd, by_node.ioas, IOVA, PAGE);
	ASSERT_EQ(sample_pinned(sample), 0);
	sys_close(sample);
}

/* fdinfo and debugfs show the one address space once, under the ID of the IOAS. */
TEST_OVER(shown_once, BACKENDS_LEGACY)
{
	struct both both = both_open(backend);
	char line[OBSERVE_LINE];
	char *areas;

	both_map(&both);
	areas = areas_read(both.fd);
	areas_expect(areas, "ioas=%u iova=%#llx ", both.ioas, IOVA);
	areas_expect(areas, "ioas=%u iova=%#llx ", both.ioas, IOVA + IOVA_PAGE);
	ASSERT(!areas_find(areas, "ioas=0 ", line));
	ASSERT(fdinfo_line(both.fd, "iommufd-ioas", 0, line));
	ASSERT(!fdinfo_line(both.fd, "iommufd-ioas", 1, line));
	edu_close_with_space(both.edu);
}

TEST_OVER(hwpt_of_the_ioas, BACKENDS_LEGACY)
{
	struct both both = both_open(backend);
	__u32 ioas = ioas_alloc(both.fd), hwpt;
	struct edu *other = edu_attach(both.fd, ioas);

	container_map(both.fd, both.mem, IOVA, PAGE);
	hwpt = hwpt_alloc(both.fd, other->vdev->id, both.ioas);
	ASSERT_RC(__cdev_attach(other->vdev->fd, hwpt, NULL), 0);
	edu_round_trip(other, both.mem, IOVA, 20);
	/* later mappings reach both domains */
	container_map(both.fd, both.mem + PAGE, OTHER, PAGE);
	edu_round_trip(other, both.mem + PAGE, OTHER, 21);
	edu_close(other);
	iommufd_destroy(both.fd, hwpt);
	edu_close_with_space(both.edu);
}

static atomic_bool race_over;

static void *race_select(void *arg)
{
	int fd = *(int *)arg;
	__u32 id;

	while (!race_over) {
		id = 0;
		if (__vfio_ioas(fd, IOMMU_VFIO_IOAS_GET, &id))
			continue;
		__iommufd_destroy(fd, id);
		__vfio_ioas(fd, IOMMU_VFIO_IOAS_CLEAR, &id);
		__vfio_ioas(fd, IOMMU_VFIO_IOAS_SET, &id);
	}
	return NULL;
}

static void *race_map(void *arg)
{
	int fd = *(int *)arg;
	char *mem = sys_mmap_anon(PAGE);
	__u32 id;

	while (!race_over) {
		id = 0;
		__vfio_ioas(fd, IOMMU_VFIO_IOAS_GET, &id);
		__ioas_map_fixed(fd, id, mem, OTHER, PAGE, DMA_RW);
		__container_map(fd, mem, IOVA, PAGE, MAP_RW);
		__container_unmap(fd, 0, 0, UNMAP_ALL, NULL);
		__ioas_unmap(fd, id, OTHER, PAGE, NULL);
	}
	return NULL;
}

TEST_OVER(races, BACKENDS_LEGACY)
{
	int group = group_open(pci_need(TESTDEV_EDU0));
	int fd = container_open(backend);
	pthread_t threads[3];

	race_over = false;
	ASSERT(!pthread_create(&threads[0], NULL, race_select, &fd));
	ASSERT(!pthread_create(&threads[1], NULL, race_map, &fd));
	ASSERT(!pthread_create(&threads[2], NULL, race_map, &fd));
	for (int round = 0; round < 200; round++) {
		group_set_container(group, fd);
		container_set_iommu(fd);
		ASSERT_RC(__group_unset_container(group), 0);
	}
	race_over = true;
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	sys_close(fd);
	ASSERT_EQ(sys_pins_held(), 0);
}
