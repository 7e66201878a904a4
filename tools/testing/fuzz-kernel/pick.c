// SPDX-License-Identifier: GPL-2.0-only
/* The lists of values that numbers and pointers are drawn from. */
#include "pick.h"

#include <linux/mman.h>
#include <linux/vfio.h>
#include <sys/mman.h>

#include "basic.h"
#include "device.h"
#include "harness.h"
#include "region.h"
#include "sample.h"
#include "test_abi.h"

#define ALL_BITS (~0ULL)

static const struct pick ptr_picks[] = {
	{ PTR(REGION_RAM, 0) },	       { PTR(REGION_RAM, 0) },
	{ PTR(REGION_RAM, 0) },	       { PTR(REGION_RAM, 0x1000) },
	{ PTR(REGION_RAM, 0x10000) },  { PTR(REGION_HUGE, 0) },
	{ PTR(REGION_HUGE, 0x1000) },  { PTR(REGION_HUGE, 0x200000) },
	{ PTR(REGION_SHM, 0) },	       { PTR(REGION_SHM, 0x10000) },
	{ PTR(REGION_UFFD, 0) },       { PTR(REGION_UFFD, 0x1000) },
	{ PTR(REGION_SLOW, 0) },       { PTR(REGION_GONE, 0) },
	{ PTR(REGION_RO, 0) },	       { PTR(REGION_EDGE, 0) },
	{ PTR(REGION_EDGE, 0x800) },   { PTR(REGION_HOLE, 0) },
	{ PTR(REGION_ZERO, 0) },       { PTR(REGION_KERNEL, 0) },
	{ PTR(REGION_TOP, 0) },	       { PTR(REGION_TOP, 0x800) },
	{ PTR(REGION_MAP0, 0) },       { PTR(REGION_MAP0, 0) },
	{ PTR(REGION_MAP1, 0) },       { PTR(REGION_RAM, 0x7ff) },
	{ PTR(REGION_RAM, 0x3ff000) }, { PTR(REGION_DATA, DATA_FREE) },
};

/* Arguments in memory, prepared for all kinds of calls */
static const struct pick data_picks[] = {
	{ PTR(REGION_DATA, 0) },
	{ PTR(REGION_DATA, 0) },
	{ PTR(REGION_DATA, DATA_HWPT) },
	{ PTR(REGION_DATA, DATA_HWPT_HUGE) },
	{ PTR(REGION_DATA, DATA_RANGES) },
	{ PTR(REGION_DATA, DATA_RANGES + 0x10) },
	{ PTR(REGION_DATA, DATA_INVALIDATE) },
	{ PTR(REGION_DATA, DATA_VIOMMU_INVALIDATE) },
	{ PTR(REGION_DATA, DATA_FREE) },
	{ PTR(REGION_RAM, 0) },
	{ PTR(REGION_UFFD, 0x2000) },
	{ PTR(REGION_GONE, 0x2000) },
	{ PTR(REGION_EDGE, 8) },
	{ PTR(REGION_RO, 0) },
	{ PTR(REGION_HOLE, 0) },
};

static const struct pick iova_picks[] = {
	{ 0x1000000 },	{ 0x1000000 }, { 0x1000000 },	    { 0x1001000 },
	{ 0x1200000 },	{ 0x2000000 }, { 0x10000000 },	    { 0x7ffff000 },
	{ 0x80000000 }, { 0 },	       { 0x1000 },	    { 0xfee00000 },
	{ 0x1000800 },	{ 0x1000001 }, { 0x100000000ULL },  { 1ULL << 47 },
	{ 1ULL << 63 }, { ~0xfffULL }, { ~0ULL - 0x7ffff }, { ALL_BITS, "all" },
};

static const struct pick len_picks[] = {
	{ 0x1000 },	{ 0x1000 },	{ 0x1000 },    { 0x2000 },
	{ 0x10000 },	{ 0x200000 },	{ 0x400000 },  { 0x100000 },
	{ 0x11000 },	{ 0x800 },	{ 0x201000 },  { 0x1001 },
	{ 0x7f000000 }, { 1 },		{ 8 },	       { 0 },
	{ 0xfff },	{ 1ULL << 63 }, { ~0xfffULL }, { ALL_BITS, "all" },
};

