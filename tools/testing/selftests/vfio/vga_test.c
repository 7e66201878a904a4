// SPDX-License-Identifier: GPL-2.0-only
/* The region of the legacy VGA ranges of a display. */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"
#include "pci.h"
#include "sys.h"
#include "uffd.h"
#include "vdev.h"

#define VGA_REGION VFIO_PCI_VGA_REGION_INDEX
#define VGA_MEM 0xa0000U
#define VGA_MEM_END 0xc0000U

/*
 * Index ports of the sequencer and of the graphics controller. Each data port
 * follows its index port.
 */
#define VGA_SEQ 0x3c4
#define VGA_GFX 0x3ce
/* First port of the attribute controller */
#define VGA_ATTR 0x3c0

/* Registers of the sequencer */
enum {
	VGA_SEQ_PLANE_MASK = 2,
	VGA_SEQ_MEMORY_MODE = 4,
};

/* Registers of the graphics controller */
enum {
	VGA_GFX_ENABLE_SET_RESET = 1,
	VGA_GFX_ROTATE = 3,
	VGA_GFX_MODE = 5,
	VGA_GFX_MISC = 6,
	VGA_GFX_BIT_MASK = 8,
};

static struct vdev *open_vga(enum backend backend)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_VGA), backend);

	vdev_enable(vdev, false);
	return vdev;
}

static void set_register(struct vdev *vdev, unsigned int port, __u8 index,
			 __u8 value)
{
	__u8 both[2] = { index, value };

	vdev_pwrite(vdev, VGA_REGION, port, both, 2);
}

static __u8 get_register(struct vdev *vdev, unsigned int port, __u8 index)
{
	__u8 value;

	vdev_pwrite(vdev, VGA_REGION, port, &index, 1);
	vdev_pread(vdev, VGA_REGION, port + 1, &value, 1);
	return value;
}

TEST_OVER(region_covers_the_ranges, BACKENDS_ALL)
{
	struct vfio_region_info info = { .argsz = sizeof(info) };
	struct vdev *vdev = open_vga(backend);

	vdev_region(vdev, VGA_REGION, &info);
	ASSERT_EQ(info.size, VGA_MEM_END);
	ASSERT_EQ(info.flags,
		  VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE);
	ASSERT_EQ(info.cap_offset, 0);
	vdev_close_with_space(vdev);
}

TEST_OVER(registers_keep_what_is_written, BACKENDS_ALL)
{
	struct vdev *vdev = open_vga(backend);

	set_register(vdev, VGA_SEQ, VGA_SEQ_PLANE_MASK, 0x05);
	ASSERT_EQ(get_register(vdev, VGA_SEQ, VGA_SEQ_PLANE_MASK), 0x05);
	set_register(vdev, VGA_SEQ, VGA_SEQ_PLANE_MASK, 0x0f);
	ASSERT_EQ(get_register(vdev, VGA_SEQ, VGA_SEQ_PLANE_MASK), 0x0f);
	vdev_close_with_space(vdev);
}

/* Map all planes one behind the other: 64 KiB from VGA_MEM on. */
static void linear_memory(struct vdev *vdev)
{
	set_register(vdev, VGA_SEQ, VGA_SEQ_MEMORY_MODE, 0x0e);
	set_register(vdev, VGA_SEQ, VGA_SEQ_PLANE_MASK, 0x0f);
	set_register(vdev, VGA_GFX, VGA_GFX_MODE, 0x40);
	set_register(vdev, VGA_GFX, VGA_GFX_MISC, 0x05);
	set_register(vdev, VGA_GFX, VGA_GFX_BIT_MASK, 0xff);
	set_register(vdev, VGA_GFX, VGA_GFX_ENABLE_SET_RESET, 0x00);
	set_register(vdev, VGA_GFX, VGA_GFX_ROTATE, 0x00);
}

