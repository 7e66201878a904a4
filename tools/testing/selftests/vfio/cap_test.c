// SPDX-License-Identifier: GPL-2.0-only
/*
 * The length of capabilities that have a register with it: bytes of a
 * capability are virtualized by its rules, bytes after it are passed to the
 * function.
 */
#include <linux/pci_regs.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"
#include "mock_pci.h"
#include "pci.h"
#include "sys.h"
#include "vdev.h"

/* Offsets of the capabilities: Express, other standard ones, extended ones. */
#define EXP_AT 0x40
#define STD_AT 0x60
#define STD2_AT 0x80
#define EXT_AT PCI_CFG_SPACE_SIZE
#define EXT2_AT 0x110

/* Header of an extended capability of version 1. */
#define EXT_HEADER(id, next) ((id) | 1 << 16 | (next) << 20)
/* PCI_EXP_FLAGS */
#define EXP_FLAGS(version, type) ((version) | (type) << 4)

/** enum cap_access - effect of a write by the user */
enum cap_access {
	/** @CAP_READONLY: none */
	CAP_READONLY,
	/**
	 * @CAP_VIRTUAL: the user reads the value, the function does not get it
	 */
	CAP_VIRTUAL,
	/** @CAP_RAW: the function gets the value */
	CAP_RAW,
};

/** struct cap - a capability and the registers that determine its length */
struct cap {
	/** @id: capability ID */
	__u16 id;
	/** @len: expected length in bytes */
	__u16 len;
	/** @reg: offset of the register with the length, or 0 */
	__u16 reg;
	/** @value: value of that register */
	__u32 value;
	/** @last: expected access to the last byte */
	enum cap_access last;
	/** @reg2: offset of a second such register, or 0 */
	__u16 reg2;
	/** @value2: value of the second register */
	__u32 value2;
};

/* A PCI Express function with @flags as PCI_EXP_FLAGS. */
static void express_image(struct mock_pci_image *image, __u16 flags)
{
	mock_image(image, 0x1af4, 0x4340, MOCK_CLASS_NETWORK);
	image->config[PCI_CAPABILITY_LIST] = EXP_AT;
	mock_image_cap(image, EXP_AT, PCI_CAP_ID_EXP, 0);
	mock_put16(image->config + EXP_AT + PCI_EXP_FLAGS, flags);
}

static void cap_put_registers(struct mock_pci_image *image, unsigned int at,
			      const struct cap *cap)
{
	if (cap->reg)
		mock_put32(image->config + at + cap->reg, cap->value);
	if (cap->reg2)
		mock_put32(image->config + at + cap->reg2, cap->value2);
}

static __u8 raw_byte(int raw, unsigned int at)
{
	__u8 byte;

	ASSERT_EQ(pread(raw, &byte, 1, at), 1);
	return byte;
}

static enum cap_access cap_access_at(struct vdev *vdev, int raw,
				     unsigned int at)
{
	__u8 old = raw_byte(raw, at);
	__u8 wanted = ~old;

	ASSERT_EQ(vdev_cfg_read(vdev, at, 1), old);
	vdev_cfg_write(vdev, at, 1, wanted);
	if (raw_byte(raw, at) != old) {
		ASSERT_EQ(vdev_cfg_read(vdev, at, 1), wanted);
		return CAP_RAW;
	}
	return vdev_cfg_read(vdev, at, 1) == old ? CAP_READONLY : CAP_VIRTUAL;
}

static bool cap_has_length(const struct mock_pci_image *image, unsigned int at,
			   const struct cap *cap, enum backend backend)
{
	enum cap_access last, next;
	struct mock_bus bus;
	struct vdev *vdev;
	int raw;

	mock_bus_open(&bus);
	vdev = mock_bus_vdev(&bus, image, backend);
	raw = pci_open_config(vdev->bdf);
	last = cap_access_at(vdev, raw, at + cap->len - 1);
	next = cap_access_at(vdev, raw, at + cap->len);
	sys_close(raw);
	vdev_close_with_space(vdev);
	if (last == cap->last && next == CAP_RAW)
		return true;
	test_note("ID %#x, %#x, %#x, %u bytes: %d, %d behind", cap->id,
		  cap->value, cap->value2, cap->len, last, next);
	return false;
}

