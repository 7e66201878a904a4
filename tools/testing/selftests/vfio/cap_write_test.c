// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writes to capabilities that have an effect: vital product data, function
 * level resets, the read request size, power states.
 */
#include <fcntl.h>
#include <limits.h>
#include <linux/pci_regs.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "feature.h"
#include "harness.h"
#include "mock_pci.h"
#include "pci.h"
#include "sys.h"
#include "vdev.h"

/* Offsets of the capabilities, and of a device-specific register. */
#define EXP_AT 0x40
#define VPD_AT 0x80
#define AF_AT 0x90
#define PM_AT 0x98
#define SCRATCH_AT 0xa0

#define SCRATCH_INITIAL 0x600df00d

/* PCI_EXP_FLAGS of an endpoint, with version 2 of the capability */
#define EXP_FLAGS (2 | PCI_EXP_TYPE_ENDPOINT << 4)
/* Bit number of PCI_EXP_DEVCTL_READRQ */
#define READRQ_SHIFT 12

/* Values of PCI_PM_CTRL_STATE_MASK */
enum {
	POWER_STATE_D0 = 0,
	POWER_STATE_D1 = 1,
	POWER_STATE_D2 = 2,
	POWER_STATE_D3HOT = 3,
};

#define VPD_ADDR (VPD_AT + PCI_VPD_ADDR)
#define VPD_DATA (VPD_AT + PCI_VPD_DATA)

/* One string, after a tag of 3 bytes and before an end tag of one byte. */
#define VPD_LEN 48U
#define VPD_TAG_STRING 0x82
#define VPD_TAG_END 0x78

static void vpd_image(struct mock_pci_image *image, __u16 string)
{
	mock_image(image, 0x1af4, 0x4343, MOCK_CLASS_NETWORK);
	image->config[PCI_CAPABILITY_LIST] = VPD_AT;
	mock_image_cap(image, VPD_AT, PCI_CAP_ID_VPD, 0);
	memset(image->writable + VPD_ADDR, 0xff, 6);
	image->vpd_cap = VPD_AT;
	fill_pattern(image->vpd, sizeof(image->vpd), 1);
	image->vpd[0] = VPD_TAG_STRING;
	mock_put16(image->vpd + 1, string);
	image->vpd[VPD_LEN - 1] = VPD_TAG_END;
}

static struct vdev *vpd_open(struct mock_bus *bus, struct mock_pci_image *image,
			     enum backend backend)
{
	mock_bus_open(bus);
	vpd_image(image, VPD_LEN - 4);
	return mock_bus_vdev(bus, image, backend);
}

/* Read the product data by sysfs. */
static void vpd_read_host(struct vdev *vdev, __u8 *vpd)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/vpd", vdev->bdf);
	fd = sys_open(path, O_RDONLY);
	ASSERT_EQ(pread(fd, vpd, VPD_LEN, 0), VPD_LEN);
	sys_close(fd);
}

static void vpd_expect_data(struct vdev *vdev, const __u8 *wanted)
{
	__u8 data[4];

	vdev_pread(vdev, VFIO_PCI_CONFIG_REGION_INDEX, VPD_DATA, data, 4);
	ASSERT(!memcmp(data, wanted, 4));
}

static void vpd_expect_read(struct vdev *vdev, const __u8 *vpd, __u16 offset)
{
	vdev_cfg_write(vdev, VPD_ADDR, 2, offset);
	ASSERT_EQ(vdev_cfg_read(vdev, VPD_ADDR, 2), offset | PCI_VPD_ADDR_F);
	vpd_expect_data(vdev, vpd + offset);
}

TEST_OVER(vpd_is_read, BACKENDS_ALL)
{
	struct mock_pci_image image;
	struct mock_bus bus;
	struct vdev *vdev = vpd_open(&bus, &image, backend);

	for (__u16 offset = 0; offset < VPD_LEN; offset += 4)
		vpd_expect_read(vdev, image.vpd, offset);
	for (__u16 offset = VPD_LEN; offset; offset -= 4)
		vpd_expect_read(vdev, image.vpd, offset - 4);
	vdev_close_with_space(vdev);
}