TEST_OVER(memory_keeps_what_is_written, BACKENDS_ALL)
{
	struct vdev *vdev = open_vga(backend);
	char want[4096], got[4096];

	linear_memory(vdev);
	fill_pattern(want, sizeof(want), 3);
	vdev_pwrite(vdev, VGA_REGION, VGA_MEM + 3, want, sizeof(want));
	vdev_pread(vdev, VGA_REGION, VGA_MEM + 3, got, sizeof(got));
	ASSERT(!memcmp(got, want, sizeof(want)));
	vdev_close_with_space(vdev);
}

/* An access is cut at the end of a range and fails outside of the ranges. */
TEST_OVER(accesses_end_with_the_ranges, BACKEND_CONTAINER)
{
	static const struct {
		__u32 offset;
		int ret;
	} cases[] = {
		{ 0, -EINVAL },
		{ 0x3af, -EINVAL },
		{ 0x3bb, 1 },
		{ 0x3bc, -EINVAL },
		{ 0x3bf, -EINVAL },
		{ 0x3de, 2 },
		{ 0x3df, 1 },
		{ 0x3e0, -EINVAL },
		{ VGA_MEM - 1, -EINVAL },
		{ VGA_MEM, 8 },
		{ VGA_MEM_END - 5, 5 },
		{ VGA_MEM_END, -EINVAL },
	};
	struct vdev *vdev = open_vga(backend);
	char buf[8];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++)
		ASSERT_RC(__vdev_pread(vdev, VGA_REGION, cases[i].offset, buf,
				       8),
			  cases[i].ret);
	vdev_close_with_space(vdev);
}

TEST_OVER(bad_buffer_is_a_fault, BACKEND_CONTAINER)
{
	struct vdev *vdev = open_vga(backend);

	ASSERT_RC(__vdev_pread(vdev, VGA_REGION, VGA_MEM, BAD_PTR, 8), -EFAULT);
	ASSERT_RC(__vdev_pwrite(vdev, VGA_REGION, VGA_ATTR, BAD_PTR, 1),
		  -EFAULT);
	vdev_close_with_space(vdev);
}

/* The ROM region shows the image that the firmware has left in memory. */
TEST_OVER(rom_of_the_boot_display, BACKEND_CONTAINER)
{
	struct vfio_region_info info = { .argsz = sizeof(info) };
	struct vdev *vdev = open_vga(backend);
	unsigned char sign[2];

	vdev_region(vdev, VFIO_PCI_ROM_REGION_INDEX, &info);
	ASSERT(info.size);
	ASSERT_EQ(info.flags, VFIO_REGION_INFO_FLAG_READ);
	vdev_pread(vdev, VFIO_PCI_ROM_REGION_INDEX, 0, sign, 2);
	ASSERT_EQ(sign[0] | sign[1] << 8, 0xaa55);
	vdev_close_with_space(vdev);
}

TEST_OVER(others_have_no_such_region, BACKEND_CONTAINER)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_EDU0), backend);

	vdev_check_no_region(vdev, VGA_REGION, VGA_MEM);
	vdev_close_with_space(vdev);
}

/** struct reader - a thread that reads into memory that faults slowly */
struct reader {
	/** @vdev: the display to read from */
	struct vdev *vdev;
	/** @mem: destination, one page */
	char *mem;
};

static void *reader_run(void *arg)
{
	struct reader *reader = arg;

	vdev_pread(reader->vdev, VGA_REGION, VGA_MEM, reader->mem, 8);
	return NULL;
}

/* A read that waits in a page fault does not block the VGA ranges. */
TEST_OVER(fault_does_not_block_others, BACKEND_CONTAINER)
{
	const char *below = pci_need(TESTDEV_VGA_BELOW);
	struct reader reader = { open_vga(backend), sys_mmap_anon(PAGE) };
	struct vdev *other = vdev_open(below, backend);
	int uffd = uffd_over(reader.mem, PAGE);
	pthread_t thread;
	char byte;

	vdev_enable(other, false);
	ASSERT(!pthread_create(&thread, NULL, reader_run, &reader));
	uffd_wait(uffd);
	vdev_pread(other, VGA_REGION, VGA_MEM, &byte, 1);
	uffd_fill(uffd, reader.mem, PAGE);
	pthread_join(thread, NULL);
	vdev_close_with_space(other);
	vdev_close_with_space(reader.vdev);
}
