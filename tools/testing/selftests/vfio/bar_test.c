// SPDX-License-Identifier: GPL-2.0-only
/*
 * Access to BARs by read(), write() and mmap(), to the option ROM and to the
 * MSI-X table, and BARs that are claimed by another driver.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <pthread.h>
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
#include "uffd.h"
#include "vdev.h"

#define BAR0 VFIO_PCI_BAR0_REGION_INDEX

/* edu: the lowest byte of the identification register is EDU_ID. */
#define EDU_IDENTIFICATION 0x00
#define EDU_ID_MASK 0xff
#define EDU_ID 0xed
/* edu: reads as the inverse of the value written. */
#define EDU_LIVENESS 0x04
#define EDU_PCI_VENDOR 0x1234

/* e1000e: I/O ports to select a register and to access it. */
#define E1000_IOADDR 0
#define E1000_IODATA 4
#define E1000_STATUS 0x08

/* Header of an option ROM: its signature, and offsets in the ROM of the VM. */
#define ROM_SIGNATURE0 0x55
#define ROM_SIGNATURE1 0xaa
#define ROM_PCIR 0x1c
#define ROM_TEXT 0x34

/* Values of PCI_PM_CTRL_STATE_MASK */
enum { POWER_STATE_D0 = 0, POWER_STATE_D3HOT = 3 };

/* An address at which x86 takes a message signaled interrupt. */
#define MSI_ADDRESS 0xfee00000

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

/*
 * A read is truncated at the end of the region. This one is RAM: on Arm, a load that
 * the device refuses for its width is an external abort, which no kernel survives.
 */
TEST_OVER(read_across_the_end, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_SHMEM), backend);
	unsigned int bar = VFIO_PCI_BAR2_REGION_INDEX;
	char buf[16];

	vdev_enable(vdev, false);
	ASSERT_RC(__vdev_pread(vdev, bar, MIB(1) - 8, buf, sizeof(buf)), 8);
	ASSERT_RC(__vdev_pread(vdev, bar, MIB(1) - 1, buf, sizeof(buf)), 1);
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

/*
 * Disabling memory decoding removes the pages of a mapping. If it is enabled,
 * they are faulted in again.
 */
TEST_OVER(mmap_follows_decoding, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_EDU0), backend);
	volatile void *regs = vdev_mmap(vdev, BAR0, NULL);
	__u32 command;

	vdev_enable(vdev, false);
	command = vdev_cfg_read(vdev, PCI_COMMAND, 2);
	ASSERT_EQ(mmio_read32(regs, EDU_IDENTIFICATION) & EDU_ID_MASK, EDU_ID);
	vdev_cfg_write(vdev, PCI_COMMAND, 2, command & ~PCI_COMMAND_MEMORY);
	expect_sigbus(regs);
	vdev_cfg_write(vdev, PCI_COMMAND, 2, command);
	ASSERT_EQ(mmio_read32(regs, EDU_IDENTIFICATION) & EDU_ID_MASK, EDU_ID);
}

#define VRAM_SIZE MIB(16)
#define VRAM_PATTERN 0x5a5a0000

static long nr_faults(void)
{
	struct rusage usage;

	ASSERT(!getrusage(RUSAGE_SELF, &usage));
	return usage.ru_minflt;
}

/*
 * Map the video memory at @skew bytes after an address aligned to huge pages.
 */
static volatile char *map_vram(struct vdev *vdev, size_t skew)
{
	struct vfio_region_info info;
	uintptr_t start;
	void *at;

	vdev_region(vdev, BAR0, &info);
	ASSERT_EQ(info.size, VRAM_SIZE);
	start = (uintptr_t)sys_mmap_anon(VRAM_SIZE + MIB(2) + PAGE);
	start = (start + MIB(2) - 1) & ~(uintptr_t)(MIB(2) - 1);
	at = (void *)(start + skew);
	ASSERT(mmap(at, VRAM_SIZE, PROT_READ | PROT_WRITE,
		    MAP_SHARED | MAP_FIXED, vdev->fd,
		    (off_t)info.offset) == at);
	return at;
}

