// SPDX-License-Identifier: GPL-2.0-only
/*
 * The extra regions of an Intel display: its OpRegion, which a test makes up in
 * memory, and config space of the machine's own host and LPC bridges.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"
#include "mock_pci.h"
#include "pci.h"
#include "sys.h"
#include "vdev.h"

#define CLASS_VGA 0x030000
#define CLASS_DISPLAY_OTHER 0x038000
#define VENDOR_INTEL 0x8086
#define ASLS 0xfc

#define OPREGION_SIZE 0x2000
#define OPREGION_VERSION 0x16
#define OPREGION_RVDA 0x3ba
#define OPREGION_RVDS 0x3c2
#define VBT_SIZE 1000
/* Behind the OpRegion, but not right behind */
#define VBT_AT 0x4000

/* Where the regions are, in the order they are added. */
#define REGION_OPREGION VFIO_PCI_NUM_REGIONS
#define REGION_HOST (VFIO_PCI_NUM_REGIONS + 1)
#define REGION_LPC (VFIO_PCI_NUM_REGIONS + 2)

/** struct display - an Intel display on a bus of its own */
struct display {
	/** @bus: its bus, with the OpRegion in its memory */
	struct mock_bus bus;
	/** @image: what is plugged in */
	struct mock_pci_image image;
};

static void make_display(struct display *display, __u16 version)
{
	__u8 *ram;

	mock_bus_open(&display->bus);
	mock_image(&display->image, VENDOR_INTEL, 0x1234, CLASS_VGA);
	mock_put32(display->image.config + ASLS, display->bus.info.ram);
	mock_put32(display->image.writable + ASLS, 0xffffffff);

	ram = display->bus.ram;
	fill_pattern(ram, MOCK_PCI_RAM_SIZE, 7);
	memcpy(ram, "IntelGraphicsMem", 16);
	mock_put32(ram + 16, OPREGION_SIZE / 1024);
	mock_put16(ram + OPREGION_VERSION, version);
	mock_put64(ram + OPREGION_RVDA, 0);
	mock_put32(ram + OPREGION_RVDS, 0);
}

static struct vdev *open_display(struct display *display, enum backend backend)
{
	const char *bdf = mock_bus_plug(&display->bus, &display->image);

	pci_bind(bdf);
	return vdev_open(bdf, backend);
}

static unsigned int num_regions(struct vdev *vdev)
{
	struct vfio_device_info info = { .argsz = sizeof(info) };

	vdev_info(vdev, &info);
	return info.num_regions;
}

/* The region is read-only, of this size, and says what it is. */
static void check_region(struct vdev *vdev, unsigned int index, __u64 size,
			 __u32 subtype)
{
	struct {
		struct vfio_region_info info;
		struct vfio_region_info_cap_type type;
	} got = { .info.argsz = sizeof(got), .info.index = index };
	char byte = 1;

	ASSERT_RC(__sys_ioctl(vdev->fd, VFIO_DEVICE_GET_REGION_INFO, &got), 0);
	ASSERT_EQ(got.info.size, size);
	ASSERT_EQ(got.info.flags,
		  VFIO_REGION_INFO_FLAG_READ | VFIO_REGION_INFO_FLAG_CAPS);
	ASSERT_EQ(got.info.cap_offset, sizeof(got.info));
	ASSERT_EQ(got.type.header.id, VFIO_REGION_INFO_CAP_TYPE);
	ASSERT_EQ(got.type.header.version, 1);
	ASSERT_EQ(got.type.type,
		  (__u32)VFIO_REGION_TYPE_PCI_VENDOR_TYPE | VENDOR_INTEL);
	ASSERT_EQ(got.type.subtype, subtype);

	ASSERT_RC(__vdev_pwrite(vdev, index, 0, &byte, 1), -EINVAL);
	ASSERT_RC(__vdev_pread(vdev, index, size, &byte, 1), -EINVAL);
	ASSERT_RC(__vdev_pread(vdev, index, size - 1, &byte, 1), 1);
}

/* In one piece, byte by byte, and in pieces that end anywhere. */
static void check_content(struct vdev *vdev, unsigned int index,
			  const __u8 *want, size_t size)
{
	__u8 *got = malloc(size);
	size_t done, n;

	vdev_pread(vdev, index, 0, got, size);
	ASSERT(!memcmp(got, want, size));
	for (done = 0; done < size; done++) {
		vdev_pread(vdev, index, done, got, 1);
		ASSERT_EQ(got[0], want[done]);
	}
	for (done = 0, n = 1; done < size; done += n) {
		n = n % 61 + 1;
		if (n > size - done)
			n = size - done;
		vdev_pread(vdev, index, done, got, n);
		ASSERT(!memcmp(got, want + done, n));
	}
	free(got);
}

