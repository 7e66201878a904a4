// SPDX-License-Identifier: GPL-2.0-only
/* Devices that fail, or go away while they are in use, and their driver. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/pci_regs.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "container.h"
#include "harness.h"
#include "monitor.h"
#include "pci.h"
#include "sys.h"
#include "vdev.h"

#define SYSFS_PCI "/sys/bus/pci/devices"
#define VFIO_PCI "../../../drivers/vfio/pci/vfio-pci.ko"

/** struct order - what the administrator is told */
struct order {
	/** @act: what to do */
	void (*act)(const char *bdf);
	/** @bdf: the device */
	const char *bdf;
	/** @go: eventfd that says when */
	int go;
};

static void obey(void *arg)
{
	struct order *order = arg;

	sys_eventfd_wait(order->go);
	order->act(order->bdf);
}

static void go(struct order *order)
{
	uint64_t one = 1;

	ASSERT(write(order->go, &one, sizeof(one)) == sizeof(one));
}

static bool has_ended(pid_t pid)
{
	int status;

	return waitpid(pid, &status, WNOHANG) != 0;
}

/* Things of which nobody tells when they are so. */
static void wait_until(bool (*is_so)(const char *bdf), const char *bdf)
{
	unsigned int rounds = 1200;

	while (!is_so(bdf)) {
		if (!rounds--)
			FAIL("it does not come true");
		poll(NULL, 0, 50);
	}
}

static void remove_device(const char *bdf)
{
	char path[128];

	snprintf(path, sizeof(path), SYSFS_PCI "/%s/remove", bdf);
	ASSERT_RC(__sys_write_file(path, "1"), 0);
}

static void rescan(void)
{
	ASSERT_RC(__sys_write_file("/sys/bus/pci/rescan", "1"), 0);
}

static bool is_e1000e(struct vdev *vdev)
{
	return vdev_cfg_read(vdev, PCI_VENDOR_ID, 4) == 0x10d38086;
}

static bool is_gone(const char *bdf)
{
	return !pci_exists(bdf);
}

static bool is_plugged(const char *bdf __attribute__((unused)))
{
	return pci_find(TESTDEV_HOTPLUG);
}

static bool has_no_node(const char *bdf)
{
	return !pci_has_cdev(bdf);
}

/* The user is asked, and asked again, for as long as he keeps the device. */
TEST_OVER(removed_in_use, BACKENDS_ALL)
{
	const char *bdf = pci_need(TESTDEV_E1000E);
	struct order order = { remove_device, bdf, sys_eventfd() };
	int event = sys_eventfd();
	struct vdev *vdev;
	char path[64];
	pid_t pid;

	if (!backend_present(backend))
		SKIP("no %s", backend_path(backend));
	snprintf(path, sizeof(path), "/dev/vfio/%d", pci_group(bdf));
	pid = child_start(obey, &order);
	vdev = vdev_open(bdf, backend);
	vdev_enable(vdev, false);
	vdev_irq_enable(vdev, VFIO_PCI_REQ_IRQ_INDEX, 0, &event, 1);
	go(&order);
	sys_eventfd_wait(event);
	sys_eventfd_take(event);
	sys_eventfd_wait(event);
	ASSERT(!has_ended(pid));

	/* All goes on, but for what needs the device's lock, or is new. */
	ASSERT(is_e1000e(vdev));
	ASSERT_RC(__vdev_reset(vdev), -EAGAIN);
	ASSERT(!pci_has_cdev(bdf));
	if (backend != BACKEND_IOMMUFD)
		ASSERT_RC(__group_device(space_group_fd(vdev->space, bdf), bdf),
			  -ENODEV);
	vdev_close_with_space(vdev);
	child_expect(pid, 0);
	ASSERT(!pci_exists(bdf));
	ASSERT_RC(__sys_open(path, O_RDWR), -ENOENT);

	rescan();
	ASSERT(pci_exists(bdf));
	vdev = vdev_open(pci_need(TESTDEV_E1000E), backend);
	ASSERT(is_e1000e(vdev));
	vdev_close_with_space(vdev);
}

/** struct user - who has the device and does not listen */
struct user {
	/** @backend: his way to it */
	enum backend backend;
	/** @bdf: the device */
	const char *bdf;
	/** @ready: eventfd: he has it */
	int ready;
};

static void use(void *arg)
{
	struct user *user = arg;
	uint64_t one = 1;

	vdev_open(user->bdf, user->backend);
	ASSERT(write(user->ready, &one, sizeof(one)) == sizeof(one));
	for (;;)
		pause();
}

