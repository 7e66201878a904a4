// SPDX-License-Identifier: GPL-2.0-only
/* PCI config space: bits that are passed through, virtualized or read-only. */
#include <errno.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <string.h>

#include "harness.h"
#include "klog.h"
#include "pci.h"
#include "sys.h"
#include "vdev.h"

/* e1000e: Device Status */
#define E1000_STATUS 0x08

/* edu: IDs, class, and the identification register in BAR 0 */
#define EDU_PCI_VENDOR 0x1234
#define EDU_PCI_DEVICE 0x11e8
#define EDU_PCI_CLASS 0x00ff00
#define EDU_IDENTIFICATION 0x00
#define EDU_ID_MASK 0xff
#define EDU_ID 0xed

/* Bits of a BAR that are not part of the address */
#define BAR_FLAGS 0xfU

/* Extended config space has no more capabilities than words. */
#define MAX_EXT_CAPS ((PCI_CFG_SPACE_EXP_SIZE - PCI_CFG_SPACE_SIZE) / 4)

/* Values of PCI_PM_CTRL_STATE_MASK */
enum { POWER_STATE_D0 = 0, POWER_STATE_D3HOT = 3 };

TEST_OVER(identity_is_read_only, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_EDU0), backend);

	ASSERT_EQ(vdev_cfg_read(vdev, PCI_VENDOR_ID, 2), EDU_PCI_VENDOR);
	ASSERT_EQ(vdev_cfg_read(vdev, PCI_DEVICE_ID, 2), EDU_PCI_DEVICE);
	vdev_cfg_write(vdev, PCI_VENDOR_ID, 4, 0);
	vdev_cfg_write(vdev, PCI_CLASS_REVISION, 4, 0);
	vdev_cfg_write(vdev, PCI_HEADER_TYPE, 1, 0x7f);
	ASSERT_EQ(vdev_cfg_read(vdev, PCI_VENDOR_ID, 4),
		  EDU_PCI_DEVICE << 16 | EDU_PCI_VENDOR);
	ASSERT_EQ(vdev_cfg_read(vdev, PCI_CLASS_REVISION, 4) >> 8,
		  EDU_PCI_CLASS);
	ASSERT_EQ(vdev_cfg_read(vdev, PCI_HEADER_TYPE, 1), 0);
}

/* Writing ones to a BAR makes it read as its size. */
TEST_OVER(bar_sizing, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_EDU0), backend);
	__u32 before = vdev_cfg_read(vdev, PCI_BASE_ADDRESS_0, 4);
	unsigned int i;
	__u32 value;

	vdev_cfg_write(vdev, PCI_BASE_ADDRESS_0, 4, ~0U);
	ASSERT_EQ(vdev_cfg_read(vdev, PCI_BASE_ADDRESS_0, 4),
		  ~(__u32)(MIB(1) - 1) | (before & BAR_FLAGS));
	/* The real BAR keeps the address that the kernel has assigned. */
	vdev_enable(vdev, false);
	vdev_pread(vdev, VFIO_PCI_BAR0_REGION_INDEX, EDU_IDENTIFICATION, &value,
		   4);
	ASSERT_EQ(value & EDU_ID_MASK, EDU_ID);
	/* The virtual BAR reads as any address that the user writes. */
	vdev_cfg_write(vdev, PCI_BASE_ADDRESS_0, 4, 0xabc00000);
	ASSERT_EQ(vdev_cfg_read(vdev, PCI_BASE_ADDRESS_0, 4) & ~BAR_FLAGS,
		  0xabc00000);
	vdev_pread(vdev, VFIO_PCI_BAR0_REGION_INDEX, EDU_IDENTIFICATION, &value,
		   4);
	ASSERT_EQ(value & EDU_ID_MASK, EDU_ID);
	vdev_cfg_write(vdev, PCI_BASE_ADDRESS_0, 4, before);
	ASSERT_EQ(vdev_cfg_read(vdev, PCI_BASE_ADDRESS_0, 4), before);

	for (i = 1; i < 6; i++) {
		vdev_cfg_write(vdev, PCI_BASE_ADDRESS_0 + 4 * i, 4, ~0U);
		ASSERT_EQ(vdev_cfg_read(vdev, PCI_BASE_ADDRESS_0 + 4 * i, 4),
			  0);
	}
	vdev_cfg_write(vdev, PCI_ROM_ADDRESS, 4, ~0U);
	ASSERT_EQ(vdev_cfg_read(vdev, PCI_ROM_ADDRESS, 4), 0);
}

