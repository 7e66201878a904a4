/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Peer-to-peer DMA: a device that does DMA and another one whose BAR is mapped
 * for it, by the address of a mapping in user space.
 */
#ifndef SELFTESTS_LIB_P2P_H
#define SELFTESTS_LIB_P2P_H

#include <linux/types.h>
#include <stddef.h>

#include "edu.h"
#include "pci.h"
#include "vdev.h"

/* IOVAs of the BAR, of a page of RAM, and of a second mapping of the BAR */
#define P2P_IOVA 0x10000000ULL
#define P2P_RAM_IOVA 0x20000000ULL
#define P2P_OTHER_IOVA 0x30000000ULL

/** struct p2p - a device that does DMA, and its peer */
struct p2p {
	/** @edu: the device that does DMA */
	struct edu *edu;
	/** @vdev: the peer, whose BAR is accessed */
	struct vdev *vdev;
	/** @space: address space of @edu */
	struct space *space;
	/** @ram: a page of memory, mapped at P2P_RAM_IOVA */
	__u32 *ram;
	/** @index: region index of the BAR */
	unsigned int index;
	/** @bar: the BAR, mapped in user space */
	char *bar;
	/** @size: bytes of @bar */
	size_t size;
	/** @word: offset in @bar of a word that keeps what is written to it */
	unsigned int word;
	/** @last: the last value written to this word */
	__u32 last;
};

void p2p_mmap_bar(struct p2p *p);
void p2p_open(struct p2p *p, enum testdev which, enum backend backend);
void p2p_open_and_map(struct p2p *p, enum testdev which, enum backend backend);
void p2p_close_peer(struct p2p *p);
void p2p_reopen_peer(struct p2p *p, const char *bdf);
char *p2p_mmap_mixed(struct p2p *p, size_t *size);

void p2p_write32(struct p2p *p, __u64 iova, __u32 value);
void p2p_check_reached_at(struct p2p *p, __u64 iova);
void p2p_check_reached(struct p2p *p);
void p2p_check_not_reached(struct p2p *p, __u64 iova);
void p2p_check_revoked(struct p2p *p, __u64 iova);
void p2p_check_trace(unsigned int unmaps, unsigned int maps);

#endif
