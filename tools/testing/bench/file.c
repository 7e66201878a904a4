// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of files: memfds and dma-bufs by IOMMU_IOAS_MAP_FILE. A container has no
 * such call, and maps memfds by their address.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/mman.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "bench.h"
#include "dmabuf.h"
#include "ioas.h"
#include "sys.h"

#define FILE_IOVA GIB(4)

/* The largest dma-buf that udmabuf creates by default */
#define DMABUF_SIZE MIB(64)

/** struct bench_file - a file with memory to map */
struct bench_file {
	/** @fd: its descriptor */
	int fd;
	/** @addr: the same memory in this process, or NULL */
	void *addr;
	/** @size: bytes */
	size_t size;
};

/* Return a memfd whose pages are present, in huge pages. */
static struct bench_file file_memfd(enum memory kind)
{
	struct bench_file file = {
		.fd = dmabuf_memfd(bench_bulk_size,
				   kind == MEMORY_HUGETLB ? MFD_HUGETLB : 0),
		.addr = sys_mmap_huge_aligned(bench_bulk_size),
		.size = bench_bulk_size,
	};
	void *at = mmap(file.addr, file.size, PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_FIXED, file.fd, 0);

	if (at == MAP_FAILED)
		FAIL("memfd: %s", strerror(errno));
	if (kind == MEMORY_THP)
		madvise(file.addr, file.size, MADV_HUGEPAGE);
	memset(file.addr, 1, file.size);
	return file;
}

static const struct bench_file *file_of(enum memory kind)
{
	static struct bench_file files[MEMORY_KINDS];

	if (files[kind].size)
		return &files[kind];
	files[kind] = file_memfd(kind);
	return &files[kind];
}

static const struct bench_file *file_dmabuf(void)
{
	static struct bench_file file;

	if (file.size)
		return &file;
	file.size = DMABUF_SIZE;
	file.fd = dmabuf_of_memfd(file_of(MEMORY_THP)->fd, 0, file.size);
	return &file;
}

/* Map a file. Return an errno if the modules of a peer cannot map such a file. */
static int file_map(const struct bench_run *run, const struct bench_file *file)
{
	struct space *space = run->vdev->space;
	__u64 iova = FILE_IOVA;
	int ret;

	if (space->backend == BACKEND_CONTAINER) {
		space_map(space, file->addr, iova, file->size);
		return 0;
	}
	ret = __ioas_map_file(space->fd, space->ioas, file->fd, 0, file->size,
			      DMA_RW, &iova);
	if (!strcmp(run->set, "ours"))
		ASSERT_RC(ret, 0);
	return ret;
}

static void file_measure(struct bench_run *run, const struct bench_file *file,
			 const char *kind)
{
	double start = bench_now(), mapped, end;
	char name[32];

	if (file_map(run, file))
		return;
	mapped = bench_now();
	space_unmap(run->vdev->space, FILE_IOVA, file->size);
	end = bench_now();
	snprintf(name, sizeof(name), "file_map_%s", kind);
	bench_report(run, name, mapped - start, "us");
	snprintf(name, sizeof(name), "file_unmap_%s", kind);
	bench_report(run, name, end - mapped, "us");
}

static void get_file(struct bench_run *run)
{
	file_of(run->bench->memory);
}

static void run_memfd(struct bench_run *run)
{
	file_measure(run, file_of(run->bench->memory),
		     bench_memory_name(run->bench->memory));
}

static void get_dmabuf(struct bench_run *run)
{
	(void)run;
	file_dmabuf();
}

static void run_dmabuf(struct bench_run *run)
{
	file_measure(run, file_dmabuf(), "dmabuf");
}

#define MEMFD(_name, _memory)                                    \
	{                                                        \
		.name = "file_" _name,                           \
		.backends = BACKEND_CONTAINER | BACKEND_IOMMUFD, \
		.reps = 3,                                       \
		.memory = _memory,                               \
		.setup = get_file,                               \
		.run = run_memfd,                                \
	}

const struct bench file_benches[] = {
	MEMFD("thp", MEMORY_THP),
	MEMFD("hugetlb", MEMORY_HUGETLB),
	{ .name = "file_dmabuf",
	  .backends = BACKEND_IOMMUFD,
	  .reps = 3,
	  .setup = get_dmabuf,
	  .run = run_dmabuf },
	{},
};
