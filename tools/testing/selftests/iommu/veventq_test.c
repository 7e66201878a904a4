// SPDX-License-Identifier: GPL-2.0-only
/* Queues of events of a vIOMMU. */
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <unistd.h>

#include "harness.h"
#include "ioas.h"
#include "mock.h"
#include "sys.h"
#include "uffd.h"

#define VIRT_ID 0x99

/** struct events - a vIOMMU with a queue */
struct events {
	/** @fd: /dev/iommu */
	int fd;
	/** @ioas: the IOAS */
	__u32 ioas;
	/** @dev: a device behind the vIOMMU */
	struct mock_dev dev;
	/** @viommu: the vIOMMU */
	__u32 viommu;
	/** @queue: file of the queue */
	int queue;
	/** @mem: memory for the events that are read, a page */
	void *mem;
};

static void events_alloc_viommu(struct events *events)
{
	__u32 parent;

	ASSERT_RC(__hwpt_alloc(events->fd, events->dev.idev, events->ioas,
			       IOMMU_HWPT_ALLOC_NEST_PARENT, &parent),
		  0);
	events->viommu = mock_viommu(events->fd, events->dev.idev, parent);
}

/* Events are reported for a device that is attached through the vIOMMU. */
static void events_attach(struct events *events)
{
	const struct iommu_hwpt_selftest data = {
		.iotlb = IOMMU_TEST_IOTLB_DEFAULT,
	};
	struct iommu_vdevice_alloc vdevice = {
		.size = sizeof(vdevice),
		.viommu_id = events->viommu,
		.dev_id = events->dev.idev,
		.virt_id = VIRT_ID,
	};
	__u32 nested;

	ASSERT_RC(__sys_ioctl(events->fd, IOMMU_VDEVICE_ALLOC, &vdevice), 0);
	ASSERT_RC(__mock_hwpt(events->fd, events->dev.idev, events->viommu, 0,
			      &data, &nested),
		  0);
	ASSERT_RC(__mock_replace(events->fd, events->dev.stdev, nested), 0);
}

static void events_setup(struct events *events)
{
	struct iommu_veventq_alloc cmd = {
		.size = sizeof(cmd),
		.type = IOMMU_VEVENTQ_TYPE_SELFTEST,
		.veventq_depth = 4,
	};

	mock_load();
	*events = (struct events){ .fd = iommufd_open() };
	events->ioas = ioas_alloc(events->fd);
	mock_dev(events->fd, events->ioas, 0, &events->dev);
	events_alloc_viommu(events);
	events_attach(events);
	cmd.viommu_id = events->viommu;
	ASSERT_RC(__sys_ioctl(events->fd, IOMMU_VEVENTQ_ALLOC, &cmd), 0);
	events->queue = (int)cmd.out_veventq_fd;
	events->mem = sys_mmap_anon(PAGE);
}

static void events_trigger(const struct events *events)
{
	struct iommu_test_cmd cmd = {
		.trigger_vevent.dev_id = events->dev.idev,
	};

	ASSERT_RC(__mock_op(events->fd, IOMMU_TEST_OP_TRIGGER_VEVENT, 0, &cmd),
		  0);
}

/** struct one_event - what a reader gets of one event */
struct one_event {
	/** @header: its number */
	struct iommufd_vevent_header header;
	/** @data: its payload */
	struct iommu_viommu_event_selftest data;
};

static void *events_read(void *arg)
{
	struct events *events = arg;

	ASSERT_EQ(read(events->queue, events->mem, sizeof(struct one_event)),
		  sizeof(struct one_event));
	return NULL;
}

static void events_read_in_child(void *arg)
{
	struct events *events = arg;
	struct one_event event;

	ASSERT_EQ(read(events->queue, &event, sizeof(event)), 0);
}

/* A process that waits for another reader, which waits for memory, can end. */
TEST(waiting_reader_is_killed)
{
	struct one_event *event;
	struct events events;
	pthread_t reader;
	pid_t child;
	int uffd;

	events_setup(&events);
	events_trigger(&events);
	uffd = uffd_over(events.mem, PAGE);
	ASSERT(!pthread_create(&reader, NULL, events_read, &events));
	uffd_wait(uffd);
	child = child_start(events_read_in_child, &events);
	while (!sys_is_stuck(child, "veventq_read"))
		sched_yield();
	child_kill(child);
	uffd_fill(uffd, events.mem, PAGE);
	ASSERT(!pthread_join(reader, NULL));
	event = events.mem;
	ASSERT_EQ(event->header.sequence, 0);
	ASSERT_EQ(event->data.virt_id, VIRT_ID);
}
