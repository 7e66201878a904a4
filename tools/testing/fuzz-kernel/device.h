/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The PCI devices that programs open, and events of these devices. Events that
 * wait for the users of a device are made by a process that has no files of the
 * program.
 */
#ifndef FUZZ_KERNEL_DEVICE_H
#define FUZZ_KERNEL_DEVICE_H

#include <stdbool.h>
#include <sys/types.h>

/* enum fuzz_device - devices; mock0 and mock1 are on the bus of the program */
enum fuzz_device {
	DEVICE_EDU0,
	DEVICE_EDU1,
	DEVICE_SHARED0,
	DEVICE_SHARED1,
	DEVICE_SHMEM,
	DEVICE_NIC,
	NR_HOST_DEVICES,
	DEVICE_MOCK0 = NR_HOST_DEVICES,
	DEVICE_MOCK1,
	/* devices of vfio_sample.ko, with and without dma_unmap() */
	DEVICE_SAMPLE,
	DEVICE_PLAIN,
	NR_FUZZ_DEVICES,
};

/* enum device_event - events */
enum device_event {
	EVENT_UNBIND,
	EVENT_BIND,
	EVENT_REBIND,
	EVENT_REMOVE,
	EVENT_RESCAN,
	EVENT_RESET,
	EVENT_SUSPEND,
	NR_DEVICE_EVENTS,
	/* creates a bus, see device_open_bus() */
	EVENT_BUS = NR_DEVICE_EVENTS,
};

void devices_find(void);
bool devices_restore(void);
pid_t device_events_start(void);
void device_events_end(void);
void device_event_send(unsigned int device, unsigned int event);
const char *device_name(unsigned int device);
int device_open_cdev(unsigned int device);
int device_open_group(unsigned int device);
int device_open_bus(void);
bool device_is_ram(unsigned int device);

#endif