TEST_OVER(standard_capability_ends, BACKEND_CONTAINER)
{
	static const struct cap caps[] = {
		{ PCI_CAP_ID_MSI, 10, 2, 0, CAP_VIRTUAL },
		{ PCI_CAP_ID_MSI, 14, 2, PCI_MSI_FLAGS_64BIT, CAP_VIRTUAL },
		{ PCI_CAP_ID_MSI, 20, 2, PCI_MSI_FLAGS_MASKBIT, CAP_RAW },
		{ PCI_CAP_ID_MSI, 24, 2,
		  PCI_MSI_FLAGS_64BIT | PCI_MSI_FLAGS_MASKBIT, CAP_RAW },
		{ PCI_CAP_ID_PCIX, 8, 2, 0, CAP_READONLY },
		{ PCI_CAP_ID_PCIX, 24, 2, 1 << 12, CAP_READONLY },
		{ PCI_CAP_ID_PCIX, 24, 2, 2 << 12, CAP_READONLY },
		{ PCI_CAP_ID_HT, 28, 2, HT_CAPTYPE_SLAVE << 8, CAP_READONLY },
		{ PCI_CAP_ID_HT, 24, 2, HT_CAPTYPE_HOST << 8, CAP_READONLY },
		{ PCI_CAP_ID_HT, 24, 2, HT_CAPTYPE_VCSET << 8, CAP_READONLY },
		{ PCI_CAP_ID_SATA, 8, 4, 0xe, CAP_READONLY },
		{ PCI_CAP_ID_SATA, 16, 4, 0xf, CAP_READONLY },
		{ PCI_CAP_ID_VNDR, 3, 2, 3, CAP_RAW },
		{ PCI_CAP_ID_VNDR, 20, 2, 20, CAP_RAW },
		/* VFIO does not know it, so no byte of it is virtualized. */
		{ PCI_CAP_ID_SSVID, 1, 0, 0, CAP_RAW },
		{ PCI_CAP_ID_SSVID, 8, 0, 0, CAP_RAW },
		{ PCI_CAP_ID_AGP, 12, 0, 0, CAP_READONLY },
		{ PCI_CAP_ID_AF, 6, 0, 0, CAP_READONLY },
	};
	struct mock_pci_image image;
	unsigned int good = 0;

	for (size_t i = 0; i < ARRAY_SIZE(caps); i++) {
		mock_image(&image, 0x1af4, 0x4341, MOCK_CLASS_NETWORK);
		memset(image.writable + STD_AT, 0xff, 0x40);
		image.config[PCI_CAPABILITY_LIST] = STD_AT;
		cap_put_registers(&image, STD_AT, &caps[i]);
		mock_image_cap(&image, STD_AT, caps[i].id, 0);
		good += cap_has_length(&image, STD_AT, &caps[i], backend);
	}
	ASSERT_EQ(good, ARRAY_SIZE(caps));
}

TEST_OVER(express_capability_ends, BACKEND_CONTAINER)
{
	static const struct cap caps[] = {
		{ PCI_CAP_ID_EXP, 20, 2, EXP_FLAGS(1, PCI_EXP_TYPE_ENDPOINT) },
		{ PCI_CAP_ID_EXP, 12, 2, EXP_FLAGS(1, PCI_EXP_TYPE_RC_END) },
		{ PCI_CAP_ID_EXP, 52, 2, EXP_FLAGS(2, PCI_EXP_TYPE_ENDPOINT) },
		{ PCI_CAP_ID_EXP, 52, 2, EXP_FLAGS(2, PCI_EXP_TYPE_LEG_END) },
		{ PCI_CAP_ID_EXP, 44, 2, EXP_FLAGS(2, PCI_EXP_TYPE_RC_END) },
	};
	struct mock_pci_image image;
	unsigned int good = 0;

	for (size_t i = 0; i < ARRAY_SIZE(caps); i++) {
		express_image(&image, (__u16)caps[i].value);
		memset(image.writable + EXP_AT, 0xff, 0x40);
		good += cap_has_length(&image, EXP_AT, &caps[i], backend);
	}
	ASSERT_EQ(good, ARRAY_SIZE(caps));
}

#define CAP_VC(id, len, evcc, phases)                                         \
	{ id,	 len, PCI_VC_PORT_CAP1, evcc, CAP_READONLY, PCI_VC_PORT_CAP2, \
	  phases }
/* The size of the egress control vector is the byte after the capabilities. */
#define CAP_ACS(len, cap, bits) \
	{ PCI_EXT_CAP_ID_ACS, len, PCI_ACS_CAP, (cap) | (bits) << 8 }
#define CAP_TPH(len, value) { PCI_EXT_CAP_ID_TPH, len, PCI_TPH_CAP, value }
#define CAP_DPA(len, value) { PCI_EXT_CAP_ID_DPA, len, PCI_DPA_CAP, value }
#define CAP_REBAR(len, nr) \
	{ PCI_EXT_CAP_ID_REBAR, len, PCI_REBAR_CTRL, (nr) << 5 }

