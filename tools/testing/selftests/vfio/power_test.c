// SPDX-License-Identifier: GPL-2.0-only
/* Runtime power management: devices that sleep, open and not, and wake up. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "edu.h"
#include "feature.h"
#include "harness.h"
#include "pci.h"
#include "sys.h"
#include "vdev.h"

#define BAR0 VFIO_PCI_BAR0_REGION_INDEX
#define SET VFIO_DEVICE_FEATURE_SET
#define NVME_CAP 0
/* The NVMe's interrupt mask holds what is written to it until a reset. */
#define NVME_INTMS 0x0c
#define EDU_IRQ_RAISE 0x60
#define RAM_IOVA 0x20000000ULL
#define BAR_IOVA 0x10000000ULL
#define IDLE_D3 "/sys/module/vfio_pci/parameters/disable_idle_d3"

static int __enter(struct vdev *vdev)
{
	return __vdev_feature(vdev, VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY | SET,
			      NULL, 0);
}

static int __enter_with_wakeup(struct vdev *vdev, int fd)
{
	struct vfio_device_low_power_entry_with_wakeup entry = {
		.wakeup_eventfd = fd,
	};

	return __vdev_feature(
		vdev, VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP | SET,
		&entry, sizeof(entry));
}

static int __leave(struct vdev *vdev)
{
	return __vdev_feature(vdev, VFIO_DEVICE_FEATURE_LOW_POWER_EXIT | SET,
			      NULL, 0);
}

/* Sleep, and be asleep */
static void sleep_now(struct vdev *vdev)
{
	ASSERT_RC(__enter(vdev), 0);
	wait_runtime_status(vdev->bdf, "suspended");
}

static void wake_from_outside(const char *bdf)
{
	set_runtime_control(bdf, "on");
	set_runtime_control(bdf, "auto");
}

static struct vdev *open_nvme(enum backend backend)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_NVME), backend);

	vdev_enable(vdev, false);
	return vdev;
}

TEST_OVER(unused_devices_sleep, BACKENDS_ALL)
{
	static const enum testdev devs[] = { TESTDEV_EDU0, TESTDEV_NVME,
					     TESTDEV_E1000E };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(devs); i++) {
		const char *bdf = pci_need(devs[i]);
		struct vdev *vdev;

		wait_runtime_status(bdf, "suspended");
		vdev = vdev_open(bdf, backend);
		wait_runtime_status(bdf, "active");
		vdev_close_with_space(vdev);
		wait_runtime_status(bdf, "suspended");
	}
}

static void set_idle_d3(const char *bdf, const char *value)
{
	ASSERT_RC(__sys_write_file(IDLE_D3, value), 0);
	pci_unbind(bdf);
	pci_bind(bdf);
}

static bool is_held(const char *bdf)
{
	char path[PATH_MAX];
	char line[32];
	FILE *file;

	snprintf(path, sizeof(path),
		 "/sys/bus/pci/devices/%s/power/runtime_usage", bdf);
	file = fopen(path, "re");
	ASSERT(file && fgets(line, sizeof(line), file));
	fclose(file);
	return strcmp(line, "0\n");
}

/* The parameter holds for devices that are bound later; low power does work. */
TEST_OVER(unused_devices_stay_awake, BACKENDS_ALL)
{
	const char *bdf = pci_need(TESTDEV_NVME);
	struct vdev *vdev = vdev_open(bdf, backend);

	vdev_close_with_space(vdev);
	wait_runtime_status(bdf, "suspended");
	set_idle_d3(bdf, "Y");
	wait_runtime_status(bdf, "active");
	ASSERT(is_held(bdf));
	vdev = vdev_open(bdf, backend);
	sleep_now(vdev);
	ASSERT_RC(__leave(vdev), 0);
	wait_runtime_status(bdf, "active");
	sleep_now(vdev);
	vdev_close_with_space(vdev);
	wait_runtime_status(bdf, "active");
	ASSERT(is_held(bdf));
	set_idle_d3(bdf, "N");
	wait_runtime_status(bdf, "suspended");
	vdev = vdev_open(bdf, backend);
	vdev_close_with_space(vdev);
	wait_runtime_status(bdf, "suspended");
}

TEST_OVER(enter_and_exit, BACKENDS_ALL)
{
	struct vdev *vdev = open_nvme(backend);
	__u32 before = 0xf;

	vdev_pwrite(vdev, BAR0, NVME_INTMS, &before, 4);
	ASSERT_RC(__leave(vdev), 0);
	sleep_now(vdev);
	ASSERT_RC(__enter(vdev), -EINVAL);
	ASSERT_RC(__enter_with_wakeup(vdev, sys_eventfd()), -EINVAL);
	wait_runtime_status(vdev->bdf, "suspended");
	ASSERT_RC(__leave(vdev), 0);
	wait_runtime_status(vdev->bdf, "active");
	ASSERT_RC(__leave(vdev), 0);
	wait_runtime_status(vdev->bdf, "active");
	sleep_now(vdev);
	ASSERT_RC(__leave(vdev), 0);
}

