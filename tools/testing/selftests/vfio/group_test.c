// SPDX-License-Identifier: GPL-2.0-only
/* The group file: /dev/vfio/NUMBER. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "container.h"
#include "dirty.h"
#include "harness.h"
#include "pci.h"
#include "sample.h"
#include "sys.h"
#include "uffd.h"
#include "vdev.h"

#define GROUP_IN_CONTAINER \
	(VFIO_GROUP_FLAGS_VIABLE | VFIO_GROUP_FLAGS_CONTAINER_SET)

TEST(open_is_exclusive)
{
	const char *bdf = pci_need(TESTDEV_EDU0);
	int group = group_open(bdf);

	ASSERT_RC(__group_open(bdf), -EBUSY);
	sys_close(group);
	sys_close(group_open(bdf));
}

TEST(unknown_ioctl)
{
	int group = group_open(pci_need(TESTDEV_EDU0));

	ASSERT_RC(__sys_ioctl(group, VFIO_GET_API_VERSION, NULL), -ENOTTY);
	ASSERT_RC(__sys_ioctl(group, VFIO_DEVICE_GET_INFO, NULL), -ENOTTY);
	ASSERT_RC(__sys_ioctl(group, _IO(VFIO_TYPE, 250), NULL), -ENOTTY);
	ASSERT_RC(__sys_ioctl(group, _IO('x', 1), NULL), -ENOTTY);
}

TEST_OVER(status, BACKENDS_LEGACY)
{
	int container = container_open(backend);
	int group = group_open(pci_need(TESTDEV_EDU0));
	struct vfio_group_status status[2] = { { .argsz = sizeof(*status) - 1,
						 .flags = 0x55 } };

	ASSERT_EQ(group_flags(group), VFIO_GROUP_FLAGS_VIABLE);
	ASSERT_RC(__sys_ioctl(group, VFIO_GROUP_GET_STATUS, status), -EINVAL);
	ASSERT_EQ(status->flags, 0x55);
	/* Bytes after the struct that the kernel knows are not changed. */
	status[0].argsz = sizeof(status);
	memset(&status[1], 0x55, sizeof(*status));
	ASSERT_RC(__sys_ioctl(group, VFIO_GROUP_GET_STATUS, status), 0);
	ASSERT_EQ(status[0].flags, VFIO_GROUP_FLAGS_VIABLE);
	ASSERT(is_byte(&status[1], sizeof(*status), 0x55));
	ASSERT_RC(__sys_ioctl(group, VFIO_GROUP_GET_STATUS, BAD_PTR), -EFAULT);

	group_set_container(group, container);
	ASSERT_EQ(group_flags(group), GROUP_IN_CONTAINER);
	container_set_iommu(container);
	ASSERT_EQ(group_flags(group), GROUP_IN_CONTAINER);
	ASSERT_RC(__group_unset_container(group), 0);
	ASSERT_EQ(group_flags(group), VFIO_GROUP_FLAGS_VIABLE);
}

TEST_OVER(set_container, BACKENDS_LEGACY)
{
	int container = container_open(backend);
	int other = container_open(backend);
	int group = group_open(pci_need(TESTDEV_EDU0));
	int null = sys_open("/dev/null", O_RDWR);
	int event = sys_eventfd();

	ASSERT_RC(__sys_ioctl(group, VFIO_GROUP_SET_CONTAINER, BAD_PTR),
		  -EFAULT);
	ASSERT_RC(__group_set_container(group, -1), -EBADF);
	ASSERT_RC(__group_set_container(group, 9999), -EBADF);
	ASSERT_RC(__group_set_container(group, null), -EBADFD);
	ASSERT_RC(__group_set_container(group, event), -EBADFD);
	ASSERT_RC(__group_set_container(group, group), -EBADFD);
	ASSERT_EQ(group_flags(group), VFIO_GROUP_FLAGS_VIABLE);

	group_set_container(group, container);
	ASSERT_RC(__group_set_container(group, container), -EINVAL);
	ASSERT_RC(__group_set_container(group, other), -EINVAL);
	ASSERT_RC(__group_set_container(group, null), -EINVAL);
	ASSERT_RC(__group_set_container(group, -1), -EBADF);
	ASSERT_RC(__group_unset_container(group), 0);
	group_set_container(group, other);
}

