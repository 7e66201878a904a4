// SPDX-License-Identifier: GPL-2.0-only
/*
 * DMA by QEMU's intel-hda. The controller reads commands for its codec from a
 * ring in memory and writes the responses to another ring. The command stores a
 * number in the codec. The number is read back through registers afterwards, so
 * it shows what the device has read from memory. The response, all zeros, shows
 * what the device can write.
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

/* Commands for the codec's first output: store 0, and return the number */
#define CODEC_CLEAR HDA_WORD(0)
#define CODEC_GET 0x002f0600U

static int write_reg(int fd, unsigned int reg, __u64 value, size_t size)
{
	/* BAR 0 is at offset 0 of a vfio-pci device */
	return pwrite(fd, &value, size, reg) == (ssize_t)size ? 0 : -1;
}

static int write_base(int fd, unsigned int reg, __u64 base)
{
	return write_reg(fd, reg, base & 0xffffffff, 4) |
	       write_reg(fd, reg + 4, base >> 32, 4);
}

/* Send a command to the codec through registers, without DMA. */
static int codec_command(int fd, __u32 word)
{
	__u32 response;

	if (write_reg(fd, REG_COMMAND, word, 4) |
		    write_reg(fd, REG_COMMAND_STATUS, 1, 2) ||
	    pread(fd, &response, 4, REG_RESPONSE) != 4)
		return -1;
	return (int)response;
}

/* Start the controller. Called once after the device was opened or reset. */
int hda_start(int fd)
{
	return write_reg(fd, REG_GCTL, 0, 4) | write_reg(fd, REG_GCTL, 1, 4) |
	       write_reg(fd, REG_CORB_CTL, 2, 1) |
	       write_reg(fd, REG_RIRB_COUNT, 1, 2) |
	       write_reg(fd, REG_RIRB_CTL, 3, 1);
}

/*
 * Do DMA from one page of IOVA and to another, which may be the same. Returns
 * the tag that the device has read, 0 if it has read none, or -1 if it does not
 * respond.
 */
int hda_probe(int fd, __u64 read_page, __u64 write_page)
{
	int bad;

	if (codec_command(fd, CODEC_CLEAR) < 0)
		return -1;
	bad = write_reg(fd, REG_CORB_WP, 0, 2) |
	      write_reg(fd, REG_CORB_RP, 0, 2) |
	      write_base(fd, REG_CORB_BASE, read_page) |
	      write_base(fd, REG_RIRB_BASE, write_page) |
	      write_reg(fd, REG_RIRB_WP, 0x8000, 2) |
	      write_reg(fd, REG_RIRB_STATUS, 5, 1) |
	      write_reg(fd, REG_CORB_WP, 1, 2);
	return bad ? -1 : codec_command(fd, CODEC_GET);
}