TEST_OVER(opregion_is_shown_as_it_is, BACKENDS_ALL)
{
	struct display display;
	struct vdev *vdev;

	make_display(&display, 0x0100);
	vdev = open_display(&display, backend);
	ASSERT_EQ(num_regions(vdev), REGION_LPC + 1);
	check_region(vdev, REGION_OPREGION, OPREGION_SIZE,
		     VFIO_REGION_SUBTYPE_INTEL_IGD_OPREGION);
	check_content(vdev, REGION_OPREGION, display.bus.ram, OPREGION_SIZE);

	/* It is not a copy: firmware and driver talk through it. */
	display.bus.ram[0x800] ^= 0xff;
	check_content(vdev, REGION_OPREGION, display.bus.ram, OPREGION_SIZE);
	vdev_close_with_space(vdev);
}

/* A table that lies elsewhere comes behind the OpRegion, in the way of 2.1. */
static void check_table(enum backend backend, __u16 version, __u64 rvda,
			__u16 shown_version)
{
	static __u8 want[OPREGION_SIZE + VBT_SIZE];
	struct display display;
	struct vdev *vdev;

	make_display(&display, version);
	if (version == 0x0200)
		rvda += display.bus.info.ram;
	mock_put64(display.bus.ram + OPREGION_RVDA, rvda);
	mock_put32(display.bus.ram + OPREGION_RVDS, VBT_SIZE);

	memcpy(want, display.bus.ram, OPREGION_SIZE);
	memcpy(want + OPREGION_SIZE, display.bus.ram + VBT_AT, VBT_SIZE);
	mock_put16(want + OPREGION_VERSION, shown_version);
	mock_put64(want + OPREGION_RVDA, OPREGION_SIZE);

	vdev = open_display(&display, backend);
	check_region(vdev, REGION_OPREGION, sizeof(want),
		     VFIO_REGION_SUBTYPE_INTEL_IGD_OPREGION);
	check_content(vdev, REGION_OPREGION, want, sizeof(want));
	ASSERT_EQ(vdev_cfg_read(vdev, ASLS, 4), display.bus.info.ram);
	vdev_close_with_space(vdev);
}

TEST_OVER(absolute_table_of_2_0, BACKEND_CONTAINER)
{
	check_table(backend, 0x0200, VBT_AT, 0x0201);
}

TEST_OVER(relative_table_of_2_1, BACKEND_CONTAINER)
{
	check_table(backend, 0x0201, VBT_AT, 0x0201);
}

TEST_OVER(relative_table_of_3_0, BACKEND_CONTAINER)
{
	check_table(backend, 0x0300, VBT_AT, 0x0300);
}

/* Before 2.0 those fields mean something else, and without a size nothing. */
TEST_OVER(fields_that_name_no_table, BACKEND_CONTAINER)
{
	struct display display;
	struct vdev *vdev;
	__u8 want[8];

	make_display(&display, 0x0200);
	mock_put64(display.bus.ram + OPREGION_RVDA, 0x1234);
	vdev = open_display(&display, backend);
	check_region(vdev, REGION_OPREGION, OPREGION_SIZE,
		     VFIO_REGION_SUBTYPE_INTEL_IGD_OPREGION);
	vdev_pread(vdev, REGION_OPREGION, OPREGION_VERSION, want, 2);
	ASSERT_EQ(want[0] | want[1] << 8, 0x0200);
	vdev_pread(vdev, REGION_OPREGION, OPREGION_RVDA, want, 8);
	ASSERT(is_byte(want, 8, 0));
	vdev_close_with_space(vdev);
}

TEST_OVER(address_register_is_virtual, BACKEND_CONTAINER)
{
	struct display display;
	struct vdev *vdev;
	const char *bdf;

	make_display(&display, 0x0100);
	vdev = open_display(&display, backend);
	ASSERT_EQ(vdev_cfg_read(vdev, ASLS, 4), display.bus.info.ram);
	vdev_cfg_write(vdev, ASLS, 4, 0x12345000);
	ASSERT_EQ(vdev_cfg_read(vdev, ASLS, 4), 0x12345000);
	bdf = vdev->bdf;
	vdev_close_with_space(vdev);
	/* The next user finds it where the host has it. */
	vdev = vdev_open(bdf, backend);
	ASSERT_EQ(vdev_cfg_read(vdev, ASLS, 4), display.bus.info.ram);
	vdev_close_with_space(vdev);
}

