// SPDX-License-Identifier: GPL-2.0-only
/* Peer-to-peer DMA from an edu device to the BAR of a peer. */
#include "p2p.h"

#include <fcntl.h>
#include <linux/pci_regs.h>
#include <sys/mman.h>
#include <unistd.h>

#include "harness.h"
#include "iommu_trace.h"
#include "sys.h"

/* The register with the sizes of the admin queues keeps what is written. */
#define NVME_AQA 0x24

/* Map the BAR of the peer in user space. */
void p2p_mmap_bar(struct p2p *p)
{
	p->bar = vdev_mmap(p->vdev, p->index, &p->size);
}

/* Open the peer and an edu device in one address space. */
void p2p_open(struct p2p *p, enum testdev which, enum backend backend)
{
	const char *bdf = pci_need(which);

	*p = (struct p2p){ .last = 0x1234500 };
	p->edu = edu_open(pci_need(TESTDEV_EDU0), backend);
	p->space = p->edu->vdev->space;
	p->vdev = vdev_open_in(p->space, bdf);
	vdev_enable(p->vdev, false);
	if (which == TESTDEV_SHMEM)
		p->index = VFIO_PCI_BAR2_REGION_INDEX;
	if (which == TESTDEV_NVME)
		p->word = NVME_AQA;
	p2p_mmap_bar(p);
	mmio_write32(p->bar, p->word, p->last);
	p->ram = sys_mmap_anon(PAGE);
	space_map(p->space, p->ram, P2P_RAM_IOVA, PAGE);
}

/* Write a word by DMA of @p->edu only. */
void p2p_write32(struct p2p *p, __u64 iova, __u32 value)
{
	*p->ram = value;
	edu_load(p->edu, P2P_RAM_IOVA, 4);
	edu_store(p->edu, iova, 4);
}

/*
 * Read a word by DMA of @p->edu only. If that fails, the result is the value
 * that p2p_write32() has left in the engine's buffer, or what the engine puts
 * there. Each transfer takes 100 ms.
 */
static __u32 p2p_read32(struct p2p *p, __u64 iova)
{
	edu_load(p->edu, iova, 4);
	*p->ram = 0;
	edu_store(p->edu, P2P_RAM_IOVA, 4);
	return *p->ram;
}

/* Check that DMA and the CPU access the same word. */
void p2p_check_reached_at(struct p2p *p, __u64 iova)
{
	p->last++;
	p2p_write32(p, iova + p->word, p->last);
	ASSERT_EQ(mmio_read32(p->bar, p->word), p->last);
	p->last++;
	mmio_write32(p->bar, p->word, p->last);
	ASSERT_EQ(p2p_read32(p, iova + p->word), p->last);
}

void p2p_check_reached(struct p2p *p)
{
	p2p_check_reached_at(p, P2P_IOVA);
}

/* Check that DMA does not reach the word, while the CPU does. */
void p2p_check_not_reached(struct p2p *p, __u64 iova)
{
	mmio_write32(p->bar, p->word, p->last);
	p2p_write32(p, iova + p->word, ~p->last);
	ASSERT_EQ(mmio_read32(p->bar, p->word), p->last);
	ASSERT(p2p_read32(p, iova + p->word) != p->last);
}

/* Check how often P2P_IOVA was unmapped and mapped since the last check. */
void p2p_check_trace(unsigned int unmaps, unsigned int maps)
{
	struct iommu_trace trace = iommu_trace_take(P2P_IOVA);

	ASSERT_EQ(trace.unmaps, unmaps);
	ASSERT_EQ(trace.maps, maps);
}

/*
 * Check that the DMA mapping of a disabled BAR is revoked. The BAR is enabled
 * by sysfs for the check, so that a mapping that was left would reach it.
 */
void p2p_check_revoked(struct p2p *p, __u64 iova)
{
	int config = pci_open_config(p->vdev->bdf);
	__u16 command;
	__u32 before;

	ASSERT(pread(config, &command, 2, PCI_COMMAND) == 2);
	ASSERT(!(command & PCI_COMMAND_MEMORY));
	command |= PCI_COMMAND_MEMORY;
	ASSERT(pwrite(config, &command, 2, PCI_COMMAND) == 2);
	p2p_write32(p, iova + p->word, ~p->last);
	before = p2p_read32(p, iova + p->word);
	command &= ~PCI_COMMAND_MEMORY;
	ASSERT(pwrite(config, &command, 2, PCI_COMMAND) == 2);
	sys_close(config);
	ASSERT(before != p->last);
	vdev_set_memory(p->vdev, true);
	ASSERT_EQ(mmio_read32(p->bar, p->word), p->last);
	vdev_set_memory(p->vdev, false);
}

/* Open both devices and map a page of the BAR at P2P_IOVA. */
void p2p_open_and_map(struct p2p *p, enum testdev which, enum backend backend)
{
	p2p_open(p, which, backend);
	iommu_trace_begin();
	space_map(p->space, p->bar, P2P_IOVA, PAGE);
	p2p_check_reached(p);
	p2p_check_trace(0, 1);
}

void p2p_close_peer(struct p2p *p)
{
	sys_munmap(p->bar, p->size);
	vdev_close(p->vdev);
}

void p2p_reopen_peer(struct p2p *p, const char *bdf)
{
	p->vdev = vdev_open_in(p->space, bdf);
	vdev_enable(p->vdev, false);
	p2p_mmap_bar(p);
}

/* Map in user space: RAM, two pages of the BAR, RAM, the whole BAR, RAM. */
char *p2p_mmap_mixed(struct p2p *p, size_t *size)
{
	size_t first = PAGE, second = 4 * PAGE;
	struct vfio_region_info info;
	char *mixed;

	*size = 5 * PAGE + p->size;
	mixed = sys_mmap_anon(*size);
	vdev_region(p->vdev, p->index, &info);
	ASSERT(mmap(mixed + first, 2 * PAGE, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_FIXED, p->vdev->fd,
		    (off_t)info.offset) != MAP_FAILED);
	ASSERT(mmap(mixed + second, p->size, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_FIXED, p->vdev->fd,
		    (off_t)info.offset) != MAP_FAILED);
	return mixed;
}
