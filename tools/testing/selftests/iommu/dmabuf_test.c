// SPDX-License-Identifier: GPL-2.0-only
/* IOMMU_IOAS_MAP_FILE of dma-bufs of the kernel's own exporters. */
#include <errno.h>
#include <fcntl.h>
#include <linux/dma-buf.h>
#include <linux/dma-heap.h>
#include <linux/iommufd.h>
#include <linux/udmabuf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dmabuf.h"
#include "edu.h"
#include "harness.h"
#include "ioas.h"
#include "observe.h"
#include "pci.h"
#include "sys.h"
#include "vdev.h"

/* Size of a dma-buf of which a device transfers all pages one by one. */
#define SIZE (20 * PAGE)

/* Create a udmabuf of the pages of a memfd, none of them adjacent. */
static int shuffled_udmabuf(int memfd, unsigned int nr)
{
	struct udmabuf_create_list *list =
		calloc(1, sizeof(*list) + nr * sizeof(list->list[0]));
	int node = dmabuf_need_node("/dev/udmabuf"), fd;
	unsigned int i;

	ASSERT(list);
	list->flags = UDMABUF_FLAGS_CLOEXEC;
	list->count = nr;
	for (i = 0; i < nr; i++) {
		list->list[i].memfd = memfd;
		list->list[i].offset = (i * 3 % nr) * PAGE;
		list->list[i].size = PAGE;
	}
	fd = ASSERT_OK(__sys_ioctl(node, UDMABUF_CREATE_LIST, list));
	sys_close(node);
	free(list);
	return fd;
}

static int heap_dmabuf(size_t size, unsigned int fd_flags)
{
	struct dma_heap_allocation_data data = {
		.len = size,
		.fd_flags = fd_flags | O_CLOEXEC,
	};
	int heap = dmabuf_need_node("/dev/dma_heap/system");

	ASSERT_RC(__sys_ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &data), 0);
	sys_close(heap);
	return data.fd;
}

static char *map_of(int fd, size_t size)
{
	char *buf = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	ASSERT(buf != MAP_FAILED);
	return buf;
}

static int map_dmabuf(struct space *space, int fd, __u64 start, __u64 size,
		      unsigned int prot, __u64 *iova)
{
	*iova = 0;
	return __ioas_map_file(space->fd, space->ioas, fd, start, size, prot,
			       iova);
}

/* Of a piece of 1 MiB every 15th page, the first and the last among them */
static size_t next_page(size_t at, size_t size)
{
	return at + (size > MIB(1) && at < MIB(1) - PAGE ? 15 * PAGE : PAGE);
}

/* Let the device read and write pages; a transfer takes a tenth of a second. */
static void move_pages(struct edu *edu, char *buf, __u64 iova, size_t size)
{
	size_t at;

	for (at = 0; at < size; at = next_page(at, size))
		edu_round_trip(edu, buf + at, iova + at, at / PAGE + 1);
	for (at = 0; at < size; at = next_page(at, size))
		ASSERT(is_pattern(buf + at, PAGE, at / PAGE + 1));
}

/* The exporter pins the memory. It is charged once for each kind of access. */
static void round_trip(int fd, char *buf, size_t size)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU0), BACKEND_IOMMUFD);
	struct space *space = edu->vdev->space;
	long long pins = sys_pins_held(), charged = sys_vm_pinned(getpid());
	__u64 iova, part;

	ASSERT_RC(map_dmabuf(space, fd, 0, size, DMA_RW, &iova), 0);
	ASSERT_RC(map_dmabuf(space, fd, PAGE, 2 * PAGE, DMA_READ, &part), 0);
	ASSERT_EQ(sys_pins_held(), pins);
	ASSERT_EQ(sys_vm_pinned(getpid()), charged + 2 * size);
	/* from here on only the mappings hold the dma-buf */
	sys_close(fd);
	move_pages(edu, buf, iova, size);
	fill_pattern(buf + 2 * PAGE, PAGE, 3);
	edu_load(edu, part + PAGE, PAGE);
	edu_store(edu, iova, PAGE);
	ASSERT(is_pattern(buf, PAGE, 3));
	space_unmap(space, iova, size);
	space_unmap(space, part, 2 * PAGE);
	ASSERT_EQ(sys_vm_pinned(getpid()), charged);
	edu_close_with_space(edu);
}

TEST(udmabuf_round_trip)
{
	int memfd = dmabuf_memfd(SIZE, 0);

	round_trip(dmabuf_of_memfd(memfd, 0, SIZE), map_of(memfd, SIZE), SIZE);
}

TEST(hugetlb_udmabuf_round_trip)
{
	int memfd = dmabuf_memfd(MIB(2), MFD_HUGETLB);
	char *buf = mmap(NULL, MIB(2), PROT_READ | PROT_WRITE, MAP_SHARED,
			 memfd, 0);

	if (buf == MAP_FAILED)
		SKIP("no huge pages");
	buf[0] = 1;
	round_trip(dmabuf_of_memfd(memfd, MIB(1), SIZE), buf + MIB(1), SIZE);
}