/* What goes by the file wakes it up, and it falls asleep again. */
TEST_OVER(access_while_asleep, BACKENDS_ALL)
{
	struct vdev *vdev = open_nvme(backend);
	volatile void *regs = vdev_mmap(vdev, BAR0, NULL);
	__u32 cap = mmio_read32(regs, NVME_CAP);
	struct vfio_device_info info;
	__u32 value = 0;

	ASSERT(cap && cap != ~0U);
	sleep_now(vdev);
	expect_sigbus(regs);
	wait_runtime_status(vdev->bdf, "suspended");
	vdev_pread(vdev, BAR0, NVME_CAP, &value, 4);
	ASSERT_EQ(value, cap);
	wait_runtime_status(vdev->bdf, "suspended");
	ASSERT_EQ(vdev_cfg_read(vdev, PCI_VENDOR_ID, 2), 0x1b36);
	ASSERT(vdev_cfg_read(vdev, PCI_COMMAND, 2) & PCI_COMMAND_MEMORY);
	wait_runtime_status(vdev->bdf, "suspended");
	vdev_info(vdev, &info);
	ASSERT_RC(__vdev_reset(vdev), 0);
	wait_runtime_status(vdev->bdf, "suspended");
	expect_sigbus(regs);
	/* Decoding is not what keeps the mapping empty. */
	vdev_enable(vdev, false);
	expect_sigbus(regs);
	wake_from_outside(vdev->bdf);
	expect_sigbus(regs);
	wait_runtime_status(vdev->bdf, "suspended");

	ASSERT_RC(__leave(vdev), 0);
	ASSERT_EQ(mmio_read32(regs, NVME_CAP), cap);
	ASSERT_EQ(mmio_read32(regs, NVME_CAP), cap);
}

/* Allowed to sleep, and awake nonetheless: what the user let go of stays away from him. */
TEST_OVER(mapping_before_sleep, BACKENDS_ALL)
{
	struct vdev *vdev = open_nvme(backend);
	volatile void *regs = vdev_mmap(vdev, BAR0, NULL);

	mmio_read32(regs, NVME_CAP);
	set_runtime_control(vdev->bdf, "on");
	ASSERT_RC(__enter(vdev), 0);
	expect_sigbus(regs);
	ASSERT_RC(__leave(vdev), 0);
	mmio_read32(regs, NVME_CAP);
	set_runtime_control(vdev->bdf, "auto");
}

TEST_OVER(wakeup, BACKENDS_ALL)
{
	struct vdev *vdev = open_nvme(backend);
	volatile void *regs = vdev_mmap(vdev, BAR0, NULL);
	__u32 cap = mmio_read32(regs, NVME_CAP);
	int event = sys_eventfd();
	int i;

	for (i = 0; i < 2; i++) {
		ASSERT_RC(__enter_with_wakeup(vdev, event), 0);
		wait_runtime_status(vdev->bdf, "suspended");
		expect_sigbus(regs);
		ASSERT_EQ(sys_eventfd_take(event), 0);
		wake_from_outside(vdev->bdf);
		sys_eventfd_wait(event);
		ASSERT_EQ(sys_eventfd_take(event), 1);
		wait_runtime_status(vdev->bdf, "active");
		ASSERT_EQ(mmio_read32(regs, NVME_CAP), cap);
	}
	/* It is over: there is nothing to end, and nothing more to signal. */
	ASSERT_RC(__leave(vdev), 0);
	wake_from_outside(vdev->bdf);
	vdev_cfg_read(vdev, PCI_VENDOR_ID, 2);
	ASSERT_EQ(sys_eventfd_take(event), 0);

	/* The user himself wakes it up like anybody else. */
	ASSERT_RC(__enter_with_wakeup(vdev, event), 0);
	wait_runtime_status(vdev->bdf, "suspended");
	ASSERT_EQ(vdev_cfg_read(vdev, PCI_VENDOR_ID, 2), 0x1b36);
	ASSERT_EQ(sys_eventfd_take(event), 1);
	ASSERT_EQ(mmio_read32(regs, NVME_CAP), cap);

	/* No event where the user ends it. */
	ASSERT_RC(__enter(vdev), 0);
	ASSERT_RC(__leave(vdev), 0);
	ASSERT_EQ(sys_eventfd_take(event), 0);
}

