// SPDX-License-Identifier: GPL-2.0-only
/* Runtime power management of devices that are open, and of unused ones. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/pci_regs.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
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
#define FEATURE_SET VFIO_DEVICE_FEATURE_SET
#define NVME_CAP 0
/* The interrupt mask of NVMe keeps what is written to it until a reset. */
#define NVME_INTMS 0x0c
#define NVME_VENDOR 0x1b36
#define EDU_IRQ_RAISE 0x60
#define E1000E_STATUS 8
/* Power states in the PM control register */
#define PM_D0 0
#define PM_D3HOT 3
/* A descriptor that is not open */
#define BAD_FD 1000
#define RAM_IOVA 0x20000000ULL
#define BAR_IOVA 0x10000000ULL
#define PARAM_IDLE_D3 "/sys/module/vfio_pci/parameters/disable_idle_d3"

static int __low_power_enter(struct vdev *vdev)
{
	return __vdev_feature(vdev,
			      VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY | FEATURE_SET,
			      NULL, 0);
}

static int __low_power_enter_with_wakeup(struct vdev *vdev, int fd)
{
	struct vfio_device_low_power_entry_with_wakeup entry = {
		.wakeup_eventfd = fd,
	};

	return __vdev_feature(vdev,
			      VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY_WITH_WAKEUP |
				      FEATURE_SET,
			      &entry, sizeof(entry));
}

static int __low_power_exit(struct vdev *vdev)
{
	return __vdev_feature(vdev,
			      VFIO_DEVICE_FEATURE_LOW_POWER_EXIT | FEATURE_SET,
			      NULL, 0);
}

/* Enter low power and wait until the device is suspended. */
static void low_power_suspend(struct vdev *vdev)
{
	ASSERT_RC(__low_power_enter(vdev), 0);
	wait_runtime_status(vdev->bdf, "suspended");
}

static void resume_from_host(const char *bdf)
{
	set_runtime_control(bdf, "on");
	set_runtime_control(bdf, "auto");
}

static struct vdev *nvme_open_enabled(enum backend backend)
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

static void bind_with_idle_d3(const char *bdf, const char *value)
{
	ASSERT_RC(__sys_write_file(PARAM_IDLE_D3, value), 0);
	pci_unbind(bdf);
	pci_bind(bdf);
}

static bool is_runtime_held(const char *bdf)
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

/* The parameter applies to devices bound later. Low power entry works. */
TEST_OVER(unused_devices_stay_awake, BACKENDS_ALL)
{
	const char *bdf = pci_need(TESTDEV_NVME);
	struct vdev *vdev = vdev_open(bdf, backend);

	vdev_close_with_space(vdev);
	wait_runtime_status(bdf, "suspended");
	bind_with_idle_d3(bdf, "Y");
	wait_runtime_status(bdf, "active");
	ASSERT(is_runtime_held(bdf));
	vdev = vdev_open(bdf, backend);
	low_power_suspend(vdev);
	ASSERT_RC(__low_power_exit(vdev), 0);
	wait_runtime_status(bdf, "active");
	low_power_suspend(vdev);
	vdev_close_with_space(vdev);
	wait_runtime_status(bdf, "active");
	ASSERT(is_runtime_held(bdf));
	bind_with_idle_d3(bdf, "N");
	wait_runtime_status(bdf, "suspended");
	vdev = vdev_open(bdf, backend);
	vdev_close_with_space(vdev);
	wait_runtime_status(bdf, "suspended");
}

TEST_OVER(enter_and_exit, BACKENDS_ALL)
{
	struct vdev *vdev = nvme_open_enabled(backend);
	__u32 before = 0xf;

	vdev_pwrite(vdev, BAR0, NVME_INTMS, &before, 4);
	ASSERT_RC(__low_power_exit(vdev), 0);
	low_power_suspend(vdev);
	ASSERT_RC(__low_power_enter(vdev), -EINVAL);
	ASSERT_RC(__low_power_enter_with_wakeup(vdev, sys_eventfd()), -EINVAL);
	wait_runtime_status(vdev->bdf, "suspended");
	ASSERT_RC(__low_power_exit(vdev), 0);
	wait_runtime_status(vdev->bdf, "active");
	ASSERT_RC(__low_power_exit(vdev), 0);
	wait_runtime_status(vdev->bdf, "active");
	low_power_suspend(vdev);
	ASSERT_RC(__low_power_exit(vdev), 0);
}

