// SPDX-License-Identifier: GPL-2.0-only
/* NVMe in user space: queues, doorbells, PRPs. */
#include "nvme.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"
#include "sys.h"

#define NVME_REG_CAP 0x00
#define NVME_REG_CC 0x14
#define NVME_REG_CSTS 0x1c
#define NVME_REG_AQA 0x24
#define NVME_REG_ASQ 0x28
#define NVME_REG_ACQ 0x30
#define NVME_REG_DOORBELLS 0x1000

#define NVME_CC_ENABLE 1U
#define NVME_CC_SHUTDOWN (1U << 14)
#define NVME_CC_QUEUE_ENTRY_SIZES ((6U << 16) | (4U << 20))
#define NVME_CSTS_READY 1U
#define NVME_CSTS_FATAL 2U
#define NVME_CSTS_SHUTDOWN_MASK (3U << 2)
#define NVME_CSTS_SHUTDOWN_DONE (2U << 2)

#define NVME_OP_CREATE_SQ 0x01
#define NVME_OP_CREATE_CQ 0x05
#define NVME_OP_IDENTIFY 0x06
#define NVME_OP_FLUSH 0x00
#define NVME_OP_WRITE 0x01
#define NVME_OP_READ 0x02

/* A page of submission entries, and as many completion entries. */
#define NVME_QUEUE_ENTRIES 64U
#define NVME_NAMESPACE 1U
/* Maximum size of a transfer that one page of PRPs describes. */
#define NVME_PRP_BYTES_MAX (512 * PAGE)

/* Fields of NVME_REG_CAP and of the identify data. */
#define NVME_CAP_DSTRD(cap) ((cap) >> 32 & 0xf)
#define NVME_CNS_NAMESPACE 0U
#define NVME_CNS_CONTROLLER 1U
#define NVME_ID_CTRL_MDTS 77
#define NVME_ID_NS_NSZE 0
#define NVME_ID_NS_FLBAS 26
#define NVME_ID_NS_LBAF(i) (128 + 4 * (i))
#define NVME_FLBAS_INDEX(flbas) ((flbas) & 0xf)
#define NVME_LBAF_LBADS(lbaf) ((lbaf) >> 16 & 0xff)

/* Flags of the commands that create queues. */
#define NVME_QUEUE_CONTIGUOUS 1U
#define NVME_QUEUE_INTERRUPTS 2U

/* Pages of struct nvme's @mem. */
enum {
	NVME_PAGE_ADMIN_SQ,
	NVME_PAGE_ADMIN_CQ,
	NVME_PAGE_IO_SQ,
	NVME_PAGE_IO_CQ,
	NVME_PAGE_IDENTIFY,
	NVME_PAGE_PRP_LISTS
};

/** struct nvme_command - an entry of a submission queue */
struct nvme_command {
	/** @opcode: the operation */
	__u8 opcode;
	/** @flags: 0: the data is described by PRPs */
	__u8 flags;
	/** @id: ID of the command, which the completion repeats */
	__u16 id;
	/** @nsid: ID of the namespace */
	__u32 nsid;
	/** @unused: metadata */
	__u32 unused[4];
	/** @prp1: address of the first page of the data */
	__u64 prp1;
	/** @prp2: address of the second page, or of a list of all but the first */
	__u64 prp2;
	/** @dw10: depends on the opcode, as all that follow */
	__u32 dw10;
	/** @dw11: see @dw10 */
	__u32 dw11;
	/** @dw12: see @dw10 */
	__u32 dw12;
	/** @dw13: see @dw10 */
	__u32 dw13[3];
};

/** struct nvme_completion - an entry of a completion queue */
struct nvme_completion {
	/** @result: result of the command */
	__u32 result;
	/** @unused: always zero */
	__u32 unused;
	/** @sq_head: next submission entry that the controller reads */
	__u16 sq_head;
	/** @sq_id: ID of the submission queue */
	__u16 sq_id;
	/** @id: ID of the command */
	__u16 id;
	/** @status: bit 0 is the phase, the others are 0 for success */
	__u16 status;
};

_Static_assert(sizeof(struct nvme_command) == 64, "as NVMe has it");
_Static_assert(sizeof(struct nvme_completion) == 16, "as NVMe has it");

static void nvme_wait_status(struct nvme *nvme, __u32 mask, __u32 want)
{
	__u32 status;

	for (;;) {
		status = mmio_read32(nvme->regs, NVME_REG_CSTS);
		if ((status & mask) == want)
			return;
		if (status & NVME_CSTS_FATAL && want)
			FAIL("the NVMe controller gave up: CSTS %#x", status);
		sched_yield();
	}
}

