// SPDX-License-Identifier: GPL-2.0-only
/* Waiting for the next refresh: a uevent of a device, or two seconds. */
#include <err.h>
#include <libudev.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>

#include "iommuctl.h"
#include "root.h"
#include "watch.h"

#define WATCH_INTERVAL_MS 2000

struct watch {
	struct udev *udev;
	struct udev_monitor *monitor;
};

static volatile sig_atomic_t watch_interrupted;

static void watch_handler(int signal)
{
	watch_interrupted = signal;
}

/* Without uevents, as in a container, time alone decides. */
static void watch_monitor(struct watch *watch)
{
	watch->udev = udev_new();
	if (!watch->udev)
		return;
	watch->monitor = udev_monitor_new_from_netlink(watch->udev, "kernel");
	if (!watch->monitor)
		return;
	udev_monitor_filter_add_match_subsystem_devtype(watch->monitor, "pci",
							NULL);
	udev_monitor_filter_add_match_subsystem_devtype(watch->monitor,
							"vfio-dev", NULL);
	udev_monitor_filter_add_match_subsystem_devtype(watch->monitor, "vfio",
							NULL);
	udev_monitor_enable_receiving(watch->monitor);
}

struct watch *watch_start(void)
{
	/* No SA_RESTART: poll() has to return. */
	struct sigaction action = { .sa_handler = watch_handler };
	struct watch *watch = calloc(1, sizeof(*watch));

	if (!watch)
		errx(EXIT_FAULT, "out of memory");
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	if (root_is_machine())
		watch_monitor(watch);
	return watch;
}

bool watch_wait(struct watch *watch)
{
	struct pollfd event = {
		.fd = watch->monitor ? udev_monitor_get_fd(watch->monitor) : -1,
		.events = POLLIN,
	};
	struct udev_device *device;

	if (!watch_interrupted && poll(&event, 1, WATCH_INTERVAL_MS) > 0) {
		while ((device = udev_monitor_receive_device(watch->monitor)))
			udev_device_unref(device);
	}
	return !watch_interrupted;
}

void watch_end(struct watch *watch)
{
	if (watch->monitor)
		udev_monitor_unref(watch->monitor);
	if (watch->udev)
		udev_unref(watch->udev);
	free(watch);
}
