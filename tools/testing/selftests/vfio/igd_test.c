// SPDX-License-Identifier: GPL-2.0-only
/*
 * Extra regions of an Intel display: the OpRegion, which a test creates in
 * memory, and the config space of the host and LPC bridges of the machine.
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

#define IGD_CLASS_VGA 0x030000
#define IGD_CLASS_DISPLAY_OTHER 0x038000
#define IGD_VENDOR_INTEL 0x8086
#define IGD_VENDOR_OTHER 0x1af4
#define IGD_DEVICE 0x1234
/* Config register with the address of the OpRegion */
#define IGD_ASLS 0xfc

#define OPREGION_SIZE 0x2000
#define OPREGION_SIGNATURE "IntelGraphicsMem"
/* Offsets in the OpRegion: its size in KiB, and its version */
#define OPREGION_KIB 0x10
#define OPREGION_VERSION 0x16
/* Offsets in the OpRegion: address and size of the VBT */
#define OPREGION_RVDA 0x3ba
#define OPREGION_RVDS 0x3c2
/* A byte in the OpRegion without a meaning to vfio-pci */
#define OPREGION_PAYLOAD 0x800
#define VBT_SIZE 1000
/* Offset of the VBT from the OpRegion, which it does not adjoin */
#define VBT_OFFSET 0x4000

/* Indices of the regions, in the order in which they are added */
#define REGION_OPREGION VFIO_PCI_NUM_REGIONS
#define REGION_HOST (VFIO_PCI_NUM_REGIONS + 1)
#define REGION_LPC (VFIO_PCI_NUM_REGIONS + 2)

/** struct display - an Intel display on its own bus */
struct display {
	/** @bus: the bus, with the OpRegion in its memory */
	struct mock_bus bus;
	/** @image: the function that is plugged in */
	struct mock_pci_image image;
};

static void display_init(struct display *display, __u16 version)
{
	__u8 *ram;

	mock_bus_open(&display->bus);
	mock_image(&display->image, IGD_VENDOR_INTEL, IGD_DEVICE,
		   IGD_CLASS_VGA);
	mock_put32(display->image.config + IGD_ASLS, display->bus.info.ram);
	mock_put32(display->image.writable + IGD_ASLS, 0xffffffff);

	ram = display->bus.ram;
	fill_pattern(ram, MOCK_PCI_RAM_SIZE, 7);
	memcpy(ram, OPREGION_SIGNATURE, sizeof(OPREGION_SIGNATURE) - 1);
	mock_put32(ram + OPREGION_KIB, OPREGION_SIZE / 1024);
	mock_put16(ram + OPREGION_VERSION, version);
	mock_put64(ram + OPREGION_RVDA, 0);
	mock_put32(ram + OPREGION_RVDS, 0);
}

static struct vdev *display_open(struct display *display, enum backend backend)
{
	const char *bdf = mock_bus_plug(&display->bus, &display->image);

	pci_bind(bdf);
	return vdev_open(bdf, backend);
}

static unsigned int vdev_num_regions(struct vdev *vdev)
{
	struct vfio_device_info info = { .argsz = sizeof(info) };

	vdev_info(vdev, &info);
	return info.num_regions;
}

/* Check that a region is read-only, and its size and type. */
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
		  (__u32)VFIO_REGION_TYPE_PCI_VENDOR_TYPE | IGD_VENDOR_INTEL);
	ASSERT_EQ(got.type.subtype, subtype);

	ASSERT_RC(__vdev_pwrite(vdev, index, 0, &byte, 1), -EINVAL);
	ASSERT_RC(__vdev_pread(vdev, index, size, &byte, 1), -EINVAL);
	ASSERT_RC(__vdev_pread(vdev, index, size - 1, &byte, 1), 1);
}

