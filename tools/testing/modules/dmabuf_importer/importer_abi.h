/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ioctls of /dev/dmabuf_importer, by which a test controls an importer of
 * dma-bufs. They return the result of the call that the importer makes. Each
 * open file is one importer; closing it unmaps, unpins and detaches.
 */
#ifndef DMABUF_IMPORTER_ABI_H
#define DMABUF_IMPORTER_ABI_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* Flags of &struct importer_attach: the importer requires struct pages */
#define IMPORTER_NO_P2P (1U << 0)
/* It cannot be notified; before 7.1 the kernel logs a warning about that */
#define IMPORTER_NO_NOTIFY (1U << 1)
/* Static attachment without any ops */
#define IMPORTER_STATIC (1U << 2)
/* It unmaps as soon as it is notified, not at the request of the test */
#define IMPORTER_AT_ONCE (1U << 3)

/**
 * struct importer_attach - attach a device to a dma-buf
 */
struct importer_attach {
	/** @dmabuf_fd: the dma-buf */
	__s32 dmabuf_fd;
	/** @event_fd: eventfd that counts the notifications to unmap */
	__s32 event_fd;
	/** @flags: IMPORTER_NO_P2P and so on */
	__u32 flags;
	/** @domain: PCI domain of the device that accesses the memory */
	__u16 domain;
	/** @bus: its PCI bus */
	__u8 bus;
	/** @devfn: device number in bits 3 and up, and function number */
	__u8 devfn;
};

/** struct importer_entry - an entry of the scatter list */
struct importer_entry {
	/** @address: DMA address for the device */
	__u64 address;
	/** @length: bytes */
	__u64 length;
};

/* Maximum number of entries returned; all are counted */
#define IMPORTER_MAX_ENTRIES 8

/** struct importer_map - the mapping of a dma-buf */
struct importer_map {
	/** @nr: number of entries in the scatter list */
	__u64 nr;
	/** @length: total bytes of all entries */
	__u64 length;
	/** @entries: the first ones */
	struct importer_entry entries[IMPORTER_MAX_ENTRIES];
};

/* dma_buf_dynamic_attach() or dma_buf_attach(), once for each open file */
#define IMPORTER_ATTACH _IOW('I', 0, struct importer_attach)
/* dma_buf_pin() */
#define IMPORTER_PIN _IO('I', 1)
/* dma_buf_unpin() */
#define IMPORTER_UNPIN _IO('I', 2)
/* dma_buf_map_attachment(), EBUSY if it is mapped */
#define IMPORTER_MAP _IOR('I', 3, struct importer_map)
/* dma_buf_unmap_attachment(), EINVAL if it is not mapped */
#define IMPORTER_UNMAP _IO('I', 4)
/* Begin DMA that others can wait for, EBUSY if it is in progress */
#define IMPORTER_BEGIN_DMA _IO('I', 5)
/* Complete the DMA */
#define IMPORTER_END_DMA _IO('I', 6)

#endif /* DMABUF_IMPORTER_ABI_H */