TEST_OVER(bar_sizing_64_bit, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_NVME), backend);
	struct vfio_region_info info;
	__u64 size;

	vdev_region(vdev, VFIO_PCI_BAR0_REGION_INDEX, &info);
	vdev_cfg_write(vdev, PCI_BASE_ADDRESS_0, 4, ~0U);
	vdev_cfg_write(vdev, PCI_BASE_ADDRESS_1, 4, ~0U);
	size = vdev_cfg_read(vdev, PCI_BASE_ADDRESS_0, 4);
	ASSERT_EQ(size & BAR_FLAGS & ~PCI_BASE_ADDRESS_MEM_PREFETCH,
		  PCI_BASE_ADDRESS_MEM_TYPE_64);
	size = (size & ~(__u64)BAR_FLAGS) |
	       (__u64)vdev_cfg_read(vdev, PCI_BASE_ADDRESS_1, 4) << 32;
	ASSERT_EQ(~size + 1, info.size);
}

TEST_OVER(rom_sizing, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_E1000E), backend);

	vdev_cfg_write(vdev, PCI_ROM_ADDRESS, 4, PCI_ROM_ADDRESS_MASK);
	ASSERT_EQ(vdev_cfg_read(vdev, PCI_ROM_ADDRESS, 4) &
			  PCI_ROM_ADDRESS_MASK,
		  ~(__u32)(KIB(64) - 1));
}

/* BARs cannot be accessed while memory decoding is disabled. */
TEST_OVER(command_memory, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_EDU0), backend);
	__u32 command;
	__u32 value;

	vdev_enable(vdev, false);
	command = vdev_cfg_read(vdev, PCI_COMMAND, 2);
	ASSERT(command & PCI_COMMAND_MEMORY);
	vdev_pread(vdev, VFIO_PCI_BAR0_REGION_INDEX, EDU_IDENTIFICATION, &value,
		   4);
	vdev_cfg_write(vdev, PCI_COMMAND, 2, command & ~PCI_COMMAND_MEMORY);
	ASSERT(!(vdev_cfg_read(vdev, PCI_COMMAND, 2) & PCI_COMMAND_MEMORY));
	ASSERT_RC(__vdev_pread(vdev, VFIO_PCI_BAR0_REGION_INDEX,
			       EDU_IDENTIFICATION, &value, 4),
		  -EIO);
	ASSERT_RC(__vdev_pwrite(vdev, VFIO_PCI_BAR0_REGION_INDEX, 4, &value, 4),
		  -EIO);
	vdev_cfg_write(vdev, PCI_COMMAND, 2, command);
	vdev_pread(vdev, VFIO_PCI_BAR0_REGION_INDEX, EDU_IDENTIFICATION, &value,
		   4);
	ASSERT_EQ(value & EDU_ID_MASK, EDU_ID);
}

/* Bus mastering is disabled at open, even if the last user enabled it. */
TEST_OVER(command_master_at_open, BACKENDS_ALL)
{
	const char *bdf = pci_need(TESTDEV_EDU0);
	struct vdev *vdev = vdev_open(bdf, backend);

	ASSERT(!(vdev_cfg_read(vdev, PCI_COMMAND, 2) & PCI_COMMAND_MASTER));
	vdev_enable(vdev, true);
	ASSERT(vdev_cfg_read(vdev, PCI_COMMAND, 2) & PCI_COMMAND_MASTER);
	vdev_close_with_space(vdev);
	vdev = vdev_open(bdf, backend);
	ASSERT(!(vdev_cfg_read(vdev, PCI_COMMAND, 2) & PCI_COMMAND_MASTER));
}

/* Opening the device discards the virtual config space of the last user. */
TEST_OVER(state_is_fresh_at_open, BACKENDS_ALL)
{
	const char *bdf = pci_need(TESTDEV_EDU0);
	struct vdev *vdev = vdev_open(bdf, backend);
	__u32 bar = vdev_cfg_read(vdev, PCI_BASE_ADDRESS_0, 4);
	__u32 line = vdev_cfg_read(vdev, PCI_INTERRUPT_LINE, 1);

	vdev_cfg_write(vdev, PCI_BASE_ADDRESS_0, 4, 0xabc00000);
	vdev_cfg_write(vdev, PCI_INTERRUPT_LINE, 1, line ^ 0xff);
	ASSERT_EQ(vdev_cfg_read(vdev, PCI_INTERRUPT_LINE, 1), line ^ 0xff);
	vdev_close_with_space(vdev);
	vdev = vdev_open(bdf, backend);
	ASSERT_EQ(vdev_cfg_read(vdev, PCI_BASE_ADDRESS_0, 4), bar);
	ASSERT_EQ(vdev_cfg_read(vdev, PCI_INTERRUPT_LINE, 1), line);
}

