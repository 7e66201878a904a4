// SPDX-License-Identifier: GPL-2.0-only
/*
 * Functions that no emulator has: on the lists of vfio-pci, and with config
 * spaces that are odd or broken.
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"
#include "mock_pci.h"
#include "pci.h"
#include "sys.h"
#include "vdev.h"

#define VENDOR_INTEL 0x8086

TEST(denied_function_is_not_taken)
{
	static const __u16 denied[] = { 0x0435, 0x0443, 0x37c8, 0x37c9,
					0x19e2, 0x19e3, 0x0b25, 0x0cfe };
	struct mock_pci_image image;
	struct mock_bus bus;
	size_t i;

	mock_bus_open(&bus);
	for (i = 0; i < ARRAY_SIZE(denied); i++) {
		mock_image(&image, VENDOR_INTEL, denied[i], 0x0b4000);
		ASSERT_RC(__pci_bind_to(mock_bus_plug(&bus, &image),
					"vfio-pci"),
			  -ENODEV);
	}
	/* The same numbers of somebody else are another device. */
	mock_image(&image, 0x1af4, denied[0], 0x0b4000);
	ASSERT_RC(__pci_bind_to(mock_bus_plug(&bus, &image), "vfio-pci"), 0);
}

/* INTx that is said to be wired up: how much of it does the user see? */
static void check_intx(struct mock_bus *bus, __u16 device, unsigned int count,
		       enum backend backend)
{
	struct vfio_irq_info irq = { .argsz = sizeof(irq) };
	struct mock_pci_image image;
	struct vdev *vdev;

	mock_image(&image, VENDOR_INTEL, device, MOCK_CLASS_NETWORK);
	image.config[PCI_INTERRUPT_PIN] = 1;
	image.config[PCI_INTERRUPT_LINE] = 10;
	vdev = mock_bus_vdev(bus, &image, backend);
	vdev_irq_info(vdev, VFIO_PCI_INTX_IRQ_INDEX, &irq);
	ASSERT_EQ(irq.count, count);
	ASSERT_EQ(vdev_cfg_read(vdev, PCI_INTERRUPT_PIN, 1), count);
	vdev_close_with_space(vdev);
}

TEST_OVER(broken_intx_is_hidden, BACKEND_CONTAINER)
{
	static const __u16 broken[] = { 0x1563, 0x1572, 0x1574, 0x1580, 0x1581,
					0x1583, 0x1587, 0x158b, 0x37d0, 0x37d2 };
	static const __u16 sound[] = { 0x1562, 0x1582, 0x158c, 0x37d3 };
	struct mock_bus bus;
	size_t i;

	mock_bus_open(&bus);
	for (i = 0; i < ARRAY_SIZE(sound); i++)
		check_intx(&bus, sound[i], 1, backend);
	for (i = 0; i < ARRAY_SIZE(broken); i++)
		check_intx(&bus, broken[i], 0, backend);
}

