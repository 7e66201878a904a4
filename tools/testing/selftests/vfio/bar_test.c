// SPDX-License-Identifier: GPL-2.0-only
/*
 * BARs by read, write and mmap; the option ROM; the MSI-X table's privacy; BARs
 * that belong to somebody else.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "../../modules/claimer/claimer_abi.h"
#include "container.h"
#include "feature.h"
#include "harness.h"
#include "pci.h"
#include "sys.h"
#include "vdev.h"

#define BAR0 VFIO_PCI_BAR0_REGION_INDEX
/* This register of edu reads as the inverse of what was written to it. */
#define EDU_LIVENESS 4

TEST_OVER(read_write_and_mmap_agree, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_EDU0), backend);
	__u32 value = 0x12345678;
	volatile void *regs;

	vdev_enable(vdev, false);
	regs = vdev_mmap(vdev, BAR0, NULL);
	vdev_pwrite(vdev, BAR0, EDU_LIVENESS, &value, 4);
	ASSERT_EQ(mmio_read32(regs, EDU_LIVENESS), (__u32)~value);
	mmio_write32(regs, EDU_LIVENESS, 0x9abcdef0);
	vdev_pread(vdev, BAR0, EDU_LIVENESS, &value, 4);
	ASSERT_EQ(value, (__u32)~0x9abcdef0);
}

/* A read is cut at the end of the region. */
TEST_OVER(read_across_the_end, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_EDU0), backend);
	char buf[16];

	vdev_enable(vdev, false);
	ASSERT_RC(__vdev_pread(vdev, BAR0, MIB(1) - 8, buf, sizeof(buf)), 8);
	ASSERT_RC(__vdev_pread(vdev, BAR0, MIB(1) - 1, buf, sizeof(buf)), 1);
}

static int try_mmap(struct vdev *vdev, unsigned int index, __u64 offset,
		    size_t size, int flags)
{
	struct vfio_region_info info;
	void *addr;

	vdev_region(vdev, index, &info);
	addr = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, vdev->fd,
		    (off_t)(info.offset + offset));
	if (addr == MAP_FAILED)
		return -errno;
	sys_munmap(addr, size);
	return 0;
}

TEST_OVER(mmap_bad_input, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_EDU0), backend);

	ASSERT_RC(try_mmap(vdev, BAR0, 0, PAGE, MAP_PRIVATE), -EINVAL);
	ASSERT_RC(try_mmap(vdev, BAR0, 0, MIB(1) + PAGE, MAP_SHARED), -EINVAL);
	ASSERT_RC(try_mmap(vdev, BAR0, MIB(1), PAGE, MAP_SHARED), -EINVAL);
	ASSERT_RC(try_mmap(vdev, BAR0, MIB(1) - PAGE, 2 * PAGE, MAP_SHARED),
		  -EINVAL);
	ASSERT_RC(try_mmap(vdev, VFIO_PCI_BAR1_REGION_INDEX, 0, PAGE,
			   MAP_SHARED),
		  -EINVAL);
	ASSERT_RC(try_mmap(vdev, VFIO_PCI_ROM_REGION_INDEX, 0, PAGE,
			   MAP_SHARED),
		  -EINVAL);
	ASSERT_RC(try_mmap(vdev, VFIO_PCI_CONFIG_REGION_INDEX, 0, PAGE,
			   MAP_SHARED),
		  -EINVAL);
	ASSERT_RC(try_mmap(vdev, BAR0, 0, PAGE, MAP_SHARED), 0);
	ASSERT_RC(try_mmap(vdev, BAR0, MIB(1) - PAGE, PAGE, MAP_SHARED), 0);
	ASSERT_RC(try_mmap(vdev, BAR0, 0, MIB(1), MAP_SHARED), 0);
}

/* Without decoding the mapping is empty, and it fills again by itself. */
TEST_OVER(mmap_follows_decoding, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_EDU0), backend);
	volatile void *regs = vdev_mmap(vdev, BAR0, NULL);
	__u32 command;

	vdev_enable(vdev, false);
	command = vdev_cfg_read(vdev, PCI_COMMAND, 2);
	ASSERT_EQ(mmio_read32(regs, 0) & 0xff, 0xed);
	vdev_cfg_write(vdev, PCI_COMMAND, 2, command & ~PCI_COMMAND_MEMORY);
	expect_sigbus(regs);
	vdev_cfg_write(vdev, PCI_COMMAND, 2, command);
	ASSERT_EQ(mmio_read32(regs, 0) & 0xff, 0xed);
}

#define VRAM MIB(16)

static long nr_faults(void)
{
	struct rusage usage;

	ASSERT(!getrusage(RUSAGE_SELF, &usage));
	return usage.ru_minflt;
}