TEST_OVER(interrupt_pin, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_EDU0), backend);

	ASSERT_EQ(vdev_cfg_read(vdev, PCI_INTERRUPT_PIN, 1), 1);
	vdev_cfg_write(vdev, PCI_INTERRUPT_PIN, 1, 3);
	ASSERT_EQ(vdev_cfg_read(vdev, PCI_INTERRUPT_PIN, 1), 1);
}

/* MSI is set up by VFIO_DEVICE_SET_IRQS; its registers are virtual. */
TEST_OVER(msi_registers, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_EDU0), backend);
	unsigned int msi = vdev_cfg_cap(vdev, PCI_CAP_ID_MSI);
	__u32 flags;

	ASSERT(msi);
	vdev_cfg_write(vdev, msi + PCI_MSI_ADDRESS_LO, 4, 0xfee01004);
	ASSERT_EQ(vdev_cfg_read(vdev, msi + PCI_MSI_ADDRESS_LO, 4), 0xfee01004);
	flags = vdev_cfg_read(vdev, msi + PCI_MSI_FLAGS, 2);
	ASSERT(!(flags & PCI_MSI_FLAGS_ENABLE));
	vdev_cfg_write(vdev, msi + PCI_MSI_FLAGS, 2,
		       flags | PCI_MSI_FLAGS_ENABLE);
	ASSERT_EQ(vdev_cfg_read(vdev, msi + PCI_MSI_FLAGS, 2), flags);
}

TEST_OVER(capability_headers_are_read_only, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_E1000E), backend);
	unsigned int ids[] = { PCI_CAP_ID_PM, PCI_CAP_ID_MSI, PCI_CAP_ID_EXP,
			       PCI_CAP_ID_MSIX };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ids); i++) {
		unsigned int pos = vdev_cfg_cap(vdev, ids[i]);
		__u32 header;

		ASSERT(pos);
		header = vdev_cfg_read(vdev, pos, 2);
		vdev_cfg_write(vdev, pos, 2, ~header);
		ASSERT_EQ(vdev_cfg_read(vdev, pos, 2), header);
	}
}

/* The chain of extended capabilities begins at offset 0x100. */
TEST_OVER(extended_capabilities, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_E1000E), backend);
	unsigned int pos = PCI_CFG_SPACE_SIZE;
	unsigned int nr_caps = 0;
	bool aer = false;

	while (pos) {
		__u32 header = vdev_cfg_read(vdev, pos, 4);

		ASSERT(pos >= PCI_CFG_SPACE_SIZE && nr_caps++ < MAX_EXT_CAPS);
		aer |= PCI_EXT_CAP_ID(header) == PCI_EXT_CAP_ID_ERR;
		pos = PCI_EXT_CAP_NEXT(header);
	}
	ASSERT(aer);
}

/* BARs cannot be accessed in D3hot, and can be accessed in D0 again. */
TEST_OVER(power_states, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_E1000E), backend);
	unsigned int pm = vdev_cfg_cap(vdev, PCI_CAP_ID_PM);
	__u32 value;
	__u32 pmcsr;

	ASSERT(pm);
	vdev_enable(vdev, false);
	vdev_pread(vdev, VFIO_PCI_BAR0_REGION_INDEX, E1000_STATUS, &value, 4);
	pmcsr = vdev_cfg_read(vdev, pm + PCI_PM_CTRL, 2);
	ASSERT_EQ(pmcsr & PCI_PM_CTRL_STATE_MASK, 0);
	vdev_cfg_write(vdev, pm + PCI_PM_CTRL, 2, pmcsr | 3);
	ASSERT_EQ(vdev_cfg_read(vdev, pm + PCI_PM_CTRL, 2) &
			  PCI_PM_CTRL_STATE_MASK,
		  3);
	ASSERT_RC(__vdev_pread(vdev, VFIO_PCI_BAR0_REGION_INDEX, E1000_STATUS,
			       &value, 4),
		  -EIO);
	vdev_cfg_write(vdev, pm + PCI_PM_CTRL, 2, pmcsr);
	ASSERT_EQ(vdev_cfg_read(vdev, pm + PCI_PM_CTRL, 2) &
			  PCI_PM_CTRL_STATE_MASK,
		  0);
	vdev_enable(vdev, false);
	vdev_pread(vdev, VFIO_PCI_BAR0_REGION_INDEX, E1000_STATUS, &value, 4);
}

/*
 * The command register keeps a value written in D3hot, although the transition
 * to D0 resets the function.
 */