/* An access by the file resumes the device, which suspends again afterwards. */
TEST_OVER(access_while_asleep, BACKENDS_ALL)
{
	struct vdev *vdev = nvme_open_enabled(backend);
	volatile void *regs = vdev_mmap(vdev, BAR0, NULL);
	__u32 cap = mmio_read32(regs, NVME_CAP);
	struct vfio_device_info info;
	__u32 value = 0;

	ASSERT(cap && cap != ~0U);
	low_power_suspend(vdev);
	expect_sigbus(regs);
	wait_runtime_status(vdev->bdf, "suspended");
	vdev_pread(vdev, BAR0, NVME_CAP, &value, 4);
	ASSERT_EQ(value, cap);
	wait_runtime_status(vdev->bdf, "suspended");
	ASSERT_EQ(vdev_cfg_read(vdev, PCI_VENDOR_ID, 2), NVME_VENDOR);
	ASSERT(vdev_cfg_read(vdev, PCI_COMMAND, 2) & PCI_COMMAND_MEMORY);
	wait_runtime_status(vdev->bdf, "suspended");
	vdev_info(vdev, &info);
	ASSERT_RC(__vdev_reset(vdev), 0);
	wait_runtime_status(vdev->bdf, "suspended");
	expect_sigbus(regs);
	/* The mapping is not restored by enabling memory. */
	vdev_enable(vdev, false);
	expect_sigbus(regs);
	resume_from_host(vdev->bdf);
	expect_sigbus(regs);
	wait_runtime_status(vdev->bdf, "suspended");

	ASSERT_RC(__low_power_exit(vdev), 0);
	ASSERT_EQ(mmio_read32(regs, NVME_CAP), cap);
	ASSERT_EQ(mmio_read32(regs, NVME_CAP), cap);
}

/* A task that reads a register and config space over and over. */
struct reader {
	int fd;
	off_t bar, config;
	__u32 cap;
	atomic_bool stop;
	atomic_ulong nr_reads;
	unsigned long nr_wrong;
};

static void *reader_run(void *arg)
{
	struct reader *reader = arg;
	__u16 vendor;
	__u32 cap;

	for (; !atomic_load(&reader->stop);
	     atomic_fetch_add(&reader->nr_reads, 1)) {
		if (pread(reader->fd, &cap, 4, reader->bar + NVME_CAP) != 4 ||
		    cap != reader->cap)
			reader->nr_wrong++;
		if (pread(reader->fd, &vendor, 2,
			  reader->config + PCI_VENDOR_ID) != 2 ||
		    vendor != NVME_VENDOR)
			reader->nr_wrong++;
	}
	return NULL;
}

/* No access finds the device suspended, even if it is just suspending. */
TEST_OVER(access_while_falling_asleep, BACKENDS_ALL)
{
	struct vdev *vdev = nvme_open_enabled(backend);
	struct reader reader = { .fd = vdev->fd };
	struct vfio_region_info info;
	pthread_t thread;

	vdev_region(vdev, BAR0, &info);
	reader.bar = (off_t)info.offset;
	vdev_region(vdev, VFIO_PCI_CONFIG_REGION_INDEX, &info);
	reader.config = (off_t)info.offset;
	vdev_pread(vdev, BAR0, NVME_CAP, &reader.cap, 4);
	ASSERT(!pthread_create(&thread, NULL, reader_run, &reader));
	while (atomic_load(&reader.nr_reads) < 100) {
		ASSERT_RC(__low_power_enter(vdev), 0);
		sched_yield();
		ASSERT_RC(__low_power_exit(vdev), 0);
	}
	atomic_store(&reader.stop, true);
	ASSERT(!pthread_join(thread, NULL));
	ASSERT_EQ(reader.nr_wrong, 0);
}

/*
 * After low power entry the mapping is revoked even if the device is not
 * suspended.
 */
TEST_OVER(mapping_before_sleep, BACKENDS_ALL)
{
	struct vdev *vdev = nvme_open_enabled(backend);
	volatile void *regs = vdev_mmap(vdev, BAR0, NULL);

	mmio_read32(regs, NVME_CAP);
	set_runtime_control(vdev->bdf, "on");
	ASSERT_RC(__low_power_enter(vdev), 0);
	expect_sigbus(regs);
	ASSERT_RC(__low_power_exit(vdev), 0);
	mmio_read32(regs, NVME_CAP);
	set_runtime_control(vdev->bdf, "auto");
}

