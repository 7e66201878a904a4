// SPDX-License-Identifier: GPL-2.0-only
/*
 * Growth of the cost with the size of a machine, on a mock IOMMU whose page table
 * stores nothing: memory, mappings, devices and contexts. The same memory is mapped
 * again and again.
 *
 * Prints a line "scale/WHAT/OPERATION/N VALUE UNIT" for each figure, for N that
 * double.
 */
#include <linux/iommufd.h>
#include <stdio.h>
#include <string.h>

#include "bench.h"
#include "ioas.h"
#include "mock.h"
#include "sys.h"

#define MOCK_MODULE "../../../drivers/iommu/iommufd/mock/iommufd_mock.ko"

#define SCALE_IOVA GIB(4)
#define SCALE_STEPS 4
#define SCALE_DEVICES 64
#define SCALE_CONTEXTS 256
#define SCALE_AREAS (128 * 1024)

/* Pages for each mapping of the rows of devices and contexts */
#define SHARED_SIZE MIB(64)

/** struct scale - an address space of the mock IOMMU */
struct scale {
	/** @fd: /dev/iommu */
	int fd;
	/** @ioas: ID of its IOAS */
	__u32 ioas;
	/** @dev: a device, attached to nothing of @ioas */
	struct mock_dev dev;
};

/** struct scale_mark - clock and memory at some point */
struct scale_mark {
	/** @us: microseconds */
	double us;
	/** @kib: memory of the kernel, in KiB */
	long kib;
};

static struct scale_mark scale_mark(void)
{
	struct kernel_memory memory = kernel_memory();

	return (struct scale_mark){
		.kib = memory.slab + memory.tables,
		.us = bench_now(),
	};
}

static void scale_report(const char *what, const char *op, unsigned long nr,
			 double value, const char *unit)
{
	printf("scale/%s/%s/%lu %.3f %s\n", what, op, nr, value, unit);
	fflush(stdout);
}

static void scale_time(const char *what, const char *op, unsigned long nr,
		       const struct scale_mark *since)
{
	scale_report(what, op, nr, bench_now() - since->us, "us");
}

static void scale_memory(const char *what, unsigned long nr,
			 const struct scale_mark *since)
{
	scale_report(what, "memory", nr,
		     (double)(scale_mark().kib - since->kib), "KiB");
}

static void scale_open(struct scale *scale)
{
	scale->fd = iommufd_open();
	scale->ioas = ioas_alloc(scale->fd);
	mock_dev(scale->fd, ioas_alloc(scale->fd), 0, &scale->dev);
}

static __u32 scale_hwpt(struct scale *scale, const struct mock_dev *dev)
{
	const struct iommu_hwpt_selftest data = {
		.pagetable_type = MOCK_IOMMUPT_BLANK,
	};
	__u32 id = 0;

	ASSERT_RC(__mock_hwpt(scale->fd, dev->idev, scale->ioas,
			      IOMMU_HWPT_ALLOC_DIRTY_TRACKING, &data, &id),
		  0);
	return id;
}

static void scale_attach(struct scale *scale, const struct mock_dev *dev)
{
	ASSERT_RC(__mock_replace(scale->fd, dev->stdev, scale_hwpt(scale, dev)),
		  0);
}

static void scale_fill(struct scale *scale, void *memory, size_t size,
		       size_t stride, unsigned long nr)
{
	unsigned long i;

	for (i = 0; i < nr; i++)
		ioas_map_fixed(scale->fd, scale->ioas, memory,
			       SCALE_IOVA + i * stride, size);
}

static void scale_unmap_all(struct scale *scale)
{
	ASSERT_RC(__ioas_unmap(scale->fd, scale->ioas, 0, ~0ULL, NULL), 0);
}

/* Read the dirty bits of all memory, 64 GiB in each call. */
static void scale_read_dirty(struct scale *scale, __u32 hwpt, __u64 size)
{
	static __u8 bitmap[GIB(64) / PAGE / 8];
	__u64 at, part;

	for (at = 0; at < size; at += part) {
		part = size - at < GIB(64) ? size - at : GIB(64);
		ASSERT_RC(__hwpt_get_dirty(scale->fd, hwpt, 0, SCALE_IOVA + at,
					   part, PAGE, bitmap),
			  0);
	}
}