TEST_OVER(unset_container, BACKENDS_LEGACY)
{
	const char *bdf = pci_need(TESTDEV_EDU0);
	int container = container_open(backend);
	int group = group_open(bdf);
	int device;

	ASSERT_RC(__group_unset_container(group), -EINVAL);
	group_set_container(group, container);
	ASSERT_RC(__group_unset_container(group), 0);
	ASSERT_RC(__group_unset_container(group), -EINVAL);

	group_set_container(group, container);
	container_set_iommu(container);
	device = group_device(group, bdf);
	ASSERT_RC(__group_unset_container(group), -EBUSY);
	ASSERT_EQ(group_flags(group), GROUP_IN_CONTAINER);
	sys_close(device);
	ASSERT_RC(__group_unset_container(group), 0);
}

TEST_OVER(get_device, BACKENDS_LEGACY)
{
	const char *other = pci_need(TESTDEV_EDU1);
	const char *bdf = pci_need(TESTDEV_EDU0);
	int container = container_open(backend);
	char *edge = sys_mmap_anon(2 * PAGE);
	int group = group_open(bdf);
	int device;

	ASSERT_RC(__group_device(group, bdf), -EINVAL);
	group_set_container(group, container);
	ASSERT_RC(__group_device(group, bdf), -EINVAL);
	container_set_iommu(container);

	ASSERT_RC(__group_device(group, BAD_PTR), -EFAULT);
	ASSERT_RC(__group_device(group, ""), -ENODEV);
	ASSERT_RC(__group_device(group, "0000:ff:1f.7"), -ENODEV);
	ASSERT_RC(__group_device(group, other), -ENODEV);
	/* A name without an end, and a name that reaches unmapped memory. */
	memset(edge, 'a', 2 * PAGE);
	ASSERT_RC(__group_device(group, edge), -EINVAL);
	sys_munmap(edge + PAGE, PAGE);
	ASSERT_RC(__group_device(group, edge + PAGE - 16), -EFAULT);

	device = group_device(group, bdf);
	ASSERT(fcntl(device, F_GETFD) & FD_CLOEXEC);
	/* The device can be opened twice. */
	sys_close(group_device(group, bdf));
	sys_close(device);
	ASSERT_RC(__group_unset_container(group), 0);
	ASSERT_RC(__group_device(group, bdf), -EINVAL);
}

/* The group of an open device cannot be opened. */
TEST_OVER(device_holds_group, BACKENDS_LEGACY)
{
	const char *bdf = pci_need(TESTDEV_EDU0);
	int container = container_open(backend);
	int group = group_open(bdf);
	int device;

	group_set_container(group, container);
	container_set_iommu(container);
	device = group_device(group, bdf);
	sys_close(group);
	ASSERT_RC(__group_open(bdf), -EBUSY);
	sys_close(device);
	group = group_open(bdf);
	ASSERT_EQ(group_flags(group), VFIO_GROUP_FLAGS_VIABLE);
}

/* Closing the group file removes the group from its container. */
TEST_OVER(close_unsets_container, BACKENDS_LEGACY)
{
	const char *bdf = pci_need(TESTDEV_EDU0);
	int container = container_open(backend);
	int group = group_open(bdf);

	group_set_container(group, container);
	container_set_iommu(container);
	sys_close(group);
	ASSERT_RC(__container_set_iommu(container, VFIO_TYPE1v2_IOMMU),
		  -EINVAL);
	group = group_open(bdf);
	ASSERT_EQ(group_flags(group), VFIO_GROUP_FLAGS_VIABLE);
	group_set_container(group, container);
	container_set_iommu(container);
	sys_close(group_device(group, bdf));
}