TEST(heap_round_trip)
{
	/* pieces of 1 MiB, 64 KiB and 4 KiB */
	size_t size = MIB(1) + KIB(64) + 3 * PAGE;
	int fd = heap_dmabuf(size, O_RDWR);

	round_trip(fd, map_of(fd, size), size);
}

/* Each page is mapped at the address that the exporter reports for it. */
TEST(scattered_pages)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU0), BACKEND_IOMMUFD);
	int memfd = dmabuf_memfd(SIZE, 0);
	int fd = shuffled_udmabuf(memfd, SIZE / PAGE);
	unsigned int i, nr = SIZE / PAGE;
	char *buf = map_of(memfd, SIZE);
	__u64 iova;

	for (i = 0; i < nr; i++)
		fill_pattern(buf + i * PAGE, PAGE, i);
	/* not from the start of the dma-buf */
	ASSERT_RC(map_dmabuf(edu->vdev->space, fd, 2 * PAGE, SIZE - 2 * PAGE,
			     DMA_RW, &iova),
		  0);
	for (i = 2; i < nr; i++) {
		edu_load(edu, iova + (i - 2) * PAGE, PAGE);
		memset(buf + i * 3 % nr * PAGE, 0, PAGE);
		edu_store(edu, iova + (i - 2) * PAGE, PAGE);
	}
	for (i = 0; i < nr; i++)
		ASSERT(is_pattern(buf + i * PAGE, PAGE, i));
	edu_close_with_space(edu);
}

/*
 * Map and copy before a device is attached; the last close removes the mapping.
 */
TEST(domain_created_later)
{
	struct space *space = space_open(BACKEND_IOMMUFD);
	int fd = heap_dmabuf(SIZE, O_RDWR);
	char *buf = map_of(fd, SIZE);
	struct edu *edu;
	__u64 iova, copy = GIB(1);

	ASSERT_RC(map_dmabuf(space, fd, 0, SIZE, DMA_RW, &iova), 0);
	ASSERT_RC(__ioas_copy(space->fd, space->ioas, iova + PAGE, PAGE,
			      space->ioas, copy, DMA_RW),
		  0);
	space_unmap(space, iova, SIZE);
	edu = edu_open_in(space, pci_need(TESTDEV_EDU0));
	fill_pattern(buf + PAGE, PAGE, 7);
	edu_load(edu, copy, PAGE);
	memset(buf, 0, SIZE);
	edu_store(edu, copy, PAGE);
	ASSERT(is_pattern(buf + PAGE, PAGE, 7));
	ASSERT(is_byte(buf, PAGE, 0) && is_byte(buf + 2 * PAGE, PAGE, 0));
	sys_close(fd);
	edu_close_with_space(edu);
}

TEST(bad_input)
{
	struct space *space = space_open(BACKEND_IOMMUFD);
	int fd = dmabuf_of_memfd(dmabuf_memfd(SIZE, 0), 0, SIZE);
	__u64 iova;

	ASSERT_RC(map_dmabuf(space, fd, 0, 0, DMA_RW, &iova), -EINVAL);
	ASSERT_RC(map_dmabuf(space, fd, 0, PAGE, 0, &iova), -EINVAL);
	ASSERT_RC(map_dmabuf(space, fd, 0, SIZE + PAGE, DMA_RW, &iova),
		  -EINVAL);
	ASSERT_RC(map_dmabuf(space, fd, 0, SIZE + 1, DMA_RW, &iova), -EINVAL);
	ASSERT_RC(map_dmabuf(space, fd, SIZE, PAGE, DMA_RW, &iova), -EINVAL);
	ASSERT_RC(map_dmabuf(space, fd, SIZE - PAGE, 2 * PAGE, DMA_RW, &iova),
		  -EINVAL);
	ASSERT_RC(map_dmabuf(space, fd, 1ULL << 62, PAGE, DMA_RW, &iova),
		  -EINVAL);
	ASSERT_RC(map_dmabuf(space, fd, -1ULL, PAGE, DMA_RW, &iova),
		  -EOVERFLOW);
	ASSERT_RC(map_dmabuf(space, fd, 0, -1ULL, DMA_RW, &iova), -EOVERFLOW);
	ASSERT_EQ(iova, 0);
	/* no failed call has left a mapping behind */
	ASSERT_RC(map_dmabuf(space, fd, 0, SIZE, DMA_RW, &iova), 0);
	space_close(space);
}

/* A device gets write access only if the process has it. */
TEST(needs_the_right_to_write)
{
	struct space *space = space_open(BACKEND_IOMMUFD);
	int fd = heap_dmabuf(SIZE, O_RDONLY);
	__u64 iova;

	ASSERT_RC(map_dmabuf(space, fd, 0, SIZE, DMA_RW, &iova), -EPERM);
	fdinfo_expect(
		space->fd, "iommufd-refusal",
		"EPERM map file: iova 0x0 length %#llx: the file was not opened for the access, or is sealed against it",
		(unsigned long long)SIZE);
	ASSERT_RC(map_dmabuf(space, fd, 0, SIZE, DMA_READ, &iova), 0);
	space_close(space);
}