TEST_OVER(command_written_in_d3hot, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_E1000E), backend);
	unsigned int ctrl = vdev_cfg_cap(vdev, PCI_CAP_ID_PM) + PCI_PM_CTRL;
	__u32 value = 0;

	ASSERT(!(vdev_cfg_read(vdev, ctrl, 2) & PCI_PM_CTRL_NO_SOFT_RESET));
	vdev_cfg_write(vdev, PCI_COMMAND, 2, PCI_COMMAND_MASTER);
	vdev_cfg_write(vdev, ctrl, 2, POWER_STATE_D3HOT);
	vdev_cfg_write(vdev, PCI_COMMAND, 2, PCI_COMMAND_MEMORY);
	vdev_cfg_write(vdev, ctrl, 2, POWER_STATE_D0);
	ASSERT_EQ(vdev_cfg_read(vdev, PCI_COMMAND, 2), PCI_COMMAND_MEMORY);
	vdev_pread(vdev, VFIO_PCI_BAR0_REGION_INDEX, E1000_STATUS, &value, 4);
	ASSERT(value && value != ~0U);

	vdev_cfg_write(vdev, ctrl, 2, POWER_STATE_D3HOT);
	vdev_cfg_write(vdev, PCI_COMMAND, 2, PCI_COMMAND_MASTER);
	vdev_cfg_write(vdev, ctrl, 2, POWER_STATE_D0);
	ASSERT_EQ(vdev_cfg_read(vdev, PCI_COMMAND, 2), PCI_COMMAND_MASTER);
	ASSERT_RC(__vdev_pread(vdev, VFIO_PCI_BAR0_REGION_INDEX, E1000_STATUS,
			       &value, 4),
		  -EIO);
}

/* Only the host can enable virtual functions. */
TEST_OVER(sriov_is_read_only, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_IGB), backend);
	unsigned int pos = PCI_CFG_SPACE_SIZE;
	unsigned int i;
	__u32 header;

	for (;;) {
		header = vdev_cfg_read(vdev, pos, 4);
		if (PCI_EXT_CAP_ID(header) == PCI_EXT_CAP_ID_SRIOV)
			break;
		pos = PCI_EXT_CAP_NEXT(header);
		ASSERT(pos);
	}
	ASSERT(vdev_cfg_read(vdev, pos + PCI_SRIOV_TOTAL_VF, 2));
	for (i = 0; i < PCI_EXT_CAP_SRIOV_SIZEOF; i += 4) {
		__u32 value = vdev_cfg_read(vdev, pos + i, 4);

		vdev_cfg_write(vdev, pos + i, 4, ~value);
		ASSERT_EQ(vdev_cfg_read(vdev, pos + i, 4), value);
	}
}

/* Writes of any size and alignment have the same effect. */
TEST_OVER(write_any_size_and_alignment, BACKENDS_ALL)
{
	static const unsigned char ones[7] = { 0xff, 0xff, 0xff, 0xff,
					       0xff, 0xff, 0xff };
	static const unsigned char bytes[8] = { 0x11, 0x22, 0x33, 0x44,
						0x55, 0x66, 0x77, 0x88 };
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_EDU0), backend);
	unsigned int config = VFIO_PCI_CONFIG_REGION_INDEX;
	__u32 flags = vdev_cfg_read(vdev, PCI_BASE_ADDRESS_0, 4) & BAR_FLAGS;
	__u32 header = vdev_cfg_read(vdev, PCI_CACHE_LINE_SIZE, 4) >> 16;

	vdev_cfg_write(vdev, PCI_BASE_ADDRESS_0, 4, 0);
	/* Header type, BIST and the lower 3 bytes of the BAR */
	vdev_pwrite(vdev, config, PCI_HEADER_TYPE, ones, 5);
	ASSERT_EQ(vdev_cfg_read(vdev, PCI_CACHE_LINE_SIZE, 4) >> 16, header);
	ASSERT_EQ(vdev_cfg_read(vdev, PCI_BASE_ADDRESS_0, 4),
		  0x00f00000 | flags);
	vdev_pwrite(vdev, config, PCI_BASE_ADDRESS_0 + 1, bytes, 3);
	ASSERT_EQ(vdev_cfg_read(vdev, PCI_BASE_ADDRESS_0, 4),
		  0x33200000 | flags);
	vdev_pwrite(vdev, config, PCI_BASE_ADDRESS_0 + 3, bytes, 1);
	ASSERT_EQ(vdev_cfg_read(vdev, PCI_BASE_ADDRESS_0, 4),
		  0x11200000 | flags);
	/* The BAR and 3 bytes of the next one, which is not implemented */
	vdev_pwrite(vdev, config, PCI_BASE_ADDRESS_0, bytes, 7);
	ASSERT_EQ(vdev_cfg_read(vdev, PCI_BASE_ADDRESS_0, 4),
		  0x44300000 | flags);
	ASSERT_EQ(vdev_cfg_read(vdev, PCI_BASE_ADDRESS_1, 4), 0);
	/* The interrupt line and its neighbors, which are read-only */
	vdev_pwrite(vdev, config, PCI_INTERRUPT_LINE - 1, bytes, 3);
	ASSERT_EQ(vdev_cfg_read(vdev, PCI_INTERRUPT_LINE, 1), 0x22);
	ASSERT_EQ(vdev_cfg_read(vdev, PCI_INTERRUPT_PIN, 1), 1);
}