/* Map @nr copies of @memory, give them to a domain, unmap, and close a second lot. */
static void scale_bulk(const char *what, enum memory kind, unsigned long nr)
{
	struct scale_mark start, before = scale_mark();
	void *memory = bench_memory(kind);
	size_t size = bench_bulk_size;
	struct mock_dev second;
	struct scale scale;
	__u32 hwpt;

	scale_open(&scale);
	scale_attach(&scale, &scale.dev);
	start = scale_mark();
	scale_fill(&scale, memory, size, size, nr);
	scale_time(what, "map", nr, &start);
	scale_memory(what, nr, &before);

	mock_dev(scale.fd, ioas_alloc(scale.fd), 0, &second);
	start = scale_mark();
	hwpt = scale_hwpt(&scale, &second);
	scale_time(what, "attach", nr, &start);
	ASSERT_RC(__hwpt_set_tracking(scale.fd, hwpt,
				      IOMMU_HWPT_DIRTY_TRACKING_ENABLE),
		  0);
	start = scale_mark();
	scale_read_dirty(&scale, hwpt, nr * size);
	scale_time(what, "dirty", nr, &start);
	start = scale_mark();
	scale_unmap_all(&scale);
	scale_time(what, "unmap", nr, &start);
	scale_fill(&scale, memory, size, size, nr);
	start = scale_mark();
	sys_close(scale.fd);
	scale_time(what, "close", nr, &start);
}

/* Small mappings with holes between them, into which an automatic IOVA fits not. */
static void scale_areas(unsigned long nr)
{
	struct scale_mark start, before = scale_mark();
	char *page = bench_few_pages();
	struct scale scale;
	unsigned int i;
	__u32 hwpt;

	scale_open(&scale);
	start = scale_mark();
	scale_fill(&scale, page, PAGE, 2 * PAGE, nr);
	scale_time("areas", "map", nr, &start);
	scale_memory("areas", nr, &before);
	start = scale_mark();
	for (i = 0; i < FEW_PAGES; i++)
		ioas_map(scale.fd, scale.ioas, page, 2 * PAGE);
	scale_report("areas", "auto", nr, (bench_now() - start.us) / FEW_PAGES,
		     "us");
	start = scale_mark();
	hwpt = scale_hwpt(&scale, &scale.dev);
	scale_time("areas", "attach", nr, &start);
	iommufd_destroy(scale.fd, hwpt);
	start = scale_mark();
	scale_unmap_all(&scale);
	scale_time("areas", "unmap", nr, &start);
	scale_fill(&scale, page, PAGE, 2 * PAGE, nr);
	start = scale_mark();
	sys_close(scale.fd);
	scale_time("areas", "close", nr, &start);
}

/* Devices with a domain each, in one address space */
static void scale_devices(unsigned long nr)
{
	struct scale_mark start, before = scale_mark();
	struct mock_dev devs[SCALE_DEVICES];
	void *memory = bench_memory(MEMORY_THP);
	struct scale scale;
	unsigned long i;

	scale_open(&scale);
	for (i = 0; i < nr; i++)
		mock_dev(scale.fd, ioas_alloc(scale.fd), 0, &devs[i]);
	scale_fill(&scale, memory, SHARED_SIZE, SHARED_SIZE, 64);
	start = scale_mark();
	for (i = 0; i < nr; i++)
		scale_attach(&scale, &devs[i]);
	scale_time("devices", "attach", nr, &start);
	scale_memory("devices", nr, &before);
	start = scale_mark();
	scale_unmap_all(&scale);
	scale_time("devices", "unmap", nr, &start);
	start = scale_mark();
	scale_fill(&scale, memory, SHARED_SIZE, SHARED_SIZE, 64);
	scale_time("devices", "map", nr, &start);
	start = scale_mark();
	sys_close(scale.fd);
	scale_time("devices", "close", nr, &start);
}

/* Contexts with a device, a domain and a mapping each */
static void scale_contexts(unsigned long nr)
{
	struct scale_mark start, before = scale_mark();
	static struct scale scales[SCALE_CONTEXTS];
	void *memory = bench_memory(MEMORY_THP);
	unsigned long i;

	start = before;
	for (i = 0; i < nr; i++) {
		scale_open(&scales[i]);
		scale_attach(&scales[i], &scales[i].dev);
	}
	scale_time("contexts", "open", nr, &start);
	start = scale_mark();
	for (i = 0; i < nr; i++)
		scale_fill(&scales[i], memory, SHARED_SIZE, SHARED_SIZE, 1);
	scale_time("contexts", "map", nr, &start);
	scale_memory("contexts", nr, &before);
	start = scale_mark();
	for (i = 0; i < nr; i++)
		sys_close(scales[i].fd);
	scale_time("contexts", "close", nr, &start);
}

/* Measure how the cost grows; the modules of this project are loaded. */
void bench_scale(char *const *patterns)
{
	unsigned int shift;

	sys_load_module(MOCK_MODULE);
	bench_bulk_size = MIB(512);
	for (shift = SCALE_STEPS; shift-- > 0;) {
		if (bench_selected("thp", patterns))
			scale_bulk("thp", MEMORY_THP, 256 >> shift);
		if (bench_selected("scattered", patterns))
			scale_bulk("scattered", MEMORY_SCATTERED, 8 >> shift);
		if (bench_selected("areas", patterns))
			scale_areas(SCALE_AREAS >> shift);
		if (bench_selected("devices", patterns))
			scale_devices(SCALE_DEVICES >> shift);
		if (bench_selected("contexts", patterns))
			scale_contexts(SCALE_CONTEXTS >> shift);
	}
}
