// SPDX-License-Identifier: GPL-2.0-only
/* Peer-to-peer DMA to the BAR of a device that is mapped by its address. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "edu.h"
#include "harness.h"
#include "pci.h"
#include "sys.h"
#include "vdev.h"

#define BAR0 VFIO_PCI_BAR0_REGION_INDEX
#define BAR_SIZE MIB(1)
/* A register of edu that reads as the inverse of the value written to it */
#define EDU_LIVENESS 4
#define IOVA 0x10000000ULL
#define RAM_IOVA 0x20000000ULL

/** struct pair - two devices in one address space */
struct pair {
	/** @edu: the device that does DMA */
	struct edu *edu;
	/** @peer: the device whose BAR is accessed */
	struct edu *peer;
	/** @space: address space of both */
	struct space *space;
	/** @ram: a page of memory, mapped at RAM_IOVA */
	__u32 *ram;
};

static void pair_open(struct pair *pair, enum backend backend)
{
	const char *bdf1 = pci_need(TESTDEV_EDU1);

	pair->edu = edu_open(pci_need(TESTDEV_EDU0), backend);
	pair->space = pair->edu->vdev->space;
	pair->peer = edu_open_in(pair->space, bdf1);
	pair->ram = sys_mmap_anon(PAGE);
	space_map(pair->space, pair->ram, RAM_IOVA, PAGE);
}

static void pair_close(struct pair *pair)
{
	edu_close(pair->peer);
	edu_close_with_space(pair->edu);
}

/* Access memory by DMA of @edu only. */
static __u32 pair_read32(struct pair *pair, __u64 iova)
{
	*pair->ram = 0;
	edu_load(pair->edu, iova, 4);
	edu_store(pair->edu, RAM_IOVA, 4);
	return *pair->ram;
}

static void pair_write32(struct pair *pair, __u64 iova, __u32 value)
{
	*pair->ram = value;
	edu_load(pair->edu, RAM_IOVA, 4);
	edu_store(pair->edu, iova, 4);
}

/* Map in user space: RAM, a page of the peer's BAR, RAM. */
static char *mmap_mixed(struct pair *pair)
{
	char *mixed = sys_mmap_anon(3 * PAGE);
	struct vfio_region_info info;

	vdev_region(pair->peer->vdev, BAR0, &info);
	if (mmap(mixed + PAGE, PAGE, PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_FIXED, pair->peer->vdev->fd,
		 (off_t)info.offset) == MAP_FAILED)
		FAIL("mmap: %s", strerror(errno));
	return mixed;
}

TEST_OVER(reach_a_register, BACKENDS_ALL)
{
	struct pair pair;

	pair_open(&pair, backend);
	space_map(pair.space, (void *)pair.peer->regs, IOVA, BAR_SIZE);
	mmio_write32(pair.peer->regs, EDU_LIVENESS, 0x12345678);
	ASSERT_EQ(pair_read32(&pair, IOVA + EDU_LIVENESS), (__u32)~0x12345678);
	pair_write32(&pair, IOVA + EDU_LIVENESS, 0x9abcdef0);
	ASSERT_EQ(mmio_read32(pair.peer->regs, EDU_LIVENESS),
		  (__u32)~0x9abcdef0);

	space_unmap(pair.space, IOVA, BAR_SIZE);
	pair_write32(&pair, IOVA + EDU_LIVENESS, 1);
	ASSERT_EQ(mmio_read32(pair.peer->regs, EDU_LIVENESS),
		  (__u32)~0x9abcdef0);
	space_map(pair.space, (void *)pair.peer->regs, IOVA, BAR_SIZE);
	ASSERT_EQ(pair_read32(&pair, IOVA + EDU_LIVENESS), (__u32)~0x9abcdef0);
	pair_close(&pair);
}