static void nvme_ring(struct nvme *nvme, struct nvme_queue *queue, bool cq,
		      unsigned int value)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
	mmio_write32(nvme->regs,
		     NVME_REG_DOORBELLS + (2 * queue->id + cq) * nvme->stride,
		     value);
}

static void nvme_submit(struct nvme *nvme, struct nvme_queue *queue,
			const struct nvme_command *command)
{
	struct nvme_command *slot = queue->sq;

	slot[queue->sq_tail] = *command;
	queue->sq_tail = (queue->sq_tail + 1) % NVME_QUEUE_ENTRIES;
	nvme_ring(nvme, queue, false, queue->sq_tail);
}

/* Consume a completion if there is one. */
static bool nvme_reap(struct nvme *nvme, struct nvme_queue *queue,
		      struct nvme_completion *done)
{
	struct nvme_completion *entry = queue->cq;
	__u16 status;

	entry += queue->cq_head;
	status = __atomic_load_n(&entry->status, __ATOMIC_ACQUIRE);
	if ((status & 1U) != queue->phase)
		return false;
	*done = *entry;
	queue->cq_head = (queue->cq_head + 1) % NVME_QUEUE_ENTRIES;
	if (!queue->cq_head)
		queue->phase ^= 1;
	nvme_ring(nvme, queue, true, queue->cq_head);
	return true;
}

/*
 * Sleep until the interrupt of a completion. INTx is masked from its delivery
 * until the completion is acknowledged to the device.
 */
static bool nvme_reap_after_irq(struct nvme *nvme, struct nvme_queue *queue,
				struct nvme_completion *done)
{
	bool got;

	sys_eventfd_wait(queue->irq_fd);
	nvme->irqs_taken += sys_eventfd_take(queue->irq_fd);
	got = nvme_reap(nvme, queue, done);
	if (nvme->irq_index == VFIO_PCI_INTX_IRQ_INDEX)
		vdev_intx_unmask(nvme->vdev);
	return got;
}

static void nvme_wait_completion(struct nvme *nvme, struct nvme_queue *queue,
				 struct nvme_completion *done)
{
	bool got = nvme_reap(nvme, queue, done);

	while (!got)
		got = nvme_reap_after_irq(nvme, queue, done);
}

static void nvme_admin(struct nvme *nvme, const struct nvme_command *command)
{
	struct nvme_completion done;

	nvme_submit(nvme, &nvme->admin, command);
	nvme_wait_completion(nvme, &nvme->admin, &done);
	if (done.status >> 1)
		FAIL("NVMe admin command %#x: status %#x", command->opcode,
		     done.status >> 1);
}

static __u64 nvme_page_iova(struct nvme *nvme, unsigned int page)
{
	return nvme->iova + page * PAGE;
}

static void nvme_queue_init(struct nvme *nvme, struct nvme_queue *queue,
			    unsigned int id, unsigned int page)
{
	queue->id = id;
	queue->sq = nvme->mem + page * PAGE;
	queue->cq = nvme->mem + (page + 1) * PAGE;
	queue->sq_iova = nvme_page_iova(nvme, page);
	queue->cq_iova = nvme_page_iova(nvme, page + 1);
	queue->phase = 1;
	queue->irq_fd = nvme->irq_fds[id < nvme->nr_irqs ? id : 0];
}

static void nvme_enable_irqs(struct nvme *nvme, unsigned int index)
{
	struct vfio_irq_info info;
	unsigned int i;

	vdev_irq_info(nvme->vdev, index, &info);
	if (!info.count)
		SKIP("the NVMe device has no interrupts of index %u", index);
	nvme->irq_index = index;
	nvme->nr_irqs = info.count > 1 ? 2 : 1;
	for (i = 0; i < nvme->nr_irqs; i++)
		nvme->irq_fds[i] = sys_eventfd();
	vdev_irq_enable(nvme->vdev, index, 0, nvme->irq_fds, nvme->nr_irqs);
}