/* The video memory, from @skew after an address where huge pages can be. */
static volatile char *map_vram(struct vdev *vdev, size_t skew)
{
	struct vfio_region_info info;
	uintptr_t room;
	void *at;

	vdev_region(vdev, BAR0, &info);
	ASSERT_EQ(info.size, VRAM);
	room = (uintptr_t)sys_mmap_anon(VRAM + MIB(2) + PAGE);
	room = (room + MIB(2) - 1) & ~(uintptr_t)(MIB(2) - 1);
	at = (void *)(room + skew);
	ASSERT(mmap(at, VRAM, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
		    vdev->fd, (off_t)info.offset) == at);
	return at;
}

/* A word on each page; how many faults that takes. */
static long write_pages(volatile char *vram)
{
	const long before = nr_faults();

	for (size_t at = 0; at < VRAM; at += PAGE)
		mmio_write32(vram, at, (__u32)(at ^ 0x5a5a0000));
	return nr_faults() - before;
}

static void check_pages(struct vdev *vdev, volatile char *vram)
{
	__u32 value;

	for (size_t at = 0; at < VRAM; at += PAGE)
		ASSERT_EQ(mmio_read32(vram, at), (__u32)(at ^ 0x5a5a0000));
	for (size_t at = 0; at < VRAM; at += MIB(2) - PAGE) {
		vdev_pread(vdev, BAR0, at, &value, sizeof(value));
		ASSERT_EQ(value, (__u32)(at ^ 0x5a5a0000));
	}
}

/* A BAR that is large enough comes by huge pages, and goes, and comes back. */
TEST_OVER(mmap_huge, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_VGA), backend);
	volatile char *vram = map_vram(vdev, 0);

	vdev_enable(vdev, false);
	ASSERT(write_pages(vram) < 64);
	check_pages(vdev, vram);

	vdev_cfg_write(vdev, PCI_COMMAND, 2, 0);
	expect_sigbus(vram);
	expect_sigbus(vram + VRAM - PAGE);
	vdev_enable(vdev, false);
	ASSERT(write_pages(vram) < 64);
	check_pages(vdev, vram);

	/* Half of a huge page goes: the rest is as it was. */
	sys_munmap((void *)(vram + MIB(2)), MIB(1));
	vram += MIB(3);
	ASSERT_EQ(mmio_read32(vram, 0), MIB(3) ^ 0x5a5a0000);
	ASSERT_EQ(mmio_read32(vram, VRAM - MIB(3) - PAGE),
		  (VRAM - PAGE) ^ 0x5a5a0000);
}

/* Where addresses do not lie as they do in the BAR, by small ones. */
TEST_OVER(mmap_skewed, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_VGA), backend);
	volatile char *vram = map_vram(vdev, PAGE);

	vdev_enable(vdev, false);
	ASSERT(write_pages(vram) >= (long)(VRAM / PAGE));
	check_pages(vdev, vram);
	vdev_cfg_write(vdev, PCI_COMMAND, 2, 0);
	expect_sigbus(vram + MIB(2));
}

/* A mapping is as good as an open file. */
TEST_OVER(mmap_holds_the_device, BACKENDS_ALL)
{
	const char *bdf = pci_need(TESTDEV_EDU0);
	struct vdev *vdev = vdev_open(bdf, backend);
	volatile void *regs;

	vdev_enable(vdev, false);
	regs = vdev_mmap(vdev, BAR0, NULL);
	vdev_close_with_space(vdev);
	ASSERT_RC(__group_open(bdf), -EBUSY);
	ASSERT_EQ(mmio_read32(regs, 0) & 0xff, 0xed);
	sys_munmap((void *)regs, MIB(1));
	sys_close(group_open(bdf));
}

TEST_OVER(rom, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_E1000E), backend);
	static const char text[] = "selftests option ROM";
	unsigned char head[128];
	unsigned char *all;

	vdev_cfg_write(vdev, PCI_COMMAND, 2, 0);
	ASSERT_RC(__vdev_pread(vdev, VFIO_PCI_ROM_REGION_INDEX, 0, head, 4),
		  -ENOMEM);
	ASSERT_RC(__vdev_pread(vdev, VFIO_PCI_ROM_REGION_INDEX, KIB(64), head,
			       4),
		  -EINVAL);
	vdev_enable(vdev, false);
	vdev_pread(vdev, VFIO_PCI_ROM_REGION_INDEX, 0, head, sizeof(head));
	ASSERT(head[0] == 0x55 && head[1] == 0xaa);
	ASSERT(!memcmp(head + 0x1c, "PCIR", 4));
	ASSERT(!memcmp(head + 0x34, text, sizeof(text) - 1));
	all = sys_mmap_anon(KIB(128));
	ASSERT_RC(__vdev_pread(vdev, VFIO_PCI_ROM_REGION_INDEX, 0, all,
			       KIB(128)),
		  KIB(64));
	ASSERT(!memcmp(all, head, sizeof(head)));
	ASSERT_RC(__vdev_pwrite(vdev, VFIO_PCI_ROM_REGION_INDEX, 0, head, 4),
		  -EINVAL);
	ASSERT_RC(__vdev_pread(vdev, VFIO_PCI_ROM_REGION_INDEX, KIB(64), head,
			       4),
		  -EINVAL);
}

