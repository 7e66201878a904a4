// SPDX-License-Identifier: GPL-2.0-only
/* Registers of the edu device, and DMA by them. */
#include "edu.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "harness.h"
#include "sys.h"

#define EDU_ID 0x00
#define EDU_ID_LOW 0xed
#define EDU_IRQ_STATUS 0x24
#define EDU_IRQ_RAISE 0x60
#define EDU_IRQ_ACK 0x64
#define EDU_DMA_SRC 0x80
#define EDU_DMA_DST 0x88
#define EDU_DMA_COUNT 0x90
#define EDU_DMA_CMD 0x98
#define EDU_DMA_START 1U
#define EDU_DMA_TO_RAM 2U
/* Address of the engine's buffer in its own address space. */
#define EDU_BUF 0x40000ULL

struct edu *edu_open_in(struct space *space, const char *bdf)
{
	struct edu *edu = sys_zalloc(sizeof(*edu));

	edu->vdev = vdev_open_in(space, bdf);
	vdev_enable(edu->vdev, true);
	edu->regs = vdev_mmap(edu->vdev, VFIO_PCI_BAR0_REGION_INDEX, NULL);
	ASSERT_EQ(mmio_read32(edu->regs, EDU_ID) & 0xff, EDU_ID_LOW);
	/* Wait for the end of a transfer that an earlier user has started. */
	edu_dma_wait(edu);
	edu_ack(edu, ~0U);
	return edu;
}

struct edu *edu_open(const char *bdf, enum backend backend)
{
	return edu_open_in(space_open(backend), bdf);
}

void edu_close(struct edu *edu)
{
	struct vfio_region_info info;

	vdev_region(edu->vdev, VFIO_PCI_BAR0_REGION_INDEX, &info);
	sys_munmap((void *)edu->regs, info.size);
	vdev_close(edu->vdev);
	free(edu);
}

void edu_close_with_space(struct edu *edu)
{
	struct space *space = edu->vdev->space;

	edu_close(edu);
	space_close(space);
}

static void edu_dma_start(struct edu *edu, __u64 src, __u64 dst, size_t size,
			  __u32 cmd)
{
	mmio_write64(edu->regs, EDU_DMA_SRC, src);
	mmio_write64(edu->regs, EDU_DMA_DST, dst);
	mmio_write64(edu->regs, EDU_DMA_COUNT, size);
	mmio_write32(edu->regs, EDU_DMA_CMD, EDU_DMA_START | cmd);
}

/* Start a transfer from memory to the device. */
void edu_dma_start_in(struct edu *edu, __u64 iova, size_t size)
{
	edu_dma_start(edu, iova, EDU_BUF, size, 0);
}

/* Start a transfer from the device to memory. */
void edu_dma_start_out(struct edu *edu, __u64 iova, size_t size)
{
	edu_dma_start(edu, EDU_BUF, iova, size, EDU_DMA_TO_RAM);
}

/* The engine clears its start bit at the end, even of a failed transfer. */
void edu_dma_wait(struct edu *edu)
{
	while (mmio_read32(edu->regs, EDU_DMA_CMD) & EDU_DMA_START)
		sched_yield();
}

void edu_load(struct edu *edu, __u64 iova, size_t size)
{
	edu_dma_start_in(edu, iova, size);
	edu_dma_wait(edu);
}

void edu_store(struct edu *edu, __u64 iova, size_t size)
{
	edu_dma_start_out(edu, iova, size);
	edu_dma_wait(edu);
}

/* Let the device read and write @page, which is mapped at @iova. */
void edu_round_trip(struct edu *edu, char *page, __u64 iova, unsigned int seed)
{
	fill_pattern(page, PAGE, seed);
	edu_load(edu, iova, PAGE);
	memset(page, 0, PAGE);
	edu_store(edu, iova, PAGE);
	ASSERT(is_pattern(page, PAGE, seed));
}

/* Map a page at @iova and let the device read and write it. */
void edu_check_round_trip(struct edu *edu, __u64 iova, unsigned int seed)
{
	char *page = sys_mmap_anon(PAGE);

	space_map(edu->vdev->space, page, iova, PAGE);
	edu_round_trip(edu, page, iova, seed);
}

void edu_raise(struct edu *edu, __u32 bits)
{
	mmio_write32(edu->regs, EDU_IRQ_RAISE, bits);
}

__u32 edu_irq_status(struct edu *edu)
{
	return mmio_read32(edu->regs, EDU_IRQ_STATUS);
}

void edu_ack(struct edu *edu, __u32 bits)
{
	mmio_write32(edu->regs, EDU_IRQ_ACK, bits);
}