TEST_OVER(wakeup_bad_input, BACKENDS_ALL)
{
	struct vdev *vdev = open_nvme(backend);

	ASSERT_RC(__enter_with_wakeup(vdev, -1), -EINVAL);
	ASSERT_RC(__enter_with_wakeup(vdev, 1000), -EBADF);
	ASSERT_RC(__enter_with_wakeup(vdev, vdev->fd), -EINVAL);
	/* None of them has let it sleep. */
	ASSERT_RC(__enter(vdev), 0);
	ASSERT_RC(__leave(vdev), 0);
}

TEST_OVER(close_while_asleep, BACKENDS_ALL)
{
	struct vdev *vdev = open_nvme(backend);
	const char *bdf = vdev->bdf;
	int event = sys_eventfd();
	__u32 cap, value;

	vdev_pread(vdev, BAR0, NVME_CAP, &cap, 4);
	sleep_now(vdev);
	vdev_close_with_space(vdev);
	wait_runtime_status(bdf, "suspended");

	vdev = open_nvme(backend);
	vdev_pread(vdev, BAR0, NVME_CAP, &value, 4);
	ASSERT_EQ(value, cap);
	ASSERT_RC(__enter_with_wakeup(vdev, event), 0);
	wait_runtime_status(bdf, "suspended");
	vdev_close_with_space(vdev);
	wait_runtime_status(bdf, "suspended");
	ASSERT_EQ(sys_eventfd_take(event), 0);

	vdev = open_nvme(backend);
	wait_runtime_status(bdf, "active");
	ASSERT_RC(__enter(vdev), 0);
	vdev_close_with_space(vdev);
}

/* A power state that the user chose is given up for the sleep. */
TEST_OVER(from_d3hot, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_E1000E), backend);
	unsigned int pm = vdev_cfg_cap(vdev, PCI_CAP_ID_PM);
	__u32 status = 0;

	ASSERT(pm);
	vdev_enable(vdev, false);
	vdev_cfg_write(vdev, pm + PCI_PM_CTRL, 2, 3);
	ASSERT_EQ(vdev_cfg_read(vdev, pm + PCI_PM_CTRL, 2) &
			  PCI_PM_CTRL_STATE_MASK,
		  3);
	ASSERT_RC(__vdev_pread(vdev, BAR0, 8, &status, 4), -EIO);
	sleep_now(vdev);
	ASSERT_RC(__leave(vdev), 0);
	ASSERT_EQ(vdev_cfg_read(vdev, pm + PCI_PM_CTRL, 2) &
			  PCI_PM_CTRL_STATE_MASK,
		  0);
	ASSERT(vdev_cfg_read(vdev, PCI_COMMAND, 2) & PCI_COMMAND_MEMORY);
	vdev_pread(vdev, BAR0, 8, &status, 4);
	ASSERT(status && status != ~0U);
}

/* An eventfd does not wake the device up, so what it writes is lost. */
TEST_OVER(ioeventfd_while_asleep, BACKENDS_ALL)
{
	struct vdev *vdev = open_nvme(backend);
	int fd = sys_eventfd();
	__u64 one = 1;
	__u32 value;

	ASSERT_RC(__vdev_ioeventfd(vdev, BAR0, NVME_INTMS, 4, 3, fd), 0);
	/* Not even where the device happens to be awake */
	set_runtime_control(vdev->bdf, "on");
	ASSERT_RC(__enter(vdev), 0);
	ASSERT(write(fd, &one, sizeof(one)) == sizeof(one));
	vdev_pread(vdev, BAR0, NVME_INTMS, &value, 4);
	ASSERT_EQ(value, 0);
	set_runtime_control(vdev->bdf, "auto");
	wait_runtime_status(vdev->bdf, "suspended");
	ASSERT(write(fd, &one, sizeof(one)) == sizeof(one));
	ASSERT_RC(__leave(vdev), 0);
	vdev_pread(vdev, BAR0, NVME_INTMS, &value, 4);
	ASSERT_EQ(value, 0);
	ASSERT(write(fd, &one, sizeof(one)) == sizeof(one));
	vdev_pread(vdev, BAR0, NVME_INTMS, &value, 4);
	ASSERT_EQ(value, 3);
}

