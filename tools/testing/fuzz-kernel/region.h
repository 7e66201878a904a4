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

#define REGIONS(X)                                                        \
	/* anonymous memory, possibly of huge pages */                   \
	X(RAM, ram)                                                      \
	X(HUGE, huge)                                                    \
	/* the pages of a memfd, and the same pages, read only */        \
	X(SHM, shm)                                                      \
	X(RO, ro)                                                        \
	/* userfaultfd: pages arrive soon, late, or vanish at a fault */ \
	X(UFFD, uffd)                                                    \
	X(SLOW, slow)                                                    \
	X(GONE, gone)                                                    \
	/* arguments of calls, prepared in the way of data.h */          \
	X(DATA, data)                                                    \
	/* a page that ends at unmapped memory; the offset is from there */ \
	X(EDGE, edge)                                                    \
	/* unmapped, at address 0, of the kernel, the last page */       \
	X(HOLE, hole)                                                    \
	X(ZERO, zero)                                                    \
	X(KERNEL, kernel)                                                \
	X(TOP, top)                                                      \
	/* what map0 to map3 are mapped to */                            \
	X(MAP0, map0)                                                    \
	X(MAP1, map1)                                                    \
	X(MAP2, map2)                                                    \
	X(MAP3, map3)

#define REGION_ENUM(id, name) REGION_##id,
enum region { REGIONS(REGION_ENUM) NR_REGIONS };

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