static const struct pick num_picks[] = {
	{ 0 },	     { 0 },	     { 0 },
	{ 1 },	     { 1 },	     { 2 },
	{ 3 },	     { 4 },	     { 7 },
	{ 8 },	     { 16 },	     { 0xff },
	{ 0xffff },  { 0x7fffffff }, { 0xffffffff },
	{ 1 << 16 }, { 1ULL << 31 }, { ALL_BITS, "all" },
};

/* Numbers of elements and lengths of data */
static const struct pick count_picks[] = {
	{ 1 },	  { 8 },       { 16 },	       { 2 },
	{ 3 },	  { 40 },      { 40 },	       { 4 },
	{ 12 },	  { 64 },      { 0 },	       { 0x1000 },
	{ 1024 }, { 0x10000 }, { 0xffffffff }, { 0x10000000 },
};

static const struct pick prot_picks[] = {
	{ 7, "fixed_rw" }, { 7, "fixed_rw" }, { 7, "fixed_rw" }, { 6, "rw" },
	{ 6, "rw" },	   { 5, "fixed_r" },  { 3, "fixed_w" },	 { 4, "r" },
	{ 2, "w" },	   { 1, "fixed" },    { 0, "none" },	 { 8 },
};

static const struct pick pasid_picks[] = {
	{ 1 }, { 1 }, { 2 }, { 100 }, { 0 }, { 1024 }, { 1 << 20 }, { ~0U },
};

static const struct pick hwpt_flag_picks[] = {
	{ 0, "none" },	{ 0, "none" },	{ 1, "parent" }, { 1, "parent" },
	{ 2, "dirty" }, { 2, "dirty" }, { 4, "fault" },	 { 4, "fault" },
	{ 8, "pasid" }, { 3 },		{ 6 },		 { 12 },
	{ 9 },		{ 16 },		{ 15 },
};

static const struct pick hwpt_data_picks[] = {
	{ 0, "none" },
	{ IOMMU_HWPT_DATA_SELFTEST, "selftest" },
	{ IOMMU_HWPT_DATA_SELFTEST, "selftest" },
	{ 1 },
	{ 0xffffffff },
};

static const struct pick selftest_picks[] = {
	{ IOMMU_VIOMMU_TYPE_SELFTEST, "selftest" },
	{ IOMMU_VIOMMU_TYPE_SELFTEST, "selftest" },
	{ IOMMU_VIOMMU_TYPE_SELFTEST, "selftest" },
	{ IOMMU_VEVENTQ_TYPE_SELFTEST, "veventq" },
	{ 0 },
	{ 1 },
};

static const struct pick page_size_picks[] = {
	{ 0x1000 }, { 0x1000 }, { 0x800 }, { 0x200000 },   { 0x100000 },
	{ 0 },	    { 1 },	{ 3 },	   { 1ULL << 63 }, { ALL_BITS, "all" },
};

static const struct pick perm_picks[] = { { 1 }, { 2 }, { 3 }, { 0 }, { 15 } };

static const struct pick advice_picks[] = {
	{ ADVICE_DROP, "drop" },	  { ADVICE_DROP, "drop" },
	{ ADVICE_UNMAP, "unmap" },	  { ADVICE_REPLACE, "replace" },
	{ ADVICE_READ_ONLY, "readonly" }, { ADVICE_WRITABLE, "writable" },
	{ ADVICE_SPLIT, "split" },	  { ADVICE_COLLAPSE, "collapse" },
	{ ADVICE_MOVE, "move" },	  { ADVICE_PUNCH, "punch" },
	{ ADVICE_TOUCH, "touch" },
};

static const struct pick fork_picks[] = {
	{ FORK_STAY, "stay" }, { FORK_EXIT, "exit" }, { FORK_CLOSE, "close" },
	{ FORK_REST, "rest" }, { FORK_REST, "rest" }, { FORK_EXEC, "exec" },
};

static const struct pick nth_picks[] = {
	{ 1 }, { 2 },  { 3 },  { 4 },  { 5 },  { 6 }, { 7 },
	{ 8 }, { 10 }, { 12 }, { 16 }, { 24 }, { 0 },
};