/* Ports are no exception. */
TEST_OVER(ioeventfd_of_ports_while_asleep, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_E1000E), backend);
	unsigned int bar = VFIO_PCI_BAR2_REGION_INDEX;
	int fd = sys_eventfd();
	__u64 one = 1;
	__u32 value = 0;

	vdev_need_ports(vdev, bar);
	vdev_cfg_write(vdev, PCI_COMMAND, 2,
		       PCI_COMMAND_IO | PCI_COMMAND_MEMORY);
	ASSERT_RC(__vdev_ioeventfd(vdev, bar, 0, 4, 8, fd), 0);
	vdev_pwrite(vdev, bar, 0, &value, 4);
	set_runtime_control(vdev->bdf, "on");
	ASSERT_RC(__enter(vdev), 0);
	ASSERT(write(fd, &one, sizeof(one)) == sizeof(one));
	vdev_pread(vdev, bar, 0, &value, 4);
	ASSERT_EQ(value, 0);
	set_runtime_control(vdev->bdf, "auto");
	ASSERT_RC(__leave(vdev), 0);
	ASSERT(write(fd, &one, sizeof(one)) == sizeof(one));
	vdev_pread(vdev, bar, 0, &value, 4);
	ASSERT_EQ(value, 8);
}

/*
 * Registers of a device that nobody has open. What is mapped for DMA of that
 * stays, as vfio-pci does not know of it.
 */
static void *map_behind_back(const char *bdf)
{
	char path[PATH_MAX];
	void *regs;
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource0", bdf);
	fd = sys_open(path, O_RDWR);
	regs = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (regs == MAP_FAILED)
		SKIP("mmap of %s: %s", path, strerror(errno));
	sys_close(fd);
	return regs;
}

/*
 * edu has no power states, so it interrupts in its sleep as well, if another
 * device tells it to: nothing is heard of it until it is awake.
 */
TEST_OVER(intx_while_asleep, BACKENDS_ALL)
{
	const char *bdf = pci_need(TESTDEV_EDU0);
	struct edu *peer = edu_open(pci_need(TESTDEV_EDU1), backend);
	struct space *space = peer->vdev->space;
	__u32 *ram = sys_mmap_anon(PAGE);
	int event = sys_eventfd();
	struct edu *edu;

	space_map(space, ram, RAM_IOVA, PAGE);
	space_map(space, map_behind_back(bdf), BAR_IOVA, PAGE);
	edu = edu_open_in(space, bdf);
	vdev_irq_enable(edu->vdev, VFIO_PCI_INTX_IRQ_INDEX, 0, &event, 1);
	*ram = 1;
	edu_load(peer, RAM_IOVA, 4);
	sleep_now(edu->vdev);
	edu_store(peer, BAR_IOVA + EDU_IRQ_RAISE, 4);
	ASSERT_EQ(sys_eventfd_take(event), 0);
	ASSERT_RC(__leave(edu->vdev), 0);
	sys_eventfd_wait(event);
	ASSERT_EQ(sys_eventfd_take(event), 1);
	ASSERT_EQ(edu_irq_status(edu), 1);
	edu_ack(edu, 1);
	vdev_intx_unmask(edu->vdev);

	/* What the user had masked stays so. */
	vdev_intx_mask(edu->vdev);
	edu_raise(edu, 2);
	sleep_now(edu->vdev);
	ASSERT_RC(__leave(edu->vdev), 0);
	ASSERT_EQ(edu_irq_status(edu), 2);
	ASSERT_EQ(sys_eventfd_take(event), 0);
	vdev_intx_unmask(edu->vdev);
	sys_eventfd_wait(event);
	edu_ack(edu, 2);
}

/* Who unmasks by eventfd does not wake the device up, and is heard later. */
TEST_OVER(intx_unmasked_while_asleep, BACKENDS_ALL)
{
	struct edu *edu = edu_open(pci_need(TESTDEV_EDU0), backend);
	int event = sys_eventfd();
	int unmask = sys_eventfd();
	__u64 one = 1;

	vdev_irq_enable(edu->vdev, VFIO_PCI_INTX_IRQ_INDEX, 0, &event, 1);
	ASSERT_RC(__vdev_set_irqs(edu->vdev,
				  VFIO_IRQ_SET_DATA_EVENTFD |
					  VFIO_IRQ_SET_ACTION_UNMASK,
				  VFIO_PCI_INTX_IRQ_INDEX, 0, 1, &unmask,
				  sizeof(unmask)),
		  0);
	edu_raise(edu, 1);
	sys_eventfd_wait(event);
	ASSERT_EQ(sys_eventfd_take(event), 1);
	sleep_now(edu->vdev);
	ASSERT(write(unmask, &one, sizeof(one)) == sizeof(one));
	ASSERT_EQ(sys_eventfd_take(event), 0);
	wait_runtime_status(edu->vdev->bdf, "suspended");
	ASSERT_RC(__leave(edu->vdev), 0);
	sys_eventfd_wait(event);
	ASSERT_EQ(sys_eventfd_take(event), 1);
	edu_ack(edu, 1);
	vdev_intx_unmask(edu->vdev);
}