/* Writing to the last control register of a BAR would resize a real one. */
TEST_OVER(extended_capability_ends, BACKEND_CONTAINER)
{
	static const struct cap caps[] = {
		CAP_REBAR(12, 1),
		CAP_REBAR(20, 2),
		CAP_REBAR(52, 6),
		CAP_VC(PCI_EXT_CAP_ID_VC, 28, 0, 0),
		CAP_VC(PCI_EXT_CAP_ID_VC, 40, 1, 0),
		CAP_VC(PCI_EXT_CAP_ID_VC, 112, 7, 0),
		CAP_VC(PCI_EXT_CAP_ID_VC, 48, 0, PCI_VC_CAP2_32_PHASE),
		CAP_VC(PCI_EXT_CAP_ID_VC, 64, 0, PCI_VC_CAP2_64_PHASE),
		CAP_VC(PCI_EXT_CAP_ID_VC, 96, 0, PCI_VC_CAP2_128_PHASE),
		CAP_VC(PCI_EXT_CAP_ID_VC, 176, 7,
		       PCI_VC_CAP2_32_PHASE | PCI_VC_CAP2_128_PHASE),
		CAP_VC(PCI_EXT_CAP_ID_VC9, 40, 1, 0),
		CAP_VC(PCI_EXT_CAP_ID_MFVC, 40, 1, 0),
		CAP_ACS(8, 0, 0),
		CAP_ACS(8, PCI_ACS_SV, 32),
		CAP_ACS(12, PCI_ACS_EC, 1),
		CAP_ACS(12, PCI_ACS_EC, 32),
		CAP_ACS(16, PCI_ACS_EC, 33),
		CAP_ACS(40, PCI_ACS_EC, 255),
		CAP_ACS(40, PCI_ACS_EC, 0),
		CAP_TPH(12, 7 << PCI_TPH_CAP_ST_SHIFT),
		CAP_TPH(12, 7 << PCI_TPH_CAP_ST_SHIFT | PCI_TPH_LOC_MSIX),
		CAP_TPH(14, PCI_TPH_LOC_CAP),
		CAP_TPH(28, 7 << PCI_TPH_CAP_ST_SHIFT | PCI_TPH_LOC_CAP),
		CAP_DPA(17, 0),
		CAP_DPA(48, 31),
		{ PCI_EXT_CAP_ID_VNDR, 12, 4, 12 << 20, CAP_RAW },
		{ PCI_EXT_CAP_ID_DVSEC, 16, 4, 16 << 20, CAP_RAW },
		{ PCI_EXT_CAP_ID_ERR, 44 },
		{ PCI_EXT_CAP_ID_DSN, 12 },
		{ PCI_EXT_CAP_ID_PWR, 16 },
		{ PCI_EXT_CAP_ID_ARI, 8 },
		{ PCI_EXT_CAP_ID_MCAST, 40 },
		{ PCI_EXT_CAP_ID_LTR, 8 },
	};
	struct mock_pci_image image;
	unsigned int good = 0;

	for (size_t i = 0; i < ARRAY_SIZE(caps); i++) {
		express_image(&image, EXP_FLAGS(2, PCI_EXP_TYPE_ENDPOINT));
		mock_put32(image.config + EXT_AT, EXT_HEADER(caps[i].id, 0));
		cap_put_registers(&image, EXT_AT, &caps[i]);
		memset(image.writable + EXT_AT + 4, 0xff, 0x100);
		good += cap_has_length(&image, EXT_AT, &caps[i], backend);
	}
	ASSERT_EQ(good, ARRAY_SIZE(caps));
}

/* A capability with a length of no more than its header is removed. */
TEST_OVER(empty_vendor_capability_is_skipped, BACKEND_CONTAINER)
{
	static const __u8 lens[] = { 0, 2 };
	static const __u8 ext_lens[] = { 0, 3 };
	struct mock_pci_image image;
	struct mock_bus bus;
	struct vdev *vdev;

	mock_bus_open(&bus);
	for (size_t i = 0; i < ARRAY_SIZE(lens); i++) {
		express_image(&image, EXP_FLAGS(2, PCI_EXP_TYPE_RC_END));
		mock_image_cap(&image, EXP_AT, PCI_CAP_ID_EXP, STD2_AT);
		mock_image_cap(&image, STD2_AT, PCI_CAP_ID_VNDR, 0);
		image.config[STD2_AT + PCI_CAP_FLAGS] = lens[i];
		mock_put32(image.config + EXT_AT,
			   EXT_HEADER(PCI_EXT_CAP_ID_DSN, EXT2_AT));
		mock_put32(image.config + EXT2_AT,
			   EXT_HEADER(PCI_EXT_CAP_ID_VNDR, 0));
		mock_put32(image.config + EXT2_AT + PCI_VNDR_HEADER,
			   (__u32)ext_lens[i] << 20);
		vdev = mock_bus_vdev(&bus, &image, backend);
		ASSERT_EQ(vdev_cfg_read(vdev, EXP_AT + PCI_CAP_LIST_NEXT, 1),
			  0);
		ASSERT_EQ(vdev_cfg_read(vdev, EXT_AT, 4),
			  EXT_HEADER(PCI_EXT_CAP_ID_DSN, 0));
		vdev_close_with_space(vdev);
	}
}