TEST_OVER(vpd_is_written, BACKENDS_ALL)
{
	static const __u8 new[] = { 0x12, 0x34, 0x56, 0x78 };
	struct mock_pci_image image;
	struct mock_bus bus;
	struct vdev *vdev = vpd_open(&bus, &image, backend);
	__u8 vpd[VPD_LEN];

	/* Writing the data register alone changes no product data. */
	vdev_pwrite(vdev, VFIO_PCI_CONFIG_REGION_INDEX, VPD_DATA, new, 4);
	vpd_read_host(vdev, vpd);
	ASSERT(!memcmp(vpd, image.vpd, VPD_LEN));

	vdev_cfg_write(vdev, VPD_ADDR, 2, 8 | PCI_VPD_ADDR_F);
	ASSERT_EQ(vdev_cfg_read(vdev, VPD_ADDR, 2), 8);
	vpd_expect_data(vdev, new);
	memcpy(image.vpd + 8, new, 4);
	vpd_read_host(vdev, vpd);
	ASSERT(!memcmp(vpd, image.vpd, VPD_LEN));

	for (__u16 offset = 0; offset < VPD_LEN; offset += 4)
		vpd_expect_read(vdev, image.vpd, offset);
	vdev_close_with_space(vdev);
}

/* A write to the byte with the flag starts a transfer, at any access size. */
TEST_OVER(vpd_by_parts_of_the_register, BACKEND_CONTAINER)
{
	struct mock_pci_image image;
	struct mock_bus bus;
	struct vdev *vdev = vpd_open(&bus, &image, backend);
	__u8 old[4], vpd[VPD_LEN];

	/* Together with the capability header, which is read-only. */
	vdev_cfg_write(vdev, VPD_AT, 4, 12 << 16 | 0xffff);
	ASSERT_EQ(vdev_cfg_read(vdev, VPD_AT, 4),
		  PCI_CAP_ID_VPD | (12U | PCI_VPD_ADDR_F) << 16);
	vpd_expect_data(vdev, image.vpd + 12);

	vdev_cfg_write(vdev, VPD_ADDR, 1, 20);
	ASSERT_EQ(vdev_cfg_read(vdev, VPD_ADDR, 2), 20 | PCI_VPD_ADDR_F);
	vpd_expect_data(vdev, image.vpd + 12);
	vdev_cfg_write(vdev, VPD_ADDR + 1, 1, 0);
	ASSERT_EQ(vdev_cfg_read(vdev, VPD_ADDR, 2), 20 | PCI_VPD_ADDR_F);
	vpd_expect_data(vdev, image.vpd + 20);

	vdev_pwrite(vdev, VFIO_PCI_CONFIG_REGION_INDEX, VPD_DATA, "abcd", 4);
	vdev_cfg_write(vdev, VPD_ADDR, 1, 24);
	memcpy(old, image.vpd + 24, 4);
	vpd_read_host(vdev, vpd);
	ASSERT(!memcmp(vpd + 24, old, 4));
	vdev_cfg_write(vdev, VPD_ADDR + 1, 1, PCI_VPD_ADDR_F >> 8);
	ASSERT_EQ(vdev_cfg_read(vdev, VPD_ADDR, 2), 24);
	vpd_read_host(vdev, vpd);
	ASSERT(!memcmp(vpd + 24, "abcd", 4));

	vdev_cfg_write(vdev, VPD_AT, 4, (28U | PCI_VPD_ADDR_F) << 16);
	ASSERT_EQ(vdev_cfg_read(vdev, VPD_ADDR, 2), 28);
	vpd_read_host(vdev, vpd);
	ASSERT(!memcmp(vpd + 28, "abcd", 4));
	vdev_close_with_space(vdev);
}

/* A transfer that does not complete leaves the flag as it was written. */
static void vpd_expect_timeout(struct vdev *vdev, __u16 addr)
{
	const __u8 data[] = { 1, 2, 3, 4 };

	vdev_pwrite(vdev, VFIO_PCI_CONFIG_REGION_INDEX, VPD_DATA, data, 4);
	vdev_cfg_write(vdev, VPD_ADDR, 2, addr);
	ASSERT_EQ(vdev_cfg_read(vdev, VPD_ADDR, 2), addr);
	vpd_expect_data(vdev, data);
}