TEST_OVER(removed_from_deaf_user, BACKENDS_ALL)
{
	const char *bdf = pci_need(TESTDEV_E1000E);
	struct order order = { remove_device, bdf, sys_eventfd() };
	struct user user = { backend, bdf, sys_eventfd() };
	pid_t admin, pid;

	if (!backend_present(backend))
		SKIP("no %s", backend_path(backend));
	admin = child_start(obey, &order);
	pid = child_start(use, &user);
	sys_eventfd_wait(user.ready);
	go(&order);
	wait_until(has_no_node, bdf);
	ASSERT(!has_ended(admin));
	child_kill(pid);
	child_expect(admin, 0);
	ASSERT(!pci_exists(bdf));
	rescan();
	pci_need(TESTDEV_E1000E);
}

/* The node is open, but not bound: there is nobody to be asked. */
TEST_OVER(removed_before_bind, BACKEND_IOMMUFD)
{
	const char *bdf = pci_need(TESTDEV_E1000E);
	struct order order = { remove_device, bdf, sys_eventfd() };
	char path[128];
	pid_t pid;
	int fd;

	if (!pci_has_cdev(bdf))
		SKIP("no device node");
	pid = child_start(obey, &order);
	pci_cdev_path(bdf, path, sizeof(path));
	fd = sys_open(path, O_RDWR);
	go(&order);
	wait_until(has_no_node, bdf);
	ASSERT(!has_ended(pid));
	ASSERT_RC(__sys_open(path, O_RDWR), -ENOENT);
	ASSERT_RC(__sys_ioctl(fd, VFIO_DEVICE_RESET, NULL), -EINVAL);
	sys_close(fd);
	child_expect(pid, 0);
	rescan();
	pci_need(TESTDEV_E1000E);
}

/** struct aer_error - what /dev/aer_inject takes */
struct aer_error {
	/** @bus: of the device */
	__u8 bus;
	/** @dev: likewise */
	__u8 dev;
	/** @fn: likewise */
	__u8 fn;
	/** @uncor: Uncorrectable Error Status */
	__u32 uncor;
	/** @cor: Correctable Error Status */
	__u32 cor;
	/** @header_log: packet that was to blame */
	__u32 header_log[4];
	/** @domain: of the device */
	__u32 domain;
};

static void report_error(const char *bdf, __u32 uncor, __u32 cor)
{
	struct aer_error error = { .uncor = uncor, .cor = cor };
	unsigned int domain, bus, dev, fn;
	int fd;

	if (system("modprobe -q aer_inject aer_mask_override=1"))
		SKIP("no aer_inject");
	ASSERT(sscanf(bdf, "%x:%x:%x.%x", &domain, &bus, &dev, &fn) == 4);
	error.domain = domain;
	error.bus = (__u8)bus;
	error.dev = (__u8)dev;
	error.fn = (__u8)fn;
	fd = sys_open("/dev/aer_inject", O_WRONLY);
	if (write(fd, &error, sizeof(error)) != sizeof(error))
		FAIL("aer_inject: %s", strerror(errno));
	sys_close(fd);
}

/* What the kernel logs from now on. */
static int open_log(void)
{
	int fd = sys_open("/dev/kmsg", O_RDONLY);

	ASSERT(lseek(fd, 0, SEEK_END) >= 0);
	return fd;
}

/* The kernel is through with what it does after an error. */
static void wait_recovered(int log)
{
	struct pollfd pollfd = { .fd = log, .events = POLLIN };
	char line[1024];
	ssize_t len;

	do {
		if (poll(&pollfd, 1, 60000) != 1)
			FAIL("the kernel did not recover");
		len = read(log, line, sizeof(line) - 1);
		ASSERT(len >= 0);
		line[len] = '\0';
	} while (!strstr(line, "device recovery"));
	sys_close(log);
}

/* While the kernel recovers it locks the device, which a user would notice. */
static void break_device(const char *bdf, __u32 uncor)
{
	int log = open_log();

	report_error(bdf, uncor, 0);
	wait_recovered(log);
}

TEST_OVER(error_is_told, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_E1000E), backend);
	int event = sys_eventfd();
	unsigned int i;

	vdev_irq_enable(vdev, VFIO_PCI_ERR_IRQ_INDEX, 0, &event, 1);
	for (i = 0; i < 3; i++) {
		/* What the hardware has corrected is not told. */
		report_error(vdev->bdf, 0, PCI_ERR_COR_RCVR);
		break_device(vdev->bdf, PCI_ERR_UNC_UNSUP);
		ASSERT_EQ(sys_eventfd_take(event), 1);
		ASSERT(is_e1000e(vdev));
	}
	/*
	 * The kernel tries to reset the link, so that the device may be as new.
	 * From 7.2 on it tells again where it could not.
	 */
	break_device(vdev->bdf, PCI_ERR_UNC_MALF_TLP);
	ASSERT(sys_eventfd_take(event) >= 1);
	vdev_close_with_space(vdev);
	vdev = vdev_open(pci_need(TESTDEV_E1000E), backend);
	ASSERT(is_e1000e(vdev));
	ASSERT_RC(__vdev_reset(vdev), 0);
}