static void nvme_enable(struct nvme *nvme)
{
	mmio_write32(nvme->regs, NVME_REG_CC, 0);
	nvme_wait_status(nvme, NVME_CSTS_READY, 0);
	mmio_write32(nvme->regs, NVME_REG_AQA,
		     (NVME_QUEUE_ENTRIES - 1) << 16 | (NVME_QUEUE_ENTRIES - 1));
	mmio_write64(nvme->regs, NVME_REG_ASQ, nvme->admin.sq_iova);
	mmio_write64(nvme->regs, NVME_REG_ACQ, nvme->admin.cq_iova);
	mmio_write32(nvme->regs, NVME_REG_CC,
		     NVME_CC_QUEUE_ENTRY_SIZES | NVME_CC_ENABLE);
	nvme_wait_status(nvme, NVME_CSTS_READY, NVME_CSTS_READY);
}

static const void *nvme_identify(struct nvme *nvme, __u32 nsid, __u32 what)
{
	struct nvme_command command = {
		.opcode = NVME_OP_IDENTIFY,
		.nsid = nsid,
		.prp1 = nvme_page_iova(nvme, NVME_PAGE_IDENTIFY),
		.dw10 = what,
	};

	nvme_admin(nvme, &command);
	return nvme->mem + NVME_PAGE_IDENTIFY * PAGE;
}

static void nvme_read_limits(struct nvme *nvme)
{
	const __u8 *data = nvme_identify(nvme, 0, NVME_CNS_CONTROLLER);
	unsigned int mdts, format;
	__u32 lbaf;

	nvme->max_bytes = NVME_PRP_BYTES_MAX;
	mdts = data[NVME_ID_CTRL_MDTS];
	if (mdts && PAGE << mdts < nvme->max_bytes)
		nvme->max_bytes = PAGE << mdts;
	data = nvme_identify(nvme, NVME_NAMESPACE, NVME_CNS_NAMESPACE);
	nvme->nr_blocks = *(const __u64 *)(data + NVME_ID_NS_NSZE);
	format = NVME_FLBAS_INDEX(data[NVME_ID_NS_FLBAS]);
	lbaf = *(const __u32 *)(data + NVME_ID_NS_LBAF(format));
	nvme->block_size = 1U << NVME_LBAF_LBADS(lbaf);
	ASSERT(nvme->nr_blocks);
}

static void nvme_create_io_queue(struct nvme *nvme)
{
	struct nvme_command command = {
		.opcode = NVME_OP_CREATE_CQ,
		.prp1 = nvme->io.cq_iova,
		.dw10 = (NVME_QUEUE_ENTRIES - 1) << 16 | nvme->io.id,
		/* by the last vector */
		.dw11 = (nvme->nr_irqs - 1) << 16 | NVME_QUEUE_INTERRUPTS |
			NVME_QUEUE_CONTIGUOUS,
	};

	nvme_admin(nvme, &command);
	command.opcode = NVME_OP_CREATE_SQ;
	command.prp1 = nvme->io.sq_iova;
	command.dw11 = nvme->io.id << 16 | NVME_QUEUE_CONTIGUOUS;
	nvme_admin(nvme, &command);
}

/*
 * Start the controller. The driver maps NVME_IOVA_SIZE bytes at @iova for its
 * queues; the caller maps the memory for data.
 */
struct nvme *nvme_open(struct vdev *vdev, __u64 iova, unsigned int irq_index)
{
	struct nvme *nvme = sys_zalloc(sizeof(*nvme));

	nvme->vdev = vdev;
	nvme->iova = iova;
	nvme->mem = sys_mmap_anon(NVME_IOVA_SIZE);
	space_map(vdev->space, nvme->mem, iova, NVME_IOVA_SIZE);
	vdev_enable(vdev, true);
	nvme->regs =
		vdev_mmap(vdev, VFIO_PCI_BAR0_REGION_INDEX, &nvme->regs_size);
	nvme->stride = 4U
		       << NVME_CAP_DSTRD(mmio_read64(nvme->regs, NVME_REG_CAP));
	nvme->free_slots = (1U << NVME_DEPTH) - 1;
	nvme_enable_irqs(nvme, irq_index);
	nvme_queue_init(nvme, &nvme->admin, 0, NVME_PAGE_ADMIN_SQ);
	nvme_queue_init(nvme, &nvme->io, 1, NVME_PAGE_IO_SQ);
	nvme_enable(nvme);
	nvme_read_limits(nvme);
	nvme_create_io_queue(nvme);
	return nvme;
}

/*
 * Free the resources of this process without changing the state of the device.
 */
void nvme_abandon(struct nvme *nvme)
{
	unsigned int i;

	vdev_irq_disable(nvme->vdev, nvme->irq_index);
	for (i = 0; i < nvme->nr_irqs; i++)
		sys_close(nvme->irq_fds[i]);
	space_unmap(nvme->vdev->space, nvme->iova, NVME_IOVA_SIZE);
	sys_munmap(nvme->mem, NVME_IOVA_SIZE);
	sys_munmap((void *)nvme->regs, nvme->regs_size);
	free(nvme);
}