/* Write a word to each page. Return: the number of page faults. */
static long write_pages(volatile char *vram)
{
	const long before = nr_faults();

	for (size_t at = 0; at < VRAM_SIZE; at += PAGE)
		mmio_write32(vram, at, (__u32)(at ^ VRAM_PATTERN));
	return nr_faults() - before;
}

static void check_pages(struct vdev *vdev, volatile char *vram)
{
	__u32 value;

	for (size_t at = 0; at < VRAM_SIZE; at += PAGE)
		ASSERT_EQ(mmio_read32(vram, at), (__u32)(at ^ VRAM_PATTERN));
	for (size_t at = 0; at < VRAM_SIZE; at += MIB(2) - PAGE) {
		vdev_pread(vdev, BAR0, at, &value, sizeof(value));
		ASSERT_EQ(value, (__u32)(at ^ VRAM_PATTERN));
	}
}

/*
 * A large BAR is mapped by huge pages, which are removed and faulted in again.
 */
TEST_OVER(mmap_huge, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_VGA), backend);
	volatile char *vram = map_vram(vdev, 0);

	/* PREEMPT_RT excludes them. */
	if (access("/sys/kernel/mm/transparent_hugepage", F_OK))
		SKIP("a kernel without transparent huge pages");
	vdev_enable(vdev, false);
	ASSERT(write_pages(vram) < 64);
	check_pages(vdev, vram);

	vdev_cfg_write(vdev, PCI_COMMAND, 2, 0);
	expect_sigbus(vram);
	expect_sigbus(vram + VRAM_SIZE - PAGE);
	vdev_enable(vdev, false);
	ASSERT(write_pages(vram) < 64);
	check_pages(vdev, vram);

	/* Unmapping half of a huge page does not change the other half. */
	sys_munmap((void *)(vram + MIB(2)), MIB(1));
	vram += MIB(3);
	ASSERT_EQ(mmio_read32(vram, 0), MIB(3) ^ VRAM_PATTERN);
	ASSERT_EQ(mmio_read32(vram, VRAM_SIZE - MIB(3) - PAGE),
		  (VRAM_SIZE - PAGE) ^ VRAM_PATTERN);
}

/*
 * Small pages are used if the user address and the offset in the BAR are not
 * congruent modulo the size of a huge page.
 */
TEST_OVER(mmap_skewed, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_VGA), backend);
	volatile char *vram = map_vram(vdev, PAGE);

	vdev_enable(vdev, false);
	ASSERT(write_pages(vram) >= (long)(VRAM_SIZE / PAGE));
	check_pages(vdev, vram);
	vdev_cfg_write(vdev, PCI_COMMAND, 2, 0);
	expect_sigbus(vram + MIB(2));
}

