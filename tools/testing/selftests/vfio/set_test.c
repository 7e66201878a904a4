// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device sets: devices that are reset together share a lock. Devices of other
 * sets do not wait for it.
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <unistd.h>

#include "container.h"
#include "harness.h"
#include "ioas.h"
#include "pci.h"
#include "sys.h"
#include "uffd.h"
#include "vdev.h"

/** struct binder - a bind that holds its set's lock while its output faults */
struct binder {
	/** @cdev: open character device */
	int cdev;
	/** @bind: the request, in a page of its own */
	struct vfio_device_bind_iommufd *bind;
	/** @uffd: userfaultfd that write-protects the page */
	int uffd;
	/** @thread: thread that waits in the bind */
	pthread_t thread;
};

static void *binder_run(void *arg)
{
	struct binder *binder = arg;

	ASSERT_RC(__sys_ioctl(binder->cdev, VFIO_DEVICE_BIND_IOMMUFD,
			      binder->bind),
		  0);
	return NULL;
}

static void binder_start(struct binder *binder, const char *bdf)
{
	binder->cdev = pci_open_cdev(bdf);
	binder->bind = sys_mmap_anon(PAGE);
	binder->bind->argsz = sizeof(*binder->bind);
	binder->bind->iommufd = iommufd_open();
	binder->uffd = uffd_protect(binder->bind, PAGE);
	ASSERT(!pthread_create(&binder->thread, NULL, binder_run, binder));
	uffd_wait(binder->uffd);
}

static void binder_end(struct binder *binder)
{
	uffd_unprotect(binder->uffd, binder->bind, PAGE);
	ASSERT(!pthread_join(binder->thread, NULL));
	ASSERT(binder->bind->out_devid);
	sys_close(binder->cdev);
}

/** struct waiter - a thread that waits for the lock of a set */
struct waiter {
	/** @bdf: a device of the set */
	const char *bdf;
	/** @space: address space to open it in */
	struct space *space;
	/** @tid: thread ID, 0 until the thread runs */
	atomic_int tid;
	/** @thread: handle of the thread */
	pthread_t thread;
};

static void waiter_start(struct waiter *waiter, void *(*fn)(void *arg),
			 const char *function)
{
	ASSERT(!pthread_create(&waiter->thread, NULL, fn, waiter));
	while (!waiter->tid || !sys_is_stuck(waiter->tid, function))
		sched_yield();
}

static void *waiter_open(void *arg)
{
	struct waiter *waiter = arg;

	waiter->tid = gettid();
	vdev_close(vdev_open_in(waiter->space, waiter->bdf));
	return NULL;
}

/* Ioctls of a group do not wait for a device of it that is being opened. */
TEST_OVER(group_while_opening, BACKENDS_LEGACY)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };
	struct waiter waiter = { .bdf = pci_need(TESTDEV_SLOT0) };
	struct binder binder;
	int group;

	waiter.space = space_open(backend);
	group = space_group_fd(waiter.space, waiter.bdf);
	binder_start(&binder, pci_need(TESTDEV_SLOT1));
	waiter_start(&waiter, waiter_open, "vfio_group_fop_ioctl");

	ASSERT_RC(__sys_ioctl(group, VFIO_GROUP_GET_STATUS, &status), 0);
	ASSERT(status.flags & VFIO_GROUP_FLAGS_CONTAINER_SET);
	/* The device counts as open already. */
	ASSERT_RC(__group_unset_container(group), -EBUSY);

	binder_end(&binder);
	ASSERT(!pthread_join(waiter.thread, NULL));
	ASSERT_RC(__group_unset_container(group), 0);
}

/** struct attacher - an attach that waits in a fault of its output */
struct attacher {
	/** @cdev: device node, bound */
	int cdev;
	/** @attach: the request, in a page of its own */
	struct vfio_device_attach_iommufd_pt *attach;
};

static void *attacher_run(void *arg)
{
	struct attacher *attacher = arg;

	ASSERT_RC(__sys_ioctl(attacher->cdev, VFIO_DEVICE_ATTACH_IOMMUFD_PT,
			      attacher->attach),
		  0);
	return NULL;
}

/* A device of the set can be opened while an attach waits in a fault. */
TEST_OVER(opened_while_attaching, BACKEND_IOMMUFD)
{
	struct attacher attacher = { pci_open_cdev(pci_need(TESTDEV_SLOT1)) };
	const char *other = pci_need(TESTDEV_SLOT0);
	struct space *space = space_open(backend);
	pthread_t thread;
	__u32 id;
	int uffd;

	ASSERT_RC(__cdev_bind(attacher.cdev, space->fd, &id), 0);
	attacher.attach = sys_mmap_anon(PAGE);
	attacher.attach->argsz = sizeof(*attacher.attach);
	attacher.attach->pt_id = space->ioas;
	uffd = uffd_protect(attacher.attach, PAGE);
	ASSERT(!pthread_create(&thread, NULL, attacher_run, &attacher));
	uffd_wait(uffd);
	vdev_close_with_space(vdev_open(other, backend));
	uffd_unprotect(uffd, attacher.attach, PAGE);
	ASSERT(!pthread_join(thread, NULL));
	sys_close(attacher.cdev);
	space_close(space);
}

static void *waiter_unbind(void *arg)
{
	struct waiter *waiter = arg;

	waiter->tid = gettid();
	pci_unbind(waiter->bdf);
	return NULL;
}

/* A device can be bound and unbound while another waits to leave its set. */
TEST(other_sets_do_not_wait)
{
	struct waiter waiter = { .bdf = pci_need(TESTDEV_SLOT0) };
	const char *other = pci_need(TESTDEV_EDU0);
	struct binder binder;

	binder_start(&binder, pci_need(TESTDEV_SLOT1));
	waiter_start(&waiter, waiter_unbind, "vfio_devset_leave");

	pci_unbind(other);
	pci_bind(other);

	binder_end(&binder);
	ASSERT(!pthread_join(waiter.thread, NULL));
}