void nvme_close(struct nvme *nvme)
{
	nvme_wait_all(nvme);
	mmio_write32(nvme->regs, NVME_REG_CC,
		     NVME_CC_QUEUE_ENTRY_SIZES | NVME_CC_ENABLE |
			     NVME_CC_SHUTDOWN);
	nvme_wait_status(nvme, NVME_CSTS_SHUTDOWN_MASK,
			 NVME_CSTS_SHUTDOWN_DONE);
	mmio_write32(nvme->regs, NVME_REG_CC, 0);
	nvme_wait_status(nvme, NVME_CSTS_READY, 0);
	nvme_abandon(nvme);
}

/* Return PRP 2: the second page, or a list of the pages after the first. */
static __u64 nvme_make_prp2(struct nvme *nvme, unsigned int slot, __u64 iova,
			    size_t size)
{
	__u64 page = (iova & ~(PAGE - 1)) + PAGE;
	__u64 end = iova + size;
	__u64 *list;
	unsigned int i;

	if (page >= end)
		return 0;
	if (page + PAGE >= end)
		return page;
	list = (__u64 *)(nvme->mem + (NVME_PAGE_PRP_LISTS + slot) * PAGE);
	for (i = 0; page < end; page += PAGE)
		list[i++] = page;
	return nvme_page_iova(nvme, NVME_PAGE_PRP_LISTS + slot);
}

/* Start a transfer of at most max_bytes; waits if no slot is free. */
void nvme_start(struct nvme *nvme, bool write, __u64 offset, __u64 iova,
		size_t size)
{
	struct nvme_command command = {
		.opcode = write ? NVME_OP_WRITE : NVME_OP_READ,
		.nsid = NVME_NAMESPACE,
		.prp1 = iova,
	};
	__u64 block = offset / nvme->block_size;
	unsigned int slot;

	ASSERT(size && size <= nvme->max_bytes);
	ASSERT(!(offset % nvme->block_size) && !(size % nvme->block_size));
	if (!nvme->free_slots)
		nvme_wait_one(nvme);
	slot = __builtin_ctz(nvme->free_slots);
	nvme->free_slots &= ~(1U << slot);
	command.id = slot;
	command.prp2 = nvme_make_prp2(nvme, slot, iova, size);
	command.dw10 = (__u32)block;
	command.dw11 = (__u32)(block >> 32);
	command.dw12 = size / nvme->block_size - 1;
	nvme_submit(nvme, &nvme->io, &command);
}

static void nvme_finish(struct nvme *nvme, const struct nvme_completion *done)
{
	ASSERT(done->id < NVME_DEPTH);
	nvme->free_slots |= 1U << done->id;
	if (done->status >> 1)
		FAIL("NVMe I/O command: status %#x", done->status >> 1);
}

void nvme_wait_one(struct nvme *nvme)
{
	struct nvme_completion done;

	nvme_wait_completion(nvme, &nvme->io, &done);
	nvme_finish(nvme, &done);
}

void nvme_wait_all(struct nvme *nvme)
{
	while (nvme->free_slots != (1U << NVME_DEPTH) - 1)
		nvme_wait_one(nvme);
}

/* Transfer any number of bytes, in one command or several. */
void nvme_transfer(struct nvme *nvme, bool write, __u64 offset, __u64 iova,
		   size_t size)
{
	size_t done;
	size_t part;

	for (done = 0; done < size; done += part) {
		part = size - done;
		if (part > nvme->max_bytes)
			part = nvme->max_bytes;
		nvme_start(nvme, write, offset + done, iova + done, part);
	}
	nvme_wait_all(nvme);
}

void nvme_flush(struct nvme *nvme)
{
	struct nvme_command command = {
		.opcode = NVME_OP_FLUSH,
		.nsid = NVME_NAMESPACE,
	};
	struct nvme_completion done;

	nvme_wait_all(nvme);
	nvme->free_slots &= ~1U;
	nvme_submit(nvme, &nvme->io, &command);
	/*
	 * A fast drive may always complete before the driver sleeps, so that no
	 * interrupt is ever needed. Here wait for an interrupt before the
	 * completion is looked for.
	 */
	while (!nvme_reap_after_irq(nvme, &nvme->io, &done))
		;
	nvme_finish(nvme, &done);
}
