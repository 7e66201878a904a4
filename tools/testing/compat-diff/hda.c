// SPDX-License-Identifier: GPL-2.0-only
/*
 * The controller takes commands for its codec from a ring in memory and puts the
 * responses into another ring. The command is to keep a number, which can be asked
 * for afterwards by registers alone: that tells what was read. The response, all
 * zeros, tells what can be written.
 */
#include "hda.h"

#include <linux/vfio.h>
#include <stddef.h>
#include <unistd.h>

enum {
	REG_GCTL = 0x08,
	REG_CORB_BASE = 0x40,
	REG_CORB_WP = 0x48,
	REG_CORB_RP = 0x4a,
	REG_CORB_CTL = 0x4c,
	REG_RIRB_BASE = 0x50,
	REG_RIRB_WP = 0x58,
	REG_RIRB_COUNT = 0x5a,
	REG_RIRB_CTL = 0x5c,
	REG_RIRB_STATUS = 0x5d,
	REG_COMMAND = 0x60,
	REG_RESPONSE = 0x64,
	REG_COMMAND_STATUS = 0x68,
};

/* What the codec's first output is told, and asked */
#define KEEP_NUMBER HDA_WORD(0)
#define GET_NUMBER 0x002f0600U

static int put(int fd, unsigned int reg, __u64 value, size_t size)
{
	/* BAR 0, where vfio-pci has it */
	return pwrite(fd, &value, size, reg) == (ssize_t)size ? 0 : -1;
}

static int put_base(int fd, unsigned int reg, __u64 base)
{
	return put(fd, reg, base & 0xffffffff, 4) |
	       put(fd, reg + 4, base >> 32, 4);
}

/* A command that does without memory. */
static int command(int fd, __u32 word)
{
	__u32 response;

	if (put(fd, REG_COMMAND, word, 4) | put(fd, REG_COMMAND_STATUS, 1, 2) ||
	    pread(fd, &response, 4, REG_RESPONSE) != 4)
		return -1;
	return (int)response;
}

/* To be called once after the device was opened or reset. */
int hda_start(int fd)
{
	return put(fd, REG_GCTL, 0, 4) | put(fd, REG_GCTL, 1, 4) |
	       put(fd, REG_CORB_CTL, 2, 1) | put(fd, REG_RIRB_COUNT, 1, 2) |
	       put(fd, REG_RIRB_CTL, 3, 1);
}

/*
 * Read from one page of IOVA and write to another, which may be the same. Gives
 * the tag that was read, 0 where none was, -1 where the device does not answer.
 */
int hda_probe(int fd, __u64 read_page, __u64 write_page)
{
	int bad;

	if (command(fd, KEEP_NUMBER) < 0)
		return -1;
	bad = put(fd, REG_CORB_WP, 0, 2) | put(fd, REG_CORB_RP, 0, 2) |
	      put_base(fd, REG_CORB_BASE, read_page) |
	      put_base(fd, REG_RIRB_BASE, write_page) |
	      put(fd, REG_RIRB_WP, 0x8000, 2) | put(fd, REG_RIRB_STATUS, 5, 1) |
	      put(fd, REG_CORB_WP, 1, 2);
	return bad ? -1 : command(fd, GET_NUMBER);
}
