// SPDX-License-Identifier: GPL-2.0-only
/*
 * The legacy ranges of a display of class VGA.
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"
#include "pci.h"
#include "sys.h"
#include "uffd.h"
#include "vdev.h"

#define VGA VFIO_PCI_VGA_REGION_INDEX
#define VGA_MEM 0xa0000U
#define VGA_MEM_END 0xc0000U

/* Index and data registers of the sequencer and of the graphics controller */
#define SEQ 0x3c4
#define GFX 0x3ce

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

	vdev_pwrite(vdev, VGA, port, both, 2);
}

static __u8 get_register(struct vdev *vdev, unsigned int port, __u8 index)
{
	__u8 value;

	vdev_pwrite(vdev, VGA, port, &index, 1);
	vdev_pread(vdev, VGA, port + 1, &value, 1);
	return value;
}

TEST_OVER(region_covers_the_ranges, BACKENDS_ALL)
{
	struct vfio_region_info info = { .argsz = sizeof(info) };
	struct vdev *vdev = open_vga(backend);

	vdev_region(vdev, VGA, &info);
	ASSERT_EQ(info.size, VGA_MEM_END);
	ASSERT_EQ(info.flags,
		  VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_WRITE);
	ASSERT_EQ(info.cap_offset, 0);
	vdev_close_with_space(vdev);
}

TEST_OVER(registers_keep_what_is_written, BACKENDS_ALL)
{
	struct vdev *vdev = open_vga(backend);

	set_register(vdev, SEQ, 2, 0x05);
	ASSERT_EQ(get_register(vdev, SEQ, 2), 0x05);
	set_register(vdev, SEQ, 2, 0x0f);
	ASSERT_EQ(get_register(vdev, SEQ, 2), 0x0f);
	vdev_close_with_space(vdev);
}

/* All planes one behind the other, 64 KiB from 0xa0000 on. */
static void linear_memory(struct vdev *vdev)
{
	set_register(vdev, SEQ, 4, 0x0e);
	set_register(vdev, SEQ, 2, 0x0f);
	set_register(vdev, GFX, 5, 0x40);
	set_register(vdev, GFX, 6, 0x05);
	set_register(vdev, GFX, 8, 0xff);
	set_register(vdev, GFX, 1, 0x00);
	set_register(vdev, GFX, 3, 0x00);
}

TEST_OVER(memory_keeps_what_is_written, BACKENDS_ALL)
{
	struct vdev *vdev = open_vga(backend);
	char want[4096], got[4096];

	linear_memory(vdev);
	fill_pattern(want, sizeof(want), 3);
	vdev_pwrite(vdev, VGA, VGA_MEM + 3, want, sizeof(want));
	vdev_pread(vdev, VGA, VGA_MEM + 3, got, sizeof(got));
	ASSERT(!memcmp(got, want, sizeof(want)));
	vdev_close_with_space(vdev);
}

/* At the end of a range an access is cut, outside of them there is nothing. */
TEST_OVER(accesses_end_with_the_ranges, BACKEND_CONTAINER)
{
	static const struct {
		__u32 at;
		int rc;
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
		ASSERT_RC(__vdev_pread(vdev, VGA, cases[i].at, buf, 8),
			  cases[i].rc);
	vdev_close_with_space(vdev);
}

TEST_OVER(bad_buffer_is_a_fault, BACKEND_CONTAINER)
{
	struct vdev *vdev = open_vga(backend);

	ASSERT_RC(__vdev_pread(vdev, VGA, VGA_MEM, BAD_PTR, 8), -EFAULT);
	ASSERT_RC(__vdev_pwrite(vdev, VGA, 0x3c0, BAD_PTR, 1), -EFAULT);
	vdev_close_with_space(vdev);
}

/* Firmware left the image of the ROM in memory: that is what the user sees. */
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
	struct vfio_region_info info = { .argsz = sizeof(info), .index = VGA };
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_EDU0), backend);
	char byte;

	ASSERT_RC(__sys_ioctl(vdev->fd, VFIO_DEVICE_GET_REGION_INFO, &info),
		  -EINVAL);
	ASSERT_EQ(pread(vdev->fd, &byte, 1, ((__u64)VGA << 40) + VGA_MEM), -1);
	ASSERT_EQ(errno, EINVAL);
	vdev_close_with_space(vdev);
}

/** struct reader - who reads to memory that does not come for a while */
struct reader {
	/** @vdev: his display */
	struct vdev *vdev;
	/** @mem: where to */
	char *mem;
};

static void *read_slowly(void *arg)
{
	struct reader *reader = arg;

	vdev_pread(reader->vdev, VGA, VGA_MEM, reader->mem, 8);
	return NULL;
}

/* While one user's memory is waited for, another display has the ranges. */
TEST_OVER(nobody_waits_for_memory, BACKEND_CONTAINER)
{
	const char *below = pci_need(TESTDEV_VGA_BELOW);
	struct reader reader = { open_vga(backend), sys_mmap_anon(PAGE) };
	struct vdev *other = vdev_open(below, backend);
	int uffd = uffd_over(reader.mem, PAGE);
	pthread_t thread;
	char byte;

	vdev_enable(other, false);
	ASSERT(!pthread_create(&thread, NULL, read_slowly, &reader));
	uffd_wait(uffd);
	vdev_pread(other, VGA, VGA_MEM, &byte, 1);
	uffd_fill(uffd, reader.mem, PAGE);
	pthread_join(thread, NULL);
	vdev_close_with_space(other);
	vdev_close_with_space(reader.vdev);
}
