// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device sets: devices that are reset together share a lock. Devices of other
 * sets do not wait for it.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "container.h"
#include "harness.h"
#include "ioas.h"
#include "pci.h"
#include "sys.h"
#include "uffd.h"
#include "vdev.h"

#define IOVA 0x10000000ULL
#define HOLDER_MODULE "../modules/set_holder/set_holder.ko"

/* Hold the lock of the set of a device until the file is closed. */
static int set_hold(const char *bdf)
{
	int fd;

	sys_load_module(HOLDER_MODULE);
	fd = sys_open("/dev/set_holder", O_WRONLY);
	ASSERT_EQ(write(fd, bdf, strlen(bdf)), strlen(bdf));
	return fd;
}

static void set_release(int fd)
{
	sys_close(fd);
	ASSERT(!syscall(SYS_delete_module, "set_holder", 0));
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
	int group, holder;

	waiter.space = space_open(backend);
	group = space_group_fd(waiter.space, waiter.bdf);
	holder = set_hold(pci_need(TESTDEV_SLOT1));
	waiter_start(&waiter, waiter_open, "vfio_group_fop_ioctl");

	ASSERT_RC(__sys_ioctl(group, VFIO_GROUP_GET_STATUS, &status), 0);
	ASSERT(status.flags & VFIO_GROUP_FLAGS_CONTAINER_SET);
	/* The device counts as open already. */
	ASSERT_RC(__group_unset_container(group), -EBUSY);

	set_release(holder);
	ASSERT(!pthread_join(waiter.thread, NULL));
	ASSERT_RC(__group_unset_container(group), 0);
}

/** struct faulting - a request that waits in a fault */
struct faulting {
	/** @cdev: device node */
	int cdev;
	/** @cmd: number of the ioctl */
	unsigned long cmd;
	/** @arg: its structure */
	void *arg;
	/** @page: the page in which it faults */
	void *page;
	/** @uffd: userfaultfd that write-protects the page */
	int uffd;
	/** @thread: thread that waits */
	pthread_t thread;
	/** @ret: the result */
	int ret;
};

static void *faulting_run(void *arg)
{
	struct faulting *faulting = arg;

	faulting->ret =
		__sys_ioctl(faulting->cdev, faulting->cmd, faulting->arg);
	return NULL;
}

static void faulting_start(struct faulting *faulting)
{
	faulting->uffd = uffd_protect(faulting->page, PAGE);
	ASSERT(!pthread_create(&faulting->thread, NULL, faulting_run,
			       faulting));
	uffd_wait(faulting->uffd);
}

static int faulting_end(struct faulting *faulting)
{
	uffd_unprotect(faulting->uffd, faulting->page, PAGE);
	ASSERT(!pthread_join(faulting->thread, NULL));
	return faulting->ret;
}

/*
 * While a bind waits in a fault, a device of the set can be opened, the file cannot
 * be bound again and gives no access. @provide: the fault is resolved.
 */
static void binder_check(struct space *space, bool provide)
{
	struct vfio_device_bind_iommufd *bind = sys_mmap_anon(PAGE);
	struct vfio_device_info info = { .argsz = sizeof(info) };
	const char *other = pci_need(TESTDEV_SLOT0);
	struct faulting binder = {
		.cdev = pci_open_cdev(pci_need(TESTDEV_SLOT1)),
		.cmd = VFIO_DEVICE_BIND_IOMMUFD,
		.arg = bind,
		.page = bind,
	};

	bind->argsz = sizeof(*bind);
	bind->iommufd = space->fd;
	faulting_start(&binder);
	vdev_close_with_space(vdev_open(other, BACKEND_IOMMUFD));
	ASSERT_RC(__cdev_bind(binder.cdev, space->fd, NULL), -EINVAL);
	ASSERT_RC(__sys_ioctl(binder.cdev, VFIO_DEVICE_GET_INFO, &info),
		  -EINVAL);
	if (!provide)
		ASSERT(!mprotect(bind, PAGE, PROT_READ));
	ASSERT_RC(faulting_end(&binder), provide ? 0 : -EFAULT);
	ASSERT_RC(__cdev_bind(binder.cdev, space->fd, NULL),
		  provide ? -EINVAL : 0);
	ASSERT_RC(__sys_ioctl(binder.cdev, VFIO_DEVICE_GET_INFO, &info), 0);
	sys_close(binder.cdev);
}

