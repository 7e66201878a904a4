// SPDX-License-Identifier: GPL-2.0-only
/*
 * PCI functions that no emulator has: those on the lists of vfio-pci, and those
 * with unusual or broken config space.
 */
#include <errno.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"
#include "klog.h"
#include "mock_pci.h"
#include "pci.h"
#include "sys.h"
#include "vdev.h"

#define VENDOR_INTEL 0x8086
#define VENDOR_OTHER 0x1af4
#define CLASS_COPROCESSOR 0x0b4000
/* A device with broken INTx, and an unused interrupt line */
#define DEVICE_BROKEN_INTX 0x1572
#define INTX_LINE 10

/* Offsets of capabilities in the images of functions */
#define CAP_FIRST 0x40
#define CAP_SECOND 0x50
#define CAP_THIRD 0x60
#define CAP_FOURTH 0x80
#define CAP_AT_END (PCI_CFG_SPACE_SIZE - 4)
#define ECAP_FIRST PCI_CFG_SPACE_SIZE
#define ECAP_AT_END (PCI_CFG_SPACE_EXP_SIZE - 4)
#define ECAP_STEP 0x40
/* Capability IDs without a meaning to vfio-pci */
#define CAP_ID_UNKNOWN 0x55
#define CAP_ID_UNKNOWN2 0x66
#define ECAP_ID_UNKNOWN 0x7777

/* Extended capabilities that <linux/pci_regs.h> of old kernels lacks */
#define ECAP_ID_VF_REBAR 0x24
#define ECAP_ID_IDE 0x30
#define ECAP_ID_LANE_MARGINING 0x27
#define ECAP_ID_NPEM 0x29
#define ECAP_ID_PL_32GT 0x2a
#define ECAP_ID_DOE 0x2e
#define ECAP_ID_DEV3 0x2f
#define ECAP_ID_PL_64GT 0x31

#define EXP_VERSION 2
#define EXP_TYPE_SHIFT 4
#define LNKCAP_WIDTH_SHIFT 4

/* Return the header of version 1 of an extended capability. */
static __u32 ecap_header(__u32 id, __u32 next)
{
	return id | 1 << 16 | next << 20;
}

/* Add a PCI Express capability of a port or endpoint of @type. */
static void image_add_express(struct mock_pci_image *image, __u16 type)
{
	image->config[PCI_CAPABILITY_LIST] = CAP_FIRST;
	mock_image_cap(image, CAP_FIRST, PCI_CAP_ID_EXP, 0);
	mock_put16(image->config + CAP_FIRST + PCI_EXP_FLAGS,
		   EXP_VERSION | type << EXP_TYPE_SHIFT);
}

TEST(denied_function_is_not_taken)
{
	static const __u16 denied[] = { 0x0435, 0x0443, 0x37c8, 0x37c9,
					0x19e2, 0x19e3, 0x0b25, 0x0cfe };
	struct mock_pci_image image;
	int log = klog_open();
	struct mock_bus bus;
	char words[128];
	size_t i;

	mock_bus_open(&bus);
	for (i = 0; i < ARRAY_SIZE(denied); i++) {
		mock_image(&image, VENDOR_INTEL, denied[i], CLASS_COPROCESSOR);
		ASSERT_RC(__pci_bind_to(mock_bus_plug(&bus, &image),
					"vfio-pci"),
			  -ENODEV);
		snprintf(
			words, sizeof(words),
			"8086:%04x exists in vfio-pci device denylist, driver probing disallowed.",
			denied[i]);
		ASSERT(klog_has(log, words));
	}
	/* A device of another vendor with the same device ID is accepted. */
	mock_image(&image, VENDOR_OTHER, denied[0], CLASS_COPROCESSOR);
	ASSERT_RC(__pci_bind_to(mock_bus_plug(&bus, &image), "vfio-pci"), 0);
}

