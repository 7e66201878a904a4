// SPDX-License-Identifier: GPL-2.0-only
/* PCI devices and their events. */
#include "device.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <limits.h>
#include <linux/pci_regs.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "container.h"
#include "harness.h"
#include "mock_pci.h"
#include "pass.h"
#include "pci.h"
#include "resource.h"
#include "sample.h"
#include "sys.h"

#define SYSFS_PCI "/sys/bus/pci/devices"
#define MOCK_VENDOR 0x1af4
#define MOCK_DEVICE 0x1fff
#define NR_MOCKS 2
/* Time to wait for a bus, which may have to wait for the program */
#define BUS_MS 2000
#define VALUE_TEXT(value) VALUE_TEXT_(value)
#define VALUE_TEXT_(value) #value

static const enum testdev testdevs[NR_HOST_DEVICES] = {
	[DEVICE_EDU0] = TESTDEV_EDU0,	    [DEVICE_EDU1] = TESTDEV_EDU1,
	[DEVICE_SHARED0] = TESTDEV_SHARED0, [DEVICE_SHARED1] = TESTDEV_SHARED1,
	[DEVICE_SHMEM] = TESTDEV_SHMEM,	    [DEVICE_NIC] = TESTDEV_E1000E,
};

static const char *host_bdfs[NR_HOST_DEVICES];
static unsigned int mock_domain;
static int event_sock = -1;

/* Find the devices and bind them to vfio-pci; there may be none. */
void devices_find(void)
{
	sample_load();
	for (unsigned int i = 0; i < NR_HOST_DEVICES; i++) {
		host_bdfs[i] = pci_find(testdevs[i]);
		if (host_bdfs[i])
			pci_bind(pci_need(testdevs[i]));
	}
}

/**
 * devices_restore() - undo all events, once the program has ended
 *
 * Return: false if a device is not as it was.
 */
bool devices_restore(void)
{
	bool good = true;

	for (unsigned int i = 0; i < NR_HOST_DEVICES; i++) {
		if (!host_bdfs[i])
			continue;
		if (!pci_exists(host_bdfs[i]))
			__sys_write_file("/sys/bus/pci/rescan", "1");
		good &= !__pci_bind_to(host_bdfs[i], "vfio-pci");
	}
	return good;
}

/* Return the name in sysfs, which of a PCI device is its address, or NULL. */
const char *device_name(unsigned int device)
{
	static _Thread_local char text[40];

	device %= NR_FUZZ_DEVICES;
	if (device < NR_HOST_DEVICES)
		return host_bdfs[device];
	if (device == DEVICE_SAMPLE)
		return "vfio_sample.0";
	if (device == DEVICE_PLAIN)
		return "vfio_sample." VALUE_TEXT(VFIO_SAMPLE_PLAIN);
	if (!mock_domain)
		return NULL;
	snprintf(text, sizeof(text), "%04x:00:%02x.0", mock_domain,
		 device - DEVICE_MOCK0);
	return text;
}

bool device_is_ram(unsigned int device)
{
	return device == DEVICE_SHMEM;
}

static bool device_dir(unsigned int device, char *dir, size_t size)
{
	const char *name = device_name(device);

	if (!name)
		return false;
	snprintf(dir, size, "/sys/bus/%s/devices/%s",
		 device % NR_FUZZ_DEVICES >= DEVICE_SAMPLE ? "platform" : "pci",
		 name);
	return true;
}

int device_open_cdev(unsigned int device)
{
	char path[PATH_MAX];
	int ret = -ENODEV;
	glob_t found;

	if (!device_dir(device, path, sizeof(path) / 2))
		return ret;
	strcat(path, "/vfio-dev/*");
	if (glob(path, 0, NULL, &found))
		return ret;
	snprintf(path, sizeof(path), "/dev/vfio/devices/%s",
		 strrchr(found.gl_pathv[0], '/') + 1);
	globfree(&found);
	return __sys_open(path, O_RDWR);
}

int device_open_group(unsigned int device)
{
	char path[PATH_MAX], target[PATH_MAX];
	ssize_t len;

	if (!device_dir(device, path, sizeof(path) / 2))
		return -ENODEV;
	strcat(path, "/iommu_group");
	len = readlink(path, target, sizeof(target) - 1);
	if (len < 0)
		return -errno;
	target[len] = '\0';
	return __group_open_nr(atoi(strrchr(target, '/') + 1));
}