TEST_OVER(wakeup, BACKENDS_ALL)
{
	struct vdev *vdev = nvme_open_enabled(backend);
	volatile void *regs = vdev_mmap(vdev, BAR0, NULL);
	__u32 cap = mmio_read32(regs, NVME_CAP);
	int event = sys_eventfd();
	int i;

	for (i = 0; i < 2; i++) {
		ASSERT_RC(__low_power_enter_with_wakeup(vdev, event), 0);
		wait_runtime_status(vdev->bdf, "suspended");
		expect_sigbus(regs);
		ASSERT_EQ(sys_eventfd_take(event), 0);
		resume_from_host(vdev->bdf);
		sys_eventfd_wait(event);
		ASSERT_EQ(sys_eventfd_take(event), 1);
		wait_runtime_status(vdev->bdf, "active");
		ASSERT_EQ(mmio_read32(regs, NVME_CAP), cap);
	}
	/* Low power has ended, so exit does nothing and nothing is signaled. */
	ASSERT_RC(__low_power_exit(vdev), 0);
	resume_from_host(vdev->bdf);
	vdev_cfg_read(vdev, PCI_VENDOR_ID, 2);
	ASSERT_EQ(sys_eventfd_take(event), 0);

	/* An access by user space ends it as well. */
	ASSERT_RC(__low_power_enter_with_wakeup(vdev, event), 0);
	wait_runtime_status(vdev->bdf, "suspended");
	ASSERT_EQ(vdev_cfg_read(vdev, PCI_VENDOR_ID, 2), NVME_VENDOR);
	ASSERT_EQ(sys_eventfd_take(event), 1);
	ASSERT_EQ(mmio_read32(regs, NVME_CAP), cap);

	/* LOW_POWER_EXIT does not signal the event. */
	ASSERT_RC(__low_power_enter(vdev), 0);
	ASSERT_RC(__low_power_exit(vdev), 0);
	ASSERT_EQ(sys_eventfd_take(event), 0);
}

TEST_OVER(wakeup_bad_input, BACKENDS_ALL)
{
	struct vdev *vdev = nvme_open_enabled(backend);

	ASSERT_RC(__low_power_enter_with_wakeup(vdev, -1), -EINVAL);
	ASSERT_RC(__low_power_enter_with_wakeup(vdev, BAD_FD), -EBADF);
	ASSERT_RC(__low_power_enter_with_wakeup(vdev, vdev->fd), -EINVAL);
	/* None of these has entered low power. */
	ASSERT_RC(__low_power_enter(vdev), 0);
	ASSERT_RC(__low_power_exit(vdev), 0);
}

TEST_OVER(close_while_asleep, BACKENDS_ALL)
{
	struct vdev *vdev = nvme_open_enabled(backend);
	const char *bdf = vdev->bdf;
	int event = sys_eventfd();
	__u32 cap, value;

	vdev_pread(vdev, BAR0, NVME_CAP, &cap, 4);
	low_power_suspend(vdev);
	vdev_close_with_space(vdev);
	wait_runtime_status(bdf, "suspended");

	vdev = nvme_open_enabled(backend);
	vdev_pread(vdev, BAR0, NVME_CAP, &value, 4);
	ASSERT_EQ(value, cap);
	ASSERT_RC(__low_power_enter_with_wakeup(vdev, event), 0);
	wait_runtime_status(bdf, "suspended");
	vdev_close_with_space(vdev);
	wait_runtime_status(bdf, "suspended");
	ASSERT_EQ(sys_eventfd_take(event), 0);

	vdev = nvme_open_enabled(backend);
	wait_runtime_status(bdf, "active");
	ASSERT_RC(__low_power_enter(vdev), 0);
	vdev_close_with_space(vdev);
}

/* Low power discards a power state that user space has set. */
TEST_OVER(from_d3hot, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_E1000E), backend);
	unsigned int pm = vdev_cfg_cap(vdev, PCI_CAP_ID_PM);
	__u32 status = 0;

	ASSERT(pm);
	vdev_enable(vdev, false);
	vdev_cfg_write(vdev, pm + PCI_PM_CTRL, 2, PM_D3HOT);
	ASSERT_EQ(vdev_cfg_read(vdev, pm + PCI_PM_CTRL, 2) &
			  PCI_PM_CTRL_STATE_MASK,
		  PM_D3HOT);
	ASSERT_RC(__vdev_pread(vdev, BAR0, E1000E_STATUS, &status, 4), -EIO);
	low_power_suspend(vdev);
	ASSERT_RC(__low_power_exit(vdev), 0);
	ASSERT_EQ(vdev_cfg_read(vdev, pm + PCI_PM_CTRL, 2) &
			  PCI_PM_CTRL_STATE_MASK,
		  PM_D0);
	ASSERT(vdev_cfg_read(vdev, PCI_COMMAND, 2) & PCI_COMMAND_MEMORY);
	vdev_pread(vdev, BAR0, E1000E_STATUS, &status, 4);
	ASSERT(status && status != ~0U);
}