TEST_OVER(opened_while_binding, BACKEND_IOMMUFD)
{
	struct space *space = space_open(backend);

	binder_check(space, true);
	binder_check(space, false);
	space_close(space);
}

/* While an attach waits in a fault of @page, a device of the set can be opened. */
static void attacher_check(struct space *space,
			   struct vfio_device_attach_iommufd_pt *attach,
			   void *page)
{
	const char *other = pci_need(TESTDEV_SLOT0);
	struct faulting attacher = {
		.cdev = pci_open_cdev(pci_need(TESTDEV_SLOT1)),
		.cmd = VFIO_DEVICE_ATTACH_IOMMUFD_PT,
		.arg = attach,
		.page = page,
	};
	__u32 id;

	ASSERT_RC(__cdev_bind(attacher.cdev, space->fd, &id), 0);
	attach->argsz = sizeof(*attach);
	attach->pt_id = space->ioas;
	faulting_start(&attacher);
	vdev_close_with_space(vdev_open(other, BACKEND_IOMMUFD));
	ASSERT_RC(faulting_end(&attacher), 0);
	sys_close(attacher.cdev);
}

TEST_OVER(opened_while_attaching, BACKEND_IOMMUFD)
{
	struct space *space = space_open(backend);
	void *request = sys_mmap_anon(PAGE);

	attacher_check(space, request, request);
	space_close(space);
}

/* The same, if what faults is the memory that the attach pins. */
TEST_OVER(opened_while_pinning, BACKEND_IOMMUFD)
{
	struct vfio_device_attach_iommufd_pt request;
	struct space *space = space_open(backend);
	char *memory = sys_mmap_anon(PAGE);

	/* Only a page that exists can be protected. */
	memory[0] = 1;
	space_map(space, memory, IOVA, PAGE);
	attacher_check(space, &request, memory);
	space_close(space);
}

/* A device of a group is closed while another one is moved to memory that faults. */
TEST_OVER(closed_while_pinning, BACKEND_IOMMUFD)
{
	struct vfio_device_attach_iommufd_pt attach = {
		.argsz = sizeof(attach),
	};
	struct space *space = space_open(backend);
	char *memory = sys_mmap_anon(PAGE);
	struct faulting mover = {
		.cdev = pci_open_cdev(pci_need(TESTDEV_SHARED1)),
		.cmd = VFIO_DEVICE_ATTACH_IOMMUFD_PT,
		.arg = &attach,
		.page = memory,
	};
	struct vdev *other;
	__u32 id;

	other = vdev_open_in(space, pci_need(TESTDEV_SHARED0));
	ASSERT_RC(__cdev_bind(mover.cdev, space->fd, &id), 0);
	ASSERT_RC(__cdev_attach(mover.cdev, space->ioas, NULL), 0);
	attach.pt_id = ioas_alloc(space->fd);
	memory[0] = 1;
	ioas_map_fixed(space->fd, attach.pt_id, memory, IOVA, PAGE);
	faulting_start(&mover);
	vdev_close(other);
	ASSERT_RC(faulting_end(&mover), 0);
	sys_close(mover.cdev);
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
	int holder = set_hold(pci_need(TESTDEV_SLOT1));

	waiter_start(&waiter, waiter_unbind, "vfio_devset_leave");

	pci_unbind(other);
	pci_bind(other);

	set_release(holder);
	ASSERT(!pthread_join(waiter.thread, NULL));
}
