// SPDX-License-Identifier: GPL-2.0-only
/*
 * How long capabilities are whose length stands in them: what is inside obeys
 * their rules, what lies behind is the device's own affair.
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

/* Where the capabilities stand: Express, another standard one, an extended one. */
#define EXP_AT 0x40
#define STD_AT 0x60
#define EXT_AT 0x100

/** enum access - what becomes of a byte that the user writes */
enum access {
	/** @READONLY: it stays as it is */
	READONLY,
	/** @VIRTUAL: the user reads it back, the function does not get it */
	VIRTUAL,
	/** @RAW: the function gets it */
	RAW,
};

/** struct cap - a capability with what says how long it is */
struct cap {
	/** @id: its ID */
	__u16 id;
	/** @len: its length in bytes */
	__u16 len;
	/** @reg: the register that says so, if any */
	__u16 reg;
	/** @value: what that register reads as */
	__u32 value;
	/** @last: what the user may do with its last byte */
	enum access last;
	/** @reg2: another such register, if any */
	__u16 reg2;
	/** @value2: what that one reads as */
	__u32 value2;
};

/* A PCI Express function whose capability begins with @flags. */
static void express_image(struct mock_pci_image *image, __u16 flags)
{
	mock_image(image, 0x1af4, 0x4340, MOCK_CLASS_NETWORK);
	image->config[PCI_CAPABILITY_LIST] = EXP_AT;
	mock_image_cap(image, EXP_AT, PCI_CAP_ID_EXP, 0);
	mock_put16(image->config + EXP_AT + PCI_EXP_FLAGS, flags);
}

