/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * QEMU's intel-hda as an engine for DMA: one word is read and two are written at
 * any addresses that its registers say, at once, within the access to a register.
 * That edu takes 100 ms for the same is why it is not edu.
 */
#ifndef COMPAT_DIFF_HDA_H
#define COMPAT_DIFF_HDA_H

#include <linux/types.h>

/* Where in a page the word lies that is read, and where the two are written. */
#define HDA_READ_OFFSET 4
#define HDA_WRITE_OFFSET 8

/* The word in memory from which the device learns @tag, 1 to 255. */
#define HDA_WORD(tag) (0x00270600U | (tag))

int hda_start(int fd);
int hda_probe(int fd, __u64 read_page, __u64 write_page);

#endif