/* Nobody listens, or nobody is there. */
TEST_OVER(error_is_not_heard, BACKENDS_ALL)
{
	const char *bdf = pci_need(TESTDEV_E1000E);
	int event = sys_eventfd();
	struct vdev *vdev;

	break_device(bdf, PCI_ERR_UNC_UNSUP);
	vdev = vdev_open(bdf, backend);
	break_device(bdf, PCI_ERR_UNC_UNSUP);
	vdev_irq_enable(vdev, VFIO_PCI_ERR_IRQ_INDEX, 0, &event, 1);
	vdev_irq_disable(vdev, VFIO_PCI_ERR_IRQ_INDEX);
	break_device(bdf, PCI_ERR_UNC_UNSUP);
	ASSERT(is_e1000e(vdev));
	vdev_close_with_space(vdev);
	ASSERT_EQ(sys_eventfd_take(event), 0);
}

/* The kernel shows a device before it lets a driver have it. */
static bool is_taken(const char *bdf)
{
	return !__pci_bind_to(bdf, "vfio-pci");
}

/* Another e1000e, which vfio-pci takes: gives its address. */
static const char *plug(int monitor)
{
	const char *bdf;

	monitor_run(
		monitor, "device_add",
		"\"driver\": \"e1000e\", \"bus\": \"st-port3\", \"id\": \"st-hot\"");
	wait_until(is_plugged, NULL);
	bdf = pci_find(TESTDEV_HOTPLUG);
	wait_until(is_taken, bdf);
	return bdf;
}

/* The address of the bridge above the device. */
static const char *bridge_above(const char *bdf)
{
	char path[PATH_MAX], real[PATH_MAX];
	char *bridge;

	snprintf(path, sizeof(path), SYSFS_PCI "/%s/..", bdf);
	ASSERT(realpath(path, real));
	bridge = strdup(strrchr(real, '/') + 1);
	ASSERT(bridge);
	return bridge;
}

/* Where a bridge's Slot Control register is. */
static unsigned int slot_control(const char *bridge)
{
	unsigned int pos = pci_read_config(bridge, PCI_CAPABILITY_LIST, 1);

	for (; pos; pos = pci_read_config(bridge, pos + PCI_CAP_LIST_NEXT, 1))
		if (pci_read_config(bridge, pos, 1) == PCI_CAP_ID_EXP)
			return pos + PCI_EXP_SLTCTL;
	FAIL("no PCI Express capability");
}

#define SLOT_OFF (PCI_EXP_SLTCTL_PWR_OFF | PCI_EXP_SLTCTL_PWR_IND_OFF)

/*
 * QEMU takes the device out of a slot that loses its power. The kernel did not
 * switch it off, and it is on again when the kernel hears of it: so it finds the
 * slot empty.
 */
static void pull_out(const char *bridge)
{
	unsigned int pos = slot_control(bridge);
	unsigned int control = pci_read_config(bridge, pos, 2);

	pci_write_config(bridge, pos, 2,
			 (control & ~PCI_EXP_SLTCTL_HPIE) | SLOT_OFF);
	pci_write_config(bridge, pos, 2, control);
}

static bool is_off(const char *bridge)
{
	unsigned int control = pci_read_config(bridge, slot_control(bridge), 2);

	return (control & SLOT_OFF) == SLOT_OFF;
}

/* The last that the kernel does is to switch the slot off. */
static void wait_pulled_out(int monitor, const char *bridge, const char *bdf)
{
	wait_until(is_gone, bdf);
	wait_until(is_off, bridge);
	monitor_wait_event(monitor, "DEVICE_DELETED");
}

static void unplug(int monitor)
{
	monitor_run(monitor, "device_del", "\"id\": \"st-hot\"");
}

/* The slot can be used again when QEMU has let go of the device, too. */
static void wait_unplugged(int monitor, const char *bdf)
{
	wait_until(is_gone, bdf);
	monitor_wait_event(monitor, "DEVICE_DELETED");
}

/* What is put in the place of another is a device like any other. */
static void check_next(int monitor, const char *bdf, enum backend backend)
{
	struct vdev *vdev;
	const char *bridge;

	ASSERT(!strcmp(plug(monitor), bdf));
	bridge = bridge_above(bdf);
	vdev = vdev_open(bdf, backend);
	ASSERT(is_e1000e(vdev));
	ASSERT_RC(__vdev_reset(vdev), 0);
	vdev_close_with_space(vdev);
	pull_out(bridge);
	wait_pulled_out(monitor, bridge, bdf);
}