/* A mapping of a BAR holds the device as an open file does. */
TEST_OVER(mmap_holds_the_device, BACKENDS_ALL)
{
	const char *bdf = pci_need(TESTDEV_EDU0);
	struct vdev *vdev = vdev_open(bdf, backend);
	volatile void *regs;

	vdev_enable(vdev, false);
	regs = vdev_mmap(vdev, BAR0, NULL);
	vdev_close_with_space(vdev);
	ASSERT_RC(__group_open(bdf), -EBUSY);
	ASSERT_EQ(mmio_read32(regs, EDU_IDENTIFICATION) & EDU_ID_MASK, EDU_ID);
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
	ASSERT(head[0] == ROM_SIGNATURE0 && head[1] == ROM_SIGNATURE1);
	ASSERT(!memcmp(head + ROM_PCIR, "PCIR", 4));
	ASSERT(!memcmp(head + ROM_TEXT, text, sizeof(text) - 1));
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

/** struct rom_reader - a thread that reads the ROM into memory that faults */
struct rom_reader {
	/** @vdev: the device */
	struct vdev *vdev;
	/** @mem: destination, with space for the ROM */
	unsigned char *mem;
};

static void *rom_reader_run(void *arg)
{
	struct rom_reader *reader = arg;

	vdev_pread(reader->vdev, VFIO_PCI_ROM_REGION_INDEX, 0, reader->mem,
		   KIB(64));
	return NULL;
}

/* A read of the ROM that waits in a page fault does not block the device. */
TEST_OVER(rom_fault_does_not_block_others, BACKENDS_ALL)
{
	struct rom_reader reader = {
		.vdev = vdev_open(pci_need(TESTDEV_E1000E), backend),
		.mem = sys_mmap_anon(KIB(64)),
	};
	int uffd = uffd_over(reader.mem, KIB(64));
	struct vfio_region_info info;
	unsigned char head[128];
	pthread_t thread;

	vdev_enable(reader.vdev, false);
	ASSERT(!pthread_create(&thread, NULL, rom_reader_run, &reader));
	for (size_t done = 0; done < KIB(64); done += KIB(32)) {
		uffd_wait(uffd);
		vdev_region(reader.vdev, VFIO_PCI_ROM_REGION_INDEX, &info);
		ASSERT_EQ(info.size, KIB(64));
		vdev_pread(reader.vdev, VFIO_PCI_ROM_REGION_INDEX, 0, head,
			   sizeof(head));
		vdev_set_memory(reader.vdev, false);
		ASSERT_RC(__vdev_reset(reader.vdev), 0);
		vdev_enable(reader.vdev, false);
		uffd_fill(uffd, reader.mem + done, KIB(32));
	}
	pthread_join(thread, NULL);
	ASSERT(!memcmp(reader.mem, head, sizeof(head)));
	vdev_close_with_space(reader.vdev);
}

/* On x86, the ROM of the boot display is the copy that firmware left in RAM. */
TEST_OVER(rom_in_ram, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_VGA), backend);
	unsigned char head[2];

	if (!sys_is_x86())
		SKIP("no ROM in RAM on this architecture");
	vdev_cfg_write(vdev, PCI_COMMAND, 2, 0);
	ASSERT_RC(__vdev_pread(vdev, VFIO_PCI_ROM_REGION_INDEX, 0, head, 2),
		  -EIO);
	vdev_enable(vdev, false);
	vdev_pread(vdev, VFIO_PCI_ROM_REGION_INDEX, 0, head, sizeof(head));
	ASSERT(head[0] == ROM_SIGNATURE0 && head[1] == ROM_SIGNATURE1);
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
	value = E1000_STATUS;
	vdev_pwrite(vdev, VFIO_PCI_BAR2_REGION_INDEX, E1000_IOADDR, &value, 4);
	value = 0;
	vdev_pread(vdev, VFIO_PCI_BAR2_REGION_INDEX, E1000_IOADDR, &value, 4);
	ASSERT_EQ(value, E1000_STATUS);
	vdev_pread(vdev, VFIO_PCI_BAR2_REGION_INDEX, E1000_IODATA, &value, 4);
	ASSERT(value && value != ~0U);
}

/*
 * In D3hot a BAR of I/O ports and the ROM cannot be accessed. The information
 * on the ROM is available nevertheless.
 */
TEST_OVER(nothing_in_d3hot, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_E1000E), backend);
	unsigned int ctrl = vdev_cfg_cap(vdev, PCI_CAP_ID_PM) + PCI_PM_CTRL;
	struct vfio_region_info info;
	__u32 value = E1000_STATUS;

	vdev_need_ports(vdev, VFIO_PCI_BAR2_REGION_INDEX);
	vdev_cfg_write(vdev, PCI_COMMAND, 2,
		       PCI_COMMAND_IO | PCI_COMMAND_MEMORY);
	vdev_pwrite(vdev, VFIO_PCI_BAR2_REGION_INDEX, E1000_IOADDR, &value, 4);
	vdev_cfg_write(vdev, ctrl, 2, POWER_STATE_D3HOT);
	ASSERT_RC(__vdev_pread(vdev, VFIO_PCI_BAR2_REGION_INDEX, E1000_IOADDR,
			       &value, 4),
		  -EIO);
	ASSERT_RC(__vdev_pread(vdev, VFIO_PCI_BAR2_REGION_INDEX, E1000_IOADDR,
			       &value, 3),
		  -EIO);
	ASSERT_RC(__vdev_pwrite(vdev, VFIO_PCI_BAR2_REGION_INDEX, E1000_IOADDR,
				&value, 4),
		  -EIO);
	ASSERT_RC(__vdev_pread(vdev, VFIO_PCI_ROM_REGION_INDEX, 0, &value, 4),
		  -ENOMEM);
	vdev_region(vdev, VFIO_PCI_ROM_REGION_INDEX, &info);
	ASSERT_EQ(info.size, KIB(64));
	ASSERT_EQ(vdev_cfg_read(vdev, ctrl, 2) & PCI_PM_CTRL_STATE_MASK,
		  POWER_STATE_D3HOT);
	vdev_cfg_write(vdev, ctrl, 2, POWER_STATE_D0);
	vdev_pwrite(vdev, VFIO_PCI_BAR2_REGION_INDEX, E1000_IOADDR, &value, 4);
	vdev_pread(vdev, VFIO_PCI_BAR2_REGION_INDEX, E1000_IOADDR, &value, 4);
	ASSERT_EQ(value, E1000_STATUS);
}