TEST_OVER(bar_between_ram, BACKENDS_ALL)
{
	long long pins;
	struct pair pair;
	char *mixed;

	pair_open(&pair, backend);
	mixed = mmap_mixed(&pair);
	pins = sys_pins_held();
	space_map(pair.space, mixed, IOVA, 3 * PAGE);
	ASSERT_EQ(sys_pins_held(), pins + 2);
	pair_write32(&pair, IOVA, 0x11111111);
	pair_write32(&pair, IOVA + PAGE + EDU_LIVENESS, 0x22222222);
	pair_write32(&pair, IOVA + 2 * PAGE, 0x33333333);
	ASSERT_EQ(mmio_read32(mixed, 0), 0x11111111U);
	ASSERT_EQ(mmio_read32(pair.peer->regs, EDU_LIVENESS),
		  (__u32)~0x22222222);
	ASSERT_EQ(mmio_read32(mixed, 2 * PAGE), 0x33333333U);
	space_unmap(pair.space, IOVA, 3 * PAGE);
	ASSERT_EQ(sys_pins_held(), pins);
	pair_close(&pair);
}

/* A BAR is not RAM, so it is not charged to the limit of locked memory. */
TEST_OVER(costs_nothing, BACKENDS_ALL)
{
	long long locked = backend & BACKENDS_LEGACY ? PAGE : 0;
	struct pair pair;
	char *mixed, *ram;

	pair_open(&pair, backend);
	mixed = mmap_mixed(&pair);
	ram = sys_mmap_anon(PAGE);
	ASSERT_EQ(sys_vm_locked(getpid()), locked);
	space_map(pair.space, (void *)pair.peer->regs, IOVA, BAR_SIZE);
	ASSERT_EQ(sys_vm_locked(getpid()), locked);
	space_unmap(pair.space, IOVA, BAR_SIZE);

	/* Allow two more pages than now. */
	sys_set_memlock(locked + 2 * PAGE);
	sys_drop_ipc_lock();
	space_map(pair.space, (void *)pair.peer->regs, IOVA, BAR_SIZE);
	space_map(pair.space, mixed, IOVA + BAR_SIZE, 3 * PAGE);
	ASSERT_RC(__space_map(pair.space, ram, IOVA + 2 * BAR_SIZE, PAGE,
			      DMA_RW),
		  -ENOMEM);
	space_unmap(pair.space, IOVA + BAR_SIZE, 3 * PAGE);
	space_map(pair.space, ram, IOVA + 2 * BAR_SIZE, PAGE);
	pair_close(&pair);
}

TEST_OVER(read_only_bar, BACKENDS_ALL)
{
	struct vfio_region_info info;
	struct pair pair;
	void *bar;

	pair_open(&pair, backend);
	vdev_region(pair.peer->vdev, BAR0, &info);
	bar = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, pair.peer->vdev->fd,
		   (off_t)info.offset);
	ASSERT(bar != MAP_FAILED);
	ASSERT_RC(__space_map(pair.space, bar, IOVA, PAGE, DMA_RW), -EFAULT);
	ASSERT_RC(__space_map(pair.space, bar, IOVA, PAGE, DMA_READ), 0);
	mmio_write32(pair.peer->regs, EDU_LIVENESS, 0x12345678);
	ASSERT_EQ(pair_read32(&pair, IOVA + EDU_LIVENESS), (__u32)~0x12345678);
	pair_write32(&pair, IOVA + EDU_LIVENESS, 1);
	ASSERT_EQ(mmio_read32(pair.peer->regs, EDU_LIVENESS),
		  (__u32)~0x12345678);
	pair_close(&pair);
}

/* Memory of a device, in transfers of the size of the engine's buffer */
TEST_OVER(memory_of_a_device, BACKENDS_ALL)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU0), backend);
	struct space *space = edu->vdev->space;
	struct vdev *peer = vdev_open_in(space, pci_need(TESTDEV_SHMEM));
	char *ram = sys_mmap_anon(PAGE);
	size_t size;
	char *bar;

	vdev_enable(peer, false);
	bar = vdev_mmap(peer, VFIO_PCI_BAR2_REGION_INDEX, &size);
	space_map(space, bar, IOVA, size);
	space_map(space, ram, RAM_IOVA, PAGE);

	fill_pattern(ram, PAGE, 1);
	edu_load(edu, RAM_IOVA, PAGE);
	edu_store(edu, IOVA + size - PAGE, PAGE);
	ASSERT(is_pattern(bar + size - PAGE, PAGE, 1));

	fill_pattern(bar, PAGE, 2);
	edu_load(edu, IOVA, PAGE);
	edu_store(edu, RAM_IOVA, PAGE);
	ASSERT(is_pattern(ram, PAGE, 2));
}