/* Also where a reset that nobody knows of has made it loud again. */
TEST_OVER(broken_intx_stays_masked, BACKEND_CONTAINER)
{
	struct mock_pci_image image;
	struct mock_bus bus;
	struct vdev *vdev;
	__u16 command;
	int raw;

	mock_bus_open(&bus);
	mock_image(&image, VENDOR_INTEL, 0x1572, MOCK_CLASS_NETWORK);
	image.config[PCI_INTERRUPT_PIN] = 1;
	image.config[PCI_INTERRUPT_LINE] = 10;
	vdev = mock_bus_vdev(&bus, &image, backend);
	raw = pci_open_config(vdev->bdf);
	vdev_cfg_write(vdev, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	ASSERT_EQ(pread(raw, &command, 2, PCI_COMMAND), 2);
	ASSERT_EQ(command, PCI_COMMAND_MEMORY | PCI_COMMAND_INTX_DISABLE);
	command = 0;
	ASSERT_EQ(pwrite(raw, &command, 2, PCI_COMMAND), 2);
	vdev_cfg_write(vdev, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	ASSERT_EQ(pread(raw, &command, 2, PCI_COMMAND), 2);
	ASSERT_EQ(command, PCI_COMMAND_MEMORY | PCI_COMMAND_INTX_DISABLE);
	vdev_close_with_space(vdev);
}

/* Whoever could change them could have the host's memory, or the host's work. */
TEST_OVER(hidden_extended_capabilities, BACKEND_CONTAINER)
{
	static const struct {
		unsigned int at, id, hidden;
	} caps[] = {
		{ 0x100, PCI_EXT_CAP_ID_DSN, 0 },
		{ 0x110, PCI_EXT_CAP_ID_ATS, PCI_EXT_CAP_ATS_SIZEOF },
		{ 0x120, PCI_EXT_CAP_ID_PRI, PCI_EXT_CAP_PRI_SIZEOF },
		{ 0x130, PCI_EXT_CAP_ID_PASID, PCI_EXT_CAP_PASID_SIZEOF },
		{ 0x140, 0x7777, 16 },
		{ 0x150, PCI_EXT_CAP_ID_ERR, 0 },
	};
	struct mock_pci_image image;
	__u8 before[16], now[16];
	struct mock_bus bus;
	struct vdev *vdev;
	unsigned int i;
	int raw;

	mock_bus_open(&bus);
	mock_image(&image, 0x1af4, 0x4325, MOCK_CLASS_NETWORK);
	image.config[PCI_CAPABILITY_LIST] = 0x40;
	mock_image_cap(&image, 0x40, PCI_CAP_ID_EXP, 0);
	mock_put16(image.config + 0x42, 2 | PCI_EXP_TYPE_RC_END << 4);
	for (i = 0; i < ARRAY_SIZE(caps); i++) {
		__u32 next = i + 1 < ARRAY_SIZE(caps) ? caps[i + 1].at : 0;

		mock_put32(image.config + caps[i].at,
			   caps[i].id | 1 << 16 | next << 20);
		memset(image.config + caps[i].at + 4, 0x25, 12);
		memset(image.writable + caps[i].at, 0xff, 16);
	}
	vdev = mock_bus_vdev(&bus, &image, backend);
	raw = pci_open_config(vdev->bdf);
	ASSERT_EQ(vdev_cfg_read(vdev, 0x100, 4),
		  PCI_EXT_CAP_ID_DSN | 1 << 16 | 0x150 << 20);
	ASSERT_EQ(vdev_cfg_read(vdev, 0x150, 4), PCI_EXT_CAP_ID_ERR | 1 << 16);
	for (i = 0; i < ARRAY_SIZE(caps); i++) {
		if (!caps[i].hidden)
			continue;
		vdev_pread(vdev, VFIO_PCI_CONFIG_REGION_INDEX, caps[i].at, now,
			   16);
		ASSERT(is_byte(now, caps[i].hidden, 0));
		ASSERT_EQ(pread(raw, before, 16, caps[i].at), 16);
		memset(now, 0xff, 16);
		vdev_pwrite(vdev, VFIO_PCI_CONFIG_REGION_INDEX, caps[i].at, now,
			    caps[i].hidden);
		ASSERT_EQ(pread(raw, now, 16, caps[i].at), 16);
		ASSERT(!memcmp(now, before, 16));
	}
	vdev_close_with_space(vdev);
}

/* The list passes it by; what is behind it may be anything, and is the device's. */
TEST_OVER(unknown_capability_is_left_alone, BACKEND_CONTAINER)
{
	struct mock_pci_image image;
	struct mock_bus bus;
	struct vdev *vdev;
	__u32 value = 0;
	int raw;

	mock_bus_open(&bus);
	mock_image(&image, 0x1af4, 0x4326, MOCK_CLASS_NETWORK);
	image.config[PCI_CAPABILITY_LIST] = 0x40;
	mock_image_cap(&image, 0x40, 0x55, 0x60);
	mock_image_cap(&image, 0x60, PCI_CAP_ID_PM, 0);
	mock_put32(image.config + 0x44, 0x12345678);
	memset(image.writable + 0x44, 0xff, 4);
	vdev = mock_bus_vdev(&bus, &image, backend);
	raw = pci_open_config(vdev->bdf);
	ASSERT_EQ(vdev_cfg_read(vdev, 0x44, 4), 0x12345678);
	vdev_cfg_write(vdev, 0x44, 4, 0x9abcdef0);
	ASSERT_EQ(vdev_cfg_read(vdev, 0x44, 4), 0x9abcdef0);
	ASSERT_EQ(pread(raw, &value, 4, 0x44), 4);
	ASSERT_EQ(value, 0x9abcdef0);
	vdev_close_with_space(vdev);
}

TEST_OVER(unknown_capability_is_skipped, BACKEND_CONTAINER)
{
	struct mock_pci_image image;
	struct mock_bus bus;
	struct vdev *vdev;

	mock_bus_open(&bus);
	mock_image(&image, 0x1af4, 0x4321, MOCK_CLASS_NETWORK);
	image.config[PCI_CAPABILITY_LIST] = 0x40;
	mock_image_cap(&image, 0x40, 0x55, 0x60);
	mock_image_cap(&image, 0x60, PCI_CAP_ID_PM, 0x80);
	mock_image_cap(&image, 0x80, 0x66, 0);
	vdev = mock_bus_vdev(&bus, &image, backend);
	ASSERT_EQ(vdev_cfg_read(vdev, PCI_CAPABILITY_LIST, 1), 0x60);
	ASSERT_EQ(vdev_cfg_read(vdev, 0x61, 1), 0);
	vdev_close_with_space(vdev);
}

/* Its registers would be behind the end: nothing there is read or written. */
TEST_OVER(capability_at_the_end, BACKEND_CONTAINER)
{
	static const __u8 ids[] = {
		PCI_CAP_ID_PM,	 PCI_CAP_ID_VPD,   PCI_CAP_ID_MSI,
		PCI_CAP_ID_VNDR, PCI_CAP_ID_HT,	   PCI_CAP_ID_SATA,
		PCI_CAP_ID_AF,	 PCI_CAP_ID_SSVID,
	};
	struct mock_pci_image image;
	struct mock_bus bus;
	struct vdev *vdev;
	__u8 got[256];
	size_t i;

	mock_bus_open(&bus);
	for (i = 0; i < ARRAY_SIZE(ids); i++) {
		mock_image(&image, 0x1af4, 0x4322, MOCK_CLASS_NETWORK);
		image.config[PCI_CAPABILITY_LIST] = 0xfc;
		mock_image_cap(&image, 0xfc, ids[i], 0);
		image.config[0xfe] = 0xff;
		image.config[0xff] = 0xff;
		memset(image.writable + 0xfc, 0xff, 4);
		vdev = mock_bus_vdev(&bus, &image, backend);
		vdev_pread(vdev, VFIO_PCI_CONFIG_REGION_INDEX, 0, got, 256);
		vdev_cfg_write(vdev, 0xfe, 2, 0xffff);
		vdev_cfg_write(vdev, 0xfc, 4, 0xffffffff);
		ASSERT_RC(__vdev_pread(vdev, VFIO_PCI_CONFIG_REGION_INDEX, 252,
				       got, 8),
			  -EFAULT);
		vdev_close_with_space(vdev);
	}
}

/*
 * What a capability has for each lane is as long as the link is wide: registers
 * behind it are not taken for its own.
 */
TEST_OVER(hidden_as_wide_as_the_link, BACKEND_CONTAINER)
{
	static const struct {
		unsigned int id, len, per_lane;
	} caps[] = {
		{ PCI_EXT_CAP_ID_SECPCI, 12, 2 },
		{ PCI_EXT_CAP_ID_PL_16GT, 32, 1 },
		{ 0x2a, 32, 1 },
		{ 0x27, 8, 4 },
		{ 0x29, 16, 0 },
		{ 0x2e, 24, 0 },
		{ 0x2f, 16, 0 },
		{ 0x31, 32, 1 },
	};
	static const unsigned int lanes[] = { 0, 1, 4, 16, 32 };
	struct mock_pci_image image;
	struct mock_bus bus;
	struct vdev *vdev;

	for (size_t i = 0; i < ARRAY_SIZE(caps) * ARRAY_SIZE(lanes); i++) {
		const unsigned int width = lanes[i % ARRAY_SIZE(lanes)];
		const unsigned int nr = (unsigned int)(i / ARRAY_SIZE(lanes));
		unsigned int end =
			0x100 + caps[nr].len + caps[nr].per_lane * width;

		/* All of them are more than fit on a bus. */
		if (i % ARRAY_SIZE(lanes) == 0)
			mock_bus_open(&bus);
		mock_image(&image, 0x1af4, 0x4328, MOCK_CLASS_NETWORK);
		image.config[PCI_CAPABILITY_LIST] = 0x40;
		mock_image_cap(&image, 0x40, PCI_CAP_ID_EXP, 0);
		mock_put16(image.config + 0x42, 2 | PCI_EXP_TYPE_ENDPOINT << 4);
		mock_put32(image.config + 0x40 + PCI_EXP_LNKCAP, width << 4);
		mock_put32(image.config + 0x100, caps[nr].id | 1 << 16);
		/*
		 * Which says of a mailbox that its answer is there: the PCI core
		 * does not wait for one.
		 */
		memset(image.config + 0x104, 0xa0, 0x100);
		memset(image.writable + 0x104, 0xff, 0x100);
		vdev = mock_bus_vdev(&bus, &image, backend);
		ASSERT_EQ(vdev_cfg_read(vdev, end - 1, 1), 0);
		end = (end + 3) & ~3U;
		ASSERT_EQ(vdev_cfg_read(vdev, end, 4), 0xa0a0a0a0);
		vdev_cfg_write(vdev, end, 4, 0x5a5a5a5a);
		ASSERT_EQ(vdev_cfg_read(vdev, end, 4), 0x5a5a5a5a);
		vdev_close_with_space(vdev);
	}
}

/* A chain that bites its own tail ends all the same. */
TEST_OVER(circular_capabilities, BACKEND_CONTAINER)
{
	struct mock_pci_image image;
	struct mock_bus bus;
	struct vdev *vdev;
	unsigned int pos, steps;

	mock_bus_open(&bus);
	mock_image(&image, 0x1af4, 0x4323, MOCK_CLASS_NETWORK);
	image.config[PCI_CAPABILITY_LIST] = 0x40;
	mock_image_cap(&image, 0x40, PCI_CAP_ID_SSVID, 0x50);
	mock_image_cap(&image, 0x50, PCI_CAP_ID_SSVID, 0x40);
	vdev = mock_bus_vdev(&bus, &image, backend);
	pos = vdev_cfg_read(vdev, PCI_CAPABILITY_LIST, 1);
	for (steps = 0; pos && steps < 4; steps++)
		pos = vdev_cfg_read(vdev, pos + 1, 1);
	ASSERT(steps <= 4);
	vdev_close_with_space(vdev);
}

/* The head has no place in the middle of its own list. */
TEST_OVER(circular_extended_capabilities, BACKEND_CONTAINER)
{
	const unsigned int count = 7, last = 0x100 + 0x40 * (count - 1);
	struct mock_pci_image image;
	struct mock_bus bus;
	struct vdev *vdev;
	unsigned int at;

	mock_bus_open(&bus);
	mock_image(&image, 0x1af4, 0x4329, MOCK_CLASS_NETWORK);
	image.config[PCI_CAPABILITY_LIST] = 0x40;
	mock_image_cap(&image, 0x40, PCI_CAP_ID_EXP, 0);
	mock_put16(image.config + 0x42, 2 | PCI_EXP_TYPE_RC_END << 4);
	for (at = 0x100; at < last; at += 0x40)
		mock_put32(image.config + at,
			   PCI_EXT_CAP_ID_DSN | 1 << 16 | (at + 0x40) << 20);
	mock_put32(image.config + last,
		   PCI_EXT_CAP_ID_LTR | 1 << 16 | 0x100U << 20);
	vdev = mock_bus_vdev(&bus, &image, backend);
	for (at = 0x100; at < last; at += 0x40)
		ASSERT_EQ(vdev_cfg_read(vdev, at, 4),
			  PCI_EXT_CAP_ID_DSN | 1 << 16 | (at + 0x40) << 20);
	ASSERT_EQ(vdev_cfg_read(vdev, last, 4), PCI_EXT_CAP_ID_LTR | 1 << 16);
	vdev_close_with_space(vdev);
}

/*
 * Without a root port above it, as in a virtual machine, a function whose
 * requests are enabled already says that they reach memory.
 */
static void check_atomics(struct mock_bus *bus, __u32 devcap2, __u16 devctl2,
			  __u32 wanted, enum backend backend)
{
	struct {
		struct vfio_device_info info;
		struct vfio_device_info_cap_pci_atomic_comp cap;
	} answer = { .info.argsz = sizeof(answer) };
	struct mock_pci_image image;
	struct vdev *vdev;

	mock_image(&image, 0x1af4, 0x4325, MOCK_CLASS_NETWORK);
	image.config[PCI_CAPABILITY_LIST] = 0x40;
	mock_image_cap(&image, 0x40, PCI_CAP_ID_EXP, 0);
	mock_put16(image.config + 0x42, 2 | PCI_EXP_TYPE_ENDPOINT << 4);
	mock_put32(image.config + 0x40 + PCI_EXP_DEVCAP2, devcap2);
	mock_put16(image.config + 0x40 + PCI_EXP_DEVCTL2, devctl2);
	vdev = mock_bus_vdev(bus, &image, backend);
	ASSERT_RC(__sys_ioctl(vdev->fd, VFIO_DEVICE_GET_INFO, &answer), 0);
	ASSERT_EQ(!!(answer.info.flags & VFIO_DEVICE_FLAGS_CAPS), !!wanted);
	ASSERT_EQ(answer.info.cap_offset, wanted ? sizeof(answer.info) : 0);
	ASSERT_EQ(answer.cap.flags, wanted);
	if (wanted) {
		ASSERT_EQ(answer.cap.header.id,
			  VFIO_DEVICE_INFO_CAP_PCI_ATOMIC_COMP);
		ASSERT_EQ(answer.cap.header.version, 1);
		ASSERT_EQ(answer.cap.header.next, 0);

		/* Where it has no room, the user is told how much it takes. */
		memset(&answer, 0, sizeof(answer));
		answer.info.argsz = sizeof(answer.info);
		ASSERT_RC(__sys_ioctl(vdev->fd, VFIO_DEVICE_GET_INFO, &answer),
			  0);
		ASSERT_EQ(answer.info.argsz, sizeof(answer));
		ASSERT_EQ(answer.info.cap_offset, 0);
		ASSERT_EQ(answer.cap.flags, 0);
	}
	vdev_close_with_space(vdev);
}

TEST_OVER(atomic_operations, BACKENDS_ALL)
{
	const __u32 comp32 = PCI_EXP_DEVCAP2_ATOMIC_COMP32;
	const __u32 comp64 = PCI_EXP_DEVCAP2_ATOMIC_COMP64;
	const __u16 enabled = PCI_EXP_DEVCTL2_ATOMIC_REQ;
	struct mock_bus bus;

	mock_bus_open(&bus);
	check_atomics(&bus, comp32 | comp64, enabled,
		      VFIO_PCI_ATOMIC_COMP32 | VFIO_PCI_ATOMIC_COMP64, backend);
	check_atomics(&bus, comp64, enabled, VFIO_PCI_ATOMIC_COMP64, backend);
	check_atomics(&bus, PCI_EXP_DEVCAP2_ATOMIC_COMP128, enabled,
		      VFIO_PCI_ATOMIC_COMP128, backend);
	check_atomics(&bus, comp32, 0, 0, backend);
	check_atomics(&bus, 0, enabled, 0, backend);
}

/* A PCI Express function with an extended capability in the last dword. */
static const char *plug_ecap(struct mock_bus *bus, __u16 id)
{
	struct mock_pci_image image;
	const char *bdf;

	mock_image(&image, 0x1af4, 0x4324, MOCK_CLASS_NETWORK);
	image.config[PCI_CAPABILITY_LIST] = 0x40;
	mock_image_cap(&image, 0x40, PCI_CAP_ID_EXP, 0);
	mock_put16(image.config + 0x42, 2 | PCI_EXP_TYPE_RC_END << 4);
	mock_put32(image.config + 0x100, 3 | 1 << 16 | 0xffcU << 20);
	mock_put32(image.config + 0xffc, id | 1 << 16);
	memset(image.writable + 0xffc, 0xff, 4);
	bdf = mock_bus_plug(bus, &image);
	pci_bind(bdf);
	return bdf;
}

TEST_OVER(extended_capability_at_the_end, BACKEND_CONTAINER)
{
	static const __u16 ids[] = { PCI_EXT_CAP_ID_ERR, PCI_EXT_CAP_ID_DSN,
				     PCI_EXT_CAP_ID_ATS, 0x7777 };
	struct mock_bus bus;
	struct vdev *vdev;
	__u8 got[4096];
	size_t i;

	mock_bus_open(&bus);
	for (i = 0; i < ARRAY_SIZE(ids); i++) {
		vdev = vdev_open(plug_ecap(&bus, ids[i]), backend);
		vdev_pread(vdev, VFIO_PCI_CONFIG_REGION_INDEX, 0, got, 4096);
		vdev_cfg_write(vdev, 0xffc, 4, 0xffffffff);
		vdev_close_with_space(vdev);
	}
}

/* Its length stands where there is no config space any more. */
TEST_OVER(extended_capability_beyond_the_end, BACKEND_CONTAINER)
{
	static const __u16 ids[] = {
		PCI_EXT_CAP_ID_VNDR,  PCI_EXT_CAP_ID_VC,  PCI_EXT_CAP_ID_ACS,
		PCI_EXT_CAP_ID_TPH,   PCI_EXT_CAP_ID_DPA, PCI_EXT_CAP_ID_REBAR,
		PCI_EXT_CAP_ID_DVSEC,
	};
	struct space *space;
	struct mock_bus bus;
	const char *bdf;
	size_t i;

	mock_bus_open(&bus);
	for (i = 0; i < ARRAY_SIZE(ids); i++) {
		bdf = plug_ecap(&bus, ids[i]);
		space = space_open(backend);
		ASSERT_RC(__sys_ioctl(space_group_fd(space, bdf),
				      VFIO_GROUP_GET_DEVICE_FD, (void *)bdf),
			  -EFAULT);
		space_close(space);
	}
}