/* Read a region at once, byte by byte, and in unaligned pieces. */
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

	display_init(&display, 0x0100);
	vdev = display_open(&display, backend);
	ASSERT_EQ(vdev_num_regions(vdev), REGION_LPC + 1);
	check_region(vdev, REGION_OPREGION, OPREGION_SIZE,
		     VFIO_REGION_SUBTYPE_INTEL_IGD_OPREGION);
	check_content(vdev, REGION_OPREGION, display.bus.ram, OPREGION_SIZE);

	/* The region is not a copy: firmware and driver communicate by it. */
	display.bus.ram[OPREGION_PAYLOAD] ^= 0xff;
	check_content(vdev, REGION_OPREGION, display.bus.ram, OPREGION_SIZE);
	vdev_close_with_space(vdev);
}

/*
 * A VBT outside of the OpRegion follows it in the region. RVDA is then relative
 * to the OpRegion, as defined by version 2.1.
 */
static void check_vbt(enum backend backend, __u16 version, __u64 rvda,
		      __u16 shown_version)
{
	static __u8 want[OPREGION_SIZE + VBT_SIZE];
	struct display display;
	struct vdev *vdev;

	display_init(&display, version);
	if (version == 0x0200)
		rvda += display.bus.info.ram;
	mock_put64(display.bus.ram + OPREGION_RVDA, rvda);
	mock_put32(display.bus.ram + OPREGION_RVDS, VBT_SIZE);

	memcpy(want, display.bus.ram, OPREGION_SIZE);
	memcpy(want + OPREGION_SIZE, display.bus.ram + VBT_OFFSET, VBT_SIZE);
	mock_put16(want + OPREGION_VERSION, shown_version);
	mock_put64(want + OPREGION_RVDA, OPREGION_SIZE);

	vdev = display_open(&display, backend);
	check_region(vdev, REGION_OPREGION, sizeof(want),
		     VFIO_REGION_SUBTYPE_INTEL_IGD_OPREGION);
	check_content(vdev, REGION_OPREGION, want, sizeof(want));
	ASSERT_EQ(vdev_cfg_read(vdev, IGD_ASLS, 4), display.bus.info.ram);
	vdev_close_with_space(vdev);
}

TEST_OVER(absolute_table_of_2_0, BACKEND_CONTAINER)
{
	check_vbt(backend, 0x0200, VBT_OFFSET, 0x0201);
}

TEST_OVER(relative_table_of_2_1, BACKEND_CONTAINER)
{
	check_vbt(backend, 0x0201, VBT_OFFSET, 0x0201);
}

TEST_OVER(relative_table_of_3_0, BACKEND_CONTAINER)
{
	check_vbt(backend, 0x0300, VBT_OFFSET, 0x0300);
}

/*
 * RVDA and RVDS have another meaning before version 2.0, and RVDA is ignored if
 * RVDS is 0.
 */
TEST_OVER(fields_that_name_no_table, BACKEND_CONTAINER)
{
	struct display display;
	struct vdev *vdev;
	__u8 want[8];

	display_init(&display, 0x0200);
	mock_put64(display.bus.ram + OPREGION_RVDA, 0x1234);
	vdev = display_open(&display, backend);
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

	display_init(&display, 0x0100);
	vdev = display_open(&display, backend);
	ASSERT_EQ(vdev_cfg_read(vdev, IGD_ASLS, 4), display.bus.info.ram);
	vdev_cfg_write(vdev, IGD_ASLS, 4, 0x12345000);
	ASSERT_EQ(vdev_cfg_read(vdev, IGD_ASLS, 4), 0x12345000);
	bdf = vdev->bdf;
	vdev_close_with_space(vdev);
	/* The next open reads the address of the host. */
	vdev = vdev_open(bdf, backend);
	ASSERT_EQ(vdev_cfg_read(vdev, IGD_ASLS, 4), display.bus.info.ram);
	vdev_close_with_space(vdev);
}

