// SPDX-License-Identifier: GPL-2.0-only
/* Slots that are powered off together, with devices of one process in them. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness.h"
#include "monitor.h"
#include "pci.h"
#include "slot.h"
#include "sys.h"
#include "vdev.h"

#define SLOTS "/sys/bus/pci/slots"
#define NR_SLOTS 2

/** struct slots_user - a process with a device in each slot */
struct slots_user {
	/** @backend: backend to open the devices by */
	enum backend backend;
	/** @bdf: the devices, in the order in which they are opened */
	const char *bdf[NR_SLOTS];
	/** @ready: eventfd that is signaled when the devices are open */
	int ready;
};

static void slots_user_run(void *arg)
{
	struct slots_user *user = arg;
	struct space *space = space_open(user->backend);
	uint64_t one = 1;

	for (unsigned int i = 0; i < NR_SLOTS; i++)
		vdev_open_in(space, user->bdf[i]);
	ASSERT(write(user->ready, &one, sizeof(one)) == sizeof(one));
	for (;;)
		pause();
}

/* Return whether the slot in SLOTS is the one of the device. */
static bool slot_is_of(const char *slot, const char *bdf)
{
	char path[300], address[32] = "";
	FILE *file;

	snprintf(path, sizeof(path), SLOTS "/%s/address", slot);
	file = fopen(path, "re");
	if (!file)
		return false;
	if (!fgets(address, sizeof(address), file))
		address[0] = '\0';
	fclose(file);
	address[strcspn(address, "\n")] = '\0';
	return address[0] && !strncmp(address, bdf, strlen(address));
}

/* The write returns when the slot is off. */
static void power_off(void *arg)
{
	const char *bdf = arg;
	struct dirent *entry;
	char path[300] = "";
	DIR *dir;

	dir = opendir(SLOTS);
	ASSERT(dir);
	while ((entry = readdir(dir)))
		if (slot_is_of(entry->d_name, bdf))
			snprintf(path, sizeof(path), SLOTS "/%s/power",
				 entry->d_name);
	closedir(dir);
	ASSERT_RC(__sys_write_file(path, "0"), 0);
}

static bool has_no_node(const char *bdf)
{
	return !pci_has_cdev(bdf);
}

/*
 * The thread of a slot waits uninterruptibly for another one that removes a
 * device, and interruptibly for the user of its own device.
 */
static bool slot_is_waiting(const char *bdf __attribute__((unused)))
{
	struct dirent *entry;
	char path[300], name[32];
	bool found = false;
	FILE *file;
	DIR *dir;

	dir = opendir("/proc");
	ASSERT(dir);
	while (!found && (entry = readdir(dir))) {
		pid_t pid = atoi(entry->d_name);

		snprintf(path, sizeof(path), "/proc/%d/comm", pid);
		file = pid > 0 ? fopen(path, "re") : NULL;
		if (!file)
			continue;
		found = fgets(name, sizeof(name), file) &&
			strstr(name, "pciehp") &&
			sys_is_stuck(pid, "pciehp_unconfigure_device");
		fclose(file);
	}
	closedir(dir);
	return found;
}

static void need_bus_reset(const char *bdf)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/reset_method",
		 bdf);
	ASSERT_RC(__sys_write_file(path, "bus"), 0);
}

/*
 * Kill the user while the first slot waits for it and the second one for the
 * first, with the device opened first in slot @order.
 */
static void power_off_both(enum backend backend, unsigned int order)
{
	static const char *const ports[] = { "st-port3", "st-port7" };
	static const char *const ids[] = { "st-hot", "st-hot1" };
	struct slots_user user = { .backend = backend, .ready = sys_eventfd() };
	const char *bdf[NR_SLOTS];
	int monitor = monitor_need();
	pid_t pid, off[NR_SLOTS];

	for (unsigned int i = 0; i < NR_SLOTS; i++) {
		bdf[i] = slot_plug(monitor, ports[i], ids[i],
				   TESTDEV_HOTPLUG + i);
		need_bus_reset(bdf[i]);
		user.bdf[i ^ order] = bdf[i];
	}
	pid = child_start(slots_user_run, &user);
	sys_eventfd_wait(user.ready);

	off[0] = child_start(power_off, (void *)bdf[0]);
	slot_wait_until(has_no_node, bdf[0]);
	off[1] = child_start(power_off, (void *)bdf[1]);
	slot_wait_until(slot_is_waiting, NULL);

	child_kill(pid);
	for (unsigned int i = 0; i < NR_SLOTS; i++) {
		child_expect(off[i], 0);
		ASSERT(!pci_exists(bdf[i]));
		monitor_wait_event(monitor, "DEVICE_DELETED");
	}
	sys_close(monitor);
}

/* Slots go off although closing a device would reset a slot that waits. */
TEST_OVER(user_of_both_is_killed, BACKENDS_ALL)
{
	if (!backend_present(backend))
		SKIP("no %s", backend_path(backend));
	for (unsigned int order = 0; order < NR_SLOTS; order++)
		power_off_both(backend, order);
}