/* Reads of any size and alignment return the same bytes. */
TEST_OVER(any_size_and_alignment, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_EDU0), backend);
	unsigned char whole[256];
	unsigned char part[64];
	unsigned int size;
	unsigned int i;

	vdev_pread(vdev, VFIO_PCI_CONFIG_REGION_INDEX, 0, whole, 256);
	ASSERT_EQ(whole[0], EDU_PCI_VENDOR & 0xff);
	for (size = 1; size <= sizeof(part); size = size * 2 + 1) {
		for (i = 0; i + size <= sizeof(whole); i += size) {
			vdev_pread(vdev, VFIO_PCI_CONFIG_REGION_INDEX, i, part,
				   size);
			ASSERT(!memcmp(part, whole + i, size));
		}
	}
}

TEST_OVER(out_of_bounds, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_EDU0), backend);
	unsigned int config = VFIO_PCI_CONFIG_REGION_INDEX;
	__u64 value = 0;

	ASSERT_RC(__vdev_pread(vdev, config, 256, &value, 4), -EFAULT);
	ASSERT_RC(__vdev_pwrite(vdev, config, 256, &value, 4), -EFAULT);
	ASSERT_RC(__vdev_pread(vdev, config, 0x100000, &value, 4), -EFAULT);
	ASSERT_RC(__vdev_pread(vdev, config, 0, BAD_PTR, 4), -EFAULT);
	ASSERT_RC(__vdev_pwrite(vdev, config, PCI_COMMAND, BAD_PTR, 2),
		  -EFAULT);
	ASSERT_RC(__vdev_pread(vdev, config, 0, &value, 0), 0);
}

/*
 * A user may reset a device by device-specific means. This clears the BARs,
 * which are restored when the user enables memory decoding.
 */
TEST_OVER(bars_after_hidden_reset, BACKENDS_ALL)
{
	static const unsigned int bars[] = { PCI_BASE_ADDRESS_0,
					     PCI_BASE_ADDRESS_2,
					     PCI_ROM_ADDRESS };
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_E1000E), backend);
	__u32 command, before[ARRAY_SIZE(bars)], status, now;
	unsigned int variant, i;
	int log = klog_open();

	vdev_enable(vdev, true);
	command = vdev_cfg_read(vdev, PCI_COMMAND, 2);
	vdev_pread(vdev, VFIO_PCI_BAR0_REGION_INDEX, E1000_STATUS, &status, 4);
	ASSERT(status != ~0U);
	for (i = 0; i < ARRAY_SIZE(bars); i++)
		before[i] = pci_read_config(vdev->bdf, bars[i], 4);
	ASSERT(before[0] & PCI_BASE_ADDRESS_MEM_MASK);
	ASSERT(before[1] & PCI_BASE_ADDRESS_MEM_MASK);

	/* The reset is detected by a cleared BAR or by disabled decoding. */
	for (variant = 0; variant < 2; variant++) {
		for (i = variant; i < ARRAY_SIZE(bars); i++)
			pci_write_config(vdev->bdf, bars[i], 4, 0);
		if (variant)
			pci_write_config(vdev->bdf, PCI_COMMAND, 2, 0);
		vdev_cfg_write(vdev, PCI_COMMAND, 2, command);
		for (i = 0; i < ARRAY_SIZE(bars); i++)
			ASSERT_EQ(pci_read_config(vdev->bdf, bars[i], 4),
				  before[i]);
		ASSERT_EQ(pci_read_config(vdev->bdf, PCI_COMMAND, 2), command);
		vdev_pread(vdev, VFIO_PCI_BAR0_REGION_INDEX, E1000_STATUS, &now,
			   4);
		ASSERT_EQ(now, status);
		ASSERT(klog_has(log, "reset recovery - restoring BARs"));
	}
}