TEST_OVER(vpd_at_bad_addresses, BACKENDS_ALL)
{
	static const __u8 nothing[4];
	struct mock_pci_image image;
	struct mock_bus bus;
	struct vdev *vdev = vpd_open(&bus, &image, backend);
	__u8 vpd[VPD_LEN];

	vpd_expect_timeout(vdev, 6 | PCI_VPD_ADDR_F);
	vpd_expect_timeout(vdev, VPD_LEN | PCI_VPD_ADDR_F);
	vpd_expect_timeout(vdev, 0x7ffc | PCI_VPD_ADDR_F);
	vpd_read_host(vdev, vpd);
	ASSERT(!memcmp(vpd, image.vpd, VPD_LEN));
	/* Product data after the end reads as 0. */
	vdev_cfg_write(vdev, VPD_ADDR, 2, VPD_LEN);
	ASSERT_EQ(vdev_cfg_read(vdev, VPD_ADDR, 2), VPD_LEN | PCI_VPD_ADDR_F);
	vpd_expect_data(vdev, nothing);
	vpd_expect_read(vdev, image.vpd, 4);
	vdev_close_with_space(vdev);
}

/* A function whose tags describe more product data than it has. */
TEST_OVER(vpd_transfer_fails, BACKEND_CONTAINER)
{
	struct mock_pci_image image;
	struct mock_bus bus;
	struct vdev *vdev;

	mock_bus_open(&bus);
	vpd_image(&image, 4 * MOCK_PCI_VPD_SIZE);
	vdev = mock_bus_vdev(&bus, &image, backend);
	vpd_expect_read(vdev, image.vpd, MOCK_PCI_VPD_SIZE - 4);
	vpd_expect_timeout(vdev, MOCK_PCI_VPD_SIZE);
	vpd_expect_timeout(vdev, MOCK_PCI_VPD_SIZE | PCI_VPD_ADDR_F);
	vpd_expect_read(vdev, image.vpd, 0);
	vdev_close_with_space(vdev);

	/* A function without any product data. */
	image.vpd[0] = 0xff;
	vdev = mock_bus_vdev(&bus, &image, backend);
	vpd_expect_timeout(vdev, 0);
	vpd_expect_timeout(vdev, PCI_VPD_ADDR_F);
	vdev_close_with_space(vdev);
}

/*
 * A function that can be reset by PCI Express FLR and by AF FLR. A reset
 * restores the initial value of its register at SCRATCH_AT.
 */
static void flr_image(struct mock_pci_image *image, __u32 devcap, __u8 af)
{
	mock_image(image, 0x1af4, 0x4344, MOCK_CLASS_NETWORK);
	image->config[PCI_CAPABILITY_LIST] = EXP_AT;
	mock_image_cap(image, EXP_AT, PCI_CAP_ID_EXP, AF_AT);
	mock_put16(image->config + EXP_AT + PCI_EXP_FLAGS, EXP_FLAGS);
	mock_put32(image->config + EXP_AT + PCI_EXP_DEVCAP, devcap);
	image->reset[EXP_AT + PCI_EXP_DEVCTL + 1] = PCI_EXP_DEVCTL_BCR_FLR >> 8;
	mock_image_cap(image, AF_AT, PCI_CAP_ID_AF, 0);
	image->config[AF_AT + PCI_AF_LENGTH] = PCI_CAP_AF_SIZEOF;
	image->config[AF_AT + PCI_AF_CAP] = af;
	image->reset[AF_AT + PCI_AF_CTRL] = PCI_AF_CTRL_FLR;
	mock_put32(image->config + SCRATCH_AT, SCRATCH_INITIAL);
	memset(image->writable + SCRATCH_AT, 0xff, 4);
}

static bool write_resets(struct vdev *vdev, unsigned int at, unsigned int size,
			 __u32 value)
{
	vdev_cfg_write(vdev, SCRATCH_AT, 4, 0x12345678);
	vdev_cfg_write(vdev, at, size, value);
	return vdev_cfg_read(vdev, SCRATCH_AT, 4) == SCRATCH_INITIAL;
}