static const struct pick device_picks[] = {
	{ DEVICE_EDU0, "edu0" },       { DEVICE_EDU0, "edu0" },
	{ DEVICE_EDU1, "edu1" },       { DEVICE_SHARED0, "shared0" },
	{ DEVICE_SHARED1, "shared1" }, { DEVICE_SHMEM, "shmem" },
	{ DEVICE_SHMEM, "shmem" },     { DEVICE_NIC, "nic" },
	{ DEVICE_MOCK0, "mock0" },     { DEVICE_MOCK1, "mock1" },
	{ DEVICE_SAMPLE, "sample" },   { DEVICE_PLAIN, "plain" },
};

static const struct pick region_picks[] = {
	{ VFIO_PCI_CONFIG_REGION_INDEX, "config" },
	{ VFIO_PCI_BAR0_REGION_INDEX, "bar0" },
	{ VFIO_PCI_BAR2_REGION_INDEX, "bar2" },
	{ VFIO_PCI_BAR2_REGION_INDEX, "bar2" },
	{ VFIO_PCI_ROM_REGION_INDEX, "rom" },
	{ VFIO_PCI_VGA_REGION_INDEX, "vga" },
	{ VFIO_PCI_BAR1_REGION_INDEX, "bar1" },
	{ VFIO_PCI_BAR3_REGION_INDEX, "bar3" },
	{ VFIO_PCI_NUM_REGIONS },
	{ 0xffffffff },
};

/* Offsets in config space, a BAR, a file */
static const struct pick offset_picks[] = {
	{ 0 },	     { 0 },	  { 4 },	{ 6 },
	{ 0x10 },    { 0x14 },	  { 0x18 },	{ 0x30 },
	{ 0x3c },    { 0x40 },	  { 0x42 },	{ 0x44 },
	{ 0x48 },    { 0x50 },	  { 0xa0 },	{ 0xfc },
	{ 0x100 },   { 0xffc },	  { 0xfff },	{ 0x1000 },
	{ 0x10000 }, { 0xff000 }, { 0x100000 }, { ALL_BITS, "all" },
};

#define EVENTFD_TRIGGER \
	(VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER)
static const struct pick irq_flag_picks[] = {
	{ EVENTFD_TRIGGER, "eventfd_trigger" },
	{ EVENTFD_TRIGGER, "eventfd_trigger" },
	{ VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER, "trigger" },
	{ VFIO_IRQ_SET_DATA_BOOL | VFIO_IRQ_SET_ACTION_TRIGGER,
	  "bool_trigger" },
	{ VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_MASK, "mask" },
	{ VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_UNMASK, "unmask" },
	{ VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_UNMASK,
	  "eventfd_unmask" },
	{ VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_MASK,
	  "eventfd_mask" },
	{ 0 },
	{ 0x3f },
};

#define GET VFIO_DEVICE_FEATURE_GET
#define SET VFIO_DEVICE_FEATURE_SET
#define PROBE VFIO_DEVICE_FEATURE_PROBE
static const struct pick feature_picks[] = {
	{ GET | VFIO_DEVICE_FEATURE_MIGRATION, "get_migration" },
	{ SET | VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE, "set_state" },
	{ GET | VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE, "get_state" },
	{ SET | VFIO_DEVICE_FEATURE_PCI_VF_TOKEN, "set_token" },
	{ SET | VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY, "low_power" },
	{ SET | VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY, "low_power" },
	{ SET | VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP, "wakeup" },
	{ SET | VFIO_DEVICE_FEATURE_LOW_POWER_EXIT, "low_power_exit" },
	{ SET | VFIO_DEVICE_FEATURE_LOW_POWER_EXIT, "low_power_exit" },
	{ SET | VFIO_DEVICE_FEATURE_DMA_LOGGING_START, "log_start" },
	{ SET | VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP, "log_stop" },
	{ GET | VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT, "log_report" },
	{ GET | VFIO_DEVICE_FEATURE_MIG_DATA_SIZE, "get_size" },
	{ SET | VFIO_DEVICE_FEATURE_BUS_MASTER, "set_master" },
	{ GET | VFIO_DEVICE_FEATURE_PASID, "get_pasid" },
	{ PROBE | GET | VFIO_DEVICE_FEATURE_DMA_BUF, "probe_dmabuf" },
	{ GET | SET },
	{ 0 },
	{ 0xffffffff },
};

