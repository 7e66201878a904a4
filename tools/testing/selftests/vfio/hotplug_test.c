// SPDX-License-Identifier: GPL-2.0-only
/* Errors, removal and hot unplug of devices in use, and module removal. */
#include <errno.h>
#include <fcntl.h>
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
#include "klog.h"
#include "monitor.h"
#include "pci.h"
#include "slot.h"
#include "sys.h"
#include "vdev.h"

#define SYSFS_PCI "/sys/bus/pci/devices"
#define VFIO_PCI_MODULE "../../../drivers/vfio/pci/vfio-pci.ko"

#define HOTPLUG_IOVA 0x100000
/* IDs of the e1000e, as read from PCI_VENDOR_ID */
#define E1000E_PCI_IDS 0x10d38086

/** struct admin_op - an operation of the administrator, made by a child */
struct admin_op {
	/** @fn: does the operation */
	void (*fn)(const char *bdf);
	/** @bdf: the device */
	const char *bdf;
	/** @start: eventfd that starts the operation */
	int start;
};

static void admin_run(void *arg)
{
	struct admin_op *op = arg;

	sys_eventfd_wait(op->start);
	op->fn(op->bdf);
}

static void admin_start(struct admin_op *op)
{
	uint64_t one = 1;

	ASSERT(write(op->start, &one, sizeof(one)) == sizeof(one));
}

static bool child_has_exited(pid_t pid)
{
	int status;

	return waitpid(pid, &status, WNOHANG) != 0;
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
	return vdev_cfg_read(vdev, PCI_VENDOR_ID, 4) == E1000E_PCI_IDS;
}

static bool is_removed(const char *bdf)
{
	return !pci_exists(bdf);
}

static bool has_no_node(const char *bdf)
{
	return !pci_has_cdev(bdf);
}