TEST_OVER(function_level_reset, BACKENDS_ALL)
{
	const unsigned int devctl = EXP_AT + PCI_EXP_DEVCTL;
	const unsigned int ctrl = AF_AT + PCI_AF_CTRL;
	const __u8 both = PCI_AF_CAP_TP | PCI_AF_CAP_FLR;
	static const struct {
		__u32 devcap;
		__u8 af;
	} caps[] = {
		{ PCI_EXP_DEVCAP_FLR, 0 },
		{ PCI_EXP_DEVCAP_FLR, PCI_AF_CAP_TP },
		{ PCI_EXP_DEVCAP_FLR, PCI_AF_CAP_FLR },
		{ PCI_EXP_DEVCAP_FLR, PCI_AF_CAP_TP | PCI_AF_CAP_FLR },
		{ 0, PCI_AF_CAP_TP | PCI_AF_CAP_FLR },
	};
	struct mock_pci_image image;
	struct mock_bus bus;
	struct vdev *vdev;

	mock_bus_open(&bus);
	for (size_t i = 0; i < ARRAY_SIZE(caps); i++) {
		flr_image(&image, caps[i].devcap, caps[i].af);
		vdev = mock_bus_vdev(&bus, &image, backend);
		ASSERT_EQ(write_resets(vdev, devctl, 2, PCI_EXP_DEVCTL_BCR_FLR),
			  !!caps[i].devcap);
		ASSERT_EQ(write_resets(vdev, devctl + 1, 1,
				       PCI_EXP_DEVCTL_BCR_FLR >> 8),
			  !!caps[i].devcap);
		ASSERT_EQ(write_resets(vdev, ctrl, 1, PCI_AF_CTRL_FLR),
			  caps[i].af == both);
		ASSERT_EQ(write_resets(vdev, ctrl, 2, PCI_AF_CTRL_FLR),
			  caps[i].af == both);
		/* The bits read as 0, and other bits start no reset. */
		ASSERT_EQ(vdev_cfg_read(vdev, devctl, 2) &
				  PCI_EXP_DEVCTL_BCR_FLR,
			  0);
		ASSERT_EQ(vdev_cfg_read(vdev, ctrl, 1), 0);
		ASSERT(!write_resets(vdev, devctl, 2, 0x7fff));
		ASSERT(!write_resets(vdev, devctl, 1, 0xff));
		ASSERT(!write_resets(vdev, ctrl, 1, 0xff & ~PCI_AF_CTRL_FLR));
		vdev_close_with_space(vdev);
	}
}

/* Read the code of the read request size that the function has. */
static unsigned int read_host_readrq(int raw)
{
	__u16 ctl;

	ASSERT_EQ(pread(raw, &ctl, 2, EXP_AT + PCI_EXP_DEVCTL), 2);
	/* The user cannot change the payload size. */
	ASSERT_EQ(ctl & PCI_EXP_DEVCTL_PAYLOAD, PCI_EXP_DEVCTL_PAYLOAD_256B);
	return (ctl & PCI_EXP_DEVCTL_READRQ) >> READRQ_SHIFT;
}

/*
 * A size below the payload size is raised to it, and a size that is not defined
 * is ignored. The user reads the value written in any case.
 */
TEST_OVER(read_request_size, BACKENDS_ALL)
{
	const unsigned int devctl = EXP_AT + PCI_EXP_DEVCTL;
	static const unsigned int wanted[] = { 1, 1, 2, 3, 4, 5, 5, 5 };
	struct mock_pci_image image;
	struct mock_bus bus;
	struct vdev *vdev;
	int raw;

	mock_bus_open(&bus);
	flr_image(&image, 1, 0);
	mock_put16(image.config + devctl,
		   PCI_EXP_DEVCTL_PAYLOAD_256B | PCI_EXP_DEVCTL_READRQ_512B);
	mock_put16(image.writable + devctl, 0xffff);
	vdev = mock_bus_vdev(&bus, &image, backend);
	raw = pci_open_config(vdev->bdf);
	ASSERT_EQ(read_host_readrq(raw), 2);
	for (__u16 code = 0; code < ARRAY_SIZE(wanted); code++) {
		const __u16 ctl = code << READRQ_SHIFT |
				  PCI_EXP_DEVCTL_PAYLOAD_1024B;

		vdev_cfg_write(vdev, devctl, 2, ctl);
		ASSERT_EQ(read_host_readrq(raw), wanted[code]);
		ASSERT_EQ(vdev_cfg_read(vdev, devctl, 2), ctl);
	}
	vdev_cfg_write(vdev, devctl + 1, 1, 3 << (READRQ_SHIFT - 8));
	ASSERT_EQ(read_host_readrq(raw), 3);
	/* Writing the lower byte does not change it. */
	vdev_cfg_write(vdev, devctl, 1, PCI_EXP_DEVCTL_PAYLOAD);
	ASSERT_EQ(read_host_readrq(raw), 3);
	sys_close(raw);
	vdev_close_with_space(vdev);
}