TEST_OVER(hot_unplug, BACKENDS_ALL)
{
	int monitor = monitor_need();
	int event = sys_eventfd();
	struct vdev *vdev;
	const char *bdf;

	if (!backend_present(backend))
		SKIP("no %s", backend_path(backend));
	/* Nobody has it. */
	bdf = plug(monitor);
	unplug(monitor);
	wait_unplugged(monitor, bdf);

	/* Its user is asked for it. */
	ASSERT(!strcmp(plug(monitor), bdf));
	vdev = vdev_open(bdf, backend);
	vdev_irq_enable(vdev, VFIO_PCI_REQ_IRQ_INDEX, 0, &event, 1);
	unplug(monitor);
	sys_eventfd_wait(event);
	ASSERT(is_e1000e(vdev));
	ASSERT(pci_exists(bdf));
	vdev_close_with_space(vdev);
	wait_unplugged(monitor, bdf);

	check_next(monitor, bdf, backend);
}

/* Nobody asked: the device is gone, and its user hears of it then. */
TEST_OVER(surprise_removal, BACKENDS_ALL)
{
	int monitor = monitor_need();
	int event = sys_eventfd();
	const char *bdf, *bridge;
	struct vdev *vdev;
	size_t size;
	void *bar;

	if (!backend_present(backend))
		SKIP("no %s", backend_path(backend));
	/* Nobody has it. */
	bdf = plug(monitor);
	bridge = bridge_above(bdf);
	pull_out(bridge);
	wait_pulled_out(monitor, bridge, bdf);

	/* Its user keeps what there was of it, and can let go of that. */
	ASSERT(!strcmp(plug(monitor), bdf));
	vdev = vdev_open(bdf, backend);
	vdev_enable(vdev, true);
	bar = vdev_mmap(vdev, VFIO_PCI_BAR0_REGION_INDEX, &size);
	space_map(vdev->space, sys_mmap_anon(PAGE), 0x100000, PAGE);
	vdev_irq_enable(vdev, VFIO_PCI_REQ_IRQ_INDEX, 0, &event, 1);
	pull_out(bridge);
	sys_eventfd_wait(event);
	ASSERT_EQ(vdev_cfg_read(vdev, PCI_CLASS_REVISION, 4), ~0U);
	mmio_write32(bar, 0, mmio_read32(bar, 0));
	sys_munmap(bar, size);
	ASSERT_RC(__vdev_reset(vdev), -EAGAIN);
	space_unmap(vdev->space, 0x100000, PAGE);
	vdev_close_with_space(vdev);
	wait_pulled_out(monitor, bridge, bdf);

	check_next(monitor, bdf, backend);
}

static int __unload(const char *module)
{
	return syscall(SYS_delete_module, module, O_NONBLOCK) ? -errno : 0;
}

TEST_OVER(modules_in_use, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_E1000E), backend);

	ASSERT_RC(__unload("vfio_pci"), -EWOULDBLOCK);
	ASSERT_RC(__unload("vfio_pci_core"), -EWOULDBLOCK);
	ASSERT_RC(__unload("vfio"), -EWOULDBLOCK);
	ASSERT(is_e1000e(vdev));
	vdev_close_with_space(vdev);
}

/* A node that is merely open keeps the driver, too. */
TEST_OVER(module_of_open_node, BACKEND_IOMMUFD)
{
	int fd = pci_open_cdev(pci_need(TESTDEV_E1000E));

	ASSERT_RC(__unload("vfio_pci"), -EWOULDBLOCK);
	sys_close(fd);
}

/* The driver goes, with devices bound, and comes again. */
TEST_OVER(module_reload, BACKENDS_ALL)
{
	const char *bdf = pci_need(TESTDEV_E1000E);
	struct vdev *vdev;
	int fd;

	if (!backend_present(BACKEND_IOMMUFD) || !backend_present(backend))
		SKIP("not our modules");
	fd = __sys_open(VFIO_PCI, O_RDONLY);
	if (fd < 0)
		SKIP("no %s", VFIO_PCI);
	pci_need(TESTDEV_EDU0);
	vdev = vdev_open(bdf, backend);
	vdev_close_with_space(vdev);
	ASSERT_RC(__unload("vfio_pci"), 0);
	ASSERT(!pci_has_cdev(bdf));
	ASSERT(!syscall(SYS_finit_module, fd, "", 0));
	sys_close(fd);
	vdev = vdev_open(pci_need(TESTDEV_E1000E), backend);
	ASSERT(is_e1000e(vdev));
	vdev_close_with_space(vdev);
}