/* An ioeventfd does not resume the device, so its write is lost. */
TEST_OVER(ioeventfd_while_asleep, BACKENDS_ALL)
{
	struct vdev *vdev = nvme_open_enabled(backend);
	int fd = sys_eventfd();
	__u64 one = 1;
	__u32 value;

	ASSERT_RC(__vdev_ioeventfd(vdev, BAR0, NVME_INTMS, 4, 3, fd), 0);
	/* The same holds if the device is not suspended. */
	set_runtime_control(vdev->bdf, "on");
	ASSERT_RC(__low_power_enter(vdev), 0);
	ASSERT(write(fd, &one, sizeof(one)) == sizeof(one));
	vdev_pread(vdev, BAR0, NVME_INTMS, &value, 4);
	ASSERT_EQ(value, 0);
	set_runtime_control(vdev->bdf, "auto");
	wait_runtime_status(vdev->bdf, "suspended");
	ASSERT(write(fd, &one, sizeof(one)) == sizeof(one));
	ASSERT_RC(__low_power_exit(vdev), 0);
	vdev_pread(vdev, BAR0, NVME_INTMS, &value, 4);
	ASSERT_EQ(value, 0);
	ASSERT(write(fd, &one, sizeof(one)) == sizeof(one));
	vdev_pread(vdev, BAR0, NVME_INTMS, &value, 4);
	ASSERT_EQ(value, 3);
}

/* The same holds for I/O ports. */
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
	ASSERT_RC(__low_power_enter(vdev), 0);
	ASSERT(write(fd, &one, sizeof(one)) == sizeof(one));
	vdev_pread(vdev, bar, 0, &value, 4);
	ASSERT_EQ(value, 0);
	set_runtime_control(vdev->bdf, "auto");
	ASSERT_RC(__low_power_exit(vdev), 0);
	ASSERT(write(fd, &one, sizeof(one)) == sizeof(one));
	vdev_pread(vdev, bar, 0, &value, 4);
	ASSERT_EQ(value, 8);
}

/*
 * Map the registers of a device by sysfs. vfio-pci does not know of this
 * mapping, so it does not revoke a DMA mapping of it.
 */
static void *mmap_resource0(const char *bdf)
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
 * edu has no power states, so another device can make it raise INTx while it is
 * suspended. INTx is signaled on resume. The other device is in a container,
 * which maps memory that is not revoked.
 */
TEST_OVER(intx_while_asleep, BACKENDS_ALL)
{
	const char *bdf = pci_need(TESTDEV_EDU0);
	struct edu *peer = edu_open(pci_need(TESTDEV_EDU1), BACKEND_CONTAINER);
	struct space *space = peer->vdev->space;
	__u32 *ram = sys_mmap_anon(PAGE);
	int event = sys_eventfd();
	struct edu *edu;

	space_map(space, ram, RAM_IOVA, PAGE);
	space_map(space, mmap_resource0(bdf), BAR_IOVA, PAGE);
	edu = edu_open(bdf, backend);
	vdev_irq_enable(edu->vdev, VFIO_PCI_INTX_IRQ_INDEX, 0, &event, 1);
	*ram = 1;
	edu_load(peer, RAM_IOVA, 4);
	low_power_suspend(edu->vdev);
	edu_store(peer, BAR_IOVA + EDU_IRQ_RAISE, 4);
	ASSERT_EQ(sys_eventfd_take(event), 0);
	ASSERT_RC(__low_power_exit(edu->vdev), 0);
	sys_eventfd_wait(event);
	ASSERT_EQ(sys_eventfd_take(event), 1);
	ASSERT_EQ(edu_irq_status(edu), 1);
	edu_ack(edu, 1);
	vdev_intx_unmask(edu->vdev);

	/* INTx that user space has masked remains masked. */
	vdev_intx_mask(edu->vdev);
	edu_raise(edu, 2);
	low_power_suspend(edu->vdev);
	ASSERT_RC(__low_power_exit(edu->vdev), 0);
	ASSERT_EQ(edu_irq_status(edu), 2);
	ASSERT_EQ(sys_eventfd_take(event), 0);
	vdev_intx_unmask(edu->vdev);
	sys_eventfd_wait(event);
	edu_ack(edu, 2);
}

/* Unmasking by eventfd takes effect when the device resumes, not before. */
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
	low_power_suspend(edu->vdev);
	ASSERT(write(unmask, &one, sizeof(one)) == sizeof(one));
	ASSERT_EQ(sys_eventfd_take(event), 0);
	wait_runtime_status(edu->vdev->bdf, "suspended");
	ASSERT_RC(__low_power_exit(edu->vdev), 0);
	sys_eventfd_wait(event);
	ASSERT_EQ(sys_eventfd_take(event), 1);
	edu_ack(edu, 1);
	vdev_intx_unmask(edu->vdev);
}