/* @states: supported states, as PCI_PM_CAP_D1 and PCI_PM_CAP_D2. */
static struct vdev *pm_open(struct mock_bus *bus, __u16 states,
			    enum backend backend)
{
	struct mock_pci_image image;

	mock_bus_open(bus);
	mock_image(&image, 0x1af4, 0x4343, MOCK_CLASS_NETWORK);
	image.config[PCI_CAPABILITY_LIST] = PM_AT;
	mock_image_cap(&image, PM_AT, PCI_CAP_ID_PM, 0);
	mock_put16(image.config + PM_AT + PCI_PM_PMC, 3 | states);
	mock_put16(image.config + PM_AT + PCI_PM_CTRL,
		   PCI_PM_CTRL_NO_SOFT_RESET);
	image.writable[PM_AT + PCI_PM_CTRL] = PCI_PM_CTRL_STATE_MASK;
	return mock_bus_vdev(bus, &image, backend);
}

static __u32 read_host_state(const char *bdf)
{
	return pci_read_config(bdf, PM_AT + PCI_PM_CTRL, 2) &
	       PCI_PM_CTRL_STATE_MASK;
}

/* Request a state, then check that user and host read @state. */
static void expect_state(struct vdev *vdev, __u32 requested, __u32 state)
{
	vdev_cfg_write(vdev, PM_AT + PCI_PM_CTRL, 2, requested);
	ASSERT_EQ(vdev_cfg_read(vdev, PM_AT + PCI_PM_CTRL, 2) &
			  PCI_PM_CTRL_STATE_MASK,
		  state);
	ASSERT_EQ(read_host_state(vdev->bdf), state);
}

TEST_OVER(states_between, BACKENDS_ALL)
{
	struct mock_bus bus;
	struct vdev *vdev =
		pm_open(&bus, PCI_PM_CAP_D1 | PCI_PM_CAP_D2, backend);

	expect_state(vdev, POWER_STATE_D1, POWER_STATE_D1);
	expect_state(vdev, POWER_STATE_D2, POWER_STATE_D2);
	/* PCI has no transition from D2 to D1, so the write has no effect. */
	expect_state(vdev, POWER_STATE_D1, POWER_STATE_D2);
	expect_state(vdev, POWER_STATE_D0, POWER_STATE_D0);
	expect_state(vdev, POWER_STATE_D2, POWER_STATE_D2);
	expect_state(vdev, POWER_STATE_D3HOT, POWER_STATE_D3HOT);
	expect_state(vdev, POWER_STATE_D0, POWER_STATE_D0);
	vdev_close_with_space(vdev);
}

TEST_OVER(only_d1, BACKENDS_ALL)
{
	struct mock_bus bus;
	struct vdev *vdev = pm_open(&bus, PCI_PM_CAP_D1, backend);

	expect_state(vdev, POWER_STATE_D2, POWER_STATE_D0);
	expect_state(vdev, POWER_STATE_D1, POWER_STATE_D1);
	expect_state(vdev, POWER_STATE_D3HOT, POWER_STATE_D3HOT);
	vdev_close_with_space(vdev);
}

TEST_OVER(only_d2, BACKENDS_ALL)
{
	struct mock_bus bus;
	struct vdev *vdev = pm_open(&bus, PCI_PM_CAP_D2, backend);

	expect_state(vdev, POWER_STATE_D1, POWER_STATE_D0);
	expect_state(vdev, POWER_STATE_D2, POWER_STATE_D2);
	expect_state(vdev, POWER_STATE_D3HOT, POWER_STATE_D3HOT);
	expect_state(vdev, POWER_STATE_D0, POWER_STATE_D0);
	vdev_close_with_space(vdev);
}

/* Closing a device that the host keeps active returns it to D0. */
TEST_OVER(state_ends_with_close, BACKENDS_ALL)
{
	struct mock_bus bus;
	struct vdev *vdev = pm_open(&bus, PCI_PM_CAP_D1, backend);
	const char *bdf = vdev->bdf;

	set_runtime_control(bdf, "on");
	expect_state(vdev, POWER_STATE_D1, POWER_STATE_D1);
	vdev_close_with_space(vdev);
	ASSERT_EQ(read_host_state(bdf), POWER_STATE_D0);
}
