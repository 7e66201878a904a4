/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kinds of arguments. A value has 64 bits; its kind decides how it is drawn
 * from a byte, printed, and used by a call:
 *
 * - a reference to a slot of a type of resource, such as "ioas1", or any other
 *   number, as in "#0x17". A slot keeps the ID or the descriptor of a resource
 *   that was destroyed or closed, so that references can be stale. A reference
 *   may be of another type than its kind.
 * - a pointer, which is an offset in a region of memory, as in "uffd+0x10"
 * - a number, possibly with a name
 */
#ifndef FUZZ_KERNEL_KIND_H
#define FUZZ_KERNEL_KIND_H

#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

/* Slots per type of resource */
#define NR_SLOTS 8

/* Types of resources: first descriptors, then IDs, then addresses */
enum type {
	TYPE_CTX,
	TYPE_CONTAINER,
	TYPE_GROUP,
	TYPE_VFIO,
	TYPE_ACCESS,
	TYPE_FAULT_FD,
	TYPE_VEVENT_FD,
	TYPE_DMABUF,
	TYPE_EVENT,
	TYPE_FILE,
	TYPE_BUS,
	NR_FD_TYPES,
	TYPE_IOAS = NR_FD_TYPES,
	TYPE_HWPT,
	TYPE_STDEV,
	TYPE_DEV,
	TYPE_FAULT,
	TYPE_VIOMMU,
	TYPE_VDEVICE,
	TYPE_VEVENTQ,
	TYPE_HWQ,
	TYPE_PIN,
	TYPE_MAP,
	NR_TYPES,
};

/* The first kinds are references, each to its type of resource */
enum kind {
	/* KIND_FD, KIND_PT and KIND_OBJECT refer to one of several types */
	KIND_FD = NR_TYPES,
	KIND_PT,
	KIND_OBJECT,
	NR_REF_KINDS,
	KIND_PTR = NR_REF_KINDS,
	KIND_DATA,
	KIND_IOVA,
	KIND_LEN,
	KIND_NUM,
	KIND_COUNT,
	KIND_PROT,
	KIND_PASID,
	KIND_HWPT_FLAGS,
	KIND_HWPT_DATA,
	KIND_SELFTEST_TYPE,
	KIND_PAGE_SIZE,
	KIND_PERM,
	KIND_ADVICE,
	KIND_FORK,
	KIND_NTH,
	KIND_DEVICE,
	KIND_REGION,
	KIND_OFFSET,
	KIND_IRQ_FLAGS,
	KIND_FEATURE,
	KIND_IOMMU_TYPE,
	KIND_DMA_FLAGS,
	KIND_UNMAP_FLAGS,
	KIND_DIRTY_FLAGS,
	KIND_DEVICE_EVENT,
	KIND_SAMPLE_FLAGS,
	NR_KINDS,
};

#define KIND_OF(type) ((enum kind)(type))

/* References: numbers below 2^16; all others stand for their lower 32 bits */
#define REF(type, slot) ((__u64)(type) << 8 | (slot))
#define REF_NUMBER(number) (1ULL << 32 | (__u32)(number))

static inline bool ref_is_slot(__u64 value)
{
	return value < 1 << 16;
}

static inline enum type ref_type(__u64 value)
{
	return (enum type)((value >> 8) % NR_TYPES);
}

static inline unsigned int ref_slot(__u64 value)
{
	return value % NR_SLOTS;
}

__u64 kind_pick(enum kind kind, unsigned int byte);
bool kind_find(enum kind kind, __u64 value, unsigned int *byte);
__u64 kind_normalize(enum kind kind, __u64 value);
int kind_print(enum kind kind, __u64 value, char *buf, size_t size);
bool kind_parse(enum kind kind, const char *text, size_t len, __u64 *value);

/* Bytes from which kind_pick() draws; others begin a value in full */
#define NR_PICKS 0xf0

#endif
