// SPDX-License-Identifier: GPL-2.0-only
/*
 * Extended capabilities that are read-only, unknown ones, and those of PCI-X.
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

#define VENDOR_OTHER 0x1af4
#define CAP_FIRST 0x40
#define ECAP_FIRST PCI_CFG_SPACE_SIZE
#define ECAP_STEP 0x40
#define ECAP_ID_UNKNOWN 0x7777

/* PCI_EXP_FLAGS of a root complex integrated endpoint */
#define EXP_FLAGS_RC_END (2 | PCI_EXP_TYPE_RC_END << 4)
/* Version in PCI_X_CMD of a function with extended config space */
#define PCIX_VERSION_2 (2 << 12)

/* Return the header of version 1 of an extended capability. */
static __u32 ecap_header(__u32 id, __u32 next)
{
	return id | 1 << 16 | next << 20;
}

/* Define a PCI Express function with writable extended registers. */
static void express_image(struct mock_pci_image *image)
{
	mock_image(image, VENDOR_OTHER, 0x432a, MOCK_CLASS_NETWORK);
	image->config[PCI_CAPABILITY_LIST] = CAP_FIRST;
	mock_image_cap(image, CAP_FIRST, PCI_CAP_ID_EXP, 0);
	mock_put16(image->config + CAP_FIRST + PCI_EXP_FLAGS, EXP_FLAGS_RC_END);
	memset(image->config + ECAP_FIRST, 0x25, 2 * ECAP_STEP);
	memset(image->writable + ECAP_FIRST, 0xff, 2 * ECAP_STEP);
}

/* Check whether the function gets what the user writes to a register. */
static void check_register(struct vdev *vdev, int raw, unsigned int reg,
			   bool writable)
{
	__u32 before, now;

	ASSERT_EQ(pread(raw, &before, 4, reg), 4);
	ASSERT_EQ(vdev_cfg_read(vdev, reg, 4), before);
	vdev_cfg_write(vdev, reg, 4, ~before);
	ASSERT_EQ(pread(raw, &now, 4, reg), 4);
	ASSERT_EQ(now, writable ? ~before : before);
	ASSERT_EQ(vdev_cfg_read(vdev, reg, 4), now);
}

/* A guest that translates by an IOMMU of its own looks for ATS and PRI. */
TEST_OVER(ats_and_pri_are_readonly, BACKEND_CONTAINER)
{
	const unsigned int pri = ECAP_FIRST + ECAP_STEP;
	struct mock_pci_image image;
	struct mock_bus bus;
	struct vdev *vdev;
	int raw;

	mock_bus_open(&bus);
	express_image(&image);
	mock_put32(image.config + ECAP_FIRST,
		   ecap_header(PCI_EXT_CAP_ID_ATS, pri));
	mock_put32(image.config + pri, ecap_header(PCI_EXT_CAP_ID_PRI, 0));
	vdev = mock_bus_vdev(&bus, &image, backend);
	raw = pci_open_config(vdev->bdf);
	check_register(vdev, raw, ECAP_FIRST, false);
	check_register(vdev, raw, ECAP_FIRST + PCI_ATS_CAP, false);
	check_register(vdev, raw, ECAP_FIRST + PCI_EXT_CAP_ATS_SIZEOF, true);
	check_register(vdev, raw, pri, false);
	check_register(vdev, raw, pri + PCI_PRI_CTRL, false);
	check_register(vdev, raw, pri + PCI_PRI_ALLOC_REQ, false);
	check_register(vdev, raw, pri + PCI_EXT_CAP_PRI_SIZEOF, true);
	vdev_close_with_space(vdev);
}

/*
 * The list skips an unknown extended capability. Registers after its header may
 * be the vendor's and remain accessible.
 */
TEST_OVER(unknown_extended_capability_is_left_alone, BACKEND_CONTAINER)
{
	static const __u16 ids[] = { 0x1c, 0x20, 0x22, 0x28, 0x2b,
				     0x2c, 0x2d, 0x33, 0x37, ECAP_ID_UNKNOWN };
	const unsigned int second = ECAP_FIRST + ECAP_STEP;
	const unsigned int last = second + ECAP_STEP;
	struct mock_pci_image image;
	struct mock_bus bus;
	struct vdev *vdev;
	int raw;

	mock_bus_open(&bus);
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		express_image(&image);
		mock_put32(image.config + ECAP_FIRST,
			   ecap_header(ids[i], second));
		mock_put32(image.config + second, ecap_header(ids[i], last));
		mock_put32(image.config + last,
			   ecap_header(PCI_EXT_CAP_ID_DSN, 0));
		vdev = mock_bus_vdev(&bus, &image, backend);
		raw = pci_open_config(vdev->bdf);
		/* The head of the list stays as an empty capability. */
		ASSERT_EQ(vdev_cfg_read(vdev, ECAP_FIRST, 4), last << 20);
		check_register(vdev, raw, ECAP_FIRST + 4, true);
		check_register(vdev, raw, second - 4, true);
		check_register(vdev, raw, second + 4, true);
		check_register(vdev, raw, last - 4, true);
		sys_close(raw);
		vdev_close_with_space(vdev);
	}
}

/* PCI-X 2.0 has extended config space, too. */
TEST_OVER(extended_capabilities_of_pcix, BACKEND_CONTAINER)
{
	const unsigned int last = ECAP_FIRST + ECAP_STEP;
	struct mock_pci_image image;
	struct mock_bus bus;
	struct vdev *vdev;
	int raw;

	mock_bus_open(&bus);
	mock_image(&image, VENDOR_OTHER, 0x432c, MOCK_CLASS_NETWORK);
	image.config[PCI_CAPABILITY_LIST] = CAP_FIRST;
	mock_image_cap(&image, CAP_FIRST, PCI_CAP_ID_PCIX, 0);
	mock_put16(image.config + CAP_FIRST + PCI_X_CMD, PCIX_VERSION_2);
	mock_put32(image.config + CAP_FIRST + PCI_X_STATUS,
		   PCI_X_STATUS_266MHZ);
	memset(image.writable + ECAP_FIRST, 0xff, 2 * ECAP_STEP);
	mock_put32(image.config + ECAP_FIRST,
		   ecap_header(ECAP_ID_UNKNOWN, last));
	mock_put32(image.config + last, ecap_header(PCI_EXT_CAP_ID_DSN, 0));
	vdev = mock_bus_vdev(&bus, &image, backend);
	raw = pci_open_config(vdev->bdf);
	ASSERT_EQ(vdev_cfg_read(vdev, ECAP_FIRST, 4), last << 20);
	check_register(vdev, raw, last, false);
	check_register(vdev, raw, last + PCI_EXT_CAP_DSN_SIZEOF - 4, false);
	check_register(vdev, raw, last + PCI_EXT_CAP_DSN_SIZEOF, true);
	vdev_close_with_space(vdev);
}