static void check_bridge(struct vdev *vdev, unsigned int index,
			 const char *path, __u32 subtype)
{
	__u8 want[PCI_CFG_SPACE_EXP_SIZE], got[PCI_CFG_SPACE_EXP_SIZE];
	int fd = open(path, O_RDONLY);
	ssize_t size;

	if (fd < 0)
		SKIP("no bridge %s", path);
	size = read(fd, want, sizeof(want));
	ASSERT(size >= PCI_STD_HEADER_SIZEOF);
	check_region(vdev, index, size, subtype);
	vdev_pread(vdev, index, 0, got, size);
	ASSERT(!memcmp(got, want, size));
	/* Unaligned pieces */
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

	display_init(&display, 0x0100);
	vdev = display_open(&display, backend);
	check_bridge(vdev, REGION_HOST,
		     "/sys/bus/pci/devices/0000:00:00.0/config",
		     VFIO_REGION_SUBTYPE_INTEL_IGD_HOST_CFG);
	check_bridge(vdev, REGION_LPC,
		     "/sys/bus/pci/devices/0000:00:1f.0/config",
		     VFIO_REGION_SUBTYPE_INTEL_IGD_LPC_CFG);
	vdev_close_with_space(vdev);
}

TEST_OVER(short_argsz_reports_the_size, BACKEND_CONTAINER)
{
	struct vfio_region_info info = { .argsz = sizeof(info),
					 .index = REGION_OPREGION };
	struct display display;
	struct vdev *vdev;

	display_init(&display, 0x0100);
	vdev = display_open(&display, backend);
	ASSERT_RC(__sys_ioctl(vdev->fd, VFIO_DEVICE_GET_REGION_INFO, &info), 0);
	ASSERT_EQ(info.argsz,
		  sizeof(info) + sizeof(struct vfio_region_info_cap_type));
	ASSERT_EQ(info.cap_offset, 0);
	info.index = REGION_LPC + 1;
	ASSERT_RC(__sys_ioctl(vdev->fd, VFIO_DEVICE_GET_REGION_INFO, &info),
		  -EINVAL);
	vdev_close_with_space(vdev);
}

static void check_no_regions(enum backend backend, struct display *display)
{
	struct vdev *vdev = display_open(display, backend);
	char byte;

	ASSERT_EQ(vdev_num_regions(vdev), VFIO_PCI_NUM_REGIONS);
	ASSERT_EQ(pread(vdev->fd, &byte, 1, (__u64)REGION_OPREGION << 40), -1);
	ASSERT_EQ(errno, EINVAL);
	vdev_close_with_space(vdev);
}

TEST_OVER(no_opregion_no_regions, BACKEND_CONTAINER)
{
	struct display display;

	display_init(&display, 0x0100);
	mock_put32(display.image.config + IGD_ASLS, 0);
	check_no_regions(backend, &display);
}

TEST_OVER(other_vendor_has_none, BACKEND_CONTAINER)
{
	struct display display;

	display_init(&display, 0x0100);
	mock_put16(display.image.config + PCI_VENDOR_ID, IGD_VENDOR_OTHER);
	check_no_regions(backend, &display);
}

TEST_OVER(other_class_has_none, BACKEND_CONTAINER)
{
	struct display display;

	display_init(&display, 0x0100);
	mock_put32(display.image.config + PCI_CLASS_REVISION,
		   MOCK_CLASS_NETWORK << 8);
	check_no_regions(backend, &display);
}

TEST_OVER(display_that_is_no_vga_has_them, BACKEND_CONTAINER)
{
	struct display display;
	struct vdev *vdev;

	display_init(&display, 0x0100);
	mock_put32(display.image.config + PCI_CLASS_REVISION,
		   IGD_CLASS_DISPLAY_OTHER << 8);
	vdev = display_open(&display, backend);
	ASSERT_EQ(vdev_num_regions(vdev), REGION_LPC + 1);
	vdev_close_with_space(vdev);
}

/* Memory without a valid OpRegion: the open of the device fails. */
static void check_open_refused(enum backend backend, struct display *display)
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

	display_init(&display, 0x0100);
	display.bus.ram[3] ^= 1;
	check_open_refused(backend, &display);
}

TEST_OVER(empty_opregion_is_refused, BACKEND_CONTAINER)
{
	struct display display;

	display_init(&display, 0x0100);
	mock_put32(display.bus.ram + OPREGION_KIB, 0);
	check_open_refused(backend, &display);
}