static void put_registers(struct mock_pci_image *image, unsigned int at,
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

static enum access access_of(struct vdev *vdev, int raw, unsigned int at)
{
	__u8 old = raw_byte(raw, at);
	__u8 wanted = ~old;

	ASSERT_EQ(vdev_cfg_read(vdev, at, 1), old);
	vdev_cfg_write(vdev, at, 1, wanted);
	if (raw_byte(raw, at) != old) {
		ASSERT_EQ(vdev_cfg_read(vdev, at, 1), wanted);
		return RAW;
	}
	return vdev_cfg_read(vdev, at, 1) == old ? READONLY : VIRTUAL;
}

static bool ends_where_it_should(const struct mock_pci_image *image,
				 unsigned int at, const struct cap *cap,
				 enum backend backend)
{
	enum access last, behind;
	struct mock_bus bus;
	struct vdev *vdev;
	int raw;

	mock_bus_open(&bus);
	vdev = mock_bus_vdev(&bus, image, backend);
	raw = pci_open_config(vdev->bdf);
	last = access_of(vdev, raw, at + cap->len - 1);
	behind = access_of(vdev, raw, at + cap->len);
	sys_close(raw);
	vdev_close_with_space(vdev);
	if (last == cap->last && behind == RAW)
		return true;
	test_note("ID %#x, %#x, %#x, %u bytes: %d, %d behind", cap->id,
		  cap->value, cap->value2, cap->len, last, behind);
	return false;
}

TEST_OVER(standard_capability_ends, BACKEND_CONTAINER)
{
	static const struct cap caps[] = {
		{ PCI_CAP_ID_MSI, 10, 2, 0, VIRTUAL },
		{ PCI_CAP_ID_MSI, 14, 2, PCI_MSI_FLAGS_64BIT, VIRTUAL },
		{ PCI_CAP_ID_MSI, 20, 2, PCI_MSI_FLAGS_MASKBIT, RAW },
		{ PCI_CAP_ID_MSI, 24, 2,
		  PCI_MSI_FLAGS_64BIT | PCI_MSI_FLAGS_MASKBIT, RAW },
		{ PCI_CAP_ID_PCIX, 8, 2, 0, READONLY },
		{ PCI_CAP_ID_PCIX, 24, 2, 1 << 12, READONLY },
		{ PCI_CAP_ID_PCIX, 24, 2, 2 << 12, READONLY },
		{ PCI_CAP_ID_HT, 28, 2, HT_CAPTYPE_SLAVE << 8, READONLY },
		{ PCI_CAP_ID_HT, 24, 2, HT_CAPTYPE_HOST << 8, READONLY },
		{ PCI_CAP_ID_HT, 24, 2, HT_CAPTYPE_VCSET << 8, READONLY },
		{ PCI_CAP_ID_SATA, 8, 4, 0xe, READONLY },
		{ PCI_CAP_ID_SATA, 16, 4, 0xf, READONLY },
		{ PCI_CAP_ID_VNDR, 3, 2, 3, RAW },
		{ PCI_CAP_ID_VNDR, 20, 2, 20, RAW },
		/* Not known, so nothing there is a capability's. */
		{ PCI_CAP_ID_SSVID, 1, 0, 0, RAW },
		{ PCI_CAP_ID_SSVID, 8, 0, 0, RAW },
		{ PCI_CAP_ID_AGP, 12, 0, 0, READONLY },
		{ PCI_CAP_ID_AF, 6, 0, 0, READONLY },
	};
	struct mock_pci_image image;
	unsigned int good = 0;

	for (size_t i = 0; i < ARRAY_SIZE(caps); i++) {
		mock_image(&image, 0x1af4, 0x4341, MOCK_CLASS_NETWORK);
		memset(image.writable + STD_AT, 0xff, 0x40);
		image.config[PCI_CAPABILITY_LIST] = STD_AT;
		put_registers(&image, STD_AT, &caps[i]);
		mock_image_cap(&image, STD_AT, caps[i].id, 0);
		good += ends_where_it_should(&image, STD_AT, &caps[i], backend);
	}
	ASSERT_EQ(good, ARRAY_SIZE(caps));
}

TEST_OVER(express_capability_ends, BACKEND_CONTAINER)
{
	static const struct cap caps[] = {
		{ PCI_CAP_ID_EXP, 20, 2, 1 | PCI_EXP_TYPE_ENDPOINT << 4 },
		{ PCI_CAP_ID_EXP, 12, 2, 1 | PCI_EXP_TYPE_RC_END << 4 },
		{ PCI_CAP_ID_EXP, 52, 2, 2 | PCI_EXP_TYPE_ENDPOINT << 4 },
		{ PCI_CAP_ID_EXP, 52, 2, 2 | PCI_EXP_TYPE_LEG_END << 4 },
		{ PCI_CAP_ID_EXP, 44, 2, 2 | PCI_EXP_TYPE_RC_END << 4 },
	};
	struct mock_pci_image image;
	unsigned int good = 0;

	for (size_t i = 0; i < ARRAY_SIZE(caps); i++) {
		express_image(&image, (__u16)caps[i].value);
		memset(image.writable + EXP_AT, 0xff, 0x40);
		good += ends_where_it_should(&image, EXP_AT, &caps[i], backend);
	}
	ASSERT_EQ(good, ARRAY_SIZE(caps));
}

#define VC(id, len, evcc, phases) \
	{ id, len, PCI_VC_PORT_CAP1, evcc, READONLY, PCI_VC_PORT_CAP2, phases }
/* The size of a vector stands in the byte behind what the function can do. */
#define ACS(len, cap, bits) \
	{ PCI_EXT_CAP_ID_ACS, len, PCI_ACS_CAP, (cap) | (bits) << 8 }
#define TPH(len, value) { PCI_EXT_CAP_ID_TPH, len, PCI_TPH_CAP, value }
#define DPA(len, value) { PCI_EXT_CAP_ID_DPA, len, PCI_DPA_CAP, value }
#define REBAR(len, nr) { PCI_EXT_CAP_ID_REBAR, len, PCI_REBAR_CTRL, (nr) << 5 }

/* Whoever could write to the last BAR's control could resize a real one. */
TEST_OVER(extended_capability_ends, BACKEND_CONTAINER)
{
	static const struct cap caps[] = {
		REBAR(12, 1),
		REBAR(20, 2),
		REBAR(52, 6),
		VC(PCI_EXT_CAP_ID_VC, 28, 0, 0),
		VC(PCI_EXT_CAP_ID_VC, 40, 1, 0),
		VC(PCI_EXT_CAP_ID_VC, 112, 7, 0),
		VC(PCI_EXT_CAP_ID_VC, 48, 0, PCI_VC_CAP2_32_PHASE),
		VC(PCI_EXT_CAP_ID_VC, 64, 0, PCI_VC_CAP2_64_PHASE),
		VC(PCI_EXT_CAP_ID_VC, 96, 0, PCI_VC_CAP2_128_PHASE),
		VC(PCI_EXT_CAP_ID_VC, 176, 7,
		   PCI_VC_CAP2_32_PHASE | PCI_VC_CAP2_128_PHASE),
		VC(PCI_EXT_CAP_ID_VC9, 40, 1, 0),
		VC(PCI_EXT_CAP_ID_MFVC, 40, 1, 0),
		ACS(8, 0, 0),
		ACS(8, PCI_ACS_SV, 32),
		ACS(12, PCI_ACS_EC, 1),
		ACS(12, PCI_ACS_EC, 32),
		ACS(16, PCI_ACS_EC, 33),
		ACS(40, PCI_ACS_EC, 255),
		ACS(40, PCI_ACS_EC, 0),
		TPH(12, 7 << PCI_TPH_CAP_ST_SHIFT),
		TPH(12, 7 << PCI_TPH_CAP_ST_SHIFT | PCI_TPH_LOC_MSIX),
		TPH(14, PCI_TPH_LOC_CAP),
		TPH(28, 7 << PCI_TPH_CAP_ST_SHIFT | PCI_TPH_LOC_CAP),
		DPA(17, 0),
		DPA(48, 31),
		{ PCI_EXT_CAP_ID_VNDR, 12, 4, 12 << 20, RAW },
		{ PCI_EXT_CAP_ID_DVSEC, 16, 4, 16 << 20, RAW },
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
		express_image(&image, 2 | PCI_EXP_TYPE_ENDPOINT << 4);
		mock_put32(image.config + EXT_AT, caps[i].id | 1 << 16);
		put_registers(&image, EXT_AT, &caps[i]);
		memset(image.writable + EXT_AT + 4, 0xff, 0x100);
		good += ends_where_it_should(&image, EXT_AT, &caps[i], backend);
	}
	ASSERT_EQ(good, ARRAY_SIZE(caps));
}

/* A header alone, or not even that, is nothing for the user to find. */
TEST_OVER(empty_vendor_capability_is_skipped, BACKEND_CONTAINER)
{
	static const __u8 lens[] = { 0, 2 };
	static const __u8 ext_lens[] = { 0, 3 };
	struct mock_pci_image image;
	struct mock_bus bus;
	struct vdev *vdev;

	mock_bus_open(&bus);
	for (size_t i = 0; i < ARRAY_SIZE(lens); i++) {
		express_image(&image, 2 | PCI_EXP_TYPE_RC_END << 4);
		mock_image_cap(&image, EXP_AT, PCI_CAP_ID_EXP, STD_AT + 0x20);
		mock_image_cap(&image, STD_AT + 0x20, PCI_CAP_ID_VNDR, 0);
		image.config[STD_AT + 0x20 + PCI_CAP_FLAGS] = lens[i];
		mock_put32(image.config + EXT_AT,
			   PCI_EXT_CAP_ID_DSN | 1 << 16 | 0x110 << 20);
		mock_put32(image.config + 0x110, PCI_EXT_CAP_ID_VNDR | 1 << 16);
		mock_put32(image.config + 0x114, (__u32)ext_lens[i] << 20);
		vdev = mock_bus_vdev(&bus, &image, backend);
		ASSERT_EQ(vdev_cfg_read(vdev, EXP_AT + 1, 1), 0);
		ASSERT_EQ(vdev_cfg_read(vdev, EXT_AT, 4),
			  PCI_EXT_CAP_ID_DSN | 1 << 16);
		vdev_close_with_space(vdev);
	}
}
