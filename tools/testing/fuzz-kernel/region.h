/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The memory of a program. Regions are at fixed addresses, 1 GiB apart. An
 * offset that is larger than its region leads to unmapped memory.
 */
#ifndef FUZZ_KERNEL_REGION_H
#define FUZZ_KERNEL_REGION_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

/* enum region - regions of memory */
enum region {
	/* anonymous memory, possibly of huge pages */
	REGION_RAM,
	REGION_HUGE,
	/* the pages of a memfd, and the same pages, read only */
	REGION_SHM,
	REGION_RO,
	/* userfaultfd: pages arrive soon, late, or vanish at a fault */
	REGION_UFFD,
	REGION_SLOW,
	REGION_GONE,
	/* arguments of calls */
	REGION_DATA,
	/* a page that ends at unmapped memory, from where offsets count */
	REGION_EDGE,
	/* unmapped memory, also at address 0, of the kernel, in the last page */
	REGION_HOLE,
	REGION_ZERO,
	REGION_KERNEL,
	REGION_TOP,
	/* what is mapped at map0 to map3 */
	REGION_MAP0,
	REGION_MAP1,
	REGION_MAP2,
	REGION_MAP3,
	NR_REGIONS,
};

#define PTR(region, offset) ((__u64)(region) << 32 | (offset))

static inline enum region ptr_region(__u64 value)
{
	return (enum region)((value >> 32) % NR_REGIONS);
}

#define REGION_RAM_SIZE (4UL << 20)
#define REGION_SHM_SIZE (1UL << 20)
#define REGION_UFFD_SIZE (16 * 4096UL)

/* Offsets in REGION_DATA */
#define DATA_HWPT 0x100
#define DATA_HWPT_HUGE 0x110
#define DATA_RANGES 0x200
#define DATA_INVALIDATE 0x300
#define DATA_VIOMMU_INVALIDATE 0x400
#define DATA_FREE 0x800

/* enum place - memory that holds the structure of a call */
enum place {
	PLACE_RW,
	PLACE_RO,
	PLACE_UFFD,
	PLACE_EDGE,
	PLACE_STRADDLE,
	PLACE_HOLE,
};

void regions_create(void);
int region_file(void);
unsigned long region_address(__u64 ptr);
void *region_place(unsigned int thread, enum place place, const void *data,
		   size_t size);
bool region_read(unsigned long address, void *buf, size_t size);
bool region_write(unsigned long address, const void *buf, size_t size);
void region_advise(unsigned long address, size_t size, unsigned int advice);

#endif