/* The request to release the device is repeated until the user closes it. */
TEST_OVER(removed_in_use, BACKENDS_ALL)
{
	const char *bdf = pci_need(TESTDEV_E1000E);
	struct admin_op op = { remove_device, bdf, sys_eventfd() };
	int event = sys_eventfd();
	int log = klog_open();
	struct vdev *vdev;
	char path[64];
	pid_t pid;

	if (!backend_present(backend))
		SKIP("no %s", backend_path(backend));
	snprintf(path, sizeof(path), "/dev/vfio/%d", pci_group(bdf));
	pid = child_start(admin_run, &op);
	vdev = vdev_open(bdf, backend);
	vdev_enable(vdev, false);
	vdev_irq_enable(vdev, VFIO_PCI_REQ_IRQ_INDEX, 0, &event, 1);
	admin_start(&op);
	sys_eventfd_wait(event);
	sys_eventfd_take(event);
	sys_eventfd_wait(event);
	ASSERT(!child_has_exited(pid));
	ASSERT(klog_has(log, "Relaying device request to user (#0)"));

	/*
	 * The device works, except for calls that need the device lock and for
	 * opening it again.
	 */
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

/** struct user - a process that does not react to requests */
struct user {
	/** @backend: backend to open the device by */
	enum backend backend;
	/** @bdf: the device */
	const char *bdf;
	/** @ready: eventfd that is signaled when the device is open */
	int ready;
};

static void user_run(void *arg)
{
	struct user *user = arg;
	uint64_t one = 1;

	vdev_open(user->bdf, user->backend);
	ASSERT(write(user->ready, &one, sizeof(one)) == sizeof(one));
	for (;;)
		pause();
}

TEST_OVER(removed_without_release, BACKENDS_ALL)
{
	const char *bdf = pci_need(TESTDEV_E1000E);
	struct admin_op op = { remove_device, bdf, sys_eventfd() };
	struct user user = { backend, bdf, sys_eventfd() };
	int log = klog_open();
	pid_t admin, pid;

	if (!backend_present(backend))
		SKIP("no %s", backend_path(backend));
	admin = child_start(admin_run, &op);
	pid = child_start(user_run, &user);
	sys_eventfd_wait(user.ready);
	admin_start(&op);
	slot_wait_until(has_no_node, bdf);
	ASSERT(!child_has_exited(admin));
	while (!klog_has(
		log,
		"No device request channel registered, blocked until released by user"))
		poll(NULL, 0, 50);
	child_kill(pid);
	child_expect(admin, 0);
	ASSERT(!pci_exists(bdf));
	rescan();
	pci_need(TESTDEV_E1000E);
}

/* The node is open but not bound, so there is no request to the user. */
TEST_OVER(removed_before_bind, BACKEND_IOMMUFD)
{
	const char *bdf = pci_need(TESTDEV_E1000E);
	struct admin_op op = { remove_device, bdf, sys_eventfd() };
	char path[128];
	pid_t pid;
	int fd;

	if (!pci_has_cdev(bdf))
		SKIP("no device node");
	pid = child_start(admin_run, &op);
	pci_cdev_path(bdf, path, sizeof(path));
	fd = sys_open(path, O_RDWR);
	admin_start(&op);
	slot_wait_until(has_no_node, bdf);
	ASSERT(!child_has_exited(pid));
	ASSERT_RC(__sys_open(path, O_RDWR), -ENOENT);
	ASSERT_RC(__sys_ioctl(fd, VFIO_DEVICE_RESET, NULL), -EINVAL);
	sys_close(fd);
	child_expect(pid, 0);
	rescan();
	pci_need(TESTDEV_E1000E);
}

/** struct aer_error - an error to write to /dev/aer_inject */
struct aer_error {
	/** @bus: PCI bus of the device */
	__u8 bus;
	/** @dev: device number */
	__u8 dev;
	/** @fn: function number */
	__u8 fn;
	/** @uncor: bits of Uncorrectable Error Status */
	__u32 uncor;
	/** @cor: bits of Correctable Error Status */
	__u32 cor;
	/** @header_log: header of the packet that caused the error */
	__u32 header_log[4];
	/** @domain: PCI domain of the device */
	__u32 domain;
};

static void inject_error(const char *bdf, __u32 uncor, __u32 cor)
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

/* Open the kernel log at its end. */
static int open_log(void)
{
	int fd = sys_open("/dev/kmsg", O_RDONLY);

	ASSERT(lseek(fd, 0, SEEK_END) >= 0);
	return fd;
}

/* Wait until the kernel has completed its recovery from an error. */
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

/* Wait for the recovery, because the kernel holds the device lock during it. */
static void inject_and_recover(const char *bdf, __u32 uncor)
{
	int log = open_log();

	inject_error(bdf, uncor, 0);
	wait_recovered(log);
}

TEST_OVER(error_is_signaled, BACKENDS_ALL)
{
	struct vdev *vdev = vdev_open(pci_need(TESTDEV_E1000E), backend);
	int event = sys_eventfd();
	unsigned int i;

	vdev_irq_enable(vdev, VFIO_PCI_ERR_IRQ_INDEX, 0, &event, 1);
	for (i = 0; i < 3; i++) {
		/* Errors that the hardware has corrected are not signaled. */
		inject_error(vdev->bdf, 0, PCI_ERR_COR_RCVR);
		inject_and_recover(vdev->bdf, PCI_ERR_UNC_UNSUP);
		ASSERT_EQ(sys_eventfd_take(event), 1);
		ASSERT(is_e1000e(vdev));
	}
	/*
	 * The kernel tries to reset the link, which may reset the device. New
	 * kernels report a second error if the reset fails.
	 */
	inject_and_recover(vdev->bdf, PCI_ERR_UNC_MALF_TLP);
	ASSERT(sys_eventfd_take(event) >= 1);
	vdev_close_with_space(vdev);
	vdev = vdev_open(pci_need(TESTDEV_E1000E), backend);
	ASSERT(is_e1000e(vdev));
	ASSERT_RC(__vdev_reset(vdev), 0);
}

/* Errors without an eventfd, and errors while the device is closed. */
TEST_OVER(error_is_not_signaled, BACKENDS_ALL)
{
	const char *bdf = pci_need(TESTDEV_E1000E);
	int event = sys_eventfd();
	struct vdev *vdev;

	inject_and_recover(bdf, PCI_ERR_UNC_UNSUP);
	vdev = vdev_open(bdf, backend);
	inject_and_recover(bdf, PCI_ERR_UNC_UNSUP);
	vdev_irq_enable(vdev, VFIO_PCI_ERR_IRQ_INDEX, 0, &event, 1);
	vdev_irq_disable(vdev, VFIO_PCI_ERR_IRQ_INDEX);
	inject_and_recover(bdf, PCI_ERR_UNC_UNSUP);
	ASSERT(is_e1000e(vdev));
	vdev_close_with_space(vdev);
	ASSERT_EQ(sys_eventfd_take(event), 0);
}

/* Plug in an e1000e and bind it to vfio-pci. Return: its address. */
static const char *plug(int monitor)
{
	return slot_plug(monitor, "st-port3", "st-hot", TESTDEV_HOTPLUG);
}

#define SLOT_OFF (PCI_EXP_SLTCTL_PWR_OFF | PCI_EXP_SLTCTL_PWR_IND_OFF)

/*
 * QEMU removes the device from a slot that is powered off. The kernel has not
 * powered it off, and the slot is on again when the kernel handles the
 * interrupt, so the kernel finds the slot empty.
 */
static void surprise_remove(const char *bridge)
{
	unsigned int pos = slot_control(bridge);
	unsigned int control = pci_read_config(bridge, pos, 2);

	pci_write_config(bridge, pos, 2,
			 (control & ~PCI_EXP_SLTCTL_HPIE) | SLOT_OFF);
	pci_write_config(bridge, pos, 2, control);
}

static bool is_powered_off(const char *bridge)
{
	unsigned int control = pci_read_config(bridge, slot_control(bridge), 2);

	return (control & SLOT_OFF) == SLOT_OFF;
}

/* As its last step, the kernel powers the slot off. */
static void wait_surprise_removed(int monitor, const char *bridge,
				  const char *bdf)
{
	slot_wait_until(is_removed, bdf);
	slot_wait_until(is_powered_off, bridge);
	monitor_wait_event(monitor, "DEVICE_DELETED");
}

static void unplug(int monitor)
{
	monitor_run(monitor, "device_del", "\"id\": \"st-hot\"");
}

/* The slot can be used again after QEMU has deleted the device as well. */
static void wait_unplugged(int monitor, const char *bdf)
{
	slot_wait_until(is_removed, bdf);
	monitor_wait_event(monitor, "DEVICE_DELETED");
}

/* A device that is plugged into the same slot works. */
static void check_next_device(int monitor, const char *bdf,
			      enum backend backend)
{
	struct vdev *vdev;
	const char *bridge;

	ASSERT(!strcmp(plug(monitor), bdf));
	bridge = pci_bridge_above(bdf);
	vdev = vdev_open(bdf, backend);
	ASSERT(is_e1000e(vdev));
	ASSERT_RC(__vdev_reset(vdev), 0);
	vdev_close_with_space(vdev);
	surprise_remove(bridge);
	wait_surprise_removed(monitor, bridge, bdf);
}

TEST_OVER(hot_unplug, BACKENDS_ALL)
{
	int monitor = monitor_need();
	int event = sys_eventfd();
	struct vdev *vdev;
	const char *bdf;

	if (!backend_present(backend))
		SKIP("no %s", backend_path(backend));
	/* Without a user */
	bdf = plug(monitor);
	unplug(monitor);
	wait_unplugged(monitor, bdf);

	/* With a user, who is requested to release the device */
	ASSERT(!strcmp(plug(monitor), bdf));
	vdev = vdev_open(bdf, backend);
	vdev_irq_enable(vdev, VFIO_PCI_REQ_IRQ_INDEX, 0, &event, 1);
	unplug(monitor);
	sys_eventfd_wait(event);
	ASSERT(is_e1000e(vdev));
	ASSERT(pci_exists(bdf));
	vdev_close_with_space(vdev);
	wait_unplugged(monitor, bdf);

	check_next_device(monitor, bdf, backend);
}

/* Surprise removal: the user gets a request after the device was removed. */
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
	/* Without a user */
	bdf = plug(monitor);
	bridge = pci_bridge_above(bdf);
	surprise_remove(bridge);
	wait_surprise_removed(monitor, bridge, bdf);

	/* The user keeps its files and mappings, and can release them. */
	ASSERT(!strcmp(plug(monitor), bdf));
	vdev = vdev_open(bdf, backend);
	vdev_enable(vdev, true);
	bar = vdev_mmap(vdev, VFIO_PCI_BAR0_REGION_INDEX, &size);
	space_map(vdev->space, sys_mmap_anon(PAGE), HOTPLUG_IOVA, PAGE);
	vdev_irq_enable(vdev, VFIO_PCI_REQ_IRQ_INDEX, 0, &event, 1);
	surprise_remove(bridge);
	sys_eventfd_wait(event);
	ASSERT_EQ(vdev_cfg_read(vdev, PCI_CLASS_REVISION, 4), ~0U);
	mmio_write32(bar, 0, mmio_read32(bar, 0));
	sys_munmap(bar, size);
	ASSERT_RC(__vdev_reset(vdev), -EAGAIN);
	space_unmap(vdev->space, HOTPLUG_IOVA, PAGE);
	vdev_close_with_space(vdev);
	wait_surprise_removed(monitor, bridge, bdf);

	check_next_device(monitor, bdf, backend);
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

/* An open node that is not bound holds the module as well. */
TEST_OVER(module_of_open_node, BACKEND_IOMMUFD)
{
	int fd = pci_open_cdev(pci_need(TESTDEV_E1000E));

	ASSERT_RC(__unload("vfio_pci"), -EWOULDBLOCK);
	sys_close(fd);
}

/* Unload the driver while devices are bound, and load it again. */
TEST_OVER(module_reload, BACKENDS_ALL)
{
	const char *bdf = pci_need(TESTDEV_E1000E);
	struct vdev *vdev;
	int fd;

	if (!backend_present(BACKEND_IOMMUFD) || !backend_present(backend))
		SKIP("not our modules");
	fd = __sys_open(VFIO_PCI_MODULE, O_RDONLY);
	if (fd < 0)
		SKIP("no %s", VFIO_PCI_MODULE);
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