/* Check how many INTx a function with an interrupt pin is reported to have. */
static void check_intx_count(struct mock_bus *bus, __u16 device,
			     unsigned int count, enum backend backend)
{
	struct vfio_irq_info irq = { .argsz = sizeof(irq) };
	struct mock_pci_image image;
	struct vdev *vdev;

	mock_image(&image, VENDOR_INTEL, device, MOCK_CLASS_NETWORK);
	image.config[PCI_INTERRUPT_PIN] = 1;
	image.config[PCI_INTERRUPT_LINE] = INTX_LINE;
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
		check_intx_count(&bus, sound[i], 1, backend);
	for (i = 0; i < ARRAY_SIZE(broken); i++)
		check_intx_count(&bus, broken[i], 0, backend);
}

/* INTx is masked again after a reset that vfio-pci does not know of. */
TEST_OVER(broken_intx_stays_masked, BACKEND_CONTAINER)
{
	struct mock_pci_image image;
	struct mock_bus bus;
	struct vdev *vdev;
	__u16 command;
	int raw;

	mock_bus_open(&bus);
	mock_image(&image, VENDOR_INTEL, DEVICE_BROKEN_INTX,
		   MOCK_CLASS_NETWORK);
	image.config[PCI_INTERRUPT_PIN] = 1;
	image.config[PCI_INTERRUPT_LINE] = INTX_LINE;
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

/* A guest that could modify these could reach the memory of the host. */
TEST_OVER(hidden_extended_capabilities, BACKEND_CONTAINER)
{
	static const struct {
		unsigned int at, id, hidden;
	} caps[] = {
		{ 0x100, PCI_EXT_CAP_ID_DSN, 0 },
		{ 0x110, PCI_EXT_CAP_ID_PASID, PCI_EXT_CAP_PASID_SIZEOF },
		{ 0x120, ECAP_ID_VF_REBAR, 16 },
		{ 0x130, ECAP_ID_IDE, 16 },
		{ 0x140, PCI_EXT_CAP_ID_ERR, 0 },
	};
	struct mock_pci_image image;
	__u8 before[16], now[16];
	struct mock_bus bus;
	struct vdev *vdev;
	unsigned int i;
	int raw;

	mock_bus_open(&bus);
	mock_image(&image, VENDOR_OTHER, 0x4325, MOCK_CLASS_NETWORK);
	image_add_express(&image, PCI_EXP_TYPE_RC_END);
	for (i = 0; i < ARRAY_SIZE(caps); i++) {
		__u32 next = i + 1 < ARRAY_SIZE(caps) ? caps[i + 1].at : 0;

		mock_put32(image.config + caps[i].at,
			   ecap_header(caps[i].id, next));
		memset(image.config + caps[i].at + 4, 0x25, 12);
		memset(image.writable + caps[i].at, 0xff, 16);
	}
	vdev = mock_bus_vdev(&bus, &image, backend);
	raw = pci_open_config(vdev->bdf);
	ASSERT_EQ(vdev_cfg_read(vdev, 0x100, 4),
		  ecap_header(PCI_EXT_CAP_ID_DSN, 0x140));
	ASSERT_EQ(vdev_cfg_read(vdev, 0x140, 4),
		  ecap_header(PCI_EXT_CAP_ID_ERR, 0));
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

/* The list skips an unknown capability; its registers are the device's. */
TEST_OVER(unknown_capability_is_left_alone, BACKEND_CONTAINER)
{
	const unsigned int reg = CAP_FIRST + 4;
	struct mock_pci_image image;
	struct mock_bus bus;
	struct vdev *vdev;
	__u32 value = 0;
	int raw;

	mock_bus_open(&bus);
	mock_image(&image, VENDOR_OTHER, 0x4326, MOCK_CLASS_NETWORK);
	image.config[PCI_CAPABILITY_LIST] = CAP_FIRST;
	mock_image_cap(&image, CAP_FIRST, CAP_ID_UNKNOWN, CAP_THIRD);
	mock_image_cap(&image, CAP_THIRD, PCI_CAP_ID_PM, 0);
	mock_put32(image.config + reg, 0x12345678);
	memset(image.writable + reg, 0xff, 4);
	vdev = mock_bus_vdev(&bus, &image, backend);
	raw = pci_open_config(vdev->bdf);
	ASSERT_EQ(vdev_cfg_read(vdev, reg, 4), 0x12345678);
	vdev_cfg_write(vdev, reg, 4, 0x9abcdef0);
	ASSERT_EQ(vdev_cfg_read(vdev, reg, 4), 0x9abcdef0);
	ASSERT_EQ(pread(raw, &value, 4, reg), 4);
	ASSERT_EQ(value, 0x9abcdef0);
	vdev_close_with_space(vdev);
}

TEST_OVER(unknown_capability_is_skipped, BACKEND_CONTAINER)
{
	struct mock_pci_image image;
	struct mock_bus bus;
	struct vdev *vdev;

	mock_bus_open(&bus);
	mock_image(&image, VENDOR_OTHER, 0x4321, MOCK_CLASS_NETWORK);
	image.config[PCI_CAPABILITY_LIST] = CAP_FIRST;
	mock_image_cap(&image, CAP_FIRST, CAP_ID_UNKNOWN, CAP_THIRD);
	mock_image_cap(&image, CAP_THIRD, PCI_CAP_ID_PM, CAP_FOURTH);
	mock_image_cap(&image, CAP_FOURTH, CAP_ID_UNKNOWN2, 0);
	vdev = mock_bus_vdev(&bus, &image, backend);
	ASSERT_EQ(vdev_cfg_read(vdev, PCI_CAPABILITY_LIST, 1), CAP_THIRD);
	ASSERT_EQ(vdev_cfg_read(vdev, CAP_THIRD + PCI_CAP_LIST_NEXT, 1), 0);
	vdev_close_with_space(vdev);
}

/* Registers beyond the end of config space are neither read nor written. */
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
	__u8 got[PCI_CFG_SPACE_SIZE];
	size_t i;

	mock_bus_open(&bus);
	for (i = 0; i < ARRAY_SIZE(ids); i++) {
		mock_image(&image, VENDOR_OTHER, 0x4322, MOCK_CLASS_NETWORK);
		image.config[PCI_CAPABILITY_LIST] = CAP_AT_END;
		mock_image_cap(&image, CAP_AT_END, ids[i], 0);
		image.config[CAP_AT_END + 2] = 0xff;
		image.config[CAP_AT_END + 3] = 0xff;
		memset(image.writable + CAP_AT_END, 0xff, 4);
		vdev = mock_bus_vdev(&bus, &image, backend);
		vdev_pread(vdev, VFIO_PCI_CONFIG_REGION_INDEX, 0, got,
			   sizeof(got));
		vdev_cfg_write(vdev, CAP_AT_END + 2, 2, 0xffff);
		vdev_cfg_write(vdev, CAP_AT_END, 4, 0xffffffff);
		ASSERT_RC(__vdev_pread(vdev, VFIO_PCI_CONFIG_REGION_INDEX,
				       CAP_AT_END, got, 8),
			  -EFAULT);
		vdev_close_with_space(vdev);
	}
}

/*
 * The length of some capabilities depends on the width of the link. Registers
 * behind them are not hidden with them.
 */
TEST_OVER(hidden_as_wide_as_the_link, BACKEND_CONTAINER)
{
	static const struct {
		unsigned int id, len, per_lane;
	} caps[] = {
		{ PCI_EXT_CAP_ID_SECPCI, 12, 2 },
		{ PCI_EXT_CAP_ID_PL_16GT, 32, 1 },
		{ ECAP_ID_PL_32GT, 32, 1 },
		{ ECAP_ID_LANE_MARGINING, 8, 4 },
		{ ECAP_ID_NPEM, 16, 0 },
		{ ECAP_ID_DOE, 24, 0 },
		{ ECAP_ID_DEV3, 16, 0 },
		{ ECAP_ID_PL_64GT, 32, 1 },
	};
	static const unsigned int lanes[] = { 0, 1, 4, 16, 32 };
	struct mock_pci_image image;
	struct mock_bus bus;
	struct vdev *vdev;

	for (size_t i = 0; i < ARRAY_SIZE(caps) * ARRAY_SIZE(lanes); i++) {
		const unsigned int width = lanes[i % ARRAY_SIZE(lanes)];
		const unsigned int nr = (unsigned int)(i / ARRAY_SIZE(lanes));
		unsigned int end =
			ECAP_FIRST + caps[nr].len + caps[nr].per_lane * width;

		/* A bus has not enough slots for all of them. */
		if (i % ARRAY_SIZE(lanes) == 0)
			mock_bus_open(&bus);
		mock_image(&image, VENDOR_OTHER, 0x4328, MOCK_CLASS_NETWORK);
		image_add_express(&image, PCI_EXP_TYPE_ENDPOINT);
		mock_put32(image.config + CAP_FIRST + PCI_EXP_LNKCAP,
			   width << LNKCAP_WIDTH_SHIFT);
		mock_put32(image.config + ECAP_FIRST,
			   ecap_header(caps[nr].id, 0));
		/*
		 * For the mailbox of DOE this value means that a response is
		 * ready, so that the PCI core does not wait for one.
		 */
		memset(image.config + ECAP_FIRST + 4, 0xa0, 0x100);
		memset(image.writable + ECAP_FIRST + 4, 0xff, 0x100);
		vdev = mock_bus_vdev(&bus, &image, backend);
		ASSERT_EQ(vdev_cfg_read(vdev, end - 1, 1), 0);
		end = (end + 3) & ~3U;
		ASSERT_EQ(vdev_cfg_read(vdev, end, 4), 0xa0a0a0a0);
		vdev_cfg_write(vdev, end, 4, 0x5a5a5a5a);
		ASSERT_EQ(vdev_cfg_read(vdev, end, 4), 0x5a5a5a5a);
		vdev_close_with_space(vdev);
	}
}

/* A circular list of capabilities is cut. */
TEST_OVER(circular_capabilities, BACKEND_CONTAINER)
{
	struct mock_pci_image image;
	struct mock_bus bus;
	struct vdev *vdev;
	unsigned int pos, steps;

	mock_bus_open(&bus);
	mock_image(&image, VENDOR_OTHER, 0x4323, MOCK_CLASS_NETWORK);
	image.config[PCI_CAPABILITY_LIST] = CAP_FIRST;
	mock_image_cap(&image, CAP_FIRST, PCI_CAP_ID_SSVID, CAP_SECOND);
	mock_image_cap(&image, CAP_SECOND, PCI_CAP_ID_SSVID, CAP_FIRST);
	vdev = mock_bus_vdev(&bus, &image, backend);
	pos = vdev_cfg_read(vdev, PCI_CAPABILITY_LIST, 1);
	for (steps = 0; pos && steps < 4; steps++)
		pos = vdev_cfg_read(vdev, pos + PCI_CAP_LIST_NEXT, 1);
	ASSERT(steps <= 4);
	vdev_close_with_space(vdev);
}

/* An extended list that links back to its head ends there. */
TEST_OVER(circular_extended_capabilities, BACKEND_CONTAINER)
{
	const unsigned int count = 7;
	const unsigned int last = ECAP_FIRST + ECAP_STEP * (count - 1);
	struct mock_pci_image image;
	struct mock_bus bus;
	struct vdev *vdev;
	unsigned int at;

	mock_bus_open(&bus);
	mock_image(&image, VENDOR_OTHER, 0x4329, MOCK_CLASS_NETWORK);
	image_add_express(&image, PCI_EXP_TYPE_RC_END);
	for (at = ECAP_FIRST; at < last; at += ECAP_STEP)
		mock_put32(image.config + at,
			   ecap_header(PCI_EXT_CAP_ID_DSN, at + ECAP_STEP));
	mock_put32(image.config + last,
		   ecap_header(PCI_EXT_CAP_ID_LTR, ECAP_FIRST));
	vdev = mock_bus_vdev(&bus, &image, backend);
	for (at = ECAP_FIRST; at < last; at += ECAP_STEP)
		ASSERT_EQ(vdev_cfg_read(vdev, at, 4),
			  ecap_header(PCI_EXT_CAP_ID_DSN, at + ECAP_STEP));
	ASSERT_EQ(vdev_cfg_read(vdev, last, 4),
		  ecap_header(PCI_EXT_CAP_ID_LTR, 0));
	vdev_close_with_space(vdev);
}

/*
 * Atomic operations of a function without a root port above it, as in a virtual
 * machine, are reported to reach memory if the function has them enabled.
 */
static void check_atomics(struct mock_bus *bus, __u32 devcap2, __u16 devctl2,
			  __u32 wanted, enum backend backend)
{
	struct {
		struct vfio_device_info info;
		struct vfio_device_info_cap_pci_atomic_comp cap;
	} reply = { .info.argsz = sizeof(reply) };
	struct mock_pci_image image;
	struct vdev *vdev;

	mock_image(&image, VENDOR_OTHER, 0x4325, MOCK_CLASS_NETWORK);
	image_add_express(&image, PCI_EXP_TYPE_ENDPOINT);
	mock_put32(image.config + CAP_FIRST + PCI_EXP_DEVCAP2, devcap2);
	mock_put16(image.config + CAP_FIRST + PCI_EXP_DEVCTL2, devctl2);
	vdev = mock_bus_vdev(bus, &image, backend);
	ASSERT_RC(__sys_ioctl(vdev->fd, VFIO_DEVICE_GET_INFO, &reply), 0);
	ASSERT_EQ(!!(reply.info.flags & VFIO_DEVICE_FLAGS_CAPS), !!wanted);
	ASSERT_EQ(reply.info.cap_offset, wanted ? sizeof(reply.info) : 0);
	ASSERT_EQ(reply.cap.flags, wanted);
	if (wanted) {
		ASSERT_EQ(reply.cap.header.id,
			  VFIO_DEVICE_INFO_CAP_PCI_ATOMIC_COMP);
		ASSERT_EQ(reply.cap.header.version, 1);
		ASSERT_EQ(reply.cap.header.next, 0);

		/* If the buffer is too short, the required size is reported. */
		memset(&reply, 0, sizeof(reply));
		reply.info.argsz = sizeof(reply.info);
		ASSERT_RC(__sys_ioctl(vdev->fd, VFIO_DEVICE_GET_INFO, &reply),
			  0);
		ASSERT_EQ(reply.info.argsz, sizeof(reply));
		ASSERT_EQ(reply.info.cap_offset, 0);
		ASSERT_EQ(reply.cap.flags, 0);
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

/* Plug a PCI Express function with an extended capability in the last dword. */
static const char *plug_ecap_at_end(struct mock_bus *bus, __u16 id)
{
	struct mock_pci_image image;
	const char *bdf;

	mock_image(&image, VENDOR_OTHER, 0x4324, MOCK_CLASS_NETWORK);
	image_add_express(&image, PCI_EXP_TYPE_RC_END);
	mock_put32(image.config + ECAP_FIRST,
		   ecap_header(PCI_EXT_CAP_ID_DSN, ECAP_AT_END));
	mock_put32(image.config + ECAP_AT_END, ecap_header(id, 0));
	memset(image.writable + ECAP_AT_END, 0xff, 4);
	bdf = mock_bus_plug(bus, &image);
	pci_bind(bdf);
	return bdf;
}

TEST_OVER(extended_capability_at_the_end, BACKEND_CONTAINER)
{
	static const __u16 ids[] = { PCI_EXT_CAP_ID_ERR, PCI_EXT_CAP_ID_DSN,
				     PCI_EXT_CAP_ID_ATS, ECAP_ID_UNKNOWN };
	struct mock_bus bus;
	struct vdev *vdev;
	__u8 got[PCI_CFG_SPACE_EXP_SIZE];
	size_t i;

	mock_bus_open(&bus);
	for (i = 0; i < ARRAY_SIZE(ids); i++) {
		vdev = vdev_open(plug_ecap_at_end(&bus, ids[i]), backend);
		vdev_pread(vdev, VFIO_PCI_CONFIG_REGION_INDEX, 0, got,
			   sizeof(got));
		vdev_cfg_write(vdev, ECAP_AT_END, 4, 0xffffffff);
		vdev_close_with_space(vdev);
	}
}

/* The length of the capability is beyond the end of config space. */
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
		bdf = plug_ecap_at_end(&bus, ids[i]);
		space = space_open(backend);
		ASSERT_RC(__sys_ioctl(space_group_fd(space, bdf),
				      VFIO_GROUP_GET_DEVICE_FD, (void *)bdf),
			  -EFAULT);
		space_close(space);
	}
}