static const struct pick iommu_type_picks[] = {
	{ VFIO_TYPE1v2_IOMMU, "v2" },
	{ VFIO_TYPE1v2_IOMMU, "v2" },
	{ VFIO_TYPE1_IOMMU, "v1" },
	{ VFIO_NOIOMMU_IOMMU, "noiommu" },
	{ VFIO_DMA_CC_IOMMU, "cc" },
	{ VFIO_UNMAP_ALL, "unmap_all" },
	{ VFIO_UPDATE_VADDR, "vaddr" },
	{ VFIO_SPAPR_TCE_IOMMU },
	{ 0 },
	{ ALL_BITS, "all" },
};

static const struct pick dma_flag_picks[] = {
	{ 3, "rw" },	{ 3, "rw" }, { 1, "r" }, { 2, "w" },
	{ 4, "vaddr" }, { 0 },	     { 7 },	 { 8 },
};

static const struct pick unmap_flag_picks[] = {
	{ 0, "none" },	{ 0, "none" },	    { 1, "dirty" }, { 2, "all" },
	{ 4, "vaddr" }, { 6, "all_vaddr" }, { 3 },	    { 8 },
};

static const struct pick dirty_flag_picks[] = {
	{ 1, "start" }, { 4, "get" }, { 4, "get" }, { 2, "stop" }, { 3 }, { 0 },
};

static const struct pick sample_flag_picks[] = {
	{ VFIO_SAMPLE_READ | VFIO_SAMPLE_WRITE, "rw" },
	{ VFIO_SAMPLE_READ, "r" },
	{ VFIO_SAMPLE_WRITE, "w" },
	{ VFIO_SAMPLE_READ | VFIO_SAMPLE_WRITE | VFIO_SAMPLE_KTHREAD,
	  "kthread" },
	{ VFIO_SAMPLE_NO_ARRAY, "no_array" },
	{ 0 },
};

static const struct pick device_event_picks[] = {
	{ EVENT_UNBIND, "unbind" },    { EVENT_BIND, "bind" },
	{ EVENT_REBIND, "rebind" },    { EVENT_REMOVE, "remove" },
	{ EVENT_RESCAN, "rescan" },    { EVENT_RESET, "reset" },
	{ EVENT_SUSPEND, "power_on" },
};

#define LIST(kind, array) \
	[KIND_##kind - NR_REF_KINDS] = { array, ARRAY_SIZE(array) }
const struct pick_list pick_lists[] = {
	LIST(PTR, ptr_picks),
	LIST(DATA, data_picks),
	LIST(IOVA, iova_picks),
	LIST(LEN, len_picks),
	LIST(NUM, num_picks),
	LIST(COUNT, count_picks),
	LIST(PROT, prot_picks),
	LIST(PASID, pasid_picks),
	LIST(HWPT_FLAGS, hwpt_flag_picks),
	LIST(HWPT_DATA, hwpt_data_picks),
	LIST(SELFTEST_TYPE, selftest_picks),
	LIST(PAGE_SIZE, page_size_picks),
	LIST(PERM, perm_picks),
	LIST(ADVICE, advice_picks),
	LIST(FORK, fork_picks),
	LIST(NTH, nth_picks),
	LIST(DEVICE, device_picks),
	LIST(REGION, region_picks),
	LIST(OFFSET, offset_picks),
	LIST(IRQ_FLAGS, irq_flag_picks),
	LIST(FEATURE, feature_picks),
	LIST(IOMMU_TYPE, iommu_type_picks),
	LIST(DMA_FLAGS, dma_flag_picks),
	LIST(UNMAP_FLAGS, unmap_flag_picks),
	LIST(DIRTY_FLAGS, dirty_flag_picks),
	LIST(DEVICE_EVENT, device_event_picks),
	LIST(SAMPLE_FLAGS, sample_flag_picks),
};