/* Accesses of any size and alignment are split into those that RAM supports. */
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

/* read() and write() do not reach the MSI-X table, which the kernel owns. */
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
	entry[0] = MSI_ADDRESS;
	vdev_pwrite(vdev, bar, table, entry, sizeof(entry));
	for (i = 0; i < 4; i++)
		ASSERT_EQ(mmio_read32(regs, table + 4 * i), before[i]);
}

/*
 * Let claimer.ko claim @size bytes at @offset of a BAR, until the returned file
 * is closed.
 */
static int claim_bar(const char *bdf, unsigned int bar, unsigned int offset,
		     unsigned int size)
{
	struct claimer_range range = { pci_bar_start(bdf, bar) + offset, size };
	int fd;

	sys_load_module("../modules/claimer/claimer.ko");
	fd = sys_open("/dev/claimer", O_WRONLY);
	ASSERT_EQ(write(fd, &range, sizeof(range)), sizeof(range));
	return fd;
}

/* If a BAR is claimed, the rest of the device remains usable. */
TEST_OVER(bar_claimed_elsewhere, BACKENDS_ALL)
{
	const struct vfio_region_dma_range range = { 0, PAGE };
	const char *bdf = pci_need(TESTDEV_EDU0);
	int claimed = claim_bar(bdf, BAR0, PAGE, PAGE);
	struct vdev *vdev = vdev_open(bdf, backend);
	__u32 value = 0;

	vdev_enable(vdev, false);
	ASSERT_RC(__vdev_pread(vdev, BAR0, 0, &value, 4), -EBUSY);
	ASSERT_RC(__vdev_pwrite(vdev, BAR0, 0, &value, 4), -EBUSY);
	ASSERT_RC(try_mmap(vdev, BAR0, 0, PAGE, MAP_SHARED), -EBUSY);
	ASSERT_RC(__vdev_ioeventfd(vdev, BAR0, 0, VFIO_DEVICE_IOEVENTFD_32, 0,
				   sys_eventfd()),
		  -EBUSY);
	/* The errno is that of a BAR that does not exist. */
	ASSERT_RC(__vdev_dmabuf(vdev, BAR0, &range, 1), -ENODEV);
	ASSERT_EQ(vdev_cfg_read(vdev, PCI_VENDOR_ID, 2), EDU_PCI_VENDOR);
	vdev_close_with_space(vdev);

	sys_close(claimed);
	vdev = vdev_open(bdf, backend);
	vdev_enable(vdev, false);
	vdev_pread(vdev, BAR0, 0, &value, 4);
	ASSERT_EQ(value & EDU_ID_MASK, EDU_ID);
	vdev_close_with_space(vdev);
}

static bool bar_can_map(const char *bdf, enum backend backend)
{
	struct vdev *vdev = vdev_open(bdf, backend);
	struct vfio_region_info info;

	vdev_region(vdev, BAR0, &info);
	vdev_close_with_space(vdev);
	return info.flags & VFIO_REGION_INFO_FLAG_MMAP;
}

/* A BAR smaller than a page can be mapped if nothing else is in its page. */
TEST_OVER(small_bar, BACKENDS_ALL)
{
	const char *bdf = pci_need(TESTDEV_SHMEM);
	int claimed;

	ASSERT_EQ(pci_bar_start(bdf, BAR0) % PAGE, 0);
	ASSERT(bar_can_map(bdf, backend));
	claimed = claim_bar(bdf, BAR0, PAGE / 2, 16);
	ASSERT(!bar_can_map(bdf, backend));
	sys_close(claimed);
	ASSERT(bar_can_map(bdf, backend));
}
