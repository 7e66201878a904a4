/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ioctls of /dev/dmabuf_importer, by which a test tells an importer of a
 * dma-buf what to do. They return what the importer was answered. Each open file
 * is one importer; closing it unmaps, unpins and detaches.
 */
#ifndef DMABUF_IMPORTER_ABI_H
#define DMABUF_IMPORTER_ABI_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* Of &struct importer_attach: it cannot do without struct pages */
#define IMPORTER_NO_P2P (1U << 0)
/* It cannot be told to unmap; before 7.1 the kernel complains of that */
#define IMPORTER_NO_NOTIFY (1U << 1)
/* It knows of neither, and has no ops at all */
#define IMPORTER_STATIC (1U << 2)
/* It unmaps as soon as it is told to, not when the test says so */
#define IMPORTER_AT_ONCE (1U << 3)

/**
 * struct importer_attach - whom to import what for
 */
struct importer_attach {
	/** @dmabuf_fd: the dma-buf */
	__s32 dmabuf_fd;
	/** @event_fd: eventfd that counts how often it was told to unmap */
	__s32 event_fd;
	/** @flags: IMPORTER_NO_P2P and so on */
	__u32 flags;
	/** @domain: PCI domain of the device that is to reach the memory */
	__u16 domain;
	/** @bus: its PCI bus */
	__u8 bus;
	/** @devfn: its device, from bit 3 up, and function */
	__u8 devfn;
};

/** struct importer_entry - one entry of the scatter list */
struct importer_entry {
	/** @address: for DMA of the device */
	__u64 address;
	/** @length: bytes */
	__u64 length;
};

/* As many entries as are told of; all are counted */
#define IMPORTER_MAX_ENTRIES 8

/** struct importer_map - what the dma-buf was mapped to */
struct importer_map {
	/** @nr: entries in the scatter list */
	__u64 nr;
	/** @length: bytes in all of them */
	__u64 length;
	/** @entries: the first ones */
	struct importer_entry entries[IMPORTER_MAX_ENTRIES];
};

/* dma_buf_dynamic_attach(), once in the life of the file */
#define IMPORTER_ATTACH _IOW('I', 0, struct importer_attach)
/* dma_buf_pin() */
#define IMPORTER_PIN _IO('I', 1)
/* dma_buf_unpin() */
#define IMPORTER_UNPIN _IO('I', 2)
/* dma_buf_map_attachment(), EBUSY where it is mapped */
#define IMPORTER_MAP _IOR('I', 3, struct importer_map)
/* dma_buf_unmap_attachment(), EINVAL where it is not mapped */
#define IMPORTER_UNMAP _IO('I', 4)
/* Begin some DMA that others can wait for, EBUSY where there is some */
#define IMPORTER_BEGIN_DMA _IO('I', 5)
/* Let it be done */
#define IMPORTER_END_DMA _IO('I', 6)

#endif /* DMABUF_IMPORTER_ABI_H */