/* A display's is in RAM, where firmware has put it. */
TEST_OVER(rom_in_ram, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_VGA), backend);
	unsigned char head[2];

	vdev_cfg_write(vdev, PCI_COMMAND, 2, 0);
	ASSERT_RC(__vdev_pread(vdev, VFIO_PCI_ROM_REGION_INDEX, 0, head, 2),
		  -EIO);
	vdev_enable(vdev, false);
	vdev_pread(vdev, VFIO_PCI_ROM_REGION_INDEX, 0, head, sizeof(head));
	ASSERT(head[0] == 0x55 && head[1] == 0xaa);
}

TEST_OVER(io_ports, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_E1000E), backend);
	__u32 command;
	__u32 value;

	vdev_need_ports(vdev, VFIO_PCI_BAR2_REGION_INDEX);
	ASSERT_RC(try_mmap(vdev, VFIO_PCI_BAR2_REGION_INDEX, 0, PAGE,
			   MAP_SHARED),
		  -EINVAL);
	command = vdev_cfg_read(vdev, PCI_COMMAND, 2) | PCI_COMMAND_IO |
		  PCI_COMMAND_MEMORY;
	vdev_cfg_write(vdev, PCI_COMMAND, 2, command);
	/* Port 0 says which register port 4 stands for; 8 is STATUS. */
	value = 8;
	vdev_pwrite(vdev, VFIO_PCI_BAR2_REGION_INDEX, 0, &value, 4);
	value = 0;
	vdev_pread(vdev, VFIO_PCI_BAR2_REGION_INDEX, 0, &value, 4);
	ASSERT_EQ(value, 8);
	vdev_pread(vdev, VFIO_PCI_BAR2_REGION_INDEX, 4, &value, 4);
	ASSERT(value && value != ~0U);
}

/* Whatever a BAR is of, nobody answers in D3hot; the ROM is looked at awake. */
TEST_OVER(nothing_in_d3hot, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_E1000E), backend);
	unsigned int ctrl = vdev_cfg_cap(vdev, PCI_CAP_ID_PM) + PCI_PM_CTRL;
	struct vfio_region_info info;
	__u32 value = 8;

	vdev_need_ports(vdev, VFIO_PCI_BAR2_REGION_INDEX);
	vdev_cfg_write(vdev, PCI_COMMAND, 2,
		       PCI_COMMAND_IO | PCI_COMMAND_MEMORY);
	vdev_pwrite(vdev, VFIO_PCI_BAR2_REGION_INDEX, 0, &value, 4);
	vdev_cfg_write(vdev, ctrl, 2, 3);
	ASSERT_RC(__vdev_pread(vdev, VFIO_PCI_BAR2_REGION_INDEX, 0, &value, 4),
		  -EIO);
	ASSERT_RC(__vdev_pread(vdev, VFIO_PCI_BAR2_REGION_INDEX, 0, &value, 3),
		  -EIO);
	ASSERT_RC(__vdev_pwrite(vdev, VFIO_PCI_BAR2_REGION_INDEX, 0, &value, 4),
		  -EIO);
	ASSERT_RC(__vdev_pread(vdev, VFIO_PCI_ROM_REGION_INDEX, 0, &value, 4),
		  -ENOMEM);
	vdev_region(vdev, VFIO_PCI_ROM_REGION_INDEX, &info);
	ASSERT_EQ(info.size, KIB(64));
	ASSERT_EQ(vdev_cfg_read(vdev, ctrl, 2) & PCI_PM_CTRL_STATE_MASK, 3);
	vdev_cfg_write(vdev, ctrl, 2, 0);
	vdev_pwrite(vdev, VFIO_PCI_BAR2_REGION_INDEX, 0, &value, 4);
	vdev_pread(vdev, VFIO_PCI_BAR2_REGION_INDEX, 0, &value, 4);
	ASSERT_EQ(value, 8);
}

/* RAM takes any access, however it is cut into those that a device takes. */
TEST_OVER(any_size_and_alignment, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_SHMEM), backend);
	unsigned int bar = VFIO_PCI_BAR2_REGION_INDEX;
	unsigned char want[64], buf[64];
	unsigned int size, pos;

	vdev_enable(vdev, false);
	memset(want, 0, sizeof(want));
	vdev_pwrite(vdev, bar, 0, want, sizeof(want));
	for (size = 1; size <= 17; size++) {
		for (pos = 0; pos < 9; pos++) {
			fill_pattern(want + pos, size, 16 * size + pos);
			vdev_pwrite(vdev, bar, pos, want + pos, size);
			vdev_pread(vdev, bar, 0, buf, sizeof(buf));
			ASSERT(!memcmp(buf, want, sizeof(buf)));
			memset(buf, 0, sizeof(buf));
			vdev_pread(vdev, bar, pos, buf, size);
			ASSERT(!memcmp(buf, want + pos, size));
		}
	}
}