static void check_bridge(struct vdev *vdev, unsigned int index,
			 const char *path, __u32 subtype)
{
	__u8 want[4096], got[4096];
	int fd = open(path, O_RDONLY);
	ssize_t size;

	if (fd < 0)
		SKIP("no bridge %s", path);
	size = read(fd, want, sizeof(want));
	ASSERT(size >= 64);
	check_region(vdev, index, size, subtype);
	vdev_pread(vdev, index, 0, got, size);
	ASSERT(!memcmp(got, want, size));
	/* Pieces that are aligned to nothing. */
	vdev_pread(vdev, index, 1, got, 6);
	ASSERT(!memcmp(got, want + 1, 6));
	vdev_pread(vdev, index, 2, got, 5);
	ASSERT(!memcmp(got, want + 2, 5));
	sys_close(fd);
}

TEST_OVER(bridges_can_be_read, BACKENDS_ALL)
{
	struct display display;
	struct vdev *vdev;

	make_display(&display, 0x0100);
	vdev = open_display(&display, backend);
	check_bridge(vdev, REGION_HOST,
		     "/sys/bus/pci/devices/0000:00:00.0/config",
		     VFIO_REGION_SUBTYPE_INTEL_IGD_HOST_CFG);
	check_bridge(vdev, REGION_LPC,
		     "/sys/bus/pci/devices/0000:00:1f.0/config",
		     VFIO_REGION_SUBTYPE_INTEL_IGD_LPC_CFG);
	vdev_close_with_space(vdev);
}

TEST_OVER(short_answer_names_the_size, BACKEND_CONTAINER)
{
	struct vfio_region_info info = { .argsz = sizeof(info),
					 .index = REGION_OPREGION };
	struct display display;
	struct vdev *vdev;

	make_display(&display, 0x0100);
	vdev = open_display(&display, backend);
	ASSERT_RC(__sys_ioctl(vdev->fd, VFIO_DEVICE_GET_REGION_INFO, &info), 0);
	ASSERT_EQ(info.argsz,
		  sizeof(info) + sizeof(struct vfio_region_info_cap_type));
	ASSERT_EQ(info.cap_offset, 0);
	info.index = REGION_LPC + 1;
	ASSERT_RC(__sys_ioctl(vdev->fd, VFIO_DEVICE_GET_REGION_INFO, &info),
		  -EINVAL);
	vdev_close_with_space(vdev);
}

static void check_none(enum backend backend, struct display *display)
{
	struct vdev *vdev = open_display(display, backend);
	char byte;

	ASSERT_EQ(num_regions(vdev), VFIO_PCI_NUM_REGIONS);
	ASSERT_EQ(pread(vdev->fd, &byte, 1, (__u64)REGION_OPREGION << 40), -1);
	ASSERT_EQ(errno, EINVAL);
	vdev_close_with_space(vdev);
}

TEST_OVER(no_opregion_no_regions, BACKEND_CONTAINER)
{
	struct display display;

	make_display(&display, 0x0100);
	mock_put32(display.image.config + ASLS, 0);
	check_none(backend, &display);
}

TEST_OVER(other_vendor_has_none, BACKEND_CONTAINER)
{
	struct display display;

	make_display(&display, 0x0100);
	mock_put16(display.image.config, 0x1af4);
	check_none(backend, &display);
}

TEST_OVER(other_class_has_none, BACKEND_CONTAINER)
{
	struct display display;

	make_display(&display, 0x0100);
	mock_put32(display.image.config + PCI_CLASS_REVISION,
		   MOCK_CLASS_NETWORK << 8);
	check_none(backend, &display);
}

TEST_OVER(display_that_is_no_vga_has_them, BACKEND_CONTAINER)
{
	struct display display;
	struct vdev *vdev;

	make_display(&display, 0x0100);
	mock_put32(display.image.config + PCI_CLASS_REVISION,
		   CLASS_DISPLAY_OTHER << 8);
	vdev = open_display(&display, backend);
	ASSERT_EQ(num_regions(vdev), REGION_LPC + 1);
	vdev_close_with_space(vdev);
}

/* Memory that is no OpRegion: the device cannot be opened, and nothing stays. */
static void check_refused(enum backend backend, struct display *display)
{
	const char *bdf = mock_bus_plug(&display->bus, &display->image);
	struct space *space = space_open(backend);

	pci_bind(bdf);
	ASSERT_RC(__sys_ioctl(space_group_fd(space, bdf),
			      VFIO_GROUP_GET_DEVICE_FD, (void *)bdf),
		  -EINVAL);
	space_close(space);
}

TEST_OVER(wrong_signature_is_refused, BACKEND_CONTAINER)
{
	struct display display;

	make_display(&display, 0x0100);
	display.bus.ram[3] ^= 1;
	check_refused(backend, &display);
}

TEST_OVER(empty_opregion_is_refused, BACKEND_CONTAINER)
{
	struct display display;

	make_display(&display, 0x0100);
	mock_put32(display.bus.ram + 16, 0);
	check_refused(backend, &display);
}