/*
 * A group is not viable while one of its devices is bound to a driver that uses
 * the DMA API, and no such driver can bind while the group is in a container.
 */
TEST_OVER(viability, BACKENDS_LEGACY)
{
	const char *other = pci_need(TESTDEV_SHARED1);
	const char *bdf = pci_need(TESTDEV_SHARED0);
	int container = container_open(backend);
	int group;

	if (system("modprobe -q uio_pci_generic"))
		SKIP("no uio_pci_generic");
	pci_bind_to(other, "uio_pci_generic");
	group = group_open(bdf);
	ASSERT_EQ(group_flags(group), 0);
	ASSERT_RC(__group_set_container(group, container), -EPERM);
	ASSERT_EQ(group_flags(group), 0);

	pci_unbind(other);
	ASSERT_EQ(group_flags(group), VFIO_GROUP_FLAGS_VIABLE);
	group_set_container(group, container);
	ASSERT(__pci_bind_to(other, "uio_pci_generic"));
	ASSERT_RC(__group_unset_container(group), 0);
	ASSERT_RC(__pci_bind_to(other, "uio_pci_generic"), 0);
	ASSERT_EQ(group_flags(group), 0);
	pci_bind(other);
	ASSERT_EQ(group_flags(group), VFIO_GROUP_FLAGS_VIABLE);
}

#define LOG_IOVA 0x10000000ULL

/** struct shared - what the processes of one test use */
struct shared {
	/** @container: a container with dirty logging */
	int container;
	/** @group: a group that is not in it */
	int group;
	/** @bitmap: a page that userfaultfd provides */
	void *bitmap;
};

static void *get_log(void *arg)
{
	struct shared *shared = arg;

	log_get(shared->container, LOG_IOVA, 1, shared->bitmap);
	return NULL;
}

static void join_container(void *arg)
{
	struct shared *shared = arg;

	group_set_container(shared->group, shared->container);
}

static void get_status(void *arg)
{
	group_flags(((struct shared *)arg)->group);
}

static void leave_container(void *arg)
{
	__group_unset_container(((struct shared *)arg)->group);
}

static void wait_until_stuck(pid_t pid, const char *function)
{
	while (!sys_is_stuck(pid, function))
		sched_yield();
}

/*
 * A report of the log waits for the memory of its bitmap, so that a group waits
 * to join the container. Processes that use this group can be killed.
 */
TEST_OVER(killed_while_a_group_waits, BACKENDS_LEGACY)
{
	void (*const calls[])(void *arg) = { join_container, get_status,
					     leave_container };
	struct shared shared = { .bitmap = sys_mmap_anon(PAGE) };
	int group = group_open(pci_need(TESTDEV_EDU0));
	pthread_t thread;
	pid_t joins, pid;
	int uffd;

	if (sample_stock())
		SKIP("not with the kernel's own VFIO");
	shared.container = container_open(backend);
	group_set_container(group, shared.container);
	container_set_iommu(shared.container);
	shared.group = group_open(pci_need(TESTDEV_EDU1));
	container_map(shared.container, sys_mmap_anon(PAGE), LOG_IOVA, PAGE);
	log_start(shared.container);
	uffd = uffd_over(shared.bitmap, PAGE);
	ASSERT(!pthread_create(&thread, NULL, get_log, &shared));
	uffd_wait(uffd);
	joins = child_start(join_container, &shared);
	wait_until_stuck(joins, "iommufd_container_add_group");
	for (size_t i = 0; i < ARRAY_SIZE(calls); i++) {
		pid = child_start(calls[i], &shared);
		wait_until_stuck(pid, "vfio_group_fop_ioctl");
		child_kill(pid);
	}
	uffd_fill(uffd, shared.bitmap, PAGE);
	ASSERT(!pthread_join(thread, NULL));
	child_expect(joins, RESULT_PASS);
	ASSERT_EQ(group_flags(shared.group), GROUP_IN_CONTAINER);
}