/* The vectors' addresses are the kernel's: read() and write() pass them by. */
TEST_OVER(msix_table_is_hidden, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_NVME), backend);
	unsigned int msix = vdev_cfg_cap(vdev, PCI_CAP_ID_MSIX);
	__u32 before[4];
	__u32 table;
	__u32 entry[4];
	volatile char *regs;
	unsigned int bar;
	unsigned int i;

	ASSERT(msix);
	table = vdev_cfg_read(vdev, msix + PCI_MSIX_TABLE, 4);
	bar = table & PCI_MSIX_TABLE_BIR;
	table &= PCI_MSIX_TABLE_OFFSET;
	vdev_enable(vdev, false);
	regs = vdev_mmap(vdev, bar, NULL);
	for (i = 0; i < 4; i++)
		before[i] = mmio_read32(regs, table + 4 * i);
	vdev_pread(vdev, bar, table, entry, sizeof(entry));
	ASSERT(is_byte(entry, sizeof(entry), 0xff));
	memset(entry, 0, sizeof(entry));
	entry[0] = 0xfee00000;
	vdev_pwrite(vdev, bar, table, entry, sizeof(entry));
	for (i = 0; i < 4; i++)
		ASSERT_EQ(mmio_read32(regs, table + 4 * i), before[i]);
}

/*
 * Have somebody else claim @size bytes, @at behind the start of a BAR; until the
 * file is closed.
 */
static int claim(const char *bdf, unsigned int bar, unsigned int at,
		 unsigned int size)
{
	struct claimer_range range = { pci_bar_start(bdf, bar) + at, size };
	int fd;

	sys_load_module("../modules/claimer/claimer.ko");
	fd = sys_open("/dev/claimer", O_WRONLY);
	ASSERT_EQ(write(fd, &range, sizeof(range)), sizeof(range));
	return fd;
}

/* The device is to be had without it. */
TEST_OVER(bar_of_somebody_else, BACKENDS_ALL)
{
	const struct vfio_region_dma_range range = { 0, PAGE };
	const char *bdf = pci_need(TESTDEV_EDU0);
	int claimed = claim(bdf, BAR0, PAGE, PAGE);
	struct vdev *vdev = vdev_open(bdf, backend);
	__u32 value = 0;

	vdev_enable(vdev, false);
	ASSERT_RC(__vdev_pread(vdev, BAR0, 0, &value, 4), -EBUSY);
	ASSERT_RC(__vdev_pwrite(vdev, BAR0, 0, &value, 4), -EBUSY);
	ASSERT_RC(try_mmap(vdev, BAR0, 0, PAGE, MAP_SHARED), -EBUSY);
	ASSERT_RC(__vdev_ioeventfd(vdev, BAR0, 0, VFIO_DEVICE_IOEVENTFD_32, 0,
				   sys_eventfd()),
		  -EBUSY);
	/* As of a BAR that is not there. */
	ASSERT_RC(__vdev_dmabuf(vdev, BAR0, &range, 1), -ENODEV);
	ASSERT_EQ(vdev_cfg_read(vdev, PCI_VENDOR_ID, 2), 0x1234);
	vdev_close_with_space(vdev);

	sys_close(claimed);
	vdev = vdev_open(bdf, backend);
	vdev_enable(vdev, false);
	vdev_pread(vdev, BAR0, 0, &value, 4);
	ASSERT_EQ(value & 0xff, 0xed);
	vdev_close_with_space(vdev);
}

static bool can_map(const char *bdf, enum backend backend)
{
	struct vdev *vdev = vdev_open(bdf, backend);
	struct vfio_region_info info;

	vdev_region(vdev, BAR0, &info);
	vdev_close_with_space(vdev);
	return info.flags & VFIO_REGION_INFO_FLAG_MMAP;
}

/* A mapping has whole pages: a small BAR has to be alone in its page. */
TEST_OVER(small_bar, BACKENDS_ALL)
{
	const char *bdf = pci_need(TESTDEV_SHMEM);
	int claimed;

	ASSERT_EQ(pci_bar_start(bdf, BAR0) % PAGE, 0);
	ASSERT(can_map(bdf, backend));
	claimed = claim(bdf, BAR0, PAGE / 2, 16);
	ASSERT(!can_map(bdf, backend));
	sys_close(claimed);
	ASSERT(can_map(bdf, backend));
}