/* A function with power management, PCI Express, ATS and PASIDs. */
static void make_image(struct mock_pci_image *image)
{
	mock_image(image, MOCK_VENDOR, MOCK_DEVICE, MOCK_CLASS_NETWORK);
	image->config[PCI_CAPABILITY_LIST] = 0x40;
	mock_image_cap(image, 0x40, PCI_CAP_ID_PM, 0x50);
	mock_image_cap(image, 0x50, PCI_CAP_ID_EXP, 0);
	mock_put16(image->config + 0x50 + PCI_EXP_FLAGS, 2);
	mock_put32(image->config + 0x100, PCI_EXT_CAP_ID_PASID | 1 << 16);
	mock_put16(image->config + 0x100 + PCI_PASID_CAP, 20 << 8);
	mock_put16(image->writable + 0x100 + PCI_PASID_CTRL, 7);
	image->pasid = 1;
}

static void bind_mock(unsigned int function)
{
	const char *bdf = device_name(DEVICE_MOCK0 + function);
	char path[128];

	snprintf(path, sizeof(path), SYSFS_PCI "/%s/driver_override", bdf);
	__sys_write_file(path, "vfio-pci");
	__sys_write_file("/sys/bus/pci/drivers_probe", bdf);
}

/* Create a bus with two functions, bind them to vfio-pci, and pass it on. */
static void create_bus(int sock)
{
	struct mock_pci_bus_info info;
	struct mock_pci_image image;
	int fd = __sys_open("/dev/iommufd_mock_pci", O_RDWR);

	if (fd < 0)
		return;
	if (read(fd, &info, sizeof(info)) == sizeof(info)) {
		mock_domain = info.domain;
		make_image(&image);
		for (unsigned int i = 0; i < NR_MOCKS; i++) {
			if (write(fd, &image, sizeof(image)) == sizeof(image))
				bind_mock(i);
		}
		pass_fd(sock, fd, info.domain);
	}
	close(fd);
}

static void write_attr(const char *bdf, const char *attr, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), SYSFS_PCI "/%s/%s", bdf, attr);
	__sys_write_file(path, text);
}

static void do_event(const char *bdf, enum device_event event)
{
	switch (event) {
	case EVENT_UNBIND:
		write_attr(bdf, "driver/unbind", bdf);
		break;
	case EVENT_REBIND:
		write_attr(bdf, "driver/unbind", bdf);
		__sys_write_file("/sys/bus/pci/drivers_probe", bdf);
		break;
	case EVENT_BIND:
		__sys_write_file("/sys/bus/pci/drivers_probe", bdf);
		break;
	case EVENT_REMOVE:
		write_attr(bdf, "remove", "1");
		break;
	case EVENT_RESCAN:
		__sys_write_file("/sys/bus/pci/rescan", "1");
		break;
	case EVENT_RESET:
		write_attr(bdf, "reset", "1");
		break;
	default:
		write_attr(bdf, "power/control", "on");
		write_attr(bdf, "power/control", "auto");
		break;
	}
}

static void serve_events(int sock)
{
	unsigned char event[2];

	while (read(sock, event, sizeof(event)) == sizeof(event)) {
		if (event[1] == EVENT_BUS)
			create_bus(sock);
		else if (host_bdfs[event[0]])
			do_event(host_bdfs[event[0]], event[1]);
	}
	_exit(0);
}

/**
 * device_events_start() - start a process that makes events
 *
 * Return: its ID. It ends after the last event once device_events_end() was
 *	called and the program has ended.
 */
pid_t device_events_start(void)
{
	int socks[2];
	pid_t pid;

	ASSERT(!socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, socks));
	event_sock = resource_hide(socks[1]);
	pid = fork();
	ASSERT(pid >= 0);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(event_sock);
		serve_events(socks[0]);
	}
	close(socks[0]);
	return pid;
}

void device_events_end(void)
{
	close(event_sock);
	event_sock = -1;
}

static void send_event(unsigned int device, enum device_event event)
{
	unsigned char message[2] = { device, event };

	if (event_sock >= 0 &&
	    send(event_sock, message, sizeof(message), MSG_NOSIGNAL) < 0)
		return;
}

void device_event_send(unsigned int device, unsigned int event)
{
	send_event(device % NR_HOST_DEVICES, event % NR_DEVICE_EVENTS);
}

/**
 * device_open_bus() - create a bus with two functions, bound to vfio-pci
 *
 * To create a bus takes the lock that is held while a device is removed. The
 * removal may wait for a device that the program has open, and the program
 * cannot be killed while it waits for the lock. So the process that makes
 * events creates the bus.
 *
 * Return: its descriptor, or a negative errno.
 */
int device_open_bus(void)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	__u32 domain;
	int fd;

	pthread_mutex_lock(&lock);
	send_event(0, EVENT_BUS);
	fd = take_fd(event_sock, &domain, BUS_MS);
	if (fd >= 0)
		mock_domain = domain;
	pthread_mutex_unlock(&lock);
	return fd;
}
