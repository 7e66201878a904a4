/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * QEMU's intel-hda as a DMA engine. It reads one word and writes two, at
 * addresses that its registers hold, within the access to a register. The edu
 * device is not used because it takes 100 ms for the same.
 */
#ifndef COMPAT_DIFF_HDA_H
#define COMPAT_DIFF_HDA_H

#include <linux/types.h>

/* Offsets in a page of the word that is read and of the two that are written */
#define HDA_READ_OFFSET 4
#define HDA_WRITE_OFFSET 8

/* The command in memory that stores @tag, 1 to 255, in the codec */
#define HDA_WORD(tag) (0x00270600U | (tag))

int hda_start(int fd);
int hda_probe(int fd, __u64 read_page, __u64 write_page);

#endif
